"""The control API as seen by a client: each question as a value, for whoever sends it, waiting or not.

Every error is of our family: the server's own comes back as the class it was there, a server that cannot be reached is
`Unreachable`, one that does not answer in time `UpstreamTimeout`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

import httpx
import msgspec
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
    Export,
    ExportWish,
    LogEntry,
    LoginAnswer,
    LoginMethod,
    LoginView,
    LoginWish,
    LogWish,
    Migrated,
    MigrateWish,
    ModelView,
    Nothing,
    Reloaded,
    Replayed,
    ReplayWish,
    ServerView,
    SettingView,
    Stats,
    StatsWish,
)
from a2a.errors import (
    A2AError,
    AccountError,
    BadUpstream,
    ConfigError,
    ExitCode,
    Forbidden,
    LoginFailed,
    NeedsLogin,
    NoAccount,
    RequestError,
    TooLarge,
    UnknownRoute,
    Unreachable,
    UpstreamTimeout,
    UsageError,
    WrongKey,
)
from a2a.secret import Secret

CONNECT_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 90.0
"""A refresh or a probe asks an upstream."""
REPLAY_TIMEOUT_S = 1800.0
"""A replay gives its answer when the upstream has given all of it."""

T = TypeVar("T")

_CLASSES: tuple[type[A2AError], ...] = (
    *(A2AError, AccountError, BadUpstream, ConfigError, NoAccount, TooLarge, Unreachable, UnknownRoute, RequestError),
    *(UsageError, UpstreamTimeout, WrongKey, Forbidden, NeedsLogin, LoginFailed),
)
_FAMILY = {(each.status, each.kind, int(each.exit_code)): each for each in _CLASSES}
"""Class by what the server tells of an error; of several that tell the same the one that stands last."""


@dataclass(frozen=True)
class Ask(Generic[T]):
    """One question below `/admin/v1`. `kind`: what the answer is; `body`: JSON, None for a GET without one."""

    method: Literal["GET", "POST"]
    path: str
    kind: type[T]
    body: bytes | None = None
    query: dict[str, str] = field(default_factory=dict)
    timeout_s: float | None = None
    """Of the answer, where it is another than the client's."""

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.body is None else {"Content-Type": "application/json"}


class _Told(Struct):
    message: str
    hint: str | None = None
    kind: str = ""
    exit_code: int = int(ExitCode.FAILED)


class _Refusal(Struct):
    error: _Told


def server() -> Ask[ServerView]:
    return _get("/server", ServerView)


def settings() -> Ask[list[SettingView]]:
    return _get("/settings", list[SettingView])


def accounts() -> Ask[list[AccountView]]:
    return _get("/accounts", list[AccountView])


def account(provider: str, alias: str) -> Ask[AccountDetail]:
    return _get(f"/accounts/{_piece(provider)}/{_piece(alias)}", AccountDetail)


def act(provider: str, alias: str, action: str, body: Struct | None) -> Ask[Acted]:
    return _post(f"/accounts/{_piece(provider)}/{_piece(alias)}/{_piece(action)}", body, Acted)


def export(provider: str, alias: str, wish: ExportWish) -> Ask[Export]:
    return _post(f"/accounts/{_piece(provider)}/{_piece(alias)}/export", wish, Export)


def test_all() -> Ask[list[Acted]]:
    return _post("/accounts/test", None, list[Acted])


def export_all(wish: ExportWish) -> Ask[Export]:
    return _post("/accounts/export", wish, Export)


def migrate(wish: MigrateWish) -> Ask[Migrated]:
    return _post("/accounts/migrate", wish, Migrated)


def reload_accounts() -> Ask[Reloaded]:
    return _post("/accounts/reload", None, Reloaded)


def reload() -> Ask[Reloaded]:
    return _post("/reload", None, Reloaded)


def models() -> Ask[list[ModelView]]:
    return _get("/models", list[ModelView])


def explain(wish: ExplainWish) -> Ask[Explained]:
    return _post("/explain", wish, Explained)


def exchanges(wish: ExchangeWish) -> Ask[ExchangePage]:
    return _get("/exchanges", ExchangePage, query=query_of(wish))


def exchange(exchange_id: str) -> Ask[Exchange]:
    return _get(f"/exchanges/{_piece(exchange_id)}", Exchange)


