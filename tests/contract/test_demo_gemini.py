"""The official google-genai SDK talks straight to the emulated Gemini API, and what that upstream refuses."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import errors, types

from a2a.demo.upstreams import Upstreams

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),  # the SDK's own
]

KEY = "AIza-demo-gemini-1"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4/X4fBDHAWQCg4g/xSJ8EGAAAAABJRU5ErkJggg=="
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = types.Tool(function_declarations=[types.FunctionDeclaration(name="get_weather", parameters_json_schema=CITY)])
PRO = "gemini-3.1-pro-preview"


@pytest.fixture
async def up() -> AsyncIterator[Upstreams]:
    async with Upstreams() as upstreams:
        yield upstreams


@pytest.fixture
async def client(up: Upstreams) -> AsyncIterator[Any]:
    options = types.HttpOptions(base_url=up.gemini_url)
    async with genai.Client(api_key=KEY, http_options=options).aio as made:
        yield made


@pytest.fixture
async def http(up: Upstreams) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=up.gemini_url, headers={"x-goog-api-key": KEY}, timeout=10) as made:
        yield made


async def test_text(client: Any) -> None:
    done = await client.models.generate_content(model="gemini-2.5-flash", contents="hello")
    assert done.text == "You said: hello — noted ✓"
    used = done.usage_metadata
    thoughts = used.thoughts_token_count
    assert used.total_token_count == used.prompt_token_count + used.candidates_token_count + thoughts


async def test_stream_with_thoughts(client: Any) -> None:
    config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))
    stream = await client.models.generate_content_stream(model=PRO, contents="grüß dich, 世界", config=config)
    chunks = [chunk async for chunk in stream]
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts]
    assert "naïve" in "".join(part.text for part in parts if part.thought)
    assert "".join(part.text for part in parts if not part.thought) == "You said: grüß dich, 世界 — noted ✓"
    assert parts[-1].thought_signature
    assert [bool(chunk.candidates[0].finish_reason) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]


async def test_parallel_tools_round_trip(client: Any) -> None:
    config = types.GenerateContentConfig(tools=[WEATHER])
    asked: list[Any] = [types.UserContent("What is the weather in Kyoto and Oslo?")]
    first = await client.models.generate_content(model=PRO, contents=asked, config=config)
    calls = first.function_calls
    assert [call.args for call in calls] == [{"city": "Kyoto"}, {"city": "Oslo"}]
    assert [bool(part.thought_signature) for part in first.candidates[0].content.parts if part.function_call] == [
        True,
        False,
    ]
    results = [
        types.Part(function_response=types.FunctionResponse(id=call.id, name=call.name, response={"output": "4 °C"}))
        for call in calls
    ]
    history = [*asked, first.candidates[0].content, types.Content(role="user", parts=results)]
    second = await client.models.generate_content(model=PRO, contents=history, config=config)
    assert second.text == "The tool said: 4 °C\nThe tool said: 4 °C"


async def test_image_document_and_schema(client: Any) -> None:
    parts = [
        types.Part(text="What is this?"),
        types.Part(inline_data=types.Blob(mime_type="image/png", data=PNG)),  # type: ignore[arg-type]
        types.Part.from_bytes(data=b"%PDF-", mime_type="application/pdf"),
    ]
    done = await client.models.generate_content(model="gemini-2.5-pro", contents=parts)
    assert done.text.startswith("The image is 3x2 pixels (image/png).")
    assert "application/pdf, 5 bytes." in done.text
    for shape in ({"response_schema": CITY}, {"response_json_schema": CITY}):
        config = types.GenerateContentConfig(response_mime_type="application/json", **shape)
        made = await client.models.generate_content(model="gemini-2.5-pro", contents="hotels in Lima", config=config)
        assert json.loads(made.text) == {"city": "Lima"}


async def test_count_embed_and_models(client: Any) -> None:
    counted = await client.models.count_tokens(model="gemini-2.5-flash", contents="hello there")
    assert counted.total_tokens > 0
    config = types.EmbedContentConfig(output_dimensionality=8)
    made = await client.models.embed_content(model="gemini-embedding-001", contents=["a", "b"], config=config)
    assert [len(one.values) for one in made.embeddings] == [8, 8]
    listed = [model.name async for model in await client.models.list(config={"page_size": 3})]
    assert f"models/{PRO}" in listed
    assert (await client.models.get(model="gemini-2.5-pro")).output_token_limit == 65_536


async def test_errors_reach_the_sdk(client: Any, up: Upstreams) -> None:
    with pytest.raises(errors.ClientError, match="models/gemini-9 is not found"):
        await client.models.generate_content(model="gemini-9", contents="hi")
    stream = await client.models.generate_content_stream(
        model="gemini-2.5-flash", contents="[[fault: error_event after=2 status=503]]"
    )
    with pytest.raises(errors.ServerError):
        _ = [chunk async for chunk in stream]
    blocked = await client.models.generate_content(model="gemini-2.5-flash", contents="[[blocked: SAFETY]]")
    assert blocked.prompt_feedback.block_reason == types.BlockedReason.SAFETY
    halted = await client.models.generate_content(model="gemini-2.5-flash", contents="[[finish: RECITATION]]")
    assert halted.candidates[0].finish_reason == types.FinishReason.RECITATION


@pytest.mark.parametrize(
    ("code", "status", "kinds"),
    [
        ("quota_minute", 429, ["QuotaFailure", "Help", "RetryInfo"]),
        ("quota_day", 429, ["QuotaFailure", "Help", "RetryInfo"]),
        ("no_entitlement", 429, ["QuotaFailure", "Help", "RetryInfo"]),
        ("expired", 400, ["ErrorInfo"]),
        ("location", 400, []),
        ("leaked", 403, []),
        ("overloaded", 503, []),
    ],
)
async def test_scenarios(http: httpx.AsyncClient, up: Upstreams, code: str, status: int, kinds: list[str]) -> None:
    up.faults.add(f"http code={code}", api="gemini", account=KEY)
    body = {"contents": [{"parts": [{"text": "hello"}]}]}
    answer = await http.post("/v1beta/models/gemini-2.5-pro:generateContent", json=body)
    assert answer.status_code == status
    details = answer.json()["error"].get("details", [])
    assert [one["@type"].rpartition(".")[2] for one in details] == kinds


async def test_stream_as_an_array_and_as_events(http: httpx.AsyncClient) -> None:
    body = {"contents": [{"parts": [{"text": "hello"}]}]}
    listed = await http.post("/v1beta/models/gemini-2.5-pro:streamGenerateContent", json=body)
    assert "".join(chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in listed.json()).startswith("You")
    events = await http.post("/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse", json=body)
    assert events.content.startswith(b"data: {")
    assert events.content.endswith(b"}\r\n\r\n")
    broken = {"contents": [{"parts": [{"text": "[[fault: error_event after=2]]"}]}]}
    told = await http.post("/v1beta/models/gemini-2.5-pro:streamGenerateContent", json=broken)
    assert told.json()[2]["error"]["status"] == "INTERNAL"
    refused = await http.post("/v1beta/models/gemini-9:streamGenerateContent", json=body)
    assert (refused.status_code, refused.json()[0]["error"]["status"]) == (404, "NOT_FOUND")


async def test_keys(up: Upstreams) -> None:
    body = {"contents": [{"parts": [{"text": "hello"}]}]}
    async with httpx.AsyncClient(base_url=up.gemini_url) as http:
        path = "/v1/models/gemini-2.5-pro:generateContent"
        assert (await http.post(path, json=body)).status_code == 403
        assert (await http.post(f"{path}?key={KEY}", json=body)).status_code == 200
        wrong = await http.post(f"{path}?key=AIza-wrong", json=body)
    assert (wrong.status_code, wrong.json()["error"]["details"][0]["reason"]) == (400, "API_KEY_INVALID")


def said(*parts: Any, role: str = "user") -> dict[str, Any]:
    return {"role": role, "parts": [{"text": part} if isinstance(part, str) else part for part in parts]}


def call(**more: Any) -> dict[str, Any]:
    return {"functionCall": {"name": "f", "args": {}}, **more}


def result(**more: Any) -> dict[str, Any]:
    return {"functionResponse": {"name": "f", "response": {"output": "x"}, **more}}


def declared(schema: Any = None, name: str = "f", key: str = "parametersJsonSchema") -> dict[str, Any]:
    return {"tools": [{"functionDeclarations": [{"name": name, **({key: schema} if schema is not None else {})}]}]}


def config(**values: Any) -> dict[str, Any]:
    return {"generationConfig": values}


def image(kind: str, data: str) -> dict[str, Any]:
    return {"contents": [said({"inlineData": {"mimeType": kind, "data": data}})]}


def thinking(model: str, **values: Any) -> dict[str, Any]:
    return {"model": model, **config(thinkingConfig=values)}


SKIP = {"thoughtSignature": "skip_thought_signature_validator"}
CYCLE = {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"contents": []}, "contents is not specified"),
    ({"messages": []}, 'Unknown name "messages"'),
    ({"contents": [said("a", role="assistant")]}, "valid role"),
    ({"contents": [said()]}, "must not be empty"),
    ({"contents": [said({"thought": True})]}, "required oneof field 'data'"),
    ({"contents": [said({"text": "a", "inlineData": {}})]}, "required oneof field 'data'"),
    ({"contents": [said({"image_url": "a"})]}, "Unknown name \"image_url\" at 'contents[0].parts[0]'"),
    ({"contents": [said("a", role="model"), said("b")]}, "start with a user turn"),
    ({"contents": [said("a"), said("b", role="model")]}, "end with a user role"),
    ({"contents": [said("a"), said(call(), role="model"), said("b")]}, "number of function response parts"),
    ({"contents": [said("a"), said(call(), call(), role="model"), said(result())]}, "number of function response"),
    ({"contents": [said("a"), said(call(), role="model"), said(result(), "b")]}, "function responses only"),
    ({"contents": [said("a"), said(call(), role="model"), said(result(name="g"))]}, "'g' does not match"),
    ({"contents": [said("a"), said(result())]}, "immediately after a function call turn"),
    ({"contents": [said("a"), said("b", role="model"), said(call(), role="model")]}, "immediately after a user turn"),
    ({"contents": [said("a"), said(call(), role="model"), said(result())]}, "missing a thought_signature"),
    ({"contents": [said("a"), said(call(thoughtSignature="QUJD"), role="model"), said(result())]}, "not valid"),
    (image("image/gif", PNG), "Unsupported MIME type"),
    (image("image/jpeg", PNG), "Unable to process input image"),
    (image("image/png", "!"), "Base64 decoding failed"),
    ({"contents": [said({"fileData": {"fileUri": "https://example.com/a.png"}})]}, "unsupported file uri"),
    ({"systemInstruction": {"parts": [{"inlineData": {"mimeType": "image/png", "data": PNG}}]}}, "only supports text"),
    (declared(name="1a"), "Invalid function name"),
    (declared(name="a" * 65), "Invalid function name"),
    (declared({"type": "object", "properties": {"a": {"$schema": "x"}}}), 'Unknown name "$schema"'),
    (declared({"type": "object", "properties": {"a": {"const": 1}}}), "properties[a]"),
    (declared(CYCLE), "nesting depth"),
    (declared({"type": "string"}), "of type object"),
    (
        declared({"type": "object", "additionalProperties": False}, key="parameters"),
        'Unknown name "additionalProperties"',
    ),
    (declared({"type": ["object", "null"]}, key="parameters"), "cannot start list"),
    (declared({"type": "OBJECT", "properties": {"a": {"type": "ARRAY"}}}, key="parameters"), "items: missing field"),
    (declared({"type": "OBJECT", "properties": {}}, key="parameters"), "non-empty for OBJECT"),
    ({"tools": [{"functionDeclarations": [{"name": "f"}, {"name": "f"}]}]}, "Duplicate"),
    ({"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}, "without function_declarations"),
    ({"toolConfig": {"functionCallingConfig": {"mode": "REQUIRED"}}}, "REQUIRED"),
    (declared() | {"toolConfig": {"functionCallingConfig": {"allowedFunctionNames": ["f"]}}}, "mode is ANY"),
    (config(temperature=3), "temperature"),
    (config(max_tokens=3), "Unknown name \"max_tokens\" at 'generation_config'"),
    (config(maxOutputTokens=100_000), "maxOutputTokens"),
    (config(stopSequences=list("abcdef")), "stop sequences"),
    (config(responseJsonSchema=CITY), "response_mime_type"),
    (config(thinkingConfig={"thinkingBudget": 1024, "thinkingLevel": "LOW"}), "only one of"),
    (config(thinkingConfig={"thinkingLevel": "MINIMAL"}), "MINIMAL is not supported"),
    (thinking("gemini-2.5-pro", thinkingLevel="LOW"), "level is not supported"),
    (thinking("gemini-2.5-pro", thinkingBudget=0), "Budget 0 is invalid"),
    (thinking("gemini-2.5-flash", thinkingBudget=30_000), "between 1 and 24576"),
    ({"model": "demo-gemini-small", "contents": [said("x " * 9_000)]}, "exceeds the maximum number of tokens"),
]


@pytest.mark.parametrize(("change", "told"), REFUSED, ids=[f"{n} {told}" for n, (_, told) in enumerate(REFUSED)])
async def test_refusals(http: httpx.AsyncClient, change: dict[str, Any], told: str) -> None:
    body: dict[str, Any] = {"contents": [said("hi")], **change}
    model = body.pop("model", PRO)
    answer = await http.post(f"/v1beta/models/{model}:generateContent", json=body)
    assert answer.status_code == 400
    assert told in answer.json()["error"]["message"]


async def test_both_spellings_and_the_skipped_check(http: httpx.AsyncClient) -> None:
    snake = {
        "contents": [said("call f"), said(call(**SKIP), role="model"), {"role": "function", "parts": [result()]}],
        "tools": [{"function_declarations": [{"name": "f", "parameters_json_schema": {"type": "object"}}]}],
        "generation_config": {"max_output_tokens": 50, "thinking_config": {"thinking_level": "low"}},
    }
    answer = await http.post(f"/v1/models/{PRO}:generateContent", json=snake)
    assert answer.json()["candidates"][0]["content"]["parts"][0] == {"text": "The tool said: x"}


async def test_a_signature_belongs_to_its_call(http: httpx.AsyncClient) -> None:
    asked = {"contents": [said("call f")], **declared()}
    part = (await http.post(f"/v1/models/{PRO}:generateContent", json=asked)).json()["candidates"][0]["content"]
    part = next(one for one in part["parts"] if "functionCall" in one)
    part["functionCall"]["args"] = {"changed": True}
    body = {"contents": [said("call f"), said(part, role="model"), said(result())]}
    answer = await http.post(f"/v1/models/{PRO}:generateContent", json=body)
    assert "signature is not valid" in answer.json()["error"]["message"]


async def ask(http: httpx.AsyncClient, text: str, model: str = "gemini-2.5-flash", **more: Any) -> dict[str, Any]:
    body = {"contents": [said(text)], **more}
    answer = await http.post(f"/v1beta/models/{model}:generateContent", json=body)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert isinstance(made, dict)
    return made


async def test_modes(http: httpx.AsyncClient) -> None:
    async def names(**calling: Any) -> list[str]:
        tools = {"tools": [{"functionDeclarations": [{"name": "f"}, {"name": "g"}]}]}
        made = await ask(http, "call f", **tools, toolConfig={"functionCallingConfig": calling})
        parts = made["candidates"][0]["content"]["parts"]
        return [part["functionCall"]["name"] for part in parts if "functionCall" in part]

    assert await names(mode="AUTO") == ["f"]
    assert await names(mode="NONE") == []
    assert await names(mode="ANY", allowedFunctionNames=["g"]) == ["g"]


async def test_limits_and_candidates(http: httpx.AsyncClient) -> None:
    many = await ask(http, "hello", generationConfig={"candidateCount": 2})
    assert [one["index"] for one in many["candidates"]] == [0, 1]
    cut = await ask(http, "[[words: 90]]", generationConfig={"maxOutputTokens": 30})
    assert cut["candidates"][0]["finishReason"] == "MAX_TOKENS"
    call = await ask(http, "call f `a long text`", **declared(LONG), generationConfig={"maxOutputTokens": 35})
    assert call["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert not [part for part in call["candidates"][0]["content"]["parts"] if "functionCall" in part]
    quiet = await ask(http, "hello", generationConfig={"thinkingConfig": {"thinkingBudget": 0}})
    assert "thoughtsTokenCount" not in quiet["usageMetadata"]


LONG = {"type": "object", "properties": {"a": {"type": "string", "enum": ["x" * 400]}}, "required": ["a"]}


async def test_own_schema_with_null(http: httpx.AsyncClient) -> None:
    shape = {"type": "OBJECT", "properties": {"a": {"type": "array", "items": {"type": "STRING"}, "nullable": True}}}
    wanted = {"responseMimeType": "application/json", "responseSchema": shape | {"required": ["a"]}}
    made = await ask(http, "hello", generationConfig=wanted)
    assert json.loads(made["candidates"][0]["content"]["parts"][0]["text"]) == {"a": ["hello"]}


async def test_counting_a_whole_request(http: httpx.AsyncClient) -> None:
    path = "/v1beta/models/gemini-2.5-flash:countTokens"
    inner = {"model": "models/gemini-2.5-flash", "contents": [said("hello")]}
    short = (await http.post(path, json={"generateContentRequest": inner})).json()["totalTokens"]
    inner["systemInstruction"] = {"parts": [{"text": "be brief " * 10}]}
    assert (await http.post(path, json={"generateContentRequest": inner})).json()["totalTokens"] > short
    both = await http.post(path, json={"generateContentRequest": inner, "contents": [said("a")]})
    other = await http.post(path, json={"generateContentRequest": inner | {"model": "models/gemini-2.5-pro"}})
    assert (both.status_code, other.status_code) == (400, 400)
