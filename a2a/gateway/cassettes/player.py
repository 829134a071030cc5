"""Playing: cassettes answer in the place of every upstream, and no account is needed.

Requests that are the same get the recordings in the order of their names, and then the last one again. One that no
cassette matches is the client's mistake, told in its own protocol with the nearest cassette and where it differs.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from a2a.clock import Clock
from a2a.control.types import Fault, ModelView
from a2a.gateway.call import Call, ClientGone, Sink
from a2a.gateway.cassettes.form import Cassette
from a2a.gateway.cassettes.matching import Asked, Key, asked_of, loose, nearest, stable, told
from a2a.gateway.cassettes.recording import bare_path, wanted
from a2a.gateway.cassettes.redaction import Redaction
from a2a.gateway.pipeline import MAX_NAME
from a2a.gateway.report import Report
from a2a.logs.recorder import Recorder
from a2a.messages import Failure
from a2a.protocols.base import Note
from a2a.protocols.wire import BAD_JSON


class _Peek(msgspec.Struct):
    model: str | None = None
    stream: bool | None = None


_PEEK = msgspec.json.Decoder(_Peek)


class Deck:
    """Cassettes by what they answer. `cassettes`: (name, cassette), in the order they are played."""

    def __init__(self, folder: Path, cassettes: Iterable[tuple[str, Cassette]]) -> None:
        self.folder = folder
        self._all = [(name, cassette, asked_of(cassette)) for name, cassette in cassettes]
        self._exact: dict[Key, list[int]] = {}
        self._loose: dict[Key, list[int]] = {}
        for number, (_, _, asked) in enumerate(self._all):
            key = asked.key
            self._exact.setdefault(key, []).append(number)
            self._loose.setdefault(loose(key), []).append(number)
        self._played: Counter[tuple[int, ...]] = Counter()

    def __len__(self) -> int:
        return len(self._all)

    def find(self, asked: Asked) -> tuple[str, Cassette] | None:
        """The one whose turn it is; those recorded for the same provider, if there are any."""
        key = asked.key
        numbers = self._exact.get(key) or self._loose.get(loose(key))
        if not numbers:
            return None
        own = [number for number in numbers if self._all[number][2].provider == asked.provider] or numbers
        turn = tuple(own)
        at = min(self._played[turn], len(own) - 1)
        self._played[turn] += 1
        name, cassette, _ = self._all[own[at]]
        return name, cassette

    def missing(self, asked: Asked) -> str:
        """Why there is none, in one sentence; blocks for a moment."""
        near = nearest(asked, [(name, other) for name, _, other in self._all])
        if near is None:
            fronts = ", ".join(sorted({other.front for _, _, other in self._all}))
            return f"no cassette in {self.folder} holds a {asked.front} request, there are: {fronts}"
        name, found = near
        return f"no cassette in {self.folder} matches this request; the nearest is {name}, with {told(found)}"

    def models(self) -> list[ModelView]:
        """Those that were asked for."""
        found: dict[str, ModelView] = {}
        for _, cassette, _ in self._all:
            if (model := cassette.request.model) and cassette.answer.status == 200:
                found.setdefault(model, ModelView(id=model, name=model, provider=cassette.served_by or ""))
        return list(found.values())


class Player:
    """An `Answerer` without a gateway. `speed`: of streams, 0 = at once."""

    def __init__(self, deck: Deck, *, recorder: Recorder, clock: Clock, redact: Redaction, speed: float) -> None:
        self._deck = deck
        self._recorder = recorder
        self._clock = clock
        self._redact = redact
        self._speed = speed

    def models(self) -> list[ModelView]:
        return self._deck.models()

    async def answer(self, call: Call, sink: Sink) -> Report:
        """As the gateway's: never raises for what a request is."""
        report = Report(call, self._clock)
        self._recorder.begin(report.entry)
        try:
            await self._answer(call, sink, report)
        except (ClientGone, asyncio.CancelledError) as left:
            report.end("client_closed", 499)
            if isinstance(left, asyncio.CancelledError):
                raise
        finally:
            report.end("failed", 500)
            self._recorder.end(report.entry)
        return report

    async def _answer(self, call: Call, sink: Sink, report: Report) -> None:
        peek = _peek(call)
        asked = self._asked(call, bool(peek.stream))
        report.entry.asked, report.entry.stream = (peek.model or "")[:MAX_NAME], asked.stream
        found = self._deck.find(asked)
        if found is None:
            message = await asyncio.to_thread(self._deck.missing, asked)
            await self._refuse(call, sink, report, message)
            return
        name, cassette = found
        report.standing(Note("answer", "emulated", f"played from {name}"))
        await self._play(cassette, sink, report, {"x-a2a-exchange": report.entry.id, "x-a2a-cassette": name})
        status = cassette.answer.status
        report.end("done" if status < 400 else "failed", status)

    def _asked(self, call: Call, stream: bool) -> Asked:
        body = self._redact(call.body)
        return Asked(
            front=call.front.name,
            path=bare_path(call.path),
            stream=stream,
            array=call.array,
            provider=wanted(call.path, call.headers),
            value=stable(call.front.name, body),
        )

    async def _play(self, cassette: Cassette, sink: Sink, report: Report, own: Mapping[str, str]) -> None:
        answer = cassette.answer
        headers = {**answer.headers, **own}
        if answer.pieces is None:
            content = answer.content
            report.entry.answer_bytes = len(content)
            await sink.respond(answer.status, headers, content)
            return
        await sink.start(answer.status, headers)
        at_ms = 0.0
        for piece in answer.pieces:
            if self._speed:
                await asyncio.sleep(max(0.0, piece.at_ms - at_ms) / 1000 / self._speed)
                at_ms = piece.at_ms
            content = piece.content
            report.entry.answer_bytes += len(content)
            await sink.write(content)

    async def _refuse(self, call: Call, sink: Sink, report: Report, message: str) -> None:
        failure = Failure("bad_request", message, 400)
        status, body = call.front.render_error(failure, report.entry.id)
        fault = Fault(kind=failure.kind, message=message, status=status, scope="request", at=self._clock.now())
        report.end("failed", status, fault)
        headers = {"Content-Type": "application/json", "request-id": report.entry.id, "x-should-retry": "false"}
        await sink.respond(status, {**headers, **report.headers()}, body)


def _peek(call: Call) -> _Peek:
    """What the path says, else the body."""
    try:
        peek = _PEEK.decode(call.body)
    except BAD_JSON:
        peek = _Peek()
    return _Peek(call.model or peek.model, peek.stream if call.stream is None else call.stream)
