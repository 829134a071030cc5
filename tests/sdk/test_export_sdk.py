"""Conversations that official SDKs really had, exported, and read by types that nobody here wrote.

The SDKs talk to the demo upstreams; what crossed the wire is what a gateway in between records.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import openai
import pydantic
import pytest
from anthropic.types import MessageParam, ToolUnionParam
from google import genai
from google.genai import types as google
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolUnionParam
from support.demo_thread import Demo
from support.recorded import Listener, Shelf

from a2a.control.types import Exchange, ExchangeFilter
from a2a.gateway.export.write import Outcome, Wish, export

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4/X4fBDHAWQCg4g/xSJ8EGAAAAABJRU5ErkJggg=="
ASKED = "What is the weather in Kyoto and Oslo?"
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
SYSTEM = "Be brief."
CITIES = [{"city": "Kyoto"}, {"city": "Oslo"}]


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as started:
        yield started


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


def exported(listener: Listener, form: str) -> Any:
    """The one conversation there was."""
    outcome = Outcome()
    lines = b"".join(export(Shelf(*listener.exchanges), Wish(format=form, which=ExchangeFilter()), outcome))
    assert (outcome.left_out, outcome.lost) == ({}, {})
    assert outcome.joined == len(listener.exchanges) - 1
    return json.loads(lines)


def talk_chat(demo: Demo, listener: Listener) -> None:
    """An image, parallel calls in a stream, their results with reasoning."""
    tool: Any = {"type": "function", "function": {"name": "get_weather", "description": "w", "parameters": SCHEMA}}
    url = {"url": f"data:image/png;base64,{PNG}"}
    look = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": url}]
    messages: list[Any] = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": look}]
    with openai.OpenAI(base_url=demo.up.openai_url, api_key="sk-demo-openai-1", http_client=listener.client()) as sdk:
        seen = sdk.chat.completions.create(model="demo-chat", messages=messages)
        messages += [
            {"role": "assistant", "content": seen.choices[0].message.content},
            {"role": "user", "content": ASKED},
        ]
        with sdk.chat.completions.stream(model="demo-chat", messages=messages, tools=[tool]) as stream:
            called: Any = stream.get_final_completion().choices[0].message
        calls = [{"id": c.id, "type": "function", "function": c.function.to_dict()} for c in called.tool_calls]
        for call in calls:
            call["function"].pop("parsed_arguments", None)
        messages += [{"role": "assistant", "content": called.content, "tool_calls": calls}]
        messages += [{"role": "tool", "tool_call_id": c["id"], "content": f"{n} °C"} for n, c in enumerate(calls)]
        sdk.chat.completions.create(model="demo-chat", messages=messages, tools=[tool], reasoning_effort="high")


def talk_responses(demo: Demo, listener: Listener) -> None:
    """Reasoning and parallel calls; the second request names the first answer and brings nothing of it."""
    tool: Any = {"type": "function", "name": "get_weather", "description": "w", "parameters": SCHEMA, "strict": False}
    asked: dict[str, Any] = {"model": "gpt-5.6", "instructions": SYSTEM, "tools": [tool]}
    with openai.OpenAI(base_url=demo.up.openai_url, api_key="sk-demo-openai-1", http_client=listener.client()) as sdk:
        picture: Any = {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"}
        text: Any = {"type": "input_text", "text": ASKED}
        told: Any = [{"role": "user", "content": [text, picture]}]
        think: Any = {"effort": "high", "summary": "auto"}
        first = sdk.responses.create(**asked, input=told, reasoning=think)
        calls = [item for item in first.output if item.type == "function_call"]
        results: Any = [
            {"type": "function_call_output", "call_id": call.call_id, "output": f"{n} °C"}
            for n, call in enumerate(calls)
        ]
        for _ in sdk.responses.create(**asked, input=results, previous_response_id=first.id, stream=True):
            pass


def talk_claude(demo: Demo, listener: Listener) -> None:
    """Signed thinking and parallel calls in a stream, then their results."""
    tool: Any = {"name": "get_weather", "description": "w", "input_schema": SCHEMA}
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    look: Any = [{"type": "text", "text": ASKED}, {"type": "image", "source": source}]
    messages: list[Any] = [{"role": "user", "content": look}]
    asked: dict[str, Any] = {"model": "claude-sonnet-4-6", "max_tokens": 4000, "system": SYSTEM, "tools": [tool]}
    asked["thinking"] = {"type": "enabled", "budget_tokens": 1024}
    http = listener.client(httpx2)
    with anthropic.Anthropic(base_url=demo.up.claude_url, api_key="sk-demo-claude-1", http_client=http) as sdk:
        with sdk.messages.stream(**asked, messages=messages) as stream:
            answer = stream.get_final_message()
        calls = [block for block in answer.content if block.type == "tool_use"]
        results = [
            {"type": "tool_result", "tool_use_id": call.id, "content": f"{n} °C"} for n, call in enumerate(calls)
        ]
        history = [block.to_dict() for block in answer.content]
        messages += [{"role": "assistant", "content": history}, {"role": "user", "content": results}]
        sdk.messages.create(**asked, messages=messages)


def talk_gemini(demo: Demo, listener: Listener) -> None:
    """Thoughts, parallel calls, and a chat that keeps its own history."""
    declared = google.FunctionDeclaration(name="get_weather", description="w", parameters_json_schema=SCHEMA)
    config = google.GenerateContentConfig(
        system_instruction=SYSTEM,
        tools=[google.Tool(function_declarations=[declared])],
        thinking_config=google.ThinkingConfig(include_thoughts=True),
    )
    options: Any = {"base_url": demo.up.gemini_url, "httpx_client": listener.client()}
    sdk = genai.Client(api_key="AIza-demo-gemini-1", http_options=options)
    chat = sdk.chats.create(model="gemini-3-flash-preview", config=config)
    picture = google.Part.from_bytes(data=base64.b64decode(PNG), mime_type="image/png")
    answer = chat.send_message([ASKED, picture])
    results = [
        google.Part(
            function_response=google.FunctionResponse(id=call.id, name=call.name, response={"result": f"{n} °C"})
        )
        for n, call in enumerate(answer.function_calls or [])
    ]
    for _ in chat.send_message_stream(results):
        pass
    sdk.close()


TALKS = [talk_chat, talk_responses, talk_claude, talk_gemini]


@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk.__name__)
def test_openai_fine_tuning_lines(demo: Demo, listener: Listener, talk: Any) -> None:
    """Every message and tool is what the SDK's own types say, strictly; only reasoning has a key of its own."""
    talk(demo, listener)
    made = exported(listener, "openai")
    assert made.keys() == {"messages", "tools"}
    for message in made["messages"]:
        known = {key: value for key, value in message.items() if key != "reasoning_content"}
        assert accepted(ChatCompletionMessageParam, known) == known
    assert [accepted(ChatCompletionToolUnionParam, tool) for tool in made["tools"]] == made["tools"]
    messages = made["messages"]
    assert messages[0] == {"role": "system", "content": SYSTEM}
    called = next(message for message in messages if "tool_calls" in message)
    assert [json.loads(call["function"]["arguments"]) for call in called["tool_calls"]] == CITIES
    results = [message for message in messages if message["role"] == "tool"]
    assert [result["tool_call_id"] for result in results] == [call["id"] for call in called["tool_calls"]]
    assert messages[-1]["content"].startswith("The tool said:")
    assert any(message.get("reasoning_content") for message in messages)
    shown = [part for message in messages if isinstance(message["content"], list) for part in message["content"]]
    assert {"url": f"data:image/png;base64,{PNG}"}.items() <= next(
        part["image_url"] for part in shown if part["type"] == "image_url"
    ).items()


