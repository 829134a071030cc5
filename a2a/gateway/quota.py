"""What is left to accounts whose upstreams say so only when asked: asked politely, in the background.

Each account as often as its provider's spec allows at most, while it is used or somebody looks, and after a spent
allowance; never one that is disabled or waits for its user. What answers carry in headers comes without this.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable

from msgspec import Struct, structs

from a2a.auth.kinds import renewable
from a2a.auth.renewal import login_again
from a2a.auth.tokens import TokenKeeper
from a2a.clock import Clock
from a2a.control.types import Action, Standing
from a2a.errors import A2AError
from a2a.pool.account import PoolAccount
from a2a.pool.pool import Pool
from a2a.providers.base import PROBE_S, SetUpRefused
from a2a.providers.faults import MAX_COOL_S
from a2a.providers.http import Egress

log = logging.getLogger(__name__)

TICK_S = 5.0
"""How often to see who is due."""
LOOK_S = 90.0
"""Who has looked at the figures is taken to look on for so long."""
SPREAD = 0.2
"""Times are stretched by up to this share at random: accounts do not ask in step."""
AT_ONCE = 4
MOST_FAILURES = 4
"""Each failure in a row doubles the time to the next question, so often at most."""
SPENT_AFTER_S = 30.0
"""After a spent allowance an account is asked out of turn, but not sooner than this after the last time."""

_HELD: dict[str, Action] = {
    "needs_login": "needs_login",
    "needs_action": "needs_action",
    "suspended": "suspended",
    "retired": "retired",
}


class _Asked(Struct):
    """When an account was asked (monotonic and Unix seconds), and when it may be again (monotonic)."""

    at: float
    wall: float
    next_at: float
    failures: int = 0


class QuotaPoll:
    """One per process. `look()` says that somebody looks; `turn()` asks who is due."""

    def __init__(
        self,
        pool: Pool,
        keeper: TokenKeeper,
        egress: Egress,
        clock: Clock,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._pool = pool
        self._keeper = keeper
        self._egress = egress
        self._clock = clock
        self._chance = chance
        self._asked: dict[str, _Asked] = {}
        self._began = clock.now()
        self._looked_at: float | None = None

    def look(self) -> None:
        """Somebody sees the figures now."""
        self._looked_at = self._clock.monotonic()

    async def turn(self) -> None:
        """Ask the accounts that are due, a few at a time. Failures are logged, and judge nobody."""
        members = self._pool.members()
        known = {member.account.id for member in members}
        self._asked = {account_id: asked for account_id, asked in self._asked.items() if account_id in known}
        due = [member for member in members if self._due(member)]
        await asyncio.gather(*(self._ask(member) for member in due[:AT_ONCE]))

    def _due(self, member: PoolAccount) -> bool:
        provider = member.provider
        if not provider.allowance_every_s or not member.account.enabled or member.held:
            return False
        now = self._clock.monotonic()
        asked = self._asked.get(member.account.id)
        since = self._began if asked is None else asked.wall
        if provider.allowance_in_use and _spent_since(member, since):
            return asked is None or now >= asked.at + SPENT_AFTER_S
        if asked is not None and now < asked.next_at:
            return False
        if self._looked_at is not None and now - self._looked_at <= LOOK_S:
            return True
        return provider.allowance_in_use and (member.last_used_at or 0.0) > since

    async def _ask(self, member: PoolAccount) -> None:
        now = self._clock.monotonic()
        before = self._asked.get(member.account.id)
        every_s = member.provider.allowance_every_s * (1 + SPREAD * self._chance())
        asked = _Asked(now, self._clock.now(), now + every_s)
        self._asked[member.account.id] = asked
        try:
            async with asyncio.timeout(PROBE_S):
                found = await self._standing(member)
        except (A2AError, TimeoutError) as error:
            asked.failures = min((before.failures if before else 0) + 1, MOST_FAILURES)
            asked.next_at = now + every_s * 2**asked.failures
            log.info("quota_not_known account=%s error=%s", member.name, error)
            return
        self._learn(member, found)

    async def _standing(self, member: PoolAccount) -> Standing:
        """A refused token is renewed once, as in a request. Raises A2AError."""
        account, provider = member.account, member.provider
        try:
            credential = await self._keeper.current(account)
            found = await provider.allowance(account, credential, self._egress)
            if found.state == "needs_login" and renewable(credential) is not None:
                fresh = await self._keeper.refresh(account, stale=credential)
                found = await provider.allowance(account, fresh, self._egress)
        except SetUpRefused as error:
            return Standing(state="ready", message=error.message)
        return found

    def _learn(self, member: PoolAccount, found: Standing) -> None:
        if found.quota:
            member.note_quota(found.quota)
        if action := _HELD.get(found.state):
            remedy = login_again(member.account) if action == "needs_login" else found.remedy
            member.hold(action, found.reason or action, found.message, remedy)
        elif found.state == "cooling" and found.until and member.state == "cooling" and _is_spent(member):
            member.stand(structs.replace(found, until=min(found.until, self._clock.now() + MAX_COOL_S)))


def _is_spent(member: PoolAccount) -> bool:
    return member.reason == "quota_spent"


def _spent_since(member: PoolAccount, wall: float) -> bool:
    """Whether a call was refused for a spent allowance after that moment (Unix seconds)."""
    return _is_spent(member) and member.last_fault is not None and member.last_fault.at > wall
