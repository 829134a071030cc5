"""The control API from outside, for commands: each call blocks until the server has answered. Errors: see `asks`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self, TypeVar

import httpx
from msgspec import Struct

from a2a.control import asks
from a2a.control.asks import Ask
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
    Export,
    ExportWish,
    LiveEvent,
    LogEntry,
    LoginAnswer,
    LoginMethod,
    LoginView,
    LoginWish,
    LogWish,
    Migrated,
    MigrateWish,
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


class ControlClient:
    """One server, as a context manager. `provider`, wherever it is asked for: id or short name."""

    def __init__(self, url: str, key: Secret, *, timeout_s: float = asks.ANSWER_TIMEOUT_S) -> None:
        self.url = url
        self._http = httpx.Client(
            base_url=asks.address(url), headers=asks.headers(key), trust_env=False, timeout=asks.timeout(timeout_s)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def server(self) -> ServerView:
        return self._ask(asks.server())

    def settings(self) -> list[SettingView]:
        return self._ask(asks.settings())

    def accounts(self) -> list[AccountView]:
        return self._ask(asks.accounts())

    def account(self, provider: str, alias: str) -> AccountDetail:
        return self._ask(asks.account(provider, alias))

    def act(self, provider: str, alias: str, action: str, body: Struct | None = None) -> Acted:
        """One action on one account; `body` as `docs/control.md` lists it."""
        return self._ask(asks.act(provider, alias, action, body))

    def export(self, provider: str, alias: str, wish: ExportWish) -> Export:
        """The document holds secrets."""
        return self._ask(asks.export(provider, alias, wish))

    def test_all(self) -> list[Acted]:
        return self._ask(asks.test_all())

    def export_all(self, wish: ExportWish) -> Export:
        """The document holds secrets."""
        return self._ask(asks.export_all(wish))

    def migrate(self, wish: MigrateWish) -> Migrated:
        return self._ask(asks.migrate(wish))

    def reload(self) -> Reloaded:
        """The accounts."""
        return self._ask(asks.reload_accounts())

    def reload_settings(self) -> Reloaded:
        """The settings and the accounts. Raises ConfigError: then the settings are as before."""
        return self._ask(asks.reload())

    def models(self) -> list[ModelView]:
        return self._ask(asks.models())

    def explain(self, wish: ExplainWish) -> Explained:
        """What a request would get; calls nobody."""
        return self._ask(asks.explain(wish))

    def exchanges(self, wish: ExchangeWish) -> ExchangePage:
        """A page, newest first, without bodies."""
        return self._ask(asks.exchanges(wish))

    def exchange(self, exchange_id: str) -> Exchange:
        """With its bodies, where they were recorded. Raises UnknownRoute for one that is not kept there."""
        return self._ask(asks.exchange(exchange_id))

    def replay(self, exchange_id: str, wish: ReplayWish) -> Replayed:
        """Returns when the upstream has answered in full. Raises RequestError where no body was recorded."""
        return self._ask(asks.replay(exchange_id, wish))

    def cassette(self, exchange_id: str) -> str:
        """The text of a cassette file. Raises RequestError where no bodies were recorded."""
        return self._ask(asks.cassette(exchange_id))

    def stats(self, wish: StatsWish) -> Stats:
        return self._ask(asks.stats(wish))

    def log(self, wish: LogWish) -> list[LogEntry]:
        """What the server has said, oldest first. Raises Forbidden with another key than the server's own."""
        return self._ask(asks.log(wish))

    def login_methods(self) -> list[LoginMethod]:
        return self._ask(asks.login_methods())

    def login(self, wish: LoginWish) -> LoginView:
        """Begin a login that the server runs."""
        return self._ask(asks.login(wish))

    def login_state(self, login_id: str) -> LoginView:
        return self._ask(asks.login_state(login_id))

    def login_answer(self, login_id: str, answer: LoginAnswer) -> LoginView:
        return self._ask(asks.login_answer(login_id, answer))

    def login_cancel(self, login_id: str) -> LoginView:
        return self._ask(asks.login_cancel(login_id))

    def events(self, after: int | None = None, kinds: Iterable[str] = ()) -> Iterator[LiveEvent]:
        """Each change from now on, or those behind `after` first (0: all that are kept).

        `kinds`: tags of the changes that are wanted (`exchange`, `account` …); none: all.

        Ends with the connection: the caller resumes behind the last number it saw. Raises as every call does where the
        stream does not begin.
        """
        query, limits = asks.events_query(after, kinds), asks.timeout(SILENCE_S)
        reader = EventReader()
        with asks.translated(self.url):
            request = self._http.build_request("GET", "/events", params=query, timeout=limits)
            answer = self._http.send(request, stream=True)
        try:
            if not asks.is_stream(answer):
                with asks.translated(self.url):
                    raise asks.error_of(self.url, answer.status_code, answer.read())
            for piece in answer.iter_raw():
                yield from reader.feed(piece)
        except httpx.HTTPError:
            return  # the connection is gone
        finally:
            answer.close()

    def _ask(self, ask: Ask[T]) -> T:
        with asks.translated(self.url):
            answer = self._http.request(
                ask.method,
                ask.path,
                content=ask.body,
                params=ask.query or None,
                headers=ask.headers,
                timeout=httpx.USE_CLIENT_DEFAULT if ask.timeout_s is None else asks.timeout(ask.timeout_s),
            )
        return asks.answer_of(self.url, ask, answer.status_code, answer.content)
