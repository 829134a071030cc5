"""The one upstream client: our own HTTP/1.1 for direct calls and SOCKS proxies, aiohttp for HTTP ones.

No limit on connections (the pool's own limits apply), no cookies, identity bodies, keep-alive over 60 s. Library errors
are translated here: `Unreachable` for no connection, `Interrupted` for one that broke; nothing above knows a library.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from a2a.auth.socks import socks_of
from a2a.errors import ProxyFailed, Unreachable, UpstreamError, UpstreamTimeout
from a2a.providers.dial import reason
from a2a.providers.http1 import KEEPALIVE_S, Http1, Interrupted, Target

READ_BUFFER_BYTES = 256 * 1024
_LOGIN_WANTED = 407

__all__ = ["URL", "Answer", "Egress", "Interrupted", "ProxyFailed", "Target"]


class Answer(Protocol):
    """An upstream answer whose head has arrived. Header names are lower case."""

    status: int
    headers: dict[str, str]
    connect_ms: float | None
    """How long its connection took to be made; None for one that was open, or that a library made."""
    copy: Callable[[bytes], None] | None
    """Gets each chunk too, while somebody wants it."""

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

    __slots__ = ("_response", "connect_ms", "copy", "headers", "status")

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.connect_ms: float | None = None
        self.copy: Callable[[bytes], None] | None = None
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers.items()}

    async def chunk(self) -> bytes:
        try:
            data = await self._response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            raise Interrupted(f"the upstream broke the connection: {reason(error)}") from error
        if self.copy is not None:
            self.copy(data)
        return data

    async def body(self) -> bytes:
        try:
            data = await self._response.read()
        except (aiohttp.ClientError, OSError) as error:
            raise Interrupted(f"the upstream broke the connection: {reason(error)}") from error
        if self.copy is not None:
            self.copy(data)
        return data

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
        address: str | None = None,
    ) -> Answer:
        """Send and wait for the head. `fresh`: over a connection that has served nothing yet, but for HTTP proxies.
        `address`: connect to just this one, whatever the name resolves to.

        Raises Unreachable (ProxyFailed where only the proxy is to blame), UpstreamTimeout (connect), Interrupted or
        OutOfResources.
        """
        connect_s = self._default_s if connect_timeout_s is None else connect_timeout_s
        if proxy is None:
            return await self._direct.open(target, body, connect_s=connect_s, address=address, fresh=fresh)
        socks = socks_of(proxy)
        if socks is None:
            return await self._proxied(target, body, proxy, connect_s, address)
        return await self._direct.open(target, body, connect_s=connect_s, address=address, fresh=fresh, proxy=socks)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, limit_per_host=0, keepalive_timeout=KEEPALIVE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                read_bufsize=READ_BUFFER_BYTES,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
                trace_configs=[_kept_alive()],
            )
        return self._session

    async def _proxied(
        self, target: Target, body: bytes | None, proxy: str, connect_s: float, address: str | None
    ) -> ProxiedAnswer:
        reused: list[bool] = []
        url, headers, sni = target.url, target.headers, None
        if address is not None:
            url, headers, sni = url.with_host(address), {**headers, "Host": url.authority}, url.raw_host
        try:
            response = await self._client().request(
                target.method,
                url,
                data=body,
                headers=headers,
                server_hostname=sni,
                timeout=aiohttp.ClientTimeout(total=None, connect=connect_s or None, sock_connect=connect_s or None),
                proxy=proxy,
                allow_redirects=False,
                trace_request_ctx=reused,
            )
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise _told(error, target.url.host or "", proxy, reused=bool(reused)) from error
        if (
            response.status == _LOGIN_WANTED and target.url.scheme == "http"
        ):  # in a tunnel it is the upstream's own word
            response.close()
            raise _login_wanted(proxy)
        return ProxiedAnswer(response)

    async def aclose(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        await self._direct.aclose()


def _told(error: Exception, host: str, proxy: str, *, reused: bool) -> UpstreamError:
    """An error of aiohttp in our words; the proxy without its login."""
    match error:
        case aiohttp.ClientHttpProxyError(status=status) if status == _LOGIN_WANTED:
            return _login_wanted(proxy)
        case aiohttp.ClientHttpProxyError():
            return ProxyFailed(f"the proxy {_name(proxy)} does not connect to {host}: it answered {error.status}")
        case aiohttp.ClientConnectorCertificateError(host=at, port=port) if (at, port) == _place(proxy):
            return ProxyFailed(f"cannot reach the proxy {_name(proxy)}: {reason(error)}")
        case aiohttp.ClientProxyConnectionError():
            return ProxyFailed(f"cannot reach {host} through the proxy: {reason(error)}")
        case TimeoutError():  # aiohttp's own kinds of it too
            return UpstreamTimeout(f"no connection to {host} in time")
        case aiohttp.ClientConnectorError() | aiohttp.InvalidURL():
            return Unreachable(f"cannot reach {host} through the proxy: {reason(error)}")
        case aiohttp.ServerDisconnectedError() | OSError():
            return Interrupted(f"{host} closed the connection: {reason(error)}", reused=reused)
        case _:
            return UpstreamError(f"the proxy or {host} sent no valid HTTP: {reason(error)}")


def _login_wanted(proxy: str) -> ProxyFailed:
    return ProxyFailed(f"the proxy {_name(proxy)} refuses the user and password", hint="check the proxy setting")


def _name(proxy: str) -> str:
    """Host and port."""
    return urlsplit(proxy).netloc.rpartition("@")[2]


def _place(proxy: str) -> tuple[str | None, int | None]:
    url = URL(proxy)
    return url.raw_host, url.port


def _kept_alive() -> aiohttp.TraceConfig:
    """Notes in the list that a request brings as its context that it went over a kept-alive connection."""

    async def note(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.append(True)

    config = aiohttp.TraceConfig()
    config.on_connection_reuseconn.append(note)
    return config
