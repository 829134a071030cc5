"""The official Anthropic SDK talks straight to the emulated upstream: if it is content, the emulator speaks Claude."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import httpx
import pytest

from a2a.demo.upstreams import Upstreams

pytestmark = pytest.mark.anyio

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4/X4fBDHAWQCg4g/xSJ8EGAAAAABJRU5ErkJggg=="
READ: Any = {
    "name": "Read",
    "description": "Reads a file.",
    "input_schema": {
        "type": "object",
        "properties": {"file_path": {"type": "string"}, "limit": {"type": "number"}},
        "required": ["file_path"],
    },
}
BASE: dict[str, Any] = {"model": "claude-sonnet-4-6", "max_tokens": 4000}


@pytest.fixture
async def up() -> AsyncIterator[Upstreams]:
    async with Upstreams() as upstreams:
        yield upstreams


@pytest.fixture
async def client(up: Upstreams) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(base_url=up.claude_url, api_key="sk-demo-claude-1", max_retries=0) as made:
        yield made


def user(content: Any) -> Any:
    return [{"role": "user", "content": content}]


def texts(message: Any) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


async def test_text(client: anthropic.AsyncAnthropic) -> None:
    message = await client.messages.create(**BASE, messages=user("hello"))
    assert texts(message) == "You said: hello — noted ✓"
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens > 0


async def test_stream_with_thinking(client: anthropic.AsyncAnthropic) -> None:
    thinking: Any = {"type": "adaptive", "display": "summarized"}
    async with client.messages.stream(**BASE, messages=user("grüß dich, 世界"), thinking=thinking) as stream:
        kinds = [event.type async for event in stream]
        message = await stream.get_final_message()
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert texts(message) == "You said: grüß dich, 世界 — noted ✓"
    assert kinds.count("text") > 1
    assert message.usage.output_tokens_details is not None
    assert message.usage.output_tokens_details.thinking_tokens


@pytest.mark.parametrize("budget", [False, True])
async def test_tool_round_trip_keeps_thinking(client: anthropic.AsyncAnthropic, budget: bool) -> None:
    thinking: Any = {"type": "enabled", "budget_tokens": 1024} if budget else {"type": "adaptive"}
    messages = user("Use the Read tool to read /tmp/x/notes.txt and tell me the secret word")
    async with client.messages.stream(**BASE, messages=messages, tools=[READ], thinking=thinking) as stream:
        first = await stream.get_final_message()
    call = first.content[-1]
    assert first.stop_reason == "tool_use"
    assert call.type == "tool_use"
    assert call.input == {"file_path": "/tmp/x/notes.txt"}
    history: Any = [block.model_dump(exclude_none=True, exclude={"caller", "parsed_output"}) for block in first.content]
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "the secret word is xyzzy"}
    messages = [*messages, {"role": "assistant", "content": history}, {"role": "user", "content": [result]}]
    second = await client.messages.create(**BASE, messages=messages, tools=[READ], thinking=thinking)
    assert texts(second) == "The tool said: the secret word is xyzzy"


async def test_several_calls_in_one_turn(client: anthropic.AsyncAnthropic) -> None:
    messages = user("Use the Read tool on /a/one.txt and /b/two.txt")
    message = await client.messages.create(**BASE, messages=messages, tools=[READ])
    calls = [block.input for block in message.content if block.type == "tool_use"]
    assert calls == [{"file_path": "/a/one.txt"}, {"file_path": "/b/two.txt"}]


async def test_forced_choice(client: anthropic.AsyncAnthropic) -> None:
    choice: Any = {"type": "any", "disable_parallel_tool_use": True}
    message = await client.messages.create(**BASE, messages=user("say hi"), tools=[READ], tool_choice=choice)
    assert [block.type for block in message.content] == ["text", "tool_use"]


async def test_image(client: anthropic.AsyncAnthropic) -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    message = await client.messages.create(**BASE, messages=user([image, {"type": "text", "text": "What is this?"}]))
    assert texts(message).startswith("The image is 3x2 pixels (image/png).")


async def test_schema(client: anthropic.AsyncAnthropic) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    }
    config: Any = {"format": {"type": "json_schema", "schema": schema}}
    message = await client.messages.create(**BASE, messages=user("Greetings from Lima"), output_config=config)
    assert json.loads(texts(message)) == {"city": "Lima"}


async def test_cache_is_read_on_the_second_request(client: anthropic.AsyncAnthropic) -> None:
    system: Any = [{"type": "text", "text": "Rules. " * 50, "cache_control": {"type": "ephemeral"}}]
    first = await client.messages.create(**BASE, messages=user("hi"), system=system)
    second = await client.messages.create(**BASE, messages=user("hi"), system=system)
    assert first.usage.cache_creation_input_tokens
    assert second.usage.cache_read_input_tokens == first.usage.cache_creation_input_tokens


async def test_limits(client: anthropic.AsyncAnthropic) -> None:
    cut = await client.messages.create(model="claude-haiku-4-5", max_tokens=2, messages=user("hello there"))
    assert (cut.stop_reason, texts(cut)) == ("max_tokens", "You said")
    stop = await client.messages.create(**BASE, messages=user("one STOP two"), stop_sequences=["STOP"])
    assert (stop.stop_reason, stop.stop_sequence, texts(stop)) == ("stop_sequence", "STOP", "You said: one ")


async def test_count_and_models(client: anthropic.AsyncAnthropic) -> None:
    counted = await client.messages.count_tokens(model="claude-opus-5", messages=user("hello"))
    assert counted.input_tokens > 0
    assert "claude-opus-5" in [model.id async for model in client.models.list(limit=2)]
    assert (await client.models.retrieve("claude-haiku-4-5")).display_name == "Claude Haiku 4.5"


TOOL_USE = {"type": "tool_use", "id": "t1", "name": "Read", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "x"}
FORGED = {"type": "thinking", "thinking": "I think", "signature": "Zm9yZ2Vk"}

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"messages": [{"role": "assistant", "content": "a"}]}, 'first message must use the "user" role'),
    ({"messages": user("")}, "non-empty content"),
    ({"messages": user([{"type": "text", "text": ""}])}, "text content blocks must be non-empty"),
    ({"messages": [*user("a"), {"role": "assistant", "content": [TOOL_USE]}, *user("b")]}, "without `tool_result`"),
    ({"messages": user([RESULT])}, "unexpected `tool_use_id`"),
    (
        {
            "messages": [
                *user("a"),
                {"role": "assistant", "content": [TOOL_USE]},
                *user([{"type": "text", "text": "late"}, RESULT]),
            ]
        },
        "without `tool_result`",
    ),
    ({"messages": [*user("a"), {"role": "assistant", "content": [FORGED]}, *user("b")]}, "Invalid `signature`"),
    ({"thinking": {"type": "enabled", "budget_tokens": 100}}, "greater than or equal to 1024"),
    ({"thinking": {"type": "enabled", "budget_tokens": 5000}}, "`max_tokens` must be greater"),
    ({"extra_body": {"temperature": 1}}, "temperature"),
    ({"extra_body": {"frobnicate": 1}}, "Extra inputs are not permitted"),
    ({"tools": [{**READ, "name": "no spaces"}]}, "String should match pattern"),
    ({"tools": [{**READ, "input_schema": {"type": "object", "anyOf": []}}]}, "does not support oneOf"),
    ({"tools": [{**READ, "input_schema": {}}]}, "Input should be 'object'"),
    ({"tool_choice": {"type": "auto"}}, "tool_choice may only be specified"),
    (
        {"system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}] * 5},
        "A maximum of 4 blocks with cache_control",
    ),
    (
        {"messages": user([{"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": PNG}}])},
        "appears to be a image/png",
    ),
    ({"model": "demo-claude-small", "max_tokens": 10, "messages": user("x" * 9000)}, "prompt is too long: "),
    ({"max_tokens": 100_000_000, "stream": True}, "maximum allowed number of output tokens"),
]


@pytest.mark.parametrize(("change", "said"), REFUSED)
async def test_refusals(client: anthropic.AsyncAnthropic, change: dict[str, Any], said: str) -> None:
    with pytest.raises(anthropic.BadRequestError) as caught:
        await client.messages.create(**(BASE | {"messages": user("hi")} | change))
    assert said in caught.value.message
    assert caught.value.request_id


async def test_unknown_model(client: anthropic.AsyncAnthropic) -> None:
    with pytest.raises(anthropic.NotFoundError, match="claude-9"):
        await client.messages.create(model="claude-9", max_tokens=10, messages=user("hi"))


async def test_keys_and_versions(up: Upstreams) -> None:
    url, body = f"{up.claude_url}/v1/messages", {**BASE, "messages": user("hi"), "temperature": 0.5}
    async with httpx.AsyncClient() as http:
        old = {"x-api-key": "sk-demo-claude-2", "anthropic-version": "2023-06-01"}
        assert (await http.post(url, json=body, headers=old)).status_code == 200
        assert (await http.post(url, json=body, headers=old | {"x-api-key": "no"})).status_code == 401
        unversioned = await http.post(url, json=body, headers={"x-api-key": "sk-demo-claude-2"})
    assert unversioned.status_code == 400
    assert unversioned.json()["error"]["message"] == "anthropic-version: header is required"
    assert unversioned.json()["request_id"] == unversioned.headers["request-id"]


FAULTS: list[tuple[str, type[anthropic.APIStatusError]]] = [
    ("429 retry-after=7", anthropic.RateLimitError),
    ("529", anthropic.APIStatusError),
    ("500", anthropic.InternalServerError),
    ("401", anthropic.AuthenticationError),
    ("html status=502", anthropic.InternalServerError),
]


@pytest.mark.parametrize(("fault", "kind"), FAULTS)
async def test_faults_raise_the_right_class(
    client: anthropic.AsyncAnthropic, fault: str, kind: type[anthropic.APIStatusError]
) -> None:
    with pytest.raises(kind):
        await client.messages.create(**BASE, messages=user(f"[[fault: {fault}]]"))


async def test_error_in_mid_stream(client: anthropic.AsyncAnthropic) -> None:
    said = "[[fault: error_event after=4 status=529]] hello"
    with pytest.raises(anthropic.APIStatusError, match="529"):
        async with client.messages.stream(**BASE, messages=user(said)) as stream:
            await stream.get_final_message()
