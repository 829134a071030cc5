"""The live event stream as a client reads it: bytes of `GET /admin/v1/events` in, events out.

Server-sent events (WHATWG HTML, 9.2.6), of which our server uses `data:` in one line; the number of an event stands in
its data too. Comments are its keep-alives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from a2a.control.types import LiveEvent
from a2a.errors import BadUpstream

SILENCE_S = 45.0
"""A server that sends no keep-alive for so long is gone. It sends one every 15 s."""

MAX_FRAME_BYTES = 16 * 1024 * 1024

_END = re.compile(rb"\r?\n\r?\n|\r\r")
_LINE = re.compile(rb"\r\n|\n|\r")


class EventReader:
    """Takes the stream in pieces of any size. A kind of event that this version does not know is passed over."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> Iterator[LiveEvent]:
        """Raises BadUpstream for what is no event of ours."""
        *frames, self._rest = _END.split(self._rest + piece)
        if len(self._rest) > MAX_FRAME_BYTES:
            raise BadUpstream("the server's event stream has no end of an event", hint="a2a --version, here and there")
        for frame in frames:
            if (event := _event(frame)) is not None:
                yield event


def _event(frame: bytes) -> LiveEvent | None:
    """None for a comment, and for an event of a kind or shape that a newer server has."""
    pieces = [line.partition(b":")[2].removeprefix(b" ") for line in _LINE.split(frame) if line.startswith(b"data:")]
    if not pieces:
        return None
    try:
        return msgspec.json.decode(b"\n".join(pieces), type=LiveEvent)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadUpstream("the server's event stream is not JSON", hint="a2a --version, here and there") from error
