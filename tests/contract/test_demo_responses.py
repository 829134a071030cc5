"""The official OpenAI SDK talks Responses straight to the emulated upstream, and what that upstream refuses."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest

from a2a.demo.upstreams import Upstreams

pytestmark = pytest.mark.anyio

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4/X4fBDHAWQCg4g/xSJ8EGAAAAABJRU5ErkJggg=="
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER: Any = {"type": "function", "name": "get_weather", "parameters": CITY, "strict": True}
SEALED = {"store": False, "include": ["reasoning.encrypted_content"]}
FREE: Any = {"type": "custom", "name": "apply_patch"}
SPACE: Any = {"type": "namespace", "name": "crm", "description": "Customers.", "tools": [FREE]}


@pytest.fixture
async def up() -> AsyncIterator[Upstreams]:
    async with Upstreams() as upstreams:
        yield upstreams


@pytest.fixture
async def client(up: Upstreams) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=up.responses_url, api_key="sk-demo-openai-1", max_retries=0) as made:
        yield made


async def test_text_is_stored_and_can_be_deleted(client: openai.AsyncOpenAI) -> None:
    done = await client.responses.create(model="gpt-4.1", input="hello", temperature=0.2)
    assert (done.output_text, done.status) == ("You said: hello — noted ✓", "completed")
    assert done.usage is not None
    assert done.usage.total_tokens == done.usage.input_tokens + done.usage.output_tokens
    assert (await client.responses.retrieve(done.id)).output_text == done.output_text
    await client.responses.delete(done.id)
    with pytest.raises(openai.NotFoundError, match=done.id):
        await client.responses.retrieve(done.id)


async def test_stream_in_order(client: openai.AsyncOpenAI) -> None:
    events = []
    async with client.responses.stream(
        model="gpt-5.6", input="grüß dich, 世界", reasoning={"summary": "auto", "effort": "low"}
    ) as stream:
        async for event in stream:
            events.append(event)
        final = await stream.get_final_response()
    kinds = list(dict.fromkeys(event.type for event in events))
    assert kinds == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.done",
        "response.output_item.done",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert final.output_text == "You said: grüß dich, 世界 — noted ✓"


async def test_parallel_tools_round_trip_without_store(client: openai.AsyncOpenAI) -> None:
    asked: Any = {"model": "gpt-5.6", "tools": [WEATHER], **SEALED}
    prompt = {"role": "user", "content": "What is the weather in Kyoto and Oslo?"}
    async with client.responses.stream(input=[prompt], **asked) as stream:
        async for _ in stream:
            pass
        first = await stream.get_final_response()
    assert [item.type for item in first.output] == ["reasoning", "message", "function_call", "function_call"]
    calls = [item for item in first.output if item.type == "function_call"]
    assert [json.loads(call.arguments) for call in calls] == [{"city": "Kyoto"}, {"city": "Oslo"}]
    echoed = [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in first.output]
    for part in echoed[1]["content"]:
        part.pop("parsed", None)
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": call.name} for call in calls]
    second = await client.responses.create(input=[prompt, *echoed, *results], **asked)  # type: ignore[call-overload]
    assert second.output_text == "The tool said: get_weather\nThe tool said: get_weather"


async def test_previous_response(client: openai.AsyncOpenAI, up: Upstreams) -> None:
    first = await client.responses.create(model="gpt-5.6", input="call get_weather for Oslo", tools=[WEATHER])
    call = first.output[-1]
    assert call.type == "function_call"
    answer: Any = [{"type": "function_call_output", "call_id": call.call_id, "output": "4 °C"}]
    second = await client.responses.create(model="gpt-5.6", previous_response_id=first.id, input=answer)
    assert second.output_text == "The tool said: 4 °C"
    with pytest.raises(openai.BadRequestError, match=call.call_id):
        await client.responses.create(model="gpt-5.6", previous_response_id=first.id, input="and now?")
    async with openai.AsyncOpenAI(base_url=up.responses_url, api_key="sk-demo-openai-2", max_retries=0) as other:
        with pytest.raises(openai.BadRequestError) as caught:
            await other.responses.create(model="gpt-5.6", previous_response_id=first.id, input=answer)
    assert caught.value.code == "previous_response_not_found"


async def test_custom_tool_in_a_namespace(client: openai.AsyncOpenAI) -> None:
    async with client.responses.stream(model="gpt-5.6", input="call apply_patch with `a b`", tools=[SPACE]) as stream:
        pieces = [event.delta async for event in stream if event.type == "response.custom_tool_call_input.delta"]
        final = await stream.get_final_response()
    call = final.output[-1]
    assert call.type == "custom_tool_call"
    assert (call.namespace, call.name, call.input, "".join(pieces)) == ("crm", "apply_patch", "a b", "a b")


async def test_image_and_document(client: openai.AsyncOpenAI) -> None:
    content: Any = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{PNG}"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
    ]
    done = await client.responses.create(model="gpt-4.1", input=[{"role": "user", "content": content}])
    assert done.output_text.startswith("The image is 3x2 pixels (image/png).")
    assert "a.pdf is application/pdf, 5 bytes." in done.output_text


async def test_schema_and_count(client: openai.AsyncOpenAI) -> None:
    shape: Any = {"format": {"type": "json_schema", "name": "place", "schema": CITY, "strict": True}}
    done = await client.responses.create(model="gpt-5.6", input="hotels in Lima", text=shape)
    assert json.loads(done.output_text) == {"city": "Lima"}
    counted = await client.responses.input_tokens.count(model="gpt-5.6", input="hotels in Lima", text=shape)
    assert done.usage is not None
    assert counted.input_tokens == done.usage.input_tokens


async def test_length(client: openai.AsyncOpenAI) -> None:
    done = await client.responses.create(model="gpt-4.1", input="[[words: 90]]", max_output_tokens=16)
    assert done.status == "incomplete"
    assert done.incomplete_details is not None
    assert done.incomplete_details.reason == "max_output_tokens"


async def test_failure_in_mid_stream(client: openai.AsyncOpenAI) -> None:
    stream = await client.responses.create(
        model="gpt-5.6", input="[[fault: error_event after=3 status=429]]", stream=True
    )
    last = [event async for event in stream][-1]
    assert last.type == "response.failed"
    assert last.sequence_number == 3
    assert last.response.error is not None
    assert last.response.error.code == "rate_limit_exceeded"


def user(*more: Any) -> list[Any]:
    return [{"role": "user", "content": "a"}, *more]


def call(**change: Any) -> dict[str, Any]:
    return {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}", **change}


def result(**change: Any) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": "c1", "output": "x", **change}


OPEN = {"type": "object", "properties": {"a": {"type": "string"}}}
REFUSED: list[tuple[dict[str, Any], str | None, str]] = [
    ({"stop": ["a"]}, "unknown_parameter", "'stop'"),
    ({"messages": []}, "unknown_parameter", "'messages'"),
    ({"temperature": 0.5}, "unsupported_parameter", "temperature"),
    ({"top_logprobs": 2}, "unsupported_parameter", "top_logprobs"),
    ({"reasoning": {"effort": "minimal"}}, "unsupported_value", "minimal"),
    ({"reasoning": {"budget": 3}}, "unknown_parameter", "reasoning.budget"),
    ({"model": "gpt-4.1", "reasoning": {"effort": "low"}}, "unsupported_parameter", "reasoning.effort"),
    ({"model": "gpt-4.1", "include": ["reasoning.encrypted_content"]}, None, "Encrypted content"),
    ({"include": ["usage"]}, "invalid_value", "usage"),
    ({"max_output_tokens": 5}, "integer_below_min_value", ">= 16"),
    ({"metadata": {"a": 1}}, "invalid_type", "metadata"),
    ({"stream_options": {"include_usage": True}}, "unknown_parameter", "include_usage"),
    ({"previous_response_id": "resp_0"}, "previous_response_not_found", "resp_0"),
    ({"input": []}, "empty_array", "input"),
    ({"input": None}, "missing_required_parameter", "input"),
    ({"input": user({"type": "tool"})}, "invalid_value", "'tool'"),
    ({"input": [{"role": "tool", "content": "a"}]}, "invalid_value", "'tool'"),
    ({"input": [{"role": "user", "content": [{"type": "text", "text": "a"}]}]}, "invalid_value", "'text'"),
    ({"input": user({"role": "assistant", "content": [{"type": "input_text", "text": "a"}]})}, "invalid_value", "text"),
    ({"input": user(call())}, None, "No tool output found for function call c1"),
    ({"input": user(result())}, None, "No tool call found for function call output with call_id c1"),
    ({"input": user(result(), call())}, None, "No tool call found"),
    ({"input": user(call(), {**result(), "type": "custom_tool_call_output"})}, None, "No tool call found for custom"),
    ({"input": user(call(arguments={}), result())}, "invalid_type", "arguments"),
    ({"input": user(call(name="a b"), result())}, "invalid_value", "name"),
    ({"input": user(call(id="call_1"), result())}, "invalid_value", "begins with 'fc'"),
    ({"input": user(call(thought="x"), result())}, "unknown_parameter", "thought"),
    ({"input": user({"type": "reasoning", "summary": [], "encrypted_content": "gAAAAABx"})}, None, "verified"),
    ({"tools": [{"type": "function", "name": "f", "parameters": OPEN}]}, "invalid_function_parameters", "additional"),
    ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "missing_required_parameter", "tools[0].name"),
    ({"tools": [{"type": "web"}]}, "invalid_value", "'web'"),
    ({"tools": [{"type": "namespace", "name": "n", "description": "d", "tools": []}]}, "empty_array", "tools[0].tools"),
    ({"tools": [{**FREE, "format": {"type": "grammar"}}]}, "invalid_value", "grammar"),
    ({"tools": [FREE, FREE]}, "invalid_value", "Duplicate"),
    ({"tool_choice": "required"}, None, "must be specified with 'tools'"),
    ({"tools": [WEATHER], "tool_choice": {"type": "function", "name": "g"}}, None, "'g' not found"),
    ({"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "g"}}}, None, "tool_choice.name"),
    ({"text": {"format": {"type": "json_schema", "json_schema": {}}}}, "unknown_parameter", "json_schema"),
    ({"text": {"format": {"type": "json_schema", "name": "n", "schema": {}}}}, "invalid_json_schema", "object"),
    ({"text": {"format": {"type": "json_object"}}}, None, "'json'"),
    ({"input": "x " * 900_000}, "context_length_exceeded", "context window"),
]


@pytest.mark.parametrize(("change", "code", "said"), REFUSED, ids=[said for _, _, said in REFUSED])
async def test_refusals(client: openai.AsyncOpenAI, change: dict[str, Any], code: str | None, said: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.responses.create(extra_body={"model": "gpt-5.6", "input": "hi", **change})  # type: ignore[call-overload]
    assert said in str(caught.value)
    if code is not None:
        assert caught.value.code == code


async def test_unknown_ids_are_not_found(client: openai.AsyncOpenAI) -> None:
    first = await client.responses.create(model="gpt-5.6", input="hi", store=False)
    thought = first.output[0].model_dump(exclude_none=True)
    said: Any = {"role": "assistant", "type": "message", "id": "msg_0", "status": "completed"}
    text: Any = {"content": [{"type": "output_text", "text": "a", "annotations": []}]}
    for item in (thought, {"type": "item_reference", "id": first.output[1].id}, said | text):
        with pytest.raises(openai.NotFoundError, match="not persisted"):
            await client.responses.create(model="gpt-5.6", input=user(item, *user()))


async def test_reasoning_keeps_its_company(client: openai.AsyncOpenAI) -> None:
    first = await client.responses.create(model="gpt-5.6", input="hi", **SEALED)  # type: ignore[call-overload]
    thought, said = [item.model_dump(exclude_none=True) for item in first.output]
    with pytest.raises(openai.BadRequestError, match="without its required following item"):
        await client.responses.create(model="gpt-5.6", input=user(thought, *user()))
    with pytest.raises(openai.BadRequestError, match="without its required 'reasoning' item"):
        await client.responses.create(model="gpt-5.6", input=user(said, *user()))


async def test_choices(client: openai.AsyncOpenAI) -> None:
    other: Any = {**WEATHER, "name": "get_time"}
    search: Any = {"type": "web_search"}
    tools = [WEATHER, other, search]

    async def called(choice: Any) -> list[str]:
        done = await client.responses.create(model="gpt-4.1", input="hello", tools=tools, tool_choice=choice)
        return [item.name for item in done.output if item.type == "function_call"]

    only = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "get_time"}]}
    assert await called("required") == ["get_weather"]
    assert await called({"type": "function", "name": "get_time"}) == ["get_time"]
    assert await called(only) == ["get_time"]
    assert await called(only | {"mode": "auto"}) == []
    assert await called({"type": "web_search"}) == []
    with pytest.raises(openai.BadRequestError, match="file_search"):
        await called({"type": "file_search"})
    added: Any = [{"type": "additional_tools", "role": "developer", "tools": [WEATHER]}, *user()]
    done = await client.responses.create(
        model="gpt-4.1", input=[*added, {"role": "user", "content": "call get_weather"}]
    )
    assert done.output[-1].type == "function_call"


async def test_stored_items_can_be_named(client: openai.AsyncOpenAI) -> None:
    first = await client.responses.create(model="gpt-5.6", input="hi")
    thought, said = first.output
    named: Any = [{"type": "item_reference", "id": thought.id}, {"type": "item_reference", "id": said.id}]
    assert (await client.responses.create(model="gpt-5.6", input=[*user(), *named, *user()])).output_text
    known: Any = [thought.model_dump(include={"type", "id", "summary"}), *named[1:]]
    assert (await client.responses.create(model="gpt-5.6", input=[*user(), *known, *user()])).output_text


async def test_failure_at_the_start_opens_the_response(client: openai.AsyncOpenAI) -> None:
    stream = await client.responses.create(model="gpt-5.6", input="[[fault: error_event]]", stream=True)
    assert [event.type async for event in stream] == ["response.created", "response.failed"]
    bare = await client.responses.create(
        model="gpt-5.6", input="[[fault: error_event after=2 type=error]]", stream=True
    )
    last = [event async for event in bare][-1]
    assert (last.type, last.sequence_number) == ("error", 2)
