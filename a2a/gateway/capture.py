"""The bodies of one exchange as they go by: references and times, nothing copied or decoded.

Only made when bodies are wanted. `taken()` runs in the writer's thread once the exchange has ended, and gives plain
values that may go to another process; a2a/gateway/sealing.py makes the record of them. Of every body the beginning is
kept.
"""

from __future__ import annotations

import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from a2a.auth.codec import values_of
from a2a.auth.records import Credential
from a2a.gateway.call import Call, Sink
from a2a.providers.http import Target

SPARE_BYTES = 16 * 1024
"""Kept behind the limit until secrets are gone: one that the cut would halve is still seen as a whole."""

Headers = Mapping[str, str]


def _plain(headers: Headers) -> dict[str, str]:
    """Those of a server library, whose names are of a type of its own, in lower case."""
    return {name.lower(): value for name, value in headers.items()}


class TakenCall(Struct, frozen=True, kw_only=True):
    """One call to an upstream. `n`: its attempt; `total`: bytes of the answer, of which `answer` may be the beginning.

    `request`: None where it is the client's. `times`: when each piece of the answer came, on the monotonic clock.
    """

    n: int
    method: str
    url: str
    request_headers: dict[str, str]
    request: bytes | None
    status: int
    answer_headers: dict[str, str]
    answer: list[bytes]
    times: list[float]
    total: int


class Taken(Struct, frozen=True, kw_only=True):
    """All bodies of an exchange, with the secrets that must leave them. `began`: its start, as the times."""

    cap: int
    began: float
    secrets: list[str]
    request_headers: dict[str, str]
    request: bytes
    answer_headers: dict[str, str]
    answer: list[bytes]
    total: int
    calls: list[TakenCall]


class Pieces:
    """A body that comes in pieces. `add` is made to cost a stream as little as can be: a closure, not a method."""

    __slots__ = ("add", "pieces", "size", "times")

    def __init__(self, cap: int) -> None:
        pieces: list[bytes] = []
        times: list[float] = []
        keep, note, now = pieces.append, times.append, time.monotonic
        room = cap + SPARE_BYTES
        size = 0

        def add(data: bytes) -> None:
            nonlocal size
            if size < room:
                keep(data)
                note(now())
            size += len(data)

        def so_far() -> int:
            return size

        self.pieces = pieces
        self.times = times
        self.add = add
        self.size = so_far


class Whole:
    """A body that comes at once, or nearly so: as `Pieces`, and cheaper to make."""

    __slots__ = ("_room", "_size", "pieces", "times")

    def __init__(self, cap: int) -> None:
        self._room = cap + SPARE_BYTES
        self._size = 0
        self.pieces: list[bytes] = []
        self.times: list[float] = []

    def add(self, data: bytes) -> None:
        if self._size < self._room:
            self.pieces.append(data)
            self.times.append(time.monotonic())
        self._size += len(data)

    def size(self) -> int:
        return self._size


class Upcall:
    """One call, with its answer."""

    __slots__ = ("answer", "answer_headers", "body", "credential", "n", "status", "target")

    def __init__(self, n: int, target: Target, body: bytes, credential: Credential, answer: Pieces | Whole) -> None:
        self.n = n
        self.target = target
        self.body = body
        self.credential = credential
        self.status = 0
        self.answer_headers: Headers = {}
        self.answer = answer

    def taken(self, sent: bytes) -> TakenCall:
        """`sent`: the client's request."""
        target = self.target
        return TakenCall(
            n=self.n,
            method=target.method,
            url=target.location,
            request_headers=dict(target.headers),
            request=None if self.body == sent else self.body,
            status=self.status,
            answer_headers=dict(self.answer_headers),
            answer=self.answer.pieces,
            times=self.answer.times,
            total=self.answer.size(),
        )


class Capture:
    """All bodies of one exchange. `answer`: what the client gets, of a stream by the one that writes it."""

    __slots__ = ("_began", "_call", "_calls", "_cap", "_headers", "_secrets", "answer", "room", "total")

    def __init__(self, call: Call, cap: int, secrets: Sequence[str] = ()) -> None:
        """`secrets`: besides those of the accounts that are asked."""
        self.answer: list[bytes] = []
        self.total = 0
        """Bytes of the answer."""
        self.room = cap + SPARE_BYTES
        self._call = call
        self._cap = cap
        self._secrets = secrets
        self._began = time.monotonic()
        self._calls: list[Upcall] = []
        self._headers: Headers = {}

    @property
    def size(self) -> int:
        """Bytes it holds on to."""
        held = len(self._call.body) + min(self.total, self.room)
        for one in self._calls:
            held += len(one.body) if one.body is not self._call.body else 0
            held += min(one.answer.size(), self.room)
        return held

    def sink(self, sink: Sink) -> Sink:
        """The client's, with an eye on how the answer begins. What is written is the stream's to tell."""
        return _Watched(sink, self)

    def answering(self, headers: Headers, body: bytes | None = None) -> None:
        """What the client gets begins; `body`: all of it."""
        self._headers = headers
        if body is not None:
            self.answer.append(body)
            self.total = len(body)

    def called(self, n: int, target: Target, body: bytes, credential: Credential, *, stream: bool) -> Upcall:
        """A call goes out."""
        one = Upcall(n, target, body, credential, Pieces(self._cap) if stream else Whole(self._cap))
        self._calls.append(one)
        return one

    def taken(self) -> Taken:
        call = self._call
        sent = call.body if call.request is None else msgspec.json.encode(call.request)
        return Taken(
            cap=self._cap,
            began=self._began,
            secrets=[*self._secrets, *(value for one in self._calls for value in values_of(one.credential))],
            request_headers=_plain(call.headers),
            request=sent,
            answer_headers=dict(self._headers),
            answer=self.answer,
            total=self.total,
            calls=[one.taken(sent) for one in self._calls],
        )


class _Watched:
    """A sink that tells the capture with what it begins. Writing goes straight on."""

    __slots__ = ("_capture", "_sink", "write")

    def __init__(self, sink: Sink, capture: Capture) -> None:
        self._sink = sink
        self._capture = capture
        self.write = sink.write

    def respond(self, status: int, headers: Headers, body: bytes) -> Coroutine[Any, Any, None]:
        self._capture.answering(headers, body)
        return self._sink.respond(status, headers, body)

    def start(self, status: int, headers: Headers) -> Coroutine[Any, Any, None]:
        self._capture.answering(headers)
        return self._sink.start(status, headers)
