"""Hands out accounts. A lease is one account for one attempt; what happened comes back through it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from types import TracebackType

from a2a.auth.records import Account
from a2a.clock import Clock, SystemClock
from a2a.control.types import AccountView, Considered, Decision, Fault
from a2a.errors import NoAccount
from a2a.messages import Failure, Usage
from a2a.pool.account import LIMITED, PoolAccount
from a2a.pool.selection import Strategy, strategy
from a2a.providers.base import Provider
from a2a.providers.faults import Verdict


class Lease:
    """One account for one attempt, as a context manager: leaving it gives the slot back, whatever happened."""

    __slots__ = ("_open", "_seen", "decision", "member")

    def __init__(self, member: PoolAccount, decision: Decision) -> None:
        self.member = member
        self.decision = decision
        self._open = True
        self._seen = member.incidents
        member.begin()

    @property
    def account(self) -> Account:
        return self.member.account

    @property
    def provider(self) -> Provider:
        return self.member.provider

    @property
    def name(self) -> str:
        return self.member.name

    def succeed(self, usage: Usage | None = None) -> None:
        self.member.succeed(usage, seen=self._seen)

    def fail(self, failure: Failure, verdict: Verdict, model: str) -> Fault:
        return self.member.fail(failure, verdict, model, seen=self._seen)

    def release(self) -> None:
        if self._open:
            self._open = False
            self.member.end()

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class Pool:
    """All accounts by provider. `replace()` takes a new list while serving; state of accounts that stay is kept."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        *,
        clock: Clock | None = None,
        on_change: Callable[[AccountView], None] | None = None,
    ) -> None:
        self._providers = providers
        self._clock = clock or SystemClock()
        self._on_change = on_change
        self._members: dict[str, list[PoolAccount]] = {}
        self._strategies: dict[str, Strategy] = {
            provider_id: strategy(provider.settings.strategy or provider.server.strategy)
            for provider_id, provider in providers.items()
        }

    def replace(self, accounts: Iterable[Account]) -> None:
        """The accounts as they are now; those of providers this build does not know are left out."""
        before = {member.account.id: member for members in self._members.values() for member in members}
        now: dict[str, list[PoolAccount]] = {}
        changed: list[PoolAccount] = []
        for account in accounts:
            provider = self._providers.get(account.provider)
            if provider is None:
                continue
            member = before.pop(account.id, None) or PoolAccount(account, provider, self._clock)
            if member.use(account):
                changed.append(member)
            member.on_change = self._changed
            now.setdefault(account.provider, []).append(member)
        for gone in before.values():
            gone.on_change = lambda _: None  # its calls still end, and are nobody's news
        self._members = now
        for member in changed:
            self._changed(member)

    def _changed(self, member: PoolAccount) -> None:
        if self._on_change is not None:
            self._on_change(member.view())

    def members(self, provider_id: str | None = None) -> list[PoolAccount]:
        if provider_id is not None:
            return list(self._members.get(provider_id, ()))
        return [member for members in self._members.values() for member in members]

    def member(self, account_id: str) -> PoolAccount | None:
        return next((member for member in self.members() if member.account.id == account_id), None)

    def views(self) -> list[AccountView]:
        return [member.view() for member in self.members()]

    def can_serve(self) -> bool:
        """Whether any account is ready now (`/ready`)."""
        return any(member.state == "ready" for member in self.members())

    def lease(
        self,
        provider_id: str,
        model: str,
        *,
        tried: Set[str] = frozenset(),
        alias: str | None = None,
        only: Set[str] | None = None,
        prefer: str | None = None,
    ) -> Lease:
        """An account for one attempt. Raises NoAccount, which names every account and why it cannot serve.

        `tried`: account ids this exchange has used up. `alias`: the client named this one. `only`: ids of the accounts
        whose upstream lists the model. `prefer`: the account its conversation is on, taken while it can serve. An
        account that the user pinned comes before that one, and one that the client named before both.
        """
        members = self._members.get(provider_id, [])
        considered: list[Considered] = []
        usable: list[PoolAccount] = []
        for member in members:
            if alias is not None and member.account.alias != alias:
                continue
            if member.account.id in tried:
                rest = member.why_not(model)
                considered.append(Considered(account=member.name, why="tried before", until=rest[1] if rest else None))
                continue
            if only is not None and member.account.id not in only:
                considered.append(Considered(account=member.name, why="does not list the model"))
                continue
            skip = member.why_not(model, bound=alias is not None or member.account.id == prefer)
            if skip is None:
                usable.append(member)
            else:
                considered.append(Considered(account=member.name, why=skip[0], until=skip[1]))
        if not usable:
            raise self._nobody(provider_id, considered, alias)
        chooser = self._strategies[provider_id]
        chosen, picked = _chosen(usable, prefer, chooser)
        for member in usable:
            why = picked if member is chosen else "not its turn"
            considered.append(Considered(account=member.name, why=why))
        return Lease(chosen, Decision(strategy=chooser.name, picked=chosen.name, considered=considered))

    def _nobody(self, provider_id: str, considered: list[Considered], alias: str | None) -> NoAccount:
        provider = self._providers[provider_id]
        short = provider.short
        if not considered:
            wanted = f"account {short}/{alias}" if alias else f"{short} account"
            return NoAccount(f"there is no {wanted}", hint=f"a2a login {short}")
        now = self._clock.now()
        waits = [item.until - now for item in considered if item.until is not None]
        told = "; ".join(_tell(item, now) for item in considered)
        named = {item.account for item in considered}
        helps = [member.remedy for member in self.members(provider_id) if member.name in named and member.held]
        return NoAccount(
            f"no {short} account can serve this now: {told}",
            hint="; ".join(dict.fromkeys(filter(None, helps))) or None,
            retry_after_s=min(waits) if waits else None,
            limited=bool(waits) and all(item.why.endswith(LIMITED) for item in considered if item.until is not None),
        )


def _chosen(usable: Sequence[PoolAccount], prefer: str | None, chooser: Strategy) -> tuple[PoolAccount, str]:
    """One of those that may serve, and why it: pinned, its conversation, else the strategy's of the best priority."""
    for member in usable:
        if member.account.pinned:
            return member, "picked: pinned"
    for member in usable:
        if member.account.id == prefer:
            return member, "picked: its conversation"
    settled = [member for member in usable if not member.on_trial] or usable
    best = min(member.account.priority for member in settled)
    return chooser.pick([member for member in settled if member.account.priority == best]), "picked"


def _tell(item: Considered, now: float) -> str:
    rest = f" for {max(1, round(item.until - now))} s" if item.until is not None else ""
    return f"{item.account} {item.why}{rest}"
