"""Login by an export of a2a's own (`a2a accounts export`): the accounts of one provider, with settings and secrets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import structs

from a2a.cli.home import Home
from a2a.cli.login_flow import Done, Login, keep, peers
from a2a.cli.login_probe import probed
from a2a.errors import StoreError, UsageError

if TYPE_CHECKING:
    from a2a.auth.records import Account, Credential

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
    from a2a.auth.accounts import free_alias
    from a2a.clock import hex_id

    assert login.file is not None
    entries = [entry for entry in _entries(login.file) if entry[0].provider == login.provider]
    if login.name and len(entries) > 1:
        entries = [entry for entry in entries if entry[0].alias == login.name]
    if len(entries) != 1:
        found = ", ".join(entry[0].alias for entry in entries) or "none"
        raise UsageError(f"{login.file} holds {found} of this provider", hint="say which: --name ALIAS")
    account, credential = entries[0]
    others = peers(home, login.provider)
    same = next((one for one in others if one.id == account.id), None)
    alias = free_alias([login.name or account.alias], [one.alias for one in others])
    draft = structs.replace(account, id=hex_id("acc_"), alias=alias, origin="login", source=None)
    return probed(home, keep(home, draft, credential, same=same, note=f"from {login.file}"), named=True)


def _entries(name: str) -> list[tuple[Account, Credential]]:
    """Raises UsageError, which never quotes the content."""
    from a2a.auth.codec import decode_credential
    from a2a.auth.records import Account
    from a2a.control.types import Export

    try:
        document = msgspec.json.decode(Path(name).expanduser().read_bytes(), type=Export)
        records = [msgspec.json.decode(one.account, type=Account) for one in document.accounts]
        return [
            (record, decode_credential(bytes(one.credential), record.name))
            for record, one in zip(records, document.accounts, strict=True)
        ]
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, StoreError):
        raise UsageError(f"{name} is no export that this version reads", hint="a2a accounts export makes one") from None
