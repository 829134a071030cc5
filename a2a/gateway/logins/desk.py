"""The logins that a server runs for whoever holds its key: a few at a time, each with an end.

A login ends with its account stored, at work in the pool, and asked whether it can be used; or with an error and the
next step. It is kept a while after its end, so that who began it can see how it went.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

from msgspec import structs

from a2a.auth.accounts import AccountStore
from a2a.auth.store import CredentialStore
from a2a.clock import hex_id
from a2a.config import Settings
from a2a.control.types import Acted, LoginAnswer, LoginChanged, LoginView, LoginWish
from a2a.errors import A2AError, LoginFailed, OutOfResources, RequestError, UnknownRoute
from a2a.gateway.engine import Engine
from a2a.gateway.logins.methods import Way, chosen, risk_of
from a2a.gateway.logins.remote import RemotePerson
from a2a.pool.health import record_standing
from a2a.protocols.redact import GONE

if TYPE_CHECKING:
    from a2a.gateway.logins.keeping import Done

MOST_RUNNING = 4
KEPT = 32
"""Logins that can be looked at, those that have ended among them."""

LONGEST_S = 1800.0
"""Their codes and pages end sooner."""

Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]
"""Makes a named task that belongs to the server."""


class _Place:
    """The server's stores, for one login; `say` is heard by its person, from any thread."""

    def __init__(self, engine: Engine, person: RemotePerson) -> None:
        self._engine = engine
        self._person = person
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    @property
    def settings(self) -> Settings:
        return self._engine.settings

    @property
    def accounts(self) -> AccountStore:
        return self._engine.records

    @property
    def secrets(self) -> CredentialStore:
        return self._engine.store

    def say(self, text: str) -> None:
        if threading.get_ident() == self._thread:
            self._person.remark(text)
        else:
            self._loop.call_soon_threadsafe(self._person.remark, text)


class _Login:
    """One login of the desk."""

    def __init__(self, person: RemotePerson, wish: LoginWish) -> None:
        self.person = person
        self.wish = wish
        self.task: asyncio.Task[None] | None = None

    @property
    def view(self) -> LoginView:
        return self.person.view

    @property
    def runs(self) -> bool:
        return self.person.waits

    def end(self, **fields: object) -> None:
        """Only the first end counts. The key is forgotten."""
        if self.runs:
            self.wish = structs.replace(self.wish, api_key=None)
            self.person.set(shown=None, question=None, **fields)


class LoginDesk:
    """Its methods raise errors of our family; those of a login itself stand in its view."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._spawn: Spawn | None = None
        self._logins: OrderedDict[str, _Login] = OrderedDict()

    @contextmanager
    def at_work(self, spawn: Spawn) -> Iterator[None]:
        """While it lasts logins may begin; those that have not ended by then are cancelled."""
        self._spawn = spawn
        try:
            yield
        finally:
            self._spawn = None
            for login in self._logins.values():
                if login.runs:
                    self._cancel(login)

    def views(self) -> list[LoginView]:
        """Newest first."""
        return [login.view for login in reversed(self._logins.values())]

    def view(self, login_id: str) -> LoginView:
        """Raises UnknownRoute."""
        return self._login(login_id).view

    async def begin(self, wish: LoginWish) -> LoginView:
        """Raises UsageError for a wish that makes no sense, RequestError with the risk where nobody has agreed to it,
        OutOfResources when there are too many already."""
        wish, way = chosen(wish)
        await self._check_risk(wish, way)
        if self._spawn is None:
            raise OutOfResources("the server is starting or stopping", hint="try again in a moment")
        running = [login for login in self._logins.values() if login.runs]
        if len(running) >= MOST_RUNNING:
            raise OutOfResources(f"{MOST_RUNNING} logins are under way", hint="finish or cancel one of them")
        now = self._engine.clock.now()
        view = LoginView(id=hex_id("login_"), provider=wish.provider, state="running", started_at=now)
        login = _Login(RemotePerson(view, lambda view: self._engine.live.publish(LoginChanged(view))), wish)
        self._logins[view.id] = login
        self._forget_old()
        self._engine.live.publish(LoginChanged(view))
        login.task = self._spawn(self._run(login, way), f"a2a login {view.id}")
        return login.view

    def answer(self, login_id: str, answer: LoginAnswer) -> LoginView:
        """Raises UnknownRoute, RequestError."""
        login = self._login(login_id)
        self._check_runs(login)
        login.person.answer(answer)
        return login.view

    def cancel(self, login_id: str) -> LoginView:
        """Raises UnknownRoute, RequestError for one that has ended."""
        login = self._login(login_id)
        self._check_runs(login)
        self._cancel(login)
        return login.view

    def _cancel(self, login: _Login) -> None:
        login.end(state="cancelled")
        if login.task is not None:
            login.task.cancel()

    async def _check_risk(self, wish: LoginWish, way: Way) -> None:
        """Raises RequestError."""
        records = await asyncio.to_thread(self._engine.records.list)
        first = all(account.provider != wish.provider for account in records)
        if risk := risk_of(wish, way, first=first):
            raise RequestError(" ".join(risk.split()), hint='"agreed": true, if you take the risk')

    async def _run(self, login: _Login, way: Way) -> None:
        try:
            async with asyncio.timeout(LONGEST_S):
                place = _Place(self._engine, login.person)
                flows = await asyncio.to_thread(_flows)
                done = await flows.log_in(place, login.wish, way, login.person)
                login.end(state="done", result=await self._welcome(done))
        except A2AError as error:
            self._failed(login, error)
        except TimeoutError:
            self._failed(login, LoginFailed("the login took too long", hint="start it again"))
        finally:
            login.end(state="failed", error="internal error of a2a: its log has the details")

    def _failed(self, login: _Login, error: A2AError) -> None:
        login.end(state="failed", error=_without_key(error.message, login.wish), hint=error.hint)

    async def _welcome(self, done: Done) -> Acted:
        """The account goes to work at once, with what its probe found. Raises StoreError."""
        engine, account = self._engine, done.account
        await asyncio.to_thread(record_standing, engine.settings.folders, account.id, done.standing)
        await engine.reload_accounts()
        member = engine.pool.member(account.id)
        return Acted(
            action="login",
            id=account.id,
            account=account.name,
            message="has a new login" if done.replaced else "is logged in",
            view=member.view() if member is not None else None,
            standing=done.standing,
        )

    def _login(self, login_id: str) -> _Login:
        login = self._logins.get(login_id)
        if login is None:
            raise UnknownRoute(f"there is no login {login_id}", hint="POST /admin/v1/login begins one")
        return login

    @staticmethod
    def _check_runs(login: _Login) -> None:
        if not login.runs:
            raise RequestError(f"this login is over: {login.view.state}", hint="begin another one")

    def _forget_old(self) -> None:
        for login_id in [name for name, login in self._logins.items() if not login.runs]:
            if len(self._logins) <= KEPT:
                return
            del self._logins[login_id]


def _flows() -> ModuleType:
    """Deferred: a server that nobody logs in at does without the HTTP client of logins (90 ms)."""
    from a2a.gateway.logins import ways

    return ways


def _without_key(text: str, wish: LoginWish) -> str:
    """An upstream may say a key back."""
    return text.replace(wish.api_key, GONE) if wish.api_key else text