@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk.__name__)
def test_anthropic_lines(demo: Demo, listener: Listener, talk: Any) -> None:
    talk(demo, listener)
    made = exported(listener, "anthropic")
    assert made.keys() == {"system", "messages", "tools"}
    assert made["system"] == SYSTEM
    assert [accepted(MessageParam, message) for message in made["messages"]] == made["messages"]
    assert [accepted(ToolUnionParam, tool) for tool in made["tools"]] == made["tools"]
    blocks = [block for message in made["messages"] for block in message["content"] if isinstance(block, dict)]
    assert [block["input"] for block in blocks if block["type"] == "tool_use"] == CITIES
    assert len([block for block in blocks if block["type"] == "tool_result"]) == 2
    assert [block["source"]["data"] for block in blocks if block["type"] == "image"] == [PNG]
    assert any(block["type"] == "thinking" and block["thinking"] for block in blocks)


def test_a_claude_conversation_is_what_its_client_holds(demo: Demo, listener: Listener) -> None:
    """Signatures included: the file is the history of the last request and its answer."""
    talk_claude(demo, listener)
    last = listener.exchanges[-1].bodies
    assert last is not None
    sent, got = bare(json.loads(last.request or "")), bare(json.loads(last.answer or ""))
    assert exported(listener, "anthropic")["messages"] == [
        *sent["messages"],
        {"role": "assistant", "content": got["content"]},
    ]


