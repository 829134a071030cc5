"""What the Claude codec writes, read by the official SDK over a mock transport."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest

from a2a.messages import (
    Delta,
    End,
    Event,
    Failure,
    Finish,
    Message,
    Opaque,
    PartEnd,
    PartStart,
    Ping,
    Reasoning,
    Request,
    Seal,
    Start,
    Stop,
    Text,
    ToolCall,
    Usage,
    UsageNow,
)
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.claude import front, upstream
from a2a.protocols.fold import fold

VECTORS = Path(__file__).parents[1] / "golden" / "vectors"
SURFACE = json.loads((VECTORS / "surface.json").read_bytes())
HI: Any = [{"role": "user", "content": "hi"}]
KINDS: Any = [
    "bad_request",
    "unauthorized",
    "forbidden",
    "not_found",
    "too_large",
    "context_overflow",
    "rate_limited",
    "upstream",
    "overloaded",
    "timeout",
]
"""Failure kinds of the rows of `surface.json: errors`, in their order."""


def _conversion() -> Conversion:
    req = Request(proto="claude", model="m", messages=[Message(role="user", parts=[Text(text="hi")])])
    return Conversion(request=req, profile=Profile(), model="m", now=1.0, new_id=lambda prefix: f"{prefix}1")


@contextmanager
def _client(answer: Callable[[httpx2.Request], httpx2.Response]) -> Iterator[anthropic.Anthropic]:
    transport = httpx2.MockTransport(answer)
    with (
        httpx2.Client(transport=transport) as http,
        anthropic.Anthropic(api_key="k", base_url="http://a2a.test", http_client=http, max_retries=0) as client,
    ):
        yield client


def _stream_of(events: list[Event]) -> bytes:
    renderer = front.stream_renderer(_conversion())
    return b"".join(renderer.on(event) for event in events)


def _sse(body: bytes) -> Callable[[httpx2.Request], httpx2.Response]:
    return lambda _: httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body)


def _json(status: int, body: bytes, **headers: str) -> Callable[[httpx2.Request], httpx2.Response]:
    return lambda _: httpx2.Response(status, headers={"content-type": "application/json", **headers}, content=body)


def _golden_events() -> list[Event]:
    parser = upstream.stream_parser(_conversion())
    return parser.feed((VECTORS / "claude.stream.sse").read_bytes()) + parser.eof()


def _foreign_events() -> list[Event]:
    """As a converter from another vendor gives them: usage at the end, no signature, parallel calls, one empty."""
    return [
        Start("chatcmpl-1", "gpt", 1),
        PartStart(0, Reasoning()),
        Delta(0, "hmm"),
        PartEnd(0),
        PartStart(1, Text(text="")),
        Delta(1, "Two "),
        Ping(),
        Delta(1, "calls\u2028."),
        PartEnd(1),
        PartStart(2, ToolCall(id="call_a", name="f", args="")),
        Delta(2, '{"x": 1'),
        Delta(2, ".50}"),
        PartEnd(2),
        PartStart(3, ToolCall(id="call_b", name="g", args="")),
        PartEnd(3),
        Finish(Stop(kind="tool_call")),
        UsageNow(Usage(input=1000, cache_read=600, cache_write=300, output=50, reasoning=20)),
        End(),
    ]


def test_golden_stream_in_the_helper_is_the_golden_message() -> None:
    with (
        _client(_sse(_stream_of(_golden_events()))) as client,
        client.messages.stream(model="m", max_tokens=100, messages=HI) as stream,
    ):
        message = stream.get_final_message()
    want = json.loads((VECTORS / "claude.response.json").read_bytes())
    got = message.to_dict()
    assert [_shown(block) for block in got["content"]] == [_shown(block) for block in want["content"]]  # type: ignore[attr-defined]
    assert {key: got["usage"][key] for key in want["usage"]} == want["usage"]  # type: ignore[index]
    assert message.stop_reason == "tool_use"


def _shown(block: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in block.items() if value is not None and key != "parsed_output"}


def test_parallel_calls_and_thinking_in_the_helper() -> None:
    with (
        _client(_sse(_stream_of(_foreign_events()))) as client,
        client.messages.stream(model="m", max_tokens=100, messages=HI) as stream,
    ):
        kinds = [event.type for event in stream]
        message = stream.get_final_message()
    thought, text, first, second = message.content
    assert (thought.type, thought.thinking, thought.signature) == ("thinking", "hmm", "")  # type: ignore[union-attr]
    assert (text.type, text.text) == ("text", "Two calls\u2028.")  # type: ignore[union-attr]
    assert (first.id, first.name, first.input) == ("call_a", "f", {"x": 1.5})  # type: ignore[union-attr]
    assert (second.id, second.name, second.input) == ("call_b", "g", {})  # type: ignore[union-attr]
    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (100, 600, 50)
    assert message.stop_reason == "tool_use"
    assert {"thinking", "text", "input_json", "message_stop"} <= set(kinds)


def test_signed_thinking_in_the_helper() -> None:
    events: list[Event] = [
        Start("m1", "m", 1),
        PartStart(0, Reasoning()),
        Seal(0, Opaque("anthropic", "signature", "c2ln")),
        PartEnd(0),
        PartStart(1, Reasoning()),
        Seal(1, Opaque("anthropic", "redacted", "eHg=")),
        PartEnd(1),
        Finish(Stop(kind="end")),
        End(),
    ]
    with (
        _client(_sse(_stream_of(events))) as client,
        client.messages.stream(model="m", max_tokens=100, messages=HI) as stream,
    ):
        message = stream.get_final_message()
    assert [block.type for block in message.content] == ["thinking", "redacted_thinking"]
    assert message.content[0].signature == "c2ln"  # type: ignore[union-attr]


def test_raw_stream_yields_every_event() -> None:
    with _client(_sse(_stream_of(_foreign_events()))) as client:
        events = list(client.messages.create(model="m", max_tokens=100, messages=HI, stream=True))
    assert events[0].type == "message_start"
    assert events[-1].type == "message_stop"


def test_whole_answer() -> None:
    res = fold(_foreign_events(), "chat")
    assert not isinstance(res, Failure)
    with _client(_json(200, front.render_response(res, _conversion()))) as client:
        message = client.messages.create(model="m", max_tokens=100, messages=HI)
    assert [block.type for block in message.content] == ["thinking", "text", "tool_use", "tool_use"]
    assert (message.usage.input_tokens, message.usage.output_tokens) == (100, 50)


@pytest.mark.parametrize(("entry", "kind"), list(zip(SURFACE["errors"], KINDS, strict=True)), ids=KINDS)
def test_errors_raise_the_class_clients_expect(entry: dict[str, Any], kind: Any) -> None:
    message = entry["claude"]["body"]["error"]["message"]
    status, body = front.render_error(Failure(kind, message, 500), "req_g1")
    with (
        _client(_json(status, body, **{"request-id": "req_g1"})) as client,
        pytest.raises(anthropic.APIStatusError, match="req_g1") as caught,
    ):
        client.messages.create(model="m", max_tokens=100, messages=HI)
    assert type(caught.value).__name__ == entry["claude"]["raises"]
    assert caught.value.status_code == entry["claude"]["status"]


def test_failure_in_mid_stream_is_raised() -> None:
    events = [*_golden_events()[:12], Failure("overloaded", "upstream overloaded", 529)]
    with (
        _client(_sse(_stream_of(events))) as client,
        client.messages.stream(model="m", max_tokens=100, messages=HI) as stream,
        pytest.raises(anthropic.APIStatusError, match="upstream overloaded"),
    ):
        stream.until_done()


def test_failure_before_anything_was_sent_is_raised() -> None:
    body = _stream_of([Failure("upstream", "upstream closed", 502)])
    with (
        _client(_sse(body)) as client,
        client.messages.stream(model="m", max_tokens=100, messages=HI) as stream,
        pytest.raises(anthropic.APIStatusError, match="upstream closed"),
    ):
        stream.until_done()


def test_keepalives_before_the_start_are_harmless() -> None:
    ping = front.stream_renderer(_conversion()).keepalive()
    with (
        _client(_sse(ping + ping + _stream_of(_golden_events()))) as client,
        client.messages.stream(model="m", max_tokens=100, messages=HI) as stream,
    ):
        assert "".join(stream.get_final_text().split("\u2028")).startswith("That is €11.48.")


def test_token_count() -> None:
    with _client(_json(200, front.render_count(31))) as client:
        assert client.messages.count_tokens(model="m", messages=HI).input_tokens == 31


def test_a_request_of_the_sdk_is_understood() -> None:
    seen: list[Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        headers = {key.lower(): value for key, value in request.headers.items()}
        seen.append(front.parse_request(request.content, headers=headers))
        return _json(200, (VECTORS / "claude.response.json").read_bytes())(request)

    body = json.loads((VECTORS / "claude.request.json").read_bytes())
    body.pop("stream")
    with _client(answer) as client:
        client.beta.messages.create(**body, betas=["effort-2025-11-24"])
    assert seen[0].betas == ["effort-2025-11-24"]
    assert [message.role for message in seen[0].messages] == ["user", "assistant", "user"]
