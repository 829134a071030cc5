"""Everything one process needs to answer calls, put together from settings; `serve`, `chat` and `demo` start here.

Start-up in order, clean-up in reverse: accounts and their health, catalogue, gateway; then the background tasks.
Settings may change meanwhile: what follows from them alone (providers, router, gateway) is made anew and put in place
in one step, between two turns of the loop; what was learned (pool, catalogue, tokens, records) stays.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType

from msgspec import structs

from a2a import __version__
from a2a.auth.accounts import AccountStore
from a2a.auth.kinds import expiry_of
from a2a.auth.records import Account, Credential
from a2a.auth.renewal import Job, Renewal, Renewed
from a2a.auth.renewer import Detached
from a2a.auth.store import CredentialStore, open_store
from a2a.auth.tokens import TokenKeeper
from a2a.clock import Clock, SystemClock
from a2a.config import Settings, provider_id
from a2a.control.types import AccountChanged, AccountGone, ConfigView, ModelView, ServerView
from a2a.errors import A2AError, NeedsLogin
from a2a.gateway.affinity import Affinity, BindingStore
from a2a.gateway.call import Call, Sink
from a2a.gateway.cassettes.recording import Answerer
from a2a.gateway.catalogue import Catalogue
from a2a.gateway.checks import HealthChecks
from a2a.gateway.edits import EditTable
from a2a.gateway.pipeline import Gateway
from a2a.gateway.quota import QuotaPoll
from a2a.gateway.reachable import reachable
from a2a.gateway.recording import Recordings
from a2a.gateway.report import Report
from a2a.gateway.route import Router
from a2a.logs.live import Live
from a2a.pool.account import PoolAccount
from a2a.pool.pool import Pool
from a2a.pool.roster import Roster, read_roster
from a2a.pool.saving import HealthSaver
from a2a.providers import timeouts
from a2a.providers.base import Provider
from a2a.providers.http import Egress
from a2a.providers.registry import build

log = logging.getLogger(__name__)

LISTING_TIMEOUT_S = 15.0
"""How long an upstream may take for its model list."""


_IDENTITY = frozenset(Account.__struct_fields__) - {
    *("alias", "enabled", "draining", "pinned", "priority", "weight", "limits", "label", "expires_at")
}
"""Fields of a record that change whom or where an upstream sees: what was learned with the old ones does not hold."""


class Engine:
    """An async context manager. `say` gets remarks for the user, one sentence each."""

    def __init__(
        self,
        settings: Settings,
        *,
        say: Callable[[str], None],
        clock: Clock | None = None,
        store: CredentialStore | None = None,
        offline: bool = False,
    ) -> None:
        """`offline`: it has no accounts, so that nobody is called whatever happens."""
        self.settings = settings
        self._offline = offline
        self.answerer: Answerer | None = None
        """What serves calls instead of the gateway, or in front of it."""
        self.clock = clock or SystemClock()
        self.store = store or open_store(settings.credential_store, settings.folders, say=say)
        own = store is None and clock is None  # a process of its own can open our store, and reads the system's clock
        self._renew = (
            Detached(settings.credential_store, settings.folders, self.store)
            if own
            else Renewal(self.store, settings.folders.locks, self.clock)
        )
        self.say = say
        self.providers: dict[str, Provider] = build(settings)
        self.live = Live(self.clock)
        self.recordings = Recordings(settings, self.live, self.clock, alone=not own)
        self.recorder = self.recordings.recorder
        self.record = self.recordings.record
        self.pool = Pool(
            self.providers, clock=self.clock, on_change=lambda view: self.live.publish(AccountChanged(view))
        )
        self.catalogue = Catalogue(self.providers, settings.folders)
        self.router = Router(settings, self.providers, self.catalogue)
        self.egress = Egress(settings.server.connect_timeout_s)
        self.started_at = self.clock.now()
        self.url = ""
        self.config = ConfigView(loaded_at=self.started_at, file=settings.config_file, problems=settings.problems)
        self.records = AccountStore(settings.folders)
        self.health = HealthSaver(settings.folders)
        self.roster = Roster([], {}, {}, [])
        self._seeds: dict[str, Credential] = {}
        self._reloading = asyncio.Lock()
        self.arrived = asyncio.Event()
        """Set when a reload has brought accounts whose model lists nobody has asked for."""
        self._moved: set[str] = set()
        """Ids of providers whose settings are others since their accounts' lists were asked for."""

    async def answer(self, call: Call, sink: Sink) -> Report:
        """Serve one call; as `Gateway.answer`."""
        return await (self.answerer or self.gateway).answer(call, sink)

    def can_serve(self) -> bool:
        return self._offline or self.pool.can_serve()

    def _roster_of(self, settings: Settings) -> Roster:
        return Roster([], {}, {}, []) if self._offline else read_roster(settings)

    @property
    def accounts(self) -> list[Account]:
        return self.roster.accounts

    async def __aenter__(self) -> Engine:
        await self._use(await asyncio.to_thread(self._roster_of, self.settings))
        for problem in self.roster.problems:  # those of the settings were told when they were loaded
            self.say(problem)
        self.keeper = TokenKeeper(
            self.store,
            folders=self.settings.folders,
            urls=lambda account: self.providers[account.provider].auth_urls(account),
            clock=self.clock,
            seeds=self._seeds,
            accounts=self.records,
            renew=self._counted,
        )
        affinity = Affinity(store=BindingStore(self.settings.folders), clock=self.clock)
        await affinity.load()
        self.gateway = Gateway(
            server=self.settings.server,
            router=self.router,
            catalogue=self.catalogue,
            pool=self.pool,
            keeper=self.keeper,
            egress=self.egress,
            recorder=self.recorder,
            clock=self.clock,
            affinity=affinity,
            edits=EditTable(self.settings),
        )
        self.quota = QuotaPoll(self.pool, self.keeper, self.egress, self.clock)
        self.checks = HealthChecks(self.pool, lambda call, sink: self.gateway.answer(call, sink), self.clock)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.gateway.aclose()
            await self.keeper.aclose()
            await self.egress.aclose()
            await self.save_health()
        finally:
            await self.recordings.aclose()

    async def _counted(self, job: Job) -> Renewed:
        """A renewal, for the metrics. Raises what it raises."""
        refreshes = self.recorder.tally.refreshes
        try:
            renewed = await self._renew(job)
        except A2AError:
            refreshes[job.account.provider, "failed"] += 1
            raise
        refreshes[job.account.provider, "ok"] += 1
        return renewed

    async def _use(self, roster: Roster) -> list[PoolAccount]:
        """Put these accounts to work; gives those whose health a person has set since, or whose credential is new."""
        self.roster = roster
        self._seeds.clear()
        self._seeds.update(roster.seeds)
        self.pool.replace(roster.accounts)
        await asyncio.to_thread(self.catalogue.use, roster.accounts)
        return await self.health.restore(self.pool.members(), roster.fingerprints())

    async def reload_accounts(self) -> list[str]:
        """Look at the accounts again, as another process or a person has left them; gives what is wrong with some.

        Calls in flight go on as they began. Raises StoreError, and UsageError as `read_roster` does.
        """
        async with self._reloading:
            roster = await asyncio.to_thread(self._roster_of, self.settings)
            await self._change(roster)
        return roster.problems

    async def use_settings(self, settings: Settings) -> list[str]:
        """Serve by these from now on, with the accounts they declare; gives what is wrong with some of those.

        Calls in flight go on as they began. Raises StoreError, and UsageError as `read_roster` does: then all is as it
        was.
        """
        async with self._reloading:
            fresh = _renewed_providers(self.providers, self.settings, settings)
            roster = await asyncio.to_thread(self._roster_of, settings)
            router = Router(settings, {**self.providers, **fresh}, self.catalogue)
            router.follow(self.router)
            self._moved |= {name for name in fresh if _elsewhere(name, self.settings, settings)}
            self.settings = settings
            self.recordings.use(settings)
            self.providers.update(fresh)  # pool and catalogue look there too
            self.pool.adopt(fresh)
            self.router = router
            self.gateway = self.gateway.under(settings.server, router, EditTable(settings))
            await self._change(roster)
        return roster.problems

    async def _change(self, roster: Roster) -> None:
        """Put these accounts in the place of those before; forget what was learned of the ones that are others now."""
        before = {account.id: account for account in self.accounts}
        seeds = dict(self._seeds)
        took = await self._use(roster)
        self._renewed(took)
        for account_id in before.keys() | {account.id for account in roster.accounts}:
            member = self.pool.member(account_id)
            old = before.get(account_id)
            if member is None or old is None or seeds.get(account_id) != roster.seeds.get(account_id):
                self.keeper.forget(account_id)
            elif any(getattr(old, name) != getattr(member.account, name) for name in _IDENTITY):
                self._renewed([member])
            elif member.account.expires_at != old.expires_at:  # another process has renewed its token
                self.keeper.forget(account_id)
        self._tell_who_came_and_went(before)
        if self.catalogue.unlisted() or self._moved:
            self.arrived.set()

    def _tell_who_came_and_went(self, before: Mapping[str, Account]) -> None:
        """To those who listen; of accounts that stay the pool tells."""
        now = {member.account.id: member for member in self.pool.members()}
        for account_id, member in now.items():
            if account_id not in before:
                self.live.publish(AccountChanged(member.view()))
        for account_id, account in before.items():
            if account_id not in now:
                self.live.publish(AccountGone(id=account_id, account=account.name))

    def _renewed(self, members: Iterable[PoolAccount]) -> None:
        """Their credentials or settings may be others: what was learned with the old ones is asked again."""
        for member in members:
            self.keeper.forget(member.account.id)
            member.provider.forget(member.account)
            self.live.publish(AccountChanged(member.view()))

    async def save_health(self) -> None:
        """Write what was learned, and where conversations are; takes over what a person has set meanwhile."""
        self._renewed(await self.health.save(self.pool.members()))
        await self.gateway.save()

    def note_expiry(self, member: PoolAccount, credential: Credential) -> None:
        """Show when its token ends now."""
        expires_at = expiry_of(credential)
        if expires_at != member.account.expires_at:
            member.use(structs.replace(member.account, expires_at=expires_at))

    def provider_of(self, name: str) -> str | None:
        """The id of a provider this build serves, by id or short name; None for any other word."""
        try:
            known = provider_id(name)
        except A2AError:
            return None
        return known if known in self.providers else None

    async def renew_tokens(self) -> None:
        """Renew what ends within `cron_near_minutes`, of idle and cooling accounts too; one after the other."""
        await self.keeper.save_left()
        lead_s = self.settings.server.cron_near_minutes * 60.0
        for member in self.pool.members():
            if member.state in ("disabled", "needs_login", "suspended", "retired"):
                continue
            try:
                self.note_expiry(member, await self.keeper.current(member.account, lead_s=lead_s))
            except NeedsLogin as error:
                member.hold("needs_login", "needs_login", error.message, error.hint)
            except A2AError as error:
                log.warning("token_not_renewed account=%s error=%s", member.name, error)

    async def list_models(self, provider: str | None = None, *, only_new: bool = False) -> list[str]:
        """Ask upstreams for their lists, all at once; a sentence for each that did not answer.

        `provider`: an id, to ask for the lists of its accounts alone.
        """
        wanted = {account.id for account in self.accounts}
        if only_new:
            wanted = {one.id for one in self.accounts if one.provider in self._moved} | set(self.catalogue.unlisted())
            self._moved.clear()
        asked = [m for m in self.pool.members(provider) if m.account.id in wanted and m.account.enabled]
        results = await asyncio.gather(*(self._list(member.account) for member in asked))
        return [problem for problem in results if problem]

    async def _list(self, account: Account) -> str | None:
        provider = self.providers[account.provider]
        try:
            async with asyncio.timeout(LISTING_TIMEOUT_S):
                credential = await self.keeper.current(account)
                await provider.prepare(account, credential, self.egress)
                models = await provider.models(account, credential, self.egress)
            if models:
                self.catalogue.learn(account.id, models)
                await asyncio.to_thread(self.catalogue.save, account.id)
        except (A2AError, TimeoutError) as error:
            log.info("model_list_failed account=%s error=%s", account.name, error)
            return f"{provider.short}/{account.alias} gave no model list: {error or 'no answer in time'}"
        return None

    def models(self) -> list[ModelView]:
        """The model list: aliases first, then what the catalogue knows; each with who can serve it now."""
        return reachable(self.router.models(), self.pool.members())

    def view(self) -> ServerView:
        return ServerView(
            url=self.url,
            pid=os.getpid(),
            version=__version__,
            started_at=self.started_at,
            in_flight=self.recorder.in_flight,
            served=self.recorder.served,
            config=self.config,
            recording=self.recordings.state,
        )


def _elsewhere(provider_id: str, old: Settings, new: Settings) -> bool:
    """Whether the provider's upstream may be another one, or list other models."""
    return old.provider(provider_id) != new.provider(provider_id) or old.server.proxy != new.server.proxy


def _shared(settings: Settings) -> tuple[object, ...]:
    """What every provider is made from, besides its own table."""
    return settings.server, settings.env_proxies, timeouts.declared(settings.models)


def _renewed_providers(now: Mapping[str, Provider], old: Settings, new: Settings) -> dict[str, Provider]:
    """Providers whose settings differ, made from the new ones; the others stay the objects they are."""
    if _shared(old) == _shared(new):
        differ = {name for name in now if old.provider(name) != new.provider(name)}
    else:
        differ = set(now)
    return {name: provider for name, provider in build(new).items() if name in differ} if differ else {}
