"""Chat completions in the DashScope dialect, with the defects real streams have had (specs/qwen.md 10).

| quirk | what it does |
|---|---|
| `bad-index` | every tool call says index 0; later fragments carry an empty id |
| `finish-stop` | finish reason `stop` although tools are called |
| `truncated` | the arguments of the last call end inside a string |
| `usage-on-finish` | usage sits on the finish chunk |
| `no-space` | `data:` without a blank |
| `crlf` | lines end with CR LF |
| `reasoning` | thoughts in `reasoning` instead of `reasoning_content` |

They are set for a run (`Flags.quirks`) or by `[[quirk: bad-index]]` in a prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from a2a.clock import hex_id
from a2a.demo.brain import shards, slices
from a2a.demo.qwen.models import QwenModel
from a2a.demo.view import Answer, View
from a2a.demo.wire import dumps

QUIRKS = ("bad-index", "finish-stop", "truncated", "usage-on-finish", "no-space", "crlf", "reasoning")
_ASKED = re.compile(r"\[\[quirk:\s*([a-z-]+)\s*\]\]")
_FINISH = {"end": "stop", "tool": "tool_calls", "length": "length", "stop_sequence": "stop"}


class Reply(Struct, frozen=True, kw_only=True):
    """Everything needed to write an answer. `created`: Unix seconds."""

    model: QwenModel
    view: View
    answer: Answer
    cached: int
    created: int
    id: str
    quirks: frozenset[str]

    @property
    def finish(self) -> str:
        return "stop" if "finish-stop" in self.quirks else _FINISH[self.answer.stop]

    @property
    def thoughts(self) -> str:
        """The name of the member that holds them."""
        return "reasoning" if "reasoning" in self.quirks else "reasoning_content"


def asked_quirks(text: str) -> frozenset[str]:
    """The defects that a prompt asks for."""
    return frozenset(_ASKED.findall(text)) & frozenset(QUIRKS)


def usage(reply: Reply) -> dict[str, Any]:
    answer, prompt = reply.answer, reply.view.input_tokens
    return {
        "prompt_tokens": prompt,
        "completion_tokens": answer.output_tokens,
        "total_tokens": prompt + answer.output_tokens,
        "completion_tokens_details": {"reasoning_tokens": answer.thinking_tokens},
        "prompt_tokens_details": {"cached_tokens": reply.cached},
    }


def whole(reply: Reply) -> bytes:
    """A `chat.completion` object."""
    answer = reply.answer
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    if answer.thinking:
        message[reply.thoughts] = answer.thinking
    if answer.calls:
        message["tool_calls"] = [
            _call(index, call.name, call.arguments, hex_id("call_")) for index, call in enumerate(answer.calls)
        ]
    choice = {"index": 0, "message": message, "finish_reason": reply.finish, "logprobs": None}
    return dumps(
        {
            "id": reply.id,
            "object": "chat.completion",
            "created": reply.created,
            "model": reply.model.id,
            "choices": [choice],
            "usage": usage(reply),
        }
    )


def _call(index: int, name: str, arguments: str, call_id: str) -> dict[str, Any]:
    return {"index": index, "id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def stream(reply: Reply, *, with_usage: bool) -> list[bytes]:
    """The frames of the stream: reasoning, content, calls, finish, usage, `[DONE]`."""
    frames: list[bytes] = []
    opening: dict[str, Any] = {"role": "assistant"}
    for delta in [*_deltas(reply)] or [{"content": ""}]:
        frames.append(_chunk(reply, [_choice(opening | delta, None)]))
        opening = {}
    on_finish = with_usage and "usage-on-finish" in reply.quirks
    end = [_choice({"content": ""} if not reply.answer.calls else {}, reply.finish)]
    frames.append(_chunk(reply, end, **({"usage": usage(reply)} if on_finish else {})))
    if with_usage and not on_finish:
        frames.append(_chunk(reply, [], usage=usage(reply)))
    return [*frames, _framed(b"[DONE]", reply)]


def _deltas(reply: Reply) -> Iterator[dict[str, Any]]:
    answer = reply.answer
    for piece in slices(answer.thinking):
        yield {"content": None, reply.thoughts: piece}
    for piece in slices(answer.text):
        yield {"content": piece}
    broken = "bad-index" in reply.quirks
    for number, call in enumerate(answer.calls):
        index = 0 if broken else number
        first, *rest = shards(_arguments(reply, number)) or [""]
        yield {"tool_calls": [_call(index, call.name, first, hex_id("call_"))]}
        for piece in rest:
            more = {"index": index, "type": "function", "function": {"arguments": piece}}
            yield {"tool_calls": [more | {"id": ""} if broken else more]}


def _arguments(reply: Reply, number: int) -> str:
    """The arguments of a call; those of the last one may be cut inside a string."""
    text = reply.answer.calls[number].arguments
    if "truncated" in reply.quirks and number == len(reply.answer.calls) - 1:
        return text[: max(text.rfind('"') - 1, 1)]
    return text


def _choice(delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}


def _chunk(reply: Reply, choices: list[dict[str, Any]], **more: Any) -> bytes:
    chunk = {
        "id": reply.id,
        "object": "chat.completion.chunk",
        "created": reply.created,
        "model": reply.model.id,
        "choices": choices,
        **more,
    }
    return _framed(dumps(chunk), reply)


def _framed(data: bytes, reply: Reply) -> bytes:
    head = b"data:" if "no-space" in reply.quirks else b"data: "
    return head + data + (b"\r\n\r\n" if "crlf" in reply.quirks else b"\n\n")
