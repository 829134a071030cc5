"""Events to a Responses stream for the client (specs/conversion.md 10.1, 10.3, 11.2).

One part is one item: announced, told in deltas, done as a whole; the answer at the end repeats all of them, since
clients trust nothing else. Nearly every event is a delta: its frame is a prefix made once per stream, the sequence
number, a middle made once per part, the JSON of the text, and a suffix.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from a2a.messages import (
    Delta,
    End,
    Event,
    Failure,
    Finish,
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
from a2a.protocols.responses.envelope import closed, envelope, failed, response_id
from a2a.protocols.responses.items_out import (
    JsonObject,
    content_part,
    finished,
    is_raw_chain,
    item_shell,
    output_item,
    readable,
)
from a2a.protocols.wire import compact, dumps, items, kind_of

KEEP_ALIVE = b": keep-alive\n\n"
_encode = msgspec.json.Encoder().encode


class _Channel(Struct, frozen=True):
    """How the text of a kind of item is told. `delta`, `done`: event names; `text`: key of the text in `done`.

    `part`: event that opens the piece inside the item, None when the item itself is the piece; `place`: the key that
    numbers the piece.
    """

    delta: str
    done: str
    text: str
    part: str | None = None
    place: str | None = None


_OUTPUT = _Channel(
    "response.output_text.delta", "response.output_text.done", "text", "response.content_part", "content_index"
)
_REFUSAL = _Channel(
    "response.refusal.delta", "response.refusal.done", "refusal", "response.content_part", "content_index"
)
_SUMMARY = _Channel(
    "response.reasoning_summary_text.delta",
    "response.reasoning_summary_text.done",
    "text",
    "response.reasoning_summary_part",
    "summary_index",
)
_CHAIN = _Channel(
    "response.reasoning_text.delta", "response.reasoning_text.done", "text", "response.content_part", "content_index"
)
_ARGUMENTS = _Channel("response.function_call_arguments.delta", "response.function_call_arguments.done", "arguments")
_INPUT = _Channel("response.custom_tool_call_input.delta", "response.custom_tool_call_input.done", "input")


class _Open(Struct):
    """The open part. `base`: keys that place its events; `head`, `mid`, `tail`: bytes around number and text."""

    part: Part
    shell: JsonObject
    channel: _Channel
    base: JsonObject
    head: bytes
    mid: bytes
    tail: bytes
    pieces: list[str] = []
    logprobs: list[Raw] = []
    seals: list[Opaque] = []
    began: bool = False


class ResponsesStreamRenderer:
    """State of one stream."""

    def __init__(self, conv: Conversion) -> None:
        self._conv = conv
        self._number = 0
        self._base: JsonObject = {}
        """The answer without items; empty before Start."""
        self._output: list[object] = []
        self._open: _Open | None = None
        self._silent: Part | None = None
        """The open part if it has no deltas."""
        self._usage = Usage()
        self._stop = Stop(kind="end")
        self._refused = False
        self._over = False

    def on(self, event: Event) -> bytes:
        if self._over:
            return b""
        if type(event) is Delta:
            return self._delta(event.text, event.logprobs)
        writer = _WRITERS.get(type(event))
        return writer(self, event) if writer is not None else b""

    def keepalive(self) -> bytes:
        return KEEP_ALIVE

    def _delta(self, text: str, logprobs: Raw | None = None) -> bytes:
        now = self._open
        if now is None or not text:
            return b""
        opening = b"" if now.began else self._begin(now)
        now.pieces.append(text)
        number = self._number
        self._number = number + 1
        tail = now.tail
        if logprobs is not None and now.channel is _OUTPUT and kind_of(logprobs) == "array":
            now.logprobs += items(logprobs, "logprobs")
            tail = b',"logprobs":' + compact(logprobs).encode() + b"}\n\n"
        return opening + now.head + b"%d" % number + now.mid + _encode(text) + tail

    def start(self, event: Start) -> bytes:
        if self._base:
            return b""
        conv = self._conv
        if event.usage is not None:
            self._usage = event.usage
        ident = response_id(event.id, conv)
        base = envelope(conv, ident, event.model or conv.request.model, event.created or int(conv.now))
        answer = _one_line(base)
        self._base = msgspec.json.decode(answer, type=dict[str, Raw])
        created = self._frame("response.created", {"response": answer})
        return created + self._frame("response.in_progress", {"response": answer})

    def part_start(self, event: PartStart) -> bytes:
        """Announces the item of a part that is told in pieces; anything else waits until it is whole."""
        part, self._silent = event.part, None
        channel = _channel(part)
        shell = item_shell(part, self._conv.new_id) if channel is not None else None
        if channel is None or shell is None:
            self._silent = part
            return b""
        index = len(self._output)
        base: JsonObject = {"item_id": shell["id"], "output_index": index}
        if channel.place is not None:
            base[channel.place] = 0
        self._refused = self._refused or isinstance(part, Refusal)
        self._open = _Open(part, shell, channel, base, *_template(channel, base))
        return self._frame("response.output_item.added", {"output_index": index, "item": shell})

    def seal(self, event: Seal) -> bytes:
        if self._open is not None:
            self._open.seals.append(event.opaque)
        return b""

    def part_end(self, event: PartEnd) -> bytes:
        now = self._open
        if now is None:
            return self._whole(event.part or self._silent)
        part = _completed(now, event.part)
        text = _text_of(part)
        said = "".join(now.pieces)
        out = self._delta(text[len(said) :]) if text.startswith(said) else b""
        if not now.began and (now.channel.part is None or isinstance(part, Text | Refusal)):
            out += self._begin(now)
        self._open = None
        logprobs = Raw(dumps(now.logprobs)) if now.logprobs else None
        if now.began:
            out += self._finish_piece(now, part, text, logprobs)
        return out + self._item_done(finished(now.shell, part, logprobs))

    def usage(self, event: UsageNow) -> bytes:
        self._usage = event.usage
        return b""

    def finish(self, event: Finish) -> bytes:
        """Kept for the end; a refusal that came without a part of its own is put into words."""
        stop = self._stop = event.stop
        if stop.kind == "error":
            return self.failure(Failure("upstream", stop.detail or f"the upstream broke off: {stop.raw}", 502))
        if stop.kind == "refusal" and stop.detail and not self._refused:
            opening = self.part_start(PartStart(0, Refusal(text="")))
            return opening + self.part_end(PartEnd(0, part=Refusal(text=stop.detail)))
        return b""

    def end(self, event: End) -> bytes:
        """The whole answer; a stream that held nothing still begins properly."""
        opening = self.start(Start("", "", 0))
        self._over = True
        answer = closed(self._base, self._output, self._stop, self._usage, refused=self._refused)
        return opening + self._frame(f"response.{answer['status']}", {"response": answer})

    def failure(self, event: Failure) -> bytes:
        """`response.failed`, behind response.created if nothing was sent yet; open items are not closed."""
        opening = self.start(Start("", "", 0))
        self._over = True
        return opening + self._frame("response.failed", {"response": failed(self._base, self._output, event)})

    def _whole(self, part: Part | None) -> bytes:
        """A part that has no deltas: the item is announced and done at once."""
        if part is not None and isinstance(text := readable(part), Text):
            return self.part_start(PartStart(0, Text(text=""))) + self.part_end(PartEnd(0, part=text))
        item = output_item(part, self._conv.new_id) if part is not None else None
        if item is None:
            return b""
        added = self._frame("response.output_item.added", {"output_index": len(self._output), "item": item})
        return added + self._item_done(item)

    def _item_done(self, item: object) -> bytes:
        index = len(self._output)
        done = _one_line(item)
        self._output.append(done)
        return self._frame("response.output_item.done", {"output_index": index, "item": done})

    def _begin(self, now: _Open) -> bytes:
        """Opens the piece inside the item, where the kind has one."""
        now.began = True
        if now.channel.part is None:
            return b""
        empty = _piece(now.channel, replace(now.part, text=""), None)
        return self._frame(f"{now.channel.part}.added", {**now.base, "part": empty})

    def _finish_piece(self, now: _Open, part: Part, text: str, logprobs: Raw | None) -> bytes:
        channel = now.channel
        said: JsonObject = {**now.base, channel.text: text}
        if channel is _OUTPUT:
            said["logprobs"] = [] if logprobs is None else logprobs
        elif channel is _ARGUMENTS:
            said["name"] = now.shell["name"]
        out = self._frame(channel.done, said)
        if channel.part is not None:
            out += self._frame(f"{channel.part}.done", {**now.base, "part": _piece(channel, part, logprobs)})
        return out

    def _frame(self, name: str, fields: JsonObject) -> bytes:
        number = self._number
        self._number = number + 1
        data = _one_line({"type": name, "sequence_number": number, **fields})
        return b"event: " + name.encode() + b"\ndata: " + bytes(data) + b"\n\n"


def _one_line(value: object) -> Raw:
    """The JSON without line breaks: values that came as bytes may hold some, and a frame is one line."""
    data = dumps(value)
    return Raw(compact(Raw(data)).encode() if b"\n" in data or b"\r" in data else data)


def _channel(part: Part) -> _Channel | None:
    """How the part is told; None for one that comes whole."""
    match part:
        case Text():
            return _OUTPUT
        case Refusal():
            return _REFUSAL
        case Reasoning():
            return _CHAIN if is_raw_chain(part) else _SUMMARY
        case ToolCall():
            return _INPUT if part.custom else _ARGUMENTS
    return None


def _template(channel: _Channel, base: JsonObject) -> tuple[bytes, bytes, bytes]:
    """Bytes of a delta's frame: up to the sequence number, up to the text, behind it."""
    name = channel.delta.encode()
    head = b"event: " + name + b'\ndata: {"type":"' + name + b'","sequence_number":'
    tail = b',"logprobs":[]}\n\n' if channel is _OUTPUT else b"}\n\n"
    return head, b"," + dumps(base)[1:-1] + b',"delta":', tail


