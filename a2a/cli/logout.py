"""`a2a logout`: forget an account and its secret."""

from __future__ import annotations

from typing import Annotated

import typer

from a2a.cli.accounts_actions import remove
from a2a.cli.output import out_of

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
    remove(out_of(ctx), account, yes=yes)
