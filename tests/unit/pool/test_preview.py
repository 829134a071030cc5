"""Whom a request would be given, in order, and that asking changes nothing."""

from __future__ import annotations

import pytest
from msgspec import structs
from support.pool_kit import OPENAI, FakeClock, account, failure, settings, verdict

from a2a.auth.records import Account
from a2a.config.declare import Strategy
from a2a.pool.pool import Pool
from a2a.providers.registry import build


def pool(*accounts: Account, strategy: Strategy = "round-robin") -> Pool:
    made = Pool(build(settings(openai={"strategy": strategy})), clock=FakeClock())
    made.replace(accounts or [account("a"), account("b"), account("c")])
    return made


def names(given: Pool, **wish: str) -> list[str]:
    seen = given.preview(OPENAI, "m", prefer=wish.get("prefer"), alias=wish.get("alias"))
    return [each.account.partition("/")[2] for each in seen.asked]


@pytest.mark.parametrize("strategy", ["round-robin", "weighted", "fill-first", "least-busy", "quota-aware"])
def test_the_first_named_is_the_one_that_is_leased(strategy: Strategy) -> None:
    accounts = [structs.replace(account(name), weight=weight) for name, weight in (("a", 3), ("b", 1), ("c", 2))]
    one = pool(*accounts, strategy=strategy)
    for _ in range(12):
        foretold = names(one)
        assert sorted(foretold) == ["a", "b", "c"]
        assert names(one) == foretold
        with one.lease(OPENAI, "m") as lease:
            assert lease.account.alias == foretold[0]


def test_a_failover_goes_on_in_that_order() -> None:
    one = pool()
    foretold, tried = names(one), set[str]()
    for alias in foretold:
        with one.lease(OPENAI, "m", tried=tried) as lease:
            assert lease.account.alias == alias
            tried.add(lease.account.id)


def test_priorities_come_before_turns() -> None:
    one = pool(account("a", priority=2), account("b", priority=1), account("c", priority=1))
    assert names(one)[2] == "a"


def test_the_conversation_s_account_comes_first_and_a_pinned_one_before_it() -> None:
    one = pool()
    assert names(one, prefer=account("c").id)[0] == "c"
    one.replace([account("a"), structs.replace(account("b"), pinned=True), account("c")])
    assert names(one, prefer=account("c").id)[0] == "b"


def test_who_cannot_serve_is_told_with_the_end_of_it() -> None:
    one = pool()
    with one.lease(OPENAI, "m") as lease:
        lease.fail(failure(429), verdict(cool_s=30.0), "m")
    seen = one.preview(OPENAI, "m", only={account("a").id, account("b").id})
    (lacking, resting) = sorted(seen.waiting, key=lambda each: each.until or 0.0)
    assert (lacking.account, lacking.why, lacking.until) == ("openai/c", "does not list the model", None)
    assert resting.account == "openai/a"
    assert resting.until is not None
    assert [each.account for each in seen.asked] == ["openai/b"]


def test_an_account_that_is_named_stands_alone() -> None:
    assert names(pool(), alias="b") == ["b"]
    assert names(pool(), alias="nobody") == []
