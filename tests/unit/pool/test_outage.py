"""When the provider is down: one breaker for its accounts, and none of them is blamed."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from msgspec import structs
from support.pool_kit import NOW, OPENAI, FakeClock, account, failure, pool_of, verdict

from a2a.auth.records import QwenToken
from a2a.control.types import AccountView, Standing
from a2a.pool.outage import DOWN, ENOUGH, GRACE_S, MAX_OPEN_S, OPEN_S, PROBING, WINDOW_S
from a2a.pool.pool import Busy, Pool, Refused
from a2a.secret import Secret

QWEN = "openai-qwen-oauth"
BROKEN = verdict(reason="server_error", cool_s=5.0, doubling=True, max_s=60.0)
GONE = failure(502, code="unreachable", message="cannot reach api")


def pool(*names: str, clock: FakeClock | None = None, **options: Any) -> Pool:
    return pool_of(*(account(name) for name in names), clock=clock, **options)


def fail(made: Pool, alias: str, told: Any = None, judged: Any = BROKEN, provider: str = OPENAI) -> Any:
    """By a request that got this account without naming it."""
    others = {member.account.id for member in made.members() if member.account.alias != alias}
    with made.lease(provider, "m", tried=others) as lease:
        return lease.fail(told or failure(503), judged, "m")


def serve(made: Pool, alias: str | None = None) -> str:
    with made.lease(OPENAI, "m", alias=alias) as lease:
        lease.succeed()
        return lease.account.alias


def refused(made: Pool) -> Refused:
    with pytest.raises(Refused) as caught:
        made.lease(OPENAI, "m")
    return caught.value


def states(made: Pool) -> dict[str, tuple[str, str | None]]:
    return {view.alias: (view.state, view.reason) for view in made.views()}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_one_account_in_trouble_is_its_own_trouble(clock: FakeClock) -> None:
    made = pool("a", "b", clock=clock)
    fail(made, "a")
    assert states(made) == {"a": ("cooling", "server_error"), "b": ("ready", None)}
    assert serve(made) == "b"


def test_where_every_account_meets_a_5xx_the_provider_is_down(clock: FakeClock) -> None:
    made = pool("a", "b", clock=clock)
    fail(made, "a")
    fault = fail(made, "b")
    assert (fault.scope, fault.until) == ("provider", NOW + OPEN_S)
    assert states(made) == {"a": ("cooling", "provider_down"), "b": ("cooling", "provider_down")}
    told = refused(made)
    assert all(item.why == f"{DOWN}: it broke" for item in told.decision.considered)
    assert (told.retry_after_s, told.limited, made.can_serve()) == (OPEN_S, False, False)


def test_no_account_is_punished_besides(clock: FakeClock) -> None:
    made = pool("a", "b", clock=clock)
    fail(made, "a")
    fail(made, "b")
    clock.tick(OPEN_S)
    assert states(made) == {"a": ("ready", None), "b": ("ready", None)}
    assert [member.health().failures for member in made.members()] == [0, 0]
    assert [view.counts.failures for view in made.views()] == [1, 1]


def test_two_accounts_that_cannot_reach_it_are_enough(clock: FakeClock) -> None:
    made = pool("a", "b", "c", clock=clock)
    fail(made, "a", GONE)
    fail(made, "b", GONE)
    assert states(made)["c"] == ("cooling", "provider_down")


def test_with_a_5xx_whoever_is_left_is_asked(clock: FakeClock) -> None:
    made = pool("a", "b", "c", clock=clock)
    fail(made, "a")
    fail(made, "b")
    assert serve(made) == "c"
    assert states(made)["a"] == ("cooling", "server_error")


def test_of_a_large_pool_not_everybody_is_asked(clock: FakeClock) -> None:
    made = pool(*"abcdefgh", clock=clock)
    for name in "abcdefgh"[:ENOUGH]:
        fail(made, name)
    assert states(made)["h"] == ("cooling", "provider_down")


def test_requests_that_name_their_accounts_say_nothing_about_the_others(clock: FakeClock) -> None:
    made = pool("a", "b", clock=clock)
    for alias in ("a", "b"):
        with made.lease(OPENAI, "m", alias=alias) as lease:
            lease.fail(GONE, BROKEN, "m")
    assert states(made) == {"a": ("cooling", "server_error"), "b": ("cooling", "server_error")}


def test_who_rests_or_is_switched_off_for_another_reason_does_not_count(clock: FakeClock) -> None:
    made = pool_of(account("a"), account("b"), account("off", enabled=False), account("limited"), clock=clock)
    fail(made, "limited", failure(429), verdict(cool_s=99.0))
    fail(made, "a")
    fail(made, "b")
    assert states(made)["a"] == ("cooling", "provider_down")
    assert states(made)["limited"] == ("cooling", "rate_limited")


@pytest.mark.parametrize("between", ["served", "refused", "late"])
def test_an_answer_or_time_between_two_failures_begins_anew(clock: FakeClock, between: str) -> None:
    made = pool("a", "b", "c", clock=clock)
    fail(made, "a", GONE)
    match between:
        case "served":
            serve(made, "c")
        case "refused":
            fail(made, "c", failure(401), verdict("fail", "request"))
        case _:
            clock.tick(WINDOW_S + 0.1)
    fail(made, "b", GONE)
    assert states(made)["b"] == ("cooling", "server_error")


@pytest.mark.parametrize(
    ("told", "judged"),
    [
        (failure(502, "truncated"), BROKEN),
        (failure(504, "timeout"), verdict(reason="timeout", cool_s=15.0)),
        (failure(503), verdict("fail", "request", reason="capacity")),
        (failure(503), verdict("cool_down", "account_model", reason="capacity", cool_s=30.0)),
        (failure(502, code="proxy"), verdict(reason="proxy", cool_s=5.0)),
    ],
)
def test_what_does_not_say_that_the_provider_is_down(clock: FakeClock, told: Any, judged: Any) -> None:
    made = pool("a", "b", clock=clock)
    fail(made, "a", told, judged)
    fail(made, "b", told, judged)
    assert "provider_down" not in {reason for _, reason in states(made).values()}


def test_another_host_that_fails_is_not_this_one(clock: FakeClock) -> None:
    made = pool("a", "b", clock=clock)
    for _ in range(2):
        with made.lease(OPENAI, "m") as lease:
            lease.fail(GONE, BROKEN, "m", elsewhere=True)
    assert states(made) == {"a": ("cooling", "server_error"), "b": ("cooling", "server_error")}


def test_accounts_elsewhere_go_on(clock: FakeClock) -> None:
    other = account("far", urls={"base_url": "http://other/v1"})
    made = pool_of(account("a"), account("b"), other, clock=clock)
    fail(made, "a", GONE)
    fail(made, "b", GONE)
    assert serve(made) == "far"


def down(clock: FakeClock, *names: str) -> Pool:
    made = pool(*(names or ("a", "b")), clock=clock)
    fail(made, "a", GONE)
    fail(made, "b", GONE)
    return made


def test_one_request_goes_first_and_the_others_wait_for_it_a_moment(clock: FakeClock) -> None:
    made = down(clock)
    clock.tick(OPEN_S)
    probe = made.lease(OPENAI, "m")
    told = refused(made)
    assert isinstance(told, Busy)
    assert {item.why for item in told.decision.considered} == {PROBING}
    probe.succeed()
    assert serve(made) in "ab"
    probe.release()


def test_a_probe_that_takes_long_holds_up_nobody(clock: FakeClock) -> None:
    made = down(clock)
    clock.tick(OPEN_S)
    probe = made.lease(OPENAI, "m")
    clock.tick(GRACE_S)
    assert serve(made) in "ab"
    probe.release()


def test_a_probe_whose_client_leaves_makes_room_for_the_next(clock: FakeClock) -> None:
    made = down(clock)
    clock.tick(OPEN_S)
    made.lease(OPENAI, "m").release()
    made.lease(OPENAI, "m").release()


def test_a_probe_that_fails_opens_it_for_longer(clock: FakeClock) -> None:
    made = down(clock)
    rests = []
    for _ in range(6):
        clock.tick(refused(made).retry_after_s or 0.0)
        fail(made, "a", GONE)
        rests.append(refused(made).retry_after_s)
    assert rests == [pytest.approx(s) for s in (4.0, 8.0, 16.0, MAX_OPEN_S, MAX_OPEN_S, MAX_OPEN_S)]
    assert [member.health().failures for member in made.members()] == [0, 0]


def test_calls_that_were_out_when_it_opened_count_once(clock: FakeClock) -> None:
    made = pool("a", "b", clock=clock)
    out = [made.lease(OPENAI, "m") for _ in range(20)]
    for lease in out:
        lease.fail(GONE, BROKEN, "m")
        lease.release()
    assert refused(made).retry_after_s == pytest.approx(OPEN_S)
    clock.tick(OPEN_S)
    assert states(made) == {"a": ("ready", None), "b": ("ready", None)}


def test_an_older_success_does_not_close_it(clock: FakeClock) -> None:
    made = pool("a", "b", clock=clock)
    older = made.lease(OPENAI, "m")
    fail(made, "a", GONE)
    fail(made, "b", GONE)
    older.succeed()
    older.release()
    refused(made)


def test_a_success_closes_it_for_all(clock: FakeClock) -> None:
    made = down(clock)
    clock.tick(OPEN_S)
    serve(made)
    fail(made, "a", GONE)
    assert states(made) == {"a": ("cooling", "server_error"), "b": ("ready", None)}


def test_it_is_told_once_and_shown_for_each_account(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[AccountView] = []
    made = pool("a", "b", "c", clock=clock, on_change=seen.append)
    with caplog.at_level(logging.INFO):
        fail(made, "a", GONE)
        seen.clear()
        fail(made, "b", GONE)
    assert [record.getMessage().split()[0] for record in caplog.records] == ["provider_down"]
    assert {(view.alias, view.reason) for view in seen} >= {(name, "provider_down") for name in "abc"}


def test_an_account_alone_behind_its_origin_rests_by_itself(clock: FakeClock) -> None:
    made = pool("a", clock=clock)
    fail(made, "a", GONE)
    fault = made.views()[0]
    assert (fault.state, fault.reason, fault.until) == ("cooling", "server_error", NOW + 5.0)


def test_what_was_wrong_with_an_account_before_stays(clock: FakeClock) -> None:
    made = pool("a", "b", clock=clock)
    fail(made, "a", failure(429), verdict(cool_s=3.0, doubling=True))
    clock.tick(3.0)
    fail(made, "a", GONE)
    fail(made, "b", GONE)
    assert made.members()[0].health().failures == 1
    assert made.members()[0].reason == "rate_limited"


def test_a_new_list_of_accounts_keeps_it(clock: FakeClock) -> None:
    made = down(clock)
    made.replace([account("a"), account("b"), account("c")])
    assert states(made)["c"] == ("cooling", "provider_down")


def test_the_words_hold_no_secret_of_the_url(caplog: pytest.LogCaptureFixture) -> None:
    url, proxy = "http://user:hush@host/v1", "http://p:quiet@proxy:1"
    made = pool_of(*(account(name, urls={"base_url": url}, proxy=proxy) for name in "ab"))
    with caplog.at_level(logging.INFO):
        fail(made, "a", GONE)
        fail(made, "b", GONE)
    assert "openai at host" in caplog.text
    assert "hush" not in caplog.text
    assert "quiet" not in caplog.text


@pytest.mark.parametrize("how", ["reset", "probe"])
def test_a_reset_or_a_good_probe_of_one_account_brings_all_back(clock: FakeClock, how: str) -> None:
    made = down(clock)
    one = made.members()[1]
    if how == "reset":
        one.reset()
    else:
        one.stand(Standing(state="ready", message="fine"))
    assert states(made) == {"a": ("ready", None), "b": ("ready", None)}
    assert [serve(made), serve(made)] == ["a", "b"]


def qwen(*hosts: str, caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says when the accounts, whose tokens say where they are valid, cannot reach that."""
    made = pool_of(*(account(str(n), provider=QWEN, kind="oauth") for n in range(len(hosts))))
    for member, host in zip(made.members(), hosts, strict=True):
        token = QwenToken(access_token=Secret("token-of-ours"), resource_url=host)
        member.target(token, "generate", stream=True, model="coder-model")
        assert member.view().base_url == f"https://{host}/v1"
    with caplog.at_level(logging.INFO):
        for n in range(len(hosts)):
            fail(made, str(n), GONE, provider=QWEN)
    return [record.getMessage().split(" rest_s")[0] for record in caplog.records if "provider_down" in record.msg]


def test_where_a_token_is_valid_is_what_accounts_share(caplog: pytest.LogCaptureFixture) -> None:
    assert qwen("one.example", "one.example", caplog=caplog) == ["provider_down origin=qwen at one.example"]


def test_accounts_whose_tokens_are_valid_elsewhere_share_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert qwen("one.example", "two.example", caplog=caplog) == []


def test_other_metadata_forgets_where_a_token_was_valid(clock: FakeClock) -> None:
    made = pool_of(account("a", provider=QWEN, kind="oauth"), clock=clock)
    (member,) = made.members()
    token = QwenToken(access_token=Secret("token-of-ours"), resource_url="one.example")
    member.target(token, "generate", stream=True, model="coder-model")
    made.replace([structs.replace(member.account, urls={"base_url": "http://own/v1"})])
    assert made.views()[0].base_url == "http://own/v1"
