"""A conversation of each official SDK, recorded against the demo upstreams, satisfies that SDK again without them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types
from google.genai.types import HttpOptions
from support.a2a_process import KEY, Server, secrets_in
from support.stage import CLAUDE, GEMINI, KIRO, MODEL, ONE_AT_EVERY, OPENAI, RESPONSES, staged

TWO_CITIES = "What is the weather in Kyoto and Oslo for 3 days?"
BOTH = [{"city": "Kyoto", "days": 3}, {"city": "Oslo", "days": 3}]
SCHEMA: Any = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
}
RESULTS = "The tool said: 0 °C\nThe tool said: 1 °C"
STREAMED = "grüß dich, 世界 🦊"


def chat(url: str, model: str) -> list[Any]:
    """Text in one piece, parallel tools streamed, their results."""
    tool: Any = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}
    question: Any = {"role": "user", "content": TWO_CITIES}
    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as client:
        done = client.chat.completions.create(model=model, messages=[{"role": "user", "content": "hello"}])
        with client.chat.completions.stream(model=model, messages=[question], tools=[tool]) as stream:
            message: Any = stream.get_final_completion().choices[0].message
        calls = message.tool_calls
        assert [json.loads(call.function.arguments) for call in calls] == BOTH
        history: Any = {"role": "assistant", "tool_calls": [call.model_dump(include=_CALL) for call in calls]}
        results: Any = [{"role": "tool", "tool_call_id": c.id, "content": f"{n} °C"} for n, c in enumerate(calls)]
        last = client.chat.completions.create(model=model, messages=[question, history, *results], tools=[tool])
        assert last.choices[0].message.content == RESULTS
        listed = {one.id for one in client.models.list()}
    assert model in listed
    return [done.model_dump(), message.model_dump(), last.model_dump()]


_CALL: Any = {"id": True, "type": True, "function": {"name", "arguments"}}


def responses(url: str, model: str) -> list[Any]:
    """Reasoning streamed, parallel tools, their results behind the reasoning."""
    tool: Any = {"type": "function", "name": "get_weather", "parameters": SCHEMA, "strict": False}
    more: Any = {"reasoning": {"effort": "low", "summary": "auto"}, "include": ["reasoning.encrypted_content"]}
    question: Any = {"role": "user", "content": TWO_CITIES}
    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as client:
        events: list[Any] = list(client.responses.create(model=model, input=STREAMED, stream=True, **more))
        answer: Any = client.responses.create(model=model, input=[question], tools=[tool], **more)
        calls = [item for item in answer.output if item.type == "function_call"]
        assert [json.loads(call.arguments) for call in calls] == BOTH
        history = [item.model_dump(exclude_none=True) for item in answer.output]
        results: Any = [
            {"type": "function_call_output", "call_id": call.call_id, "output": f"{n} °C"}
            for n, call in enumerate(calls)
        ]
        last = client.responses.create(model=model, input=[question, *history, *results], tools=[tool], **more)
    assert last.output_text == RESULTS
    assert events[-1].response.output_text == f"You said: {STREAMED} — noted ✓"
    return [[event.model_dump() for event in events], answer.model_dump(), last.model_dump()]


def claude(url: str, model: str) -> list[Any]:
    """A count, thinking streamed, parallel tools, their results behind the thinking."""
    tool: Any = {"name": "get_weather", "input_schema": SCHEMA}
    more: Any = {
        "model": model,
        "max_tokens": 4000,
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
    }
    question: Any = {"role": "user", "content": TWO_CITIES}
    with anthropic.Anthropic(base_url=url, api_key=KEY, max_retries=0) as client:
        count = client.messages.count_tokens(model=model, messages=[{"role": "user", "content": "hello"}])
        with client.messages.stream(**more, messages=[question], tools=[tool]) as stream:
            answer: Any = stream.get_final_message()
        calls = [block for block in answer.content if block.type == "tool_use"]
        assert [call.input for call in calls] == BOTH
        results: Any = [
            {"type": "tool_result", "tool_use_id": call.id, "content": f"{n} °C"} for n, call in enumerate(calls)
        ]
        history: Any = [block.model_dump(exclude_none=True) for block in answer.content]
        messages: Any = [
            question,
            {"role": "assistant", "content": history},
            {"role": "user", "content": results},
        ]
        last = client.messages.create(**more, messages=messages, tools=[tool])
    assert "".join(block.text for block in last.content if block.type == "text") == RESULTS
    return [count.input_tokens, answer.model_dump(), last.model_dump()]


def google(url: str, model: str) -> list[Any]:
    """A count, text streamed, parallel tools, their results."""
    declared = types.FunctionDeclaration(name="get_weather", parameters_json_schema=SCHEMA)
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[declared])], system_instruction="Be brief."
    )
    contents: list[Any] = [types.UserContent(TWO_CITIES)]
    with genai.Client(api_key=KEY, http_options=HttpOptions(base_url=url)) as client:
        count = client.models.count_tokens(model=model, contents="hello")
        chunks = list(client.models.generate_content_stream(model=model, contents=STREAMED))
        assert "".join(chunk.text or "" for chunk in chunks) == f"You said: {STREAMED} — noted ✓"
        answer = client.models.generate_content(model=model, contents=contents, config=config)
        assert answer.candidates is not None
        assert answer.candidates[0].content is not None
        calls = answer.function_calls or []
        assert [call.args for call in calls] == BOTH
        results = [
            types.Part(
                function_response=types.FunctionResponse(id=call.id, name=call.name, response={"output": f"{n} °C"})
            )
            for n, call in enumerate(calls)
        ]
        contents += [answer.candidates[0].content, types.UserContent(results)]
        last = client.models.generate_content(model=model, contents=contents, config=config)
        known = client.models.get(model=model).name
    assert last.text == RESULTS
    assert known == f"models/{model}"
    return [count.total_tokens, *(_plain(one) for one in (*chunks, answer, last))]


def _plain(answer: Any) -> Any:
    """Without what the SDK adds of the HTTP answer."""
    return answer.model_dump(exclude={"sdk_http_response"})


CONVERSATIONS: dict[str, tuple[Callable[[str, str], list[Any]], str, str]] = {
    "chat": (chat, OPENAI, MODEL[OPENAI]),
    "chat, converted": (chat, KIRO, MODEL[KIRO]),
    "responses": (responses, RESPONSES, MODEL[RESPONSES]),
    "responses, converted": (responses, CLAUDE, MODEL[CLAUDE]),
    "claude": (claude, CLAUDE, MODEL[CLAUDE]),
    "claude, converted": (claude, GEMINI, MODEL[GEMINI]),
    "gemini": (google, GEMINI, MODEL[GEMINI]),
    "gemini, converted": (google, OPENAI, MODEL[OPENAI]),
}
"""Name -> the conversation, whose prefix it goes under, the model."""


@dataclass
class Recorded:
    folder: Path
    home: Path
    told: dict[str, list[Any]] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Every conversation, once, against the upstreams; afterwards those are gone, and so is the home that knew them."""
    folder = tmp_path_factory.mktemp("cassettes")
    made = Recorded(folder / "tape", folder / "empty")
    (folder / "stage").mkdir()
    with staged(folder / "stage", ONE_AT_EVERY, server={"record": str(made.folder)}) as stage:
        for name, (talk, provider, model) in CONVERSATIONS.items():
            made.told[name] = talk(f"{stage.server.url}/{provider}", model)
        made.secrets = stage.secrets
    made.home.mkdir()
    return made


