"""When it is the provider that is down: one breaker for all accounts behind one origin, instead of a rest for each.

Closed: failures are counted per account. It opens where two accounts could not reach the origin, or where all accounts
that were in service met a 5xx (five are enough), without a success between and within WINDOW_S. Open: nobody is asked,
and no account is blamed. Then half open: one request goes first, the others wait for it at most GRACE_S (an answer may
be a long stream, of which nothing is heard until its end). The first success closes it, a failure opens it for longer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from a2a.clock import Clock
from a2a.messages import Failure
from a2a.providers.faults import Verdict

WINDOW_S = 10.0
OPEN_S = 2.0
MAX_OPEN_S = 30.0
GRACE_S = 1.0
ENOUGH = 5
"""So many accounts with a 5xx: nobody asks the rest of a large pool."""

DOWN = "provider down"
PROBING = "provider down: one request is trying it"

_log = logging.getLogger(__name__)


class Member(Protocol):
    """What the breaker knows of an account."""

    @property
    def name(self) -> str: ...

    @property
    def serving(self) -> bool:
        """In service by its own state."""
        ...

    def forgive(self) -> None:
        """Take back what the last failure did to it."""
        ...


class Outage:
    """Of one origin, which is named in words. Times: monotonic seconds. `on_change`: called when it opens or closes."""

    def __init__(self, origin: str, clock: Clock, on_change: Callable[[Outage], None]) -> None:
        self.origin = origin
        self.members: list[Member] = []
        self.trips = 0
        """Times it has opened; a lease remembers how many it began with."""
        self.message = ""
        self._clock = clock
        self._on_change = on_change
        self._failed: dict[Member, tuple[float, bool]] = {}  # when, and whether it could not be reached
        self._streak = 0
        self._until = 0.0
        self._probe_at: float | None = None

    @property
    def tripped(self) -> bool:
        """Open or half open."""
        return self._streak > 0

    def why_not(self, at: float) -> tuple[str, float] | None:
        """The word and the seconds until somebody may be asked; None while it is closed, or a probe is wanted."""
        if not self._streak:
            return None
        if self._until > at:
            return f"{DOWN}: {self.message}", self._until - at
        if self._probe_at is not None and self._probe_at + GRACE_S > at:
            return PROBING, self._probe_at + GRACE_S - at
        return None

    def until(self) -> float:
        """Wall time at which it may be asked again."""
        return self._clock.now() + max(0.0, self._until - self._clock.monotonic())

    def begin(self) -> bool:
        """A call goes out; whether it is the probe."""
        at = self._clock.monotonic()
        if not self._streak or (self._probe_at is not None and self._probe_at + GRACE_S > at):
            return False
        self._probe_at = at
        return True

    def ended(self, seen: int) -> None:
        """The probe is over, perhaps without a verdict: its client has left."""
        if seen == self.trips:
            self._probe_at = None

    def succeeded(self, seen: int) -> None:
        """The origin has answered a call that began when it had opened `seen` times."""
        if self._failed:
            self._failed.clear()
        if self._streak and seen == self.trips:
            self._streak, self._probe_at = 0, None
            _log.info("provider_up origin=%s", self.origin)
            self._on_change(self)

    def reset(self) -> None:
        """By hand, or because a probe was answered: it is up."""
        self.succeeded(self.trips)

    def failed(self, member: Member, failure: Failure, seen: int) -> bool:
        """Whether the failure is the provider's, so that the account is not to be blamed."""
        at = self._clock.monotonic()
        if self._streak:
            if seen == self.trips:
                self._open(failure, at)
            return True
        self._failed = {one: known for one, known in self._failed.items() if at - known[0] <= WINDOW_S}
        self._failed[member] = at, failure.code == "unreachable"
        if not self._is_down():
            return False
        others = [one for one in self._failed if one is not member]
        self._open(failure, at)
        for one in others:
            one.forgive()
        return True

    def _is_down(self) -> bool:
        if sum(unreachable for _, unreachable in self._failed.values()) > 1:
            return True
        if len(self._failed) >= ENOUGH:
            return True
        return len(self._failed) > 1 and not any(one.serving for one in self.members if one not in self._failed)

    def _open(self, failure: Failure, at: float) -> None:
        rest_s = min(OPEN_S * 2 ** min(self._streak, 8), MAX_OPEN_S)
        self._streak += 1
        self.trips += 1
        self.message = failure.message
        self._until = at + rest_s
        self._probe_at = None
        self._failed.clear()
        _log.info("provider_down origin=%s rest_s=%g reason=%s", self.origin, rest_s, failure.message)
        self._on_change(self)


def is_outage(failure: Failure, verdict: Verdict) -> bool:
    """Whether it says that the provider is down; a stream that was cut does not, for it had begun."""
    if verdict.scope != "account" or failure.kind == "truncated":
        return False
    return failure.code == "unreachable" or (verdict.reason == "server_error" and failure.status >= 500)


def is_answer(failure: Failure) -> bool:
    """Whether the origin itself has refused: then it is up."""
    return failure.code != "unreachable" and failure.status < 500
