"""What a user changed about accounts that are declared: one JSON file per account in the data folder.

A declaration stays as it was written; the file holds only the fields that differ from it, so that later edits of the
declaration count for all others. Logged-in accounts have none: their records are changed themselves.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType, structs

from a2a.auth.records import Account, Limits
from a2a.control.types import AccountSettings
from a2a.paths import Folders, atomic_write

_log = logging.getLogger(__name__)

_LIMITS = frozenset(Limits.__struct_fields__)


class Override(AccountSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Fields that are not as declared; `Account` and `Limits` name them alike."""

    enabled: bool | UnsetType = UNSET
    draining: bool | UnsetType = UNSET
    pinned: bool | UnsetType = UNSET


def changed(account: Account, settings: AccountSettings) -> Account:
    """The account with what is set in `settings`, which may be an `Override`."""
    given = {name: value for name, value in structs.asdict(settings).items() if value is not UNSET}
    limits = {name: given.pop(name) for name in _LIMITS & given.keys()}
    return structs.replace(account, **given, limits=structs.replace(account.limits, **limits))


def difference(declared: Account, wanted: Account) -> Override:
    """What `wanted` has otherwise than `declared`."""
    names = Override.__struct_fields__
    before, after = _flat(declared), _flat(wanted)
    return Override(**{name: after[name] for name in names if before[name] != after[name]})


def _flat(account: Account) -> dict[str, Any]:
    return {**structs.asdict(account), **structs.asdict(account.limits)}


class Overrides:
    """The files. A broken one is told in the log and counts as none."""

    def __init__(self, folders: Folders) -> None:
        self._folder = folders.overrides

    def applied(self, accounts: Iterable[Account]) -> list[Account]:
        """The accounts as the user wants them."""
        return [changed(account, self._read(account.id)) for account in accounts]

    def put(self, declared: Account, wanted: Account) -> None:
        """Keep what differs. Raises StoreError."""
        override = difference(declared, wanted)
        if override == Override():
            self._path(declared.id).unlink(missing_ok=True)
        else:
            atomic_write(self._path(declared.id), msgspec.json.format(msgspec.json.encode(override)) + b"\n")

    def _read(self, account_id: str) -> Override:
        path = self._path(account_id)
        try:
            return msgspec.json.decode(path.read_bytes(), type=Override)
        except FileNotFoundError:
            return Override()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as exc:
            _log.warning("override_ignored file=%s reason=%s", path, exc)
            return Override()

    def _path(self, account_id: str) -> Path:
        return self._folder / f"{account_id}.json"
