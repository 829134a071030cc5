"""Live state of one account: what it is doing, how it is, when it may serve again."""

from __future__ import annotations

import math
from collections.abc import Callable

from msgspec import structs

from a2a.auth.codec import values_of
from a2a.auth.records import Account, Credential
from a2a.auth.renewal import login_again
from a2a.clock import Clock
from a2a.control.types import AccountCounts, AccountDetail, AccountState, AccountView, Action, Fault, Quota, Standing
from a2a.messages import Failure, Usage
from a2a.pool.cooldown import STICKY, Cooldown
from a2a.pool.health import Block, Health, detail_of, mended, stood, view_of
from a2a.pool.limits import BUSY, limits_of, meter
from a2a.pool.outage import Outage
from a2a.protocols.base import Profile
from a2a.providers.base import ModelInfo, Operation, Provider
from a2a.providers.faults import Verdict
from a2a.providers.http import Target

MAX_BUILT = 256
"""Targets and profiles of one account that are kept built."""


class PoolAccount(Cooldown):
    """One account in the pool. Cooldowns run on the monotonic clock, shown times on the wall clock."""

    def __init__(self, account: Account, provider: Provider, clock: Clock) -> None:
        super().__init__(clock)
        self.account = account
        self.provider = provider
        self.name = f"{provider.short}/{account.alias}"
        self.in_flight = 0
        self.turn = 0
        """When a strategy last picked it, by that strategy's count."""
        self.credit = 0
        """What `weighted` owes it."""
        self.counts = AccountCounts()
        self.last_fault: Fault | None = None
        self.last_used_at: float | None = None
        self.quota: list[Quota] = []
        self.plan: str | None = None
        self.label: str | None = None
        self.credential: str | None = None
        """Fingerprint of a declared credential: what was learned with another one does not hold for it."""
        self.set_at = 0.0
        """When a person last set its health, Unix seconds."""
        self._targets: dict[tuple[Operation, bool, str, str], tuple[Credential, Target]] = {}
        self._profiles: dict[str, tuple[ModelInfo | None, Profile]] = {}
        self.on_change: Callable[[PoolAccount], None] = lambda _: None
        self.on_move: Callable[[PoolAccount], None] = lambda _: None
        """Called when it turns out that its calls go elsewhere than was known."""
        self._root: str | None = None
        self.outage: Outage | None = None
        """The breaker of its origin, which it shares with other accounts."""
        self._limits = limits_of(account, provider.settings)
        self.meter = meter(self._limits, clock.monotonic())

    @property
    def state(self) -> AccountState:
        if not self.account.enabled:
            return "disabled"
        if self._held is not None:
            return self._held
        if self.account.draining:
            return "draining"
        at = self._clock.monotonic()
        down = self.outage is not None and self.outage.why_not(at) is not None
        return "cooling" if down or self._rest_until > at else "ready"

    @property
    def serving(self) -> bool:
        """In service as far as it is known itself, whatever its provider does."""
        idle = self._held is None and self.account.enabled and not self.account.draining
        return idle and self._rest_until <= self._clock.monotonic()

    @property
    def way_back(self) -> str | None:
        """What its user has to do before it serves again; None where nothing is needed, or nothing known."""
        if self._held is not None and self.account.enabled:
            return self.remedy
        return f"a2a accounts enable {self.name}" if not self.account.enabled or self.account.draining else None

    def use(self, account: Account) -> bool:
        """Take changed metadata; what was built from the old is forgotten. False where nothing changed."""
        if account == self.account:
            return False
        self.account = account
        self.name = f"{self.provider.short}/{account.alias}"
        self._forget()
        self._limit()
        return True

    def adopt(self, provider: Provider) -> None:
        """Another instance of its provider, made from changed settings."""
        self.provider = provider
        self._forget()
        self._limit()

    def _forget(self) -> None:
        """What was built from other metadata or settings."""
        self._targets.clear()
        self._profiles.clear()
        self._root = None

    @property
    def root(self) -> str:
        """Where its calls go: what its settings say, until a credential has said otherwise."""
        return self._root or self.provider.base_url(self.account)

    def _limit(self) -> None:
        """Take the limits that hold now; what was used under others stays used."""
        limits = limits_of(self.account, self.provider.settings)
        if limits == self._limits:
            return
        at, older = self._clock.monotonic(), self.meter
        self._limits, self.meter = limits, meter(limits, at)
        if self.meter is not None and older is not None:
            self.meter.spent_by(older, at)

    def target(self, credential: Credential, operation: Operation, *, stream: bool, model: str) -> Target:
        """The provider's target for this account, kept while the credential is the same (perf.md: built once)."""
        place = self.provider.place(self.account)
        key = (operation, stream, model if self.provider.model_in_url else "", place)
        kept = self._targets.get(key)
        if kept is not None and kept[0] is credential:
            return kept[1]
        target = self.provider.target(self.account, credential, operation, stream=stream, model=model)
        target.secrets = values_of(credential)
        if len(self._targets) >= MAX_BUILT:
            self._targets.clear()
        self._targets[key] = credential, target
        root = self.provider.root(self.account, credential)
        if root != self.root:
            self._root = root
            self.on_move(self)
        return target

    def profile(self, model: str, info: ModelInfo | None) -> Profile:
        """The provider's profile of a model for this account, kept while its list entry is the same."""
        kept = self._profiles.get(model)
        if kept is not None and kept[0] is info:
            return kept[1]
        profile = self.provider.profile(model, self.account, info)
        if len(self._profiles) >= MAX_BUILT:
            self._profiles.clear()
        self._profiles[model] = info, profile
        return profile

    def again_s(self, model: str) -> float:
        """Seconds until a request that nobody else can serve may ask it again; infinite where only the user helps."""
        if self._held is not None or not self.account.enabled:
            return math.inf
        at = self._clock.monotonic()
        down = self.outage.why_not(at) if self.outage is not None else None
        early_s = min(self._early_at, self._rest_until) - at
        return max(early_s, self.blocked_s(model), down[1] if down else 0.0, 0.0)

    @property
    def on_trial(self) -> bool:
        """Back from a cooldown, with one request out to see whether it serves again."""
        return self._trial and self.in_flight > 0

    def why_not(
        self, model: str, *, bound: bool = False, tokens: int = 0, early: bool = False
    ) -> tuple[str, float | None] | None:
        """The word for skipping it and the wall time it ends, or None when it may serve.

        `bound`: the request belongs here (its conversation is on it, the client named it), so draining does not matter.
        `tokens`: what it will take of the limit per minute. `early`: a retry, which may look before a rest is over.
        """
        account = self.account
        if not account.enabled:
            return "disabled", None
        if self._held is not None:
            return self._held, None
        if account.draining and not bound:
            return "draining", None
        at = self._clock.monotonic()
        if self._rest_until > at and not (early and self._early_at <= at and not self.on_trial):
            return f"cooling: {self.reason}", self._wall(self._rest_until - at)
        if self.outage is not None and self.outage.tripped and (down := self.outage.why_not(at)):
            return down[0], self._wall(down[1])
        if self._models and model in self._models:
            end, why = self._models[model]
            if end > at:
                return why, self._wall(end - at)
        if self._limits.max_concurrency and self.in_flight >= self._limits.max_concurrency:
            return BUSY, None
        if self.meter is not None and (limit := self.meter.why_not(tokens, at)):
            return limit[0], self._wall(limit[1])
        return None

    def _wall(self, wait_s: float) -> float:
        return self._clock.now() + wait_s

    def begin(self, tokens: int = 0) -> bool:
        """A call goes out; whether it is the one that shows if the account serves again."""
        self.in_flight += 1
        self.counts.requests += 1
        self.last_used_at = self._clock.now()
        if self.meter is not None:
            self.meter.begin(tokens, self._clock.monotonic())
        if not self._failures or not self._rest_until or self.on_trial:
            return False
        self._trial = True
        return True

    def end(self, *, trial: bool = False) -> None:
        """`trial`: what `begin` said of this call."""
        self.in_flight -= 1
        if trial:
            self._trial = False

    def settle(self, estimated: int, used: int) -> None:
        """A call that was taken for `estimated` tokens has cost `used`."""
        if self.meter is not None:
            self.meter.settle(estimated, used, self._clock.monotonic())

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
        if self._failures:
            self._recover()

    def fail(self, failure: Failure, verdict: Verdict, model: str, *, seen: int | None = None) -> Fault:
        """Book a failure by its verdict and say what it meant. A request's own fault changes nothing here.

        `seen`: `incidents` when the call began. Calls that were out together meet the same trouble: it counts once.
        """
        now = self._clock.now()
        wait_s: float | None = None
        remedy = login_again(self.account) if verdict.action == "needs_login" else verdict.remedy
        if verdict.scope == "account_model":
            wait_s = self._block(failure, verdict, model)
        elif verdict.scope == "account":
            self.counts.failures += 1
            wait_s = self._suffer(failure, verdict, remedy, seen)
        fault = Fault(
            kind=failure.kind,
            message=failure.message,
            status=failure.status,
            code=failure.code,
            scope=verdict.scope,
            action=verdict.action,
            at=now,
            until=None if wait_s is None else now + wait_s,
            remedy=remedy,
        )
        if verdict.scope in ("account", "account_model"):
            self.last_fault = fault
            self._learned()
        return fault

    def note_quota(self, quota: list[Quota]) -> None:
        """What the upstream says is left, in place of what it said before of the same allowances."""
        fresh = {(one.unit, one.model) for one in quota}
        merged = [*quota, *(one for one in self.quota if (one.unit, one.model) not in fresh)]
        if merged != self.quota:
            self.quota = merged
            self.lessons += 1

    def hold(self, action: Action, reason: str, message: str, remedy: str | None = None) -> Fault:
        """Take it out until the user acts: a dead credential, a suspended account. `action`: one of the sticky ones."""
        self._held = STICKY[action]
        self.reason, self.message, self.remedy = reason, message, remedy
        now = self._clock.now()
        fault = Fault(kind="unavailable", message=message, scope="account", action=action, at=now, remedy=remedy)
        self.last_fault = fault
        self._learned()
        return fault

    def reset(self) -> None:
        """By hand: forget cooldown, hold and blocks, and that its provider is down."""
        if self.outage is not None:
            self.outage.reset()
        self._set(mended(self.health()))

    def stand(self, standing: Standing) -> None:
        """Take over what a probe found. A good one does not end a suspension or a closed tier: only `reset` does."""
        fresh = stood(self.health(), standing)
        if standing.state == "ready" and self.outage is not None:
            self.outage.reset()
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
        self._early_at, self._before = self._rest_until, None
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
        super()._learned()
        self.on_change(self)

    def _shown(self) -> Health:
        """Its health, with what its provider does to it."""
        health, at = self.health(), self._clock.monotonic()
        down = self.outage.why_not(at) if self.outage is not None else None
        if down is None or not self.serving:
            return health
        until = self._wall(down[1])
        return structs.replace(health, state="cooling", reason="provider_down", message=down[0], until=until)

    def view(self) -> AccountView:
        return view_of(
            self.account,
            self._shown(),
            self._clock.now(),
            base_url=self.root,
            in_flight=self.in_flight,
        )

    def detail(self) -> AccountDetail:
        return detail_of(self.account, self.view(), self._limits)
