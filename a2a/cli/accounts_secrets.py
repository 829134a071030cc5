"""`a2a accounts export|migrate`: secrets out of the store, or into the other one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from a2a.cli.home import Home
from a2a.cli.output import out_of
from a2a.control.types import ExportWish, MigrateWish
from a2a.errors import UsageError

if TYPE_CHECKING:
    from a2a.control.types import Export

_EXPORT = """\b
Examples:
  a2a accounts export kiro/work --with-secrets --file work.json
  a2a accounts export --all --with-secrets > accounts.json

\b
The document holds keys and tokens in the clear. A token that is used in two places is renewed in two places,
and most upstreams then end both logins.
"""

_MIGRATE = """\b
Examples:
  a2a accounts migrate --to keyring
  A2A_CREDENTIAL_STORE=file a2a accounts migrate --to file
"""


def register(group: typer.Typer) -> None:
    group.command("export", epilog=_EXPORT)(_export)
    group.command("migrate", epilog=_MIGRATE)(_migrate)


def _export(
    ctx: typer.Context,
    account: Annotated[str | None, typer.Argument(help="provider/alias, or a unique alias.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every account.")] = False,
    with_secrets: Annotated[bool, typer.Option("--with-secrets", help="Yes, with keys and tokens.")] = False,
    file: Annotated[Path | None, typer.Option(help="Into this file (mode 0600) instead of to stdout.")] = None,
) -> None:
    """Write accounts with their secrets as one JSON document."""
    from a2a.auth.accounts import find
    from a2a.cli.servers import desk

    out = out_of(ctx)
    if (account is None) is not everything:
        raise UsageError("say which account, or --all", hint="a2a accounts export kiro/work --with-secrets")
    if not with_secrets:
        raise UsageError("an export holds keys and tokens in the clear", hint="add --with-secrets if you want that")
    with desk(Home(out, out.settings())) as at:
        found = find(account, at.accounts()) if account else None
        document = at.export(found, ExportWish(with_secrets=True))
    if file is None:
        out.result(document, lambda: out.text(_text(document).decode()))
        return
    from a2a.paths import atomic_write

    path = file.expanduser().absolute()
    atomic_write(path, _text(document) + b"\n")
    count = len(document.accounts)
    what = "1 account" if count == 1 else f"{count} accounts"
    out.result({"file": str(path), "accounts": count}, lambda: out.text(f"wrote {what} to {path}"))


def _text(document: Export) -> bytes:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(document))


def _migrate(
    ctx: typer.Context, to: Annotated[str, typer.Option("--to", metavar="keyring|file", help="The store to move to.")]
) -> None:
    """Move all secrets of this home to the other store. It can be stopped and started again at any point."""
    from a2a.cli.servers import desk

    out = out_of(ctx)
    wishes = {"keyring": MigrateWish("keyring"), "file": MigrateWish("file")}
    if to not in wishes:
        raise UsageError(f"there is no store {to!r}", hint="--to keyring, or --to file")
    with desk(Home(out, out.settings(), attended=True)) as at:
        moved = at.migrate(wishes[to])

    def show() -> None:
        count = len(moved.moved)
        out.text(f"moved {'1 secret' if count == 1 else f'{count} secrets'} to the {to} store")
        out.say(moved.note)

    out.result(moved, show)
