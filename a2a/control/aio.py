"""The control API from outside, for what must not wait: `ControlCalls` over HTTP. Errors: see `asks`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import Self, TypeVar

import httpx
from msgspec import Struct

from a2a.control import asks
from a2a.control.asks import Ask
from a2a.control.calls import ControlCalls
from a2a.control.stream import SILENCE_S, EventReader
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
from a2a.secret import Secret

T = TypeVar("T")


class AsyncControlClient:
    """One server, as an async context manager, for one event loop. `provider`: id or short name."""

    def __init__(self, url: str, key: Secret, *, timeout_s: float = asks.ANSWER_TIMEOUT_S) -> None:
        self._url = url
        self._http = httpx.AsyncClient(
            base_url=asks.address(url), headers=asks.headers(key), trust_env=False, timeout=asks.timeout(timeout_s)
        )

    @property
    def url(self) -> str:
        return self._url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()

    async def server(self) -> ServerView:
        return await self._ask(asks.server())

    async def settings(self) -> list[SettingView]:
        return await self._ask(asks.settings())

    async def accounts(self) -> list[AccountView]:
        return await self._ask(asks.accounts())

    async def account(self, provider: str, alias: str) -> AccountDetail:
        return await self._ask(asks.account(provider, alias))

    async def act(self, provider: str, alias: str, action: str, body: Struct | None = None) -> Acted:
        """One action on one account; `body` as `docs/control.md` lists it."""
        return await self._ask(asks.act(provider, alias, action, body))

    async def models(self) -> list[ModelView]:
        return await self._ask(asks.models())

    async def exchanges(self, wish: ExchangeWish) -> ExchangePage:
        """A page, newest first, without bodies."""
        return await self._ask(asks.exchanges(wish))

    async def exchange(self, exchange_id: str) -> Exchange:
        """With its bodies, where they were recorded. Raises UnknownRoute for one that is not kept there."""
        return await self._ask(asks.exchange(exchange_id))

    async def replay(self, exchange_id: str, wish: ReplayWish) -> Replayed:
        """Returns when the upstream has answered in full. Raises RequestError where no body was recorded."""
        return await self._ask(asks.replay(exchange_id, wish))

    async def cassette(self, exchange_id: str) -> str:
        """The text of a cassette file. Raises RequestError where no bodies were recorded."""
        return await self._ask(asks.cassette(exchange_id))

    async def stats(self, wish: StatsWish) -> Stats:
        return await self._ask(asks.stats(wish))

    async def explain(self, wish: ExplainWish) -> Explained:
        """What a request would get; calls nobody."""
        return await self._ask(asks.explain(wish))

    async def reload(self) -> Reloaded:
        """The settings and the accounts. Raises ConfigError: then the settings are as before."""
        return await self._ask(asks.reload())

    async def log(self, wish: LogWish) -> list[LogEntry]:
        """What the server has said, oldest first. Raises Forbidden with another key than the server's own."""
        return await self._ask(asks.log(wish))

    async def login_methods(self) -> list[LoginMethod]:
        return await self._ask(asks.login_methods())

    async def login(self, wish: LoginWish) -> LoginView:
        """Begin a login that the server runs."""
        return await self._ask(asks.login(wish))

    async def login_state(self, login_id: str) -> LoginView:
        return await self._ask(asks.login_state(login_id))

    async def login_answer(self, login_id: str, answer: LoginAnswer) -> LoginView:
        return await self._ask(asks.login_answer(login_id, answer))

    async def login_cancel(self, login_id: str) -> LoginView:
        return await self._ask(asks.login_cancel(login_id))

    async def events(self, after: int | None = None, kinds: Iterable[str] = ()) -> AsyncIterator[LiveEvent]:
        """Each change from now on, or those behind `after` first (0: all that are kept).

        `kinds`: tags of the changes that are wanted (`exchange`, `account` …); none: all.

        Ends with the connection: the caller resumes behind the last number it saw. Raises as every call does where the
        stream does not begin.
        """
        query, limits = asks.events_query(after, kinds), asks.timeout(SILENCE_S)
        reader = EventReader()
        with asks.translated(self._url):
            request = self._http.build_request("GET", "/events", params=query, timeout=limits)
            answer = await self._http.send(request, stream=True)
        try:
            if not asks.is_stream(answer):
                with asks.translated(self._url):
                    raise asks.error_of(self._url, answer.status_code, await answer.aread())
            async for piece in answer.aiter_raw():
                for event in reader.feed(piece):
                    yield event
        except httpx.HTTPError:
            return  # the connection is gone
        finally:
            await answer.aclose()

    async def _ask(self, ask: Ask[T]) -> T:
        with asks.translated(self._url):
            answer = await self._http.request(
                ask.method,
                ask.path,
                content=ask.body,
                params=ask.query or None,
                headers=ask.headers,
                timeout=httpx.USE_CLIENT_DEFAULT if ask.timeout_s is None else asks.timeout(ask.timeout_s),
            )
        return asks.answer_of(self._url, ask, answer.status_code, answer.content)


def _is_control_calls(client: AsyncControlClient) -> ControlCalls:
    """For the type checker: whatever a screen may ask is there."""
    return client
