"""What a screen may ask of a server: the control API as one interface, so that a test can stand in for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from msgspec import Struct

from a2a.control.types import (
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


class ControlCalls(Protocol):
    """Every method asks the server once and raises errors of our family: `Unreachable` where it is gone, `WrongKey`."""

    @property
    def url(self) -> str: ...

    async def server(self) -> ServerView: ...

    async def settings(self) -> list[SettingView]: ...

    async def accounts(self) -> list[AccountView]: ...

    async def account(self, provider: str, alias: str) -> AccountDetail: ...

    async def act(self, provider: str, alias: str, action: str, body: Struct | None = None) -> Acted: ...

    async def models(self) -> list[ModelView]: ...

    async def exchanges(self, wish: ExchangeWish) -> ExchangePage: ...

    async def exchange(self, exchange_id: str) -> Exchange:
        """With its bodies, where they were recorded."""

    async def replay(self, exchange_id: str, wish: ReplayWish) -> Replayed: ...

    async def cassette(self, exchange_id: str) -> str:
        """The exchange as a cassette file for `a2a serve --replay`: its text."""

    async def stats(self, wish: StatsWish) -> Stats: ...

    async def explain(self, wish: ExplainWish) -> Explained: ...

    async def reload(self) -> Reloaded:
        """The settings and the accounts."""

    async def log(self, wish: LogWish) -> list[LogEntry]:
        """What the server has said, oldest first. Raises Forbidden: it is for the owner."""

    async def login_methods(self) -> list[LoginMethod]: ...

    async def login(self, wish: LoginWish) -> LoginView:
        """Begin one; how it goes on comes as `LoginChanged` events, and by `login_state`."""

    async def login_state(self, login_id: str) -> LoginView: ...

    async def login_answer(self, login_id: str, answer: LoginAnswer) -> LoginView: ...

    async def login_cancel(self, login_id: str) -> LoginView: ...

    def events(self, after: int | None = None) -> AsyncIterator[LiveEvent]:
        """Each change from now on, or those behind `after` first (0: all the server keeps). Ends with the connection:
        the caller resumes behind the last `seq` it saw."""

    async def aclose(self) -> None: ...
