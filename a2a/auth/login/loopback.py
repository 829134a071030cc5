"""The listener to which the browser returns at the end of a login (RFC 8252 7.3): 127.0.0.1 only, for one answer.

Rules of the room:
- Anybody on this machine, and any page in the browser, can send requests here. An answer counts only with this login's
  `state`; all else is refused with a page and the wait goes on.
- Pages are static: nothing of a request comes back in them, nor in a remark or an error.
- A name other than loopback's in `Host` is refused: a page that rebound its own name to 127.0.0.1 gets nothing.
- No tasks but the one that waits for a paste: a connection is a protocol with a timer, and what is open when the login
  ends is cut.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct

from a2a.auth.login.person import Person
from a2a.clock import Clock
from a2a.errors import LoginFailed

HOST = "127.0.0.1"

_MOST_HEAD_BYTES = 16 * 1024
_CONNECTION_S = 10.0
"""From connecting to the last byte: browsers open spare connections and say nothing on them."""

_MOST_CONNECTIONS = 16
"""One more, and the oldest is cut: silent ones must not keep the browser out."""

_MOST_FIELDS = 64
_MOST_REMARKS = 3
"""So often a foreign answer is told: a page in the browser could send thousands."""


class Callback(Struct, frozen=True):
    """The browser's return: its path, and the query with each name once, `state` among them."""

    path: str
    query: dict[str, str]

    def __repr__(self) -> str:
        return f"Callback({self.path!r}, {sorted(self.query)})"


class _Page(Struct, frozen=True):
    status: int
    reason: str
    title: str
    text: str

    def encode(self, *, body: bool) -> bytes:
        """The whole answer. `body`: not for HEAD."""
        html = _HTML.format(title=self.title, text=self.text).encode()
        allow = "allow: GET\r\n" if self.status == 405 else ""
        head = f"HTTP/1.1 {self.status} {self.reason}\r\n{allow}{_HEADERS}content-length: {len(html)}\r\n\r\n"
        return head.encode() + (html if body else b"")


_HTML = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>a2a: {title}</title></head>'
    '<body style="font-family: sans-serif; max-width: 36em; margin: 4em auto">'
    "<h1>{title}</h1><p>{text}</p></body></html>\n"
)
_HEADERS = (
    "content-type: text/html; charset=utf-8\r\n"
    "cache-control: no-store\r\n"
    "content-security-policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n"
    "referrer-policy: no-referrer\r\n"  # the address holds the code
    "x-content-type-options: nosniff\r\n"
    "connection: close\r\n"
)
_ARRIVED = _Page(200, "OK", "The answer has arrived", "a2a goes on where the login began. This page may be closed.")
_DENIED = _Page(200, "OK", "The login was refused", "Nothing was stored. What began the login says how to go on.")
_FOREIGN = _Page(400, "Bad Request", "Not the answer of this login", "a2a still waits for the one that belongs to it.")
_MALFORMED = _Page(400, "Bad Request", "Bad request", "No browser sends this at the end of a login.")
_WRONG_HOST = _Page(400, "Bad Request", "Wrong host", "This listener answers to the name of this machine only.")
_UNKNOWN = _Page(404, "Not Found", "Not found", "There is nothing here but the end of a login.")
_METHOD = _Page(405, "Method Not Allowed", "Method not allowed", "The end of a login is a GET request.")
_USED = _Page(410, "Gone", "Already answered", "This login has had its answer. This page may be closed.")
_TOO_LONG = _Page(431, "Request Header Fields Too Large", "Request too long", "The headers are over the limit.")


