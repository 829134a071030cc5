"""An aiohttp response as the gateway's sink."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from aiohttp import ClientConnectionResetError, web

from a2a.gateway.call import ClientGone


class HttpSink:
    """`response` is what the handler returns to aiohttp; a stream is prepared and written as it comes."""

    __slots__ = ("_extra", "_request", "response")

    def __init__(self, request: web.Request, extra: Mapping[str, str] | None = None) -> None:
        self._request = request
        self._extra = extra or {}
        self.response: web.StreamResponse | None = None

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.response = web.Response(body=body, status=status, headers={**headers, **self._extra})

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        response = web.StreamResponse(status=status, headers={**headers, **self._extra})
        self.response = response
        try:
            await response.prepare(self._request)
        except (ClientConnectionResetError, ConnectionError) as error:
            raise ClientGone from error

    async def finish(self) -> None:
        """End a stream; a client that has left in the meantime is no news any more."""
        assert self.response is not None
        with contextlib.suppress(ConnectionError):
            await self.response.write_eof()

    async def write(self, data: bytes) -> None:
        assert self.response is not None
        try:
            await self.response.write(data)
        except (ClientConnectionResetError, ConnectionError) as error:
            raise ClientGone from error
