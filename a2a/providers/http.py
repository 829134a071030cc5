"""The one upstream client: a long-lived aiohttp session per egress (direct or proxy), tuned as perf.md measured.

No limit on connections (the pool's own limits apply), no cookies, no decompression, keep-alive over 60 s. Library
errors are translated here: `Unreachable` for no connection, `Interrupted` for a connection that broke, nothing above
knows aiohttp's exceptions.
"""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
from msgspec import Struct
from yarl import URL

from a2a.errors import Unreachable, UpstreamError, UpstreamTimeout

KEEPALIVE_S = 75.0
READ_BUFFER_BYTES = 256 * 1024


class Interrupted(UpstreamError):
    """The connection broke. `reused`: a kept-alive connection died before any answer, safe to try again at once."""

    def __init__(self, message: str, *, reused: bool = False) -> None:
        super().__init__(message)
        self.reused = reused


class Target(Struct, frozen=True):
    """Where one upstream call goes; url and headers are built once per account where they do not change."""

    url: URL
    headers: Mapping[str, str]
    method: str = "POST"


class Answer:
    """An upstream answer whose head has arrived. `close()` aborts it; a body read to its end frees the connection."""

    __slots__ = ("_response", "headers", "status")

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers

    async def chunk(self) -> bytes:
        """The bytes that are there, waiting for at least one; b"" at the end. Raises Interrupted."""
        try:
            return await self._response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            raise Interrupted(f"the upstream broke the connection: {_reason(error)}") from error

    async def body(self) -> bytes:
        """Everything. Raises Interrupted."""
        try:
            return await self._response.read()
        except (aiohttp.ClientError, OSError) as error:
            raise Interrupted(f"the upstream broke the connection: {_reason(error)}") from error

    def close(self) -> None:
        """Abort: the connection is closed unless the body was read to its end."""
        self._response.close()


class Egress:
    """Sessions by proxy (None = direct). One per process; `aclose()` ends all connections."""

    def __init__(self, connect_timeout_s: float = 10.0) -> None:
        self._sessions: dict[str | None, aiohttp.ClientSession] = {}
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}
        self._default_s = connect_timeout_s

    def _session(self, proxy: str | None) -> aiohttp.ClientSession:
        session = self._sessions.get(proxy)
        if session is None:
            connector = aiohttp.TCPConnector(limit=0, limit_per_host=0, keepalive_timeout=KEEPALIVE_S)
            session = self._sessions[proxy] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                read_bufsize=READ_BUFFER_BYTES,
                timeout=self._timeout(self._default_s),
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            )
        return session

    async def open(
        self, target: Target, body: bytes | None, *, proxy: str | None = None, connect_timeout_s: float | None = None
    ) -> Answer:
        """Send and wait for the head. Raises Unreachable, UpstreamTimeout (connect) or Interrupted."""
        session = self._session(proxy)
        timeout = self._timeout(self._default_s if connect_timeout_s is None else connect_timeout_s)
        try:
            response = await session.request(
                target.method,
                target.url,
                data=body,
                headers=target.headers,
                timeout=timeout,
                proxy=proxy,
                allow_redirects=False,
            )
        except (TimeoutError, aiohttp.ConnectionTimeoutError, aiohttp.ServerTimeoutError) as error:
            raise UpstreamTimeout(f"no connection to {target.url.host} in time") from error
        except aiohttp.ClientConnectorError as error:
            raise Unreachable(f"cannot reach {target.url.host}:{target.url.port}: {_reason(error)}") from error
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, OSError) as error:
            raise Interrupted(f"{target.url.host} closed the connection: {_reason(error)}", reused=True) from error
        except aiohttp.ClientError as error:
            raise UpstreamError(f"{target.url.host} sent no valid HTTP: {_reason(error)}") from error
        return Answer(response)

    def _timeout(self, connect_s: float) -> aiohttp.ClientTimeout:
        """Only the connect is limited here; silence is watched above. 0 = no limit."""
        timeout = self._timeouts.get(connect_s)
        if timeout is None:
            timeout = self._timeouts[connect_s] = aiohttp.ClientTimeout(total=None, sock_connect=connect_s or None)
        return timeout

    async def aclose(self) -> None:
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()


def _reason(error: BaseException) -> str:
    """A short text without addresses of objects or request headers."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
