"""`a2a logout`: forget an account and its secret."""

from __future__ import annotations

from typing import Annotated

import typer

from a2a.cli.home import Home, short_name
from a2a.cli.output import out_of
from a2a.errors import UsageError

_EXAMPLES = """\b
Examples:
  a2a logout kiro/work
  a2a logout openai/kimi --yes
"""


def register(app: typer.Typer) -> None:
    app.command("logout", epilog=_EXAMPLES)(_logout)


def _logout(
    ctx: typer.Context,
    account: Annotated[str, typer.Argument(help="provider/alias, or a unique alias.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove an account and its secret from this machine. The key or login at the provider stays valid."""
    from a2a.auth.accounts import find

    out = out_of(ctx)
    home = Home(out, out.settings())
    found = find(account, home.all_accounts())
    name = short_name(found)
    if found.origin != "login":
        where = "config.toml" if found.origin == "config" else "a flag or variable"
        raise UsageError(f"{name} comes from {where}, not from a login", hint="remove it there")
    out.confirm(f"Remove the account {name} and its secret?", yes=yes)
    # The secret first: if that fails the account is still there to try again.
    home.secrets.delete(found.id)
    home.accounts.delete(found.id)
    out.result({"id": found.id, "account": found.name}, lambda: out.text(f"removed {name}"))
