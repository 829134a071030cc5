"""`a2a logs show`: everything about one exchange."""

from __future__ import annotations

from typing import Annotated

import typer

from a2a.cli.output import Out, out_of
from a2a.config import load
from a2a.control.types import Exchange
from a2a.errors import UsageError

_EXAMPLES = """\b
Examples:
  a2a logs show last
  a2a logs show ex_06b8k2m4q7z9            the beginning of an id is enough
  a2a logs show last --full                  with all headers and bodies
  a2a logs show last --body client-request --raw
  a2a logs show last --diff                  what a2a made of the request for its upstream
  a2a logs show last --curl                  the request as a command, with $A2A_API_KEY for the key

\b
Bodies are there when they were recorded: a2a serve --log-bodies. Their names: client-request, client-answer,
1-request and 1-answer for the first attempt and so on, upstream-request and upstream-answer for the last one.
"""

Id = Annotated[str, typer.Argument(metavar="ID", help="An exchange, the beginning of its id, or last.")]


def register(group: typer.Typer) -> None:
    group.command("show", epilog=_EXAMPLES)(_show)


def _show(
    ctx: typer.Context,
    exchange: Id,
    body: Annotated[str | None, typer.Option("--body", metavar="NAME", help="One recorded body, indented.")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="With --body: as it was recorded, nothing else.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Nothing shortened, and all bodies.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="What went upstream against what the client sent.")] = False,
    curl: Annotated[bool, typer.Option("--curl", help="The client's request as a curl command.")] = False,
) -> None:
    """Show everything about one exchange. Attempts, times, what was changed, what was said."""
    from a2a.cli.bodies_text import chosen, show_body
    from a2a.cli.logs_show_text import tell
    from a2a.cli.records import found, records

    out = out_of(ctx)
    if (curl or diff) and curl + diff + full + raw + (body is not None) > 1:
        raise UsageError("--diff and --curl stand alone", hint=f"a2a logs show {exchange} --diff")
    if raw and body is None:
        raise UsageError("--raw is for one body", hint=f"a2a logs show {exchange} --raw --body client-request")
    with records(out) as kept:
        seen = found(kept, exchange)
    if curl:
        _show_curl(out, seen)
        return
    if diff:
        _show_difference(out, seen)
        return
    if body is None:
        out.result(seen, lambda: tell(out, seen, full=full))
        return
    one = chosen(seen, body)
    out.result({"id": seen.id, "body": one.name, "text": one.text}, lambda: show_body(out, one, raw=raw))


def _show_difference(out: Out, exchange: Exchange) -> None:
    """Raises UsageError where the bodies were not recorded."""
    from a2a.cli.bodies_text import difference

    found = difference(exchange)

    def show() -> None:
        for line in found.lines:
            out.text(line)
        if not found.lines:
            out.say(f"nothing was changed: {found.after} is what the client sent")

    out.result({"id": exchange.id, "before": found.before, "after": found.after, "diff": found.lines}, show)


def _show_curl(out: Out, exchange: Exchange) -> None:
    """For a server that runs here, else for one as it is set. Raises UsageError where the request was not recorded."""
    from a2a.cli.servers import addresses
    from a2a.control.curl import command

    settings = load({"config": out.config})  # what is wrong with them was told when the record was opened
    url = next(iter(addresses(settings)), f"http://127.0.0.1:{settings.server.port}")
    text = command(exchange, url)
    out.result({"id": exchange.id, "curl": text}, lambda: out.text(text))
