"""Thousands of histories of one pool in virtual time: clients that come, wait and leave, accounts that fail, people who
switch them, restarts. Whatever the order, the promises of docs/pool.md hold."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from random import Random
from typing import Any

import pytest
from msgspec import structs
from support.pool_kit import OPENAI, account, failure, pool_of, settings, verdict
from support.virtual_time import LoopClock, play

from a2a.auth.records import Account, Limits
from a2a.errors import NoAccount
from a2a.messages import Usage
from a2a.pool.pool import Busy, Lease, Pool, Refused, Wish

HISTORIES = 2000
CHUNKS = 10
LENGTH_S = 120.0
LONGEST_REST_S = 600.0
QUEUE_S = 20.0
STRATEGIES = ("round-robin", "weighted", "fill-first", "least-busy", "quota-aware")
SERVER_ERROR = verdict(reason="server_error", cool_s=5.0, doubling=True, max_s=60.0)
FAILURES = (
    (failure(429), verdict(cool_s=30.0, doubling=True, max_s=LONGEST_REST_S)),
    (failure(429, retry_after=7.0), verdict(cool_s=30.0)),
    (failure(503), SERVER_ERROR),
    (failure(502, code="unreachable"), SERVER_ERROR),
    (failure(504, "timeout"), verdict(reason="timeout", cool_s=15.0)),
    (failure(401), verdict("needs_login", reason="key_refused")),
    (failure(404, "not_found"), verdict("next", "account_model", reason="model_not_found", cool_s=60.0)),
    (failure(400, "bad_request"), verdict("fail", "request", reason="bad_request")),
)
EASE = 1e-6


class History:
    """One pool and everybody around it, by one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = Random(seed)
        self.clock = LoopClock()
        self.given = settings({"strategy": rng.choice(STRATEGIES)})
        self.accounts = [self._account(number) for number in range(rng.randint(1, 5))]
        self.pool = self._pool()
        self.begun: dict[str, list[float]] = defaultdict(list)
        self.tokens: dict[str, list[tuple[float, int]]] = defaultdict(list)
        self.arrived: list[int] = []
        self.granted: list[int] = []
        self.gave_up: set[int] = set()
        self.resting: dict[str, float] = {}
        self.restarts = 0

    def _account(self, number: int) -> Account:
        rng = self.rng
        limits = Limits(
            max_concurrency=rng.choice((0, 1, 1, 2, 4)),
            min_interval_ms=rng.choice((0, 0, 500)),
            rpm=rng.choice((0, 0, 6, 30)),
            tpm=rng.choice((0, 0, 2000)),
        )
        return account(f"n{number}", priority=rng.choice((0, 0, 1)), weight=rng.randint(1, 3), limits=limits)

    def _pool(self) -> Pool:
        return pool_of(*self.accounts, clock=self.clock, given=self.given)  # type: ignore[arg-type]

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    # --- the clients

    async def client(self, number: int) -> None:
        await asyncio.sleep(self.rng.uniform(0, LENGTH_S))
        leaves_s = self.rng.choice((None, None, self.rng.uniform(0, 30)))
        try:
            async with asyncio.timeout(leaves_s):
                await self.exchange(number)
        except TimeoutError:
            self.gave_up.add(number)

    async def exchange(self, number: int) -> None:
        """Account after account, as the gateway does it."""
        tried: set[str] = set()
        while True:
            wish = Wish(
                provider=OPENAI,
                model="m",
                tried=frozenset(tried),
                tokens=self.rng.choice((0, 100, 900)),
                prefer=self.rng.choice((None, None, self.rng.choice(self.accounts).id)),
            )
            lease = await self.lease(number, wish)
            if lease is None:
                return
            tried.add(lease.account.id)
            with lease:
                await asyncio.sleep(self.rng.choice((0.01, 0.5, 5.0)))
                if self.finish(lease):
                    return

    async def lease(self, number: int, wish: Wish) -> Lease | None:
        pool = self.pool
        try:
            lease = pool.take(wish)
        except Busy:
            began = self.now()
            first = not wish.tried and wish.prefer is None
            if first:
                self.arrived.append(number)
            try:
                lease = await pool.wait(wish, QUEUE_S)
            except Refused:
                self.gave_up.add(number)
                return None
            finally:
                assert self.now() - began <= QUEUE_S + EASE, "waited past its deadline"
            if first:
                self.granted.append(number)
        except Refused:
            return None
        self.check(lease, wish)
        return lease

    def check(self, lease: Lease, wish: Wish) -> None:
        """What holds of every lease the moment it is given, and for the waiting ones the moment they run again."""
        one, limits, at = lease.account, lease.account.limits, self.now()
        assert one.id not in wish.tried
        assert lease.member.in_flight <= (limits.max_concurrency or 10**9)
        picked = lease.decision.considered[-1]
        assert any(item.why.startswith("picked") for item in lease.decision.considered), picked
        begun = self.begun[one.id]
        assert not begun or at - begun[-1] >= limits.min_interval_ms / 1000 - EASE
        begun.append(at)
        minute = [when for when in begun if when > at - 60]
        assert not limits.rpm or len(minute) <= 2 * limits.rpm, "a full bucket and a minute of refill"

    def finish(self, lease: Lease) -> bool:
        """Whether the client has its answer."""
        if self.rng.random() < 0.7:
            lease.succeed(Usage(input=self.rng.choice((50, 1500)), output=20))
            return True
        told, judged = self.rng.choice(FAILURES)
        before = lease.member.health()
        lease.fail(told, judged, "m")
        if judged.scope == "request":
            assert lease.member.health() == before, "a client's mistake changed an account"
        return judged.scope == "request"

    # --- the people

    async def person(self) -> None:
        while self.now() < LENGTH_S:
            await asyncio.sleep(self.rng.uniform(1, 30))
            self.rng.choice((self.switch, self.switch, self.reset, self.restart))()
            await asyncio.sleep(0)  # whoever got a lease runs
            self.check_idle()

    def switch(self) -> None:
        index = self.rng.randrange(len(self.accounts))
        word = self.rng.choice(("enabled", "draining", "pinned"))
        one = self.accounts[index]
        self.accounts[index] = structs.replace(one, **{word: not getattr(one, word)})
        self.pool.replace(self.accounts)

    def reset(self) -> None:
        self.rng.choice(self.pool.members()).reset()

    def restart(self) -> None:
        """Another process with what was saved; whoever was in flight ends with the old one."""
        if self.restarts or any(member.in_flight for member in self.pool.members()) or self.pool.waiting():
            return
        self.restarts += 1
        old = {member.account.id: member for member in self.pool.members()}
        self.pool = self._pool()
        for member in self.pool.members():
            known = old[member.account.id]
            member.restore(known.health())
            assert member.serving == known.serving
            assert member.rest_s() == pytest.approx(known.rest_s(), abs=1e-3)
            self.begun[member.account.id].clear()  # our own limits begin anew

    def check_idle(self) -> None:
        """Nobody waits while somebody could serve: no wake-up is lost."""
        if self.pool.waiting():
            free = [m.name for m in self.pool.members() if m.why_not("m", tokens=900) is None]
            wants_all = set(self.arrived) - set(self.granted) - self.gave_up
            assert not (free and wants_all), (free, wants_all)

    # --- the whole

    async def play(self) -> None:
        people = [self.client(number) for number in range(self.rng.randint(5, 40))]
        stories: list[Coroutine[Any, Any, None]] = [self.person(), *people]
        await asyncio.gather(*stories)
        self.check_end()
        await asyncio.sleep(LONGEST_REST_S)
        for one in self.accounts:
            self.accounts[self.accounts.index(one)] = structs.replace(one, enabled=True, draining=False)
        self.pool.replace(self.accounts)
        for member in self.pool.members():
            assert member.held or member.state == "ready", (member.state, member.reason)
            assert member.held or member.why_not("m") is None

    def check_end(self) -> None:
        assert self.pool.waiting() == 0
        assert [member.in_flight for member in self.pool.members()] == [0] * len(self.accounts)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_promises_hold_over_any_history(chunk: int) -> None:
    for seed in range(chunk * HISTORIES // CHUNKS, (chunk + 1) * HISTORIES // CHUNKS):
        try:
            play(_story(seed))
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error


async def _story(seed: int) -> None:
    await History(seed).play()


@pytest.mark.parametrize("seed", range(200))
def test_who_waits_first_is_served_first(seed: int) -> None:
    """With equal wishes, whatever frees the slots and whoever leaves."""
    play(_queue(Random(seed)))


async def _queue(rng: Random) -> None:
    limits = Limits(
        max_concurrency=rng.choice((0, 1, 2)), rpm=rng.choice((0, 20)), min_interval_ms=rng.choice((0, 200))
    )
    pool = pool_of(account("a", limits=limits), account("b", limits=limits), clock=LoopClock())  # type: ignore[arg-type]
    wish = Wish(provider=OPENAI, model="m")
    asked: list[int] = []
    served: list[int] = []
    left: list[int] = []

    async def one(number: int) -> None:
        await asyncio.sleep(number * 0.05)
        asked.append(number)
        try:
            async with asyncio.timeout(rng.choice((None, None, 1.0))):
                try:
                    lease = pool.take(wish)
                except Busy:
                    lease = await pool.wait(wish, 500.0)
        except TimeoutError:
            left.append(number)
            return
        with lease:
            served.append(number)
            await asyncio.sleep(rng.uniform(0.1, 1.0))
            lease.succeed()

    await asyncio.gather(*(one(number) for number in range(40)))
    assert served == [number for number in asked if number not in left]
    assert (pool.waiting(), sum(member.in_flight for member in pool.members())) == (0, 0)


def test_nobody_waits_for_a_rest_or_a_person() -> None:
    async def story() -> float:
        pool = pool_of(account("a"), clock=LoopClock())  # type: ignore[arg-type]
        with pool.lease(OPENAI, "m") as lease:
            lease.fail(failure(429), verdict(cool_s=5.0), "m")
        with pytest.raises(NoAccount) as caught:
            pool.take(Wish(provider=OPENAI, model="m"))
        assert not isinstance(caught.value, Busy)
        return asyncio.get_running_loop().time()

    assert play(story()) == 0.0