@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk.__name__)
def test_sharegpt_lines(demo: Demo, listener: Listener, talk: Any) -> None:
    """As LLaMA-Factory's converter wants them: sides by turns, calls as JSON, a picture for each mark."""
    talk(demo, listener)
    made = exported(listener, "sharegpt")
    system, *turns = made["conversations"]
    assert system == {"from": "system", "value": SYSTEM}
    assert all(turn["from"] in ("human", "observation") for turn in turns[::2])
    assert all(turn["from"] in ("gpt", "function_call") for turn in turns[1::2])
    called = next(turn["value"] for turn in turns if turn["from"] == "function_call")
    listed = json.loads(called.partition("<tool_call>")[2].partition("</tool_call>")[0])
    assert [call["arguments"] for call in listed] == CITIES
    assert len(json.loads(next(turn["value"] for turn in turns if turn["from"] == "observation"))) == 2
    assert sum(turn["value"].count("<image>") for turn in turns) == len(made["images"]) == 1
    assert [tool["name"] for tool in json.loads(made["tools"])] == ["get_weather"]
    assert any("<think>" in turn["value"] for turn in turns)


@pytest.mark.parametrize("form", ["raw", "har"])
def test_the_rest_is_whole(demo: Demo, listener: Listener, form: str) -> None:
    talk_claude(demo, listener)
    outcome = Outcome()
    written = b"".join(export(Shelf(*listener.exchanges), Wish(format=form, which=ExchangeFilter()), outcome))
    if form == "har":
        entries = json.loads(written)["log"]["entries"]
        bodies = [
            (e["request"]["postData"]["text"], e["response"]["content"]["text"]) for e in entries if "_attempt" not in e
        ]
    else:
        bodies = [(b["request"], b["answer"]) for b in (json.loads(line)["bodies"] for line in written.splitlines())]
    assert bodies == [(one.bodies.request, one.bodies.answer) for one in listener.exchanges if one.bodies]
    assert isinstance(listener.exchanges[0], Exchange)


def bare(value: Any) -> Any:
    """Without what says nothing: nulls, and that no server tool was the caller."""
    if isinstance(value, dict):
        return {key: bare(item) for key, item in value.items() if item is not None and key != "caller"}
    return [bare(item) for item in value] if isinstance(value, list) else value


def accepted(kind: Any, value: Any) -> Any:
    """The value as the SDK's type takes it; keys it does not know are gone."""
    adapter: Any = pydantic.TypeAdapter(kind)
    return listed(adapter.validate_python(value))


def listed(value: Any) -> Any:
    """With what pydantic made an iterator of as a list again."""
    if isinstance(value, dict):
        return {key: listed(item) for key, item in value.items()}
    if isinstance(value, str | bytes | int | float | None):
        return value
    return [listed(item) for item in value]
