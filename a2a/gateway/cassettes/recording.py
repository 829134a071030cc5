"""Recording: every exchange that ends becomes a cassette before its client knows the end.

Nothing is kept of a client that leaves in the middle; one that leaves behind the last event has had the whole answer.
A folder that cannot be written to stops no answer: it is said once, and again when it has been well in between.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import msgspec

from a2a.clock import Clock
from a2a.config import provider_id
from a2a.control.bodies import decoded
from a2a.control.types import Exchange
from a2a.errors import ConfigError, RequestError, StoreError
from a2a.gateway.call import Call, Sink
from a2a.gateway.cassettes.form import (
    VERSION,
    Cassette,
    Got,
    Sent,
    body_fields,
    encode,
    file_name,
    pieces_of,
)
from a2a.gateway.cassettes.redaction import Redaction
from a2a.gateway.recorded import asked_of, bodies_of
from a2a.gateway.report import Report
from a2a.gateway.route import HEADER
from a2a.logs.recorder import Recorder
from a2a.paths import atomic_write, private_dir
from a2a.protocols.registry import READERS
from a2a.protocols.tap import Tap

log = logging.getLogger(__name__)

SHOWN_HEADERS = ("content-type", "user-agent", "anthropic-version", "anthropic-beta", "openai-beta")
"""Request headers that a cassette tells; none of them holds a secret, none is compared."""
DROPPED_HEADERS = frozenset({"x-a2a-exchange", "x-a2a-account", "date", "server", "content-length", "connection"})
"""Answer headers that a cassette leaves out: of one exchange, of one person, or of the connection."""
MOST_BYTES = 64 * 1024 * 1024
"""A longer answer is no cassette."""
_EVENT_END = b"\n\n"


class Answerer(Protocol):
    """What serves calls: the gateway, a tape in front of it, a player in its place."""

    async def answer(self, call: Call, sink: Sink) -> Report: ...


class Tape:
    """An `Answerer` that listens. `answer`: of the gateway; `say` gets remarks for the user."""

    def __init__(
        self,
        folder: Path,
        answer: Callable[[Call, Sink], Awaitable[Report]],
        *,
        recorder: Recorder,
        clock: Clock,
        redact: Redaction,
        say: Callable[[str], None],
    ) -> None:
        """Makes the folder. Raises StoreError."""
        self._folder = private_dir(folder)
        self._answer = answer
        self._recorder = recorder
        self._clock = clock
        self._redact = redact
        self._say = say
        self._well = True
        self._thread = ThreadPoolExecutor(1, "a2a cassettes")

    def close(self) -> None:
        """Write what waits; blocks."""
        self._thread.shutdown()

    async def answer(self, call: Call, sink: Sink) -> Report:
        heard = _Heard(sink, self._clock)
        try:
            report = await self._answer(call, heard)
        except asyncio.CancelledError:
            exchange = self._recorder.get(heard.headers.get("x-a2a-exchange", ""))
            if exchange is not None and heard.complete(call):
                self._keep(call, heard, exchange)
            raise
        if report.entry.state != "client_closed" or heard.complete(call):
            written = self._keep(call, heard, report.exchange)
            self._told(
                await asyncio.shield(asyncio.wrap_future(written))
            )  # a client that leaves now takes no work back
        return report

    def _keep(self, call: Call, heard: _Heard, exchange: Exchange) -> Future[StoreError | None]:
        return self._thread.submit(self._write, call, heard, exchange)

    def _told(self, error: StoreError | None) -> None:
        if error is not None and self._well:
            self._say(f"nothing is recorded to {self._folder}: {error}")
        self._well = error is None

    def _write(self, call: Call, heard: _Heard, exchange: Exchange) -> StoreError | None:
        """In the thread; what it raised."""
        if heard.size > MOST_BYTES:
            log.warning("cassette_too_large exchange=%s bytes=%d", exchange.id, heard.size)
            return None
        sent = _sent(exchange, call.headers, self._redact(call.body), model=call.model, array=call.array)
        got = _got(heard.status, heard.headers, self._redact(heard.body, error=heard.status >= 400))
        if heard.writes is not None:
            writes = [(at_ms, self._redact(data)) for at_ms, data in heard.writes]
            got = Got(status=heard.status, headers=got.headers, pieces=pieces_of(writes))
        cassette = _cassette(exchange, sent, got)
        try:
            atomic_write(self._folder / file_name(cassette), encode(cassette))
        except StoreError as error:
            return error
        return None


class _Heard:
    """A sink that keeps what it passes on."""

    def __init__(self, sink: Sink, clock: Clock) -> None:
        self._sink = sink
        self._clock = clock
        self._began = clock.monotonic()
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.body = b""
        self.writes: list[tuple[float, bytes]] | None = None
        self.size = 0

    def complete(self, call: Call) -> bool:
        """A client may leave as soon as it has read the last event of a stream: then it has had the whole answer."""
        if self.writes is None or call.array:
            return False
        tap = Tap(READERS[call.front.name])
        for _, data in self.writes:
            tap.feed(data)
        return tap.close().complete

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        await self._sink.respond(status, headers, body)
        self.status, self.headers, self.body, self.size = status, headers, body, len(body)

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        await self._sink.start(status, headers)
        self.status, self.headers, self.writes = status, headers, []

    async def write(self, data: bytes) -> None:
        await self._sink.write(data)
        self.size += len(data)
        if self.writes is not None and self.size <= MOST_BYTES:
            self.writes.append(((self._clock.monotonic() - self._began) * 1000, data))


def cassette_of(exchange: Exchange, redact: Redaction | None = None) -> bytes:
    """A recorded exchange, with its bodies, as the file of a cassette.

    Raises RequestError where the bodies were not recorded, or not whole.
    """
    redact = redact or Redaction()
    bodies = bodies_of(exchange)
    if bodies.answer is None or exchange.status is None:
        raise RequestError(f"{exchange.id} has no answer to play")
    if cut := [name for name in ("request", "answer") if name in bodies.cut]:
        raise RequestError(f"the {cut[0]} of {exchange.id} was recorded in part only")
    kind = bodies.answer_headers.get("content-type", "")
    streamed = exchange.stream and exchange.status == 200
    request = redact(decoded(bodies.request or ""))
    array = streamed and "json" in kind
    sent = _sent(exchange, bodies.request_headers, request, model=asked_of(exchange).model, array=array)
    answer = redact(decoded(bodies.answer), error=exchange.status >= 400)
    got = _got(exchange.status, bodies.answer_headers, answer)
    if streamed:
        got = Got(status=got.status, headers=got.headers, pieces=pieces_of(_spread(answer, exchange)))
    return encode(_cassette(exchange, sent, got))


def _spread(answer: bytes, exchange: Exchange) -> Iterator[tuple[float, bytes]]:
    """Events of a stream whose writes nobody kept, at even distances between its first and its last."""
    events = [event + _EVENT_END for event in answer.split(_EVENT_END)]
    events[-1] = events[-1].removesuffix(_EVENT_END)
    events = [event for event in events if event]
    timings = exchange.timings
    first = timings.first_token or 0.0
    step = (max(timings.last or first, first) - first) / max(len(events) - 1, 1)
    return ((first + number * step, event) for number, event in enumerate(events))


def _cassette(exchange: Exchange, sent: Sent, got: Got) -> Cassette:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(exchange.started_at))
    served_by = exchange.route.provider if exchange.route is not None else None
    return Cassette(
        a2a_cassette=VERSION, exchange=exchange.id, recorded_at=at, served_by=served_by, request=sent, answer=got
    )


def _sent(exchange: Exchange, headers: Mapping[str, str], body: bytes, *, model: str | None, array: bool) -> Sent:
    """`model`: from the path. The body's spacing does not matter: it is read, never sent again."""
    fields = body_fields(body)
    fields.pop("indent", None)
    return msgspec.convert(
        {
            "front": exchange.front,
            "path": bare_path(exchange.path),
            "provider": wanted(exchange.path, headers),
            "model": model or exchange.asked or None,
            "stream": exchange.stream,
            "array": array,
            "headers": {name: headers[name] for name in SHOWN_HEADERS if name in headers},
            **fields,
        },
        Sent,
    )


def _got(status: int, headers: Mapping[str, str], body: bytes) -> Got:
    kept = {name.lower(): value for name, value in headers.items() if name.lower() not in DROPPED_HEADERS}
    return msgspec.convert({"status": status, "headers": kept, **body_fields(body)}, Got)


def bare_path(path: str) -> str:
    """Without a provider's prefix."""
    return path if _prefix(path) is None else "/" + path.split("/", 2)[2]


def wanted(path: str, headers: Mapping[str, str]) -> str | None:
    """What the client named in the path or the header."""
    return _prefix(path) or headers.get(HEADER)


def _prefix(path: str) -> str | None:
    """The provider's id."""
    first, _, rest = path.removeprefix("/").partition("/")
    try:
        return provider_id(first) if rest else None
    except ConfigError:
        return None
