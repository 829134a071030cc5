"""What the pool is asked for and what it gives: a wish becomes a lease, or the reason why nobody can serve it."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol

from msgspec import Struct, structs

from a2a.auth.records import Account
from a2a.control.types import Decision, Fault
from a2a.errors import NoAccount
from a2a.messages import Failure, Usage
from a2a.pool.account import PoolAccount
from a2a.pool.outage import is_answer, is_outage
from a2a.providers.faults import Verdict

_HALF_SERVED = ("truncated", "timeout")
"""Kinds of failure behind which the upstream may have read the request: its tokens stay counted."""


NOBODY: frozenset[str] = frozenset()


class Wish(Struct, frozen=True, kw_only=True):
    """One attempt to be made; the fields are those of `Pool.lease`."""

    provider: str
    model: str
    tried: frozenset[str] = NOBODY
    alias: str | None = None
    only: frozenset[str] | None = None
    prefer: str | None = None
    tokens: int = 0
    again: frozenset[str] = NOBODY


class Refused(NoAccount):
    """Nobody can serve the wish now. `decision`: whom the pool looked at."""

    decision: Decision


class Busy(Refused):
    """Every account that could serve it is at a limit of ours: it may wait for its turn."""


class Freed(Protocol):
    """Who wants to know that an account has room again."""

    count: int

    def pump(self) -> None: ...


class Lease:
    """One account for one attempt, as a context manager: leaving it gives the slot back, whatever happened."""

    __slots__ = (
        *("_line", "_named", "_open", "_outage", "_probe", "_seen", "_tokens", "_trial", "_trips"),
        *("account", "decision", "member", "name", "provider"),
    )

    def __init__(
        self, member: PoolAccount, decision: Decision, line: Freed, *, tokens: int = 0, named: bool = False
    ) -> None:
        """`tokens`: input, estimated. `named`: the client asked for this account."""
        self.member = member
        self.account: Account = member.account
        self.name: str = member.name
        self.provider = member.provider  # settings that change meanwhile are for the next attempt
        self.decision = decision
        self._line = line
        self._tokens = tokens
        self._named = named
        self._open = True
        self._seen = member.incidents
        self._outage = outage = member.outage
        self._trips = 0 if outage is None else outage.trips
        self._probe = outage is not None and outage.tripped and outage.begin()
        self._trial = member.begin(tokens)

    def succeed(self, usage: Usage | None = None) -> None:
        self.member.succeed(usage, seen=self._seen)
        if self._outage is not None:
            self._outage.succeeded(self._trips)
        if usage is not None:
            self._settle((usage.input or 0) + (usage.output or 0))

    def fail(self, failure: Failure, verdict: Verdict, model: str, *, elsewhere: bool = False) -> Fault:
        """Book it, on the account or on its provider. `elsewhere`: not the origin that answers calls has failed."""
        if failure.kind not in _HALF_SERVED:
            self._settle(0)
        if self._outage is not None and not elsewhere:
            if is_outage(failure, verdict):
                if self._says_down(failure):
                    return self._blame_provider(failure, verdict, model)
            elif is_answer(failure):
                self._outage.succeeded(self._trips)
        return self.member.fail(failure, verdict, model, seen=self._seen)

    def _says_down(self, failure: Failure) -> bool:
        """Whether it is the provider's. Requests that name their accounts are no sample of them: they open nothing."""
        assert self._outage is not None
        if self._named and not self._outage.tripped:
            return False
        return self._outage.failed(self.member, failure, self._trips)

    def _blame_provider(self, failure: Failure, verdict: Verdict, model: str) -> Fault:
        self.member.counts.failures += 1
        fault = self.member.fail(failure, structs.replace(verdict, scope="provider"), model)
        assert self._outage is not None
        return structs.replace(fault, until=self._outage.until())

    def waited(self, ms: float) -> None:
        """It had to wait so long for its turn."""
        self.decision = structs.replace(self.decision, waited_ms=round(self.decision.waited_ms + ms, 2))

    def _settle(self, used: int) -> None:
        """Once: the first that is known of it counts."""
        if self._tokens:
            self.member.settle(self._tokens, used)
            self._tokens = 0

    def release(self) -> None:
        if not self._open:
            return
        self._open = False
        self.member.end(trial=self._trial)
        if self._probe and self._outage is not None:
            self._outage.ended(self._trips)
        if self._line.count:
            self._line.pump()

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
