"""Any split of the bytes and any line ending gives the same server-sent events; garbage gives only our error."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from a2a.protocols.sse import SseEvent, SseOverflow, SseReader

LINES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12).map(str.encode)
NAMES = st.sampled_from(["", "ping", "message_start"])
EVENTS = st.lists(st.tuples(NAMES, st.lists(LINES, min_size=1, max_size=3)), max_size=6)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
SNIPS = st.sampled_from([b"data: ", b"data:", b"event: ", b"event: a\ndata: ", b"x", b"", b"\n", b"\n\n", b"\r", b": "])
READS = st.lists(st.lists(SNIPS, max_size=10).map(lambda snips: b"".join(snips) + b"\n\n"), max_size=4)
"""Reads that often, not always, hold whole events in the usual form."""


def wire(events: list[tuple[str, list[bytes]]], end: bytes) -> bytes:
    out = b""
    for name, lines in events:
        head = b"event: " + name.encode() + end if name else b": comment" + end
        out += head + b"".join(b"data: " + line + end for line in lines) + end
    return out


def read(data: bytes, cuts: list[int]) -> list[SseEvent]:
    reader = SseReader()
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    events = [event for start, stop in pairwise(edges) for event in reader.feed(data[start:stop])]
    return events + reader.eof()


@given(EVENTS, ENDS, st.lists(st.integers(0, 500), max_size=8))
def test_any_split_gives_the_same_events(events: list[tuple[str, list[bytes]]], end: bytes, cuts: list[int]) -> None:
    expected = [SseEvent(name, b"\n".join(lines)) for name, lines in events]
    assert read(wire(events, end), cuts) == expected


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_garbage_reads_the_same_at_any_split(data: bytes, cuts: list[int]) -> None:
    assert read(data, cuts) == read(data, [])


@given(st.binary(max_size=300), st.integers(1, 50))
def test_garbage_raises_nothing_but_overflow(data: bytes, limit: int) -> None:
    reader = SseReader(limit)
    try:
        reader.feed(data)
    except SseOverflow:
        return
    reader.eof()


@given(READS)
def test_the_short_ways_read_what_feed_reads(reads: list[bytes]) -> None:
    general, payloads, named = SseReader(), SseReader(), SseReader()
    for data in reads:
        events = general.feed(data)
        assert payloads.payloads(data) == [event.data for event in events]
        assert named.named(data) == [(event.event.encode(), event.data) for event in events]
    assert payloads.eof() == named.eof() == general.eof()
