"""Responses stream of an upstream to events (specs/conversion.md 2.1, 2.4, 10.2).

Deltas are decoded into a typed Struct; items and answers stay bytes until their own readers take them. Nothing raises:
nonsense is a `Failure`. The stream is whole only with `response.completed` or `response.incomplete`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw, Struct

from a2a.errors import BadUpstream
from a2a.messages import (
    End,
    Event,
    Failure,
    Finish,
    ForeignEvent,
    Ping,
    Reasoning,
    Refusal,
    Start,
    Text,
    UsageNow,
)
from a2a.protocols.base import Conversion
from a2a.protocols.document import Document
from a2a.protocols.fold import explode
from a2a.protocols.responses.errors import parse_error
from a2a.protocols.responses.items_parse import output_parts
from a2a.protocols.responses.response import BROKEN_CALL, parse_response, reason_of
from a2a.protocols.responses.slots import Item, Lane, shell_of
from a2a.protocols.responses.words import says_cut, stop_in, usage_in
from a2a.protocols.sse import SseEvent, SseOverflow, SseReader
from a2a.protocols.wire import BAD_JSON, Fields, WireError, kind_of, parse

_NONE = Raw(b"")
_PARAGRAPH = "\n\n"


class _Event(Struct):
    """What is read of an event; null counts as missing."""

    type: str = ""
    output_index: int | None = None
    item_id: str | None = None
    content_index: int | None = None
    summary_index: int | None = None
    delta: Any = None
    logprobs: Raw = _NONE
    item: Raw = _NONE
    part: Raw = _NONE
    response: Raw = _NONE


class _Item(Struct):
    """What is read of an item when it begins."""

    id: str | None = None
    type: str = "message"
    name: str | None = None
    phase: str | None = None


_EVENT = msgspec.json.Decoder(_Event)
_ITEM = msgspec.json.Decoder(_Item)


class ResponsesStreamParser:
    """State of one stream."""

    def __init__(self, conv: Conversion) -> None:
        self._conv = conv
        self._sse = SseReader()
        self._lane = Lane()
        self._out: list[Event] = []
        self._started = False
        self._over = False
        self._document = Document()

    def feed(self, data: bytes) -> list[Event]:
        if self._over:
            return []
        out = self._out = list[Event]()
        try:
            if self._document.takes(data):
                return out
            self._consume(self._sse.feed(data))
        except SseOverflow as error:
            self._fail(Failure("upstream", f"the upstream's stream is unreadable: {error}", 502))
        return out

    def eof(self) -> list[Event]:
        if self._over:
            return []
        out = self._out = list[Event]()
        if self._document.body is not None:
            self._whole(bytes(self._document.body))
            return out
        try:
            tail = self._sse.eof()
        except SseOverflow:
            tail = []
        self._consume([event for event in tail if _json(event.data) is not None])
        if not self._over:
            self._fail(Failure("truncated", "the upstream's stream ended before response.completed", 502))
        return out

    def _whole(self, body: bytes) -> None:
        """A document instead of a stream: a whole answer, an error object, or an error page."""
        decoded = _json(body)
        if isinstance(decoded, dict) and "output" in decoded and not decoded.get("error"):
            try:
                self._out += explode(parse_response(body, self._conv))
                self._over = True
            except BadUpstream as error:
                self._fail(Failure("upstream", error.message, 502))
        elif decoded is None and body[:1] == b"{":
            self._fail(Failure("truncated", "the upstream's answer ended before it was complete", 502))
        else:
            self._fail(parse_error(200, {}, body))

    # Events

    def _consume(self, events: list[SseEvent]) -> None:
        try:
            for event in events:
                if self._over:
                    return
                self._one(event)
        except (WireError, *BAD_JSON) as error:
            self._fail(Failure("upstream", f"the upstream's stream is unreadable: {error}", 502))

    def _one(self, sse: SseEvent) -> None:
        if sse.data == b"[DONE]" or not sse.data.strip():
            return
        data, event = _decode(sse.data)
        kind = event.type or sse.event
        handler = _HANDLERS.get(kind)
        if handler is not None:
            handler(self, event, data)
            self._lane.flush(self._out)
        elif self._started and kind not in _SILENT:
            self._out.append(ForeignEvent("responses", Raw(data)))

    def _fail(self, failure: Failure) -> None:
        self._over = True
        self._out.append(failure)

    def _start(self, event: _Event, data: bytes) -> None:
        """`Start` comes first, also from an upstream that forgets response.created."""
        if self._started:
            return
        self._started = True
        conv, fields = self._conv, _answer(event)
        self._out.append(
            Start(
                id=fields.str("id") or conv.new_id("resp_"),
                model=fields.str("model") or conv.model,
                created=int(fields.float("created_at") or conv.now),
            )
        )

    def _item_added(self, event: _Event, data: bytes) -> None:
        if not _given(event.item):
            return
        self._start(event, data)
        head = _ITEM.decode(event.item)
        item = self._lane.add(Item(event.output_index, head.id or "", head.phase))
        if head.type in ("function_call", "custom_tool_call") and head.name:
            for key, part in output_parts(event.item, "item"):
                item.open(key, shell_of(part))

    def _item_done(self, event: _Event, data: bytes) -> None:
        if not _given(event.item):
            return
        self._start(event, data)
        ident = _ITEM.decode(event.item).id or ""
        item = self._lane.find(event.output_index, ident)
        if item is None or (item.closed and event.output_index is None and not (ident and item.ident == ident)):
            item = self._lane.add(Item(event.output_index, ident))
        item.close(output_parts(event.item, "item"))

    def _part_done(self, event: _Event, data: bytes) -> None:
        """The whole content part; what it says about a part without deltas waits for the end of the item."""
        item = self._lane.find(event.output_index, event.item_id or "")
        slot = item.slot(event.content_index or 0) if item is not None else None
        if item is None or slot is None or slot.over or not _given(event.part):
            return
        wrapped = {"type": "message", "role": "assistant", "content": [event.part], "phase": item.phase}
        finals = output_parts(Raw(msgspec.json.encode(wrapped)), "part")
        if finals and isinstance(slot.shell, Text | Refusal) and type(finals[0][1]) is type(slot.shell):
            slot.end(finals[0][1])

    def _text(self, event: _Event, data: bytes) -> None:
        item = self._item(event, data)
        key = event.content_index or 0
        slot = item.slot(key) or item.open(key, Text(text="", phase=item.phase))
        if not slot.over:
            slot.take(_string(event.delta), event.logprobs if event.logprobs not in _NO_LOGPROBS else None)

    def _refusal(self, event: _Event, data: bytes) -> None:
        slot = self._item(event, data).open(event.content_index or 0, Refusal(text=""))
        if not slot.over:
            slot.take(_string(event.delta))

    def _arguments(self, event: _Event, data: bytes) -> None:
        """Arguments of a call that was never announced wait for its output_item.done, which has the name."""
        item = self._item(event, data)
        if item.slots and not item.slots[0].over:
            item.slots[0].take(_string(event.delta))

    def _chain(self, event: _Event, data: bytes) -> None:
        """Raw reasoning text; ignored where a summary is already being told."""
        self._think(event, data, summary=False)

    def _summary(self, event: _Event, data: bytes) -> None:
        """Summary text; its paragraphs are joined by a blank line, as in the whole item."""
        self._think(event, data, summary=True)

    def _think(self, event: _Event, data: bytes, *, summary: bool) -> None:
        item = self._item(event, data)
        slot = item.open(0, Reasoning(summary=summary, item_id=item.ident or None))
        if slot.over or not isinstance(slot.shell, Reasoning) or slot.shell.summary != summary:
            return
        text = _string(event.delta)
        if summary and item.paragraph is not None and item.paragraph != event.summary_index:
            text = _PARAGRAPH + text
        item.paragraph = event.summary_index
        slot.take(text)

    def _item(self, event: _Event, data: bytes) -> Item:
        """The item of a delta; one that was not announced begins with it."""
        item = self._lane.find(event.output_index, event.item_id or "")
        if item is None:
            self._start(event, data)
            item = self._lane.add(Item(event.output_index, event.item_id or ""))
        return item

    def _ended(self, event: _Event, data: bytes) -> None:
        """`response.completed` or `response.incomplete`: closes what is open, with the answer's own items as truth."""
        self._start(event, data)
        fields = _answer(event)
        status = "incomplete" if event.type == "response.incomplete" else "completed"
        reason = reason_of(fields, status)
        self._reconcile(fields.list("output") or [])
        for item in self._lane.items:
            item.close(None, cut=says_cut(reason))
        self._lane.flush(self._out)
        if self._lane.broken and not says_cut(reason):
            self._fail(Failure("upstream", BROKEN_CALL, 502))
            return
        self._out.append(Finish(stop_in(reason, calls=self._lane.calls > 0, refused=self._lane.refused)))
        self._tell_usage(fields)
        self._out.append(End())
        self._over = True

    def _reconcile(self, listed: list[Raw]) -> None:
        """Closes open items by the answer's list and adds those that no event told of."""
        told = list(self._lane.items)
        for position, raw in enumerate(listed):
            ident = _ITEM.decode(raw).id or ""
            item = _told(told, position, ident) or self._lane.add(Item(position, ident))
            if not item.closed:
                item.close(output_parts(raw, f"response.output[{position}]"))

    def _tell_usage(self, fields: Fields) -> None:
        raw = fields.raw("usage")
        if raw is not None:
            try:
                self._out.append(UsageNow(usage_in(raw)))
            except WireError:
                self._conv.note("usage", "dropped", "the upstream's token counts are unreadable")

    def _failed(self, event: _Event, data: bytes) -> None:
        """`response.failed`, or an `error` event."""
        if self._started and _given(event.response):
            self._tell_usage(_answer(event))
        self._fail(parse_error(200, {}, data))

    def _ping(self, event: _Event, data: bytes) -> None:
        if self._started:
            self._out.append(Ping())


