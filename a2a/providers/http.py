"""The one upstream client: direct calls over our own HTTP/1.1, proxied ones through aiohttp, tuned as perf.md measured.

No limit on connections (the pool's own limits apply), no cookies, identity bodies, keep-alive over 60 s. Library errors
are translated here: `Unreachable` for no connection, `Interrupted` for one that broke; nothing above knows a library.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Protocol

import aiohttp
from yarl import URL

from a2a.errors import Unreachable, UpstreamError, UpstreamTimeout
from a2a.providers.dial import reason
from a2a.providers.http1 import KEEPALIVE_S, Http1, Interrupted, Target

READ_BUFFER_BYTES = 256 * 1024

__all__ = ["URL", "Answer", "Egress", "Interrupted", "Target"]


class Answer(Protocol):
    """An upstream answer whose head has arrived. Header names are lower case."""

    status: int
    headers: Mapping[str, str]

    async def chunk(self) -> bytes:
        """The bytes that are there, waiting for at least one; b"" at the end. Raises Interrupted."""
        ...

    async def body(self) -> bytes:
        """Everything. Raises Interrupted."""
        ...

    def close(self) -> None:
        """Abort; an answer read to its end has freed its connection already."""
        ...


class ProxiedAnswer:
    """The same over aiohttp."""

    __slots__ = ("_response", "headers", "status")

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}

    async def chunk(self) -> bytes:
        try:
            return await self._response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            raise Interrupted(f"the upstream broke the connection: {reason(error)}") from error

    async def body(self) -> bytes:
        try:
            return await self._response.read()
        except (aiohttp.ClientError, OSError) as error:
            raise Interrupted(f"the upstream broke the connection: {reason(error)}") from error

    def close(self) -> None:
        self._response.close()


class Egress:
    """One per process; `aclose()` ends all connections."""

    def __init__(self, connect_timeout_s: float = 10.0) -> None:
        self._direct = Http1()
        self._session: aiohttp.ClientSession | None = None
        self._default_s = connect_timeout_s

    async def open(
        self,
        target: Target,
        body: bytes | None,
        *,
        proxy: str | None = None,
        connect_timeout_s: float | None = None,
        fresh: bool = False,
    ) -> Answer:
        """Send and wait for the head. `fresh`: over a connection that has served nothing yet, where it is direct.

        Raises Unreachable, UpstreamTimeout (connect), Interrupted or OutOfResources.
        """
        connect_s = self._default_s if connect_timeout_s is None else connect_timeout_s
        if proxy is None:
            return await self._direct.open(target, body, connect_s=connect_s, fresh=fresh)
        return await self._proxied(target, body, proxy, connect_s)

    async def _proxied(self, target: Target, body: bytes | None, proxy: str, connect_s: float) -> ProxiedAnswer:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, limit_per_host=0, keepalive_timeout=KEEPALIVE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                read_bufsize=READ_BUFFER_BYTES,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
                trace_configs=[_kept_alive()],
            )
        reused: list[bool] = []
        try:
            response = await self._session.request(
                target.method,
                target.url,
                data=body,
                headers=target.headers,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_s or None),
                proxy=proxy,
                allow_redirects=False,
                trace_request_ctx=reused,
            )
        except (TimeoutError, aiohttp.ConnectionTimeoutError, aiohttp.ServerTimeoutError) as error:
            raise UpstreamTimeout(f"no connection to {target.url.host} in time") from error
        except (aiohttp.ClientConnectorError, aiohttp.ClientProxyConnectionError, aiohttp.InvalidURL) as error:
            raise Unreachable(f"cannot reach {target.url.host} through the proxy: {reason(error)}") from error
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, OSError) as error:
            raise Interrupted(
                f"{target.url.host} closed the connection: {reason(error)}", reused=bool(reused)
            ) from error
        except (aiohttp.ClientError, ValueError) as error:
            raise UpstreamError(f"the proxy or {target.url.host} sent no valid HTTP: {reason(error)}") from error
        return ProxiedAnswer(response)

    async def aclose(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        await self._direct.aclose()


def _kept_alive() -> aiohttp.TraceConfig:
    """Notes in the list that a request brings as its context that it went over a kept-alive connection."""

    async def note(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.append(True)

    config = aiohttp.TraceConfig()
    config.on_connection_reuseconn.append(note)
    return config
