"""Strategies: small types with one method. They see only accounts that may serve, of the best priority tier."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import attrgetter
from typing import Protocol

from a2a.clock import Clock, SystemClock
from a2a.control.types import Quota
from a2a.errors import ConfigError
from a2a.pool.account import PoolAccount

STALE_S = 3600.0
"""A figure that is older says nothing about now."""

_by_turn = attrgetter("turn")


class Strategy(Protocol):
    name: str

    def pick(self, candidates: Sequence[PoolAccount], model: str) -> PoolAccount:
        """One of `candidates`, which is never empty."""
        ...


class RoundRobin:
    """The one that has waited longest. One that comes back from a cooldown gets one turn, not the ones it missed."""

    name = "round-robin"

    def __init__(self, clock: Clock, turn: int = 0) -> None:
        """`turn`: the highest that an account has had under another strategy."""
        self._turn = turn

    def pick(self, candidates: Sequence[PoolAccount], model: str) -> PoolAccount:
        return self._took(min(candidates, key=_by_turn))

    def _took(self, chosen: PoolAccount) -> PoolAccount:
        self._turn += 1
        chosen.turn = self._turn
        return chosen


class Weighted(RoundRobin):
    """Turns in proportion to `weight`, spread evenly: each gains its weight, the richest pays for all (smooth weighted
    round robin). One that comes back has what it had, not what it missed."""

    name = "weighted"

    def pick(self, candidates: Sequence[PoolAccount], model: str) -> PoolAccount:
        total = 0
        for candidate in candidates:
            candidate.credit += candidate.account.weight
            total += candidate.account.weight
        chosen = max(candidates, key=lambda one: (one.credit, -one.turn))
        chosen.credit -= total
        return self._took(chosen)


class FillFirst:
    """The first in the order in which accounts are listed, until it cannot serve."""

    name = "fill-first"

    def __init__(self, clock: Clock, turn: int = 0) -> None:
        pass

    def pick(self, candidates: Sequence[PoolAccount], model: str) -> PoolAccount:
        return candidates[0]


class LeastBusy(RoundRobin):
    """The one with the fewest calls in flight; among equals the one that has waited longest."""

    name = "least-busy"

    def pick(self, candidates: Sequence[PoolAccount], model: str) -> PoolAccount:
        return self._took(min(candidates, key=lambda one: (one.in_flight, one.turn)))


class QuotaAware(RoundRobin):
    """The one with the largest share left; among equals the one whose allowance is renewed sooner, then by turns."""

    name = "quota-aware"

    def __init__(self, clock: Clock, turn: int = 0) -> None:
        super().__init__(clock, turn)
        self._clock = clock

    def pick(self, candidates: Sequence[PoolAccount], model: str) -> PoolAccount:
        now = self._clock.now()

        def order(one: PoolAccount) -> tuple[float, float, int]:
            share, resets_at = left(one.quota, model, now)
            return -share, resets_at, one.turn

        return self._took(min(candidates, key=order))


def left(quota: Sequence[Quota], model: str, now: float) -> tuple[float, float]:
    """The smallest share (0 to 1) of the allowances that hold for `model`, and when that one is renewed (Unix seconds).

    What is unknown, stale or renewed by now counts as full; infinity where no time is known.
    """
    smallest, renewed = 1.0, math.inf
    for one in quota:
        if one.model not in (None, model) or not one.limit or one.remaining is None or now - one.taken_at > STALE_S:
            continue
        resets_at = one.resets_at or math.inf
        if resets_at <= now:
            continue
        found = min(1.0, max(0.0, one.remaining / one.limit)), resets_at
        smallest, renewed = min((smallest, renewed), found)
    return smallest, renewed


STRATEGIES: dict[str, type[RoundRobin] | type[FillFirst]] = {
    kind.name: kind for kind in (RoundRobin, Weighted, FillFirst, LeastBusy, QuotaAware)
}
"""By the names of `config.declare.Strategy`, which is what a config file may say."""


def strategy(name: str, clock: Clock | None = None, *, turn: int = 0) -> Strategy:
    """`turn`: where the one before it has come to. Raises ConfigError for a name nobody knows."""
    kind = STRATEGIES.get(name)
    if kind is None:
        raise ConfigError(f"unknown strategy {name!r}", hint=f"known: {', '.join(STRATEGIES)}")
    return kind(clock or SystemClock(), turn)
