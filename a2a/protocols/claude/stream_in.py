"""Bytes of one Messages stream to events (specs/conversion.md 2.1, 10.2).

Blocks are told apart by their wire index and given out one after another: what an interleaving upstream sends for a
later block waits until the earlier one has ended. The stream is whole only with `message_stop`; anything unreadable is
one `Failure` and the end.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import msgspec
from msgspec import Raw, Struct

from a2a.errors import BadUpstream
from a2a.messages import End, Event, Failure, Finish, ForeignEvent, Ping, Start, Usage, UsageNow
from a2a.protocols.base import Conversion
from a2a.protocols.claude.blocks_in import Block, WireDelta, open_block
from a2a.protocols.claude.errors import stream_failure
from a2a.protocols.claude.response import parse_response, read_stop
from a2a.protocols.claude.usage import UsageMeter
from a2a.protocols.document import Document
from a2a.protocols.fold import explode
from a2a.protocols.sse import SseOverflow, SseReader
from a2a.protocols.wire import Fields, WireError, parse


class _WireEvent(Struct, gc=False):
    """What the many small events hold; the others are read key by key. Null counts as missing."""

    type: str = ""
    index: int | None = None
    delta: WireDelta | None = None


_EVENT = msgspec.json.Decoder(_WireEvent)


class ClaudeStreamParser:
    """`StreamParser` of one upstream stream; nothing is shared between two of them."""

    def __init__(self, conv: Conversion) -> None:
        self._conv = conv
        self._reader = SseReader()
        self._meter = UsageMeter()
        self._usage: Usage | None = None
        self._out: list[Event] = []
        self._open: list[tuple[int | None, Block]] = []  # the first gives events, the others wait
        self._count = 0
        self._calls = False
        self._broken = False
        self._started = False
        self._finished = False
        self._done = False
        self._document = Document()

    def feed(self, data: bytes) -> list[Event]:
        if self._done:
            return []
        try:
            if self._document.takes(data):
                return []
            events = self._reader.named(data)
        except SseOverflow as error:
            return self._failed(f"the upstream's stream is unreadable: {error}")
        return self._consume(events)

    def eof(self) -> list[Event]:
        if self._done:
            return []
        if self._document.body is not None:
            return self._plain_body(bytes(self._document.body))
        try:
            tail = self._reader.eof()
        except SseOverflow as error:
            return self._failed(f"the upstream's stream is unreadable: {error}")
        events = self._consume([(event.event.encode(), event.data) for event in tail if _is_json(event.data)])
        if not self._done:
            self._done = True
            events.append(Failure("truncated", "the upstream closed the stream before its end", 502))
        return events

    def _plain_body(self, body: bytes) -> list[Event]:
        self._done = True
        try:
            value = msgspec.json.decode(body)
            if isinstance(value, dict) and "error" in value:
                return [stream_failure(value, Raw(body))]
            return explode(parse_response(body, self._conv))
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return [Failure("upstream", "the upstream answered something else than a stream", 502)]
        except BadUpstream as error:
            return [Failure("upstream", error.message, 502)]

    # Events

    def _consume(self, events: list[tuple[bytes, bytes]]) -> list[Event]:
        out = self._out = list[Event]()
        if self._open:
            self._open[0][1].events = out
        decode = _EVENT.decode
        try:
            for name, payload in events:
                if payload == b"[DONE]":
                    continue
                try:
                    data, event = payload, decode(payload)
                except msgspec.DecodeError as error:
                    data, event = _mended(payload, error)
                handler = _HANDLERS.get(event.type or name.decode("utf-8", "replace"))
                if handler is not None:
                    handler(self, event, data)
                elif self._started:
                    out.append(ForeignEvent("claude", Raw(data)))
                if self._done:
                    break
        except (WireError, msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            return out + self._failed(f"the upstream's stream is unreadable: {error}")
        return out

    def _failed(self, message: str) -> list[Event]:
        self._done = True
        return [Failure("upstream", message, 502)]

    def _message_start(self, event: _WireEvent, data: bytes) -> None:
        message = parse(data).obj("message")
        if self._started or message is None:
            return
        raw = message.raw("usage")
        if raw is not None:
            self._usage = self._meter.update(raw, "message.usage")
        self._start(message.str("id"), message.str("model"))

    def _start(self, message_id: str | None = None, model: str | None = None) -> None:
        """`Start` comes first, also from an upstream that forgets its own."""
        if not self._started:
            self._started = True
            conv = self._conv
            message_id = message_id or conv.new_id("msg_")
            self._out.append(Start(message_id, model or conv.model, int(conv.now), self._usage))

    def _block_start(self, event: _WireEvent, data: bytes) -> None:
        block = parse(data).raw("content_block")
        if block is None:
            raise WireError("content_block", "is required")
        self._start()
        forgotten = self._find(event.index)
        if forgotten is not None and event.index is not None:
            forgotten.close()
        self._open.append((event.index, open_block(self._count, block, "content_block", self._conv)))
        self._count += 1
        self._flush()

    def _block_delta(self, event: _WireEvent, data: bytes) -> None:
        if event.delta is None:
            return
        if len(self._open) == 1 and self._open[0][0] == event.index:  # nearly always
            self._open[0][1].delta(event.delta, data)
            return
        block = self._find(event.index)
        if block is None:
            raise WireError("index", f"names no open block: {event.index}")
        block.delta(event.delta, data)

    def _block_stop(self, event: _WireEvent, data: bytes) -> None:
        block = self._find(event.index)
        if block is not None:
            block.close()
            self._flush()

    def _find(self, index: int | None) -> Block | None:
        """The open block of that index; without an index the latest."""
        for at, block in reversed(self._open):
            if not block.closed and (index is None or at == index):
                return block
        return None

    def _flush(self) -> None:
        """Gives out the events of the first open block and, once it is closed, of those behind it.

        What the first block says from then on goes straight to the parser's own list.
        """
        while self._open:
            block = self._open[0][1]
            if block.events is not self._out:
                self._out += block.events
                block.events = self._out
            if not block.closed:
                return
            del self._open[0]
            self._calls = self._calls or (block.is_call and not block.broken)
            self._broken = self._broken or block.broken

    def _message_delta(self, event: _WireEvent, data: bytes) -> None:
        self._start()
        fields = parse(data)
        delta, usage = fields.obj("delta"), fields.raw("usage")
        if usage is not None:
            self._usage = self._meter.update(usage, "usage")
        if delta is not None and event.delta is not None and event.delta.stop_reason is not None:
            self._finish(delta)
        elif usage is not None:
            self._tell_usage()

    def _finish(self, delta: Fields) -> None:
        """Ends the answer once; a call that cannot be run is a failure unless a limit explains it (6.4)."""
        if self._finished:
            return
        for _, block in self._open:
            if not block.closed:
                block.close()
        self._flush()
        stop = read_stop(delta, calls=self._calls)
        if self._broken and stop.kind in ("end", "tool_call"):
            self._out += self._failed("the arguments of a tool call are no JSON object")
            return
        self._finished = True
        self._out.append(Finish(stop))
        self._tell_usage()

    def _tell_usage(self) -> None:
        if self._finished and self._usage is not None:
            self._out.append(UsageNow(self._usage))

    def _message_stop(self, event: _WireEvent, data: bytes) -> None:
        self._start()
        self._finish(Fields({}))
        if not self._done:
            self._done = True
            self._out.append(End())

    def _error(self, event: _WireEvent, data: bytes) -> None:
        self._done = True
        self._out.append(stream_failure(msgspec.json.decode(data), Raw(data)))

    def _ping(self, event: _WireEvent, data: bytes) -> None:
        if self._started:
            self._out.append(Ping())


_HANDLERS: dict[str, Callable[[ClaudeStreamParser, _WireEvent, bytes], None]] = {
    "message_start": ClaudeStreamParser._message_start,
    "content_block_start": ClaudeStreamParser._block_start,
    "content_block_delta": ClaudeStreamParser._block_delta,
    "content_block_stop": ClaudeStreamParser._block_stop,
    "message_delta": ClaudeStreamParser._message_delta,
    "message_stop": ClaudeStreamParser._message_stop,
    "error": ClaudeStreamParser._error,
    "ping": ClaudeStreamParser._ping,
}


def _mended(data: bytes, error: msgspec.DecodeError) -> tuple[bytes, _WireEvent]:
    """An event that msgspec refused: half a surrogate pair (an emoji cut between two deltas) becomes U+FFFD."""
    if isinstance(error, msgspec.ValidationError):
        raise error
    try:
        text = json.dumps(json.loads(data), ensure_ascii=False)
    except ValueError:
        raise error from None
    mended = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
    return mended, _EVENT.decode(mended)


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return True