def replay(exchange_id: str, wish: ReplayWish) -> Ask[Replayed]:
    return _post(f"/exchanges/{_piece(exchange_id)}/replay", wish, Replayed, timeout_s=REPLAY_TIMEOUT_S)


def cassette(exchange_id: str) -> Ask[str]:
    """Its answer is a text: the file."""
    return _get(f"/exchanges/{_piece(exchange_id)}/cassette", str)


def stats(wish: StatsWish) -> Ask[Stats]:
    return _get("/stats", Stats, query=query_of(wish))


def log(wish: LogWish) -> Ask[list[LogEntry]]:
    return _get("/log", list[LogEntry], query=query_of(wish))


def login_methods() -> Ask[list[LoginMethod]]:
    return _get("/login/methods", list[LoginMethod])


def login(wish: LoginWish) -> Ask[LoginView]:
    return _post("/login", wish, LoginView)


def login_state(login_id: str) -> Ask[LoginView]:
    return _get(f"/login/{_piece(login_id)}", LoginView)


def login_answer(login_id: str, answer: LoginAnswer) -> Ask[LoginView]:
    return _post(f"/login/{_piece(login_id)}/answer", answer, LoginView)


def login_cancel(login_id: str) -> Ask[LoginView]:
    return _post(f"/login/{_piece(login_id)}/cancel", None, LoginView)


def events_query(after: int | None, kinds: Iterable[str]) -> dict[str, str]:
    """The query of `GET /events`."""
    wanted = ",".join(kinds)
    return ({} if after is None else {"after": str(after)}) | ({"kinds": wanted} if wanted else {})


def query_of(wish: Struct) -> dict[str, str]:
    """The fields of a wish that are not their defaults; lists joined by commas."""
    fields = msgspec.to_builtins(wish)
    return {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in fields.items()}


def _piece(name: str) -> str:
    """One piece of a path."""
    return quote(name, safe="")


def _get(path: str, kind: type[T], *, query: dict[str, str] | None = None) -> Ask[T]:
    return Ask("GET", path, kind, query=query or {})


def _post(path: str, body: Struct | None, kind: type[T], *, timeout_s: float | None = None) -> Ask[T]:
    return Ask("POST", path, kind, msgspec.json.encode(Nothing() if body is None else body), timeout_s=timeout_s)


def address(url: str) -> str:
    return f"{url}/admin/v1"


def headers(key: Secret) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.reveal()}"}


def timeout(answer_s: float) -> httpx.Timeout:
    return httpx.Timeout(answer_s, connect=CONNECT_TIMEOUT_S)


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Errors of httpx become our own."""
    try:
        yield
    except httpx.ConnectTimeout as error:
        raise Unreachable(f"the server at {url} does not answer", hint="is it running?") from error
    except httpx.TimeoutException as error:
        raise UpstreamTimeout(f"the server at {url} does not answer in time") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        told = f"no connection to the server at {url} ({type(error).__name__})"
        raise Unreachable(told, hint="is it running? a2a serve") from error


def answer_of(url: str, ask: Ask[T], status: int, content: bytes) -> T:
    """Raises the error that the server told, BadUpstream for an answer that is not a server's of this version."""
    if status != 200:
        raise error_of(url, status, content)
    try:
        if ask.kind is str:
            return msgspec.convert(content.decode(), ask.kind)
        return msgspec.json.decode(content, type=ask.kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise stranger(url) from error


def is_stream(answer: httpx.Response) -> bool:
    """Whether live events follow; else it is an error."""
    kind = answer.headers.get("content-type", "")
    return answer.status_code == 200 and kind.partition(";")[0].strip() == "text/event-stream"


def stranger(url: str) -> BadUpstream:
    return BadUpstream(
        f"what answers at {url} is no a2a server of this version", hint="a2a --version, and the same there"
    )


def error_of(url: str, status: int, content: bytes) -> A2AError:
    """The server's error as the class it was there, as far as its answer tells."""
    try:
        told = msgspec.json.decode(content, type=_Refusal).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        told = _Told(f"what answers at {url} is no a2a server ({status})", "check A2A_URL")
    known: Any = _FAMILY.get((status, told.kind, told.exit_code))
    if known is None:
        known = BadUpstream if status >= 500 else RequestError
    error: A2AError = known(told.message, hint=told.hint)
    return error
