"""The Gemini dialect as Google's SDK speaks it (specs/conversion.md 4, 5, 6, 9, 11.1).

Binary data goes out in the URL-safe alphabet, as google-genai writes it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from a2a.demo.matrix import gemini_stream
from a2a.demo.matrix.gemini_wire import Chunk, Count, Heard
from a2a.demo.matrix.talk import Answer, Complaint, Counting, Question, Refusals
from a2a.demo.matrix.wrong import decode

name = "gemini"
prompt_key = "contents"

refusals = Refusals(
    wrong_key=(401, "UNAUTHENTICATED"),
    bad_request=(400, "INVALID_ARGUMENT"),
    not_found=(404, "NOT_FOUND"),
    account_refused=(503, "UNAVAILABLE"),
    rate_limited=(429, "RESOURCE_EXHAUSTED"),
    upstream_broken=(502, "INTERNAL"),
)

_THINKING_TOKENS = 2000


class _Error(Struct, forbid_unknown_fields=True):
    code: int
    message: Annotated[str, Meta(min_length=1)]
    status: Annotated[str, Meta(min_length=1)]
    details: list[dict[str, Any]] = []


class _Refused(Struct, forbid_unknown_fields=True):
    error: _Error


class _Counted(Struct, forbid_unknown_fields=True, rename="camel"):
    total_tokens: Count
    prompt_tokens_details: list[dict[str, Any]] = []


def path(question: Question) -> str:
    if not question.stream:
        return _method(question, "generateContent")
    return _method(question, "streamGenerateContent") + ("" if question.array else "?alt=sse")


def _method(question: Question, method: str) -> str:
    return f"/v1beta/models/{question.model}:{method}"


def key(key: str) -> Mapping[str, str]:
    return {"x-goog-api-key": key}


def body(question: Question) -> dict[str, Any]:
    config: dict[str, Any] = {"maxOutputTokens": 4000}
    if question.think:
        config["thinkingConfig"] = {"includeThoughts": True, "thinkingBudget": _THINKING_TOKENS}
    if question.schema is not None:
        config |= {"responseMimeType": "application/json", "responseJsonSchema": question.schema}
    return _prompt(question) | {"generationConfig": config}


def _prompt(question: Question) -> dict[str, Any]:
    """What is counted."""
    wire: dict[str, Any] = {
        "systemInstruction": {"parts": [{"text": "You are a test."}]},
        "contents": _contents(question),
    }
    if question.tools:
        functions = [
            {"name": t.name, "description": t.purpose, "parametersJsonSchema": t.schema} for t in question.tools
        ]
        wire["tools"] = [{"functionDeclarations": functions}]
    return wire


def _contents(question: Question) -> list[dict[str, Any]]:
    past = question.past
    if past is None:
        return [{"role": "user", "parts": _parts(question)}]
    results = [
        {"functionResponse": {"name": call.name, "response": {"output": result}} | ({"id": call.id} if call.id else {})}
        for call, result in zip(past.answer.calls, past.results, strict=True)
    ]
    asked = {"role": "user", "parts": [{"text": past.prompt}]}
    return [asked, *past.answer.turn, {"role": "user", "parts": results}]


def _parts(question: Question) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"text": question.prompt}]
    for kind, data in (("image/png", question.image), ("application/pdf", question.document)):
        if data is not None:
            parts.append({"inlineData": {"mimeType": kind, "data": base64.urlsafe_b64encode(data).decode()}})
    return parts


def read(body: bytes, question: Question) -> Answer:
    heard = Heard()
    heard.chunk(decode(body, Chunk, "the answer"))
    return heard.answer()


def read_stream(body: bytes, question: Question) -> Answer:
    heard = Heard()
    for text in gemini_stream.read(body, array=question.array):
        heard.chunk(decode(text, Chunk, "a chunk"))
    return heard.answer()


def read_error(body: bytes) -> Complaint:
    error = decode(body, _Refused, "the error").error
    return Complaint(error.status, error.message, status=error.code)


def read_broken_stream(body: bytes) -> tuple[str, Complaint]:
    *before, last = gemini_stream.read(body, array=False)
    heard = Heard()
    for text in before:
        heard.chunk(decode(text, Chunk, "a chunk"))
    heard.must_be_open()
    return heard.text, read_error(last)


def _count_body(question: Question) -> dict[str, Any]:
    return {"generateContentRequest": {"model": f"models/{question.model}", **_prompt(question)}}


def _read_count(body: bytes) -> int:
    return decode(body, _Counted, "the count").total_tokens


counting: Counting | None = Counting(
    path=lambda question: _method(question, "countTokens"), body=_count_body, read=_read_count
)
