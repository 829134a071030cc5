"""`a2a accounts`: what accounts there are and whether they can be used."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from a2a.cli.home import Home, in_words, short_name
from a2a.cli.output import Out, out_of

_EXAMPLES = """\b
Examples:
  a2a accounts
  a2a accounts show kiro/work --json
"""


def register(app: typer.Typer) -> None:
    group = typer.Typer(rich_markup_mode=None)
    group.callback(invoke_without_command=True, epilog=_EXAMPLES)(_accounts)
    group.command("list")(_list)
    group.command("show")(_show)
    app.add_typer(group, name="accounts")


def _accounts(ctx: typer.Context) -> None:
    """List the accounts, or look at one."""
    if ctx.invoked_subcommand is None:
        out = out_of(ctx)
        out.command = "accounts list"
        _print_list(out)


def _list(ctx: typer.Context) -> None:
    """All accounts: logged in, declared in config.toml, given by variables."""
    _print_list(out_of(ctx))


def _print_list(out: Out) -> None:
    home = Home(out, out.settings())
    views = [home.view(account) for account in home.all_accounts()]

    def show() -> None:
        if not views:
            out.say("no accounts yet; add one: a2a login openai")
            return
        columns = ("ACCOUNT", "STATE", "KIND", "TOKEN ENDS", "FROM", "NOTE")
        out.table(
            columns, [(short_name(v), v.state, v.kind, in_words(v.expires_at), v.origin, v.reason) for v in views]
        )

    out.result(views, show)


def _show(
    ctx: typer.Context, account: Annotated[str, typer.Argument(help="provider/alias, or a unique alias.")]
) -> None:
    """Everything known about one account, but for its secret."""
    from a2a.auth.accounts import find
    from a2a.config import mask

    out = out_of(ctx)
    home = Home(out, out.settings())
    found = find(account, home.all_accounts())
    view = home.view(found)
    details = {
        "id": found.id,
        "provider": found.provider,
        "alias": found.alias,
        "state": view.state,
        "reason": view.reason,
        "kind": found.kind,
        "label": found.label,
        "origin": found.origin,
        "source": found.source,
        "preset": found.preset,
        "urls": {key: mask(url) for key, url in found.urls.items()},
        "region": found.region,
        "plan": found.plan,
        "project_id": found.project_id,
        "proxy": mask(found.proxy),
        "priority": found.priority,
        "weight": found.weight,
        "enabled": found.enabled,
        "limits": found.limits,
        "created_at": found.created_at or None,
        "expires_at": found.expires_at,
    }
    rows = [(name, _words(name, value)) for name, value in details.items() if value not in (None, {})]
    out.result(details, lambda: out.table(("FIELD", "VALUE"), rows))


def _words(name: str, value: object) -> str:
    from msgspec import Struct, structs

    if name.endswith("_at") and isinstance(value, float):
        return datetime.fromtimestamp(value).astimezone().isoformat(" ", "seconds")
    if isinstance(value, bool):
        return "yes" if value else "no"

    if isinstance(value, Struct):
        value = {key: number for key, number in structs.asdict(value).items() if number}
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items()) or "none"
    return str(value)
