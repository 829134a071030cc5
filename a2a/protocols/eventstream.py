"""Amazon event-stream frames: a reader over bytes and a writer (specs/kiro.md 7.1, application/vnd.amazon.eventstream).

A frame is a 12-byte prelude (total length, headers length, CRC-32 of both), typed headers, a payload and a CRC-32 of
everything before it; all integers big-endian. The reader works on bytes and never decodes a payload: a character may
be split between network chunks, never between frames.

There is no resynchronisation after a damaged frame: skipping bytes would hide that an answer was cut.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from struct import Struct as Layout
from uuid import UUID

from msgspec import Struct

MAX_FRAME_BYTES = 24 * 1024 * 1024
"""AWS allows a payload of 16 MiB and 128 KiB of headers; more is not an event stream."""

_PRELUDE = Layout(">III")
_CRC = Layout(">I")
_U16 = Layout(">H")
_PRELUDE_BYTES = _PRELUDE.size
_OVERHEAD_BYTES = _PRELUDE_BYTES + _CRC.size
_STRING = 7
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FrameError(ValueError):
    """The bytes are not an event stream, were damaged, or end inside a frame."""


class Frame(Struct, frozen=True):
    """`headers`: bool, int, bytes, str, datetime (UTC) or UUID by the type on the wire."""

    headers: dict[str, object]
    payload: bytes

    def text(self, name: str) -> str:
        """The string header `name`, "" when it is missing or of another type."""
        value = self.headers.get(name)
        return value if isinstance(value, str) else ""


class FrameReader:
    """Feed bytes in any split, get whole frames. After a FrameError the reader stays broken."""

    __slots__ = ("_broken", "_buffer", "max_bytes")

    def __init__(self, max_bytes: int = MAX_FRAME_BYTES) -> None:
        self._buffer = bytearray()
        self._broken: FrameError | None = None
        self.max_bytes = max_bytes

    def feed(self, data: bytes) -> list[Frame]:
        """Frames that became whole.

        Frames before a damaged one in the same bytes are not lost: they are returned, and the next call (`feed` or
        `eof`) raises FrameError.
        """
        if self._broken is not None:
            raise self._broken
        self._buffer += data
        frames: list[Frame] = []
        start = 0
        try:
            while (size := self._size_at(start)) is not None:
                frames.append(_parse(bytes(self._buffer[start : start + size])))
                start += size
        except FrameError as error:
            self._broken = error
            if not frames:
                raise
        finally:
            del self._buffer[:start]
        return frames

    @property
    def error(self) -> FrameError | None:
        """The damage that was found, also when `feed` returned frames before it."""
        return self._broken

    def eof(self) -> None:
        """Raises FrameError for a damaged or unfinished last frame."""
        if self._broken is not None:
            raise self._broken
        if self._buffer:
            raise FrameError(f"the stream ends inside a frame ({len(self._buffer)} bytes left over)")

    def _size_at(self, start: int) -> int | None:
        """Length of the frame that begins at `start`, None while bytes are missing."""
        held = len(self._buffer) - start
        if held < _PRELUDE_BYTES:
            return None
        total, headers, crc = _PRELUDE.unpack_from(self._buffer, start)
        if zlib.crc32(self._buffer[start : start + 8]) != crc:
            raise FrameError("wrong checksum of a frame prelude")
        if not _OVERHEAD_BYTES <= total <= self.max_bytes or headers > total - _OVERHEAD_BYTES:
            raise FrameError(f"impossible frame length: {total} bytes, {headers} of headers")
        return int(total) if held >= total else None


def encode_frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One frame; all headers become strings. Raises FrameError for what does not fit the length fields."""
    block = b"".join(_encode_header(name, value) for name, value in headers.items())
    total = _OVERHEAD_BYTES + len(block) + len(payload)
    if total > MAX_FRAME_BYTES:
        raise FrameError(f"a frame of {total} bytes is over the limit of {MAX_FRAME_BYTES}")
    lengths = _CRC.pack(total) + _CRC.pack(len(block))
    body = lengths + _CRC.pack(zlib.crc32(lengths)) + block + payload
    return body + _CRC.pack(zlib.crc32(body))


def _encode_header(name: str, value: str) -> bytes:
    raw_name, raw_value = name.encode(), value.encode()
    if not 0 < len(raw_name) <= 0xFF or len(raw_value) > 0x7FFF:
        raise FrameError(f"header {name!r} does not fit: name 1 to 255 bytes, value up to 32767")
    return bytes([len(raw_name)]) + raw_name + bytes([_STRING]) + _U16.pack(len(raw_value)) + raw_value


def _parse(message: bytes) -> Frame:
    """A whole message whose prelude was checked."""
    (crc,) = _CRC.unpack_from(message, len(message) - _CRC.size)
    if zlib.crc32(memoryview(message)[: -_CRC.size]) != crc:
        raise FrameError("wrong checksum of a frame")
    (headers_bytes,) = _CRC.unpack_from(message, 4)
    end = _PRELUDE_BYTES + headers_bytes
    return Frame(_parse_headers(message[_PRELUDE_BYTES:end]), message[end : -_CRC.size])


def _parse_headers(block: bytes) -> dict[str, object]:
    headers: dict[str, object] = {}
    cursor = _Cursor(block)
    while cursor.left:
        name = _utf8(cursor.take(cursor.byte()))
        kind = cursor.byte()
        read = _VALUES.get(kind)
        if read is None:
            raise FrameError(f"header {name!r} has the unknown type {kind}")
        headers[name] = read(cursor)
    return headers


class _Cursor:
    """A position in the header block; every read past its end is a FrameError."""

    __slots__ = ("_at", "_block")

    def __init__(self, block: bytes) -> None:
        self._block = block
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._block) - self._at

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise FrameError("a header runs over the end of the header block")
        self._at += size
        return self._block[self._at - size : self._at]

    def byte(self) -> int:
        return self.take(1)[0]

    def integer(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big", signed=True)

    def sized(self) -> bytes:
        return self.take(int.from_bytes(self.take(2), "big"))


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise FrameError("a header is not UTF-8") from error


def _moment(milliseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError as error:
        raise FrameError("a header holds a time outside of the calendar") from error


_VALUES: dict[int, Callable[[_Cursor], object]] = {
    0: lambda _: True,
    1: lambda _: False,
    2: lambda cursor: cursor.integer(1),
    3: lambda cursor: cursor.integer(2),
    4: lambda cursor: cursor.integer(4),
    5: lambda cursor: cursor.integer(8),
    6: lambda cursor: cursor.sized(),
    _STRING: lambda cursor: _utf8(cursor.sized()),
    8: lambda cursor: _moment(cursor.integer(8)),
    9: lambda cursor: UUID(bytes=cursor.take(16)),
}
"""Header value readers by the type byte of the wire."""
