"""Whom the background asks what is left, how often, and what the answers may do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.pool_kit import KIRO, NOW, FakeClock, account, failure, pool_of, verdict

from a2a.auth.records import Account, ApiKey, KiroToken
from a2a.control.types import Quota, Standing
from a2a.errors import NeedsLogin, UpstreamTimeout
from a2a.gateway.quota import LOOK_S, SPENT_AFTER_S, QuotaPoll
from a2a.messages import Failure
from a2a.providers.base import SetUpRefused
from a2a.secret import Secret

pytestmark = pytest.mark.anyio

LEFT = Quota(unit="credit", limit=50.0, remaining=9.0, taken_at=NOW)
GOOD = Standing(state="ready", message="9 of 50 left", quota=[LEFT])
OTHER = "gemini-cli-oauth"


class Keeper:
    def __init__(self) -> None:
        self.refreshed = 0
        self.dead = False

    async def current(self, account: Account) -> KiroToken | ApiKey:
        if self.dead:
            raise NeedsLogin("dead")
        return KiroToken(kind="social", access_token=Secret("t"))

    async def refresh(self, account: Account, *, stale: object) -> KiroToken:
        self.refreshed += 1
        return KiroToken(kind="social", access_token=Secret("t2"))


class Stage:
    """A poll over these accounts; `answers` are given in turn, the last one for ever."""

    def __init__(self, *accounts: Account, answers: tuple[Any, ...] = (GOOD,), chance: float = 0.0) -> None:
        self.clock = FakeClock()
        self.pool = pool_of(*(accounts or (account("a", KIRO),)), clock=self.clock)
        self.keeper = Keeper()
        self.asked: list[str] = []
        self.answers = list(answers)
        for name in (KIRO, OTHER):
            for member in self.pool.members(name):
                member.provider.allowance = self._allowance  # type: ignore[method-assign]
        self.poll = QuotaPoll(self.pool, self.keeper, None, self.clock, chance=lambda: chance)  # type: ignore[arg-type]

    async def _allowance(self, account: Account, credential: object, egress: object) -> Standing:
        await asyncio.sleep(0)
        self.asked.append(account.alias)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Standing)
        return answer

    @property
    def member(self) -> Any:
        return self.pool.members()[0]

    async def after(self, seconds: float, *, used: bool = False, seen: bool = False) -> int:
        """How many were asked `seconds` later."""
        before = len(self.asked)
        self.clock.tick(seconds)
        if used:
            self.member.begin()
            self.member.end()
        if seen:
            self.poll.look()
        await self.poll.turn()
        return len(self.asked) - before


async def test_an_account_that_nobody_uses_or_sees_is_left_alone() -> None:
    stage = Stage()
    assert await stage.after(0) == await stage.after(1000) == 0


async def test_one_that_is_used_is_asked_every_five_minutes() -> None:
    stage = Stage()
    assert await stage.after(1, used=True) == 1
    assert await stage.after(299, used=True) == 0
    assert await stage.after(1, used=True) == 1
    assert await stage.after(1000) == 0
    assert stage.member.quota == [LEFT]


async def test_times_are_spread() -> None:
    stage = Stage(chance=1.0)
    assert [await stage.after(s, used=True) for s in (1, 301, 58, 1)] == [1, 0, 0, 1]


async def test_while_somebody_looks() -> None:
    stage = Stage(account("g", OTHER))
    assert await stage.after(1, used=True) == 0
    assert await stage.after(0, seen=True) == 1
    assert await stage.after(29) == 0
    assert await stage.after(1) == 1
    assert await stage.after(LOOK_S) == 0


@pytest.mark.parametrize("how", [{"enabled": False}, {}])
async def test_one_that_is_out_of_service_is_never_asked(how: dict[str, Any]) -> None:
    stage = Stage(account("a", KIRO, **how))
    if not how:
        stage.member.hold("suspended", "suspended", "m")
    assert await stage.after(1, used=True, seen=True) == 0


async def test_a_spent_allowance_is_looked_into_soon() -> None:
    stage = Stage()
    await stage.after(1, used=True)
    stage.clock.tick(1)
    stage.member.fail(failure(402, "quota"), verdict(reason="quota_spent", cool_s=3600.0, max_s=3600.0), "m")
    assert await stage.after(SPENT_AFTER_S - 2) == 0
    assert await stage.after(1) == 1
    assert await stage.after(SPENT_AFTER_S) == 0


async def test_what_is_spent_rests_until_it_is_renewed_but_not_for_ever() -> None:
    for reset_s, rest_s in ((7200.0, 7200.0), (30 * 86_400.0, 6 * 3600.0)):
        spent = Standing(state="cooling", message="spent", reason="quota_spent", until=NOW + 1 + reset_s)
        stage = Stage(answers=(spent,))
        stage.clock.tick(1)
        stage.member.fail(failure(402, "quota"), verdict(reason="quota_spent", cool_s=3600.0, max_s=3600.0), "m")
        await stage.after(0)
        assert stage.member.rest_s() == pytest.approx(rest_s)


async def test_figures_alone_take_nobody_out_of_service() -> None:
    stage = Stage(answers=(Standing(state="cooling", message="spent", reason="quota_spent", until=NOW + 99),))
    assert await stage.after(1, used=True) == 1
    assert stage.member.state == "ready"


@pytest.mark.parametrize(
    "error",
    [UpstreamTimeout("nothing"), NeedsLogin("dead"), SetUpRefused(Failure("upstream", "no", 500))],
    ids=["timeout", "login", "refused"],
)
async def test_failures_judge_nobody(error: Exception) -> None:
    stage = Stage(answers=(error,))
    stage.keeper.dead = isinstance(error, NeedsLogin)
    await stage.after(1, used=True)
    assert (stage.member.state, stage.member.counts.failures, stage.member.quota) == ("ready", 0, [])


async def test_after_failures_it_is_asked_less_often() -> None:
    stage = Stage(answers=(UpstreamTimeout("nothing"),))
    assert await stage.after(1, used=True) == 1
    assert await stage.after(599, used=True) == 0
    assert await stage.after(1, used=True) == 1
    assert await stage.after(1199, used=True) == 0
    assert await stage.after(1, used=True) == 1


async def test_a_suspension_counts() -> None:
    stage = Stage(answers=(Standing(state="suspended", message="gone", reason="suspended", remedy="ask"),))
    await stage.after(1, used=True)
    assert (stage.member.state, stage.member.message, stage.member.remedy) == ("suspended", "gone", "ask")


async def test_a_refused_token_is_renewed_once() -> None:
    stage = Stage(answers=(Standing(state="needs_login", message="no"), GOOD))
    stage.keeper.refreshed = 0
    await stage.after(1, used=True)
    assert (stage.keeper.refreshed, stage.member.state, stage.member.quota) == (1, "ready", [LEFT])


async def test_a_token_refused_twice_needs_a_login() -> None:
    stage = Stage(answers=(Standing(state="needs_login", message="no"),))
    await stage.after(1, used=True)
    assert stage.member.state == "needs_login"
    assert "a2a login kiro" in stage.member.remedy


async def test_accounts_that_go_are_forgotten() -> None:
    stage = Stage()
    await stage.after(1, used=True)
    stage.pool.replace([])
    await stage.poll.turn()
    assert stage.poll._asked == {}
