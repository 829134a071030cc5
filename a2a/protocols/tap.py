"""What the byte path needs to know of bytes it does not change (specs/conversion.md 1.3).

A `Tap` reads the first event of a stream (is it an error?) and its end (usage, stop word, was it complete?). Between
them it keeps only the last KEEP_BYTES, so that a chunk costs one append. A codec gives the meaning: a `Reader`.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from msgspec import Struct

from a2a.messages import Failure, StopKind, Usage
from a2a.protocols.sse import SseEvent, SseOverflow, SseReader
from a2a.protocols.tokens import text_tokens

KEEP_BYTES = 16 * 1024
"""Enough for the closing events of every protocol."""

MAX_KEPT_BYTES = 8 * 1024 * 1024
WHOLE_PIECES = 2
"""A closing event over KEEP_BYTES (response.completed repeats the whole answer) is kept whole up to MAX_KEPT_BYTES."""

CLOSING_EVENTS = 6
"""Finish, usage, `[DONE]`; block stop, message_delta, message_stop; and some room for comments."""


SAMPLE = 32
"""Events that an estimate looks at."""


class Glance(Struct):
    """What was seen. `complete`: the stream reached its terminal event. `failure`: an error instead of an answer.

    `opened`: a frame that opens an answer and says nothing yet (message_start, a chunk with a role alone), which may go
    out early: should another account take over, its own opening is left out. `hollow`: a part of the answer has begun
    and says nothing yet (a text block without text): it is kept back, as another account's answer may begin with
    another part. `begun`: the first content was seen; who reads on need not look for it.
    """

    usage: Usage | None = None
    stop: str | None = None
    complete: bool = False
    opened: bool = False
    hollow: bool = False
    begun: bool = False
    failure: Failure | None = None


_STOPS: dict[str, StopKind] = {
    "stop": "end",
    "end_turn": "end",
    "STOP": "end",
    "completed": "end",
    "tool_calls": "tool_call",
    "function_call": "tool_call",
    "tool_use": "tool_call",
    "stop_sequence": "stop_seq",
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "MAX_TOKENS": "length",
    "model_context_window_exceeded": "context_full",
    "content_filter": "refusal",
    "refusal": "refusal",
    "SAFETY": "refusal",
    "pause_turn": "pause",
}


def neutral_stop(word: str | None) -> str | None:
    """An upstream's stop word as the record shows it; a word nobody knows stays itself."""
    return None if word is None else _STOPS.get(word, word)


class Reader(Protocol):
    """Meaning of one protocol's bytes; total: never raises."""

    def whole(self, body: bytes) -> Glance:
        """A non-stream answer; `failure` when it is none."""
        ...

    def event(self, event: SseEvent, glance: Glance) -> bool:
        """Take in one event; True when it holds content (not a ping, a comment, a mere opening or a hollow part)."""
        ...

    def join(self, opening: bytes, events: bytes) -> bytes:
        """Whole events of another account's answer as the continuation of an opening that has gone out."""
        ...

    def said(self, event: SseEvent) -> str:
        """What one event says, to estimate its tokens; "" in protocols whose upstreams always count."""
        ...


class Tap:
    """`first()` until it says so, then `feed()`, at the end `close()`."""

    __slots__ = ("_ends", "_events", "_head", "_kept", "_reader", "_tail", "glance")

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._head = SseReader()
        self._tail: deque[bytes] = deque()
        self._kept = 0
        self._ends = 0  # pieces of the tail in which an event ends
        self._events = 0  # of the whole stream
        self.glance = Glance()

    def first(self, chunk: bytes) -> bool:
        """Look for the first event that counts; True when an answer has begun or `glance.failure` is set."""
        self._keep(chunk)
        try:
            for event in self._head.each(chunk):
                self.glance.begun = self._reader.event(event, self.glance)
                if self.glance.begun or self.glance.failure is not None:
                    return True
        except SseOverflow:
            return True
        return False

    def feed(self, chunk: bytes) -> None:
        self._keep(chunk)

    def _keep(self, chunk: bytes) -> None:
        self._tail.append(chunk)
        self._kept += len(chunk)
        ends = _ends(chunk)
        self._events += ends
        self._ends += ends > 0
        while self._kept - len(self._tail[0]) > KEEP_BYTES:
            ends = _ends(self._tail[0]) > 0
            if self._ends - ends <= WHOLE_PIECES and self._kept <= MAX_KEPT_BYTES:
                break  # the last event is a long one, and its beginning is what matters
            self._ends -= ends
            self._kept -= len(self._tail.popleft())

    def close(self) -> Glance:
        """Read the kept end. The first event of it may be cut and is then ignored."""
        reader = SseReader()
        data = b"".join(self._tail)
        try:
            events = reader.feed(data[_closing(data) :]) + reader.eof()
        except SseOverflow:
            return self.glance
        for event in events:
            self._reader.event(event, self.glance)
        return self.glance

    def said_tokens(self) -> int:
        """Output tokens, estimated: those of the last SAMPLE events, times the number of all."""
        try:
            kept = SseReader().feed(b"".join(self._tail))
        except SseOverflow:
            return 0
        if not kept:
            return 0
        sample = kept[-SAMPLE:]
        said = text_tokens("".join(map(self._reader.said, sample)))
        return round(said * max(self._events, len(kept)) / len(sample))  # an event's end may be cut by a read


def without_opening(reader: Reader, data: bytes) -> bytes:
    """A stream's first bytes without the events before its first part."""
    sse = SseReader()
    blocks = sse.blocks(data)
    glance = Glance()
    for at, block in enumerate(blocks):
        events = SseReader().feed(block + b"\n\n")
        if any(reader.event(event, glance) or glance.hollow for event in events):
            return b"".join(rest + b"\n\n" for rest in blocks[at:]) + sse.pending
    return sse.pending


def opening_alone(reader: Reader, data: bytes) -> bytes:
    """The events before the first part; b"" where the rest cannot be cut off byte for byte (line ends with CR)."""
    rest = without_opening(reader, data)
    return data.removesuffix(rest) if data.endswith(rest) and b"\r" not in data else b""


def _ends(chunk: bytes) -> int:
    """How many events end in it."""
    return chunk.count(b"\n\n") or chunk.count(b"\r\n\r\n")


def _closing(data: bytes) -> int:
    """Where the last CLOSING_EVENTS events begin: what a protocol says at its end is said there."""
    at = len(data)
    for _ in range(CLOSING_EVENTS + 1):
        at = data.rfind(b"\n\n", 0, at)
        if at < 0:
            return 0
    return at + 2
