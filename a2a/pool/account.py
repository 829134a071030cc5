"""Live state of one account: what it is doing, how it is, when it may serve again."""

from __future__ import annotations

from collections.abc import Callable

from a2a.auth.records import Account, Credential
from a2a.clock import Clock
from a2a.control.types import AccountCounts, AccountState, AccountView, Action, Fault
from a2a.messages import Failure, Usage
from a2a.providers.base import Operation, Provider
from a2a.providers.faults import Verdict
from a2a.providers.http import Target

_STICKY: dict[str, AccountState] = {
    "needs_login": "needs_login",
    "needs_action": "needs_action",
    "suspended": "suspended",
    "retired": "retired",
}
"""Actions after which only the user can bring the account back."""


MAX_TARGETS = 256


LIMITED = ("rate_limited", "quota_spent")
"""Reasons that a wait cures."""


class PoolAccount:
    """One account in the pool. Cooldowns run on the monotonic clock, shown times on the wall clock."""

    def __init__(self, account: Account, provider: Provider, clock: Clock) -> None:
        self.account = account
        self.provider = provider
        self._clock = clock
        self.in_flight = 0
        self.incidents = 0
        """Failures that began a cooldown or deepened it; a lease remembers how many it began with."""
        self.turn = 0
        self.counts = AccountCounts()
        self.last_fault: Fault | None = None
        self.last_used_at: float | None = None
        self.reason: str | None = None
        self._held: AccountState | None = None
        self._rest_until = 0.0  # monotonic
        self._failures = 0
        self._trial = False
        self._models: dict[str, tuple[float, str]] = {}  # model -> monotonic end of its block, and why
        self._targets: dict[tuple[Operation, bool, str], tuple[Credential, Target]] = {}
        self.on_change: Callable[[PoolAccount], None] = lambda _: None

    @property
    def name(self) -> str:
        return f"{self.provider.short}/{self.account.alias}"

    @property
    def state(self) -> AccountState:
        if not self.account.enabled:
            return "disabled"
        if self._held is not None:
            return self._held
        return "cooling" if self._rest_until > self._clock.monotonic() else "ready"

    def use(self, account: Account) -> None:
        """Take changed metadata; what was built from the old is forgotten."""
        if account != self.account:
            self.account = account
            self._targets.clear()

    def target(self, credential: Credential, operation: Operation, *, stream: bool, model: str) -> Target:
        """The provider's target for this account, kept while the credential is the same (perf.md: built once)."""
        key = (operation, stream, model if self.provider.model_in_url else "")
        kept = self._targets.get(key)
        if kept is not None and kept[0] is credential:
            return kept[1]
        target = self.provider.target(self.account, credential, operation, stream=stream, model=model)
        if len(self._targets) >= MAX_TARGETS:
            self._targets.clear()
        self._targets[key] = credential, target
        return target

    def rest_s(self) -> float:
        """Seconds until a cooldown ends; 0 when none runs."""
        return max(0.0, self._rest_until - self._clock.monotonic())

    def blocked_s(self, model: str) -> float:
        """Seconds for which this account is not asked for `model`."""
        return max(0.0, self._models.get(model, (0.0, ""))[0] - self._clock.monotonic())

    @property
    def on_trial(self) -> bool:
        """Back from a cooldown, with one request out to see whether it serves again."""
        return self._trial and self.in_flight > 0

    def why_not(self, model: str) -> tuple[str, float | None] | None:
        """The word for skipping it and the wall time it ends, or None when it may serve."""
        now = self._clock.now()
        state = self.state
        if state == "cooling":
            return f"cooling: {self.reason}", now + self.rest_s()
        if state != "ready":
            return state, None
        if blocked := self.blocked_s(model):
            return self._models[model][1], now + blocked
        limit = self.account.limits.max_concurrency or self.provider.settings.max_concurrency or 0
        if limit and self.in_flight >= limit:
            return "at its concurrency limit", None
        return None

    def begin(self) -> None:
        self.in_flight += 1
        self.counts.requests += 1
        self.last_used_at = self._clock.now()
        if self._rest_until and self._rest_until <= self._clock.monotonic() and self._failures:
            self._trial = True

    def end(self) -> None:
        self.in_flight -= 1

    def succeed(self, usage: Usage | None = None, *, seen: int | None = None) -> None:
        """An answer came: the account is healthy again, unless it has failed since that call began.

        `seen`: `incidents` when the call began.
        """
        self.counts.successes += 1
        if usage is not None:
            self.counts.input_tokens += usage.input or 0
            self.counts.output_tokens += usage.output or 0
        if seen is not None and seen != self.incidents:
            return
        recovered = self._failures > 0
        self._failures = 0
        self._rest_until = 0.0
        self._trial = False
        self.reason = None
        if recovered:
            self.on_change(self)

    def fail(self, failure: Failure, verdict: Verdict, model: str, *, seen: int | None = None) -> Fault:
        """Book a failure by its verdict and say what it meant. A request's own fault changes nothing here.

        `seen`: `incidents` when the call began. Calls that were out together meet the same trouble: it counts once.
        """
        now = self._clock.now()
        until: float | None = None
        if verdict.scope == "account_model":
            rest_s = verdict.rest_s(1, failure.retry_after)
            why = "model not available here" if verdict.action == "next" else f"model cooling: {verdict.reason}"
            self._models[model] = self._clock.monotonic() + rest_s, why
            until = now + rest_s
        elif verdict.scope == "account":
            self.counts.failures += 1
            if seen is None or seen == self.incidents or not self._failures:
                self._failures += 1
                self.incidents += 1
            self._trial = False
            self.reason = verdict.reason
            held = _STICKY.get(verdict.action)
            if held is not None:
                self._held = held
            else:
                rest_s = verdict.rest_s(self._failures, failure.retry_after)
                self._rest_until = max(self._rest_until, self._clock.monotonic() + rest_s)
                until = now + self.rest_s()
        fault = Fault(
            kind=failure.kind,
            message=failure.message,
            status=failure.status,
            code=failure.code,
            scope=verdict.scope,
            action=verdict.action,
            at=now,
            until=until,
            remedy=verdict.remedy,
        )
        if verdict.scope in ("account", "account_model"):
            self.last_fault = fault
            self.on_change(self)
        return fault

    def hold(self, action: Action, reason: str, message: str, remedy: str | None = None) -> Fault:
        """Take it out until the user acts: a dead credential, a suspended account. `action`: one of the sticky ones."""
        self._held = _STICKY[action]
        self.reason = reason
        now = self._clock.now()
        fault = Fault(kind="unavailable", message=message, scope="account", action=action, at=now, remedy=remedy)
        self.last_fault = fault
        self.on_change(self)
        return fault

    def reset(self) -> None:
        """By hand: forget cooldown, hold and blocks."""
        self._held = None
        self._rest_until = 0.0
        self._failures = 0
        self._trial = False
        self._models.clear()
        self.reason = None
        self.on_change(self)

    def view(self) -> AccountView:
        account = self.account
        state = self.state
        return AccountView(
            id=account.id,
            provider=account.provider,
            alias=account.alias,
            state=state,
            kind=account.kind,
            origin=account.origin,
            reason=self.reason if state != "ready" else None,
            until=self._clock.now() + self.rest_s() if state == "cooling" else None,
            label=account.label,
            priority=account.priority,
            weight=account.weight,
            in_flight=self.in_flight,
            expires_at=account.expires_at,
            last_fault=self.last_fault,
            last_used_at=self.last_used_at,
            counts=self.counts,
            base_url=self.provider.base_url(account),
        )
