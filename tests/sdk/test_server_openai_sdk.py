"""The official OpenAI SDK against the real `a2a serve`, on every provider: what works with OpenAI works here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pydantic
import pytest
from support.a2a_process import KEY
from support.stage import (
    CLAUDE,
    EVERY_PROVIDER,
    MODEL,
    OPENAI,
    SHORT,
    SIGNED_IN,
    TOLD,
    Stage,
    one_and_spares_at_every,
    staged,
)

SPARES = 9
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4/X4fBDHAWQCg4g/xSJ8EGAAAAABJRU5ErkJggg=="
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city"],
        },
    },
}


class City(pydantic.BaseModel):
    name: str
    people: int


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), one_and_spares_at_every(SPARES)) as made:
        yield made


@pytest.fixture(params=EVERY_PROVIDER)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(stage: Stage, provider: str) -> Iterator[openai.OpenAI]:
    """Talks to the first account of the provider, which no test spoils."""
    with stage.openai() as made:
        yield made.with_options(default_headers={"Model-Provider": f"{SHORT[provider]}/one"})


def user(content: Any) -> Any:
    return [{"role": "user", "content": content}]


def test_text_and_usage(client: openai.OpenAI, provider: str) -> None:
    done = client.chat.completions.create(model=MODEL[provider], messages=user("hello"))
    assert done.choices[0].message.content == "You said: hello — noted ✓"
    assert done.choices[0].finish_reason == "stop"
    assert done.object == "chat.completion"
    assert done.usage is not None
    assert done.usage.prompt_tokens > 0
    assert done.usage.completion_tokens > 0
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens


def test_stream_helper(client: openai.OpenAI, provider: str) -> None:
    said = "grüß dich, 世界 🦊"
    with client.chat.completions.stream(
        model=MODEL[provider], messages=user(said), stream_options={"include_usage": True}
    ) as stream:
        pieces = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion()
    assert len(pieces) > 1
    assert "".join(pieces) == final.choices[0].message.content == f"You said: {said} — noted ✓"
    assert final.choices[0].finish_reason == "stop"
    assert final.usage is not None
    assert final.usage.completion_tokens > 0


def test_chunks_of_a_stream_belong_together(client: openai.OpenAI, provider: str) -> None:
    chunks = list(client.chat.completions.create(model=MODEL[provider], messages=user("hi there"), stream=True))
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason] == ["stop"]
    assert not any(chunk.usage for chunk in chunks)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_parallel_tools_round_trip(client: openai.OpenAI, provider: str, streamed: bool) -> None:
    asked: dict[str, Any] = {"model": MODEL[provider], "tools": [WEATHER]}
    messages = user("What is the weather in Kyoto and Oslo for 3 days?")
    if streamed:
        with client.chat.completions.stream(**asked, messages=messages) as stream:
            choice: Any = stream.get_final_completion().choices[0]
    else:
        choice = client.chat.completions.create(**asked, messages=messages).choices[0]
    assert choice.finish_reason == "tool_calls"
    calls = choice.message.tool_calls
    assert [json.loads(call.function.arguments) for call in calls] == [
        {"city": "Kyoto", "days": 3},
        {"city": "Oslo", "days": 3},
    ]
    assert len({call.id for call in calls}) == 2
    history = {
        "role": "assistant",
        "content": choice.message.content,
        "tool_calls": [
            {"id": c.id, "type": "function", "function": {"name": c.function.name, "arguments": c.function.arguments}}
            for c in calls
        ],
    }
    results = [{"role": "tool", "tool_call_id": call.id, "content": f"{n} °C"} for n, call in enumerate(calls)]
    whole: Any = [*messages, history, *results]
    second = client.chat.completions.create(**asked, messages=whole)
    assert second.choices[0].message.content == "The tool said: 0 °C\nThe tool said: 1 °C"
    assert second.choices[0].finish_reason == "stop"


def test_image(client: openai.OpenAI, provider: str) -> None:
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
    ]
    done = client.chat.completions.create(model=MODEL[provider], messages=user(content))
    assert (done.choices[0].message.content or "").startswith("The image is 3x2 pixels (image/png).")


def test_reasoning(client: openai.OpenAI, provider: str) -> None:
    asked: Any = {"model": MODEL[provider], "messages": user("hi"), "reasoning_effort": "low"}
    whole: Any = client.chat.completions.create(**asked)
    assert "naïve" in whole.choices[0].message.model_extra["reasoning_content"]
    assert whole.choices[0].message.content == "You said: hi — noted ✓"
    stream: Any = list(client.chat.completions.create(**asked, stream=True))
    deltas = [chunk.choices[0].delta for chunk in stream if chunk.choices]
    thought = "".join((delta.model_extra or {}).get("reasoning_content") or "" for delta in deltas)
    assert thought == whole.choices[0].message.model_extra["reasoning_content"]
    assert "".join(delta.content or "" for delta in deltas) == whole.choices[0].message.content


def test_structured_output(client: openai.OpenAI, provider: str) -> None:
    asked: Any = {"model": MODEL[provider], "messages": user("Tell me of a city."), "response_format": City}
    whole = client.chat.completions.parse(**asked).choices[0].message.parsed
    assert isinstance(whole, City)
    with client.chat.completions.stream(**asked) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == whole


def test_a_forced_tool(client: openai.OpenAI, provider: str) -> None:
    choice: Any = {"type": "function", "function": {"name": "get_weather"}}
    done: Any = client.chat.completions.create(
        model=MODEL[provider], messages=user("Oslo, please"), tools=[WEATHER], tool_choice=choice
    )
    assert [call.function.name for call in done.choices[0].message.tool_calls] == ["get_weather"]


def test_models(stage: Stage) -> None:
    with stage.openai() as client:
        listed = {model.id: model.owned_by for model in client.models.list()}
        assert set(MODEL.values()) <= set(listed)
        assert client.models.retrieve("claude-sonnet-4-6").owned_by == CLAUDE
    with stage.openai(OPENAI) as client:
        assert {model.owned_by for model in client.models.list()} == {OPENAI}
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("claude-sonnet-4-6")


def test_wrong_key(stage: Stage, provider: str) -> None:
    with (
        stage.openai(provider, key="not-the-key") as client,
        pytest.raises(openai.AuthenticationError) as caught,
    ):
        client.chat.completions.create(model=MODEL[provider], messages=user("hi"))
    assert caught.value.code == "invalid_api_key"
    assert KEY not in str(caught.value)


def test_unknown_model_at_a_provider(stage: Stage, provider: str) -> None:
    with stage.openai(provider) as client, pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="no-such-model", messages=user("hi"))
    assert caught.value.code == "model_not_found"


def test_unknown_model_names_near_ones(stage: Stage) -> None:
    with stage.openai() as client, pytest.raises(openai.NotFoundError, match="claude-sonnet-4-6") as caught:
        client.chat.completions.create(model="claude-sonnet-4-66", messages=user("hi"))
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


MALFORMED: list[tuple[str, dict[str, Any]]] = [
    ("no messages", {"messages": []}),
    ("messages of the wrong type", {"extra_body": {"messages": "hi"}}),
    ("a role nobody knows", {"messages": [{"role": "boss", "content": "hi"}]}),
    ("a limit that is no number", {"extra_body": {"max_tokens": "many"}}),
]


@pytest.mark.parametrize("change", [change for _, change in MALFORMED], ids=[name for name, _ in MALFORMED])
def test_malformed_body(client: openai.OpenAI, provider: str, change: dict[str, Any]) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**{"model": MODEL[provider], "messages": user("hi"), **change})
    assert caught.value.type == "invalid_request_error"


UPSTREAM: list[tuple[str, type[openai.APIStatusError]]] = [
    ("429", openai.RateLimitError),
    ("500", openai.InternalServerError),
    ("503", openai.InternalServerError),
    ("html status=502", openai.InternalServerError),
]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("fault", "kind"), UPSTREAM, ids=[fault for fault, _ in UPSTREAM])
def test_upstream_errors(
    stage: Stage, provider: str, fault: str, kind: type[openai.APIStatusError], streamed: bool
) -> None:
    account = stage.spare(provider)
    with stage.openai() as client, pytest.raises(kind) as caught:
        client.chat.completions.create(
            model=f"{account}/{MODEL[provider]}", messages=user(f"[[fault: {fault}]] hi"), stream=streamed
        )
    assert caught.value.response.headers["x-a2a-account"] == account
    assert caught.value.response.headers["x-a2a-attempts"] == "1"


@pytest.mark.parametrize("provider", EVERY_PROVIDER)
def test_the_upstreams_refusal_of_an_account_is_not_the_clients_401(stage: Stage, provider: str) -> None:
    account = stage.spare(provider)
    asked = "[[fault: 403]] hi" if provider in SIGNED_IN else "[[fault: 401]] hi"  # a 401 means: renew the token
    with stage.openai() as client, pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model=f"{account}/{MODEL[provider]}", messages=user(asked))
    assert caught.value.status_code == 503


def test_error_in_mid_stream(client: openai.OpenAI, provider: str) -> None:
    asked = user(f"[[fault: error_event after={TOLD[provider]} status=400]] hello")
    stream = client.chat.completions.create(model=MODEL[provider], messages=asked, stream=True)
    said: list[str] = []
    with pytest.raises(openai.APIError) as caught:
        said.extend(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert "".join(said)
    assert caught.value.message
