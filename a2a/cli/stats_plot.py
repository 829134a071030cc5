"""Requests over time as bars, for whoever looks at a terminal: few enough to be seen at once, whatever the span."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct, structs

from a2a.cli import figures
from a2a.control.types import Cost, StatsRow

_BAR, _LEAST_BAR = 40, 10
_MOST_STEPS = 24
"""Bars of a plot, where its steps can be made longer; of many years the end is shown."""


class _Step(Struct, frozen=True):
    """Of how long a bar is: `of` gives the beginning of the step a moment is in, `form` writes it."""

    per: str
    form: str
    of: Callable[[datetime], datetime]


def _hours(count: int) -> Callable[[datetime], datetime]:
    return lambda at: at.replace(hour=at.hour - at.hour % count)


_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_OF_HOURS = (
    _Step("an hour", "%Y-%m-%d %Hh", _hours(1)),
    _Step("in 3 hours", "%Y-%m-%d %Hh", _hours(3)),
    _Step("in 12 hours", "%Y-%m-%d %Hh", _hours(12)),
    _Step("a day", "%Y-%m-%d", _hours(24)),
)
_OF_DAYS = (
    _Step("a day", "%Y-%m-%d", lambda at: at),
    _Step("a week, from Monday", "%Y-%m-%d", lambda at: at - at.weekday() * _DAY),
    _Step("a month", "%Y-%m", lambda at: at.replace(day=1)),
)


def plot(rows: Sequence[StatsRow], width: int, *, plain: bool) -> list[str]:
    """A bar for each step of time, also for those in which nothing was asked; the failed part has a sign of its own.

    `rows`: by day or by hour.
    """
    per, bars = _steps(rows)
    steps = [(name, row, _told(row)) for name, row in bars[-_MOST_STEPS:]]
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
    return [*lines, f"{'':<{label}}  requests {per}, {bad} failed (UTC)"]


def _cells_of(number: int, most: int, cells: int) -> int:
    """At least one for anything."""
    return max(round(number / most * cells), 1) if number else 0


def _told(row: StatsRow) -> str:
    """The figures behind a bar."""
    if not row.requests:
        return ""
    spent = f"  {' + '.join(figures.money(each) for each in row.cost)}" if row.cost else ""
    return f"{row.requests}  {figures.count(row.input + row.output)} tokens{spent}"


def _steps(rows: Sequence[StatsRow]) -> tuple[str, list[tuple[str, StatsRow]]]:
    """How long a step is, in words, and each from the first to the last with its name."""
    by_day = "day" in rows[0].key
    form, unit, kinds = ("%Y-%m-%d", _DAY, _OF_DAYS) if by_day else ("%Y-%m-%dT%H", _HOUR, _OF_HOURS)
    known = {datetime.strptime(next(iter(row.key.values())), form): row for row in rows}
    moments = [min(known)]
    while moments[-1] < max(known):
        moments.append(moments[-1] + unit)
    for kind in kinds:
        parts: dict[datetime, list[StatsRow]] = {}
        for at in moments:
            parts.setdefault(kind.of(at), []).extend([known[at]] if at in known else [])
        if len(parts) <= _MOST_STEPS:
            break
    return kind.per, [(at.strftime(kind.form), _together(part)) for at, part in parts.items()]


def _together(rows: Sequence[StatsRow]) -> StatsRow:
    """Their sum, of what a plot tells."""
    costs: dict[str, Cost] = {}
    for each in (cost for row in rows for cost in row.cost):
        before = costs[each.currency].amount if each.currency in costs else 0.0
        costs[each.currency] = structs.replace(each, amount=before + each.amount)
    return StatsRow(
        requests=sum(row.requests for row in rows),
        failed=sum(row.failed for row in rows),
        input=sum(row.input for row in rows),
        output=sum(row.output for row in rows),
        cost=list(costs.values()),
    )