_HANDLERS: dict[str, Callable[[ResponsesStreamParser, _Event, bytes], None]] = {
    "response.created": ResponsesStreamParser._start,
    "response.queued": ResponsesStreamParser._start,
    "response.in_progress": ResponsesStreamParser._start,
    "response.output_item.added": ResponsesStreamParser._item_added,
    "response.output_item.done": ResponsesStreamParser._item_done,
    "response.content_part.done": ResponsesStreamParser._part_done,
    "response.output_text.delta": ResponsesStreamParser._text,
    "response.refusal.delta": ResponsesStreamParser._refusal,
    "response.reasoning_summary_text.delta": ResponsesStreamParser._summary,
    "response.reasoning_text.delta": ResponsesStreamParser._chain,
    "response.function_call_arguments.delta": ResponsesStreamParser._arguments,
    "response.custom_tool_call_input.delta": ResponsesStreamParser._arguments,
    "response.completed": ResponsesStreamParser._ended,
    "response.incomplete": ResponsesStreamParser._ended,
    "response.failed": ResponsesStreamParser._failed,
    "error": ResponsesStreamParser._failed,
    "keepalive": ResponsesStreamParser._ping,
    "ping": ResponsesStreamParser._ping,
}
_SILENT = frozenset(
    {
        "response.content_part.added",
        "response.output_text.done",
        "response.output_text.annotation.added",
        "response.refusal.done",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_part.done",
        "response.reasoning_summary_text.done",
        "response.reasoning_text.done",
        "response.function_call_arguments.done",
        "response.custom_tool_call_input.done",
    }
)
"""Known events that say nothing which output_item.done does not say."""
_NO_LOGPROBS = (_NONE, Raw(b"[]"), Raw(b"null"))


def _told(items: list[Item], position: int, ident: str) -> Item | None:
    """The item that the events told of, by its id, by its output_index, by its place where it has neither."""
    same = next((item for item in items if ident and item.ident == ident), None)
    same = same or next((item for item in items if item.index == position), None)
    if same is None and position < len(items) and items[position].index is None:
        return items[position]
    return same


def _answer(event: _Event) -> Fields:
    return parse(event.response, "response") if _given(event.response) else Fields({})


def _given(raw: Raw) -> bool:
    return bool(memoryview(raw).nbytes) and kind_of(raw) != "null"


def _string(value: Any) -> str:
    """Text of a delta; some gateways wrap it into an object."""
    if isinstance(value, dict):
        value = value.get("text")
    return value if isinstance(value, str) else ""


def _decode(data: bytes) -> tuple[bytes, _Event]:
    """The event with its bytes; half a surrogate pair (an emoji cut between two deltas) becomes U+FFFD."""
    try:
        return data, _EVENT.decode(data)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError as error:
        try:
            text = json.dumps(json.loads(data), ensure_ascii=False)
        except ValueError:
            raise error from None
        mended = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
        return mended, _EVENT.decode(mended)


def _json(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except BAD_JSON:
        return None
