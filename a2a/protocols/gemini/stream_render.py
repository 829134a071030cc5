"""Events to the bytes of one client stream (specs/conversion.md 10.1, 10.3, 11.2).

Every chunk is a whole GenerateContentResponse: `data: {…}` and a blank line, nothing else (comments, event names and
`[DONE]` break Google's SDKs), or, for a client that did not ask for events (`conv.extra["gemini_array"]` = `1`), the
elements of one JSON array. A call goes out whole, at its end; finish reason and usage stand in the last chunk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from a2a.messages import (
    Delta,
    End,
    Event,
    Failure,
    Finish,
    ForeignEvent,
    Opaque,
    Part,
    PartEnd,
    PartStart,
    Reasoning,
    Refusal,
    Seal,
    Start,
    Stop,
    Text,
    ToolCall,
    Usage,
    UsageNow,
)
from a2a.protocols.base import Conversion
from a2a.protocols.gemini.errors import error_body
from a2a.protocols.gemini.logprobs import write_logprobs
from a2a.protocols.gemini.objects import JsonObject
from a2a.protocols.gemini.parts_render import text_part
from a2a.protocols.gemini.response import answer_part, last_words, write_stop
from a2a.protocols.gemini.usage import write_usage
from a2a.protocols.tokens import json_tokens, text_tokens
from a2a.protocols.wire import dumps, parse

ARRAY_MARK = "gemini_array"
"""`Conversion.extra`: the client asked for a stream without `alt=sse`."""
KEEP_ALIVE = b"\n"
"""A blank line for the one, white space between elements for the other."""
_encode = msgspec.json.Encoder().encode


class _Lane(Struct):
    """One candidate. `part`: shell of the open part; `pieces`: what its deltas said; `spoke`: more than thoughts."""

    part: Part | None = None
    pieces: list[str] = []
    head: bytes = b""
    tail: bytes = b""
    opaque: list[Opaque] = []
    spoke: bool = False
    stop: Stop | None = None


class GeminiStreamRenderer:
    """`StreamRenderer` of one client stream."""

    def __init__(self, conv: Conversion) -> None:
        self._conv = conv
        self._native = conv.profile.family == "google"
        self._array = conv.extra.get(ARRAY_MARK) == "1"
        self._opening, self._closing = (b"[", b"") if self._array else (b"data: ", b"\n\n")
        self._ids: JsonObject = {}
        self._after = b"}"  # the end of a chunk behind its candidates
        self._lanes: dict[int, _Lane] = {}
        self._usage: Usage | None = None
        self._shown = 0  # tokens of what the client has seen, where no usage comes
        self._texts: list[str] = []
        self._done = False

    def keepalive(self) -> bytes:
        return KEEP_ALIVE

    def on(self, event: Event) -> bytes:
        """The chunks of one event; nothing after the end or a failure."""
        if self._done:
            return b""
        if type(event) is Delta:
            return self._delta(event)
        writer = _WRITERS.get(type(event))
        return b"" if writer is None else writer(self, event)

    # Chunks

    def _chunk(self, inside: bytes) -> bytes:
        """One response object on the wire."""
        opening = self._opening
        if self._array:
            self._opening = b",\n"
        return opening + inside + self._closing

    def _of_part(self, c: int, part: JsonObject) -> bytes:
        candidate = {"content": {"role": "model", "parts": [part]}, "index": c}
        return self._chunk(dumps({"candidates": [candidate], **self._ids}))

    def _start(self, event: Start) -> bytes:
        self._usage = event.usage
        self._ids = {
            "modelVersion": event.model or self._conv.model,
            "responseId": event.id or self._conv.new_id("resp_"),
        }
        self._after = b"," + dumps(self._ids)[1:]
        return b""

    # Parts

    def _lane(self, c: int) -> _Lane:
        return self._lanes.setdefault(c, _Lane())

    def _part_start(self, event: PartStart) -> bytes:
        lane, part = self._lane(event.c), event.part
        lane.part, lane.pieces, lane.opaque = part, [], list(getattr(part, "opaque", ()))
        lane.head = lane.tail = b""
        match part:
            case Text() | Refusal():
                thought = b""
            case Reasoning():
                thought = b',"thought":true'
            case _:
                return b""
        lane.head = b'{"candidates":[{"content":{"role":"model","parts":[{"text":'
        lane.tail = thought + b'}]},"index":%d}]' % event.c
        return self._delta(Delta(event.i, part.text, event.c)) if part.text else b""

    def _delta(self, event: Delta) -> bytes:
        lane = self._lanes.get(event.c)
        if lane is None or lane.part is None or not event.text:
            return b""
        lane.pieces.append(event.text)
        if not lane.head:
            return b""
        self._texts.append(event.text)
        lane.spoke = lane.spoke or not isinstance(lane.part, Reasoning)
        if event.logprobs is not None and (written := write_logprobs(event.logprobs)) is not None:
            logprobs = b',"logprobsResult":' + dumps(written) + b"}]"
            return self._chunk(lane.head + _encode(event.text) + lane.tail[:-2] + logprobs + self._after)
        return self._chunk(lane.head + _encode(event.text) + lane.tail + self._after)

    def _seal(self, event: Seal) -> bytes:
        lane = self._lane(event.c)
        lane.opaque = [*lane.opaque, event.opaque]
        return b""

    def _part_end(self, event: PartEnd) -> bytes:
        """What no delta has said: a whole call, a medium, the rest of a text, the signature."""
        lane = self._lane(event.c)
        shell = lane.part
        if shell is None:
            return b""
        out = self._rest(event, lane, shell) if lane.head else self._whole(event, lane, shell)
        lane.part = None
        return out

    def _rest(self, event: PartEnd, lane: _Lane, shell: Part) -> bytes:
        """The end of a text; some upstreams send all of it only here."""
        rest, opaque = b"", lane.opaque
        if isinstance(event.part, Text | Reasoning | Refusal):
            rest = self._delta(Delta(event.i, event.part.text[sum(map(len, lane.pieces)) :], event.c))
            opaque = [*opaque, *getattr(event.part, "opaque", ())]
        signed = text_part("", opaque, thought=isinstance(shell, Reasoning))
        return rest + (self._of_part(event.c, signed) if "thoughtSignature" in signed else b"")

    def _whole(self, event: PartEnd, lane: _Lane, shell: Part) -> bytes:
        part = shell if event.part is None else event.part
        if isinstance(part, ToolCall):
            args = part.args if event.part is not None else _arguments([part.args, *lane.pieces])
            part = replace(part, args=args, opaque=lane.opaque or part.opaque)
            self._shown += json_tokens(part.args)
        written = answer_part(part, self._conv, native=self._native)
        if written is None:
            return b""
        lane.spoke = True
        return self._of_part(event.c, written)

    def _foreign(self, event: ForeignEvent) -> bytes:
        """What a Gemini upstream said besides its parts."""
        if event.proto != "gemini":
            return b""
        return self._chunk(dumps({**(parse(event.raw).rest() or {}), **self._ids}))

    # End

    def _usage_now(self, event: UsageNow) -> bytes:
        self._usage = event.usage
        return b""

    def _finish(self, event: Finish) -> bytes:
        self._lane(event.c).stop = event.stop
        if event.stop.kind == "error":
            told = event.stop.detail or f"the upstream broke off: {event.stop.raw}"
            return self._failure(Failure("upstream", told, 502))
        return b""

    def _end(self, event: End) -> bytes:
        self._done = True
        usage = self._usage or Usage()
        shown = self._shown + text_tokens("".join(self._texts)) if usage.output is None else 0
        candidates = [self._last(c, self._lanes[c]) for c in sorted(self._lanes)] or [self._last(0, _Lane())]
        body = {"candidates": candidates, "usageMetadata": write_usage(usage, self._conv, shown=shown), **self._ids}
        return self._chunk(dumps(body)) + self._shut()

    @staticmethod
    def _last(c: int, lane: _Lane) -> JsonObject:
        """A candidate's place in the last chunk; one that said nothing says why."""
        stop = lane.stop or Stop(kind="end")
        text = "" if lane.spoke else last_words(stop)
        return {"content": {"role": "model", "parts": [{"text": text}]}, "index": c, **write_stop(stop)}

    def _failure(self, event: Failure) -> bytes:
        """An error object, nothing behind it and no finish reason: the client must not take it for an answer."""
        self._done = True
        return self._chunk(error_body(event)) + self._shut()

    def _shut(self) -> bytes:
        return b"]" if self._array else b""


def _arguments(pieces: list[str]) -> str:
    """The fragments as one text, without the `{}` that some upstreams send before the real ones (6.4)."""
    pieces = [piece for piece in pieces if piece]
    return "".join(pieces[1:] if len(pieces) > 1 and pieces[0] == "{}" else pieces)


_WRITERS: dict[type, Callable[[GeminiStreamRenderer, Any], bytes]] = {
    Start: GeminiStreamRenderer._start,
    PartStart: GeminiStreamRenderer._part_start,
    Seal: GeminiStreamRenderer._seal,
    PartEnd: GeminiStreamRenderer._part_end,
    UsageNow: GeminiStreamRenderer._usage_now,
    Finish: GeminiStreamRenderer._finish,
    End: GeminiStreamRenderer._end,
    Failure: GeminiStreamRenderer._failure,
    ForeignEvent: GeminiStreamRenderer._foreign,
}
"""Pings have no place in a Gemini stream: the caller keeps the connection alive."""
