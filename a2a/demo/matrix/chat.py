"""The Chat Completions dialect as an OpenAI client speaks it (specs/conversion.md 4, 5, 6, 9, 11.1)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from a2a.demo.matrix import chat_stream
from a2a.demo.matrix.chat_wire import Error, Usage, calls_of, counted, ending_of
from a2a.demo.matrix.talk import Answer, Complaint, Counting, Question, Refusals
from a2a.demo.matrix.wrong import decode, need, same

name = "chat"
prompt_key = "messages"
counting: Counting | None = None

refusals = Refusals(
    wrong_key=(401, "invalid_request_error"),
    bad_request=(400, "invalid_request_error"),
    not_found=(404, "invalid_request_error"),
    account_refused=(503, "server_error"),
    rate_limited=(429, "rate_limit_error"),
    upstream_broken=(502, "server_error"),
)


class _Function(Struct, forbid_unknown_fields=True):
    name: str
    arguments: str


class _Call(Struct, forbid_unknown_fields=True):
    id: Annotated[str, Meta(min_length=1)]
    type: Literal["function"]
    function: _Function


class _Message(Struct, forbid_unknown_fields=True):
    role: Literal["assistant"]
    content: str | None
    refusal: None = None
    annotations: list[Any] | None = None
    reasoning_content: str | UnsetType = UNSET
    tool_calls: list[_Call] | UnsetType = UNSET


class _Choice(Struct, forbid_unknown_fields=True):
    index: Literal[0]
    message: _Message
    finish_reason: Literal["stop", "tool_calls"]
    logprobs: None = None


class _Completion(Struct, forbid_unknown_fields=True):
    id: Annotated[str, Meta(min_length=1)]
    object: Literal["chat.completion"]
    created: Annotated[int, Meta(gt=0)]
    model: Annotated[str, Meta(min_length=1)]
    choices: Annotated[list[_Choice], Meta(min_length=1, max_length=1)]
    usage: Usage
    service_tier: str | None = None
    system_fingerprint: str | None = None


class _Refused(Struct, forbid_unknown_fields=True):
    """`request_id`: DashScope's, passed through."""

    error: Error
    request_id: str | None = None


def path(question: Question) -> str:
    return "/v1/chat/completions"


def key(key: str) -> Mapping[str, str]:
    return {"authorization": f"Bearer {key}"}


def body(question: Question) -> dict[str, Any]:
    wire: dict[str, Any] = {"model": question.model, "messages": _messages(question), "max_completion_tokens": 4000}
    if question.stream:
        wire |= {"stream": True, "stream_options": {"include_usage": True}}
    if question.tools:
        wire["tools"] = [
            {"type": "function", "function": {"name": t.name, "description": t.purpose, "parameters": t.schema}}
            for t in question.tools
        ]
    if question.think:
        wire["reasoning_effort"] = "medium"
    if question.schema is not None:
        shape = {"name": "report", "schema": question.schema, "strict": True}
        wire["response_format"] = {"type": "json_schema", "json_schema": shape}
    return wire


def _messages(question: Question) -> list[dict[str, Any]]:
    system = {"role": "system", "content": "You are a test."}
    past = question.past
    if past is None:
        return [system, {"role": "user", "content": _content(question)}]
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": result}
        for call, result in zip(past.answer.calls, past.results, strict=True)
    ]
    return [system, {"role": "user", "content": past.prompt}, *past.answer.turn, *results]


def _content(question: Question) -> str | list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"type": "text", "text": question.prompt}]
    if question.image is not None:
        parts.append({"type": "image_url", "image_url": {"url": _data_url("image/png", question.image)}})
    if question.document is not None:
        file = {"filename": "report.pdf", "file_data": _data_url("application/pdf", question.document)}
        parts.append({"type": "file", "file": file})
    return parts if len(parts) > 1 else question.prompt


def _data_url(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def read(body: bytes, question: Question) -> Answer:
    answer = decode(body, _Completion, "the answer")
    choice = answer.choices[0]
    message = choice.message
    listed = message.tool_calls or []
    if message.tool_calls is not UNSET:
        need(bool(listed), "tool_calls is an empty list")
    calls = calls_of([(one.id, one.function.name, one.function.arguments) for one in listed])
    same(choice.finish_reason, "tool_calls" if calls else "stop", "finish_reason")
    need(bool(calls) or message.content is not None, "content is null in an answer without calls")
    turn: dict[str, Any] = {"role": "assistant", "content": message.content}
    if listed:
        turn["tool_calls"] = msgspec.to_builtins(listed)
    return Answer(
        text=message.content or "",
        thinking=message.reasoning_content or "",
        calls=calls,
        ending=ending_of(choice.finish_reason),
        usage=counted(answer.usage),
        turn=[turn],
    )


def read_stream(body: bytes, question: Question) -> Answer:
    return chat_stream.read(body)


def read_error(body: bytes) -> Complaint:
    error = decode(body, _Refused, "the error").error
    return Complaint(error.type, error.message, error.code)


def read_broken_stream(body: bytes) -> tuple[str, Complaint]:
    text, last = chat_stream.read_broken(body)
    return text, read_error(last.encode())
