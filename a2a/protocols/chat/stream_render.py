"""Events to a Chat stream for the client (specs/conversion.md 10.1, 10.3, 11.2).

Nearly every event is a delta of text or arguments: its chunk is a prefix made once per part, the JSON of the text, and
a suffix made once per stream. Tool calls are numbered from 0 per candidate; their id and name are sent exactly once,
since the SDK joins what is repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw, Struct

from a2a.messages import (
    Delta,
    End,
    Event,
    Failure,
    Finish,
    Foreign,
    Media,
    Part,
    PartEnd,
    PartStart,
    Reasoning,
    Refusal,
    Start,
    Text,
    ToolCall,
    Usage,
    UsageNow,
)
from a2a.protocols.base import Conversion
from a2a.protocols.chat.errors import error_body
from a2a.protocols.chat.response import foreign_text, image_entry
from a2a.protocols.chat.words import stop_out, usage_out
from a2a.protocols.sse import frame
from a2a.protocols.wire import compact, dumps

KEEP_ALIVE = b": keep-alive\n\n"
DONE = b"data: [DONE]\n\n"
_encode = msgspec.json.Encoder().encode


class _Open(Struct):
    """The open part of a candidate. `head`: bytes of a chunk up to the text; `tail`: from behind it."""

    part: Part
    head: bytes
    tail: bytes
    sent: bool = False


class _Lane(Struct):
    """One candidate. `calls`, `images`: how many were sent."""

    began: bool = False
    calls: int = 0
    images: int = 0
    refused: bool = False
    open: _Open | None = None


class ChatStreamRenderer:
    """State of one stream."""

    def __init__(self, conv: Conversion) -> None:
        self._conv = conv
        self._want_usage = conv.request.want_usage
        self._usage = Usage()
        self._lanes: dict[int, _Lane] = {}
        self._over = False
        self._base = b""
        """The chunk up to the array of choices; empty before Start."""
        self._end_of_choice = b"]" + (b',"usage":null' if self._want_usage else b"") + b"}\n\n"
        self._end_of_delta = b'},"logprobs":null,"finish_reason":null}' + self._end_of_choice

    def on(self, event: Event) -> bytes:
        if self._over:
            return b""
        if type(event) is Delta:  # nearly every event: without another call
            now = self._lanes[event.c].open
            if now is None or not now.head:
                return b""
            now.sent = True
            tail = now.tail if event.logprobs is None else self._scored(event.logprobs)
            return now.head + _encode(event.text) + tail
        writer = _WRITERS.get(type(event))
        return writer(self, event) if writer is not None else b""

    def keepalive(self) -> bytes:
        return KEEP_ALIVE

    def _scored(self, logprobs: Raw) -> bytes:
        """The tail of a delta that has token entries. A frame is one line."""
        close = b'},"logprobs":{"content":' + compact(logprobs).encode() + b',"refusal":null},"finish_reason":null}'
        return close + self._end_of_choice

    def start(self, event: Start) -> bytes:
        if event.usage is not None:
            self._usage = event.usage
        envelope = {
            "id": event.id or self._conv.new_id("chatcmpl-"),
            "object": "chat.completion.chunk",
            "created": event.created or int(self._conv.now),
            "model": event.model or self._conv.request.model,
        }
        self._base = b"data: " + dumps(envelope)[:-1] + b',"choices":['
        return self._began(0)

    def part_start(self, event: PartStart) -> bytes:
        opening = self._began(event.c)
        lane, part = self._lanes[event.c], event.part
        key = _CONTENT_KEYS.get(type(part), b"")
        head = self._choice(event.c) + b'"' + key + b'":' if key else b""
        lane.open = _Open(part, head, self._end_of_delta)
        if isinstance(part, Refusal):
            lane.refused = True
        if isinstance(part, ToolCall):
            opening += self._call(event.c, lane, part)
        return opening

    def part_end(self, event: PartEnd) -> bytes:
        """Only what no delta has said yet: a part that came whole, the empty arguments of a call, an image."""
        lane = self._lanes[event.c]
        now, lane.open = lane.open, None
        if now is None or now.sent:
            return b""
        whole = event.part if event.part is not None else now.part
        if isinstance(whole, Media):
            return self._image(event.c, lane, whole)
        text = _text_of(whole)
        if isinstance(whole, ToolCall) and not whole.custom:
            text = text or "{}"
        if not text:
            return b""
        head = now.head or self._choice(event.c) + b'"content":'
        return head + _encode(text) + now.tail

    def usage(self, event: UsageNow) -> bytes:
        self._usage = event.usage
        return b""

    def finish(self, event: Finish) -> bytes:
        stop = event.stop
        if stop.kind == "error":
            return self.failure(Failure("upstream", stop.detail or f"the upstream broke off: {stop.raw}", 502))
        out = self._began(event.c)
        lane = self._lanes[event.c]
        if stop.kind == "refusal" and stop.detail and not lane.refused:
            out += self._choice(event.c) + b'"refusal":' + _encode(stop.detail) + self._end_of_delta
        word = stop_out(stop, calls=lane.calls > 0)
        close = b'},"logprobs":null,"finish_reason":"' + word.encode() + b'"}'
        return out + self._choice(event.c) + close + self._end_of_choice

    def end(self, event: End) -> bytes:
        """Usage is the last chunk: the SDK loses it when another one follows."""
        self._over = True
        usage = b""
        if self._want_usage and self._base:
            usage = self._base + b'],"usage":' + dumps(usage_out(self._usage)) + b"}\n\n"
        return usage + DONE

    def failure(self, event: Failure) -> bytes:
        """An error frame, nothing behind it and no finish_reason: the client must not take it for an answer."""
        self._over = True
        return frame(error_body(event))

    def _began(self, c: int) -> bytes:
        """The role chunk that opens a candidate, once."""
        lane = self._lanes.setdefault(c, _Lane())
        if lane.began:
            return b""
        lane.began = True
        return self._choice(c) + b'"role":"assistant","content":""' + self._end_of_delta

    def _choice(self, c: int) -> bytes:
        return self._base + b'{"index":%d,"delta":{' % c

    def _call(self, c: int, lane: _Lane, call: ToolCall) -> bytes:
        """The first fragment with id and name; later ones hold only index and arguments."""
        index, lane.calls = lane.calls, lane.calls + 1
        kind, text = ("custom", "input") if call.custom else ("function", "arguments")
        first = {"index": index, "id": call.id, "type": kind, kind: {"name": call.name, text: ""}}
        head = self._choice(c) + b'"tool_calls":['
        body = b'{"index":%d,"%s":{"%s":' % (index, kind.encode(), text.encode())
        lane.open = _Open(call, head + body, b"}}]" + self._end_of_delta)
        return head + dumps(first) + b"]" + self._end_of_delta

    def _image(self, c: int, lane: _Lane, media: Media) -> bytes:
        entry = image_entry(media)
        if entry is None:
            return b""
        entry["index"] = lane.images
        lane.images += 1
        return self._choice(c) + b'"images":[' + dumps(entry) + b"]" + self._end_of_delta


_CONTENT_KEYS: dict[type, bytes] = {Text: b"content", Reasoning: b"reasoning_content", Refusal: b"refusal"}


def _text_of(part: Part) -> str:
    """What a part says that came without deltas."""
    match part:
        case Reasoning() | Refusal():
            return part.text
        case Text() | Foreign():
            return foreign_text(part)
        case ToolCall():
            return part.args
    return ""


_WRITERS: dict[type, Callable[[ChatStreamRenderer, Any], bytes]] = {
    Start: ChatStreamRenderer.start,
    PartStart: ChatStreamRenderer.part_start,
    PartEnd: ChatStreamRenderer.part_end,
    UsageNow: ChatStreamRenderer.usage,
    Finish: ChatStreamRenderer.finish,
    End: ChatStreamRenderer.end,
    Failure: ChatStreamRenderer.failure,
}
"""Seals, pings and events of other protocols have no place in a Chat stream."""
