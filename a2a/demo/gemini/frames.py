"""An answer of the Gemini API: one object, or chunks that are whole objects (specs/conversion.md 10.1).

A function call is never split. The first call of an answer carries the signature, else an empty text part at the end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from a2a.clock import hex_id
from a2a.demo.brain import slices
from a2a.demo.gemini import signing
from a2a.demo.gemini.errors import sse_frame
from a2a.demo.gemini.models import GeminiModel
from a2a.demo.view import Answer, Call, View
from a2a.demo.wire import dumps

_FINISH = {"end": "STOP", "tool": "STOP", "length": "MAX_TOKENS", "stop_sequence": "STOP"}
_FINISH_AS = re.compile(r"\[\[finish:\s*([A-Z_]+)\s*\]\]")
_BLOCKED = re.compile(r"\[\[blocked:\s*([A-Z_]+)\s*\]\]")

Part = dict[str, Any]
Chunk = dict[str, Any]


class Reply(Struct, frozen=True, kw_only=True):
    """Everything needed to write an answer. `shown`: thoughts are sent. `ids`: calls have one. `count`: candidates."""

    model: GeminiModel
    view: View
    answer: Answer
    cached: int
    shown: bool
    ids: bool
    count: int = 1
    id: str


def blocked(reply: Reply) -> str | None:
    """The reason why the prompt gets no candidate: `[[blocked: SAFETY]]` asks for that."""
    asked = _BLOCKED.search(reply.view.text)
    return asked.group(1) if asked else None


def finish(reply: Reply) -> str:
    """The finish reason; `[[finish: RECITATION]]` in the prompt asks for another."""
    asked = _FINISH_AS.search(reply.view.text)
    return asked.group(1) if asked else _FINISH[reply.answer.stop]


def usage(reply: Reply, *, over: bool = True) -> dict[str, Any]:
    """Counts so far; those of the answer are known when it is `over`. Zeros are left out."""
    answer, prompt = reply.answer, reply.view.input_tokens
    made = max(answer.output_tokens - answer.thinking_tokens, 0) * reply.count if over else 0
    thought = answer.thinking_tokens * reply.count if over else 0
    counts: dict[str, Any] = {
        "promptTokenCount": prompt,
        "cachedContentTokenCount": reply.cached,
        "candidatesTokenCount": made,
        "thoughtsTokenCount": thought,
        "totalTokenCount": prompt + made + thought,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
    }
    return {key: value for key, value in counts.items() if value}


def parts(reply: Reply) -> list[Part]:
    """The content of one candidate."""
    return [part for piece in _pieces(reply, most=1) for part in piece]


def _pieces(reply: Reply, most: int) -> Iterator[list[Part]]:
    """The parts of each chunk; texts come in up to `most` pieces."""
    answer = reply.answer
    if reply.shown:
        for text in slices(answer.thinking, most):
            yield [{"text": text, "thought": True}]
    for text in slices(answer.text, most):
        yield [{"text": text}]
    signature = signing.for_text(answer.thinking) if answer.thinking else None
    for number, call in enumerate(_whole_calls(answer)):
        yield [_call(call, reply, signed=number == 0 and signature is not None)]
    if signature is not None and not answer.calls:
        yield [{"text": "", "thoughtSignature": signature}]


def _whole_calls(answer: Answer) -> list[Call]:
    """Without a call that was cut at the token limit."""
    if answer.stop != "length" or not answer.calls:
        return list(answer.calls)
    try:
        json.loads(answer.calls[-1].arguments)
    except json.JSONDecodeError:
        return list(answer.calls[:-1])
    return list(answer.calls)


def _call(call: Call, reply: Reply, *, signed: bool) -> Part:
    args = json.loads(call.arguments)
    inner = ({"id": hex_id("", 8)} if reply.ids else {}) | {"name": call.name, "args": args}
    return {"functionCall": inner} | ({"thoughtSignature": signing.for_call(call.name, args)} if signed else {})


def whole(reply: Reply) -> Chunk:
    """The answer as one object."""
    if (reason := blocked(reply)) is not None:
        return _blocked(reply, reason)
    found = parts(reply) or [{"text": ""}]
    candidates = [
        {"content": {"role": "model", "parts": found}, "finishReason": finish(reply), "index": index}
        for index in range(reply.count)
    ]
    return _chunk(reply, candidates, usage(reply))


def chunks(reply: Reply) -> list[Chunk]:
    """The answer in pieces; the last one has the finish reason and the final usage."""
    if (reason := blocked(reply)) is not None:
        return [_blocked(reply, reason)]
    made: list[Chunk] = []
    pieces = list(_pieces(reply, most=8)) or [[{"text": ""}]]
    for number, piece in enumerate(pieces):
        over = number == len(pieces) - 1
        last = {"finishReason": finish(reply)} if over else {}
        candidates = [
            {"content": {"role": "model", "parts": piece}, "index": index} | last for index in range(reply.count)
        ]
        made.append(_chunk(reply, candidates, usage(reply, over=over)))
    return made


def _chunk(reply: Reply, candidates: list[dict[str, Any]], used: dict[str, Any]) -> Chunk:
    return {
        "candidates": candidates,
        "usageMetadata": used,
        "modelVersion": reply.model.id,
        "responseId": reply.id,
    }


def _blocked(reply: Reply, reason: str) -> Chunk:
    return {
        "promptFeedback": {"blockReason": reason},
        "usageMetadata": usage(reply, over=False),
        "modelVersion": reply.model.id,
        "responseId": reply.id,
    }


def as_sse(made: list[Chunk]) -> list[bytes]:
    return [sse_frame(chunk) for chunk in made]


def as_array(made: list[Chunk]) -> list[bytes]:
    """The chunks as one JSON array, each ready to be parsed when it arrives."""
    frames = [(b",\r\n" if number else b"[") + dumps(chunk) for number, chunk in enumerate(made)]
    return [*frames, b"]"]
