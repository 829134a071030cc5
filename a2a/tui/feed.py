"""Keeps the state up to date: finds the server, asks for what there is, follows its events, and begins again.

First the answers, then every event the server still has: so nothing that happened in between is missed. Where events
were lost, or the server is another process, the answers are asked for anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import NoReturn

from msgspec import Struct

from a2a.control.types import (
    LOG_LINES,
    AccountDetail,
    AccountView,
    Acted,
    Exchange,
    ExchangePage,
    ExchangeWish,
    Explained,
    ExplainWish,
    LiveEvent,
    LogEntry,
    LoginAnswer,
    LoginMethod,
    LoginView,
    LoginWish,
    LogWish,
    ModelView,
    Reloaded,
    Replayed,
    ReplayWish,
    ServerView,
    SettingView,
    Stats,
    StatsWish,
)
from a2a.errors import A2AError, Forbidden, UnknownRoute, Unreachable, WrongKey
from a2a.tui.desk import Connect, Desk
from a2a.tui.state import RING

PAGE = 500
"""Exchanges asked for at a time; the first page is seen before the next is asked for."""
WAITS_S = (0.5, 1.0, 2.0, 3.0, 5.0)
"""Between two tries to connect; the last one again and again."""
ASK_S = 5.0
"""How often the server is asked for what no event tells: requests in flight, its settings."""


class Feed:
    """Runs as long as the app; `desk.control` is always the connection of now."""

    def __init__(self, desk: Desk, connect: Connect, changed: Callable[[], None] = lambda: None) -> None:
        """`changed`: told behind each event, so that who draws need not wait for his next turn."""
        self._changed = changed
        self._desk = desk
        self._state = desk.state
        self._connect = connect
        self._started: tuple[int, float] | None = None
        """Process and start of the server seen last."""
        self._tries = 0
        """In a row without success."""
        self._older_than: str | None = None
        """Where the second page of exchanges begins."""

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                control = await self._connect()
                try:
                    self._desk.control = control
                    await self._attached()
                finally:
                    self._desk.control = NotAttached()
                    await control.aclose()
            except (WrongKey, Forbidden) as error:
                self._state.set_link("refused", error.message, error.hint)
            except A2AError as error:
                self._state.set_link("gone", error.message, error.hint)
            else:
                self._state.set_link("gone", "the server closed the connection", None)
            self._tries += 1
            await asyncio.sleep(WAITS_S[min(self._tries, len(WAITS_S)) - 1])

    async def _attached(self) -> None:
        """Until the connection ends. Raises errors of our family."""
        await self._look()
        self._tries = 0
        self._state.set_link("live")
        error: A2AError | None = None
        async with asyncio.TaskGroup() as group:
            others = [group.create_task(self._older(), name="dash: older exchanges")]
            others.append(group.create_task(self._keep_asking(), name="dash: server"))
            try:
                await self._follow()
            except A2AError as ended:
                error = ended  # raised below: in here it would come out as a group
            for task in others:
                task.cancel()
        if error is not None:
            raise error

    async def _look(self) -> None:
        """All that is shown first."""
        control = self._desk.control
        server = await control.server()
        if self._started not in (None, (server.pid, server.started_at)):
            self._state.restarted()
        self._started = (server.pid, server.started_at)
        self._state.set_server(server)
        self._state.set_accounts(await control.accounts())
        page = await control.exchanges(ExchangeWish(limit=PAGE))
        self._state.put_exchanges(page.exchanges)
        self._older_than = page.next
        await self._look_at_log()

    async def _look_at_log(self) -> None:
        """What the server said before this screen watched. To a client's key, and by a server from before it had that
        answer, it is not told."""
        try:
            self._state.put_log(await self._desk.control.log(LogWish(limit=LOG_LINES)))
        except (Forbidden, UnknownRoute) as error:
            self._state.withhold_log(error.message)

    async def _follow(self) -> None:
        """The events. Ends with the connection."""
        after = 0 if self._state.seq is None else self._state.seq
        async for event in self._desk.control.events(after=after):
            missed = self._state.apply(event)
            self._changed()
            if missed is not None:
                if missed.restarted:
                    self._state.restarted()
                await self._look()

    async def _older(self) -> None:
        """Further pages, while there is room for them."""
        before = self._older_than
        while before is not None and (room := RING - len(self._state.exchanges)) > 0:
            try:
                page = await self._desk.control.exchanges(ExchangeWish(limit=min(PAGE, room), before=before))
            except A2AError:
                return  # whether the server is gone, its events tell
            self._state.put_exchanges(page.exchanges)
            before = page.next

    async def _keep_asking(self) -> None:
        while True:
            await asyncio.sleep(ASK_S)
            try:
                self._state.set_server(await self._desk.control.server())
            except A2AError:
                continue  # as above


class NotAttached:
    """The calls while there is no server: each says so."""

    url = ""

    def _none(self) -> NoReturn:
        raise Unreachable("there is no connection to a server now", hint="it is tried again by itself")

    async def server(self) -> ServerView:
        self._none()

    async def settings(self) -> list[SettingView]:
        self._none()

    async def accounts(self) -> list[AccountView]:
        self._none()

    async def account(self, provider: str, alias: str) -> AccountDetail:
        self._none()

    async def act(self, provider: str, alias: str, action: str, body: Struct | None = None) -> Acted:
        self._none()

    async def models(self) -> list[ModelView]:
        self._none()

    async def exchanges(self, wish: ExchangeWish) -> ExchangePage:
        self._none()

    async def exchange(self, exchange_id: str) -> Exchange:
        self._none()

    async def replay(self, exchange_id: str, wish: ReplayWish) -> Replayed:
        self._none()

    async def cassette(self, exchange_id: str) -> str:
        self._none()

    async def stats(self, wish: StatsWish) -> Stats:
        self._none()

    async def explain(self, wish: ExplainWish) -> Explained:
        self._none()

    async def reload(self) -> Reloaded:
        self._none()

    async def log(self, wish: LogWish) -> list[LogEntry]:
        self._none()

    async def login_methods(self) -> list[LoginMethod]:
        self._none()

    async def login(self, wish: LoginWish) -> LoginView:
        self._none()

    async def login_state(self, login_id: str) -> LoginView:
        self._none()

    async def login_answer(self, login_id: str, answer: LoginAnswer) -> LoginView:
        self._none()

    async def login_cancel(self, login_id: str) -> LoginView:
        self._none()

    async def events(self, after: int | None = None) -> AsyncIterator[LiveEvent]:
        self._none()
        yield

    async def aclose(self) -> None:
        pass
