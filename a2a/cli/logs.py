"""`a2a logs`: what was asked, who answered, and everything that is known of it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from a2a.cli import logs_cassette, logs_events, logs_export, logs_replay, logs_server, logs_show, logs_tail
from a2a.cli.logs_filter import Words, filtered
from a2a.cli.output import Out, out_of
from a2a.control.types import ExchangeFilter
from a2a.errors import UsageError

if TYPE_CHECKING:
    from a2a.cli.records import Records
    from a2a.control.types import Exchange

LIMIT = 20
Limit = Annotated[int, typer.Option("-n", "--limit", min=1, help="How many at most.", show_default=True)]

_EXAMPLES = """\b
Examples:
  a2a logs                               the newest exchanges
  a2a logs --since 2h --status failed
  a2a logs list -m 'claude-*' refactor    with that word in them
  a2a logs show last
  a2a logs tail
  a2a logs server                         what the server itself says
  a2a logs export openai -o training.jsonl
"""
_LIST = """\b
Examples:
  a2a logs list --since today --account kiro/work
  a2a logs list --status 4xx --limit 100
  a2a logs list --json --since 1h timeout

\b
Words are searched in names, messages and, where they are recorded (--log-bodies), bodies.
"""


def register(app: typer.Typer) -> None:
    group = typer.Typer(rich_markup_mode=None)
    group.callback(invoke_without_command=True, epilog=_EXAMPLES)(_logs)
    group.command("list", epilog=_LIST)(_list)
    for module in (logs_show, logs_tail, logs_server, logs_events, logs_replay, logs_cassette, logs_export):
        module.register(group)
    app.add_typer(group, name="logs")


@filtered
def _logs(ctx: typer.Context, which: ExchangeFilter, limit: Limit = LIMIT) -> None:
    """Look at what was asked and who answered. The record is a file of this home: no server is needed."""
    if ctx.invoked_subcommand is None:
        out = out_of(ctx)
        out.command = "logs list"
        _print(out, which, limit)
    elif which != ExchangeFilter() or limit != LIMIT:
        command = ctx.invoked_subcommand
        raise UsageError("filters stand behind the command", hint=f"a2a logs {command} --help")


@filtered
def _list(ctx: typer.Context, which: ExchangeFilter, words: Words = None, limit: Limit = LIMIT) -> None:
    """List exchanges, newest first."""
    _print(out_of(ctx), which, limit)


def _print(out: Out, which: ExchangeFilter, limit: int) -> None:
    from a2a.cli.records import pages, records

    with records(out) as kept:
        found = list(islice(pages(kept, which, limit + 1), limit + 1))
        more, shown = len(found) > limit, found[:limit]
        empty = "" if found else _nothing(kept, which)
    out.result(shown, lambda: _show(out, shown, more=more, empty=empty))


def _nothing(kept: Records, which: ExchangeFilter) -> str:
    """Why there is nothing to show, and what helps."""
    from a2a.control.types import ExchangeWish

    if which == ExchangeFilter() or not kept.page(ExchangeWish(limit=1)).exchanges:
        return "no exchange yet: each request to a2a serve, or by a2a chat, becomes one"
    hint = ""
    if which.text is not None:
        hint = "; words of prompts and answers are found where bodies are recorded (a2a serve --log-bodies)"
    return f"no exchange passes these filters{hint}"


def _show(out: Out, shown: list[Exchange], *, more: bool, empty: str) -> None:
    from a2a.cli.logs_table import show

    if empty:
        out.say(empty)
        return
    show(out, shown)
    if more:
        out.say(f"the newest {len(shown)}; --limit shows more, and a2a logs show ID all about one")
