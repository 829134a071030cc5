"""The Messages dialect as an Anthropic client speaks it (specs/conversion.md 4, 5, 6, 9, 11.1)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from a2a.demo.matrix import claude_stream
from a2a.demo.matrix.claude_wire import Block, Count, Error, Usage, answer_of
from a2a.demo.matrix.talk import Answer, Complaint, Counting, Question, Refusals
from a2a.demo.matrix.wrong import decode

name = "claude"
prompt_key = "messages"

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


class _Counted(Struct, forbid_unknown_fields=True):
    input_tokens: Count


class _Refused(Struct, forbid_unknown_fields=True):
    type: Literal["error"]
    error: Error
    request_id: str | None = None


def path(question: Question) -> str:
    return "/v1/messages"


def key(key: str) -> Mapping[str, str]:
    """Of an SDK before 2.0, whose `output_config` needs its beta (specs/clients.md)."""
    return {"x-api-key": key, "anthropic-version": "2023-06-01", "anthropic-beta": "structured-outputs-2025-11-13"}


def body(question: Question) -> dict[str, Any]:
    wire = _prompt(question) | {"max_tokens": 4000}
    return wire | {"stream": True} if question.stream else wire


def _prompt(question: Question) -> dict[str, Any]:
    """What is counted: everything but the limits of the answer."""
    wire: dict[str, Any] = {
        "model": question.model,
        "system": "You are a test.",
        "messages": _messages(question),
    }
    if question.tools:
        wire["tools"] = [{"name": t.name, "description": t.purpose, "input_schema": t.schema} for t in question.tools]
    if question.think:
        wire["thinking"] = {"type": "enabled", "budget_tokens": _BUDGET_TOKENS}
    if question.schema is not None:
        wire["output_config"] = {"format": {"type": "json_schema", "schema": question.schema}}
    return wire


def _messages(question: Question) -> list[dict[str, Any]]:
    past = question.past
    if past is None:
        return [{"role": "user", "content": _content(question)}]
    results = [
        {"type": "tool_result", "tool_use_id": call.id, "content": result}
        for call, result in zip(past.answer.calls, past.results, strict=True)
    ]
    return [{"role": "user", "content": past.prompt}, *past.answer.turn, {"role": "user", "content": results}]


def _content(question: Question) -> str | list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if question.image is not None:
        blocks.append({"type": "image", "source": _source("image/png", question.image)})
    if question.document is not None:
        blocks.append(
            {"type": "document", "source": _source("application/pdf", question.document), "title": "report.pdf"}
        )
    return [*blocks, {"type": "text", "text": question.prompt}] if blocks else question.prompt


def _source(kind: str, data: bytes) -> dict[str, str]:
    return {"type": "base64", "media_type": kind, "data": base64.b64encode(data).decode()}


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


def _read_count(body: bytes) -> int:
    return decode(body, _Counted, "the count").input_tokens


counting: Counting | None = Counting(path=lambda _: "/v1/messages/count_tokens", body=_prompt, read=_read_count)
