"""sse: events from bytes, whatever the line ends and however the bytes are split."""

from __future__ import annotations

import pytest

from a2a.protocols.sse import SseEvent, SseOverflow, SseReader, frame, named_frame


def read(*pieces: bytes, max_bytes: int = 1000) -> list[SseEvent]:
    reader = SseReader(max_bytes)
    return [event for piece in pieces for event in reader.feed(piece)] + reader.eof()


def one(data: bytes, event: str = "") -> list[SseEvent]:
    return [SseEvent(event, data)]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b'data: {"a":1}\n\n', one(b'{"a":1}')),
        (b"data:x\n\n", one(b"x")),
        (b"data:  x \n\n", one(b" x ")),
        (b"data: a\ndata: b\n\n", one(b"a\nb")),
        (b"data: a\r\ndata: b\r\n\r\n", one(b"a\nb")),
        (b"data: a\rdata: b\r\r", one(b"a\nb")),
        (b"event: ping\ndata: {}\n\n", one(b"{}", "ping")),
        (b": comment\n\n", []),
        (b": comment\ndata: x\n\n", one(b"x")),
        (b"id: 1\nretry: 5\ndata: x\n\n", one(b"x")),
        (b"data\n\n", one(b"")),
        (b"event: only\n\n", []),
        (b"\n\n\n\ndata: x\n\n\n\n", one(b"x")),
        (b"\xef\xbb\xbfdata: x\n\n", one(b"x")),
        ("data: a\u2028b\u0085c\u2029\n\n".encode(), one("a\u2028b\u0085c\u2029".encode())),
        (b"event: \xff\ndata: x\n\n", one(b"x", "\ufffd")),
        (b"data: [DONE]\n\n", one(b"[DONE]")),
    ],
)
def test_events_whole_and_byte_by_byte(stream: bytes, events: list[SseEvent]) -> None:
    assert read(stream) == events
    assert read(*(stream[at : at + 1] for at in range(len(stream)))) == events


def test_an_event_is_given_as_soon_as_it_is_whole() -> None:
    reader = SseReader()
    assert reader.feed(b"data: a\n\ndata: b") == one(b"a")
    assert reader.pending == b"data: b"
    assert reader.feed(b"\n\n") == one(b"b")
    assert reader.pending == b""


def test_crlf_split_between_reads_makes_no_second_event() -> None:
    reader = SseReader()
    assert reader.feed(b"data: a\r\n\r") == one(b"a")
    assert reader.feed(b"\ndata: b\r\n\r\n") == one(b"b")


def test_an_unfinished_tail_counts_at_the_end() -> None:
    assert read(b'data: a\n\ndata: {"b":1}\r\n') == [*one(b"a"), *one(b'{"b":1}')]
    assert read(b"data: a\n\n: bye") == one(b"a")


def test_an_endless_event_is_refused() -> None:
    with pytest.raises(SseOverflow):
        read(b"data: " + b"x" * 2000)
    assert len(read(*[b"data: " + b"x" * 90 + b"\n\n"] * 100)) == 100


def test_frames_are_read_back() -> None:
    assert read(frame(b"{}") + named_frame(b"ping", b"{}")) == [SseEvent("", b"{}"), SseEvent("ping", b"{}")]


@pytest.mark.parametrize(
    ("data", "payloads"),
    [
        (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
        (b"data: a\ndata: b\n\n", [b"a\nb"]),
        (b"data: a\n\n: hello\n\ndata: b\n\n", [b"a", b"b"]),
        (b"data: a\n\n\ndata: b\n\n", [b"a", b"b"]),
        (b"data: a\r\n\r\n", [b"a"]),
        (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
        (b"data: a\n\ndata: b", [b"a"]),
    ],
)
def test_payloads_of_one_read(data: bytes, payloads: list[bytes]) -> None:
    assert SseReader().payloads(data) == payloads


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"event: a\ndata: 1\n\nevent: b\ndata: 2\n\n", [(b"a", b"1"), (b"b", b"2")]),
        (b"event: a\ndata: 1\ndata: 2\n\nevent: b\n\n", [(b"a", b"1\n2")]),
        (b"event: a\ndata: 1\n\n: ping\n\n", [(b"a", b"1")]),
        (b"data: 1\nevent: a\n\n", [(b"a", b"1")]),
        (b"data: 1\n\n", [(b"", b"1")]),
    ],
)
def test_named_of_one_read(data: bytes, named: list[tuple[bytes, bytes]]) -> None:
    assert SseReader().named(data) == named
