"""The events of a streamed response, in the order of specs/conversion.md 10.1, and how a stream fails."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from a2a.demo.brain import shards, slices
from a2a.demo.faults import Fault, first
from a2a.demo.openai.errors import VOICE
from a2a.demo.responses import frames
from a2a.demo.responses.frames import Reply
from a2a.demo.wire import Refusal, Voice, dumps

_CODES = {429: "rate_limit_exceeded", 503: "server_is_overloaded"}

Event = tuple[str, dict[str, Any]]


def stream(reply: Reply) -> list[bytes]:
    """The frames of the stream."""
    return [_frame(number, *event) for number, event in enumerate(_events(reply))]


def voice(reply: Reply, faults: Sequence[Fault]) -> Voice:
    """How this response fails in mid-stream: a failed response, or a bare error when its type is `error`.

    A stream always opens with `response.created`: a failure of the first frame brings it along.
    """
    asked = first(faults, "error_event")
    sent = asked.after if asked is not None else 0

    def failed(refusal: Refusal) -> bytes:
        head = b"" if sent else _frame(0, "response.created", {"response": _early(reply)})
        return head + _frame(max(sent, 1), *_failure(reply, refusal))

    return Voice(VOICE.refuse, failed)


def _failure(reply: Reply, refusal: Refusal) -> Event:
    code = refusal.code or _CODES.get(refusal.status, "server_error")
    if refusal.type == "error":
        return "error", {"code": code, "message": refusal.message, "param": refusal.param}
    over = frames.response(reply, "failed", [], None) | {"error": {"code": code, "message": refusal.message}}
    return "response.failed", {"response": over}


def _early(reply: Reply) -> dict[str, Any]:
    return frames.response(reply, "in_progress", [], None)


def _events(reply: Reply) -> Iterator[Event]:
    yield "response.created", {"response": _early(reply)}
    yield "response.in_progress", {"response": _early(reply)}
    veiled = (reply.body.get("stream_options") or {}).get("include_obfuscation") is not False
    for index, item in enumerate(reply.output):
        at = {"item_id": item["id"], "output_index": index}
        yield "response.output_item.added", {"output_index": index, "item": _opening(item)}
        for kind, data in _WRITERS[item["type"]](item):
            veil = {"obfuscation": secrets.token_urlsafe(8)} if veiled and kind.endswith(".delta") else {}
            yield kind, at | data | veil
        yield "response.output_item.done", {"output_index": index, "item": item}
    yield f"response.{reply.status}", {"response": frames.finished(reply)}


def _opening(item: dict[str, Any]) -> dict[str, Any]:
    """The item before anything of it was written."""
    empty: dict[str, dict[str, Any]] = {
        "message": {"content": [], "status": "in_progress"},
        "reasoning": {"summary": []},
        "function_call": {"arguments": "", "status": "in_progress"},
        "custom_tool_call": {"input": "", "status": "in_progress"},
    }
    return item | empty[item["type"]]


def _message(item: dict[str, Any]) -> Iterator[Event]:
    for index, part in enumerate(item["content"]):
        at = {"content_index": index}
        yield "response.content_part.added", at | {"part": part | {"text": ""}}
        for piece in slices(part["text"]):
            yield "response.output_text.delta", at | {"delta": piece, "logprobs": []}
        yield "response.output_text.done", at | {"text": part["text"], "logprobs": []}
        yield "response.content_part.done", at | {"part": part}


def _reasoning(item: dict[str, Any]) -> Iterator[Event]:
    for index, part in enumerate(item["summary"]):
        at = {"summary_index": index}
        yield "response.reasoning_summary_part.added", at | {"part": part | {"text": ""}}
        for piece in slices(part["text"]):
            yield "response.reasoning_summary_text.delta", at | {"delta": piece}
        yield "response.reasoning_summary_text.done", at | {"text": part["text"]}
        yield "response.reasoning_summary_part.done", at | {"part": part}


def _function_call(item: dict[str, Any]) -> Iterator[Event]:
    for piece in shards(item["arguments"]):
        yield "response.function_call_arguments.delta", {"delta": piece}
    yield "response.function_call_arguments.done", {"name": item["name"], "arguments": item["arguments"]}


def _custom_call(item: dict[str, Any]) -> Iterator[Event]:
    for piece in slices(item["input"]):
        yield "response.custom_tool_call_input.delta", {"delta": piece}
    yield "response.custom_tool_call_input.done", {"input": item["input"]}


_WRITERS: dict[str, Callable[[dict[str, Any]], Iterator[Event]]] = {
    "message": _message,
    "reasoning": _reasoning,
    "function_call": _function_call,
    "custom_tool_call": _custom_call,
}


def _frame(number: int, kind: str, data: dict[str, Any]) -> bytes:
    body = dumps({"type": kind, "sequence_number": number, **data})
    return b"event: " + kind.encode() + b"\ndata: " + body + b"\n\n"
