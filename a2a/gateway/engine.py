"""Everything one process needs to answer calls, put together from settings; `serve`, `chat` and `demo` start here.

Start-up in order, clean-up in reverse: accounts, catalogue, gateway; then the background tasks, if any.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from types import TracebackType

from a2a import __version__
from a2a.auth.accounts import AccountStore
from a2a.auth.declared import declared
from a2a.auth.records import Account
from a2a.auth.store import CredentialStore, open_store
from a2a.auth.tokens import TokenKeeper
from a2a.clock import Clock, SystemClock
from a2a.config import Settings, provider_id
from a2a.control.types import AccountChanged, ServerView
from a2a.errors import A2AError, NeedsLogin
from a2a.gateway.catalogue import Catalogue
from a2a.gateway.pipeline import Gateway
from a2a.gateway.route import Router
from a2a.logs.live import Live
from a2a.logs.recorder import Recorder
from a2a.pool.pool import Pool
from a2a.providers.base import Provider
from a2a.providers.http import Egress
from a2a.providers.presets import PRESETS
from a2a.providers.registry import build

log = logging.getLogger(__name__)

LISTING_TIMEOUT_S = 15.0
"""How long an upstream may take for its model list."""


class Engine:
    """An async context manager. `say` gets remarks for the user, one sentence each."""

    def __init__(
        self,
        settings: Settings,
        *,
        say: Callable[[str], None],
        clock: Clock | None = None,
        store: CredentialStore | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.store = store or open_store(settings.credential_store, settings.folders, say=say)
        self._say = say
        self.providers: dict[str, Provider] = build(settings)
        self.live = Live(self.clock)
        self.recorder = Recorder(self.live)
        self.pool = Pool(
            self.providers, clock=self.clock, on_change=lambda view: self.live.publish(AccountChanged(view))
        )
        self.catalogue = Catalogue(self.providers, settings.folders)
        self.router = Router(settings, self.providers, self.catalogue)
        self.egress = Egress(settings.server.connect_timeout_s)
        self.started_at = self.clock.now()
        self.url = ""
        self.accounts: list[Account] = []

    async def __aenter__(self) -> Engine:
        saved = AccountStore(self.settings.folders)
        scan = await asyncio.to_thread(saved.scan)
        preset_urls = {name: preset.base_url for name, preset in PRESETS.items()}
        given = await asyncio.to_thread(declared, self.settings, saved=scan.accounts, preset_urls=preset_urls)
        for problem in (*scan.problems, *given.problems):  # those of the settings were told when they were loaded
            self._say(problem)
        self.accounts = [*scan.accounts, *given.accounts]
        self.pool.replace(self.accounts)
        await asyncio.to_thread(self.catalogue.use, self.accounts)
        self.keeper = TokenKeeper(
            self.store,
            folders=self.settings.folders,
            urls=lambda account: self.providers[account.provider].auth_urls(account),
            clock=self.clock,
            seeds=given.credentials,
            accounts=saved,
        )
        self.gateway = Gateway(
            server=self.settings.server,
            router=self.router,
            catalogue=self.catalogue,
            pool=self.pool,
            keeper=self.keeper,
            egress=self.egress,
            recorder=self.recorder,
            clock=self.clock,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.gateway.aclose()
        await self.keeper.aclose()
        await self.egress.aclose()

    def provider_of(self, name: str) -> str | None:
        """The id of a provider this build serves, by id or short name; None for any other word."""
        try:
            known = provider_id(name)
        except A2AError:
            return None
        return known if known in self.providers else None

    async def renew_tokens(self) -> None:
        """Renew what ends within `cron_near_minutes`, of idle and cooling accounts too; one after the other."""
        lead_s = self.settings.server.cron_near_minutes * 60.0
        for member in self.pool.members():
            if member.state in ("disabled", "needs_login", "suspended", "retired"):
                continue
            try:
                await self.keeper.current(member.account, lead_s=lead_s)
            except NeedsLogin as error:
                member.hold("needs_login", "needs_login", error.message, error.hint)
            except A2AError as error:
                log.warning("token_not_renewed account=%s error=%s", member.name, error)

    async def list_models(self, provider: str | None = None, *, only_new: bool = False) -> list[str]:
        """Ask upstreams for their lists, all at once; a sentence for each that did not answer.

        `provider`: an id, to ask for the lists of its accounts alone.
        """
        wanted = set(self.catalogue.unlisted()) if only_new else {account.id for account in self.accounts}
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

    def view(self) -> ServerView:
        return ServerView(
            url=self.url,
            pid=os.getpid(),
            version=__version__,
            started_at=self.started_at,
            in_flight=self.recorder.in_flight,
            served=self.recorder.served,
        )
