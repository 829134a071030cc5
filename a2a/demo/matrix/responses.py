"""The Responses dialect as an OpenAI client speaks it that stores nothing (specs/conversion.md 4, 5, 6, 9, 11.1)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from a2a.demo.matrix import responses_stream
from a2a.demo.matrix.chat_wire import Error
from a2a.demo.matrix.responses_wire import INSTRUCTIONS, Count, Response, answer_of
from a2a.demo.matrix.talk import Answer, Complaint, Counting, Question, Refusals
from a2a.demo.matrix.wrong import decode

name = "responses"
prompt_key = "input"

refusals = Refusals(
    wrong_key=(401, "invalid_request_error"),
    bad_request=(400, "invalid_request_error"),
    not_found=(404, "invalid_request_error"),
    account_refused=(503, "server_error"),
    rate_limited=(429, "rate_limit_error"),
    upstream_broken=(502, "server_error"),
)


class _Counted(Struct, forbid_unknown_fields=True):
    object: Literal["response.input_tokens"]
    input_tokens: Count


class _Refused(Struct, forbid_unknown_fields=True):
    error: Error


def path(question: Question) -> str:
    return "/v1/responses"


def key(key: str) -> Mapping[str, str]:
    return {"authorization": f"Bearer {key}"}


def body(question: Question) -> dict[str, Any]:
    wire = _prompt(question) | {"max_output_tokens": 4000, "store": False}
    if question.stream:
        wire["stream"] = True
    if question.think:
        wire["include"] = ["reasoning.encrypted_content"]
    return wire


def _prompt(question: Question) -> dict[str, Any]:
    """What is counted: everything but the limits of the answer."""
    wire: dict[str, Any] = {"model": question.model, "instructions": INSTRUCTIONS, "input": _items(question)}
    if question.tools:
        wire["tools"] = [
            {"type": "function", "name": t.name, "description": t.purpose, "parameters": t.schema, "strict": False}
            for t in question.tools
        ]
    if question.think:
        wire["reasoning"] = {"effort": "medium", "summary": "auto"}
    if question.schema is not None:
        shape = {"type": "json_schema", "name": "report", "schema": question.schema, "strict": True}
        wire["text"] = {"format": shape}
    return wire


def _items(question: Question) -> list[dict[str, Any]]:
    past = question.past
    if past is None:
        return [{"type": "message", "role": "user", "content": _content(question)}]
    results = [
        {"type": "function_call_output", "call_id": call.id, "output": result}
        for call, result in zip(past.answer.calls, past.results, strict=True)
    ]
    asked = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": past.prompt}]}
    return [asked, *past.answer.turn, *results]


def _content(question: Question) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"type": "input_text", "text": question.prompt}]
    if question.image is not None:
        parts.append({"type": "input_image", "detail": "auto", "image_url": _data_url("image/png", question.image)})
    if question.document is not None:
        data = _data_url("application/pdf", question.document)
        parts.append({"type": "input_file", "filename": "report.pdf", "file_data": data})
    return parts


def _data_url(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def read(body: bytes, question: Question) -> Answer:
    return answer_of(decode(body, Response, "the answer"), question)


def read_stream(body: bytes, question: Question) -> Answer:
    return answer_of(responses_stream.read(body), question)


def read_error(body: bytes) -> Complaint:
    error = decode(body, _Refused, "the error").error
    return Complaint(error.type, error.message, error.code)


def read_broken_stream(body: bytes) -> tuple[str, Complaint]:
    text, error = responses_stream.read_broken(body)
    return text, Complaint(error.code, error.message, error.code)


def _read_count(body: bytes) -> int:
    return decode(body, _Counted, "the count").input_tokens


counting: Counting | None = Counting(path=lambda _: "/v1/responses/input_tokens", body=_prompt, read=_read_count)
