"""One account: its states, cooldowns on the monotonic clock, and the way back."""

from __future__ import annotations

import math
from typing import Any

import pytest
from msgspec import structs
from support.pool_kit import GEMINI, NOW, OPENAI, FakeClock, account, failure, settings, verdict

from a2a.auth.records import Limits
from a2a.control.types import AccountView, Quota
from a2a.messages import Usage
from a2a.pool.account import PoolAccount
from a2a.pool.cooldown import MAX_BLOCKS
from a2a.providers.base import ModelInfo
from a2a.providers.registry import build

COOL = verdict(cool_s=10.0, doubling=True, max_s=60.0)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def member(clock: FakeClock, openai: dict[str, Any] | None = None, **fields: Any) -> PoolAccount:
    return PoolAccount(account(**fields), build(settings(openai=openai or {}))[OPENAI], clock)


def test_a_new_account_is_ready(clock: FakeClock) -> None:
    one = member(clock)
    assert (one.state, one.why_not("m"), one.name) == ("ready", None, "openai/a")


def test_a_disabled_account_never_serves(clock: FakeClock) -> None:
    one = member(clock, enabled=False)
    assert one.state == "disabled"
    assert one.why_not("m") == ("disabled", None)


def test_a_profile_is_made_anew_for_another_list_entry_and_other_metadata(clock: FakeClock) -> None:
    def of(most: int) -> ModelInfo:
        return ModelInfo(id="gemini-3-pro", max_output=most)

    one = PoolAccount(account(provider=GEMINI), build(settings())[GEMINI], clock)
    entry = of(100)
    first = one.profile("gemini-3-pro", entry)
    assert (first.max_output, one.profile("gemini-3-pro", entry)) == (100, first)
    assert one.profile("gemini-3-pro", of(200)).max_output == 200
    mine = member(clock)
    assert mine.profile("gpt-5", None).family == "openai"
    mine.use(structs.replace(mine.account, urls={"base_url": "http://127.0.0.1:9"}))
    assert mine.profile("gpt-5", None).family == "other"


def test_a_new_name_shows_at_once(clock: FakeClock) -> None:
    one = member(clock)
    one.use(structs.replace(one.account, alias="b"))
    assert one.name == "openai/b"


def test_a_cooldown_ends_by_itself(clock: FakeClock) -> None:
    one = member(clock)
    one.fail(failure(429), COOL, "m")
    assert (one.state, one.rest_s()) == ("cooling", 10.0)
    clock.tick(9.5)
    assert one.why_not("m") == ("cooling: rate_limited", NOW + 10.0)
    clock.tick(0.5)
    assert (one.state, one.rest_s(), one.why_not("m")) == ("ready", 0.0, None)


def test_each_failure_in_a_row_doubles_the_rest_up_to_its_limit(clock: FakeClock) -> None:
    one = member(clock)
    rests = []
    for _ in range(5):
        one.fail(failure(429), COOL, "m")
        rests.append(one.rest_s())
        clock.tick(one.rest_s())
    assert rests == [10.0, 20.0, 40.0, 60.0, 60.0]


def test_an_answer_makes_the_next_rest_short_again(clock: FakeClock) -> None:
    one = member(clock)
    for _ in range(3):
        one.fail(failure(429), COOL, "m")
    one.succeed()
    assert (one.state, one.reason) == ("ready", None)
    one.fail(failure(429), COOL, "m")
    assert one.rest_s() == 10.0


def test_a_shorter_rest_does_not_cut_a_longer_one(clock: FakeClock) -> None:
    one = member(clock)
    one.fail(failure(429, retry_after=100.0), COOL, "m")
    one.fail(failure(500), verdict(cool_s=5.0), "m")
    assert one.rest_s() == 100.0


def test_the_fault_says_until_when_and_what_helps(clock: FakeClock) -> None:
    fault = member(clock).fail(failure(429, code="slow", message="too fast"), verdict(cool_s=7.0, remedy="wait"), "m")
    assert (fault.message, fault.status, fault.code) == ("too fast", 429, "slow")
    assert (fault.scope, fault.action, fault.at, fault.until) == ("account", "cool_down", NOW, NOW + 7.0)
    assert fault.remedy == "wait"


@pytest.mark.parametrize("action", ["needs_login", "needs_action", "suspended", "retired"])
def test_what_only_the_user_can_mend_has_no_end(clock: FakeClock, action: Any) -> None:
    one = member(clock)
    one.fail(failure(401), verdict(action), "m")
    clock.tick(1e9)
    assert one.state == action
    assert one.why_not("m") == (action, None)


