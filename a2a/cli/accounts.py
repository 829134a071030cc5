"""`a2a accounts`: what accounts there are, how they are, and what can be done with them."""

from __future__ import annotations

from typing import Annotated

import typer

from a2a.cli import accounts_actions, accounts_secrets
from a2a.cli.home import Home
from a2a.cli.output import Out, out_of

_EXAMPLES = """\b
Examples:
  a2a accounts
  a2a accounts show kiro/work --json
  a2a accounts drain kiro/work
  a2a accounts test
"""

_SHOW = """\b
Examples:
  a2a accounts show kiro/work
  a2a accounts show work --json
"""


def register(app: typer.Typer) -> None:
    group = typer.Typer(rich_markup_mode=None)
    group.callback(invoke_without_command=True, epilog=_EXAMPLES)(_accounts)
    group.command("list", epilog="\b\nExamples:\n  a2a accounts list\n  a2a accounts list --json\n")(_list)
    group.command("show", epilog=_SHOW)(_show)
    accounts_actions.register(group)
    accounts_secrets.register(group)
    app.add_typer(group, name="accounts")


def _accounts(ctx: typer.Context) -> None:
    """List the accounts, look at one, or change how it serves. A running server takes changes at once."""
    if ctx.invoked_subcommand is None:
        out = out_of(ctx)
        out.command = "accounts list"
        _print_list(out)


def _list(ctx: typer.Context) -> None:
    """Show all accounts and how they are. Also those that are declared in config.toml or given by variables."""
    _print_list(out_of(ctx))


def _print_list(out: Out) -> None:
    from a2a.cli.accounts_table import table
    from a2a.cli.servers import desk

    with desk(Home(out, out.settings())) as at:
        views = at.accounts()

    def show() -> None:
        if not views:
            out.say("no accounts yet; add one: a2a login openai")
            return
        table(out, views)

    out.result(views, show)


def _show(
    ctx: typer.Context, account: Annotated[str, typer.Argument(help="provider/alias, or a unique alias.")]
) -> None:
    """Show everything about one account, but for its secret."""
    from a2a.auth.accounts import find
    from a2a.cli.accounts_table import details
    from a2a.cli.servers import desk

    out = out_of(ctx)
    with desk(Home(out, out.settings())) as at:
        found = at.detail(find(account, at.accounts()))
    out.result(found, lambda: details(out, found))
