"""SOCKS5 (RFC 1928, 1929) without I/O: what to send a proxy, and what its answers mean.

It lies below both clients: that of logins here, and that of calls (`a2a/providers/dial.py`). The target's name goes to
the proxy, which resolves it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Generator
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from a2a.errors import ProxyFailed

PORT = 1080
"""Of a proxy URL that names none."""
_VERSION = 5
_NO_LOGIN, _PASSWORD = 0, 2
_REPLIES = {
    1: "it failed",
    2: "its rules do not allow that",
    3: "the network cannot be reached",
    4: "the host cannot be reached",
    5: "connection refused",
    6: "no answer in time",
    7: "it does not connect to others",
    8: "it does not know this kind of address",
}
"""RFC 1928 section 6."""
_ADDRESS_BYTES = {1: 4, 4: 16}
_LONGEST = 255
_HINT = "check the proxy setting"


class Socks(Struct, frozen=True):
    """One proxy. `user` None: no login."""

    host: str
    port: int
    user: str | None = None
    password: str = ""

    @property
    def name(self) -> str:
        """For messages: no login."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"Socks({self.name})"


@lru_cache(maxsize=256)
def socks_of(proxy: str) -> Socks | None:
    """The SOCKS proxy of this URL; None for one of another kind."""
    if not proxy.startswith("socks"):
        return None
    parts = urlsplit(proxy)
    user = None if parts.username is None else unquote(parts.username)
    return Socks(parts.hostname or "", parts.port or PORT, user, unquote(parts.password or ""))


Steps = Generator[tuple[bytes, int], bytes, None]
"""Yields (bytes to send, number of bytes to read), is sent exactly those: the bytes behind them are the target's."""


def handshake(proxy: Socks, host: str, port: int) -> Steps:
    """Have the proxy connect to the target. Raises ProxyFailed."""
    yield from _log_in(proxy)
    command = b"\x05\x01\x00" + _address(host) + port.to_bytes(2, "big")
    _, reply, _, kind = yield command, 4
    if reply:
        why = _REPLIES.get(reply, f"error {reply}")
        raise ProxyFailed(f"the proxy {proxy.name} cannot connect to {host}: {why}")
    size = _ADDRESS_BYTES.get(kind)
    if size is None:
        size = (yield b"", 1)[0]
    yield b"", size + 2


def _log_in(proxy: Socks) -> Steps:
    ways = bytes([_NO_LOGIN]) if proxy.user is None else bytes([_NO_LOGIN, _PASSWORD])
    version, way = yield bytes([_VERSION, len(ways)]) + ways, 2
    if version != _VERSION:
        raise ProxyFailed(f"{proxy.name} is no SOCKS5 proxy", hint="an HTTP proxy is written http://host:port")
    if way == _PASSWORD and proxy.user is not None:
        user, password = proxy.user.encode()[:_LONGEST], proxy.password.encode()[:_LONGEST]
        answer = yield b"\x01" + bytes([len(user)]) + user + bytes([len(password)]) + password, 2
        if answer[1]:
            raise ProxyFailed(f"the proxy {proxy.name} refuses this user and password", hint=_HINT)
    elif way != _NO_LOGIN:
        wanted = "a user and password" if proxy.user is None else "another kind of login"
        raise ProxyFailed(f"the proxy {proxy.name} wants {wanted}", hint=_HINT)


def _address(host: str) -> bytes:
    """Kind and address; a name goes as it is. Raises ProxyFailed for one that SOCKS cannot carry."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        name = host.encode("ascii", "replace")
        if len(name) > _LONGEST:
            raise ProxyFailed("the upstream's name is too long for a SOCKS proxy") from None
        return b"\x03" + bytes([len(name)]) + name
    return (b"\x01" if address.version == 4 else b"\x04") + address.packed
