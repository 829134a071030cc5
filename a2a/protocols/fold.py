"""Events to a whole answer and back: the one truth about what a stream means (specs/conversion.md 1.4, step 8).

`fold(explode(r), r.proto) == r` for every answer without `ext` on the answer or its candidates, which events cannot
carry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec import Raw, Struct, field
from msgspec.structs import replace

from a2a.messages import (
    Candidate,
    Delta,
    End,
    Event,
    Failure,
    Finish,
    Opaque,
    Part,
    PartEnd,
    PartStart,
    Proto,
    Reasoning,
    Refusal,
    Response,
    Seal,
    Start,
    Stop,
    Text,
    ToolCall,
    Usage,
    UsageNow,
)
from a2a.protocols.wire import dumps

_TRUNCATED = "the upstream's stream ended before its last event"


def fold(events: Iterable[Event], proto: Proto) -> Response | Failure:
    """The answer that the events of one whole stream tell, or the failure that ended it."""
    assembler = Assembler(proto)
    for event in events:
        assembler.add(event)
    if assembler.failure is not None:
        return assembler.failure
    if not assembler.ended:
        return Failure("truncated", _TRUNCATED, 502)
    return assembler.response()


def explode(res: Response) -> list[Event]:
    """The answer as the events of a stream, every text in one delta."""
    events: list[Event] = [Start(res.id, res.model, res.created)]
    for c, candidate in enumerate(res.candidates):
        logprobs = candidate.logprobs
        for i, part in enumerate(candidate.parts):
            shell, text, seals = _taken_apart(part)
            events.append(PartStart(i, shell, c))
            if text:
                says = logprobs if isinstance(part, Text) else None
                events.append(Delta(i, text, c, says))
                logprobs = None if says is not None else logprobs
            events += [Seal(i, opaque, c) for opaque in seals]
            events.append(PartEnd(i, c))
        events.append(Finish(candidate.stop, c))
    return [*events, UsageNow(res.usage), End()]


class Assembler:
    """Builds the answer while its events pass. `ended`: the stream came to its end; `failure`: it broke."""

    __slots__ = ("_candidates", "_proto", "_slots", "_start", "_usage", "ended", "failure")

    def __init__(self, proto: Proto) -> None:
        self._proto = proto
        self._start = Start("", "", 0)
        self._usage: Usage | None = None
        self._candidates: dict[int, _Candidate] = {}
        self._slots: dict[tuple[int, int], _Slot] = {}
        self.ended = False
        self.failure: Failure | None = None

    def add(self, event: Event) -> None:
        """Take one event; events of one stream only, in order."""
        if type(event) is Delta:  # nearly every event
            slot = self._slots[event.c, event.i]
            slot.pieces.append(event.text)
            if event.logprobs is not None:
                self._candidate(event.c).logprobs.append(event.logprobs)
            return
        take = _TAKERS.get(type(event))
        if take is not None:
            take(self, event)

    def response(self) -> Response:
        """What has been said so far; a candidate without its end counts as ended."""
        return Response(
            proto=self._proto,
            id=self._start.id,
            model=self._start.model,
            created=self._start.created,
            candidates=[self._candidates[c].built() for c in sorted(self._candidates)],
            usage=self._usage or Usage(),
        )

    def _candidate(self, c: int) -> _Candidate:
        return self._candidates.setdefault(c, _Candidate())

    def _on_start(self, event: Start) -> None:
        self._start = event
        self._usage = event.usage

    def _on_part_start(self, event: PartStart) -> None:
        slot = self._slots[event.c, event.i] = _Slot(event.part)
        self._candidate(event.c).slots.append(slot)

    def _on_seal(self, event: Seal) -> None:
        self._slots[event.c, event.i].seals.append(event.opaque)

    def _on_part_end(self, event: PartEnd) -> None:
        self._slots[event.c, event.i].whole = event.part

    def _on_finish(self, event: Finish) -> None:
        self._candidate(event.c).stop = event.stop

    def _on_usage(self, event: UsageNow) -> None:
        self._usage = event.usage

    def _on_end(self, event: End) -> None:
        self.ended = True

    def _on_failure(self, event: Failure) -> None:
        self.failure = event


_TAKERS: dict[type, Callable[[Assembler, Any], None]] = {
    Start: Assembler._on_start,
    PartStart: Assembler._on_part_start,
    Seal: Assembler._on_seal,
    PartEnd: Assembler._on_part_end,
    Finish: Assembler._on_finish,
    UsageNow: Assembler._on_usage,
    End: Assembler._on_end,
    Failure: Assembler._on_failure,
}
"""What is not listed (pings, foreign events) says nothing about the answer."""


class _Slot(Struct):
    """One part in the making. `whole`: the upstream's own final form, which wins."""

    shell: Part
    pieces: list[str] = []
    seals: list[Opaque] = []
    whole: Part | None = None

    def built(self) -> Part:
        shell = self.shell if self.whole is None else self.whole
        if self.whole is None and self.pieces:
            shell = _filled(shell, self.pieces)
        if isinstance(shell, Text | Reasoning | ToolCall):
            new = [opaque for opaque in self.seals if opaque not in shell.opaque]
            return replace(shell, opaque=[*shell.opaque, *new]) if new else shell
        return shell


class _Candidate(Struct):
    slots: list[_Slot] = []
    stop: Stop = field(default_factory=lambda: Stop(kind="end"))
    logprobs: list[Raw] = []

    def built(self) -> Candidate:
        parts = [slot.built() for slot in self.slots]
        return Candidate(parts=parts, stop=self.stop, logprobs=_joined(self.logprobs))


def _filled(shell: Part, pieces: list[str]) -> Part:
    match shell:
        case Text() | Reasoning() | Refusal():
            return replace(shell, text=shell.text + "".join(pieces))
        case ToolCall():
            if pieces[0] == "{}" and len(pieces) > 1:  # a stray start of some upstreams (conversion.md 6.4)
                pieces = pieces[1:]
            return replace(shell, args=shell.args + "".join(pieces))
        case _:
            return shell


def _taken_apart(part: Part) -> tuple[Part, str, list[Opaque]]:
    """(shell, text, tokens) of a part; what has no text is a shell as it is."""
    match part:
        case Text() | Reasoning():
            return replace(part, text="", opaque=[]), part.text, part.opaque
        case Refusal():
            return replace(part, text=""), part.text, []
        case ToolCall():
            return replace(part, args="", opaque=[]), part.args, part.opaque
        case _:
            return part, "", []


def _joined(logprobs: list[Raw]) -> Raw | None:
    """The pieces of the deltas as one value: lists behind each other, objects key by key."""
    if len(logprobs) < 2:
        return logprobs[0] if logprobs else None
    values = [msgspec.json.decode(raw) for raw in logprobs]
    if all(isinstance(value, list) for value in values):
        return Raw(dumps([item for value in values for item in value]))
    merged: dict[str, Any] = {}
    for value in values:
        for key, items in value.items() if isinstance(value, dict) else ():
            old = merged.get(key)
            merged[key] = [*old, *items] if isinstance(old, list) and isinstance(items, list) else items or old
    return Raw(dumps(merged))
