"""Connecting: every address of a name in turn, a slow one overtaken by the next, if need be through a SOCKS proxy;
failures in our own words."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar

import aiohappyeyeballs

from a2a.auth.socks import Socks, handshake
from a2a.errors import OutOfResources, ProxyFailed, Unreachable, UpstreamTimeout

NEXT_ADDRESS_S = 0.25
"""An address that has not answered by then is overtaken by the next (RFC 8305): a broken IPv6 route costs no more."""

_SHORTAGE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})
"""Not the upstream's fault: this machine has no file handle, memory or local port left."""

P = TypeVar("P", bound=asyncio.Protocol)


async def dial(
    factory: Callable[[], P],
    host: str,
    port: int,
    *,
    address: str | None,
    tls: ssl.SSLContext | None,
    connect_s: float,
    proxy: Socks | None = None,
) -> P:
    """A connected protocol. `address`: the only one to try. `connect_s` (0 = none) covers resolving, proxy and TLS too.

    Raises UpstreamTimeout, Unreachable (ProxyFailed where only the proxy is to blame), OutOfResources.
    """
    way = f" through the proxy {proxy.name}" if proxy else ""
    try:
        async with asyncio.timeout(connect_s or None):
            made = await _socket(address or host, port) if proxy is None else await _led(proxy, address or host, port)
            try:
                _, connection = await asyncio.get_running_loop().create_connection(
                    factory, sock=made, ssl=tls, server_hostname=host if tls else None
                )
            except BaseException:
                made.close()
                raise
    except TimeoutError as error:
        if isinstance(error, OSError) and error.errno:
            raise Unreachable(
                f"cannot reach {host}:{port}{way}: {reason(error)}"
            ) from error  # the system's own timeout
        raise UpstreamTimeout(f"no connection to {host}{way} within {connect_s:g} s") from error
    except OSError as error:
        _refuse_shortage(error)
        raise Unreachable(f"cannot reach {host}:{port}{way}: {reason(error)}") from error
    return connection


async def _led(proxy: Socks, host: str, port: int) -> socket.socket:
    """A socket that the proxy has connected to the target. Raises ProxyFailed, OutOfResources."""
    try:
        made = await _socket(proxy.host, proxy.port)
    except OSError as error:
        _refuse_shortage(error)
        raise ProxyFailed(f"cannot reach the proxy {proxy.name}: {reason(error)}") from error
    try:
        await _lead(made, proxy, host, port)
    except OSError as error:
        made.close()
        raise ProxyFailed(f"the proxy {proxy.name} broke the connection: {reason(error)}") from error
    except BaseException:
        made.close()
        raise
    return made


async def _lead(made: socket.socket, proxy: Socks, host: str, port: int) -> None:
    """Raises ProxyFailed, OSError."""
    loop = asyncio.get_running_loop()
    steps = handshake(proxy, host, port)
    send, wanted = next(steps)
    while True:
        if send:
            await loop.sock_sendall(made, send)
        got = b""
        while len(got) < wanted:
            piece = await loop.sock_recv(made, wanted - len(got))
            if not piece:
                raise ProxyFailed(f"the proxy {proxy.name} closed the connection")
            got += piece
        try:
            send, wanted = steps.send(got)
        except StopIteration:
            return


def _refuse_shortage(error: OSError) -> None:
    """Raises OutOfResources where it is this machine's fault."""
    if error.errno in _SHORTAGE and not isinstance(error, ssl.SSLError):
        raise OutOfResources(f"a2a cannot open a connection: {reason(error)}", hint="ulimit -n") from error


async def _socket(host: str, port: int) -> socket.socket:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    made = await aiohappyeyeballs.start_connection(found, happy_eyeballs_delay=NEXT_ADDRESS_S)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def reason(error: BaseException) -> str:
    """A short text without addresses of objects or request headers."""
    if isinstance(error, ssl.SSLCertVerificationError):  # aiohttp's own kind of it wraps the real one
        real = getattr(error, "certificate_error", error)
        return f"its certificate is not trusted: {getattr(real, 'verify_message', '') or type(real).__name__}"
    if (
        isinstance(error, OSError)
        and error.errno
        and error.errno in errno.errorcode
        and not isinstance(error, ssl.SSLError)
    ):
        return os.strerror(error.errno)  # of several addresses, `strerror` is a list with all of them
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
