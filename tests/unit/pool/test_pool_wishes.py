"""What the user wants of an account: drain, pin, and a name in the request; and that changes are told."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs
from support.pool_kit import CLAUDE, NOW, OPENAI, FakeClock, account, failure, pool_of, verdict

from a2a.control.types import AccountView
from a2a.errors import NoAccount
from a2a.pool.pool import Pool


def take(pool: Pool, **options: Any) -> str:
    with pool.lease(OPENAI, "m", **options) as lease:
        return lease.account.alias


A, B, C = account("a"), account("b"), account("c")


def drained() -> Pool:
    return pool_of(structs.replace(A, draining=True), B)


def pinned() -> Pool:
    return pool_of(A, structs.replace(B, pinned=True, priority=9), C)


def test_a_draining_account_gets_no_new_conversation() -> None:
    pool = drained()
    assert [take(pool) for _ in range(3)] == ["b", "b", "b"]
    assert pool.members()[0].state == "draining"


def test_its_own_conversations_go_on() -> None:
    pool = drained()
    assert [take(pool, prefer=A.id) for _ in range(3)] == ["a", "a", "a"]


def test_a_draining_account_serves_who_names_it() -> None:
    assert take(drained(), alias="a") == "a"


def test_a_draining_account_that_rests_serves_nobody() -> None:
    pool = drained()
    pool.members()[0].fail(failure(429), verdict(cool_s=30.0), "m")
    assert pool.members()[0].state == "draining"
    assert take(pool, prefer=A.id) == "b"
    with pytest.raises(NoAccount, match="openai/a cooling: rate_limited for 30 s"):
        take(pool, alias="a")


def test_a_disabled_account_serves_nobody_at_all() -> None:
    pool = pool_of(structs.replace(A, enabled=False), B)
    assert take(pool, prefer=A.id) == "b"
    with pytest.raises(NoAccount, match="openai/a disabled"):
        take(pool, alias="a")


def test_when_all_drain_a_new_conversation_is_told_so() -> None:
    with pytest.raises(NoAccount, match="openai/a draining"):
        take(pool_of(structs.replace(A, draining=True)))
    assert not pool_of(structs.replace(A, draining=True)).can_serve()


def test_the_pinned_account_takes_every_request() -> None:
    pool = pinned()
    assert {take(pool) for _ in range(4)} == {"b"}
    assert take(pool, prefer=A.id) == "b"
    with pool.lease(OPENAI, "m") as lease:
        assert {item.why for item in lease.decision.considered} == {"picked: pinned", "not its turn"}


def test_a_name_in_the_request_outranks_the_pin() -> None:
    assert take(pinned(), alias="c") == "c"


def test_while_the_pinned_one_cannot_serve_others_do() -> None:
    clock = FakeClock()
    pool = pool_of(A, structs.replace(B, pinned=True), clock=clock)
    pool.members()[1].fail(failure(429), verdict(cool_s=30.0), "m")
    assert [take(pool), take(pool, prefer=A.id)] == ["a", "a"]
    clock.tick(30.0)
    assert take(pool) == "b"


def test_a_pin_holds_for_its_provider_alone() -> None:
    pool = pool_of(A, account("k", provider=CLAUDE, pinned=True), B)
    assert [take(pool), take(pool)] == ["a", "b"]


def test_a_change_of_settings_is_told() -> None:
    seen: list[AccountView] = []
    pool = pool_of(A, B, on_change=seen.append)
    assert seen == []
    pool.replace([A, structs.replace(B, enabled=False)])
    assert [(view.alias, view.state) for view in seen] == [("b", "disabled")]


def test_a_removed_account_ends_its_calls_in_silence() -> None:
    seen: list[AccountView] = []
    pool = pool_of(A, B, on_change=seen.append)
    lease = pool.lease(OPENAI, "m", alias="a")
    pool.replace([B])
    lease.fail(failure(429), verdict(cool_s=30.0), "m")
    lease.release()
    assert (lease.member.in_flight, seen) == (0, [])
    assert pool.member(A.id) is None


def test_an_account_by_its_id() -> None:
    pool = pool_of(A, B)
    found = pool.member(B.id)
    assert found is not None
    assert found.name == "openai/b"


def test_the_detail_of_an_account_at_work() -> None:
    pool = pool_of(structs.replace(A, source="KEY", created_at=NOW))
    with pool.lease(OPENAI, "m"):
        detail = pool.members()[0].detail()
    assert (detail.in_flight, detail.source, detail.created_at, detail.last_used_at) == (1, "KEY", NOW, NOW)