def test_an_answer_of_an_older_request_does_not_lift_a_hold(clock: FakeClock) -> None:
    one = member(clock)
    one.fail(failure(403), verdict("suspended"), "m")
    one.succeed()
    assert one.state == "suspended"


def test_a_hold_by_hand_keeps_its_words(clock: FakeClock) -> None:
    one = member(clock)
    one.hold("needs_login", "token_dead", "the refresh token is dead", "a2a login kiro")
    assert (one.state, one.reason) == ("needs_login", "token_dead")
    assert one.last_fault is not None
    assert (one.last_fault.message, one.last_fault.remedy) == ("the refresh token is dead", "a2a login kiro")


def test_a_reset_forgets_rest_hold_and_blocks(clock: FakeClock) -> None:
    one = member(clock)
    one.fail(failure(429), COOL, "m")
    one.fail(failure(404), verdict("next", "account_model", cool_s=60.0), "m")
    one.hold("suspended", "suspended", "by the upstream")
    one.reset()
    assert (one.state, one.reason, one.rest_s(), one.why_not("m")) == ("ready", None, 0.0, None)


def test_disabled_outranks_every_other_state(clock: FakeClock) -> None:
    one = member(clock)
    one.hold("suspended", "suspended", "by the upstream")
    one.account = structs.replace(one.account, enabled=False)
    assert one.state == "disabled"


def test_a_model_is_blocked_alone_and_for_its_time(clock: FakeClock) -> None:
    one = member(clock)
    one.fail(failure(404), verdict("next", "account_model", cool_s=60.0), "m")
    assert one.state == "ready"
    assert one.why_not("m") == ("model not available here", NOW + 60.0)
    assert one.why_not("other") is None
    clock.tick(60.0)
    assert one.why_not("m") is None


@pytest.mark.parametrize("scope", ["request", "provider", "internal"])
def test_only_an_account_s_own_fault_touches_it(clock: FakeClock, scope: Any) -> None:
    changes: list[PoolAccount] = []
    one = member(clock)
    one.on_change = changes.append
    fault = one.fail(failure(400), verdict("fail", scope, cool_s=99.0), "m")
    assert (one.state, one.counts.failures, one.last_fault, changes) == ("ready", 0, None, [])
    assert (fault.scope, fault.until) == (scope, None)


@pytest.mark.parametrize(("of_account", "of_provider", "limit"), [(2, None, 2), (0, 1, 1), (2, 1, 2)])
def test_the_concurrency_limit(clock: FakeClock, of_account: int, of_provider: int | None, limit: int) -> None:
    one = member(clock, {"max_concurrency": of_provider}, limits=Limits(max_concurrency=of_account))
    for _ in range(limit):
        assert one.why_not("m") is None
        one.begin()
    assert one.why_not("m") == ("at its concurrency limit", None)
    one.end()
    assert one.why_not("m") is None


def test_after_a_rest_one_request_is_the_trial(clock: FakeClock) -> None:
    one = member(clock)
    one.fail(failure(429), COOL, "m")
    clock.tick(10.0)
    assert not one.on_trial
    one.begin()
    assert one.on_trial
    one.end()
    assert not one.on_trial


@pytest.mark.parametrize("served", [True, False])
def test_the_trial_ends_with_its_answer(clock: FakeClock, served: bool) -> None:
    one = member(clock)
    one.fail(failure(429), COOL, "m")
    clock.tick(10.0)
    one.begin()
    if served:
        one.succeed()
    else:
        one.fail(failure(429), COOL, "m")
    assert not one.on_trial
    assert one.state == ("ready" if served else "cooling")


def test_a_healthy_account_has_no_trial(clock: FakeClock) -> None:
    one = member(clock)
    one.begin()
    assert not one.on_trial


def test_counts(clock: FakeClock) -> None:
    one = member(clock)
    for _ in range(3):
        one.begin()
    one.succeed(Usage(input=5, output=7))
    one.succeed(Usage(input=1))
    one.fail(failure(500), COOL, "m")
    counts = one.counts
    assert (counts.requests, counts.successes, counts.failures) == (3, 2, 1)
    assert (counts.input_tokens, counts.output_tokens, one.last_used_at) == (6, 7, NOW)


