"""The course of one request over targets and accounts: who is asked next, and what is waited for.

Every account of a target is asked once, at once; then the next target is. Only where that has served nobody the request
waits: for a slot, where an account is only at a limit of ours (before a `fallback` stands in for it), and for a retry
(`retries`). All waiting of a request ends `queue_timeout_s` after its arrival, or after `first_byte_timeout_s`
where that is less: it is one budget, and 0 means that nothing is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from msgspec import structs

from a2a.config import ServerSettings
from a2a.errors import NoAccount
from a2a.gateway.attempt import Job
from a2a.gateway.fallback import Walk
from a2a.gateway.report import Failed
from a2a.gateway.retries import Retries
from a2a.gateway.route import Choice
from a2a.pool.lease import NOBODY
from a2a.pool.pool import Busy, Lease, Pool, Refused, Wish

Attempt = Callable[[Job, Lease, Choice], Awaitable[Failed | None]]
"""One attempt; None when the client was served."""


class Course:
    """Of one request. `prefer`: the account its conversation is on, by provider id.

    After `run`: `failures`, and `nobody`, what the pool said when it had no account.
    """

    def __init__(
        self,
        job: Job,
        pool: Pool,
        server: ServerSettings,
        retries: Retries,
        attempt: Attempt,
        prefer: Callable[[str], str | None],
    ) -> None:
        self._job = job
        self._pool = pool
        self._server = server
        self._retries = retries
        self._attempt = attempt
        self._prefer = prefer
        self._walk = Walk(job.report)
        self._tried: dict[tuple[str, str], set[str]] = {}
        self._busy: list[tuple[Choice, Wish]] = []
        self._waited_ms = 0.0
        self.served_by: Lease | None = None
        self.ended_by: Failed | None = None
        """A failure behind which nobody else is asked."""
        self.nobody: NoAccount | None = None

    @property
    def failures(self) -> list[Failed]:
        return self._walk.failures

    async def run(self, choices: Sequence[Choice]) -> None:
        """Until one account has served, or nothing is left to try. Raises A2AError."""
        while not await self._round(choices):
            wait_s = self._retries.wait_s(self._pool, self._left_s(choices[0].route.provider))
            if wait_s is None:
                return
            await asyncio.sleep(wait_s)
            self._waited_ms = wait_s * 1000

    async def _round(self, choices: Sequence[Choice]) -> bool:
        """Every target once; whether that was the end."""
        self._busy.clear()
        for number, choice in enumerate(choices):
            if choice.route.via == "fallback" and await self._in_turn():
                return True
            if self._retries.done and not self._retries.accounts(choice):
                continue
            if await self._target(choice, last=number == len(choices) - 1):
                return True
        return await self._in_turn()

    async def _in_turn(self) -> bool:
        """Wait for slots where there may be some, one target after the other; whether that was the end."""
        while self._busy:
            if await self._slot(*self._busy.pop(0)):
                return True
        return False

    async def _slot(self, choice: Choice, wish: Wish) -> bool:
        left_s = self._left_s(wish.provider)
        if left_s <= 0:
            return False
        try:
            lease = await self._pool.wait(wish, left_s)
        except Refused as error:
            waited_ms = round((left_s - max(0.0, self._left_s(wish.provider))) * 1000, 2)
            error.decision = structs.replace(error.decision, waited_ms=waited_ms)
            self._refused(error)
            return False
        return await self._target(choice, last=True, lease=lease)

    async def _target(self, choice: Choice, *, last: bool, lease: Lease | None = None) -> bool:
        """Its accounts, one after the other; whether that was the end."""
        route, report = choice.route, self._job.report
        tried = self._tried.setdefault((route.provider, route.model), set())
        report.entry.route = route
        again = frozenset(self._retries.accounts(choice)) if self._retries.done else NOBODY
        tried -= again
        wish = self._wish(choice, again)
        begun = False
        while True:
            if tried:
                wish = structs.replace(wish, tried=frozenset(tried))
            if lease is None and (lease := self._lease(choice, wish)) is None:
                return False
            if not begun:
                begun = True
                self._walk.begin(choice)
            tried.add(lease.account.id)
            with lease:
                failed = await self._attempt(self._job, lease, choice)
            if failed is None:
                self.served_by = lease
                return True
            self._retries.note(choice, lease.account.id, failed)
            lease = None
            match self._walk.failed(choice, failed, last=last):
                case "account":
                    continue
                case "end" if failed.verdict.reason != "capacity" or failed.verdict.scope != "request":
                    self.ended_by = failed
                    return True
                case _:
                    return False

    def _lease(self, choice: Choice, wish: Wish) -> Lease | None:
        """None where nobody can serve it now."""
        try:
            lease = self._pool.take(wish)
        except Busy as error:
            self._busy.append((choice, wish))
            self._refused(error)
            return None
        except Refused as error:
            self._refused(error)
            return None
        if self._waited_ms:
            lease.waited(self._waited_ms)
            self._waited_ms = 0.0
        return lease

    def _refused(self, error: Refused) -> None:
        self._job.report.entry.unserved.append(error.decision)
        if self.nobody is None or isinstance(self.nobody, Busy):
            self.nobody = error

    def _wish(self, choice: Choice, again: frozenset[str]) -> Wish:
        route = choice.route
        return Wish(
            provider=route.provider,
            model=route.model,
            alias=route.account,
            only=choice.serving,
            prefer=self._prefer(route.provider),
            tokens=self._job.input_tokens() if self._pool.counts_tokens(route.provider) else 0,
            again=again,
        )

    def _left_s(self, provider_id: str) -> float:
        """Seconds that the request may still wait."""
        members = self._pool.members(provider_id)
        patience_s = self._server.queue_timeout_s
        if members:
            own = members[0].provider.settings.queue_timeout_s
            patience_s = patience_s if own is None else own
            patience_s = min(patience_s, members[0].provider.limits.first_byte_s or patience_s)
        return patience_s - self._job.report.ms() / 1000
