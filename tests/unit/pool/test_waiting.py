"""Waiting for a slot, in virtual time: who is served when, who is sent away, who gives up a place."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from msgspec import structs
from support.pool_kit import OPENAI, account, failure, pool_of, verdict
from support.virtual_time import LoopClock, play

from a2a.auth.records import Limits
from a2a.pool.pool import Busy, Lease, Pool, Refused, Wish

ONE = Limits(max_concurrency=1)
WISH = Wish(provider=OPENAI, model="m")


def made(*names: str, limits: Limits = ONE, **fields: Any) -> Pool:
    return pool_of(*(account(name, limits=limits, **fields) for name in names), clock=LoopClock())  # type: ignore[arg-type]


def at() -> float:
    return asyncio.get_running_loop().time()


def story(told: Coroutine[Any, Any, None]) -> None:
    play(told)


async def settle() -> None:
    """Let everybody run who can."""
    for _ in range(3):
        await asyncio.sleep(0)


def waiter(pool: Pool, wish: Wish = WISH, within_s: float = 30.0) -> asyncio.Task[Lease]:
    return asyncio.ensure_future(pool.wait(wish, within_s))


def test_a_freed_slot_goes_to_who_waits_longest() -> None:
    async def told() -> None:
        pool = made("a")
        held = pool.take(WISH)
        first, second = waiter(pool), waiter(pool)
        await settle()
        assert pool.waiting() == 2
        held.release()
        (await first).release()
        assert (await second).account.alias == "a"
        assert pool.waiting() == 0

    story(told())


def test_the_slot_is_handed_over_before_anybody_else_can_ask() -> None:
    async def told() -> None:
        pool = made("a")
        held = pool.take(WISH)
        first = waiter(pool)
        await settle()
        held.release()
        with pytest.raises(Busy):
            pool.take(WISH)
        assert (await first).member.in_flight == 1

    story(told())


def test_the_wait_is_told_in_the_decision() -> None:
    async def told() -> None:
        pool = made("a")
        held = pool.take(WISH)
        asyncio.get_running_loop().call_later(2.5, held.release)
        lease = await pool.wait(WISH, 30.0)
        assert lease.decision.waited_ms == 2500.0

    story(told())


def test_nobody_waits_longer_than_agreed() -> None:
    async def told() -> None:
        pool = made("a")
        held = pool.take(WISH)
        with pytest.raises(Busy, match="openai/a at its concurrency limit") as caught:
            await pool.wait(WISH, 5.0)
        assert (at(), pool.waiting()) == (5.0, 0)
        assert (caught.value.limited, caught.value.retry_after_s) == (True, 1.0)
        held.release()

    story(told())


def test_whoever_leaves_gives_up_the_place() -> None:
    async def told() -> None:
        pool = made("a")
        held = pool.take(WISH)
        first, second = waiter(pool), waiter(pool)
        await settle()
        first.cancel()
        held.release()
        assert (await second).account.alias == "a"
        assert first.cancelled()

    story(told())


def test_whoever_leaves_at_the_moment_of_the_grant_passes_it_on() -> None:
    async def told() -> None:
        pool = made("a")
        held = pool.take(WISH)
        first, second = waiter(pool), waiter(pool)
        await settle()
        held.release()  # the slot is the first's
        first.cancel()  # who has not run since
        assert (await second).account.alias == "a"
        assert pool.members()[0].in_flight == 1

    story(told())


def test_time_frees_a_slot_too() -> None:
    async def told() -> None:
        pool = made("a", limits=Limits(min_interval_ms=1500))
        pool.take(WISH).release()
        lease = await pool.wait(WISH, 30.0)
        assert at() == pytest.approx(1.5, abs=0.01)
        lease.release()

    story(told())


def test_who_comes_as_the_time_is_up_does_not_overtake() -> None:
    async def told() -> None:
        pool = made("a", limits=Limits(min_interval_ms=1500))
        pool.take(WISH).release()
        first = waiter(pool)
        await settle()
        loop: Any = asyncio.get_running_loop()
        loop._jump.passed_s += 2.0  # the timer has not run yet
        with pytest.raises(Busy):
            pool.take(WISH)
        (await first).release()

    story(told())


def test_a_small_wish_does_not_starve_a_large_one() -> None:
    async def told() -> None:
        pool = made("a", limits=Limits(tpm=1000))
        pool.take(structs.replace(WISH, tokens=900)).release()
        large = waiter(pool, structs.replace(WISH, tokens=800), within_s=60.0)
        await settle()
        with pytest.raises(Busy, match="1 wait already"):
            pool.take(structs.replace(WISH, tokens=10))
        (await large).release()
        assert at() == pytest.approx(42.0, abs=0.1)

    story(told())


def test_different_wishes_share_the_order_of_coming() -> None:
    async def told() -> None:
        pool = made("a")
        held = pool.take(WISH)
        order = [waiter(pool, structs.replace(WISH, model=name)) for name in ("x", "y", "x", "y")]
        served: list[int] = []
        await settle()
        held.release()
        for number, task in enumerate(order):
            await settle()
            served += [number for other in order if other is task and other.done()]
            assert not any(later.done() for later in order[number + 1 :])
            task.result().release()
        assert served == [0, 1, 2, 3]

    story(told())


def test_a_wish_that_cannot_be_served_holds_up_nobody() -> None:
    async def told() -> None:
        pool = made("a", "b")
        leases = {lease.account.alias: lease for lease in (pool.take(WISH), pool.take(WISH))}
        for_a, for_any = waiter(pool, structs.replace(WISH, alias="a")), waiter(pool)
        await settle()
        leases["b"].release()
        assert (await for_any).account.alias == "b"
        assert not for_a.done()
        leases["a"].release()
        assert (await for_a).account.alias == "a"

    story(told())


@pytest.mark.parametrize("how", ["login", "cool", "disable", "remove"])
def test_where_the_account_goes_out_nobody_waits_on(how: str) -> None:
    async def told() -> None:
        pool = made("a")
        held = pool.take(WISH)
        task = waiter(pool)
        await settle()
        match how:
            case "login":
                held.fail(failure(401), verdict("needs_login"), "m")
            case "cool":
                held.fail(failure(429), verdict(cool_s=3.0), "m")
            case "disable":
                pool.replace([account("a", limits=ONE, enabled=False)])
            case _:
                pool.replace([])
        with pytest.raises(Refused) as caught:
            await task
        assert (isinstance(caught.value, Busy), at()) == (False, 0.0)

    story(told())


@pytest.mark.parametrize("how", ["reset", "arrive", "enable", "raise"])
def test_a_change_by_hand_serves_who_waits(how: str) -> None:
    async def told() -> None:
        other = account("b", limits=ONE, enabled=how != "enable")
        pool = made("a")
        if how != "arrive":
            pool.replace([account("a", limits=ONE), other])
        if how == "reset":
            pool.members()[1].hold("suspended", "suspended", "no")
        if how == "raise":
            pool.members()[1].hold("needs_login", "needs_login", "no")
        held = pool.take(WISH)
        task = waiter(pool)
        await settle()
        assert not task.done()
        match how:
            case "reset":
                pool.members()[1].reset()
            case "arrive" | "enable":
                pool.replace([account("a", limits=ONE), structs.replace(other, enabled=True)])
            case _:
                pool.replace([account("a", limits=Limits(max_concurrency=2)), other])
        assert (await task).account.alias == ("a" if how == "raise" else "b")
        held.release()

    story(told())


def test_another_account_that_rests_serves_when_its_rest_is_over() -> None:
    async def told() -> None:
        pool = made("a", "b")
        pool.take(WISH).release()
        with pool.lease(OPENAI, "m", alias="b") as lease:
            lease.fail(failure(429), verdict(cool_s=4.0), "m")
        held = pool.take(WISH)
        assert held.account.alias == "a"
        assert (await pool.wait(WISH, 30.0)).account.alias == "b"
        assert at() == pytest.approx(4.0, abs=0.01)

    story(told())


def test_a_conversation_waits_for_its_draining_account() -> None:
    async def told() -> None:
        own = account("a", limits=ONE, draining=True)
        pool = pool_of(own, clock=LoopClock())  # type: ignore[arg-type]
        wish = structs.replace(WISH, prefer=own.id)
        held = pool.take(wish)
        with pytest.raises(Refused, match="draining"):
            pool.take(WISH)
        task = waiter(pool, wish)
        await settle()
        held.release()
        assert (await task).account.alias == "a"

    story(told())
