"""The official OpenAI SDK's Responses API against the real `a2a serve`, on every provider."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pydantic
import pytest
from support.a2a_process import KEY
from support.stage import EVERY_PROVIDER, KIRO, MODEL, RESPONSES, SHORT, TOLD, Stage, one_and_spares_at_every, staged

SPARES = 10
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4/X4fBDHAWQCg4g/xSJ8EGAAAAABJRU5ErkJggg=="
WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
        "additionalProperties": False,
    },
    "strict": True,
}
ALOUD: Any = {"reasoning": {"effort": "low", "summary": "auto"}, "include": ["reasoning.encrypted_content"]}


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


@pytest.fixture
def base(provider: str) -> dict[str, Any]:
    """As agents ask: nothing is kept upstream."""
    return {"model": MODEL[provider], "store": False}


def ask(client: openai.OpenAI, streamed: bool, **asked: Any) -> Any:
    """The whole answer, from one body or as the streaming helper puts it together."""
    if not streamed:
        return client.responses.create(**asked)
    with client.responses.stream(**asked) as stream:
        return stream.get_final_response()


def thought(answer: Any) -> str:
    """What the summaries of its reasoning say."""
    return "".join(part.text for item in answer.output if item.type == "reasoning" for part in item.summary)


def history(answer: Any) -> list[Any]:
    """Its items as an agent sends them back."""
    return [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in answer.output]


def test_text_and_usage(client: openai.OpenAI, base: dict[str, Any]) -> None:
    done = client.responses.create(**base, input="hello")
    assert (done.output_text, done.status, done.error) == ("You said: hello — noted ✓", "completed", None)
    assert done.usage is not None
    assert done.usage.input_tokens > 0
    assert done.usage.output_tokens > 0
    assert done.usage.total_tokens == done.usage.input_tokens + done.usage.output_tokens


def test_stream_helper(client: openai.OpenAI, base: dict[str, Any]) -> None:
    said = "grüß dich, 世界 🦊"
    with client.responses.stream(**base, input=said, instructions="Be brief.") as stream:
        pieces = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert len(pieces) > 1
    assert "".join(pieces) == final.output_text == f"You said: {said} — noted ✓"
    assert final.usage is not None
    assert final.usage.output_tokens > 0


def test_events_of_a_stream_are_in_order(client: openai.OpenAI, base: dict[str, Any]) -> None:
    events: list[Any] = list(client.responses.create(**base, input="hi there", stream=True))
    kinds = [event.type.removeprefix("response.") for event in events]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert (kinds[0], kinds[-1]) == ("created", "completed")
    told = [kind for kind in kinds if kind.startswith(("output_item", "content_part", "output_text"))]
    text = ["output_text.delta"] * told.count("output_text.delta")
    assert told[-len(text) - 5 :] == [
        "output_item.added",
        "content_part.added",
        *text,
        "output_text.done",
        "content_part.done",
        "output_item.done",
    ]
    assert {event.response.id for event in (events[0], events[-1])} == {events[0].response.id}


@pytest.mark.parametrize("more", [{"store": True}, ALOUD], ids=["kept", "reasoning"])
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_parallel_tools_round_trip(
    client: openai.OpenAI, base: dict[str, Any], streamed: bool, more: dict[str, Any]
) -> None:
    asked: dict[str, Any] = {**base, **more, "tools": [WEATHER]}
    question = {"role": "user", "content": "What is the weather in Kyoto and Oslo for 3 days?"}
    answer = ask(client, streamed, **asked, input=[question])
    calls = [item for item in answer.output if item.type == "function_call"]
    assert [json.loads(call.arguments) for call in calls] == [{"city": "Kyoto", "days": 3}, {"city": "Oslo", "days": 3}]
    assert len({call.call_id for call in calls}) == 2
    results = [
        {"type": "function_call_output", "call_id": call.call_id, "output": f"{n} °C"} for n, call in enumerate(calls)
    ]
    second = ask(client, streamed, **asked, input=[question, *history(answer), *results])
    assert second.output_text == "The tool said: 0 °C\nThe tool said: 1 °C"
    assert second.status == "completed"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_reasoning_comes_and_goes_back(client: openai.OpenAI, base: dict[str, Any], streamed: bool) -> None:
    question = {"role": "user", "content": "hi"}
    answer = ask(client, streamed, **base, **ALOUD, input=[question])
    assert "naïve" in thought(answer)
    assert answer.output_text == "You said: hi — noted ✓"
    more = [question, *history(answer), {"role": "user", "content": "and you?"}]
    assert ask(client, streamed, **base, **ALOUD, input=more).output_text == "You said: and you? — noted ✓"


def test_image(client: openai.OpenAI, base: dict[str, Any]) -> None:
    content = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"},
    ]
    done = client.responses.create(**base, input=[{"role": "user", "content": content}])  # type: ignore[list-item]
    assert done.output_text.startswith("The image is 3x2 pixels (image/png).")


def test_structured_output(client: openai.OpenAI, base: dict[str, Any]) -> None:
    whole = client.responses.parse(**base, input="Tell me of a city.", text_format=City)
    assert isinstance(whole.output_parsed, City)
    with client.responses.stream(**base, input="Tell me of a city.", text_format=City) as stream:
        assert stream.get_final_response().output_parsed == whole.output_parsed


def test_a_forced_tool(client: openai.OpenAI, base: dict[str, Any]) -> None:
    choice: Any = {"type": "function", "name": "get_weather"}
    done = client.responses.create(**base, input="Oslo, please", tools=[WEATHER], tool_choice=choice)
    assert [item.name for item in done.output if item.type == "function_call"] == ["get_weather"]


def test_a_limit_ends_it_incomplete(client: openai.OpenAI, provider: str, base: dict[str, Any]) -> None:
    done = client.responses.create(**base, input="[[words: 400]]", max_output_tokens=16)
    if provider == KIRO:  # knows no limit
        assert done.status == "completed"
        return
    assert done.status == "incomplete"
    assert done.incomplete_details is not None
    assert done.incomplete_details.reason == "max_output_tokens"


def test_count(client: openai.OpenAI, provider: str) -> None:
    short, long = (
        client.responses.input_tokens.count(model=MODEL[provider], input=text).input_tokens
        for text in ("hello", "hello " * 50)
    )
    assert 0 < short < long


def test_wrong_key(stage: Stage, provider: str, base: dict[str, Any]) -> None:
    with stage.openai(provider, key="not-the-key") as client, pytest.raises(openai.AuthenticationError) as caught:
        client.responses.create(**base, input="hi")
    assert caught.value.code == "invalid_api_key"
    assert KEY not in str(caught.value)


def test_unknown_model_at_a_provider(stage: Stage, provider: str) -> None:
    with stage.openai(provider) as client, pytest.raises(openai.NotFoundError) as caught:
        client.responses.create(model="no-such-model", input="hi")
    assert caught.value.code == "model_not_found"


MALFORMED: list[tuple[str, dict[str, Any]]] = [
    ("no input", {"input": []}),
    ("input of the wrong type", {"input": 7}),
    ("a role nobody knows", {"input": [{"role": "boss", "content": "hi"}]}),
    ("a limit that is no number", {"max_output_tokens": "many"}),
]


@pytest.mark.parametrize("change", [change for _, change in MALFORMED], ids=[name for name, _ in MALFORMED])
def test_malformed_body(client: openai.OpenAI, base: dict[str, Any], change: dict[str, Any]) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(**{**base, "input": "hi", **change})
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
        client.responses.create(
            model=f"{account}/{MODEL[provider]}", input=f"[[fault: {fault}]] hi", stream=streamed, store=False
        )
    assert caught.value.response.headers["x-a2a-account"] == account
    assert caught.value.response.headers["x-a2a-attempts"] == "1"


def test_error_in_mid_stream(stage: Stage, provider: str) -> None:
    asked = f"[[fault: error_event after={TOLD[provider]} status=400]] hello"
    model = f"{stage.spare(provider)}/{MODEL[provider]}"
    said: list[str] = []
    with stage.openai() as client:
        stream = client.responses.create(model=model, input=asked, stream=True, store=False)
        for event in stream:
            said += [event.delta] if event.type == "response.output_text.delta" else []
    assert "".join(said)
    assert event.type == "response.failed"
    assert event.response.status == "failed"
    assert event.response.error is not None
    assert event.response.error.message


def test_an_item_that_is_not_kept_is_no_missing_model(stage: Stage) -> None:
    kept: Any = [{"type": "item_reference", "id": "msg_nobody"}, {"role": "user", "content": "hi"}]
    model = f"{stage.spare(RESPONSES)}/{MODEL[RESPONSES]}"
    with stage.openai() as client:
        with pytest.raises(openai.NotFoundError, match="not persisted"):
            client.responses.create(model=model, input=kept, store=False)
        assert client.responses.create(model=model, input="hi", store=False).output_text
