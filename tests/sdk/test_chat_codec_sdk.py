"""What the codec renders, read by the official openai SDK over a mock transport (conversion.md 17.3).

The SDK judges more than a schema can: it joins fragments by index, concatenates what is repeated, raises by status.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletion

from a2a.messages import (
    Delta,
    End,
    Event,
    Failure,
    Finish,
    PartEnd,
    PartStart,
    Reasoning,
    Refusal,
    Request,
    Start,
    Stop,
    StopKind,
    Text,
    ToolCall,
    Usage,
    UsageNow,
)
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.chat import front, upstream
from a2a.protocols.fold import explode

VECTORS = Path(__file__).parents[1] / "golden" / "vectors"
SURFACE = json.loads((VECTORS / "surface.json").read_text())
GOLDEN = (VECTORS / "chat.stream.sse").read_bytes()
MESSAGES: Any = [{"role": "user", "content": "hi"}]

CAUSES: dict[str, Failure] = {
    "bad request": Failure("bad_request", "messages must not be empty", 400),
    "wrong local key": Failure("unauthorized", "invalid a2a key", 401),
    "forbidden": Failure("forbidden", "this key may not use kiro", 403),
    "unknown model": Failure("not_found", "no provider serves model x", 404),
    "body too large": Failure("too_large", "request body over 32 MiB", 413),
    "context overflow": Failure("context_overflow", "prompt is too long: 210118 tokens > 200000 maximum", 400),
    "all accounts limited": Failure("rate_limited", "all accounts of pool qwen are rate limited", 429),
    "upstream 500": Failure("upstream", "upstream error", 500),
    "upstream overloaded (529/503)": Failure("overloaded", "upstream overloaded", 529),
    "upstream timeout": Failure("timeout", "upstream timed out", 504),
}


def conversion(*, want_usage: bool = True) -> Conversion:
    request = Request(proto="chat", model="alias", messages=[], want_usage=want_usage)
    return Conversion(request=request, profile=Profile(), model="up", now=1700000000.0)


def client(status: int, body: bytes, kind: str = "application/json") -> OpenAI:
    """An SDK client that gets this one answer, in pieces of 7 bytes."""

    class Pieces(httpx2.SyncByteStream):
        def __iter__(self) -> Iterable[bytes]:  # type: ignore[override]
            return (body[at : at + 7] for at in range(0, len(body), 7))

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, headers={"content-type": kind}, stream=Pieces())

    transport = httpx2.Client(transport=httpx2.MockTransport(answer))
    return OpenAI(api_key="k", base_url="http://a2a.test/v1", max_retries=0, http_client=transport)


def streamed(*events: Event, want_usage: bool = True) -> OpenAI:
    renderer = front.stream_renderer(conversion(want_usage=want_usage))
    pieces = [renderer.keepalive()]
    for event in events:
        pieces += [renderer.on(event), renderer.keepalive()]
    return client(200, b"".join(pieces), "text/event-stream")


def final(sdk: OpenAI) -> ChatCompletion:
    """What the streaming helper puts together."""
    with sdk.chat.completions.stream(model="m", messages=MESSAGES) as stream:
        return stream.get_final_completion()


START = Start(id="c1", model="m", created=5)


def stop(kind: StopKind) -> list[Event]:
    return [Finish(Stop(kind=kind)), UsageNow(Usage(input=3, output=2)), End()]


def check_golden(message: Any) -> None:
    golden = json.loads((VECTORS / "chat.response.json").read_text())["choices"][0]["message"]
    assert message.content == golden["content"]
    assert message.reasoning_content == golden["reasoning_content"]
    assert [call.function.name for call in message.tool_calls] == ["log_expense"]
    assert message.tool_calls[0].function.arguments == golden["tool_calls"][0]["function"]["arguments"]


def test_unary() -> None:
    res = upstream.parse_response((VECTORS / "chat.response.json").read_bytes(), conversion())
    found = client(200, front.render_response(res, conversion())).chat.completions.create(model="m", messages=MESSAGES)
    check_golden(found.choices[0].message)
    ChatCompletion.model_validate(found.model_dump(warnings=False))
    assert found.choices[0].finish_reason == "tool_calls"
    assert found.usage is not None
    assert (found.usage.prompt_tokens, found.usage.total_tokens) == (812, 908)


def test_golden_stream_through_the_helper() -> None:
    parser = upstream.stream_parser(conversion())
    found = final(streamed(*parser.feed(GOLDEN), *parser.eof()))
    check_golden(found.choices[0].message)
    assert found.usage is not None
    assert found.usage.completion_tokens == 96
    assert (found.id, found.choices[0].finish_reason) == ("chatcmpl-g1", "tool_calls")


def test_a_whole_answer_as_a_stream() -> None:
    res = upstream.parse_response((VECTORS / "chat.response.json").read_bytes(), conversion())
    check_golden(final(streamed(*explode(res))).choices[0].message)


def test_parallel_calls_with_reasoning() -> None:
    found = final(
        streamed(
            START,
            PartStart(0, Reasoning()),
            Delta(0, "let me "),
            Delta(0, "see"),
            PartEnd(0),
            PartStart(1, ToolCall(id="call_a", name="f", args="")),
            Delta(1, '{"x":'),
            Delta(1, "1}"),
            PartEnd(1),
            PartStart(2, ToolCall(id="call_b", name="g", args="")),
            PartEnd(2),
            PartStart(3, Text(text="")),
            Delta(3, "after"),
            PartEnd(3),
            *stop("tool_call"),
        )
    )
    message = found.choices[0].message
    assert message.reasoning_content == "let me see"  # type: ignore[attr-defined]
    assert message.content == "after"
    assert [(call.id, call.function.name, call.function.arguments) for call in message.tool_calls or []] == [
        ("call_a", "f", '{"x":1}'),
        ("call_b", "g", "{}"),
    ]


def test_raw_chunks() -> None:
    events: list[Event] = [START, PartStart(0, Text(text="")), Delta(0, "a"), Delta(0, "b"), PartEnd(0), *stop("end")]
    chunks = list(streamed(*events).chat.completions.create(model="m", messages=MESSAGES, stream=True))
    assert {(chunk.id, chunk.created, chunk.model) for chunk in chunks} == {("c1", 5, "m")}
    assert [chunk.choices[0].delta.content for chunk in chunks if chunk.choices] == ["", "a", "b", None]
    assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == [5]
    quiet = list(streamed(*events, want_usage=False).chat.completions.create(model="m", messages=MESSAGES, stream=True))
    assert all(chunk.usage is None and chunk.choices for chunk in quiet)


def test_refusal() -> None:
    events: list[Event] = [START, PartStart(0, Refusal(text="")), Delta(0, "no"), PartEnd(0), *stop("refusal")]
    chunks = list(streamed(*events).chat.completions.create(model="m", messages=MESSAGES, stream=True))
    assert "".join(chunk.choices[0].delta.refusal or "" for chunk in chunks if chunk.choices) == "no"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "content_filter"


@pytest.mark.parametrize("row", SURFACE["errors"], ids=lambda row: row["cause"])
def test_errors_raise_the_class_clients_know(row: dict[str, Any]) -> None:
    status, body = front.render_error(CAUSES[row["cause"]])
    with pytest.raises(getattr(openai, row["chat"]["raises"])) as caught:
        client(status, body).chat.completions.create(model="m", messages=MESSAGES)
    error = caught.value
    assert isinstance(error, openai.APIStatusError)
    assert (error.status_code, error.code) == (status, row["chat"]["body"]["error"]["code"])


@pytest.mark.parametrize("begun", [True, False])
def test_an_error_in_mid_stream_raises(*, begun: bool) -> None:
    opening: list[Event] = [START, PartStart(0, Text(text="")), Delta(0, "a")] if begun else []
    sdk = streamed(*opening, Failure("truncated", "upstream closed", 502), End())
    chunks = iter(sdk.chat.completions.create(model="m", messages=MESSAGES, stream=True))
    seen = [next(chunks).choices[0].delta.content for _ in range(2 if begun else 0)]
    with pytest.raises(openai.APIError) as caught:
        next(chunks)
    assert seen == (["", "a"] if begun else [])
    assert (caught.value.message, caught.value.code) == ("upstream closed", "upstream_error")


def test_the_body_the_sdk_sends_is_parsed() -> None:
    sent: list[bytes] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request.content)
        res = upstream.parse_response((VECTORS / "chat.response.json").read_bytes(), conversion())
        return httpx2.Response(
            200, headers={"content-type": "application/json"}, content=front.render_response(res, conversion())
        )

    sdk = OpenAI(
        api_key="k", base_url="http://a2a.test/v1", http_client=httpx2.Client(transport=httpx2.MockTransport(answer))
    )
    body = json.loads((VECTORS / "chat.request.json").read_text())
    body.update(stream=False)
    del body["stream_options"]
    first = sdk.chat.completions.create(**body)
    sdk.chat.completions.create(model="m", messages=[*body["messages"], first.choices[0].message])  # type: ignore[list-item]
    requests = [front.parse_request(each, headers={}) for each in sent]
    assert [tool.name for tool in requests[0].tools] == ["get_rate", "suggest_category", "log_expense"]
    last = requests[1].messages[-1]
    assert [type(part) for part in last.parts] == [Reasoning, Text, ToolCall]
    assert last.ext is None
