"""`a2a stats`: requests, tokens, cost and latency, by whatever one asks for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from msgspec import structs

from a2a.cli.logs_filter import filtered
from a2a.cli.output import out_of
from a2a.control.types import Column, ExchangeFilter, StatsWish
from a2a.errors import UsageError

if TYPE_CHECKING:
    from a2a.control.types import Stats

_EXAMPLES = """\b
Examples:
  a2a stats
  a2a stats --since 7d --by day
  a2a stats --by account,model --since today
  a2a stats --by client --json

\b
Days and hours are UTC. Costs are estimates by a price table whose date is shown; what an upstream says itself is told
apart by its currency.
"""
_COLUMNS: tuple[Column, ...] = get_args(Column)
_FEW_DAYS_S = 2 * 86_400.0


def register(app: typer.Typer) -> None:
    app.command("stats", epilog=_EXAMPLES)(_stats)


@filtered
def _stats(
    ctx: typer.Context,
    which: ExchangeFilter,
    by: Annotated[
        list[str] | None, typer.Option("--by", metavar="COLUMNS", help=f"{', '.join(_COLUMNS)}; comma list.")
    ] = None,
) -> None:
    """Count requests, tokens, cost and latency. On a terminal with plots over time."""
    from a2a.cli.records import records
    from a2a.cli.stats_table import tell

    out = out_of(ctx)
    columns = _by(by or [])
    with records(out) as kept:
        found = kept.stats(_wish(which, columns or ["account"]))
        plotted = None
        if out.stdout.isatty() and not out.json and found.total.requests and not columns:
            plotted = kept.stats(_wish(which, [_step(found)]))
    out.result(found, lambda: tell(out, found, columns or ["account"], plotted))


def _wish(which: ExchangeFilter, by: list[Column]) -> StatsWish:
    return StatsWish(**structs.asdict(which), by=by)


def _by(given: list[str]) -> list[Column]:
    """As asked for, each once. Raises UsageError."""
    from a2a.config import did_you_mean

    names = [name.strip() for word in given for name in word.split(",") if name.strip()]
    for name in names:
        if name not in _COLUMNS:
            known = f"it may be {', '.join(_COLUMNS)}"
            raise UsageError(f"nothing is counted by {name!r}", hint=did_you_mean(name, _COLUMNS, known))
    return [column for name in dict.fromkeys(names) for column in _COLUMNS if column == name]


def _step(found: Stats) -> Column:
    """Hours where it is about a day or two, else days."""
    since = found.since if found.since is not None else time.time()
    return "hour" if (found.until or since) - since < _FEW_DAYS_S else "day"
