"""HTTP/1.1 for direct upstream calls: an asyncio protocol around llhttp (httptools), with kept-alive connections.

Only what this gateway needs: one request at a time on a connection, identity bodies out, any framing in. perf.md: the
general client costs a third of a relayed request. SOCKS proxies lie below (`dial`); HTTP ones go through `http.Egress`.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque
from typing import cast

import httptools

from a2a.auth.socks import Socks
from a2a.errors import BadUpstream, UpstreamError
from a2a.providers.dial import dial, reason
from a2a.providers.http1_answer import Http1Answer, Interrupted
from a2a.providers.target import Target

__all__ = ["Http1", "Http1Answer", "Interrupted", "Target"]

KEEPALIVE_S = 75.0
"""An idle connection older than this is closed."""
MAX_IDLE = 64
"""Idle connections kept per host."""
MAX_HEAD_BYTES = 64 * 1024
CLOSE_S = 2.0

Origin = tuple[bool, str, int, Socks | None]
"""TLS, host, port, proxy: calls with the same one may share a connection."""


class _Connection(asyncio.Protocol):
    """One connection: idle, or with one request on it. Callbacks named `on_*` are httptools' own."""

    __slots__ = (
        "_answer",
        "_bodies",
        "_head",
        "_head_bytes",
        "_headers",
        "_origin",
        "_parser",
        "_paused",
        "_pool",
        "_reused",
        "_sized",
        "_transport",
        "idle_since",
        "on_body",
    )  # fmt: skip

    def __init__(self, pool: Http1, origin: Origin) -> None:
        self._pool = pool
        self._origin = origin
        self._transport: asyncio.Transport | None = None
        self._answer: Http1Answer | None = None
        self._head: asyncio.Future[Http1Answer] | None = None
        self._headers: dict[str, str] = {}
        self._head_bytes = 0
        self._sized = False
        self._paused = False
        self._reused = False
        self._bodies: list[bytes] = []  # of one read
        self.on_body = self._bodies.append  # a stream has one body chunk per token: no Python call for each
        self._parser = self._new_parser()
        self.idle_since = 0.0

    @property
    def alive(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def send(self, head: bytes, body: bytes | None) -> Http1Answer:
        """Raises Interrupted and BadUpstream."""
        if self._transport is None:  # lost between connecting and now
            raise Interrupted(f"{self._origin[1]} closed the connection")
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[Http1Answer] = loop.create_future()
        self._head = waiting
        content = body or b""
        self._transport.write(b"%b%d\r\n\r\n%b" % (head, len(content), content))
        try:
            return await waiting
        except asyncio.CancelledError:
            # an answer that came whole in the same turn has given the connection to somebody else already
            if self._head is waiting or (waiting.done() and not waiting.cancelled() and waiting.result().owns(self)):
                self.abort()
            raise

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def resume(self) -> None:
        if self._paused and self._transport is not None and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    # asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._head is None and self._answer is None:  # nobody asked: the connection is of no use any more
            self.abort()
            return
        if self._answer is None:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
            self._hand_over()
        except httptools.HttpParserError as error:
            self._hand_over()  # what came before the nonsense
            self._fail(BadUpstream(f"{self._origin[1]} sent no valid HTTP: {error}"))
            self.abort()
        except httptools.HttpParserUpgrade:
            self._fail(BadUpstream(f"{self._origin[1]} switches to another protocol"))
            self.abort()
        if self._answer is None and self._head_bytes > MAX_HEAD_BYTES:
            self._fail(BadUpstream(f"{self._origin[1]} sent a header over {MAX_HEAD_BYTES} bytes"))
            self.abort()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._pool.forget(self._origin, self)
        answer = self._answer
        if answer is not None and not self._sized and error is None:
            self._answer = None  # a body without a length ends with the connection
            answer.end()
            return
        why = f"{self._origin[1]} closed the connection" + (f": {reason(error)}" if error else "")
        self._fail(Interrupted(why, reused=self._reused and not self._head_bytes))

    def _fail(self, error: UpstreamError) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.end(error)
        head, self._head = self._head, None
        if head is not None and not head.done():
            head.set_exception(error)

    # httptools

    def _new_parser(self) -> httptools.HttpResponseParser:
        """One that takes what other clients take: bare line feeds, folded headers, a length beside chunks."""
        parser = httptools.HttpResponseParser(self)
        parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_chunked_length=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        return parser

    def on_message_begin(self) -> None:
        if self._head is None:  # an answer that nobody asked for: it must not be taken for that of the next request
            self.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head is None:  # a trailer
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        known = self._headers.get(key)
        self._headers[key] = text if known is None else f"{known}, {text}"

    def on_headers_complete(self) -> None:
        if self._head is None:  # a second answer that nobody asked for
            return
        status = self._parser.get_status_code()
        headers, self._headers = self._headers, {}
        if 100 <= status < 200:
            return
        self._sized = "content-length" in headers or "chunked" in headers.get("transfer-encoding", "").lower()
        answer = Http1Answer(self, status, headers)
        self._answer = answer
        head, self._head = self._head, None  # before the body: with it the connection may pass to the next request
        if head is not None and not head.done():
            head.set_result(answer)

    def _hand_over(self) -> None:
        """Give the answer what one read held of its body."""
        bodies = self._bodies
        if not bodies:
            return
        data = bodies[0] if len(bodies) == 1 else b"".join(bodies)
        bodies.clear()
        if self._answer is not None and self._answer.take(data) and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        self._hand_over()
        answer = self._answer
        if answer is None:  # a 1xx: the real answer follows
            return
        self._answer = None
        keep = self._parser.should_keep_alive() and self.alive and self._all_sent()
        answer.end()
        self.resume()
        self._head_bytes = 0
        if keep:
            self._reused = True
            self._parser = self._new_parser()
            self._pool.release(self._origin, self)
        elif self._transport is not None:
            self.abort()

    def _all_sent(self) -> bool:
        """An upstream that answers before it has read the request may never read the rest."""
        return self._transport is not None and not self._transport.get_write_buffer_size()


class Http1:
    """Connections by origin. `open()` takes an idle one or connects; an answer read to its end gives it back."""

    def __init__(self) -> None:
        self._idle: dict[Origin, deque[_Connection]] = {}
        self._all: set[_Connection] = set()
        self._ssl: ssl.SSLContext | None = None
        self._last_gone: asyncio.Event | None = None
        self._sweep: asyncio.TimerHandle | None = None

    async def open(
        self,
        target: Target,
        body: bytes | None,
        *,
        connect_s: float,
        address: str | None = None,
        fresh: bool = False,
        proxy: Socks | None = None,
    ) -> Http1Answer:
        """Send and wait for the head. Raises what `dial` does, Interrupted and BadUpstream.

        `address`: connect to just this one, on a fresh connection, whatever the name resolves to. `fresh`: no idle
        connection, as those may all have died of the same cause.
        """
        head = target.head()
        origin = (*target.origin, proxy)
        idle = None if fresh or address else self._take(origin)
        if idle is not None:
            return await idle.send(head, body)
        now = asyncio.get_running_loop().time
        began = now()
        connection = await self._connect(origin, connect_s, address)
        took_ms = round((now() - began) * 1000, 2)
        answer = await connection.send(head, body)
        answer.connect_ms = took_ms
        return answer

    def _take(self, origin: Origin) -> _Connection | None:
        idle = self._idle.get(origin)
        now = asyncio.get_running_loop().time()
        while idle:
            connection = idle.pop()
            if connection.alive and now - connection.idle_since < KEEPALIVE_S:
                return connection
            connection.abort()
        return None

    async def _connect(self, origin: Origin, connect_s: float, address: str | None = None) -> _Connection:
        secure, host, port, proxy = origin
        connection = await dial(
            lambda: _Connection(self, origin),
            host,
            port,
            address=address,
            tls=self._context() if secure else None,
            connect_s=connect_s,
            proxy=proxy,
        )
        if connection.alive:
            self._all.add(connection)
        return connection

    def _context(self) -> ssl.SSLContext:
        if self._ssl is None:
            self._ssl = ssl.create_default_context()
        return self._ssl

    def release(self, origin: Origin, connection: _Connection) -> None:
        idle = self._idle.setdefault(origin, deque())
        connection.idle_since = asyncio.get_running_loop().time()
        idle.append(connection)
        if len(idle) > MAX_IDLE:
            idle.popleft().abort()
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(KEEPALIVE_S, self._close_old)

    def _close_old(self) -> None:
        """Close what has been idle for too long; an upstream may never do it."""
        loop = asyncio.get_running_loop()
        due = loop.time() - KEEPALIVE_S
        for idle in self._idle.values():
            while idle and idle[0].idle_since <= due:
                idle.popleft().abort()
        oldest = min((idle[0].idle_since for idle in self._idle.values() if idle), default=None)
        self._sweep = None if oldest is None else loop.call_at(oldest + KEEPALIVE_S, self._close_old)

    def forget(self, origin: Origin, connection: _Connection) -> None:
        self._all.discard(connection)
        if self._last_gone is not None and not self._all:
            self._last_gone.set()
        idle = self._idle.get(origin)
        if idle is not None and connection in idle:
            idle.remove(connection)

    async def aclose(self) -> None:
        """End every connection and wait, for CLOSE_S at most, until the loop has noticed."""
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        for connection in list(self._all):
            connection.abort()
        if self._all:
            self._last_gone = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self._last_gone.wait()
