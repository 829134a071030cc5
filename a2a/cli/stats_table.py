"""How `a2a stats` shows figures: a table for everybody, bars over time where somebody looks."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from a2a.cli import figures
from a2a.cli.logs_table import can
from a2a.cli.output import Out
from a2a.control.types import Column, Stats, StatsRow

_TIMES: tuple[Column, ...] = ("day", "hour")
_FIGURES = ("REQUESTS", "FAILED", "IN", "OUT", "CACHED", "REASONED", "COST", "FIRST p50", "p95", "TOOK p50", "p95")
_MISSED_LEAST = ("REASONED", "CACHED", "p95", "TOOK p50", "p95")
_BAR, _LEAST_BAR = 40, 10
_MOST_STEPS = 60
"""Bars of a plot; of a longer time the end is shown."""


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
    return [f"{total.requests:,} requests{span}: {', '.join(ends) or 'none failed'}", ", ".join(used)]


def cost(row: StatsRow) -> str:
    """All currencies."""
    return " + ".join(figures.money(each) for each in row.cost)


def fitting(by: Sequence[Column], rows: Sequence[StatsRow], width: int | None) -> tuple[list[str], list[list[str]]]:
    """Columns and rows; in a terminal of too few columns empty figures go first, then those that are missed least."""
    heads = [*(name.upper() for name in by), *_FIGURES]
    cells = [[*(row.key.get(name, "") or "-" for name in by), *_cells(row)] for row in rows]
    kept = list(range(len(heads)))
    empty = [place for place in kept if place >= len(by) and not any(row[place] not in ("", "0") for row in cells)]
    least = [len(by) + _FIGURES.index(name) for name in _MISSED_LEAST]
    least[-1] = len(heads) - 1
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


def plot(rows: Sequence[StatsRow], width: int, *, plain: bool) -> list[str]:
    """A bar for each day or hour, also for those in which nothing was asked; the failed part has a sign of its own."""
    steps = [(name, row, _told(row)) for name, row in _steps(rows)[-_MOST_STEPS:]]
    label = max(len(name) for name, _, _ in steps)
    room = width - label - 3 - max(len(told) for _, _, told in steps)
    cells, most = min(max(room, _LEAST_BAR), _BAR), max(row.requests for _, row, _ in steps)
    full, bad = ("#", "x") if plain else ("█", "▒")
    lines = []
    for name, row, told in steps:
        length = _cells_of(row.requests, most, cells)
        failed = min(_cells_of(row.failed, most, cells), length)
        bar = full * (length - failed) + bad * failed
        lines.append(f"{name:<{label}}  {bar:<{cells}} {told}".rstrip())
    return [*lines, f"{'':<{label}}  requests, {bad} failed (UTC)"]


def _cells_of(number: int, most: int, cells: int) -> int:
    """At least one for anything."""
    return max(round(number / most * cells), 1) if number else 0


def _told(row: StatsRow) -> str:
    """The figures behind a bar."""
    if not row.requests:
        return ""
    spent = f"  {cost(row)}" if row.cost else ""
    return f"{row.requests}  {figures.count(row.input + row.output)} tokens{spent}"


def _steps(rows: Sequence[StatsRow]) -> list[tuple[str, StatsRow]]:
    """Each day or hour from the first to the last."""
    form, step = ("%Y-%m-%d", timedelta(days=1)) if "day" in rows[0].key else ("%Y-%m-%dT%H", timedelta(hours=1))
    known = {next(iter(row.key.values())): row for row in rows}
    at, last = (datetime.strptime(name, form) for name in (min(known), max(known)))
    made = []
    while at <= last:
        name = at.strftime(form)
        made.append((name.replace("T", " ") + ("h" if "T" in form else ""), known.get(name, StatsRow())))
        at += step
    return made


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
