"""The finer rules of the emulated OpenAI and Claude upstreams: one change to a good body, one refusal."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from a2a.demo import pictures
from a2a.demo.signature import redact
from a2a.demo.upstreams import Upstreams

pytestmark = pytest.mark.anyio

PDF = base64.b64encode(b"%PDF-1.4 demo").decode()
GPT_HEADERS = {"authorization": "Bearer sk-demo-openai-1"}
CLAUDE_HEADERS = {"x-api-key": "sk-demo-claude-1", "anthropic-version": "2023-06-01"}
OBJECT = {"type": "object", "properties": {}}


@pytest.fixture
async def up() -> AsyncIterator[Upstreams]:
    async with Upstreams() as upstreams:
        yield upstreams


@pytest.fixture
async def http(up: Upstreams) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=up.root_url, timeout=10) as client:
        yield client


def user(content: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content}]


def function(**more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "f", "parameters": OBJECT, **more}}


def called(**call: Any) -> list[dict[str, Any]]:
    full = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}} | call
    return [
        *user("a"),
        {"role": "assistant", "tool_calls": [full]},
        {"role": "tool", "tool_call_id": "c1", "content": ""},
    ]


async def ask_gpt(http: httpx.AsyncClient, **change: Any) -> httpx.Response:
    body = {"model": "demo-chat", "messages": user("hi")} | change
    return await http.post("/openai/v1/chat/completions", json=body, headers=GPT_HEADERS)


OPEN = {"type": "object", "properties": {"a": {"type": "string"}}}
GPT_REFUSES: list[tuple[dict[str, Any], str]] = [
    ({"temperature": 3}, "temperature"),
    ({"temperature": "hot"}, "temperature"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"stop": ["a"] * 5}, "stop"),
    ({"model": "gpt-4.1", "reasoning_effort": "low"}, "reasoning_effort"),
    ({"reasoning_effort": "max"}, "reasoning_effort"),
    ({"model": "gpt-5.6", "logprobs": True}, "logprobs"),
    ({"tools": []}, "tools"),
    ({"tools": [{"type": "web_search"}]}, "web_search"),
    ({"tools": [function(name="a b")]}, "does not match"),
    ({"tools": [function(extra=1)]}, "extra"),
    ({"tools": [function(parameters={"type": "array"})]}, "type 'object'"),
    ({"tools": [function(parameters={"type": "object"})]}, "missing properties"),
    ({"tools": [function(parameters=OPEN, strict=True)]}, "additionalProperties"),
    ({"tools": [function()], "tool_choice": "any"}, "tool_choice"),
    ({"tools": [function()], "tool_choice": {"type": "function", "function": {"name": "g"}}}, "'g'"),
    ({"parallel_tool_calls": True}, "parallel_tool_calls"),
    ({"messages": []}, "empty array"),
    ({"messages": [{"role": "robot", "content": "a"}]}, "robot"),
    ({"messages": [{"role": "user", "content": "a", "mood": "b"}]}, "mood"),
    ({"messages": user(None)}, "got null"),
    ({"messages": user([])}, "expected a string"),
    ({"messages": user([{"type": "video"}])}, "video"),
    ({"messages": user([{"type": "image_url", "image_url": {"url": "ftp://x"}}])}, "Invalid image URL"),
    ({"messages": user([{"type": "image_url", "image_url": {"url": "data:image/png;base64,???"}}])}, "base64"),
    ({"messages": user([{"type": "file", "file": {}}])}, "file_data"),
    ({"messages": user([{"type": "file", "file": {"file_data": PDF}}])}, "data URL"),
    ({"messages": [{"role": "assistant", "tool_calls": []}]}, "got null"),
    ({"messages": called(id="")}, "1 to 64"),
    ({"messages": called(function={"name": "f", "arguments": {}})}, "expected a string"),
    ({"messages": called()[:2]}, "did not have response messages: c1"),
    ({"messages": [*called(), called()[2]]}, "must answer"),
    ({"response_format": {"type": "json_object"}}, "'json'"),
    ({"response_format": {"type": "yaml"}}, "response_format"),
    (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": OPEN, "strict": True}}},
        "additionalProperties",
    ),
]


@pytest.mark.parametrize(("change", "said"), GPT_REFUSES)
async def test_gpt_refuses(http: httpx.AsyncClient, change: dict[str, Any], said: str) -> None:
    answer = await ask_gpt(http, **change)
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


async def test_gpt_custom_tool_and_allowed_tools(http: httpx.AsyncClient) -> None:
    custom = {"type": "custom", "custom": {"name": "patch"}}
    choice = {
        "type": "allowed_tools",
        "allowed_tools": {"mode": "required", "tools": [{"type": "custom", "custom": {"name": "patch"}}]},
    }
    answer = await ask_gpt(http, tools=[function(), custom], tool_choice=choice, messages=user("apply `*** x`"))
    call = answer.json()["choices"][0]["message"]["tool_calls"][0]
    assert call["custom"] == {"name": "patch", "input": "*** x"}


async def test_gpt_reads_a_file(http: httpx.AsyncClient) -> None:
    part = {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}}
    answer = await ask_gpt(http, messages=user([part]))
    assert "The document a.pdf is application/pdf, 13 bytes." in answer.json()["choices"][0]["message"]["content"]


async def ask_claude(http: httpx.AsyncClient, headers: dict[str, str] | None = None, **change: Any) -> httpx.Response:
    body = {"model": "claude-sonnet-4-6", "max_tokens": 3000, "messages": user("hi")} | change
    return await http.post("/claude/v1/messages", json=body, headers=CLAUDE_HEADERS | (headers or {}))


def block(kind: str, **source: Any) -> list[dict[str, Any]]:
    return user([{"type": kind, "source": source}])


def claude_tool(**more: Any) -> dict[str, Any]:
    return {"name": "f", "input_schema": {"type": "object"}, **more}


def used(*results: Any) -> list[dict[str, Any]]:
    use = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
    return [*user("a"), {"role": "assistant", "content": [use]}, *user([*results])]


RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "x"}
EPHEMERAL = {"type": "ephemeral"}
CLAUDE_REFUSES: list[tuple[dict[str, Any], str]] = [
    ({"max_tokens": None}, "max_tokens: Field required"),
    ({"max_tokens": "9"}, "valid integer"),
    ({"max_tokens": -1}, "greater than or equal to 0"),
    ({"stop_sequences": [" "]}, "non-whitespace"),
    ({"stop_sequences": "x"}, "valid list"),
    ({"metadata": {"session": "x"}}, "metadata.session"),
    ({"model": "claude-opus-5", "temperature": 1}, "temperature"),
    ({"temperature": 1.5}, "range: 0..1"),
    ({"thinking": {"type": "maybe"}}, "expected tags"),
    ({"model": "claude-haiku-4-5", "thinking": {"type": "adaptive"}}, "adaptive thinking"),
    ({"model": "claude-opus-5", "thinking": {"type": "enabled", "budget_tokens": 2000}}, "thinking.type.adaptive"),
    ({"thinking": {"type": "enabled"}}, "budget_tokens: Field required"),
    ({"thinking": {"type": "enabled", "budget_tokens": 2000}, "temperature": 0.5}, "`temperature`"),
    ({"thinking": {"type": "enabled", "budget_tokens": 2000}, "top_k": 5}, "`top_k`"),
    (
        {
            "thinking": {"type": "enabled", "budget_tokens": 2000},
            "tools": [claude_tool()],
            "tool_choice": {"type": "any"},
        },
        "forces tool use",
    ),
    ({"thinking": {"type": "enabled", "budget_tokens": 2000}, "messages": used(RESULT)}, "Expected `thinking`"),
    ({"thinking": {"type": "adaptive", "display": "loud"}}, "thinking.display"),
    ({"output_config": {"effort": "extreme"}}, "output_config.effort"),
    ({"output_config": {"mood": 1}}, "output_config.mood"),
    ({"output_config": {"format": {"type": "json_schema", "schema": OBJECT}}}, "Extra inputs"),
    ({"system": 5}, "system:"),
    ({"system": [{"type": "text", "text": ""}]}, "non-empty"),
    ({"tools": [claude_tool(), claude_tool()]}, "unique"),
    ({"tools": [claude_tool(color="red")]}, "color"),
    ({"tools": [{"name": "f"}]}, "input_schema: Field required"),
    ({"tools": [claude_tool()], "tool_choice": {"type": "tool", "name": "g"}}, "'g' not found"),
    ({"tools": [claude_tool()], "tool_choice": {"type": "some"}}, "tool_choice"),
    ({"tools": [claude_tool()], "tool_choice": {"type": "auto", "name": "f"}}, "tool_choice.auto.name"),
    ({"system": [{"type": "text", "text": "a", "cache_control": {"type": "forever"}}]}, "cache_control"),
    (
        {
            "system": [{"type": "text", "text": "a", "cache_control": EPHEMERAL}],
            "messages": user([{"type": "text", "text": "a", "cache_control": {**EPHEMERAL, "ttl": "1h"}}]),
        },
        "ttl='1h'",
    ),
    ({"messages": []}, "at least one message"),
    ({"messages": [{"role": "system", "content": "a"}]}, "'user' or 'assistant'"),
    ({"messages": [{"role": "user", "content": "a", "name": "b"}]}, "messages.0.name"),
    ({"messages": user("  ")}, "non-whitespace"),
    ({"messages": user([{"type": "video"}])}, "'video'"),
    ({"messages": [*user("a"), {"role": "assistant", "content": "b "}]}, "trailing whitespace"),
    ({"model": "claude-opus-5", "messages": [*user("a"), {"role": "assistant", "content": "b"}]}, "prefill"),
    ({"messages": block("image", type="base64", media_type="image/bmp", data="")}, "media_type"),
    ({"messages": block("image", type="base64", media_type="image/png", data="?")}, "invalid base64"),
    ({"messages": block("image", type="base64", media_type="image/png", data="AAAA")}, "Could not process"),
    ({"messages": block("image", type="url", url="http://x")}, "HTTPS"),
    ({"messages": block("document", type="base64", media_type="application/pdf", data="AAAA")}, "not valid"),
    ({"messages": block("document", type="base64", media_type="text/html", data="AAAA")}, "application/pdf"),
    ({"messages": used(RESULT, RESULT)}, "single result"),
    ({"messages": used({**RESULT, "content": [{"type": "audio"}]})}, "'audio'"),
    ({"messages": used({**RESULT, "status": "ok"})}, "tool_result.status"),
    ({"messages": [*used(RESULT), *used(RESULT)[1:]]}, "unique"),
    (
        {
            "messages": [
                *user("a"),
                {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "x"}]},
                *user("b"),
            ]
        },
        "Invalid `data`",
    ),
]


@pytest.mark.parametrize(("change", "said"), CLAUDE_REFUSES)
async def test_claude_refuses(http: httpx.AsyncClient, change: dict[str, Any], said: str) -> None:
    answer = await ask_claude(http, **change)
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]
    assert answer.json()["error"]["type"] == "invalid_request_error"


NEW = {"anthropic-version": "2026-10-21"}
NEW_REFUSES: list[tuple[dict[str, Any], str]] = [
    ({"output_config": {"format": {"type": "json_schema", "schema": OBJECT}}}, "additionalProperties"),
    ({"messages": user([{"type": "text", "text": "a", "citations": [{}]}])}, "citations"),
    (
        {
            "messages": [
                *user("a"),
                {"role": "assistant", "content": [{"type": "document", "source": {"type": "text", "data": "x"}}]},
                *user("b"),
            ]
        },
        "assistant messages",
    ),
]


@pytest.mark.parametrize(("change", "said"), NEW_REFUSES)
async def test_claude_refuses_in_its_new_version(http: httpx.AsyncClient, change: dict[str, Any], said: str) -> None:
    answer = await ask_claude(http, NEW, **change)
    assert (answer.status_code, said in answer.json()["error"]["message"]) == (400, True)


async def test_claude_takes_what_is_right(http: httpx.AsyncClient) -> None:
    pdf = block("document", type="base64", media_type="application/pdf", data=PDF)
    assert "without a title is application/pdf, 13 bytes" in (await ask_claude(http, messages=pdf)).text
    mid = [*user("a"), {"role": "system", "content": "b"}]
    assert (await ask_claude(http, model="claude-opus-5", messages=mid)).status_code == 200
    format_ = {"format": {"type": "json_schema", "schema": {**OBJECT, "additionalProperties": False}}}
    beta = {"anthropic-beta": "structured-outputs-2025-11-13"}
    assert (await ask_claude(http, beta, output_config=format_)).status_code == 200


async def test_claude_redacts_when_told(http: httpx.AsyncClient) -> None:
    said = (await ask_claude(http, messages=user("[[redacted]] hi"), thinking={"type": "adaptive"})).json()
    assert said["content"][0]["type"] == "redacted_thinking"
    history = [*user("a"), {"role": "assistant", "content": said["content"][:1]}, *user("b")]
    assert (await ask_claude(http, messages=history)).status_code == 200
    assert redact("claude", "x") != said["content"][0]["data"]


PICTURES = [
    (b"GIF89a" + bytes([3, 0, 2, 0]), "image/gif", (3, 2)),
    (bytes.fromhex("ffd8ffe000040000ffc0000b080002000301011100"), "image/jpeg", (3, 2)),
    (b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + bytes([2, 0, 0, 1, 0, 0]), "image/webp", (3, 2)),
    (b"RIFF\0\0\0\0WEBPVP8 " + bytes(10) + bytes([3, 0, 2, 0]), "image/webp", (3, 2)),
    (b"RIFF\0\0\0\0WEBPVP8L" + bytes(5) + (2 | 1 << 14).to_bytes(4, "little"), "image/webp", (3, 2)),
    (b"\x89PNG\r\n\x1a\n", "image/png", None),
    (b"BM", None, None),
]


@pytest.mark.parametrize(("data", "kind", "size"), PICTURES)
def test_pictures(data: bytes, kind: str | None, size: tuple[int, int] | None) -> None:
    assert (pictures.media_type(data), pictures.size(data)) == (kind, size)
