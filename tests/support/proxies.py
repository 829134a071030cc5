"""Small real proxies on loopback: SOCKS5 and HTTP, with and without a login, over TLS, refusing, silent or wrong.

They connect by their own table: a name in it leads to a local port, so that a test sees that the proxy resolved it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import ssl
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import trustme


@functools.cache
def _authority() -> trustme.CA:
    """Made for this run: no key lies in the repository."""
    return trustme.CA()


def server_tls() -> ssl.SSLContext:
    """With a certificate for upstream.test, localhost and 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _authority().issue_cert("upstream.test", "localhost", "127.0.0.1").configure_cert(context)
    return context


def authority_file(folder: Path) -> Path:
    """What a user would name in SSL_CERT_FILE to trust that certificate."""
    path = folder / "authority.pem"
    _authority().cert_pem.write_to_path(str(path))
    return path


def client_tls() -> ssl.SSLContext:
    """Trusts that certificate and no other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _authority().configure_trust(context)
    return context


class Proxy:
    """`async with SocksProxy({"upstream.test": port}, login="me:pw") as proxy:`, then `proxy.url`.

    `asked`: the targets it was asked for. `refuse`: how it answers instead of connecting (SOCKS reply, HTTP status).
    `silent`: it takes the connection and says nothing.
    """

    scheme = ""

    def __init__(
        self,
        table: Mapping[str, int],
        *,
        login: str | None = None,
        refuse: int = 0,
        silent: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.table = table
        self.login = login
        self.refuse = refuse
        self.silent = silent
        self.tls = tls
        self.asked: list[tuple[str, int]] = []
        self.connections = 0
        self.place = ""
        """Host and port, once it runs."""
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """With the login it wants."""
        return f"{self.scheme}://{self.login}@{self.place}" if self.login else self.plain

    @property
    def plain(self) -> str:
        """Without."""
        return f"{self.scheme}://{self.place}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0, ssl=self.tls)
        self.place = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            if self.silent:
                await reader.read()
            else:
                await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError

    async def _join(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int, first: bytes = b""
    ) -> None:
        """Pass bytes in both directions until one side ends. `first`: for the target."""
        there, out = await asyncio.open_connection("127.0.0.1", self.table.get(host, port))
        out.write(first)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_pass(reader, out))
                tasks.create_task(_pass(there, writer))
        finally:
            out.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):  # either side may hang up
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    writer.close()


class SocksProxy(Proxy):
    scheme = "socks5"

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        version, count = await reader.readexactly(2)
        assert version == 5
        ways = await reader.readexactly(count)
        way = 2 if self.login else 0
        writer.write(bytes([5, way if way in ways else 255]))
        if way not in ways:
            return
        if self.login and not await self._logged_in(reader, writer):
            return
        _, command, _, kind = await reader.readexactly(4)
        assert command == 1
        host = await _target(reader, kind)
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked.append((host, port))
        bound = b"\x03\x05local\x00\x00" if self.table else b"\x01\x00\x00\x00\x00\x00\x00"
        writer.write(bytes([5, self.refuse, 0]) + bound)
        if not self.refuse:
            await self._join(reader, writer, host, port)

    async def _logged_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        assert (await reader.readexactly(1)) == b"\x01"
        user = await reader.readexactly((await reader.readexactly(1))[0])
        password = await reader.readexactly((await reader.readexactly(1))[0])
        good = f"{user.decode()}:{password.decode()}" == self.login
        writer.write(bytes([1, 0 if good else 1]))
        return good


async def _target(reader: asyncio.StreamReader, kind: int) -> str:
    if kind == 3:
        return (await reader.readexactly((await reader.readexactly(1))[0])).decode()
    packed = await reader.readexactly(4 if kind == 1 else 16)
    return ".".join(map(str, packed)) if kind == 1 else packed.hex()


class HttpProxy(Proxy):
    """CONNECT for https, whole URLs for http; `seen`: the header lines of the last request."""

    scheme = "http"

    def __init__(self, table: Mapping[str, int], **options: object) -> None:
        super().__init__(table, **options)  # type: ignore[arg-type]
        self.scheme = "https" if self.tls else "http"
        self.seen: list[str] = []

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *self.seen = head.rstrip().split("\r\n")
        method, target, _ = first.split()
        status = self.refuse or (200 if self._admits() else 407)
        if self.refuse and method == "CONNECT":
            self.asked.append((target.rpartition(":")[0], int(target.rpartition(":")[2])))
        if status != 200:
            writer.write(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)
            return
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            self.asked.append((host, int(port)))
            writer.write(b"HTTP/1.1 200 Established\r\n\r\n")
            await self._join(reader, writer, host, int(port))
            return
        place, slash, path = target.removeprefix("http://").partition("/")
        host, _, port = place.partition(":")
        self.asked.append((host, int(port or 80)))
        kept = [line for line in self.seen if not line.lower().startswith("proxy-")]
        again = "\r\n".join([f"{method} {slash}{path} HTTP/1.1", *kept]) + "\r\n\r\n"
        await self._join(reader, writer, host, int(port or 80), again.encode("latin-1"))

    def _admits(self) -> bool:
        if self.login is None:
            return True
        wanted = base64.b64encode(self.login.encode()).decode()
        return any(line.lower() == f"proxy-authorization: basic {wanted}".lower() for line in self.seen)
