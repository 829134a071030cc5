"""Who listens to the live events of one server: so many and no more, and all of them end when the server stops."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiohttp import web

from a2a.errors import OutOfResources
from a2a.logs.live import Listener, Live

MOST_LISTENERS = 64
_FAREWELL_S = 1.0
"""How long a stream may take to end when the server stops."""


class Audience:
    """Who listens to one server. `close` ends every stream."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._streams: dict[Listener, web.Request] = {}
        self._closed = False
        self._empty = asyncio.Event()

    def join(self, request: web.Request, after: int | None) -> Listener:
        """Raises OutOfResources when there are too many, and when the server stops."""
        if self._closed:
            raise OutOfResources("the server stops", hint="connect again when it is back")
        if len(self._streams) >= MOST_LISTENERS:
            raise OutOfResources(f"{MOST_LISTENERS} listen already", hint="end one of those, or ask GET routes")
        listener = self._live.listen(after)
        self._empty.clear()
        self._streams[listener] = request
        return listener

    def leave(self, listener: Listener) -> None:
        self._streams.pop(listener, None)
        listener.close()
        if not self._streams:
            self._empty.set()

    async def close(self, _: web.Application) -> None:
        """Streams end in order; one whose client does not read is cut."""
        self._closed = True
        for listener in list(self._streams):
            listener.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_S if self._streams else 0.0):
                await self._empty.wait()
        for request in self._streams.values():
            if request.transport is not None:
                request.transport.abort()
