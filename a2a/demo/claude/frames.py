"""A message on the wire: one object, or the named events of a stream (specs/conversion.md 10.1)."""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct

from a2a.clock import hex_id
from a2a.demo.brain import shards, slices
from a2a.demo.signature import redact, sign
from a2a.demo.view import Answer, View
from a2a.demo.wire import dumps

_STOP = {"end": "end_turn", "tool": "tool_use", "length": "max_tokens", "stop_sequence": "stop_sequence"}


class Reply(Struct, frozen=True, kw_only=True):
    """`model`: the name as the client wrote it. `cached`, `written`: tokens read from and put into the prompt cache.

    `shown`: thinking text is sent; otherwise its signature only. `redacted`: thinking comes as an opaque block.
    """

    id: str
    model: str
    view: View
    answer: Answer
    cached: int
    written: int
    shown: bool
    redacted: bool = False


def blocks(reply: Reply) -> list[dict[str, Any]]:
    """The content of the answer."""
    answer, content = reply.answer, list[dict[str, Any]]()
    if answer.thinking and reply.redacted:
        content.append({"type": "redacted_thinking", "data": redact("claude", answer.thinking)})
    elif answer.thinking:
        text = answer.thinking if reply.shown else ""
        content.append({"type": "thinking", "thinking": text, "signature": sign("claude", answer.thinking)})
    if answer.text:
        content.append({"type": "text", "text": answer.text, "citations": None})
    for call in answer.calls:
        content.append({"type": "tool_use", "id": hex_id("toolu_"), "name": call.name, "input": _input(call.arguments)})
    return content


def _input(arguments: str) -> Any:
    """The arguments as an object; those of a call that was cut at the token limit are lost."""
    try:
        return json.loads(arguments)
    except json.JSONDecodeError:
        return {}


def usage(reply: Reply) -> dict[str, Any]:
    fresh = max(0, reply.view.input_tokens - reply.cached - reply.written)
    return {
        "input_tokens": fresh,
        "cache_creation_input_tokens": reply.written,
        "cache_read_input_tokens": reply.cached,
        "cache_creation": {"ephemeral_5m_input_tokens": reply.written, "ephemeral_1h_input_tokens": 0},
        "output_tokens": reply.answer.output_tokens,
        "output_tokens_details": {"thinking_tokens": reply.answer.thinking_tokens},
        "service_tier": "standard",
    }


def whole(reply: Reply) -> bytes:
    """A `message` object."""
    return dumps(
        _message(reply, blocks(reply), usage(reply))
        | {"stop_reason": _STOP[reply.answer.stop], "stop_sequence": reply.answer.stop_text}
    )


def _message(reply: Reply, content: list[dict[str, Any]], used: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": reply.id,
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": content,
        "stop_reason": None,
        "stop_sequence": None,
        "usage": used,
    }


def stream(reply: Reply) -> list[bytes]:
    """The frames of the stream."""
    start = _message(reply, [], usage(reply) | {"output_tokens": 1})
    frames = [_frame("message_start", {"message": start})]
    arguments = iter([call.arguments for call in reply.answer.calls])
    for index, block in enumerate(blocks(reply)):
        frames += _block(index, block, next(arguments) if block["type"] == "tool_use" else "")
        if index == 0:
            frames.insert(2, _frame("ping", {}))
    delta = {"stop_reason": _STOP[reply.answer.stop], "stop_sequence": reply.answer.stop_text}
    used = {key: value for key, value in usage(reply).items() if key not in ("cache_creation", "service_tier")}
    frames.append(_frame("message_delta", {"delta": delta, "usage": used}))
    frames.append(_frame("message_stop", {}))
    return frames


def _block(index: int, block: dict[str, Any], arguments: str) -> list[bytes]:
    """The frames of one content block; `arguments`: the JSON text of a tool_use."""
    empty: dict[str, dict[str, Any]] = {
        "thinking": {"thinking": "", "signature": ""},
        "text": {"text": ""},
        "tool_use": {"input": {}},
    }
    opening = block | empty.get(block["type"], {})
    return [
        _frame("content_block_start", {"index": index, "content_block": opening}),
        *(_frame("content_block_delta", {"index": index, "delta": delta}) for delta in _deltas(block, arguments)),
        _frame("content_block_stop", {"index": index}),
    ]


def _deltas(block: dict[str, Any], arguments: str) -> list[dict[str, Any]]:
    kind = block["type"]
    if kind == "thinking":
        shown = [{"type": "thinking_delta", "thinking": piece} for piece in slices(block["thinking"])]
        return [*shown, {"type": "signature_delta", "signature": block["signature"]}]
    if kind == "text":
        return [{"type": "text_delta", "text": piece} for piece in slices(block["text"])]
    if kind == "tool_use":
        pieces = ["", *shards(arguments)] if arguments != "{}" else [""]
        return [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    return []


def _frame(kind: str, data: dict[str, Any]) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + dumps({"type": kind, **data}) + b"\n\n"