@pytest.fixture(scope="module")
def player(recorded: Recorded) -> Iterator[Server]:
    server = Server(recorded.home, "--replay", str(recorded.folder))
    yield server
    server.stop()


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_the_conversation_again(recorded: Recorded, player: Server, name: str) -> None:
    talk, provider, model = CONVERSATIONS[name]
    assert talk(f"{player.url}/{provider}", model) == recorded.told[name]


def test_no_cassette_holds_a_secret(recorded: Recorded) -> None:
    files = sorted(recorded.folder.iterdir())
    assert len(files) > len(CONVERSATIONS) * 2
    assert not [name for file in files for name in secrets_in(file.read_text("utf-8"), recorded.secrets)]
    assert {oct(file.stat().st_mode & 0o777) for file in files} == {"0o600"}


def test_it_needs_no_account(recorded: Recorded, player: Server) -> None:
    assert player.http.get("/ready").status_code == 200
    assert player.accounts() == {}
    assert "no upstream is called" in player.stderr


def test_what_no_cassette_holds_is_told_in_the_clients_protocol(recorded: Recorded, player: Server) -> None:
    with (
        anthropic.Anthropic(base_url=player.url, api_key=KEY, max_retries=0) as client,
        pytest.raises(anthropic.BadRequestError) as caught,
    ):
        client.messages.count_tokens(model=MODEL[CLAUDE], messages=[{"role": "user", "content": "hallo"}])
    body: Any = caught.value.body
    said: str = body["error"]["message"]
    assert said.startswith(f"no cassette in {recorded.folder} matches this request; the nearest is ex_")
    assert said.endswith('.json, with messages[0].content: recorded "hello", sent "hallo"')
