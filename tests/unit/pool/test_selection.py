"""Each strategy's choice among accounts that may all serve."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, get_args

import pytest
from support.pool_kit import NOW, OPENAI, FakeClock, account, failure, pool_of, settings, verdict

from a2a.config import declare
from a2a.control.types import Quota
from a2a.pool.pool import Pool
from a2a.pool.selection import STALE_S, STRATEGIES, left
from a2a.providers.registry import build


def pool(strategy: str, *accounts: Any, clock: FakeClock | None = None) -> Pool:
    given = settings({"strategy": strategy})
    return pool_of(*(one if not isinstance(one, str) else account(one) for one in accounts), given=given, clock=clock)


def take(made: Pool) -> str:
    with made.lease(OPENAI, "m") as lease:
        return lease.account.alias


def quota(made: Pool, alias: str, share: float | None, **fields: Any) -> None:
    """What is left of 100, asked just now."""
    fields = {"unit": "percent", "limit": 100.0, "taken_at": NOW, **fields}
    remaining = None if share is None else share * 100
    next(m for m in made.members() if m.account.alias == alias).note_quota([Quota(remaining=remaining, **fields)])


def test_every_name_a_file_may_say_is_known() -> None:
    assert set(get_args(declare.Strategy)) == set(STRATEGIES)


def test_a_provider_s_own_strategy_counts_before_the_server_s() -> None:
    given = settings({"strategy": "fill-first"}, openai={"strategy": "least-busy"})
    made = pool_of(account("a"), given=given)
    assert made.lease(OPENAI, "m").decision.strategy == "least-busy"


def test_by_weight_evenly_spread() -> None:
    made = pool("weighted", account("a", weight=5), account("b", weight=1), account("c", weight=1))
    assert "".join(take(made) for _ in range(14)) == "aabacaa" * 2


def test_by_weight_an_account_gets_no_more_for_having_been_away() -> None:
    clock = FakeClock()
    made = pool("weighted", account("a", weight=2), account("b", weight=1), clock=clock)
    with made.lease(OPENAI, "m", alias="a") as lease:
        lease.fail(failure(429), verdict(cool_s=30.0), "m")
    assert {take(made) for _ in range(30)} == {"b"}
    clock.tick(30.0)
    made.members()[0].reset()
    assert Counter(take(made) for _ in range(30)) == {"a": 20, "b": 10}


def test_equal_weights_take_turns() -> None:
    made = pool("weighted", "a", "b", "c")
    assert "".join(take(made) for _ in range(6)) == "abcabc"


def test_the_first_until_it_cannot_serve() -> None:
    made = pool("fill-first", "a", "b")
    assert {take(made) for _ in range(5)} == {"a"}
    made.members()[0].hold("suspended", "suspended", "no")
    assert {take(made) for _ in range(5)} == {"b"}
    made.members()[0].reset()
    assert take(made) == "a"


def test_the_least_busy_and_among_equals_by_turns() -> None:
    made = pool("least-busy", "a", "b", "c")
    held = [made.lease(OPENAI, "m") for _ in range(4)]
    assert [lease.account.alias for lease in held] == ["a", "b", "c", "a"]
    held[1].release()
    assert made.lease(OPENAI, "m").account.alias == "b"


def test_the_largest_share_left() -> None:
    made = pool("quota-aware", "a", "b")
    quota(made, "a", 0.4)
    quota(made, "b", 0.6)
    assert {take(made) for _ in range(3)} == {"b"}


def test_what_is_not_known_counts_as_full() -> None:
    made = pool("quota-aware", "a", "b")
    quota(made, "a", 0.99)
    assert {take(made) for _ in range(3)} == {"b"}


def test_among_equal_shares_the_sooner_renewed() -> None:
    made = pool("quota-aware", "a", "b")
    quota(made, "a", 0.5, resets_at=NOW + 900)
    quota(made, "b", 0.5, resets_at=NOW + 300)
    assert {take(made) for _ in range(3)} == {"b"}


def test_among_equals_by_turns() -> None:
    made = pool("quota-aware", "a", "b")
    assert [take(made) for _ in range(4)] == ["a", "b", "a", "b"]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, (0.25, math.inf)),
        ({"resets_at": NOW + 5}, (0.25, NOW + 5)),
        ({"taken_at": NOW - STALE_S - 1}, (1.0, math.inf)),
        ({"resets_at": NOW - 1}, (1.0, math.inf)),
        ({"model": "other"}, (1.0, math.inf)),
        ({"model": "m"}, (0.25, math.inf)),
        ({"limit": None}, (1.0, math.inf)),
        ({"limit": 0.0}, (1.0, math.inf)),
        ({"remaining": None}, (1.0, math.inf)),
        ({"remaining": -3.0}, (0.0, math.inf)),
        ({"remaining": 70.0}, (1.0, math.inf)),
    ],
)
def test_the_share_that_is_left(fields: Any, found: tuple[float, float]) -> None:
    known: Any = {"unit": "credit", "limit": 40.0, "remaining": 10.0, "taken_at": NOW, **fields}
    assert left([Quota(**known)], "m", NOW) == found


def test_the_scarcest_of_several_allowances_counts() -> None:
    known = [Quota(unit="request", limit=10, remaining=r, taken_at=NOW, resets_at=NOW + r) for r in (8, 2, 5)]
    assert left(known, "m", NOW) == (0.2, NOW + 2)


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_stays_within_the_best_tier(name: str) -> None:
    made = pool(name, account("spare", priority=1, weight=9), account("main", priority=0))
    assert {take(made) for _ in range(5)} == {"main"}


@pytest.mark.parametrize("wanted", ["round-robin", "weighted", "least-busy", "quota-aware"])
def test_turns_go_on_when_the_strategy_changes_while_serving(wanted: Any) -> None:
    made = pool("round-robin", "a", "b")
    for _ in range(9):
        take(made)
    for name in ("fill-first", wanted):
        made.adopt({OPENAI: build(settings({"strategy": name}))[OPENAI]})
    assert sorted(take(made) for _ in range(4)) == ["a", "a", "b", "b"]
