"""An answer of `http1`: its bytes between the connection, which writes them, and the gateway, which reads them."""

from __future__ import annotations

import asyncio
import zlib
from collections import deque
from collections.abc import Callable
from typing import Protocol

from a2a.errors import BadUpstream, UpstreamError
from a2a.providers.inflate import Inflate

HIGH_WATER_BYTES = 64 * 1024
"""A slow client stops the upstream read there: memory stays flat."""


class Interrupted(UpstreamError):
    """The connection broke. `reused`: a kept-alive connection died before any answer, safe to try again at once."""

    def __init__(self, message: str, *, reused: bool = False) -> None:
        super().__init__(message)
        self.reused = reused


class Carrier(Protocol):
    """The connection that an answer comes over."""

    def resume(self) -> None:
        """Read on, should it have stopped."""

    def abort(self) -> None:
        """Close it at once."""


class Http1Answer:
    """An answer whose head has arrived; its bytes are buffered here, the connection may already serve another."""

    __slots__ = (
        *("_buffered", "_connection", "_ended", "_error", "_inflate", "_parts", "_waiter"),
        *("connect_ms", "copy", "headers", "status"),
    )

    def __init__(self, connection: Carrier, status: int, headers: dict[str, str]) -> None:
        self.status = status
        self.headers = headers
        self.connect_ms: float | None = None
        self.copy: Callable[[bytes], None] | None = None
        self._connection: Carrier | None = connection
        self._parts: deque[bytes] = deque()
        self._buffered = 0
        self._ended = False
        self._error: UpstreamError | None = None
        self._waiter: asyncio.Future[None] | None = None
        coding = headers.get("content-encoding", "").lower()
        self._inflate = Inflate() if coding in ("gzip", "deflate", "x-gzip") else None
        if self._inflate is None and coding not in ("", "identity"):
            self._error = BadUpstream(f"the upstream's body is compressed in a way nobody asked for: {coding[:40]}")

    async def chunk(self) -> bytes:
        """The bytes that are there, waiting for at least one; b"" at the end. Raises Interrupted."""
        while not self._parts:
            if self._error is not None:
                raise self._error
            if self._ended:
                return b""
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        data = self._parts.popleft() if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        self._buffered = 0
        if self.copy is not None:
            self.copy(data)
        if self._connection is not None:
            self._connection.resume()
        return data

    async def body(self) -> bytes:
        """Everything. Raises Interrupted."""
        pieces: list[bytes] = []
        while piece := await self.chunk():
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def owns(self, connection: Carrier) -> bool:
        """Whether bytes of this answer are still to come on that connection."""
        return self._connection is connection and not self._ended and self._error is None

    def close(self) -> None:
        """Abort the connection unless the answer has ended; whoever waits for a chunk is told."""
        connection, self._connection = self._connection, None
        if connection is not None and not self._ended:
            connection.abort()
        if not self._ended and self._error is None:
            self.end(Interrupted("the call was closed"))

    def take(self, data: bytes) -> bool:
        """Bytes of the body from the connection; True when it should stop reading for a while."""
        if self._inflate is not None:
            try:
                data = self._inflate.feed(data)
            except zlib.error:
                self.end(BadUpstream("the upstream's compressed body is broken"))
                return True
        if data:
            self._parts.append(data)
            self._buffered += len(data)
            self._wake()
        return self._buffered > HIGH_WATER_BYTES

    def end(self, error: UpstreamError | None = None) -> None:
        if self._ended or self._error is not None:
            return
        if error is None and self._inflate is not None and not self._inflate.complete:
            error = BadUpstream("the upstream's compressed body is cut off")
        self._error = error
        self._ended = error is None
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
