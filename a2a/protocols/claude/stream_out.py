"""Events to the bytes of one Messages stream (specs/conversion.md 10.1, 10.3, 11.2).

`event:` lines are mandatory, indices dense from 0, blocks strictly one after another. Deltas are written through byte
templates: a prefix made once per block, the encoded text, a constant tail. Text and reasoning blocks open with their
first content, because an empty text block would come back in the history and be refused there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from msgspec import structs

from a2a.messages import (
    Delta,
    End,
    Event,
    Failure,
    Finish,
    Foreign,
    ForeignEvent,
    Media,
    Opaque,
    Part,
    PartEnd,
    PartStart,
    Ping,
    Reasoning,
    Refusal,
    Seal,
    Start,
    Stop,
    Text,
    ToolCall,
    ToolResult,
    Usage,
    UsageNow,
)
from a2a.protocols.base import Conversion
from a2a.protocols.claude.content_out import Block
from a2a.protocols.claude.errors import error_frame
from a2a.protocols.claude.response import answer_block, call_ext, citations, signature, write_stop
from a2a.protocols.claude.usage import write_usage
from a2a.protocols.sse import named_frame
from a2a.protocols.tokens import text_tokens
from a2a.protocols.wire import dumps, parse

PING = named_frame(b"ping", b'{"type":"ping"}')
_STOP = named_frame(b"message_stop", b'{"type":"message_stop"}')
_TAIL = b"}}\n\n"
_encode = msgspec.json.Encoder().encode

_Kind = Literal["text", "thinking", "tool_use"]
_DELTAS: dict[_Kind, bytes] = {
    "text": b'"delta":{"type":"text_delta","text":',
    "thinking": b'"delta":{"type":"thinking_delta","thinking":',
    "tool_use": b'"delta":{"type":"input_json_delta","partial_json":',
}


class ClaudeStreamRenderer:
    """`StreamRenderer` of one client stream. Only the first candidate is shown."""

    def __init__(self, conv: Conversion) -> None:
        self._conv = conv
        self._index = -1
        self._kind: _Kind | None = None  # of the part in progress; None: it is written as a whole at its end
        self._shell: Block | None = None  # a block that is due but not open yet
        self._prefix = b""
        self._begun_at = 0  # where the part in progress begins in `_texts`
        self._token: Opaque | None = None
        self._texts: list[str] = []  # everything shown: to complete a part, and to estimate the usage where none comes
        self._calls = False
        self._usage = Usage()
        self._stop = Stop(kind="end")
        self._done = False

    def keepalive(self) -> bytes:
        return PING

    def on(self, event: Event) -> bytes:
        """The frames of one event; nothing after the end or a failure."""
        if self._done:
            return b""
        if type(event) is Delta and self._shell is None:  # nearly every event: without another call
            text = event.text
            if event.c or not text or self._kind is None:
                return b""
            self._texts.append(text)
            return self._prefix + _encode(text) + _TAIL
        handler = _HANDLERS[type(event)]
        return handler(self, event) if getattr(event, "c", 0) == 0 else b""

    # Message

    def _seal(self, seal: Seal) -> bytes:
        if seal.opaque.family == "anthropic":
            self._token = seal.opaque
        return b""

    def _usage_now(self, event: UsageNow) -> bytes:
        self._usage = event.usage
        return b""

    def _finish(self, event: Finish) -> bytes:
        self._stop = event.stop
        return b""

    def _ping(self, event: Ping) -> bytes:
        return PING

    def _failure(self, failure: Failure) -> bytes:
        self._done = True
        return error_frame(failure)

    def _message_start(self, start: Start) -> bytes:
        usage = write_usage(start.usage or Usage(), self._conv)
        message: Block = {
            "id": start.id or self._conv.new_id("msg_"),
            "type": "message",
            "role": "assistant",
            "model": start.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage,
        }
        return _named("message_start", {"type": "message_start", "message": message})

    def _end(self, event: End) -> bytes:
        self._done = True
        usage = self._usage
        if usage.output is None:
            usage = structs.replace(usage, output=text_tokens("".join(self._texts)))
        wire: Block = write_usage(usage, self._conv)
        delta = write_stop(self._stop, calls=self._calls)
        return _named("message_delta", {"type": "message_delta", "delta": delta, "usage": wire}) + _STOP

    def _foreign_event(self, event: ForeignEvent) -> bytes:
        """An event of this protocol that the parser did not know; deltas go to the block in progress."""
        if event.proto != "claude":
            return b""
        fields = parse(event.raw)
        kind = fields.str("type")
        value: Block = {"type": kind, **(fields.rest() or {})}
        if "index" in value:
            if self._kind is None or self._shell is not None:
                return b""
            value["index"] = self._index
        return _named(kind, value) if kind else b""

    # Parts

    def _part_start(self, event: PartStart) -> bytes:
        part = event.part
        self._begun_at = len(self._texts)
        self._token = None
        self._kind = None
        self._shell = None
        match part:
            case Text() | Refusal():
                self._due("text", {"type": "text", "text": ""})
            case Reasoning():
                self._token = signature(part.opaque)
                self._due("thinking", {"type": "thinking", "thinking": "", "signature": ""})
            case ToolCall():
                call_id = part.id or self._conv.new_id("toolu_")
                block = {"type": "tool_use", "id": call_id, "name": part.name, "input": {}, **call_ext(part)}
                self._due("tool_use", block)
                return self._open() + self._show(part.args)
            case Foreign() | Media() | ToolResult():
                return b""
        return self._show(part.text)

    def _due(self, kind: _Kind, block: Block) -> None:
        self._kind = kind
        self._shell = block

    def _open(self) -> bytes:
        """`content_block_start` of the block that is due."""
        block, self._shell = self._shell, None
        if block is None or self._kind is None:
            return b""
        self._index += 1
        head = f'event: content_block_delta\ndata: {{"type":"content_block_delta","index":{self._index},'
        self._prefix = head.encode() + _DELTAS[self._kind]
        return _start_frame(self._index, block)

    def _delta(self, event: Delta) -> bytes:
        return self._show(event.text)

    def _show(self, text: str) -> bytes:
        if not text or self._kind is None:
            return b""
        self._texts.append(text)
        opening = b"" if self._shell is None else self._open()
        return opening + self._prefix + _encode(text) + _TAIL

    def _part_end(self, event: PartEnd) -> bytes:
        whole = event.part
        if self._kind is None:
            return b"" if whole is None else self._whole_block(whole)
        if self._kind == "thinking" and self._token is not None and self._token.kind == "redacted":
            return self._complete({"type": "redacted_thinking", "data": self._token.data})
        frames = self._rest_of(whole)
        if self._shell is not None:
            if self._kind == "text":
                return self._close(b"")
            frames += self._open()
        if self._kind == "thinking" and self._token is not None:
            frames += self._single({"type": "signature_delta", "signature": self._token.data})
        if isinstance(whole, Text):
            frames += b"".join(self._single({"type": "citations_delta", "citation": one}) for one in citations(whole))
        self._calls = self._calls or self._kind == "tool_use"
        return self._close(frames + _stop_frame(self._index))

    def _close(self, frames: bytes) -> bytes:
        self._kind = None
        self._shell = None
        return frames

    def _rest_of(self, whole: Part | None) -> bytes:
        """What the authoritative form says behind the deltas; some upstreams send it alone."""
        match whole:
            case Text() | Reasoning() | Refusal():
                full = whole.text
            case ToolCall():
                full = whole.args
            case _:
                return b""
        if isinstance(whole, Reasoning):
            self._token = signature(whole.opaque) or self._token
        return self._show(full[sum(map(len, self._texts[self._begun_at :])) :])

    def _whole_block(self, part: Part) -> bytes:
        """A part that is only known as a whole, as one block without deltas."""
        block = answer_block(part, self._conv)
        return b"" if block is None else self._complete(block)

    def _complete(self, block: Block) -> bytes:
        self._index += 1
        return self._close(_start_frame(self._index, block) + _stop_frame(self._index))

    def _single(self, delta: Block) -> bytes:
        return _named("content_block_delta", {"type": "content_block_delta", "index": self._index, "delta": delta})


_HANDLERS: dict[type, Callable[[ClaudeStreamRenderer, Any], bytes]] = {
    Start: ClaudeStreamRenderer._message_start,
    PartStart: ClaudeStreamRenderer._part_start,
    Delta: ClaudeStreamRenderer._delta,
    Seal: ClaudeStreamRenderer._seal,
    PartEnd: ClaudeStreamRenderer._part_end,
    UsageNow: ClaudeStreamRenderer._usage_now,
    Finish: ClaudeStreamRenderer._finish,
    End: ClaudeStreamRenderer._end,
    Ping: ClaudeStreamRenderer._ping,
    Failure: ClaudeStreamRenderer._failure,
    ForeignEvent: ClaudeStreamRenderer._foreign_event,
}


def _named(event: str, value: Block) -> bytes:
    return named_frame(event.encode(), dumps(value))


def _start_frame(index: int, block: Block) -> bytes:
    return _named("content_block_start", {"type": "content_block_start", "index": index, "content_block": block})


def _stop_frame(index: int) -> bytes:
    return _named("content_block_stop", {"type": "content_block_stop", "index": index})
