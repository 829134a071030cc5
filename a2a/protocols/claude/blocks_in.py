"""One content block of a stream while it is open: what its start, its deltas and its stop mean as events.

Kinds are looked up in a table; what no kind knows is gathered key by key and becomes a `Foreign` part
(specs/conversion.md 10.2).
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from a2a.messages import Delta, Event, ForeignEvent, Opaque, Part, PartEnd, PartStart, Reasoning, Seal, Text, ToolCall
from a2a.protocols.args import usable
from a2a.protocols.base import Conversion
from a2a.protocols.claude.content_in import arguments
from a2a.protocols.claude.foreign import foreign
from a2a.protocols.claude.structured import FENCE_MARK, TOOL_MARK, unfenced
from a2a.protocols.wire import dumps, parse


class WireDelta(Struct, gc=False):
    """The keys of every delta, those of `message_delta` included; null counts as missing."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None
    signature: str | None = None
    citation: Raw = Raw(b"")
    stop_reason: str | None = None


class Block:
    """Base of the block kinds. `events` gathers what the block gives; while the block is the first open one it is the
    parser's own list.
    """

    is_call = False
    broken = False
    """A call whose arguments are no JSON object: it must not be reported as one to run (6.4)."""

    def __init__(self, i: int, shell: Part) -> None:
        self.i = i
        self.events: list[Event] = [PartStart(i, shell)]
        self.closed = False

    def delta(self, delta: WireDelta, data: bytes) -> None:
        """One `content_block_delta`; `data`: the whole event, for deltas nobody knows."""
        self.events.append(ForeignEvent("claude", Raw(data)))

    def close(self) -> None:
        self.closed = True
        self.events.append(PartEnd(self.i))


class TextBlock(Block):
    def __init__(self, i: int, start: str) -> None:
        super().__init__(i, Text(text=""))
        self._pieces: list[str] = []
        self._citations: list[Raw] = []
        if start:
            self._pieces.append(start)
            self.events.append(Delta(i, start))

    def delta(self, delta: WireDelta, data: bytes) -> None:
        if delta.type == "text_delta":
            if delta.text:
                self._pieces.append(delta.text)
                self.events.append(Delta(self.i, delta.text))
        elif delta.type == "citations_delta" and bytes(delta.citation):
            self._citations.append(delta.citation)
        else:
            super().delta(delta, data)

    def close(self) -> None:
        self.closed = True
        whole = None
        if self._citations:
            whole = Text(text="".join(self._pieces), citations=Raw(dumps(self._citations)))
        self.events.append(PartEnd(self.i, part=whole))


class FencedBlock(Block):
    """Text of an emulated JSON answer: held until it is whole, because a fence shows its end only there."""

    def __init__(self, i: int, start: str) -> None:
        super().__init__(i, Text(text=""))
        self._pieces = [start]

    def delta(self, delta: WireDelta, data: bytes) -> None:
        if delta.type == "text_delta":
            self._pieces.append(delta.text or "")
        else:
            super().delta(delta, data)

    def close(self) -> None:
        text = unfenced("".join(self._pieces))
        if text:
            self.events.append(Delta(self.i, text))
        super().close()


class ThinkingBlock(Block):
    def __init__(self, i: int, start: str, signature: str) -> None:
        super().__init__(i, Reasoning())
        self._signature = signature
        if start:
            self.events.append(Delta(i, start))

    def delta(self, delta: WireDelta, data: bytes) -> None:
        if delta.type == "thinking_delta":
            if delta.thinking:
                self.events.append(Delta(self.i, delta.thinking))
        elif delta.type == "signature_delta":
            self._signature = delta.signature or self._signature
        else:
            super().delta(delta, data)

    def close(self) -> None:
        if self._signature:
            self.events.append(Seal(self.i, Opaque("anthropic", "signature", self._signature)))
        super().close()


class RedactedBlock(Block):
    def __init__(self, i: int, data: str) -> None:
        super().__init__(i, Reasoning())
        self.events.append(Seal(i, Opaque("anthropic", "redacted", data)))


class CallBlock(Block):
    """Arguments come as fragments, whole in the start, or not at all; a first `{}` may be a stray one (6.4)."""

    def __init__(self, i: int, shell: Part, start: str) -> None:
        super().__init__(i, shell)
        self.is_call = isinstance(shell, ToolCall)
        self._start = start
        self._pieces: list[str] = []

    def delta(self, delta: WireDelta, data: bytes) -> None:
        if delta.type != "input_json_delta":
            super().delta(delta, data)
            return
        piece = delta.partial_json or ""
        if piece and (self._pieces or piece.strip() != "{}"):
            self._pieces.append(piece)
            self.events.append(Delta(self.i, piece))

    def close(self) -> None:
        if not self._pieces:
            self.events.append(Delta(self.i, self._start))
        self.broken = usable("".join(self._pieces) or self._start) is None
        super().close()


class ForeignBlock(Block):
    """A server tool's block and the like: strings of its deltas are appended to the keys of the same name."""

    def __init__(self, i: int, kind: str, raw: Raw) -> None:
        super().__init__(i, foreign(kind, raw))
        self._kind = kind
        self._value: dict[str, Any] = parse(raw).rest() or {}
        self._input: list[str] = []
        self._grown: dict[str, list[str]] = {}

    def delta(self, delta: WireDelta, data: bytes) -> None:
        if delta.type == "input_json_delta":
            self._input.append(delta.partial_json or "")
            return
        values = msgspec.json.decode(data)["delta"]
        for key, value in values.items():
            if key != "type" and isinstance(value, str):
                self._grown.setdefault(key, []).append(value)

    def close(self) -> None:
        text = usable("".join(self._input)) if any(self._input) else None
        if text is not None:
            self._value["input"] = Raw(text)
        for key, pieces in self._grown.items():
            held = self._value.get(key)
            before = msgspec.json.decode(held) if isinstance(held, Raw) else ""
            self._value[key] = (before if isinstance(before, str) else "") + "".join(pieces)
        self.closed = True
        self.events.append(PartEnd(self.i, part=foreign(self._kind, Raw(dumps(self._value)))))


def open_block(i: int, raw: Raw, path: str, conv: Conversion) -> Block:
    """The block that a `content_block_start` opens. Raises WireError."""
    fields = parse(raw, path)
    kind = fields.need_str("type")
    match kind:
        case "text":
            start = fields.str("text") or ""
            return FencedBlock(i, start) if FENCE_MARK in conv.extra else TextBlock(i, start)
        case "thinking":
            return ThinkingBlock(i, fields.str("thinking") or "", fields.str("signature") or "")
        case "redacted_thinking":
            return RedactedBlock(i, fields.need_str("data"))
        case "tool_use":
            name, call_id = fields.need_str("name"), fields.str("id") or conv.new_id("toolu_")
            args = arguments(fields)
            emulated = name == conv.extra.get(TOOL_MARK)
            shell = Text(text="") if emulated else ToolCall(id=call_id, name=name, args="", ext=fields.rest())
            return CallBlock(i, shell, args)
        case _:
            return ForeignBlock(i, kind, raw)