def _piece(channel: _Channel, part: Part, logprobs: Raw | None) -> JsonObject:
    """The piece inside an item: content of a message, a paragraph of reasoning."""
    if isinstance(part, Text | Refusal):
        return content_part(part, logprobs)
    kind = "summary_text" if channel is _SUMMARY else "reasoning_text"
    return {"type": kind, "text": _text_of(part)}


def _completed(now: _Open, whole: Part | None) -> Part:
    """The part with everything that was said: the upstream's final form, else the deltas."""
    if whole is not None and _channel(whole) is now.channel:
        part = whole
    else:
        said = "".join(now.pieces)
        match now.part:
            case Text() | Refusal() | Reasoning():
                part = replace(now.part, text=now.part.text + said)
            case ToolCall():
                part = replace(now.part, args=now.part.args + said)
            case _:
                part = now.part
    if isinstance(part, Reasoning):
        part = replace(part, opaque=[*part.opaque, *(one for one in now.seals if one not in part.opaque)])
    if isinstance(part, ToolCall) and not part.custom and not part.args:
        part = replace(part, args="{}")
    return part


def _text_of(part: Part) -> str:
    match part:
        case Text() | Refusal() | Reasoning():
            return part.text
        case ToolCall():
            return part.args
    return ""


_WRITERS: dict[type, Callable[[ResponsesStreamRenderer, Any], bytes]] = {
    Start: ResponsesStreamRenderer.start,
    PartStart: ResponsesStreamRenderer.part_start,
    Seal: ResponsesStreamRenderer.seal,
    PartEnd: ResponsesStreamRenderer.part_end,
    UsageNow: ResponsesStreamRenderer.usage,
    Finish: ResponsesStreamRenderer.finish,
    End: ResponsesStreamRenderer.end,
    Failure: ResponsesStreamRenderer.failure,
}
"""Pings and events of other protocols have no place in a Responses stream: its numbers would not fit theirs."""
