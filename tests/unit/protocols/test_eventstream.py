"""The event-stream framer against the vectors of specs/kiro.md 7.1."""

from __future__ import annotations

import json
import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from a2a.protocols.eventstream import MAX_FRAME_BYTES, Frame, FrameError, FrameReader, encode_frame

_GOLDEN = Path(__file__).parents[2] / "golden" / "vectors" / "kiro.json"
VECTORS = {name: bytes.fromhex(text) for name, text in json.loads(_GOLDEN.read_text())["frames"].items()}

JSON_EVENT = {
    ":event-type": "assistantResponseEvent",
    ":content-type": "application/json",
    ":message-type": "event",
}
DECODED = {
    "empty": Frame({}, b""),
    "v1": Frame(JSON_EVENT, b'{"content":"Hi"}'),
    "v2": Frame(JSON_EVENT, '{"content":"é"}'.encode()),
    "v3": Frame(
        {":exception-type": "throttlingError", ":content-type": "application/json", ":message-type": "exception"},
        b'{"message":"slow","reason":"INSUFFICIENT_MODEL_CAPACITY"}',
    ),
    "v4": Frame({":message-type": "error", ":error-code": "InternalError", ":error-message": "boom"}, b""),
}


def _message(headers: bytes, payload: bytes = b"") -> bytes:
    """A frame with any header block, correct checksums."""
    lengths = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    body = lengths + struct.pack(">I", zlib.crc32(lengths)) + headers + payload
    return body + struct.pack(">I", zlib.crc32(body))


def _header(kind: int, value: bytes) -> bytes:
    return b"\x01h" + bytes([kind]) + value


@pytest.mark.parametrize("name", VECTORS)
def test_vectors_are_read_whole(name: str) -> None:
    reader = FrameReader()
    assert reader.feed(VECTORS[name]) == [DECODED[name]]
    reader.eof()


@pytest.mark.parametrize("name", VECTORS)
def test_vectors_are_read_byte_by_byte(name: str) -> None:
    reader = FrameReader()
    frames = [frame for byte in VECTORS[name] for frame in reader.feed(bytes([byte]))]
    assert frames == [DECODED[name]]
    reader.eof()


@pytest.mark.parametrize("name", VECTORS)
def test_vectors_are_written_byte_for_byte(name: str) -> None:
    frame = DECODED[name]
    assert encode_frame({key: str(value) for key, value in frame.headers.items()}, frame.payload) == VECTORS[name]


def test_frames_that_arrive_together_come_in_order() -> None:
    reader = FrameReader()
    assert reader.feed(b"".join(VECTORS.values())) == [DECODED[name] for name in VECTORS]


@pytest.mark.parametrize(
    ("block", "value"),
    [
        (_header(0, b""), True),
        (_header(1, b""), False),
        (_header(2, b"\xff"), -1),
        (_header(3, struct.pack(">h", -300)), -300),
        (_header(4, struct.pack(">i", 70_000)), 70_000),
        (_header(5, struct.pack(">q", 2**40)), 2**40),
        (_header(6, b"\x00\x02\x00\xff"), b"\x00\xff"),
        (_header(7, b"\x00\x02\xc3\xa9"), "é"),
        (_header(8, struct.pack(">q", 1_500)), datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)),
        (_header(9, bytes(range(16))), UUID(bytes=bytes(range(16)))),
    ],
)
def test_every_header_type_is_decoded(block: bytes, value: object) -> None:
    (frame,) = FrameReader().feed(_message(block))
    assert frame.headers == {"h": value}


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (_header(10, b""), "unknown type 10"),
        (_header(7, b"\x00\x09abc"), "runs over"),
        (_header(7, b"\x00\x01\xff"), "not UTF-8"),
        (b"\x05abc", "runs over"),
        (_header(8, struct.pack(">q", 2**62)), "calendar"),
    ],
)
def test_unreadable_headers_are_refused(block: bytes, words: str) -> None:
    with pytest.raises(FrameError, match=words):
        FrameReader().feed(_message(block))


@pytest.mark.parametrize("at", [0, 5, 9, 40, 123])
def test_a_flipped_byte_is_found(at: int) -> None:
    damaged = bytearray(VECTORS["v1"])
    damaged[at] ^= 1
    with pytest.raises(FrameError):
        FrameReader().feed(bytes(damaged))


@pytest.mark.parametrize(("total", "headers"), [(15, 0), (MAX_FRAME_BYTES + 1, 0), (20, 5)])
def test_impossible_lengths_are_refused_before_the_rest_arrives(total: int, headers: int) -> None:
    lengths = struct.pack(">II", total, headers)
    with pytest.raises(FrameError, match="impossible"):
        FrameReader().feed(lengths + struct.pack(">I", zlib.crc32(lengths)))


def test_frames_before_the_damage_are_not_lost() -> None:
    reader = FrameReader()
    damaged = VECTORS["v2"][:-1] + b"\x00"
    assert reader.feed(VECTORS["v1"] + damaged) == [DECODED["v1"]]
    assert reader.error is not None
    with pytest.raises(FrameError, match="checksum"):
        reader.feed(VECTORS["v1"])
    with pytest.raises(FrameError, match="checksum"):
        reader.eof()


def test_an_unfinished_frame_at_the_end_is_an_error() -> None:
    reader = FrameReader()
    assert reader.feed(VECTORS["v1"][:-1]) == []
    with pytest.raises(FrameError, match="123 bytes left over"):
        reader.eof()


@pytest.mark.parametrize(
    ("headers", "payload"), [({"": "x"}, b""), ({"x": "y" * 0x8000}, b""), ({}, bytes(MAX_FRAME_BYTES))]
)
def test_what_does_not_fit_is_not_written(headers: dict[str, str], payload: bytes) -> None:
    with pytest.raises(FrameError):
        encode_frame(headers, payload)


def test_a_header_of_another_type_is_no_text() -> None:
    frame = Frame({"n": 1, "s": "x"}, b"")
    assert (frame.text("n"), frame.text("s"), frame.text("missing")) == ("", "x", "")
