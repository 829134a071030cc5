"""Hands out accounts. A lease is one account for one attempt; what happened comes back through it."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Set
from urllib.parse import urlsplit

from a2a.auth.records import Account
from a2a.clock import Clock, SystemClock
from a2a.control.types import AccountView, Considered, Decision
from a2a.pool.account import PoolAccount
from a2a.pool.cooldown import LACKS, LIMITED
from a2a.pool.lease import Busy, Lease, Refused, Wish
from a2a.pool.limits import WORDS
from a2a.pool.outage import Outage
from a2a.pool.preview import Preview, preview
from a2a.pool.selection import Strategy, strategy
from a2a.pool.waiting import Line, waits
from a2a.providers.base import Provider

__all__ = ["Busy", "Lease", "Pool", "Refused", "Wish"]

SOON_S = 1.0
"""When a client is told to come back where only slots are missing, which nobody can foretell."""


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
        self._outages: dict[Hashable, Outage] = {}
        self._counting: set[str] = set()
        self._strategies: dict[str, Strategy] = {
            provider_id: strategy(provider.settings.strategy or provider.server.strategy, self._clock)
            for provider_id, provider in providers.items()
        }
        self._lines = {provider_id: Line(self._clock, self._serve, self._refused) for provider_id in providers}

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
            member.on_change, member.on_move = self._changed, self._moved
            now.setdefault(account.provider, []).append(member)
        for gone in before.values():
            gone.on_change = gone.on_move = lambda _: None  # its calls still end, and are nobody's news
        self._members = now
        self._meet()
        for member in changed:
            self._changed(member)
        self._pump()

    def adopt(self, providers: Mapping[str, Provider]) -> None:
        """Other instances of these providers, made from changed settings, in the mapping the pool was given. What is
        known of their accounts stays, and attempts under way end with the instance they began with."""
        for provider_id, provider in providers.items():
            wanted = provider.settings.strategy or provider.server.strategy
            members = self._members.get(provider_id, ())
            if self._strategies[provider_id].name != wanted:
                turn = max((member.turn for member in members), default=0)
                self._strategies[provider_id] = strategy(wanted, self._clock, turn=turn)
            for member in members:
                member.adopt(provider)
        self._meet()
        self._pump()

    def _meet(self) -> None:
        """Let the accounts behind one origin share its breaker; one that is alone has its own rest."""
        behind: dict[Hashable, list[PoolAccount]] = {}
        for member in self.members():
            behind.setdefault(_origin(member), []).append(member)
        kept: dict[Hashable, Outage] = {}
        for origin, members in behind.items():
            shared: Outage | None = None
            if len(members) > 1:
                shared = self._outages.get(origin) or Outage(_place(members[0]), self._clock, self._turned)
                shared.members = list(members)
                kept[origin] = shared
            for member in members:
                member.outage = shared
        self._outages = kept
        self._counting = {m.account.provider for m in self.members() if m.meter is not None and m.meter.counts_tokens}

    def _moved(self, member: PoolAccount) -> None:
        """Its calls go to another origin than was known."""
        self._meet()
        self._changed(member)

    def _turned(self, outage: Outage) -> None:
        """A provider went down or came back."""
        for member in self.members():
            if member.outage is outage:
                self._changed(member)

    def _changed(self, member: PoolAccount) -> None:
        if self._on_change is not None:
            self._on_change(member.view())
        line = self._lines[member.account.provider]
        if line.count:
            line.pump()

    def _pump(self) -> None:
        for line in self._lines.values():
            if line.count:
                line.pump()

    def waiting(self, provider_id: str | None = None) -> int:
        """How many wait for a slot."""
        return sum(line.count for name, line in self._lines.items() if provider_id in (None, name))

    def counts_tokens(self, provider_id: str) -> bool:
        """Whether any account has a limit of tokens, so that a wish has to say how many it will take."""
        return provider_id in self._counting

    def again_s(self, provider_id: str, model: str, ids: Set[str]) -> float:
        """Seconds until the first of these accounts may be tried again by a request that nobody else can serve."""
        found = (one.again_s(model) for one in self._members.get(provider_id, ()) if one.account.id in ids)
        return min(found, default=math.inf)

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

    def preview(
        self,
        provider_id: str,
        model: str,
        *,
        alias: str | None = None,
        only: Set[str] | None = None,
        prefer: str | None = None,
    ) -> Preview:
        """Whom `lease` would give, in order, until nobody is left. Changes nothing."""
        members, chooser = self._members.get(provider_id, ()), self._strategies[provider_id]
        return preview(members, chooser, model, alias=alias, only=only, prefer=prefer)

    def lease(
        self,
        provider_id: str,
        model: str,
        *,
        tried: Set[str] = frozenset(),
        alias: str | None = None,
        only: Set[str] | None = None,
        prefer: str | None = None,
        tokens: int = 0,
        again: Set[str] = frozenset(),
    ) -> Lease:
        """An account for one attempt, at once. Raises Busy where it may be waited for (`wait`), else Refused, which
        names every account and why it cannot serve.

        `tried`: account ids this exchange has used up. `alias`: the client named this one. `only`: ids of the accounts
        whose upstream lists the model. `prefer`: the account its conversation is on, taken while it can serve. An
        account that the user pinned comes before that one, and one that the client named before both. `tokens`: input,
        estimated. `again`: accounts that may be asked although they rest, for nobody else can serve it.
        """
        wanted = None if only is None else frozenset(only)
        return self.take(
            Wish(
                provider=provider_id,
                model=model,
                tried=frozenset(tried),
                alias=alias,
                only=wanted,
                prefer=prefer,
                tokens=tokens,
                again=frozenset(again),
            )
        )

    def take(self, wish: Wish) -> Lease:
        """`lease` by a wish."""
        line = self._lines[wish.provider]
        if line.count:
            line.pump()  # what time has freed belongs to those who wait already
            if line.holds(self._key(wish)):
                raise self._busy(wish, line.count)
        found = self._serve(wish)
        if isinstance(found, Lease):
            return found
        raise self._refused(wish, found)

    async def wait(self, wish: Wish, within_s: float) -> Lease:
        """A lease as soon as there is a slot. Raises Refused at the end of `within_s`, and at once when there is
        nothing left to wait for."""
        began = self._clock.monotonic()
        lease = await self._lines[wish.provider].wait(wish, self._key(wish), within_s)
        lease.waited((self._clock.monotonic() - began) * 1000)
        return lease

    def _key(self, wish: Wish) -> Hashable:
        """Wishes of one key are served by the same accounts."""
        bound: str | None = None
        if wish.prefer is not None:
            member = self.member(wish.prefer)
            bound = wish.prefer if member is not None and member.account.draining else None
        return wish.model, wish.alias, wish.tried, wish.only, wish.again, bound

    def _serve(self, wish: Wish) -> Lease | list[Considered]:
        """A lease, or every account and why it cannot serve."""
        considered: list[Considered] = []
        usable: list[PoolAccount] = []
        for member in self._members.get(wish.provider, ()):
            account = member.account
            if wish.alias is not None and account.alias != wish.alias:
                continue
            if wish.tried and account.id in wish.tried:
                rest = None if member.lacks(wish.model) else member.why_not(wish.model)
                considered.append(Considered(account=member.name, why="tried before", until=rest[1] if rest else None))
                continue
            if wish.only is not None and account.id not in wish.only:
                considered.append(Considered(account=member.name, why="does not list the model"))
                continue
            skip = member.why_not(
                wish.model,
                bound=wish.alias is not None or account.id == wish.prefer,
                tokens=wish.tokens,
                early=account.id in wish.again,
            )
            if skip is None:
                usable.append(member)
            else:
                considered.append(Considered(account=member.name, why=skip[0], until=skip[1]))
        if not usable:
            return self._serve(wish) if self._asks_anew(wish, considered) else considered
        chooser = self._strategies[wish.provider]
        chosen, picked = _chosen(usable, wish, chooser)
        for member in usable:
            why = picked if member is chosen else "not its turn"
            considered.append(Considered(account=member.name, why=why))
        decision = Decision(strategy=chooser.name, picked=chosen.name, considered=considered)
        line = self._lines[wish.provider]
        return Lease(chosen, decision, line, tokens=wish.tokens, named=wish.alias is not None)

    def _asks_anew(self, wish: Wish, considered: Sequence[Considered]) -> bool:
        """Where everybody lacks the model, as far as is known, and nobody comes back who may have it: those who have
        not been asked for this request are asked once more. So a wrong name gets the upstream's own words each time,
        and a model that has come meanwhile is found."""
        whys = {item.account: item for item in considered}
        concerned = [one for one in self._members.get(wish.provider, ()) if one.name in whys]
        lacking = [one for one in concerned if one.lacks(wish.model)]
        others = [whys[one.name] for one in concerned if one not in lacking]
        if any(item.until is not None or item.why in WORDS for item in others):
            return False
        fresh = [one for one in lacking if whys[one.name].why == LACKS]
        for member in fresh:
            member.ask_anew(wish.model)
        return bool(fresh)

    def _refused(self, wish: Wish, considered: list[Considered]) -> Refused:
        short = self._providers[wish.provider].short
        if not considered:
            wanted = f"account {short}/{wish.alias}" if wish.alias else f"{short} account"
            return self._decided(Refused(f"there is no {wanted}", hint=f"a2a login {short}"), wish, considered)
        now = self._clock.now()
        ends = [item.until - now for item in considered if item.until is not None]
        busy = waits(considered)
        told = "; ".join(_tell(item, now) for item in considered)
        named = {item.account for item in considered}
        concerned = [member for member in self.members(wish.provider) if member.name in named]
        helps = [(member.name, way) for member in concerned if (way := member.way_back) and (member.held or not ends)]
        alone = len(concerned) == 1
        limits = [item.why for item in considered if item.until is not None or item.why in WORDS]
        error = (Busy if busy else Refused)(
            f"no {short} account can serve this now: {told}",
            hint="; ".join(way if alone or name in way else f"{name}: {way}" for name, way in helps) or None,
            retry_after_s=min(ends) if ends else SOON_S if busy else None,
            limited=bool(limits) and all(why in WORDS or why.endswith(LIMITED) for why in limits),
        )
        return self._decided(error, wish, considered)

    def _busy(self, wish: Wish, ahead: int) -> Refused:
        short = self._providers[wish.provider].short
        told = f"no {short} account has a slot for this now: {ahead} wait already"
        return self._decided(Busy(told, retry_after_s=SOON_S, limited=True), wish, [])

    def _decided(self, error: Refused, wish: Wish, considered: list[Considered]) -> Refused:
        error.decision = Decision(strategy=self._strategies[wish.provider].name, picked=None, considered=considered)
        return error


def _origin(member: PoolAccount) -> Hashable:
    """What accounts share whose provider is down together: the provider, its origin and the way there."""
    url = member.root
    return member.account.provider, urlsplit(url)[:2], member.provider.proxy(member.account, url)


def _place(member: PoolAccount) -> str:
    """The origin in words, without what a URL may hold of secrets."""
    return f"{member.provider.short} at {urlsplit(member.root).hostname}"


def _chosen(usable: Sequence[PoolAccount], wish: Wish, chooser: Strategy) -> tuple[PoolAccount, str]:
    """One of those that may serve, and why it: pinned, its conversation, else the strategy's of the best priority."""
    for member in usable:
        if member.account.pinned:
            return member, "picked: pinned"
    if wish.prefer is not None:
        for member in usable:
            if member.account.id == wish.prefer:
                return member, "picked: its conversation"
    if len(usable) == 1:
        return chooser.pick(usable, wish.model), "picked"
    settled = [member for member in usable if not member.on_trial] or usable
    best = min([member.account.priority for member in settled])
    return chooser.pick([member for member in settled if member.account.priority == best], wish.model), "picked"


def _tell(item: Considered, now: float) -> str:
    rest = f" for {max(1, round(item.until - now))} s" if item.until is not None else ""
    return f"{item.account} {item.why}{rest}"
