"""Login by an export of a2a's own (`a2a accounts export`): the accounts of one provider, with settings and secrets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import structs

from a2a.cli.home import Home
from a2a.cli.login_flow import Login
from a2a.cli.login_probe import probed
from a2a.config import PROVIDER_SHORT
from a2a.errors import StoreError, UsageError

if TYPE_CHECKING:
    from a2a.auth.records import Account, Credential
    from a2a.gateway.logins.keeping import Done

_HEAD_BYTES = 4096


def is_export(login: Login) -> bool:
    """Whether `--file` names one; whatever else it is is the business of the flow."""
    if not login.file:
        return False
    try:
        with Path(login.file).expanduser().open("rb") as file:
            head = b"".join(file.read(_HEAD_BYTES).split())
    except OSError:
        return False
    return head.startswith(b'{"a2a":')


def read(home: Home, login: Login) -> Done:
    """The one account of the provider that the document holds, or the one that `--name` names. Raises UsageError."""
    from a2a.clock import hex_id
    from a2a.gateway.logins.keeping import keep, named, peers

    same = named(home, login)
    account, credential = _chosen(login)
    if same is None:
        same = next((one for one in peers(home, login.provider) if one.id == account.id), None)
    draft = structs.replace(
        account,
        id=hex_id("acc_"),
        alias=login.name or account.alias,
        origin="login",
        source=None,
        pinned=False,
        proxy=login.proxy or account.proxy,
    )
    return probed(home, keep(home, login, draft, credential, same=same, note=f"from {login.file}"), named=True)


def _chosen(login: Login) -> tuple[Account, Credential]:
    """Raises UsageError where it is not clear which is meant."""
    assert login.file is not None
    whole = _entries(login.file)
    entries = [entry for entry in whole if entry[0].provider == login.provider]
    if login.name and len(entries) > 1:
        entries = [entry for entry in entries if entry[0].alias == login.name]
    if len(entries) == 1:
        return entries[0]
    if entries:
        found = ", ".join(entry[0].alias for entry in entries)
        raise UsageError(f"{login.file} holds {found} of this provider", hint="say which: --name ALIAS")
    names = ", ".join(f"{PROVIDER_SHORT[entry[0].provider]}/{entry[0].alias}" for entry in whole)
    raise UsageError(f"{login.file} does not hold that account", hint=f"it holds {names or 'none'}")


def _entries(name: str) -> list[tuple[Account, Credential]]:
    """Raises UsageError, which never quotes the content."""
    from a2a.auth.codec import decode_credential
    from a2a.auth.kinds import fits
    from a2a.auth.records import Account
    from a2a.control.types import Export

    try:
        document = msgspec.json.decode(Path(name).expanduser().read_bytes(), type=Export)
        records = [msgspec.json.decode(one.account, type=Account) for one in document.accounts]
        found = [
            (record, decode_credential(bytes(one.credential), record.name))
            for record, one in zip(records, document.accounts, strict=True)
        ]
        if all(fits(credential, record.provider) for record, credential in found):
            return found
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, StoreError, RecursionError):
        pass  # told below, outside: the decoder's error may hold what it was given
    raise UsageError(f"{name} is no export that this version reads", hint="a2a accounts export makes one")
