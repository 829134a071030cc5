"""Connecting: every address of a name in turn, a slow one overtaken by the next; failures in our own words."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar

import aiohappyeyeballs

from a2a.errors import OutOfResources, Unreachable, UpstreamTimeout

NEXT_ADDRESS_S = 0.25
"""An address that has not answered by then is overtaken by the next (RFC 8305): a broken IPv6 route costs no more."""

_SHORTAGE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})
"""Not the upstream's fault: this machine has no file handle, memory or local port left."""

P = TypeVar("P", bound=asyncio.Protocol)


async def dial(
    factory: Callable[[], P], host: str, port: int, *, address: str | None, tls: ssl.SSLContext | None, connect_s: float
) -> P:
    """A connected protocol. `address`: the only one to try. `connect_s` (0 = none) covers resolving and TLS too.

    Raises UpstreamTimeout, Unreachable, OutOfResources.
    """
    try:
        async with asyncio.timeout(connect_s or None):
            made = await _socket(address or host, port)
            try:
                _, connection = await asyncio.get_running_loop().create_connection(
                    factory, sock=made, ssl=tls, server_hostname=host if tls else None
                )
            except BaseException:
                made.close()
                raise
    except TimeoutError as error:
        if isinstance(error, OSError) and error.errno:
            raise Unreachable(f"cannot reach {host}:{port}: {reason(error)}") from error  # the system's own timeout
        raise UpstreamTimeout(f"no connection to {host} within {connect_s:g} s") from error
    except OSError as error:
        if error.errno in _SHORTAGE and not isinstance(error, ssl.SSLError):
            raise OutOfResources(f"a2a cannot open a connection: {reason(error)}", hint="ulimit -n") from error
        raise Unreachable(f"cannot reach {host}:{port}: {reason(error)}") from error
    return connection


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
