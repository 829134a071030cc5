"""Live state of one account: what it is doing, how it is, when it may serve again."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import structs

from a2a.auth.records import Account, Credential
from a2a.auth.renewal import login_again
from a2a.clock import Clock
from a2a.control.types import AccountCounts, AccountDetail, AccountState, AccountView, Action, Fault, Quota, Standing
from a2a.messages import Failure, Usage
from a2a.pool.health import Block, Health, detail_of, mended, stood, view_of
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
        self.message: str | None = None
        self.remedy: str | None = None
        self.quota: list[Quota] = []
        self.plan: str | None = None
        self.label: str | None = None
        self.credential: str | None = None
        """Fingerprint of a declared credential: what was learned with another one does not hold for it."""
        self.set_at = 0.0
        """When a person last set its health, Unix seconds."""
        self.lessons = 0
        """Changes of health so far; who saves them remembers how many it has seen."""
        self._held: AccountState | None = None
        self._rest_until = 0.0  # monotonic
        self._failures = 0
        self._trial = False
        self._models: dict[str, tuple[float, str]] = {}  # model -> monotonic end of its block, and why
        self._targets: dict[tuple[Operation, bool, str, str], tuple[Credential, Target]] = {}
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
        if self.account.draining:
            return "draining"
        return "cooling" if self._rest_until > self._clock.monotonic() else "ready"

    @property
    def held(self) -> bool:
        """Only the user can bring it back; `remedy` says how."""
        return self._held is not None

    def use(self, account: Account) -> bool:
        """Take changed metadata; what was built from the old is forgotten. False where nothing changed."""
        if account == self.account:
            return False
        self.account = account
        self._targets.clear()
        return True

    def target(self, credential: Credential, operation: Operation, *, stream: bool, model: str) -> Target:
        """The provider's target for this account, kept while the credential is the same (perf.md: built once)."""
        place = self.provider.place(self.account)
        key = (operation, stream, model if self.provider.model_in_url else "", place)
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

    def why_not(self, model: str, *, bound: bool = False) -> tuple[str, float | None] | None:
        """The word for skipping it and the wall time it ends, or None when it may serve.

        `bound`: the request belongs here (its conversation is on it, the client named it), so draining does not matter.
        """
        now = self._clock.now()
        state = self.state
        if state == "cooling" or (state == "draining" and bound and self.rest_s()):
            return f"cooling: {self.reason}", now + self.rest_s()
        if state != "ready" and not (state == "draining" and bound):
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
        if not self._failures:
            return
        self._failures = 0
        self._rest_until = 0.0
        self._trial = False
        if self._held is None:
            self.reason = self.message = self.remedy = None
        self._learned()

    def fail(self, failure: Failure, verdict: Verdict, model: str, *, seen: int | None = None) -> Fault:
        """Book a failure by its verdict and say what it meant. A request's own fault changes nothing here.

        `seen`: `incidents` when the call began. Calls that were out together meet the same trouble: it counts once.
        """
        now = self._clock.now()
        until: float | None = None
        remedy = login_again(self.account) if verdict.action == "needs_login" else verdict.remedy
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
            self.reason, self.message, self.remedy = verdict.reason, failure.message, remedy
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
            remedy=remedy,
        )
        if verdict.scope in ("account", "account_model"):
            self.last_fault = fault
            self._learned()
        return fault

    def hold(self, action: Action, reason: str, message: str, remedy: str | None = None) -> Fault:
        """Take it out until the user acts: a dead credential, a suspended account. `action`: one of the sticky ones."""
        self._held = _STICKY[action]
        self.reason, self.message, self.remedy = reason, message, remedy
        now = self._clock.now()
        fault = Fault(kind="unavailable", message=message, scope="account", action=action, at=now, remedy=remedy)
        self.last_fault = fault
        self._learned()
        return fault

    def reset(self) -> None:
        """By hand: forget cooldown, hold and blocks."""
        self._set(mended(self.health()))

    def stand(self, standing: Standing) -> None:
        """Take over what a probe found. A good one does not end a suspension or a closed tier: only `reset` does."""
        fresh = stood(self.health(), standing)
        if standing.state == "ready" and self._held in ("suspended", "retired"):
            held = self._held
            fresh = structs.replace(fresh, state=held, reason=self.reason, message=self.message, remedy=self.remedy)
        self._set(fresh)

    def health(self) -> Health:
        """What is to survive this process, in wall times."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        rest_s = self._rest_until - monotonic
        return Health(
            state=self._held or ("cooling" if rest_s > 0 else "ready"),
            reason=self.reason,
            message=self.message,
            remedy=self.remedy,
            until=now + rest_s if self._rest_until else None,
            failures=self._failures,
            blocks={
                model: Block(now + end - monotonic, why)
                for model, (end, why) in self._models.items()
                if end > monotonic
            },
            quota=self.quota,
            plan=self.plan,
            label=self.label,
            last_fault=self.last_fault,
            last_used_at=self.last_used_at,
            counts=structs.replace(self.counts),
            credential=self.credential,
            set_at=self.set_at,
        )

    def restore(self, health: Health) -> None:
        """Take over what was learned elsewhere; counts and the last use stay this one's own, tell nobody."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        self._held = None if health.state in ("ready", "cooling") else health.state
        self._rest_until = 0.0 if health.until is None else monotonic + health.until - now
        self._failures = health.failures
        self._trial = False
        self._models = {model: (monotonic + block.until - now, block.why) for model, block in health.blocks.items()}
        self.reason, self.message, self.remedy = health.reason, health.message, health.remedy
        self.quota, self.plan, self.label = health.quota, health.plan, health.label
        self.last_fault = health.last_fault
        self.set_at = health.set_at

    def _set(self, health: Health) -> None:
        """By hand."""
        self.restore(structs.replace(health, set_at=self._clock.now()))
        self._learned()

    def _learned(self) -> None:
        self.lessons += 1
        self.on_change(self)

    def view(self) -> AccountView:
        return view_of(
            self.account,
            self.health(),
            self._clock.now(),
            base_url=self.provider.base_url(self.account),
            in_flight=self.in_flight,
        )

    def detail(self) -> AccountDetail:
        return detail_of(self.account, self.view())
