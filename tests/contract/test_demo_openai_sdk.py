"""The official OpenAI SDK talks straight to the emulated upstream: if it is content, the emulator speaks OpenAI."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest

from a2a.demo.upstreams import Upstreams

pytestmark = pytest.mark.anyio

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4/X4fBDHAWQCg4g/xSJ8EGAAAAABJRU5ErkJggg=="
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city"],
        },
    },
}


@pytest.fixture
async def up() -> AsyncIterator[Upstreams]:
    async with Upstreams() as upstreams:
        yield upstreams


@pytest.fixture
async def client(up: Upstreams) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=up.openai_url, api_key="sk-demo-openai-1", max_retries=0) as made:
        yield made


def user(text: str) -> Any:
    return [{"role": "user", "content": text}]


async def test_text(client: openai.AsyncOpenAI) -> None:
    done = await client.chat.completions.create(model="demo-chat", messages=user("hello"), temperature=0.2)
    assert done.choices[0].message.content == "You said: hello — noted ✓"
    assert done.choices[0].finish_reason == "stop"
    assert done.usage is not None
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens


async def test_stream_ends_with_usage(client: openai.AsyncOpenAI) -> None:
    async with client.chat.completions.stream(
        model="gpt-5.6", messages=user("grüß dich, 世界"), stream_options={"include_usage": True}
    ) as stream:
        pieces = [event.delta async for event in stream if event.type == "content.delta"]
        final = await stream.get_final_completion()
    assert len(pieces) > 1
    assert "".join(pieces) == final.choices[0].message.content == "You said: grüß dich, 世界 — noted ✓"
    assert final.usage is not None
    assert final.usage.completion_tokens_details is not None
    assert final.usage.completion_tokens_details.reasoning_tokens


async def test_reasoning_is_spoken_by_the_plain_model(client: openai.AsyncOpenAI) -> None:
    done = await client.chat.completions.create(model="demo-chat", messages=user("hi"), reasoning_effort="low")
    assert "naïve" in done.choices[0].message.model_extra["reasoning_content"]  # type: ignore[index]


async def test_parallel_tools_round_trip(client: openai.AsyncOpenAI) -> None:
    messages = user("What is the weather in Kyoto and Oslo for 3 days?")
    async with client.chat.completions.stream(model="gpt-5.6", messages=messages, tools=[WEATHER]) as stream:
        first = (await stream.get_final_completion()).choices[0]
    assert first.finish_reason == "tool_calls"
    calls = first.message.tool_calls or []
    assert [json.loads(call.function.arguments) for call in calls] == [
        {"city": "Kyoto", "days": 3},
        {"city": "Oslo", "days": 3},
    ]
    results: Any = [{"role": "tool", "tool_call_id": call.id, "content": f"{n} °C"} for n, call in enumerate(calls)]
    messages = [*messages, first.message.model_dump(exclude_none=True, exclude={"annotations", "parsed"}), *results]
    for call in messages[1]["tool_calls"]:
        call.pop("index", None)
        call["function"].pop("parsed_arguments", None)
    second = await client.chat.completions.create(model="gpt-5.6", messages=messages, tools=[WEATHER])
    assert second.choices[0].message.content == "The tool said: 0 °C\nThe tool said: 1 °C"


async def test_image(client: openai.AsyncOpenAI) -> None:
    content: Any = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
    ]
    done = await client.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": content}])
    assert (done.choices[0].message.content or "").startswith("The image is 3x2 pixels (image/png).")


async def test_schema(client: openai.AsyncOpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "count": {"type": "integer"}},
        "required": ["city", "count"],
        "additionalProperties": False,
    }
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema, "strict": True}}
    done = await client.chat.completions.create(
        model="gpt-5.6", messages=user("2 hotels in Lima"), response_format=wanted
    )
    assert json.loads(done.choices[0].message.content or "") == {"city": "Lima", "count": 2}


async def test_several_choices(client: openai.AsyncOpenAI) -> None:
    done = await client.chat.completions.create(model="gpt-4.1", messages=user("hi"), n=3)
    assert [choice.index for choice in done.choices] == [0, 1, 2]


async def test_models_and_embeddings(client: openai.AsyncOpenAI) -> None:
    assert "demo-chat" in [model.id async for model in client.models.list()]
    assert (await client.models.retrieve("gpt-5.6")).object == "model"
    made = await client.embeddings.create(model="text-embedding-3-small", input=["a", "b"], dimensions=8)
    assert [len(one.embedding) for one in made.data] == [8, 8]
    plain = await client.embeddings.create(
        model="text-embedding-3-small", input="a", dimensions=8, encoding_format="float"
    )
    assert plain.data[0].embedding == pytest.approx(made.data[0].embedding)


REFUSED: list[tuple[dict[str, Any], type[openai.APIStatusError], str | None, str]] = [
    ({"model": "gpt-9"}, openai.NotFoundError, "model_not_found", "gpt-9"),
    ({"max_tokens": 5}, openai.BadRequestError, "unsupported_parameter", "max_completion_tokens"),
    ({"temperature": 0.5}, openai.BadRequestError, "unsupported_value", "temperature"),
    ({"extra_body": {"top_k": 4}}, openai.BadRequestError, None, "Unrecognized request argument supplied: top_k"),
    ({"tool_choice": "auto"}, openai.BadRequestError, None, "only allowed when 'tools'"),
    ({"stream_options": {"include_usage": True}}, openai.BadRequestError, None, "stream_options"),
    (
        {"messages": [{"role": "user", "content": "a"}, {"role": "tool", "tool_call_id": "x", "content": "b"}]},
        openai.BadRequestError,
        None,
        "'tool_calls'",
    ),
    ({"messages": user("x " * 900_000)}, openai.BadRequestError, "context_length_exceeded", "maximum context length"),
]


@pytest.mark.parametrize(("change", "kind", "code", "said"), REFUSED)
async def test_refusals(
    client: openai.AsyncOpenAI,
    change: dict[str, Any],
    kind: type[openai.APIStatusError],
    code: str | None,
    said: str,
) -> None:
    arguments: dict[str, Any] = {"model": "gpt-5.6", "messages": user("hi")} | change
    with pytest.raises(kind) as caught:
        await client.chat.completions.create(**arguments)
    assert caught.value.code == code
    assert said in str(caught.value)


async def test_unanswered_call_is_refused(client: openai.AsyncOpenAI) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages: Any = [*user("a"), {"role": "assistant", "content": None, "tool_calls": [call]}, *user("b")]
    with pytest.raises(openai.BadRequestError, match="call_1"):
        await client.chat.completions.create(model="demo-chat", messages=messages)


async def test_wrong_key(up: Upstreams) -> None:
    async with openai.AsyncOpenAI(base_url=up.openai_url, api_key="sk-demo-wrong", max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError) as caught:
            await client.chat.completions.create(model="demo-chat", messages=user("hi"))
    assert caught.value.code == "invalid_api_key"


async def test_bad_image_is_refused(client: openai.AsyncOpenAI) -> None:
    url = "data:image/png;base64," + base64.b64encode(b"not a picture").decode()
    content: Any = [{"type": "image_url", "image_url": {"url": url}}]
    with pytest.raises(openai.BadRequestError, match="unsupported image"):
        await client.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": content}])


async def test_rate_limit_is_retried_by_the_sdk(up: Upstreams) -> None:
    up.faults.add("429 retry-after=0", account="sk-demo-openai-2", times=1)
    async with openai.AsyncOpenAI(base_url=up.openai_url, api_key="sk-demo-openai-2", max_retries=1) as client:
        done = await client.chat.completions.create(model="demo-chat", messages=user("hi"))
    assert done.choices[0].message.content
    assert [seen.status for seen in up.seen] == [429, 200]


async def test_error_in_mid_stream(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="demo-chat", messages=user("[[fault: error_event after=3 status=500]]"), stream=True
    )
    with pytest.raises(openai.APIError):
        async for _ in stream:
            pass