class Listener:
    """`port` is the one that listens. Made by `listen`."""

    def __init__(self, paths: Sequence[str], state: str, person: Person) -> None:
        self.port = 0
        self._paths = tuple(paths)
        self._state = state
        self._person = person
        self._callback: Callback | None = None
        self._came = asyncio.Event()
        self._remarks = 0
        self._connections: dict[_Connection, None] = {}
        self._over = False

    async def answer(self, *, clock: Clock, expires_at: float, paste: bool = True) -> Callback:
        """The first answer with our state, from the browser or (`paste`) from what the person pastes.

        An `error=` answer is one too: the caller tells it. `expires_at`: Unix seconds; LoginFailed when it passes.
        """
        try:
            async with asyncio.timeout(max(0.0, expires_at - clock.now())) as limit:
                await (self._came_or_pasted() if paste else self._came.wait())
        except TimeoutError:
            if not limit.expired():
                raise
            raise LoginFailed(
                "no answer came from the browser in time",
                hint="start the login again, with --no-browser where the browser is on another machine",
            ) from None
        assert self._callback is not None
        return self._callback

    async def _came_or_pasted(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(self._read_pastes(), name="pasted callback")
                await self._came.wait()
                reading.cancel()
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _read_pastes(self) -> None:
        while not self._came.is_set():
            self._take_pasted(await self._person.pasted())

    def _take_pasted(self, line: str) -> None:
        """A whole address or its query alone (then the first path is meant); a paste may be quoted or wrapped."""
        text = "".join(line.split()).strip("\"'<>")
        if not text:
            return
        callback = _pasted(text, self._paths)
        if callback is None:
            self._person.remark(f"that is not the address at which the browser ends ({self._example()}), still waiting")
        elif not self._is_ours(callback.query):
            self._person.remark("that is the answer of another login, still waiting for this one's")
        else:
            self._accept(callback)

    def _example(self) -> str:
        return f"http://{HOST}:{self.port}{self._paths[0]}?..."

    def _accept(self, callback: Callback) -> None:
        """The first one counts."""
        if self._callback is None:
            self._callback = callback
            self._came.set()

    def _is_ours(self, query: dict[str, str]) -> bool:
        return hmac.compare_digest(query.get("state", "").encode(), self._state.encode())

    def reply(self, head: bytes) -> bytes:
        """The answer to a request, of which `head` is all before the empty line."""
        request = _parse(head)
        if request is None:
            return _MALFORMED.encode(body=True)
        method, target, host = request
        page = self._page(method, target) if self._knows(host) else _WRONG_HOST
        return page.encode(body=method != "HEAD")

    def _knows(self, host: str) -> bool:
        name, colon, port = host.lower().partition(":")
        return name in (HOST, "localhost") and (not colon or port == str(self.port))

    def _page(self, method: str, target: str) -> _Page:
        path, _, query_text = target.partition("?")
        if method != "GET":
            return _METHOD
        if path not in self._paths:
            return _UNKNOWN
        if self._callback is not None:
            return _USED
        query = _fields(query_text)
        if query is None:
            return _MALFORMED
        if not self._is_ours(query):
            self._tell_foreign()
            return _FOREIGN
        self._accept(Callback(path, query))
        return _DENIED if "error" in query else _ARRIVED

    def _tell_foreign(self) -> None:
        self._remarks += 1
        if self._remarks <= _MOST_REMARKS:
            self._person.remark("the answer of another login was refused, still waiting for this one's")

    def connected(self, connection: _Connection) -> None:
        """Hold a connection; the oldest makes room."""
        if self._over:
            connection.cut()
            return
        if len(self._connections) >= _MOST_CONNECTIONS:
            next(iter(self._connections)).cut()
        self._connections[connection] = None

    def gone(self, connection: _Connection) -> None:
        self._connections.pop(connection, None)

    def hang_up(self) -> None:
        """Cut whatever is open, and whatever comes from now on."""
        self._over = True
        for connection in list(self._connections):
            connection.cut()


class _Connection(asyncio.Protocol):
    """One request, one answer; then it waits for the client to close, lest unread bytes reset the answer away."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._head = bytearray()
        self._answered = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._timer = asyncio.get_running_loop().call_later(_CONNECTION_S, self.cut)
        self._listener.connected(self)

    def data_received(self, data: bytes) -> None:
        if self._answered:
            return
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0 and len(self._head) <= _MOST_HEAD_BYTES:
            return
        self._answered = True
        fits = 0 <= end <= _MOST_HEAD_BYTES
        self._transport.write(self._listener.reply(bytes(self._head[:end])) if fits else _TOO_LONG.encode(body=True))
        self._head.clear()
        if not self._transport.is_closing():
            self._transport.write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._listener.gone(self)

    def cut(self) -> None:
        """An answer that was written is already on its way: it fits the socket's buffer."""
        self._listener.gone(self)
        self._transport.abort()


@asynccontextmanager
async def listen(
    paths: Sequence[str], state: str, person: Person, *, ports: Sequence[int] = (0,)
) -> AsyncIterator[Listener]:
    """Listen on the first free of `ports` (0: any), from now until the block ends.

    `paths`: where the browser may end; `state`: what its answer must carry. Raises LoginFailed when no port is free.
    """
    listener = Listener(paths, state, person)
    server = await _open(listener, ports)
    listener.port = server.sockets[0].getsockname()[1]
    try:
        yield listener
    finally:
        server.close()
        listener.hang_up()
        await server.wait_closed()
        await asyncio.sleep(0)  # Python 3.11 does not wait for connections: their sockets close in this turn


async def _open(listener: Listener, ports: Sequence[int]) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    for port in ports:
        try:
            return await loop.create_server(lambda: _Connection(listener), HOST, port)
        except OSError:
            continue
    told = ", ".join(str(port) for port in ports if port)
    raise LoginFailed(
        f"no port is free for the browser's return on {HOST}" + (f" (tried {told})" if told else ""),
        hint="close what uses it, or log in with --device or --no-browser",
    )


def _parse(head: bytes) -> tuple[str, str, str] | None:
    """Method, target and the one Host of a request; None for what is no HTTP/1 request to an origin."""
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not first.isascii() or not words[1].startswith("/") or not words[2].startswith("HTTP/1."):
        return None
    headers = [line.partition(":") for line in lines]
    hosts = [value.strip() for name, _, value in headers if name.lower() == "host"]
    return (words[0], words[1], hosts[0]) if len(hosts) == 1 else None


def _fields(text: str) -> dict[str, str] | None:
    """The query's names and values, None where one comes twice (RFC 6749 3.1) or nothing can be read."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        return None
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) else None


def _pasted(text: str, paths: Sequence[str]) -> Callback | None:
    """A pasted address or query as a callback, its state not yet judged; None for anything else."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.scheme in ("http", "https"):
        path, query = parts.path, _fields(parts.query)
    else:
        path, query = paths[0], _fields(text.removeprefix("?"))
    if path not in paths or not query or "state" not in query:
        return None
    return Callback(path, query)
