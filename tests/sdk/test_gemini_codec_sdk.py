"""What the Gemini codec writes, read by the official SDK over a mock transport."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from google import genai
from google.genai import errors, types

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
    Reasoning,
    Request,
    Response,
    Seal,
    Start,
    Stop,
    Text,
    ToolCall,
    ToolResult,
    Usage,
    UsageNow,
)
from a2a.protocols import chat, claude, gemini
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.fold import fold
from a2a.protocols.gemini import front, upstream
from a2a.protocols.gemini.lists import Entry, render_models
from a2a.protocols.gemini.stream_render import ARRAY_MARK

VECTORS = Path(__file__).parents[1] / "golden" / "vectors"
SURFACE = json.loads((VECTORS / "surface.json").read_bytes())
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
SSE = "text/event-stream"
Answer = Callable[[httpx2.Request], httpx2.Response]


def _conversion(**extra: str) -> Conversion:
    numbers = itertools.count(1)
    req = Request(proto="gemini", model="m", messages=[Message(role="user", parts=[Text(text="hi")])])
    return Conversion(
        request=req,
        profile=Profile(),
        model="m",
        now=1.0,
        new_id=lambda prefix: f"{prefix}{next(numbers)}",
        extra=extra,
    )


@contextmanager
def _client(answer: Answer) -> Iterator[genai.Client]:
    with httpx2.Client(transport=httpx2.MockTransport(answer)) as http:
        options = types.HttpOptions(base_url="http://a2a.test", httpx_client=http)
        client = genai.Client(api_key="k", http_options=options)
        yield client
        client.close()


def _sends(body: bytes, status: int = 200, kind: str = "application/json") -> Answer:
    return lambda _: httpx2.Response(status, headers={"content-type": kind}, content=body)


def _bytes(events: list[Event], **extra: str) -> bytes:
    renderer = front.stream_renderer(_conversion(**extra))
    return b"".join(renderer.on(event) for event in events)


def _golden(codec: Any, name: str) -> list[Event]:
    parser = codec.upstream.stream_parser(_conversion())
    return parser.feed((VECTORS / f"{name}.stream.sse").read_bytes()) + parser.eof()  # type: ignore[no-any-return]


def _foreign_events() -> list[Event]:
    """As a converter from another vendor gives them: fragments, parallel calls, one empty, a foreign token."""
    return [
        Start("chatcmpl-1", "gpt", 1),
        PartStart(0, Reasoning()),
        Delta(0, "hmm"),
        Seal(0, Opaque("anthropic", "signature", "Eq/x+y=")),
        PartEnd(0),
        PartStart(1, Text(text="")),
        Delta(1, "Two "),
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


def _read(chunks: list[types.GenerateContentResponse]) -> dict[str, Any]:
    """What a client makes of a stream."""
    parts = [part for one in chunks for part in (one.candidates or [])[0].content.parts or []]  # type: ignore[union-attr]
    return {
        "thoughts": "".join(part.text or "" for part in parts if part.thought),
        "text": "".join(part.text or "" for part in parts if part.text and not part.thought),
        "calls": [
            (part.function_call.id, part.function_call.name, part.function_call.args)
            for part in parts
            if part.function_call
        ],
        "signatures": [part.thought_signature for part in parts if part.thought_signature],
    }


def _stream(body: bytes) -> list[types.GenerateContentResponse]:
    with _client(_sends(body, kind=SSE)) as client:
        return list(client.models.generate_content_stream(model="m", contents="hi"))


@pytest.mark.parametrize(("codec", "name"), [(chat, "chat"), (claude, "claude")])
def test_golden_streams_of_others(codec: Any, name: str) -> None:
    chunks = _stream(_bytes(_golden(codec, name)))
    want = json.loads((VECTORS / "ir.json").read_bytes())["response"]
    got = _read(chunks)
    assert got["thoughts"] == want["parts"][0]["reasoning"]
    assert got["text"] == want["parts"][1]["text"]
    assert [call[1:] for call in got["calls"]] == [
        (part["tool_call"]["name"], part["tool_call"]["args"]) for part in want["parts"] if "tool_call" in part
    ]
    _is_golden_end(chunks[-1])


def test_golden_stream() -> None:
    chunks = _stream(_bytes(_golden(gemini, "gemini")))
    assert _read(chunks)["signatures"] == [b"\x12gemini-signature-turn-2"]
    assert chunks[-1].response_id == "g-resp-1"
    _is_golden_end(chunks[-1])


def _is_golden_end(last: types.GenerateContentResponse) -> None:
    usage = last.usage_metadata
    assert usage is not None
    counts = (usage.prompt_token_count, usage.cached_content_token_count, usage.candidates_token_count)
    assert counts == (812, 512, 56)
    assert (usage.thoughts_token_count, usage.total_token_count) == (40, 908)
    assert last.candidates is not None
    assert last.candidates[0].finish_reason == types.FinishReason.STOP


def test_parallel_calls_and_a_foreign_token() -> None:
    got = _read(_stream(_bytes(_foreign_events())))
    assert got == {
        "thoughts": "hmm",
        "text": "Two calls\u2028.",
        "calls": [("call_a", "f", {"x": 1.5}), ("call_b", "g", {})],
        "signatures": [b"a2a1.anthropic.signature.Eq/x+y="],
    }


def test_keep_alives_are_harmless() -> None:
    renderer = front.stream_renderer(_conversion())
    quiet = renderer.keepalive()
    body = quiet + b"".join(renderer.on(event) + quiet for event in _foreign_events())
    assert _read(_stream(body))["text"] == "Two calls\u2028."


def test_an_array_holds_whole_answers() -> None:
    answers = json.loads(_bytes(_foreign_events(), **{ARRAY_MARK: "1"}))
    assert len(answers) > 1
    for one in answers:
        types.GenerateContentResponse.model_validate(one)


def test_whole_answers() -> None:
    res = fold(_foreign_events(), "chat")
    assert isinstance(res, Response)
    body = front.render_response(res, _conversion())
    types.GenerateContentResponse.model_validate_json(body)  # refuses unknown keys
    with _client(_sends(body)) as client:
        answer = client.models.generate_content(model="m", contents="hi")
    assert _read([answer])["text"] == "Two calls\u2028."
    assert [call.name for call in answer.function_calls or []] == ["f", "g"]
    assert answer.usage_metadata is not None
    assert answer.usage_metadata.total_token_count == 1050


@pytest.mark.parametrize(("entry", "kind"), list(zip(SURFACE["errors"], KINDS, strict=True)), ids=KINDS)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_raise_the_class_clients_expect(entry: dict[str, Any], kind: Any, stream: bool) -> None:
    want = entry["gemini"]
    status, body = front.render_error(Failure(kind, want["body"]["error"]["message"], 500))
    with _client(_sends(body, status)) as client:
        ask = client.models.generate_content_stream if stream else client.models.generate_content
        with pytest.raises(errors.APIError) as caught:
            list(ask(model="m", contents="hi"))
    assert type(caught.value).__name__ == want["raises"]
    assert (caught.value.code, caught.value.message) == (want["status"], want["body"]["error"]["message"])


@pytest.mark.parametrize("begun", [0, 9])
def test_failure_in_mid_stream_is_raised(begun: int) -> None:
    body = _bytes([*_foreign_events()[:begun], Failure("overloaded", "upstream closed", 503)])
    with pytest.raises(errors.ServerError, match="upstream closed"):
        _stream(body)


def test_a_wait_is_part_of_the_error() -> None:
    with pytest.raises(errors.ClientError) as caught:
        _stream(_bytes([Failure("rate_limited", "slow", 429, retry_after=2.5)]))
    assert "2.5s" in json.dumps(caught.value.details)


def test_token_count() -> None:
    seen: list[Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(front.parse_count(request.content, {}, "m"))
        return _sends(front.render_count(31))(request)

    with _client(answer) as client:
        assert client.models.count_tokens(model="m", contents="hi").total_tokens == 31
    assert seen[0].messages == [Message(role="user", parts=[Text(text="hi")])]


def test_model_list() -> None:
    entries = [Entry("gemini-3.1-pro", "Gemini 3.1 Pro", 1048576, 65536, True), Entry("b", "B"), Entry("c", "C")]

    def answer(request: httpx2.Request) -> httpx2.Response:
        query = request.url.params
        return _sends(render_models(entries, page_size=query.get("pageSize"), page_token=query.get("pageToken")))(
            request
        )

    with _client(answer) as client:
        models = list(client.models.list(config={"page_size": 2}))
    assert [model.name for model in models] == ["models/gemini-3.1-pro", "models/b", "models/c"]
    assert models[0].input_token_limit == 1048576


def test_requests_of_the_sdk_are_understood() -> None:
    """Two turns of a chat: what the SDK keeps of a streamed answer comes back in one piece."""
    seen: list[Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(front.parse_request(request.content, headers={}, model="m"))
        return _sends(_bytes(_foreign_events()), kind=SSE)(request)

    schema = {"type": "object", "properties": {"x": {"type": "number"}}}
    declared = types.FunctionDeclaration(name="f", parameters_json_schema=schema)
    config = types.GenerateContentConfig(
        system_instruction="s",
        temperature=0,
        max_output_tokens=50,
        stop_sequences=["x"],
        response_mime_type="application/json",
        response_schema=types.Schema(
            type=types.Type.OBJECT, properties={"a": types.Schema(type=types.Type.STRING, nullable=True)}
        ),
        thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_budget=2000),
        tools=[types.Tool(function_declarations=[declared]), types.Tool(google_search=types.GoogleSearch())],
        tool_config=types.ToolConfig(
            function_calling_config=types.FunctionCallingConfig(
                mode=types.FunctionCallingConfigMode.ANY, allowed_function_names=["f"]
            )
        ),
        safety_settings=[
            types.SafetySetting(
                category=types.HarmCategory.HARM_CATEGORY_HARASSMENT, threshold=types.HarmBlockThreshold.OFF
            )
        ],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    with _client(answer) as client:
        talk = client.chats.create(model="m", config=config)
        list(
            talk.send_message_stream(
                ["look", types.Part.from_bytes(data=b"\x89PNG\r\n\x1a\n\xff\xfb", mime_type="image/png")]
            )
        )
        results = [
            types.Part(function_response=types.FunctionResponse(id=call_id, name=name, response={"output": name}))
            for call_id, name in (("call_a", "f"), ("call_b", "g"))
        ]
        list(talk.send_message_stream(results))
    first, second = seen
    assert [text.text for text in first.system] == ["s"]
    assert (first.max_output, first.stop, first.sampling.temperature) == (50, ["x"], 0)
    assert first.output is not None
    assert json.loads(bytes(first.output.schema or b""))["properties"]["a"]["type"] == ["string", "null"]
    assert first.think is not None
    assert (first.think.budget, first.think.show) == (2000, "summary")
    assert {tool.name for tool in first.tools} == {"f", "googleSearch"}
    assert first.choice is not None
    assert first.choice.names == ("f",)
    assert set(first.ext or {}) == {"safetySettings"}
    assert first.messages[0].parts[1].source.data == "iVBORw0KGgr/+w=="  # type: ignore[union-attr]
    assert second.messages[1].parts == [
        Reasoning(text="hmm", opaque=[Opaque("anthropic", "signature", "Eq/x+y=")]),
        Text(text="Two calls\u2028."),
        ToolCall(id="call_a", name="f", args='{"x":1.5}'),
        ToolCall(id="call_b", name="g", args="{}"),
    ]
    assert second.messages[2].parts == [
        ToolResult(call_id="call_a", name="f", parts=[Text(text="f")]),
        ToolResult(call_id="call_b", name="g", parts=[Text(text="g")]),
    ]


def test_rendered_requests_have_only_known_keys() -> None:
    """The SDK's types refuse unknown fields."""
    body = (VECTORS / "claude.request.json").read_bytes()
    req = claude.front.parse_request(body, headers={})
    conv = _conversion()
    wire = json.loads(upstream.render_request(req, conv))
    assert wire["contents"] and wire["tools"]  # noqa: PT018 - the loops below must have something to judge
    for content in wire["contents"]:
        types.Content.model_validate(content)
    for tool in wire["tools"]:
        types.Tool.model_validate(tool)
    types.GenerationConfig.model_validate(wire["generationConfig"])
    types.ToolConfig.model_validate(wire["toolConfig"])
