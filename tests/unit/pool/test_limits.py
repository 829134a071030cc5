"""Our own limits of an account: whose value counts, what is free when, what is given back."""

from __future__ import annotations

from typing import Any

import pytest
from support.pool_kit import NOW, OPENAI, FakeClock, account, failure, pool_of, settings, verdict

from a2a.auth.records import Limits
from a2a.config import ProviderSettings
from a2a.messages import Usage
from a2a.pool.limits import OUT_OF_REQUESTS, OUT_OF_TOKENS, PACED, Bucket, Meter, limits_of, meter
from a2a.pool.pool import Busy, Pool

QWEN = "openai-qwen-oauth"


def pool(clock: FakeClock, **limits: int) -> Pool:
    return pool_of(account("a", limits=Limits(**limits)), clock=clock)


def use(pool: Pool, times: int = 1, **wish: Any) -> None:
    for _ in range(times):
        pool.lease(OPENAI, "m", **wish).release()


def refused(pool: Pool, **wish: Any) -> Busy:
    with pytest.raises(Busy) as caught:
        pool.lease(OPENAI, "m", **wish)
    return caught.value


@pytest.mark.parametrize(
    ("own", "provider", "rpm"),
    [
        ({}, {}, 0),
        ({"rpm": 7}, {"rpm": 9}, 7),
        ({}, {"rpm": 9}, 9),
    ],
)
def test_the_account_s_own_value_counts_before_its_provider_s(own: Any, provider: Any, rpm: int) -> None:
    assert limits_of(account(limits=Limits(**own)), ProviderSettings(**provider)).rpm == rpm


@pytest.mark.parametrize(
    ("kind", "provider", "rpm"),
    [("oauth", {}, 60), ("api_key", {}, 0), ("oauth", {"rpm": 0}, 0), ("oauth", {"rpm": 5}, 5)],
)
def test_qwen_s_logins_have_a_limit_of_their_own(kind: str, provider: Any, rpm: int) -> None:
    assert limits_of(account(provider=QWEN, kind=kind), ProviderSettings(**provider)).rpm == rpm


def test_without_a_limit_nothing_is_counted() -> None:
    assert meter(Limits(max_concurrency=3), 0.0) is None


def test_requests_per_minute_come_back_evenly(clock: FakeClock) -> None:
    made = pool(clock, rpm=6)
    use(made, 6)
    told = refused(made)
    assert OUT_OF_REQUESTS in told.message
    assert (told.limited, told.retry_after_s) == (True, pytest.approx(10.0, abs=0.01))
    clock.tick(9.9)
    refused(made)
    clock.tick(0.1)
    use(made)
    refused(made)


def test_a_pause_fills_no_more_than_a_minute(clock: FakeClock) -> None:
    made = pool(clock, rpm=6)
    use(made, 6)
    clock.tick(3600)
    use(made, 6)
    refused(made)


def test_the_interval_between_two_requests(clock: FakeClock) -> None:
    made = pool(clock, min_interval_ms=1500)
    use(made)
    assert PACED in refused(made).message
    clock.tick(1.5)
    use(made)


def test_tokens_are_taken_by_estimate_and_settled_by_what_it_was(clock: FakeClock) -> None:
    made = pool(clock, tpm=1000)
    with made.lease(OPENAI, "m", tokens=100) as lease:
        lease.succeed(Usage(input=500, output=600))
    assert OUT_OF_TOKENS in refused(made, tokens=1).message
    clock.tick(6.1)  # 100 of debt
    use(made, tokens=1)


def test_an_estimate_that_was_too_high_is_given_back(clock: FakeClock) -> None:
    made = pool(clock, tpm=1000)
    with made.lease(OPENAI, "m", tokens=900) as lease:
        lease.succeed(Usage(input=10, output=10))
    use(made, tokens=950)


@pytest.mark.parametrize(("kind", "free"), [("upstream", True), ("truncated", False), ("timeout", False)])
def test_what_failed_before_it_was_read_costs_nothing(clock: FakeClock, kind: str, free: bool) -> None:
    made = pool(clock, tpm=1000)
    with made.lease(OPENAI, "m", tokens=900) as lease:
        lease.fail(failure(502, kind), verdict("fail", "request"), "m")
    if free:
        use(made, tokens=900)
    else:
        refused(made, tokens=900)


def test_more_than_a_minute_holds_waits_for_a_full_one(clock: FakeClock) -> None:
    made = pool(clock, tpm=1000)
    use(made, tokens=5000)
    clock.tick(299.0)
    refused(made, tokens=5000)
    clock.tick(2.0)
    use(made, tokens=5000)


def test_an_account_at_its_limit_is_skipped_with_the_word_and_the_time(clock: FakeClock) -> None:
    made = pool_of(account("a", limits=Limits(rpm=1)), account("b"), clock=clock)
    use(made)
    with made.lease(OPENAI, "m") as lease:
        assert lease.account.alias == "b"
        (skipped, _) = lease.decision.considered
    assert (skipped.account, skipped.why) == ("openai/a", OUT_OF_REQUESTS)
    assert skipped.until == pytest.approx(NOW + 60, abs=0.01)


def test_changed_limits_hold_at_once_and_what_was_used_stays_used(clock: FakeClock) -> None:
    made = pool(clock, rpm=10)
    use(made, 10)
    made.replace([account("a", limits=Limits(rpm=20))])
    use(made, 10)
    refused(made)
    made.replace([account("a")])
    use(made, 5)


def test_a_provider_s_changed_limit_holds_at_once(clock: FakeClock) -> None:
    from a2a.providers.registry import build

    made = pool(clock)
    use(made, 5)
    made.adopt({OPENAI: build(settings(openai={"rpm": 1}))[OPENAI]})
    use(made)
    refused(made)


def test_only_who_limits_tokens_wants_them_counted(clock: FakeClock) -> None:
    assert pool(clock, tpm=5).counts_tokens(OPENAI)
    assert not pool(clock, rpm=5).counts_tokens(OPENAI)
    assert not pool(clock).counts_tokens(OPENAI)


def test_a_computed_wait_suffices() -> None:
    for per_minute in (1, 3, 7, 59, 60, 1000):
        bucket = Bucket(per_minute, 0.1)
        at = 0.1
        for _ in range(200):
            at += bucket.wait_s(1, at)
            assert bucket.wait_s(1, at) == 0.0
            bucket.take(1, at)


def test_a_new_limit_begins_full() -> None:
    assert Meter(Limits(rpm=1, tpm=1), 5.0).why_not(1, 5.0) is None


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
