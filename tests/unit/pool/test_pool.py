"""Which account gets the next attempt, and what is said when none can."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from msgspec import structs
from support.pool_kit import KIRO, NOW, OPENAI, FakeClock, account, failure, pool_of, settings, verdict

from a2a.auth.records import Limits
from a2a.clock import SystemClock
from a2a.config import Settings
from a2a.control.types import AccountView
from a2a.errors import ConfigError, NoAccount
from a2a.messages import Usage
from a2a.pool.pool import Pool
from a2a.pool.selection import strategy
from a2a.providers.registry import build

COOL = verdict(cool_s=30.0)


def take(pool: Pool, **options: Any) -> str:
    """The alias of the next account; the lease is given back at once."""
    with pool.lease(OPENAI, "m", **options) as lease:
        return lease.account.alias


def rest(pool: Pool, alias: str, **fields: Any) -> None:
    """Let one account fail, so that it rests."""
    lease = pool.lease(OPENAI, "m", alias=alias)
    lease.fail(failure(429), verdict(**{"cool_s": 30.0, **fields}), "m")
    lease.release()


def refusal(pool: Pool, **options: Any) -> NoAccount:
    with pytest.raises(NoAccount) as caught:
        pool.lease(OPENAI, "m", **options)
    return caught.value


def test_round_robin_takes_turns() -> None:
    pool = pool_of(account("a"), account("b"), account("c"))
    assert [take(pool) for _ in range(6)] == ["a", "b", "c", "a", "b", "c"]


def test_one_that_comes_back_gets_one_turn_and_not_those_it_missed() -> None:
    clock = FakeClock()
    pool = pool_of(account("a"), account("b"), clock=clock)
    rest(pool, "a")
    assert [take(pool) for _ in range(3)] == ["b", "b", "b"]
    clock.tick(30.0)
    assert [take(pool) for _ in range(4)] == ["a", "b", "a", "b"]


def test_lower_priority_numbers_go_first() -> None:
    pool = pool_of(account("spare", priority=1), account("main", priority=0))
    assert {take(pool) for _ in range(4)} == {"main"}


def test_the_next_tier_serves_while_the_first_rests() -> None:
    clock = FakeClock()
    pool = pool_of(account("spare", priority=1), account("main", priority=0), clock=clock)
    rest(pool, "main")
    assert take(pool) == "spare"
    clock.tick(30.0)
    assert take(pool) == "main"


def test_an_account_tried_before_is_not_given_again() -> None:
    a, b = account("a"), account("b")
    pool = pool_of(a, b)
    assert take(pool, tried={a.id}) == "b"
    assert "openai/a tried before" in refusal(pool, tried={a.id, b.id}).message


def test_the_named_account_and_no_other() -> None:
    pool = pool_of(account("a"), account("b"))
    assert [take(pool, alias="b") for _ in range(3)] == ["b", "b", "b"]


def test_only_accounts_that_list_the_model() -> None:
    a, b = account("a"), account("b")
    pool = pool_of(a, b)
    assert [take(pool, only={b.id}) for _ in range(2)] == ["b", "b"]
    assert "does not list the model" in refusal(pool, only={"nobody"}).message


def test_while_one_is_on_trial_others_serve() -> None:
    clock = FakeClock()
    pool = pool_of(account("a"), account("b"), clock=clock)
    rest(pool, "a")
    clock.tick(30.0)
    with pool.lease(OPENAI, "m", alias="a") as trial:
        assert [take(pool) for _ in range(3)] == ["b", "b", "b"]
        trial.succeed()
        assert take(pool) == "a"


def test_a_single_account_on_trial_still_serves_everybody() -> None:
    clock = FakeClock()
    pool = pool_of(account("a"), clock=clock)
    rest(pool, "a")
    clock.tick(30.0)
    with pool.lease(OPENAI, "m"):
        assert take(pool) == "a"


def test_a_lease_gives_its_slot_back_once() -> None:
    pool = pool_of(account("a", limits=Limits(max_concurrency=1)))
    with pool.lease(OPENAI, "m") as lease:
        assert "at its concurrency limit" in refusal(pool).message
    lease.release()
    assert [member.in_flight for member in pool.members()] == [0]
    assert take(pool) == "a"


def test_a_lease_is_given_back_whatever_happens() -> None:
    pool = pool_of(account("a"))
    with pytest.raises(ZeroDivisionError), pool.lease(OPENAI, "m"):
        raise ZeroDivisionError
    assert pool.members()[0].in_flight == 0


def test_what_happened_comes_back_through_the_lease() -> None:
    pool = pool_of(account("a"))
    with pool.lease(OPENAI, "m") as lease:
        lease.succeed(Usage(input=3, output=4))
    assert (lease.name, lease.provider.id) == ("openai/a", OPENAI)
    assert pool.views()[0].counts.input_tokens == 3


def test_the_decision_tells_what_was_seen() -> None:
    pool = pool_of(account("a"), account("b"), account("off", enabled=False))
    decision = pool.lease(OPENAI, "m").decision
    assert (decision.strategy, decision.picked) == ("round-robin", "openai/a")
    assert {item.account: item.why for item in decision.considered} == {
        "openai/off": "disabled",
        "openai/a": "picked",
        "openai/b": "not its turn",
    }


def test_when_none_can_serve_each_is_named_with_its_wait() -> None:
    pool = pool_of(account("a"), account("b"), account("off", enabled=False))
    rest(pool, "a", cool_s=30.0)
    rest(pool, "b", cool_s=12.0, reason="server_error")
    told = refusal(pool)
    for words in ("openai/a cooling: rate_limited for 30 s", "openai/b cooling: server_error for 12 s"):
        assert words in told.message
    assert "openai/off disabled" in told.message
    assert (told.retry_after_s, told.limited) == (12.0, False)


@pytest.mark.parametrize(
    ("reasons", "limited"),
    [(("rate_limited", "quota_spent"), True), (("rate_limited", "server_error"), False)],
)
def test_a_limit_is_told_apart_from_trouble(reasons: tuple[str, str], limited: bool) -> None:
    pool = pool_of(account("a"), account("b"))
    rest(pool, "a", reason=reasons[0])
    rest(pool, "b", reason=reasons[1])
    assert refusal(pool).limited is limited


def test_where_only_a_person_helps_there_is_no_wait() -> None:
    pool = pool_of(account("a"))
    rest(pool, "a", action="needs_login")
    told = refusal(pool)
    assert (told.retry_after_s, told.limited) == (None, False)


@pytest.mark.parametrize(
    ("alias", "message"), [(None, "there is no openai account"), ("x", "there is no account openai/x")]
)
def test_a_pool_without_such_an_account_names_the_login(alias: str | None, message: str) -> None:
    told = refusal(pool_of(account("k", provider=KIRO)), alias=alias)
    assert (told.message, told.hint, told.retry_after_s) == (message, "a2a login openai", None)


def test_a_new_list_keeps_the_state_of_those_that_stay() -> None:
    clock = FakeClock()
    a, b = account("a"), account("b")
    pool = pool_of(a, b, clock=clock)
    rest(pool, "a")
    pool.replace([structs.replace(a, priority=5), account("c")])
    states = {member.account.alias: (member.state, member.account.priority) for member in pool.members()}
    assert states == {"a": ("cooling", 5), "c": ("ready", 0)}


def test_accounts_of_unknown_providers_are_left_out() -> None:
    pool = pool_of(account("a"), account("q", provider="gone-custom"))
    assert [view.alias for view in pool.views()] == ["a"]
    assert pool.members("gone-custom") == []


def test_ready_while_any_account_is() -> None:
    pool = pool_of(account("a"), account("off", enabled=False))
    assert pool.can_serve()
    rest(pool, "a")
    assert not pool.can_serve()


def test_changes_are_told_as_views() -> None:
    seen: list[AccountView] = []
    pool = pool_of(account("a"), on_change=seen.append)
    rest(pool, "a")
    assert [(view.alias, view.state, view.until) for view in seen] == [("a", "cooling", NOW + 30.0)]


def test_without_a_listener_changes_are_nobody_s_business() -> None:
    pool = pool_of(account("a"))
    rest(pool, "a")
    assert pool.views()[0].state == "cooling"


def test_providers_take_turns_apart() -> None:
    pool = pool_of(account("a"), account("b"), account("k", provider=KIRO))
    assert take(pool) == "a"
    with pool.lease(KIRO, "m") as lease:
        assert lease.account.alias == "k"
    assert take(pool) == "b"


def test_many_requests_at_once_are_spread() -> None:
    pool = pool_of(*(account(name) for name in "abc"))
    leases = [pool.lease(OPENAI, "m") for _ in range(9)]
    assert Counter(lease.account.alias for lease in leases) == {"a": 3, "b": 3, "c": 3}


def test_the_strategy_comes_from_provider_or_server() -> None:
    assert strategy("round-robin").name == "round-robin"
    with pytest.raises(ConfigError, match="unknown strategy 'dice'") as caught:
        pool_of(given=settings({"strategy": "dice"}))
    assert caught.value.hint == "known: round-robin, weighted, fill-first, least-busy, quota-aware"


def test_by_default_the_clock_is_the_machine_s() -> None:
    pool = Pool(build(Settings()))
    pool.replace([account("a")])
    with pool.lease(OPENAI, "m") as lease:
        assert abs((lease.member.last_used_at or 0) - SystemClock().now()) < 60


def test_a_conversation_stays_on_its_account_while_that_can_serve() -> None:
    made = pool_of(account("a"), account("b"))
    first = made.members()[1]
    for _ in range(3):
        with made.lease(OPENAI, "m", prefer=first.account.id) as lease:
            assert lease.member is first
    first.hold("suspended", "suspended", "no")
    with made.lease(OPENAI, "m", prefer=first.account.id) as lease:
        assert lease.member is made.members()[0]


def test_calls_that_were_out_together_meet_one_incident() -> None:
    clock = FakeClock()
    pool = pool_of(account("a"), clock=clock)
    doubling = verdict(cool_s=10.0, doubling=True)
    leases = [pool.lease(OPENAI, "m") for _ in range(50)]
    for lease in leases:
        lease.fail(failure(429), doubling, "m")
        lease.release()
    (member,) = pool.members(OPENAI)
    assert (member.rest_s(), member.counts.failures) == (10.0, 50)
    clock.tick(10.0)
    rest(pool, "a", cool_s=10.0, doubling=True)
    assert member.rest_s() == 20.0


def test_an_answer_to_an_older_call_ends_no_rest() -> None:
    pool = pool_of(account("a"))
    older = pool.lease(OPENAI, "m")
    rest(pool, "a")
    older.succeed(Usage(input=3))
    older.release()
    (member,) = pool.members(OPENAI)
    assert (member.state, member.rest_s(), member.counts.successes) == ("cooling", 30.0, 1)


def test_the_trial_after_a_rest_ends_the_incident() -> None:
    clock = FakeClock()
    pool = pool_of(account("a"), clock=clock)
    rest(pool, "a", cool_s=10.0, doubling=True)
    clock.tick(10.0)
    with pool.lease(OPENAI, "m") as trial:
        trial.succeed()
    rest(pool, "a", cool_s=10.0, doubling=True)
    (member,) = pool.members(OPENAI)
    assert member.rest_s() == 10.0


def lacks(pool: Pool, alias: str) -> None:
    with pool.lease(OPENAI, "m", alias=alias) as lease:
        lease.fail(failure(404), verdict("next", "account_model", cool_s=3600.0), "m")


def test_where_everybody_lacks_the_model_they_are_asked_anew_once_each() -> None:
    pool = pool_of(account("a"), account("b"), account("off", enabled=False))
    lacks(pool, "a")
    lacks(pool, "b")
    with pool.lease(OPENAI, "m") as first:
        tried = {first.account.id}
        first.fail(failure(404), verdict("next", "account_model", cool_s=3600.0), "m")
    with pool.lease(OPENAI, "m", tried=tried) as second:
        assert {first.account.alias, second.account.alias} == {"a", "b"}
        second.fail(failure(404), verdict("next", "account_model", cool_s=3600.0), "m")
        tried.add(second.account.id)
    assert "tried before" in refusal(pool, tried=tried).message


def test_but_not_while_one_rests_that_may_have_it() -> None:
    pool = pool_of(account("a"), account("b"))
    lacks(pool, "a")
    rest(pool, "b")
    assert refusal(pool).retry_after_s == pytest.approx(30.0)


def test_a_preview_names_those_who_will_be_asked_anew() -> None:
    pool = pool_of(account("a"), account("b"))
    lacks(pool, "a")
    assert [each.why for each in pool.preview(OPENAI, "m").waiting] == ["model not available here"]
    lacks(pool, "b")
    seen = pool.preview(OPENAI, "m")
    assert ([each.why for each in seen.asked], seen.waiting) == (["its turn", "next in turn"], [])
    assert refusal(pool, tried={m.account.id for m in pool.members()}).status == 503


def test_where_only_the_user_helps_each_account_comes_with_its_remedy() -> None:
    pool = pool_of(account("a"), account("off", enabled=False))
    pool.members()[0].hold("needs_login", "token_dead", "it is dead", "log in again")
    assert refusal(pool).hint == "openai/a: log in again; a2a accounts enable openai/off"
    assert refusal(pool, alias="a").hint == "log in again"


def test_one_that_comes_back_by_itself_makes_a_switched_off_one_no_news() -> None:
    pool = pool_of(account("a"), account("off", enabled=False))
    rest(pool, "a")
    assert refusal(pool).hint is None
