"""Chat completions on the wire: one object, or a stream of chunks (specs/conversion.md 10.1)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from a2a.clock import hex_id
from a2a.demo.brain import shards, slices
from a2a.demo.catalog import OpenAIModel
from a2a.demo.view import Answer, Tool, View
from a2a.demo.wire import dumps

_FINISH = {"end": "stop", "tool": "tool_calls", "length": "length", "stop_sequence": "stop"}
_DONE = b"data: [DONE]\n\n"


class Reply(Struct, frozen=True, kw_only=True):
    """Everything needed to write an answer. `count`: how many choices (`n`). `created`: Unix seconds."""

    model: OpenAIModel
    view: View
    answer: Answer
    cached: int
    count: int
    created: int
    id: str


def whole(reply: Reply) -> bytes:
    """A `chat.completion` object."""
    return dumps(
        {
            "id": reply.id,
            "object": "chat.completion",
            "created": reply.created,
            "model": reply.model.id,
            "choices": [
                {
                    "index": index,
                    "message": _message(reply),
                    "logprobs": None,
                    "finish_reason": _FINISH[reply.answer.stop],
                }
                for index in range(reply.count)
            ],
            "usage": usage(reply),
            "service_tier": "default",
            "system_fingerprint": "fp_demo",
        }
    )


def usage(reply: Reply) -> dict[str, Any]:
    answer, prompt = reply.answer, reply.view.input_tokens
    completion = answer.output_tokens * reply.count
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": reply.cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": answer.thinking_tokens * reply.count,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _message(reply: Reply) -> dict[str, Any]:
    answer = reply.answer
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None, "refusal": None, "annotations": []}
    if answer.thinking and reply.model.aloud:
        message["reasoning_content"] = answer.thinking
    if answer.calls:
        message["tool_calls"] = [_call(call.name, call.arguments, reply.view.tools) for call in answer.calls]
    elif not answer.text:
        message["content"] = ""
    return message


def _call(name: str, arguments: str, tools: tuple[Tool, ...]) -> dict[str, Any]:
    kind, key = _spelling(name, tools)
    return {"id": hex_id("call_"), "type": kind, kind: {"name": name, key: arguments}}


def _spelling(name: str, tools: tuple[Tool, ...]) -> tuple[str, str]:
    """The words of a function call, or of a custom tool's call."""
    freeform = any(tool.freeform for tool in tools if tool.name == name)
    return ("custom", "input") if freeform else ("function", "arguments")


def stream(reply: Reply, *, with_usage: bool) -> list[bytes]:
    """The frames of the stream; choices take turns, the calls of one choice do not."""
    frames = [frame for index in range(reply.count) for frame in [_chunk(reply, index, _opening(), None, with_usage)]]
    lines = [_deltas(reply) for _ in range(reply.count)]
    for row in itertools.zip_longest(*lines):
        frames += [
            _chunk(reply, index, delta, None, with_usage) for index, delta in enumerate(row) if delta is not None
        ]
    frames += [_chunk(reply, index, {}, _FINISH[reply.answer.stop], with_usage) for index in range(reply.count)]
    if with_usage:
        frames.append(_frame(reply, [], usage=usage(reply)))
    return [*frames, _DONE]


def _opening() -> dict[str, Any]:
    return {"role": "assistant", "content": "", "refusal": None}


def _deltas(reply: Reply) -> Iterator[dict[str, Any]]:
    answer = reply.answer
    if reply.model.aloud:
        for piece in slices(answer.thinking):
            yield {"reasoning_content": piece}
    for piece in slices(answer.text):
        yield {"content": piece}
    for index, call in enumerate(answer.calls):
        kind, key = _spelling(call.name, reply.view.tools)
        yield {"tool_calls": [_call(call.name, "", reply.view.tools) | {"index": index}]}
        for piece in shards(call.arguments):
            yield {"tool_calls": [{"index": index, kind: {key: piece}}]}


def _chunk(reply: Reply, index: int, delta: dict[str, Any], finish: str | None, with_usage: bool) -> bytes:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
    return _frame(reply, [choice], **({"usage": None} if with_usage else {}))


def _frame(reply: Reply, choices: list[dict[str, Any]], **more: Any) -> bytes:
    chunk = {
        "id": reply.id,
        "object": "chat.completion.chunk",
        "created": reply.created,
        "model": reply.model.id,
        "service_tier": "default",
        "system_fingerprint": "fp_demo",
        "choices": choices,
        **more,
    }
    return b"data: " + dumps(chunk) + b"\n\n"
