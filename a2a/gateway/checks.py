"""Active health checks, for those who want them: a tiny request to an account that nobody has used for a while.

Passive health is free and the default; a check costs quota, so a provider has to name a model for it, and each account
has a budget per day. A check is an ordinary call of the pipeline that names its account: it is recorded, judged and
booked like any other, and shows in the exchanges under the client name CLIENT.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from msgspec import Struct

from a2a.clock import Clock
from a2a.gateway.call import Call, Sink
from a2a.pool.account import PoolAccount
from a2a.pool.pool import Pool
from a2a.protocols.registry import FRONTS

log = logging.getLogger(__name__)

CLIENT = "health-check"
TICK_S = 15.0
"""How often to see who is due."""
AT_ONCE = 4
SPREAD = 0.2
"""Times are stretched by up to this share at random: accounts are not checked in step."""
_DAY_S = 86_400.0
_MOST_TOKENS = 16
"""Of an answer: the least that every upstream takes."""


class _Spent(Struct):
    """Checks of one account on one day (days since 1970, UTC). `next_at`: Unix seconds."""

    day: int
    checks: int = 0
    next_at: float = 0.0


class HealthChecks:
    """One per process. `answer`: serves one call (`Gateway.answer`)."""

    def __init__(
        self,
        pool: Pool,
        answer: Callable[[Call, Sink], Awaitable[object]],
        clock: Clock,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._pool = pool
        self._answer = answer
        self._clock = clock
        self._chance = chance
        self._spent: dict[str, _Spent] = {}

    async def turn(self) -> None:
        """Check the accounts that are due, a few at a time."""
        members = self._pool.members()
        known = {member.account.id for member in members}
        self._spent = {account_id: spent for account_id, spent in self._spent.items() if account_id in known}
        due = [member for member in members if self._due(member)]
        await asyncio.gather(*(self._check(member) for member in due[:AT_ONCE]))

    def _due(self, member: PoolAccount) -> bool:
        """Ready as far as is known, not used for long, and within its budget."""
        settings = member.provider.settings
        if not settings.health_check_model or member.state != "ready" or member.in_flight:
            return False
        now = self._clock.now()
        spent = self._today(member, now)
        if spent.checks >= settings.health_check_per_day or now < spent.next_at:
            return False
        return member.last_used_at is None or now - member.last_used_at >= settings.health_check_every_s

    def _today(self, member: PoolAccount, now: float) -> _Spent:
        day = int(now // _DAY_S)
        spent = self._spent.setdefault(member.account.id, _Spent(day))
        if spent.day != day:
            spent.day, spent.checks = day, 0
        return spent

    async def _check(self, member: PoolAccount) -> None:
        now = self._clock.now()
        settings = member.provider.settings
        spent = self._today(member, now)
        spent.checks += 1
        spent.next_at = now + settings.health_check_every_s * (1 + SPREAD * self._chance())
        body = {
            "model": f"{member.name}/{settings.health_check_model}",
            "messages": [{"role": "user", "content": "Say ok."}],
            "max_tokens": _MOST_TOKENS,
        }
        call = Call(front=FRONTS["chat"], path="/v1/chat/completions", body=msgspec.json.encode(body), client=CLIENT)
        sink = _Heard()
        await self._answer(call, sink)
        log.info("health_checked account=%s status=%s state=%s", member.name, sink.status, member.state)


class _Heard:
    """A sink that keeps the status alone."""

    status = 0

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        self.status = status

    async def write(self, data: bytes) -> None:
        pass
