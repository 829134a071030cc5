"""Counts over the life of a server, by what a dashboard asks: added to when an exchange ends, read by `/metrics`.

Labels come from what is configured (front, provider, account) and from our own words (state, kind), never from a
client: what nobody serves cannot make the counts grow without end.

Our own few dicts, not prometheus_client: that costs a lock and a look-up for each value of each exchange, memory and
time at the start, for a text format of three kinds of line.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict

from a2a.control.types import Exchange, Tokens

FIRST_TOKEN_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
"""Upper bounds of the buckets, the last one open."""
WHOLE_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)

DIRECTIONS = ("input", "output", "cache_read", "cache_write", "reasoning")

Key = tuple[str, ...]


class Spent:
    """Tokens of one account."""

    __slots__ = DIRECTIONS

    def __init__(self) -> None:
        self.input = self.output = self.cache_read = self.cache_write = self.reasoning = 0

    def add(self, used: Tokens) -> None:
        self.input += used.input or 0
        self.output += used.output or 0
        if used.cache_read:
            self.cache_read += used.cache_read
        if used.cache_write:
            self.cache_write += used.cache_write
        if used.reasoning:
            self.reasoning += used.reasoning


class Histogram:
    """Durations in seconds, by bucket."""

    __slots__ = ("bounds", "counts", "total_s")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total_s = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total_s += seconds


class Tally:
    """One per process."""

    def __init__(self) -> None:
        self.requests: dict[Key, int] = defaultdict(int)
        """front, provider ("" before a route was found), state, status."""
        self.attempts: dict[Key, int] = defaultdict(int)
        """provider, account (`short/alias`), outcome, kind of the fault ("" where there was none)."""
        self._spent: dict[tuple[str, str], Spent] = defaultdict(Spent)
        """provider, account."""
        self.first_token: dict[str, Histogram] = defaultdict(lambda: Histogram(FIRST_TOKEN_S))
        self.whole: dict[str, Histogram] = defaultdict(lambda: Histogram(WHOLE_S))
        """By provider, of exchanges that were served."""
        self.refreshes: dict[Key, int] = defaultdict(int)
        """provider, `ok` or `failed`."""

    @property
    def tokens(self) -> dict[Key, int]:
        """provider, account, direction; of those that were used at all."""
        counts = {(*who, name): getattr(spent, name) for who, spent in self._spent.items() for name in DIRECTIONS}
        return {key: count for key, count in counts.items() if count}

    def add(self, exchange: Exchange) -> None:
        """An exchange that has ended."""
        route = exchange.route
        provider = route.provider if route is not None else ""
        self.requests[exchange.front, provider, exchange.state, str(exchange.status or "")] += 1
        attempts = exchange.attempts
        for one in attempts:
            kind = one.fault.kind if one.fault is not None else ""
            self.attempts[one.provider, one.account, one.outcome or "failed", kind] += 1
        if attempts and (used := exchange.tokens) is not None:
            last = attempts[-1]
            self._spent[last.provider, last.account].add(used)
        timings = exchange.timings
        if timings.first_token is not None:
            self.first_token[provider].add(timings.first_token / 1000)
        if exchange.state == "done" and timings.last is not None:
            self.whole[provider].add(timings.last / 1000)
