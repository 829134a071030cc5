"""`a2a logs replay`: a recorded request once more, and how the two answers differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from a2a.cli.logs_show import Id
from a2a.cli.output import Out, out_of
from a2a.control.types import Exchange, Replayed, ReplayWish
from a2a.errors import ExitCode

if TYPE_CHECKING:
    from a2a.config import Settings

_EXAMPLES = """\b
Examples:
  a2a logs replay last                        as it went before
  a2a logs replay last -p kiro/work
  a2a logs replay ex_06b8k2m4q7z9 -m claude-opus-4.6

\b
The request must have been recorded (a2a serve --log-bodies). It is sent for real: it costs what a request costs.
"""


def register(group: typer.Typer) -> None:
    group.command("replay", epilog=_EXAMPLES)(_replay)


def _replay(
    ctx: typer.Context,
    exchange: Id,
    provider: Annotated[str | None, typer.Option("-p", "--provider", help="Provider, or provider/alias.")] = None,
    model: Annotated[str | None, typer.Option("-m", "--model", help="Another model.")] = None,
) -> None:
    """Send a recorded request again, and compare. To the same provider, or to another one or model."""
    from a2a.cli.records import found, records

    out = out_of(ctx)
    with records(out) as kept:
        before = found(kept, exchange)
    replayed = _again(out, out.settings(), before, ReplayWish(provider=provider, model=model))
    served = replayed.after.state == "done"
    out.result(replayed, lambda: tell(out, replayed), ok=served)
    if not served:
        raise typer.Exit(ExitCode.FAILED)


def _again(out: Out, settings: Settings, before: Exchange, wish: ReplayWish) -> Replayed:
    """At the server that `A2A_URL` names, else in this process as `a2a chat` does it."""
    if settings.url:
        from a2a.cli.home import Home
        from a2a.cli.servers import client_at

        with client_at(Home(out, settings), settings.url) as client:
            return client.replay(before.id, wish)
    from msgspec.structs import replace as with_fields

    from a2a.cli.loop import run
    from a2a.gateway.engine import Engine
    from a2a.gateway.replay import replay

    recording = with_fields(settings, server=with_fields(settings.server, log_bodies=True))  # as the first time

    async def whole() -> Replayed:
        async with Engine(recording, say=out.trouble) as engine:
            return await replay(engine, before, wish)

    return run(whole())


def tell(out: Out, replayed: Replayed) -> None:
    """The figures side by side, then the difference of what was said."""
    columns, rows = ("", "BEFORE", "AFTER"), _rows(replayed.before, replayed.after)
    out.table(columns, rows)
    out.text("")
    for line in replayed.diff:
        out.text(line)
    if not replayed.diff:
        out.text("the answers say the same")


def _rows(before: Exchange, after: Exchange) -> list[tuple[str, str, str]]:
    from a2a.cli import figures
    from a2a.cli.logs_table import model, note, status, way

    both = (before, after)
    rows = [
        ("exchange", *(each.id for each in both)),
        ("way", *(way(each, "->") for each in both)),
        ("model", *(model(each) for each in both)),
        ("status", *(status(each) for each in both)),
        ("stop", *(each.stop or "" for each in both)),
        ("tokens", *(figures.tokens(each.tokens) for each in both)),
        ("cost", *(figures.money(each.cost) for each in both)),
        ("first token", *(figures.span(each.timings.first_token) for each in both)),
        ("took", *(figures.span(each.timings.last) for each in both)),
        ("note", *(note(each) for each in both)),
    ]
    return [(name, old, new) for name, old, new in rows if old or new]
