"""The control API from outside: what commands and the dashboard ask a running server.

Every error is of our family: the server's own comes back as the class it was there, a server that cannot be reached is
`Unreachable`, one that does not answer in time `UpstreamTimeout`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec
from msgspec import Struct

from a2a.control.types import (
    AccountDetail,
    AccountView,
    Acted,
    Exchange,
    Explained,
    ExplainWish,
    Export,
    ExportWish,
    Migrated,
    MigrateWish,
    Nothing,
    Reloaded,
    ServerView,
)
from a2a.errors import (
    A2AError,
    AccountError,
    BadUpstream,
    ConfigError,
    ExitCode,
    Forbidden,
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

T = TypeVar("T")

_CLASSES: tuple[type[A2AError], ...] = (
    *(A2AError, AccountError, BadUpstream, ConfigError, NoAccount, TooLarge, Unreachable, UnknownRoute, RequestError),
    *(UsageError, UpstreamTimeout, WrongKey, Forbidden, NeedsLogin),
)
_FAMILY = {(each.status, each.kind, int(each.exit_code)): each for each in _CLASSES}
"""Class by what the server tells of an error."""


class _Told(Struct):
    message: str
    hint: str | None = None
    kind: str = ""
    exit_code: int = int(ExitCode.FAILED)


class _Refusal(Struct):
    error: _Told


class ControlClient:
    """One server, as a context manager. Synchronous: each call blocks until the server has answered."""

    def __init__(self, url: str, key: Secret, *, timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        self.url = url
        self._http = httpx.Client(
            base_url=f"{url}/admin/v1",
            headers={"Authorization": f"Bearer {key.reveal()}"},
            trust_env=False,
            timeout=httpx.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S),
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
        return self._get("/server", ServerView)

    def accounts(self) -> list[AccountView]:
        return self._get("/accounts", list[AccountView])

    def account(self, provider: str, alias: str) -> AccountDetail:
        """`provider`: id or short name."""
        return self._get(f"/accounts/{quote(provider, safe='')}/{quote(alias, safe='')}", AccountDetail)

    def act(self, provider: str, alias: str, action: str, body: Struct | None = None) -> Acted:
        """One action on one account; `body` as `docs/control.md` lists it."""
        return self._post(f"/accounts/{quote(provider, safe='')}/{quote(alias, safe='')}/{action}", body, Acted)

    def export(self, provider: str, alias: str, wish: ExportWish) -> Export:
        """The document holds secrets."""
        return self._post(f"/accounts/{quote(provider, safe='')}/{quote(alias, safe='')}/export", wish, Export)

    def exchange(self, exchange_id: str) -> Exchange:
        """Raises UnknownRoute for one that is not kept there."""
        return self._get(f"/exchanges/{quote(exchange_id, safe='')}", Exchange)

    def explain(self, wish: ExplainWish) -> Explained:
        """What a request would get; calls nobody."""
        return self._post("/explain", wish, Explained)

    def reload(self) -> Reloaded:
        """The accounts."""
        return self._post("/accounts/reload", None, Reloaded)

    def reload_settings(self) -> Reloaded:
        """The settings and the accounts. Raises ConfigError: then the settings are as before."""
        return self._post("/reload", None, Reloaded)

    def test_all(self) -> list[Acted]:
        return self._post("/accounts/test", None, list[Acted])

    def export_all(self, wish: ExportWish) -> Export:
        """The document holds secrets."""
        return self._post("/accounts/export", wish, Export)

    def migrate(self, wish: MigrateWish) -> Migrated:
        return self._post("/accounts/migrate", wish, Migrated)

    def _get(self, path: str, kind: type[T]) -> T:
        return self._ask("GET", path, None, kind)

    def _post(self, path: str, body: Struct | None, kind: type[T]) -> T:
        return self._ask("POST", path, msgspec.json.encode(Nothing() if body is None else body), kind)

    def _ask(self, method: str, path: str, body: bytes | None, kind: type[T]) -> T:
        headers: Mapping[str, str] = {} if body is None else {"Content-Type": "application/json"}
        try:
            answer = self._http.request(method, path, content=body, headers=headers)
        except httpx.ConnectTimeout as error:
            raise Unreachable(f"the server at {self.url} does not answer", hint="is it running?") from error
        except httpx.TimeoutException as error:
            raise UpstreamTimeout(f"the server at {self.url} does not answer in time") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            told = f"no connection to the server at {self.url} ({type(error).__name__})"
            raise Unreachable(told, hint="is it running? a2a serve") from error
        if answer.status_code != 200:
            raise self._error(answer)
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            told = f"what answers at {self.url} is no a2a server of this version"
            raise BadUpstream(told, hint="a2a --version, and the same there") from error

    def _error(self, answer: httpx.Response) -> A2AError:
        try:
            told = msgspec.json.decode(answer.content, type=_Refusal).error
        except (msgspec.DecodeError, UnicodeDecodeError):
            told = _Told(f"what answers at {self.url} is no a2a server ({answer.status_code})", "check A2A_URL")
        known: Any = _FAMILY.get((answer.status_code, told.kind, told.exit_code))
        if known is None:
            known = BadUpstream if answer.status_code >= 500 else RequestError
        error: A2AError = known(told.message, hint=told.hint)
        return error
