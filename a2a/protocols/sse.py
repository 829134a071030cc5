"""Server-sent events: a reader over bytes and a few writers (specs/conversion.md 2.4; WHATWG HTML, section 9.2).

Works on bytes: events end at an empty line, lines end at LF, CRLF or CR and nowhere else (never `str.splitlines`,
which also breaks at U+2028 inside JSON strings).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

_EMPTY_LINE = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?!\n))")
_NAMED = re.compile(rb"event: ([^\r\n]*)\ndata: ([^\r\n]*)")

MAX_EVENT_BYTES = 32 * 1024 * 1024
"""A single event over this is refused: an upstream that never ends a line must not fill the memory."""


class SseEvent(Struct):
    """`event`: the name or "" ; `data`: all data lines joined with LF."""

    event: str
    data: bytes


class SseOverflow(ValueError):
    """One event exceeded MAX_EVENT_BYTES."""


class SseReader:
    """Feed bytes in any split, get whole events; `eof()` gives an unfinished last one."""

    __slots__ = ("_buffer", "_half_crlf", "_scan", "_started", "max_bytes")

    def __init__(self, max_bytes: int = MAX_EVENT_BYTES) -> None:
        self._buffer = bytearray()
        self._scan = 0  # everything before this offset was searched already
        self._started = False
        self._half_crlf = False  # the last event ended on a CR whose LF may still come
        self.max_bytes = max_bytes

    def feed(self, data: bytes) -> list[SseEvent]:
        """Raises SseOverflow."""
        return list(self.each(data))

    def each(self, data: bytes) -> Iterator[SseEvent]:
        """As `feed`, event by event; what is not taken is lost. Raises SseOverflow."""
        buffer = self._buffer
        buffer += data
        if not self._ready():
            return
        start = 0
        while (cut := _boundary(buffer, max(start, self._scan))) is not None:
            event = _parse(bytes(buffer[start : cut[0]]))
            start = self._scan = cut[1]
            if event is not None:
                yield event
        if start:
            self._half_crlf = start == len(buffer) and buffer[-1] == 0x0D
            del buffer[:start]
        self._scan = max(0, len(buffer) - 3)
        if len(buffer) > self.max_bytes:
            raise SseOverflow(f"event over {self.max_bytes} bytes")

    def _ready(self) -> bool:
        """Past a byte order mark and the second half of a CRLF."""
        buffer = self._buffer
        if not self._started:
            if len(buffer) < 3 and b"\xef\xbb\xbf".startswith(bytes(buffer)):
                return False
            if buffer.startswith(b"\xef\xbb\xbf"):  # one leading BOM is allowed
                del buffer[:3]
            self._started = True
        if self._half_crlf and buffer:
            self._half_crlf = False
            if buffer[0] == 0x0A:
                del buffer[:1]
        return True

    def eof(self) -> list[SseEvent]:
        """The unfinished tail as an event, if it holds data (some servers forget the last empty line)."""
        tail = bytes(self._buffer).rstrip(b"\r\n")
        self._buffer.clear()
        self._scan = 0
        event = _parse(tail) if tail else None
        return [event] if event is not None else []

    @property
    def pending(self) -> bytes:
        """Bytes that belong to no whole event yet."""
        return bytes(self._buffer)


def _boundary(buffer: bytearray, start: int) -> tuple[int, int] | None:
    """First empty line at or after `start`: (end of the event's bytes, start of the next event)."""
    if b"\r" not in buffer:  # what nearly every upstream sends
        at = buffer.find(b"\n\n", start)
        return None if at < 0 else (at, at + 2)
    found = _EMPTY_LINE.search(buffer, start)
    return found.span() if found else None


def _parse(block: bytes) -> SseEvent | None:
    if block.startswith(b"data: ") and b"\n" not in block and b"\r" not in block:  # the common case
        return SseEvent("", block[6:])
    if (named := _NAMED.fullmatch(block)) is not None:  # and the other one
        return SseEvent(named[1].decode("utf-8", "replace"), named[2])
    name = ""
    data: list[bytes] = []
    for line in block.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    return SseEvent(name, b"\n".join(data)) if data else None


def frame(data: bytes) -> bytes:
    """`data: …` frame of one line of JSON."""
    return b"data: " + data + b"\n\n"


def named_frame(event: bytes, data: bytes) -> bytes:
    """`event:` + `data:` frame."""
    return b"event: " + event + b"\ndata: " + data + b"\n\n"