def test_changes_of_health_are_told_and_ordinary_answers_not(clock: FakeClock) -> None:
    states: list[str] = []
    one = member(clock)
    one.on_change = lambda changed: states.append(changed.state)
    one.succeed()
    one.fail(failure(429), COOL, "m")
    one.succeed()
    one.succeed()
    one.hold("suspended", "suspended", "by the upstream")
    one.reset()
    assert states == ["cooling", "ready", "suspended", "ready"]


def test_the_view_while_cooling(clock: FakeClock) -> None:
    one = member(clock, label="me@x", priority=2, urls={"base_url": "http://here/v1"})
    one.fail(failure(429), COOL, "m")
    view: AccountView = one.view()
    assert (view.state, view.reason, view.until) == ("cooling", "rate_limited", NOW + 10.0)
    assert (view.label, view.priority, view.base_url) == ("me@x", 2, "http://here/v1")
    clock.tick(10.0)
    assert (one.view().state, one.view().reason, one.view().until) == ("ready", None, None)


# looking before a rest is over


def test_a_retry_may_look_before_a_rest_of_our_own_guess_is_over(clock: FakeClock) -> None:
    one = member(clock)
    one.fail(failure(503), verdict(reason="server_error", cool_s=10.0), "m")
    assert (one.again_s("m"), one.why_not("m", early=True)) == (0.0, None)
    assert one.why_not("m") is not None


@pytest.mark.parametrize(
    ("reason", "named", "again_s"),
    [("server_error", 4.0, 4.0), ("rate_limited", None, 10.0), ("rate_limited", 3.0, 3.0)],
)
def test_nobody_looks_before_what_the_upstream_asked_for(
    clock: FakeClock, reason: str, named: float | None, again_s: float
) -> None:
    one = member(clock)
    one.fail(failure(503, retry_after=named), verdict(reason=reason, cool_s=10.0), "m")
    assert one.again_s("m") == again_s
    assert one.why_not("m", early=True) is not None
    clock.tick(again_s)
    assert one.why_not("m", early=True) is None


def test_one_at_a_time_looks(clock: FakeClock) -> None:
    one = member(clock)
    one.fail(failure(503), verdict(reason="server_error", cool_s=10.0), "m")
    trial = one.begin()
    assert one.why_not("m", early=True) is not None
    one.end(trial=trial)
    assert one.why_not("m", early=True) is None


@pytest.mark.parametrize("action", ["needs_login", "suspended"])
def test_where_only_the_user_helps_nobody_looks_again(clock: FakeClock, action: Any) -> None:
    one = member(clock)
    one.fail(failure(401), verdict(action), "m")
    assert one.again_s("m") == math.inf


def test_a_blocked_model_is_looked_at_when_its_block_is_over(clock: FakeClock) -> None:
    one = member(clock)
    one.fail(failure(429), verdict("cool_down", "account_model", cool_s=8.0), "m")
    assert (one.again_s("m"), one.again_s("other")) == (8.0, 0.0)


def test_a_trial_ends_with_its_call_even_while_others_are_out(clock: FakeClock) -> None:
    one = member(clock)
    one.begin()  # a long call from before
    one.fail(failure(429), COOL, "m")
    clock.tick(10.0)
    trial = one.begin()
    assert (trial, one.on_trial, one.begin()) == (True, True, False)
    one.end(trial=False)
    assert one.on_trial
    one.end(trial=trial)
    assert not one.on_trial


def test_models_that_nobody_has_do_not_pile_up(clock: FakeClock) -> None:
    one = member(clock)
    for number in range(3 * MAX_BLOCKS):
        one.fail(failure(404), verdict("next", "account_model", cool_s=1.0), f"m{number}")
        clock.tick(0.1)
    assert len(one.health().blocks) <= 10
    assert len(one._models) <= MAX_BLOCKS


def test_what_an_upstream_says_of_an_allowance_replaces_what_it_said_before(clock: FakeClock) -> None:
    one = member(clock)
    one.note_quota([Quota(unit="request", remaining=5), Quota(unit="token", remaining=9)])
    lessons = one.lessons
    one.note_quota([Quota(unit="request", remaining=4)])
    assert {quota.unit: quota.remaining for quota in one.quota} == {"request": 4, "token": 9}
    assert one.lessons == lessons + 1
    one.note_quota([Quota(unit="request", remaining=4)])
    assert one.lessons == lessons + 1
