"""The official google-genai SDK against the real `a2a serve`, on every provider: what works with Gemini works here.

It asks `/v1`, its default, with the key in `x-goog-api-key`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pydantic
import pytest
from google import genai
from google.genai import errors, types
from support.a2a_process import KEY
from support.stage import (
    EVERY_PROVIDER,
    GEMINI,
    KIRO,
    MODEL,
    OPENAI,
    SHORT,
    TOLD,
    Stage,
    one_and_spares_at_every,
    staged,
)

SPARES = 9
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4/X4fBDHAWQCg4g/xSJ8EGAAAAABJRU5ErkJggg=="
)
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
}
WEATHER = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(name="get_weather", description="The weather of a city.", parameters_json_schema=CITY)
    ]
)
ALOUD = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_budget=2000))
TWO_CITIES = "What is the weather in Kyoto and Oslo for 3 days?"


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
def client(stage: Stage, provider: str) -> Iterator[genai.Client]:
    """Talks to the first account of the provider, which no test spoils."""
    with stage.google(headers={"Model-Provider": f"{SHORT[provider]}/one"}) as made:
        yield made


@pytest.fixture
def model(provider: str) -> str:
    return MODEL[provider]


def parts(*answers: types.GenerateContentResponse) -> list[types.Part]:
    """Those of the whole answer, or of all chunks of a stream."""
    contents = [candidate.content for answer in answers for candidate in answer.candidates or ()]
    return [part for content in contents if content is not None for part in content.parts or ()]


def said(*answers: types.GenerateContentResponse, thought: bool = False) -> str:
    return "".join(part.text or "" for part in parts(*answers) if bool(part.thought) == thought)


def ask(client: genai.Client, streamed: bool, model: str, contents: Any, **config: Any) -> list[Any]:
    """One answer, or the chunks of a stream."""
    asked: dict[str, Any] = {"model": model, "contents": contents, **config}
    if streamed:
        return list(client.models.generate_content_stream(**asked))
    return [client.models.generate_content(**asked)]


def test_text_and_usage(client: genai.Client, model: str) -> None:
    done = client.models.generate_content(model=model, contents="hello")
    assert done.text == "You said: hello — noted ✓"
    assert done.candidates is not None
    assert done.candidates[0].finish_reason == types.FinishReason.STOP
    used = done.usage_metadata
    assert used is not None
    assert used.prompt_token_count
    assert used.candidates_token_count
    assert used.total_token_count is not None
    assert used.total_token_count >= used.prompt_token_count + used.candidates_token_count


def test_stream(client: genai.Client, model: str) -> None:
    asked = "grüß dich, 世界 🦊"
    chunks = list(client.models.generate_content_stream(model=model, contents=asked))
    assert len(chunks) > 1
    assert said(*chunks) == f"You said: {asked} — noted ✓"
    finishes = [c.finish_reason for chunk in chunks for c in chunk.candidates or () if c.finish_reason]
    assert finishes == [types.FinishReason.STOP]
    assert chunks[-1].usage_metadata is not None
    assert chunks[-1].usage_metadata.candidates_token_count


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_chat(client: genai.Client, model: str, streamed: bool) -> None:
    chat = client.chats.create(model=model, config=ALOUD)
    for asked in ("hi", "and you?"):
        answers = list(chat.send_message_stream(asked)) if streamed else [chat.send_message(asked)]
        assert said(*answers) == f"You said: {asked} — noted ✓"
    assert [content.role for content in chat.get_history(curated=True)[:2]] == ["user", "model"]


@pytest.mark.parametrize("config", [None, ALOUD], ids=["plain", "thoughts"])
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_parallel_tools_round_trip(client: genai.Client, model: str, streamed: bool, config: Any) -> None:
    given = (config or types.GenerateContentConfig()).model_copy(update={"tools": [WEATHER]})
    contents: list[Any] = [types.UserContent(TWO_CITIES)]
    first = parts(*ask(client, streamed, model, contents, config=given))
    calls = [part.function_call for part in first if part.function_call is not None]
    assert [(call.name, call.args) for call in calls] == [
        ("get_weather", {"city": "Kyoto", "days": 3}),
        ("get_weather", {"city": "Oslo", "days": 3}),
    ]
    results = [
        types.Part(function_response=types.FunctionResponse(id=call.id, name=call.name, response={"output": f"{n} °C"}))
        for n, call in enumerate(calls)
    ]
    contents += [types.ModelContent(first), types.UserContent(results)]
    second = client.models.generate_content(model=model, contents=contents, config=given)
    assert said(second) == "The tool said: 0 °C\nThe tool said: 1 °C"


def test_the_sdk_calls_by_itself(client: genai.Client, model: str) -> None:
    asked: list[str] = []

    def get_weather(city: str) -> str:
        """The weather of a city."""
        asked.append(city)
        return "snow"

    config = types.GenerateContentConfig(tools=[get_weather])
    done = client.models.generate_content(model=model, contents="What is the weather in Oslo?", config=config)
    assert asked == ["Oslo"]
    assert "snow" in said(done)


def test_a_forced_tool(client: genai.Client, model: str) -> None:
    calling = types.FunctionCallingConfig(
        mode=types.FunctionCallingConfigMode.ANY, allowed_function_names=["get_weather"]
    )
    config = types.GenerateContentConfig(tools=[WEATHER], tool_config=types.ToolConfig(function_calling_config=calling))
    done = client.models.generate_content(model=model, contents="Oslo, please", config=config)
    assert [call.name for call in done.function_calls or ()] == ["get_weather"]


def test_image(client: genai.Client, model: str) -> None:
    image = types.Part.from_bytes(data=PNG, mime_type="image/png")
    done = client.models.generate_content(model=model, contents=["What is this?", image])
    assert (done.text or "").startswith("The image is 3x2 pixels (image/png).")


def test_thoughts(client: genai.Client, model: str) -> None:
    whole = client.models.generate_content(model=model, contents="hi", config=ALOUD)
    chunks = list(client.models.generate_content_stream(model=model, contents="hi", config=ALOUD))
    for answers in ([whole], chunks):
        assert "naïve" in said(*answers, thought=True)
        assert said(*answers) == "You said: hi — noted ✓"


@pytest.mark.parametrize("as_json_schema", [False, True], ids=["response_schema", "response_json_schema"])
def test_structured_output(client: genai.Client, model: str, as_json_schema: bool) -> None:
    schema: Any = {"response_json_schema": City.model_json_schema()} if as_json_schema else {"response_schema": City}
    config = types.GenerateContentConfig(response_mime_type="application/json", **schema)
    done = client.models.generate_content(model=model, contents="Tell me of a city.", config=config)
    City.model_validate_json(done.text or "")
    assert as_json_schema or isinstance(done.parsed, City)


def test_a_limit_ends_it(client: genai.Client, provider: str, model: str) -> None:
    config = types.GenerateContentConfig(max_output_tokens=16)
    done = client.models.generate_content(model=model, contents="[[words: 400]]", config=config)
    assert done.candidates is not None
    wanted = types.FinishReason.STOP if provider == KIRO else types.FinishReason.MAX_TOKENS  # Kiro knows no limit
    assert done.candidates[0].finish_reason == wanted


def test_count(client: genai.Client, model: str) -> None:
    short, long = (client.models.count_tokens(model=model, contents=text) for text in ("hello", "hello " * 50))
    assert 0 < (short.total_tokens or 0) < (long.total_tokens or 0)


def test_models(stage: Stage) -> None:
    with stage.google() as client:
        listed = {model.name for model in client.models.list()}
        assert {f"models/{name}" for name in MODEL.values()} <= listed
        assert client.models.get(model=MODEL[GEMINI]).name == f"models/{MODEL[GEMINI]}"
    with stage.google(KIRO) as client:
        names = [model.name for model in client.models.list(config={"page_size": 5})]
        assert f"models/{MODEL[KIRO]}" in names
        with pytest.raises(errors.ClientError) as caught:
            client.models.get(model=MODEL[OPENAI])
    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")


def test_wrong_key(stage: Stage, provider: str, model: str) -> None:
    with stage.google(provider, key="not-the-key") as client, pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(model=model, contents="hi")
    assert (caught.value.code, caught.value.status) == (401, "UNAUTHENTICATED")
    assert KEY not in str(caught.value)


def test_unknown_model_at_a_provider(stage: Stage, provider: str) -> None:
    with stage.google(provider) as client, pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(model="no-such-model", contents="hi")
    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")


MALFORMED: list[tuple[str, dict[str, Any]]] = [
    ("no contents", {"contents": []}),
    ("contents of the wrong type", {"contents": 7}),
    ("a role nobody knows", {"contents": [{"role": "boss", "parts": [{"text": "hi"}]}]}),
    ("a limit that is no number", {"generationConfig": {"maxOutputTokens": "many"}}),
]


@pytest.mark.parametrize("change", [change for _, change in MALFORMED], ids=[name for name, _ in MALFORMED])
def test_malformed_body(client: genai.Client, model: str, change: dict[str, Any]) -> None:
    config = types.GenerateContentConfig(http_options=types.HttpOptions(extra_body=change))
    with pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(model=model, contents="hi", config=config)
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")


UPSTREAM: list[tuple[str, type[errors.APIError]]] = [
    ("429", errors.ClientError),
    ("500", errors.ServerError),
    ("503", errors.ServerError),
    ("html status=502", errors.ServerError),
]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("fault", "kind"), UPSTREAM, ids=[fault for fault, _ in UPSTREAM])
def test_upstream_errors(stage: Stage, provider: str, fault: str, kind: type[errors.APIError], streamed: bool) -> None:
    model = f"{stage.spare(provider)}/{MODEL[provider]}"
    asked = f"[[fault: {fault}]] hi"
    with stage.google() as client, pytest.raises(kind) as caught:
        ask(client, streamed, model, asked)
    assert (caught.value.code == 429) == (fault == "429")
    assert caught.value.message


def test_error_in_mid_stream(stage: Stage, provider: str) -> None:
    model = f"{stage.spare(provider)}/{MODEL[provider]}"
    asked = f"[[fault: error_event after={TOLD[provider]} status=400]] hello"
    chunks: list[types.GenerateContentResponse] = []
    with stage.google() as client, pytest.raises(errors.APIError) as caught:
        chunks.extend(client.models.generate_content_stream(model=model, contents=asked))
    assert said(*chunks)
    assert caught.value.message
