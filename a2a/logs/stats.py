"""Figures over the exchanges in the store: requests, tokens, cost, latencies.

SQLite groups and sums in one pass; the durations of a group come as one text of numbers, which costs a fraction of a
row each and is ranked here (50,000 exchanges: 40 to 90 ms).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, field, structs

from a2a.control.types import Column, Cost, Stats, StatsRow, StatsWish
from a2a.logs.filters import Where

_DAY_S = 86_400
_HOUR_S = 3_600

_KEYS: dict[Column, str] = {
    "provider": "e.provider",
    "account": "e.account",
    "model": "e.model",
    "client": "e.client",
    "front": "e.front",
    "day": f"CAST(e.started_at / {_DAY_S} AS INTEGER)",
    "hour": f"CAST(e.started_at / {_HOUR_S} AS INTEGER)",
}
"""What a row is counted by, as SQL; provider, account and model are those of the last attempt."""

_SUMS = (
    "count(*)",
    "sum(e.state = 'failed')",
    "sum(e.state = 'client_closed')",
    "sum(e.attempts)",
    "total(e.input)",
    "total(e.output)",
    "sum(e.cache_read)",
    "sum(e.cache_write)",
    "sum(e.reasoning)",
    "sum(e.state = 'done' AND e.cost IS NULL AND (e.input IS NOT NULL OR e.output IS NOT NULL))",
)
"""In the order of `_Sum.counts`."""

_TENTHS = "group_concat(CASE WHEN e.state = 'done' THEN CAST(e.{} * 10 + 0.5 AS INTEGER) END)"
"""Tenths of a millisecond of served exchanges, one after the other."""

_REST = (
    *("min(e.started_at)", "max(e.started_at)"),
    *(_TENTHS.format("first_token_ms"), _TENTHS.format("duration_ms")),
)

_OF_CURRENCY = (
    "total(CASE WHEN e.currency = ? THEN e.cost END)",
    "max(CASE WHEN e.currency = ? THEN CASE e.basis WHEN 'upstream' THEN '' ELSE e.basis END END)",
)
"""Basis NULL: nothing cost anything in that currency; empty: upstreams said it all themselves. A sum of both is an
estimate, by the newest prices."""

Key = tuple[object, ...]


class Source(Struct, frozen=True):
    """Which exchanges are counted: a table or a join under the name `e`, and their condition."""

    db: sqlite3.Connection
    tables: str
    where: Where


class _Sum(Struct):
    """What has been added up so far."""

    counts: list[int] = field(default_factory=lambda: [0] * len(_SUMS))
    costs: dict[str, Cost] = field(default_factory=dict)
    first_token: list[int] = field(default_factory=list)
    duration: list[int] = field(default_factory=list)
    """Tenths of a millisecond, in runs that ascend."""
    since: float | None = None
    until: float | None = None

    def add(self, counts: Sequence[float], rest: Sequence[Any], currencies: Sequence[str]) -> None:
        """What SQLite gave for one group: `_SUMS`, `_REST` and `_OF_CURRENCY` for each."""
        since, until, first, whole, *costs = rest
        self.counts = [one + int(more) for one, more in zip(self.counts, counts, strict=True)]
        self._span(since, until)
        for currency, amount, basis in zip(currencies, costs[::2], costs[1::2], strict=True):
            if basis is not None:
                self._cost(Cost(amount=amount, currency=currency, basis=basis))
        self.first_token = _ascending(first)
        self.duration = _ascending(whole)

    def merge(self, other: _Sum) -> None:
        self.counts = [one + more for one, more in zip(self.counts, other.counts, strict=True)]
        if other.since is not None and other.until is not None:
            self._span(other.since, other.until)
        for cost in other.costs.values():
            self._cost(cost)
        self.first_token.extend(other.first_token)
        self.duration.extend(other.duration)

    def _span(self, since: float, until: float) -> None:
        self.since = since if self.since is None else min(self.since, since)
        self.until = until if self.until is None else max(self.until, until)

    def _cost(self, cost: Cost) -> None:
        known = self.costs.get(cost.currency)
        if known is not None:
            cost = Cost(amount=known.amount + cost.amount, currency=cost.currency, basis=max(known.basis, cost.basis))
        self.costs[cost.currency] = cost

    def row(self, key: dict[str, str]) -> StatsRow:
        requests, failed, closed, attempts, read, written, hits, stored, thought, unpriced = self.counts
        first, whole = sorted(self.first_token), sorted(self.duration)  # of runs: merely a merge
        return StatsRow(
            key=key,
            requests=requests,
            failed=failed,
            client_closed=closed,
            attempts=attempts,
            input=read,
            output=written,
            cache_read=hits,
            cache_write=stored,
            reasoning=thought,
            cost=[_told(cost) for cost in sorted(self.costs.values(), key=lambda cost: cost.currency)],
            unpriced=unpriced,
            first_token_p50_ms=_ranked(first, 50),
            first_token_p95_ms=_ranked(first, 95),
            duration_p50_ms=_ranked(whole, 50),
            duration_p95_ms=_ranked(whole, 95),
        )


def _told(cost: Cost) -> Cost:
    return cost if cost.basis else structs.replace(cost, basis="upstream")


def _ascending(listed: str | None) -> list[int]:
    return sorted(map(int, listed.split(","))) if listed else []


def _ranked(ascending: Sequence[int], percent: int) -> float | None:
    """The value at the nearest rank, in ms."""
    if not ascending:
        return None
    return ascending[max(0, -(-len(ascending) * percent // 100) - 1)] / 10


def stats(source: Source, wish: StatsWish) -> Stats:
    """Raises sqlite3's own errors."""
    total = _Sum()
    sums = _sums(source, wish.by)
    for one in sums.values():
        total.merge(one)
    rows = []
    if wish.by:
        for key in sorted(sums, key=_order):
            shown: dict[str, str] = {name: _shown(name, part) for name, part in zip(wish.by, key, strict=True)}
            rows.append(sums[key].row(shown))
    return Stats(total=total.row({}), rows=rows, since=total.since, until=total.until)


def _sums(source: Source, by: Sequence[Column]) -> dict[Key, _Sum]:
    keys = [_KEYS[one] for one in by]
    listed = source.db.execute("SELECT DISTINCT currency FROM exchange WHERE cost IS NOT NULL")
    currencies = [str(row[0]) for row in listed]
    columns = ", ".join((*keys, *_SUMS, *_REST, *_OF_CURRENCY * len(currencies)))
    grouped = f"GROUP BY {', '.join(keys)}" if keys else ""
    found = source.db.execute(
        f"SELECT {columns} FROM {source.tables} {source.where.sql} {grouped}",  # noqa: S608 (our own words)
        (*(one for one in currencies for _ in _OF_CURRENCY), *source.where.values),
    )
    made: dict[Key, _Sum] = {}
    first, last = len(keys), len(keys) + len(_SUMS)
    for row in found:
        if row[first]:  # without groups there is a row of nothing
            made[row[:first]] = one = _Sum()
            one.add(row[first:last], row[last:], currencies)
    return made


def _order(key: Key) -> tuple[str, ...]:
    return tuple(f"{part:020d}" if isinstance(part, int) else str(part) for part in key)


def _shown(column: Column, part: object) -> str:
    """`2026-11-22`, `2026-11-22T17`, or the text itself."""
    if column == "day":
        return f"{datetime.fromtimestamp(int(str(part)) * _DAY_S, UTC):%Y-%m-%d}"
    if column == "hour":
        return f"{datetime.fromtimestamp(int(str(part)) * _HOUR_S, UTC):%Y-%m-%dT%H}"
    return str(part)
