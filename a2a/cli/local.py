"""The gateway's second mouth: neutral in, events out (`a2a chat`). What it gives as bytes is for the record alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from a2a.messages import Event, Failure, Request, Response
from a2a.protocols.base import Conversion
from a2a.protocols.registry import FRONTS

_WIRE = FRONTS["chat"]
"""What the record takes down: a conversation in a form that can be read, exported and sent again."""


class LocalFront:
    """A `Front` without a wire: events go to `on_event`, a whole answer and an error stay on the object."""

    name = "local"

    def __init__(self, on_event: Callable[[Event], None]) -> None:
        self._on_event = on_event
        self.response: Response | None = None
        self.failure: Failure | None = None

    def parse_request(self, body: bytes, *, headers: Mapping[str, str], model: str | None = None) -> Request:
        raise AssertionError("a local call brings its request")

    def render_response(self, res: Response, conv: Conversion) -> bytes:
        self.response = res
        return _WIRE.render_response(res, conv)

    def stream_renderer(self, conv: Conversion) -> LocalFront:
        self._renderer = _WIRE.stream_renderer(conv)
        return self

    def on(self, event: Event) -> bytes:
        if isinstance(event, Failure):
            self.failure = event
        self._on_event(event)
        return self._renderer.on(event)

    def keepalive(self) -> bytes:
        return b""

    def render_error(self, failure: Failure, request_id: str = "") -> tuple[int, bytes]:
        self.failure = failure
        return _WIRE.render_error(failure, request_id)


class NullSink:
    """Bytes of a local call: there are none."""

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """The answer lies on the front."""

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        """Nothing waits for a status line."""

    async def write(self, data: bytes) -> None:
        """Events have been shown already."""
