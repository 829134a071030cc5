"""When an account rests, and for whom: its cooldown, its hold until the user acts, the models it is not asked for.

Runs on the monotonic clock. Knows nothing of limits, calls in flight and what is shown: that is `PoolAccount`, which is
one of these. A failure deepens the rest once, however many calls were out when it came; a success ends it.
"""

from __future__ import annotations

from msgspec import Struct

from a2a.clock import Clock
from a2a.control.types import AccountState
from a2a.messages import Failure
from a2a.providers.faults import Verdict

STICKY: dict[str, AccountState] = {
    "needs_login": "needs_login",
    "needs_action": "needs_action",
    "suspended": "suspended",
    "retired": "retired",
}
"""Actions after which only the user can bring the account back."""

MAX_BLOCKS = 256
"""Models of one account that are remembered as not to be asked for, before those whose time is over are dropped."""

LACKS = "model not available here"
"""Why an account is passed over whose upstream said so of the model."""

LIMITED = ("rate_limited", "quota_spent")
"""Reasons that a wait cures."""

_PROBED = ("server_error", "timeout")
"""Reasons whose rest is our own guess: a request that nobody else can serve may look before it ends."""


class _Before(Struct, frozen=True):
    """What the last failure changed."""

    failures: int
    rest_until: float
    early_at: float
    reason: str | None
    message: str | None
    remedy: str | None


class Cooldown:
    """The health of one account as the verdicts on its calls make it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.incidents = 0
        """Failures that began a cooldown or deepened it; a lease remembers how many it began with."""
        self.lessons = 0
        """Changes of health so far; who saves them remembers how many it has seen."""
        self.reason: str | None = None
        self.message: str | None = None
        self.remedy: str | None = None
        self._held: AccountState | None = None
        self._rest_until = 0.0  # monotonic
        self._early_at = 0.0  # monotonic: when a retry may look before the rest is over
        self._before: _Before | None = None
        self._failures = 0
        self._trial = False
        self._models: dict[str, tuple[float, str]] = {}  # model -> monotonic end of its block, and why

    @property
    def held(self) -> bool:
        """Only the user can bring it back; `remedy` says how."""
        return self._held is not None

    def rest_s(self) -> float:
        """Seconds until a cooldown ends; 0 when none runs."""
        return max(0.0, self._rest_until - self._clock.monotonic())

    def blocked_s(self, model: str) -> float:
        """Seconds for which this account is not asked for `model`."""
        return max(0.0, self._models.get(model, (0.0, ""))[0] - self._clock.monotonic())

    def blocked(self, model: str) -> str | None:
        """Why this account is not asked for `model` for now."""
        end, why = self._models.get(model, (0.0, ""))
        return why if end > self._clock.monotonic() else None

    def lacks(self, model: str) -> bool:
        """Whether its upstream said of late that it has no such model."""
        return self.blocked(model) == LACKS

    def ask_anew(self, model: str) -> None:
        """Forget that it lacks the model: the upstream is to say it again, or to serve it."""
        if self.lacks(model):
            del self._models[model]
            self.lessons += 1

    def _learned(self) -> None:
        self.lessons += 1

    def _recover(self) -> None:
        """An answer came behind failures."""
        self._failures = 0
        self._rest_until = self._early_at = 0.0
        self._trial = False
        if self._held is None:
            self.reason = self.message = self.remedy = None
        self._learned()

    def _suffer(self, failure: Failure, verdict: Verdict, remedy: str | None, seen: int | None) -> float | None:
        """A failure of the account's own; seconds until it serves again, None where its user has to act first."""
        if seen is None or seen == self.incidents or not self._failures:
            self._before = self._now()
            self._failures += 1
            self.incidents += 1
        self._trial = False
        self.reason, self.message, self.remedy = verdict.reason, failure.message, remedy
        held = STICKY.get(verdict.action)
        if held is not None:
            self._held = held
            return None
        rest_s = verdict.rest_s(self._failures, failure.retry_after)
        self._rest(rest_s, named_s=failure.retry_after if verdict.reason in _PROBED else rest_s)
        return self.rest_s()

    def _block(self, failure: Failure, verdict: Verdict, model: str) -> float:
        """Not to be asked for this model; seconds."""
        rest_s = verdict.rest_s(1, failure.retry_after)
        why = LACKS if verdict.action == "next" else f"model cooling: {verdict.reason}"
        at = self._clock.monotonic()
        if len(self._models) >= MAX_BLOCKS:
            self._models = {name: block for name, block in self._models.items() if block[0] > at}
        self._models[model] = at + rest_s, why
        return rest_s

    def _rest(self, rest_s: float, *, named_s: float | None) -> None:
        """`named_s`: how much of it the upstream itself has named; nobody looks before that."""
        at = self._clock.monotonic()
        self._rest_until = max(self._rest_until, at + rest_s)
        self._early_at = max(self._early_at, at + min(named_s or 0.0, rest_s))

    def _now(self) -> _Before:
        return _Before(self._failures, self._rest_until, self._early_at, self.reason, self.message, self.remedy)

    def forgive(self) -> None:
        """It was not this account: take back what the last failure did to its rest."""
        before, self._before = self._before, None
        if before is None or self._held is not None:
            return
        self._failures, self._rest_until, self._early_at = before.failures, before.rest_until, before.early_at
        self.reason, self.message, self.remedy = before.reason, before.message, before.remedy
        self._trial = False
        self._learned()
