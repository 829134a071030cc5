"""How `a2a stats` shows figures: a table for everybody, and what is to be known of them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime

from a2a.cli import figures
from a2a.cli.logs_table import can
from a2a.cli.output import Out
from a2a.cli.stats_plot import plot
from a2a.control.types import Column, Stats, StatsRow

_TIMES: tuple[Column, ...] = ("day", "hour")
_FIGURES = ("REQUESTS", "FAILED", "IN", "OUT", "CACHED", "REASONED", "COST", "FIRST p50", "p95", "TOOK p50", "p95")
_MISSED_LEAST = (5, 4, 8, 10, 9, 7)
"""Places among the figures, in the order in which they go where the terminal is narrow."""


def tell(out: Out, found: Stats, by: Sequence[Column], plotted: Stats | None) -> None:
    """`plotted`: the same figures by day or hour, for a plot."""
    total = found.total
    if not total.requests:
        out.say("nothing to count: no exchange passes; a2a logs lists them")
        return
    for line in headline(found):
        out.text(line)
    out.text("")
    width = shutil.get_terminal_size().columns if out.stdout.isatty() else None
    columns, rows = fitting(by, found.rows, width)
    out.table(columns, rows)
    over_time = plotted if plotted is not None else found if len(by) == 1 and by[0] in _TIMES else None
    if over_time is not None and width is not None and len(over_time.rows) > 1:
        out.text("")
        for line in plot(over_time.rows, width, plain=not can(out, "█")):
            out.text(line)
    for line in remarks(found):
        out.say(line)


def headline(found: Stats) -> list[str]:
    """`1,234 requests from 2026-11-01 to 2026-11-22: 12 failed`, then tokens and cost."""
    total = found.total
    days = [f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}" for at in (found.since, found.until) if at is not None]
    span = f" from {days[0]} to {days[-1]}" if len(set(days)) > 1 else f" on {days[0]}" if days else ""
    ends = [f"{total.failed:,} failed"] if total.failed else []
    ends += [f"{total.client_closed:,} left by their clients"] if total.client_closed else []
    used = [f"{figures.count(total.input)} tokens in", f"{figures.count(total.output)} out"]
    used += [cost(total)] if total.cost else []
    many = "1 request" if total.requests == 1 else f"{total.requests:,} requests"
    return [f"{many}{span}: {', '.join(ends) or 'none failed'}", ", ".join(used)]


def cost(row: StatsRow) -> str:
    """All currencies."""
    return " + ".join(figures.money(each) for each in row.cost)


def fitting(by: Sequence[Column], rows: Sequence[StatsRow], width: int | None) -> tuple[list[str], list[list[str]]]:
    """Columns and rows; in a terminal of too few columns empty figures go first, then those that are missed least."""
    heads = [*(name.upper() for name in by), *_FIGURES]
    cells = [[*(row.key.get(name, "") or "-" for name in by), *_cells(row)] for row in rows]
    kept = list(range(len(heads)))
    empty = [place for place in kept if place >= len(by) and not any(row[place] not in ("", "0") for row in cells)]
    least = [len(by) + place for place in _MISSED_LEAST]
    for place in dict.fromkeys([*empty, *least]):
        if width is not None and _width(heads, cells, kept) > width and place in kept:
            kept.remove(place)
    return [heads[place] for place in kept], [[row[place] for place in kept] for row in cells]


def _width(heads: Sequence[str], cells: Sequence[Sequence[str]], kept: Sequence[int]) -> int:
    return sum(max(len(heads[place]), *(len(row[place]) for row in cells)) + 2 for place in kept)


def _cells(row: StatsRow) -> list[str]:
    times = (row.first_token_p50_ms, row.first_token_p95_ms, row.duration_p50_ms, row.duration_p95_ms)
    counts = (row.input, row.output, row.cache_read, row.reasoning)
    return [
        str(row.requests),
        str(row.failed),
        *(figures.count(each) for each in counts),
        cost(row),
        *(figures.span(each) for each in times),
    ]


def remarks(found: Stats) -> list[str]:
    """What is to be known of the cost."""
    told = [
        f"{figures.money(each)}: "
        + ("as the upstream says" if each.basis == "upstream" else f"an estimate by prices of {each.basis}")
        for each in found.total.cost
    ]
    if found.total.unpriced:
        told.append(f"served requests whose price nobody knows, not in it: {found.total.unpriced:,}")
    return told
