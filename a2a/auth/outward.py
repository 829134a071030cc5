"""The HTTP client of logins, renewals and key checks, with the proxy that is ours to choose, not the variables'."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from a2a.auth.socks import Socks, handshake, socks_of
from a2a.errors import ProxyFailed

PROXY_HINT = "check the proxy setting"
TRUST_HINT = "is it an authority of your own? SSL_CERT_FILE=FILE makes a2a trust it"

TIMEOUT = httpx.Timeout(connect=10.0, read=30.0, write=10.0, pool=10.0)
"""httpx's own 5 s are too short for an identity provider's bad day."""


def client(proxy: str | None, timeout: httpx.Timeout) -> httpx.AsyncClient:
    """An async context manager. `proxy`: an http(s) or socks5 URL."""
    socks = socks_of(proxy) if proxy else None
    if socks is None:
        trust = _trust()
        way = httpx.Proxy(proxy, ssl_context=trust) if proxy and proxy.startswith("https:") else proxy
        return httpx.AsyncClient(proxy=way, verify=trust, trust_env=False, timeout=timeout)
    return httpx.AsyncClient(transport=_SocksTransport(socks), trust_env=False, timeout=timeout)


def _trust() -> ssl.SSLContext:
    """httpx's own list of authorities, and those of this machine as the calls to upstreams know them: OpenSSL itself
    looks at SSL_CERT_FILE for them."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


class _SocksTransport(httpx.AsyncHTTPTransport):
    """httpx's own way of SOCKS needs a package without releases since 2020, and waits for a proxy without a limit."""

    def __init__(self, proxy: Socks) -> None:
        super().__init__(trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(ssl_context=_trust(), network_backend=_Backend(proxy))


class _Backend(httpcore.AsyncNetworkBackend):
    """Connections that the proxy has led to the target. Raises httpcore's errors."""

    def __init__(self, proxy: Socks) -> None:
        self._proxy = proxy
        self._own = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        proxy = self._proxy
        try:
            stream = await self._own.connect_tcp(proxy.host, proxy.port, timeout, local_address, socket_options)
        except httpcore.ConnectError as error:
            raise httpcore.ProxyError(f"cannot reach the proxy {proxy.name}") from error
        try:
            await _lead(stream, proxy, host, port, timeout)
        except ProxyFailed as error:
            await stream.aclose()
            raise httpcore.ProxyError(error.message) from error
        except BaseException:
            await stream.aclose()
            raise
        return stream

    async def sleep(self, seconds: float) -> None:
        await self._own.sleep(seconds)


async def _lead(stream: httpcore.AsyncNetworkStream, proxy: Socks, host: str, port: int, timeout: float | None) -> None:
    """Raises ProxyFailed, httpcore.ReadTimeout."""
    steps = handshake(proxy, host, port)
    send, wanted = next(steps)
    while True:
        if send:
            await stream.write(send, timeout)
        got = b""
        while len(got) < wanted:
            piece = await stream.read(wanted - len(got), timeout)
            if not piece:
                raise ProxyFailed(f"the proxy {proxy.name} closed the connection")
            got += piece
        try:
            send, wanted = steps.send(got)
        except StopIteration:
            return


def told(error: httpx.ProxyError) -> str:
    """What a proxy's refusal says: httpx gives the status of an HTTP proxy, this module the words of a SOCKS one."""
    return str(error)[:200] or "the proxy refuses"


def untrusted(error: BaseException | None) -> str | None:
    """Why a certificate was not accepted, where the error comes from that: httpx tells of a failed connection alone."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {error.verify_message}"
        error = error.__cause__ or error.__context__
    return None
