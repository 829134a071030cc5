"""Strategies: small types with one method. They see only accounts that may serve, of the best priority tier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from a2a.errors import ConfigError
from a2a.pool.account import PoolAccount


class Strategy(Protocol):
    name: str

    def pick(self, candidates: Sequence[PoolAccount]) -> PoolAccount:
        """One of `candidates`, which is never empty."""
        ...


class RoundRobin:
    """The one that has waited longest. One that comes back from a cooldown gets one turn, not the ones it missed."""

    name = "round-robin"

    def __init__(self) -> None:
        self._turn = 0

    def pick(self, candidates: Sequence[PoolAccount]) -> PoolAccount:
        chosen = min(candidates, key=lambda account: account.turn)
        self._turn += 1
        chosen.turn = self._turn
        return chosen


STRATEGIES: dict[str, type[Strategy]] = {RoundRobin.name: RoundRobin}
"""By the names of `config.declare.Strategy`, which is what a config file may say."""


def strategy(name: str) -> Strategy:
    """Raises ConfigError for a name nobody knows."""
    kind = STRATEGIES.get(name)
    if kind is None:
        raise ConfigError(f"unknown strategy {name!r}", hint=f"known: {', '.join(STRATEGIES)}")
    return kind()
