"""The Messages dialect as an Anthropic client speaks it (specs/conversion.md 4, 5, 6, 9, 11.1)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from a2a.demo.matrix import claude_stream
from a2a.demo.matrix.claude_wire import Block, Error, Usage, answer_of
from a2a.demo.matrix.talk import Answer, Complaint, Question, Refusals
from a2a.demo.matrix.wrong import decode

name = "claude"

refusals = Refusals(
    wrong_key=(401, "authentication_error"),
    bad_request=(400, "invalid_request_error"),
    not_found=(404, "not_found_error"),
    account_refused=(503, "api_error"),
    rate_limited=(429, "rate_limit_error"),
    upstream_broken=(502, "api_error"),
)

_BUDGET_TOKENS = 2000


class _Message(Struct, forbid_unknown_fields=True):
    id: Annotated[str, Meta(min_length=1)]
    type: Literal["message"]
    role: Literal["assistant"]
    model: Annotated[str, Meta(min_length=1)]
    content: list[Block]
    stop_reason: Literal["end_turn", "tool_use"]
    stop_sequence: None
    usage: Usage


class _Refused(Struct, forbid_unknown_fields=True):
    type: Literal["error"]
    error: Error
    request_id: str | None = None


def path(question: Question) -> str:
    return "/v1/messages"


def key(key: str) -> Mapping[str, str]:
    return {"x-api-key": key, "anthropic-version": "2023-06-01"}


def body(question: Question) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "model": question.model,
        "max_tokens": 4000,
        "system": "You are a test.",
        "messages": _messages(question),
    }
    if question.stream:
        wire["stream"] = True
    if question.tools:
        wire["tools"] = [{"name": t.name, "description": t.purpose, "input_schema": t.schema} for t in question.tools]
    if question.think:
        wire["thinking"] = {"type": "enabled", "budget_tokens": _BUDGET_TOKENS}
    return wire


def _messages(question: Question) -> list[dict[str, Any]]:
    past = question.past
    if past is None:
        return [{"role": "user", "content": _content(question)}]
    results = [
        {"type": "tool_result", "tool_use_id": call.id, "content": result}
        for call, result in zip(past.answer.calls, past.results, strict=True)
    ]
    return [{"role": "user", "content": past.prompt}, past.answer.turn, {"role": "user", "content": results}]


def _content(question: Question) -> str | list[dict[str, Any]]:
    if question.image is None:
        return question.prompt
    data = base64.b64encode(question.image).decode()
    source = {"type": "base64", "media_type": "image/png", "data": data}
    return [{"type": "image", "source": source}, {"type": "text", "text": question.prompt}]


def read(body: bytes, question: Question) -> Answer:
    message = decode(body, _Message, "the answer")
    return answer_of(message.content, message.stop_reason, message.usage)


def read_stream(body: bytes, question: Question) -> Answer:
    return claude_stream.read(body)


def read_error(body: bytes) -> Complaint:
    error = decode(body, _Refused, "the error").error
    return Complaint(error.type, error.message)


def read_broken_stream(body: bytes) -> tuple[str, Complaint]:
    text, last = claude_stream.read_broken(body)
    return text, read_error(last.encode())
