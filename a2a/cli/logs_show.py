"""`a2a logs show`: everything about one exchange."""

from __future__ import annotations

from typing import Annotated

import typer

from a2a.cli.output import out_of

_EXAMPLES = """\b
Examples:
  a2a logs show last
  a2a logs show ex_06b8k2m4q7z9            the beginning of an id is enough
  a2a logs show last --full                  with all headers and bodies
  a2a logs show last --body client-request --raw

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
) -> None:
    """Show everything about one exchange. Attempts, times, what was changed, what was said."""
    from a2a.cli.bodies_text import chosen, show_body
    from a2a.cli.logs_show_text import tell
    from a2a.cli.records import found, records
    from a2a.errors import UsageError

    out = out_of(ctx)
    if raw and body is None:
        raise UsageError("--raw is for one body", hint=f"a2a logs show {exchange} --raw --body client-request")
    with records(out) as kept:
        seen = found(kept, exchange)
    if body is None:
        out.result(seen, lambda: tell(out, seen, full=full))
        return
    one = chosen(seen, body)
    out.result({"id": seen.id, "body": one.name, "text": one.text}, lambda: show_body(out, one, raw=raw))
