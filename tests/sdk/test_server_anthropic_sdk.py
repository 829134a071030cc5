"""The official Anthropic SDK against the real `a2a serve`, on every provider: what works with Claude works here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import pydantic
import pytest
from support.a2a_process import KEY
from support.stage import (
    EVERY_PROVIDER,
    KIRO,
    MODEL,
    SHORT,
    SIGNED_IN,
    TOLD,
    Stage,
    one_and_spares_at_every,
    staged,
)

SPARES = 9
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
THINKING: Any = {"type": "enabled", "budget_tokens": 2000}


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
def client(stage: Stage, provider: str) -> Iterator[anthropic.Anthropic]:
    """Talks to the first account of the provider, which no test spoils."""
    with stage.anthropic() as made:
        yield made.with_options(default_headers={"Model-Provider": f"{SHORT[provider]}/one"})


@pytest.fixture
def base(provider: str) -> dict[str, Any]:
    return {"model": MODEL[provider], "max_tokens": 4000}


def user(content: Any) -> Any:
    return [{"role": "user", "content": content}]


def texts(message: Any) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def test_text_and_usage(client: anthropic.Anthropic, base: dict[str, Any]) -> None:
    message = client.messages.create(**base, messages=user("hello"))
    assert (texts(message), message.stop_reason, message.role) == ("You said: hello — noted ✓", "end_turn", "assistant")
    usage = message.usage
    seen = usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
    assert seen > 0
    assert usage.output_tokens > 0


def test_stream_helper(client: anthropic.Anthropic, base: dict[str, Any]) -> None:
    said = "grüß dich, 世界 🦊"
    with client.messages.stream(**base, messages=user(said)) as stream:
        pieces = list(stream.text_stream)
        message = stream.get_final_message()
    assert len(pieces) > 1
    assert "".join(pieces) == texts(message) == f"You said: {said} — noted ✓"
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens > 0


def test_events_of_a_stream_are_in_order(client: anthropic.Anthropic, base: dict[str, Any]) -> None:
    events = list(client.messages.create(**base, messages=user("hi there"), stream=True))
    kinds = [event.type for event in events if event.type != "ping"]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert set(kinds[2:-3]) == {"content_block_delta"}
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    start = events[0]
    assert start.type == "message_start"
    assert start.message.usage.input_tokens >= 0


@pytest.mark.parametrize("thinking", [None, THINKING], ids=["plain", "thinking"])
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_parallel_tools_round_trip(
    client: anthropic.Anthropic, base: dict[str, Any], streamed: bool, thinking: Any
) -> None:
    asked = {**base, "tools": [READ], **({"thinking": thinking} if thinking else {})}
    messages = user("Use the Read tool on /a/one.txt and /b/two.txt")
    if streamed:
        with client.messages.stream(**asked, messages=messages) as stream:
            message: Any = stream.get_final_message()
    else:
        message = client.messages.create(**asked, messages=messages)
    calls = [block for block in message.content if block.type == "tool_use"]
    assert message.stop_reason == "tool_use"
    assert [call.input for call in calls] == [{"file_path": "/a/one.txt"}, {"file_path": "/b/two.txt"}]
    assert len({call.id for call in calls}) == 2
    assert any(block.type == "thinking" for block in message.content) == bool(thinking)
    history = [block.model_dump(exclude_none=True, exclude={"caller", "parsed_output"}) for block in message.content]
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": f"line {n}"} for n, call in enumerate(calls)]
    second = client.messages.create(
        **asked, messages=[*messages, {"role": "assistant", "content": history}, *user(results)]
    )
    assert texts(second) == "The tool said: line 0\nThe tool said: line 1"
    assert second.stop_reason == "end_turn"


def test_image(client: anthropic.Anthropic, base: dict[str, Any]) -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    message = client.messages.create(**base, messages=user([image, {"type": "text", "text": "What is this?"}]))
    assert texts(message).startswith("The image is 3x2 pixels (image/png).")


def test_thinking(client: anthropic.Anthropic, base: dict[str, Any]) -> None:
    whole = client.messages.create(**base, messages=user("hi"), thinking=THINKING)
    assert [block.type for block in whole.content] == ["thinking", "text"]
    with client.messages.stream(**base, messages=user("hi"), thinking=THINKING) as stream:
        streamed = stream.get_final_message()
    for message in (whole, streamed):
        thought: Any = message.content[0]
        assert thought.type == "thinking"
        assert "naïve" in thought.thinking
        assert texts(message) == "You said: hi — noted ✓"


def test_structured_output(client: anthropic.Anthropic, base: dict[str, Any]) -> None:
    asked: Any = {**base, "messages": user("Tell me of a city."), "output_format": City}
    whole = client.messages.parse(**asked)
    assert isinstance(whole.parsed_output, City)
    with client.messages.stream(**asked) as stream:
        assert stream.get_final_message().parsed_output == whole.parsed_output


def test_a_forced_tool(client: anthropic.Anthropic, base: dict[str, Any]) -> None:
    choice: Any = {"type": "tool", "name": "Read"}
    message = client.messages.create(**base, messages=user("/a/one.txt, please"), tools=[READ], tool_choice=choice)
    assert [block.name for block in message.content if block.type == "tool_use"] == ["Read"]


def test_count(client: anthropic.Anthropic, provider: str) -> None:
    short, long = (
        client.messages.count_tokens(model=MODEL[provider], messages=user(text)).input_tokens
        for text in ("hello", "hello " * 50)
    )
    assert 0 < short < long


def test_models(stage: Stage) -> None:
    with stage.anthropic() as client:
        assert set(MODEL.values()) <= {model.id for model in client.models.list(limit=1000)}
        assert client.models.retrieve("claude-sonnet-4-6").display_name == "Claude Sonnet 4.6"
    with stage.anthropic(KIRO) as client:
        pages = [model.id for model in client.models.list(limit=5)]
        assert MODEL[KIRO] in pages
        assert len(pages) == len(set(pages)) > 5
        with pytest.raises(anthropic.NotFoundError):
            client.models.retrieve("demo-chat")


def test_wrong_key(stage: Stage, provider: str, base: dict[str, Any]) -> None:
    with (
        stage.anthropic(provider, key="not-the-key") as client,
        pytest.raises(anthropic.AuthenticationError) as caught,
    ):
        client.messages.create(**base, messages=user("hi"))
    assert caught.value.type == "authentication_error"
    assert caught.value.request_id
    assert KEY not in str(caught.value)


def test_unknown_model_at_a_provider(stage: Stage, provider: str) -> None:
    with stage.anthropic(provider) as client, pytest.raises(anthropic.NotFoundError) as caught:
        client.messages.create(model="no-such-model", max_tokens=10, messages=user("hi"))
    assert caught.value.type == "not_found_error"


def test_unknown_model_names_near_ones(stage: Stage) -> None:
    with stage.anthropic() as client, pytest.raises(anthropic.NotFoundError, match="claude-sonnet-4-6"):
        client.messages.create(model="claude-sonnet-4-66", max_tokens=10, messages=user("hi"))


MALFORMED: list[tuple[str, dict[str, Any]]] = [
    ("no messages", {"messages": []}),
    ("messages of the wrong type", {"extra_body": {"messages": "hi"}}),
    ("a role nobody knows", {"messages": [{"role": "boss", "content": "hi"}]}),
    ("a limit that is no number", {"extra_body": {"max_tokens": "many"}}),
]


@pytest.mark.parametrize("change", [change for _, change in MALFORMED], ids=[name for name, _ in MALFORMED])
def test_malformed_body(client: anthropic.Anthropic, base: dict[str, Any], change: dict[str, Any]) -> None:
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(**{**base, "messages": user("hi"), **change})
    assert caught.value.type == "invalid_request_error"


UPSTREAM: list[tuple[str, type[anthropic.APIStatusError]]] = [
    ("429", anthropic.RateLimitError),
    ("500", anthropic.InternalServerError),
    ("529", anthropic.APIStatusError),
    ("html status=502", anthropic.InternalServerError),
]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("fault", "kind"), UPSTREAM, ids=[fault for fault, _ in UPSTREAM])
def test_upstream_errors(
    stage: Stage, provider: str, fault: str, kind: type[anthropic.APIStatusError], streamed: bool
) -> None:
    account = stage.spare(provider)
    with stage.anthropic() as client, pytest.raises(kind) as caught:
        client.messages.create(
            model=f"{account}/{MODEL[provider]}",
            max_tokens=100,
            messages=user(f"[[fault: {fault}]] hi"),
            stream=streamed,
        )
    assert caught.value.response.headers["x-a2a-account"] == account
    assert caught.value.response.headers["x-a2a-attempts"] == "1"


@pytest.mark.parametrize("provider", EVERY_PROVIDER)
def test_the_upstreams_refusal_of_an_account_is_not_the_clients_401(stage: Stage, provider: str) -> None:
    account = stage.spare(provider)
    asked = "[[fault: 403]] hi" if provider in SIGNED_IN else "[[fault: 401]] hi"  # a 401 means: renew the token
    with stage.anthropic() as client, pytest.raises(anthropic.InternalServerError) as caught:
        client.messages.create(model=f"{account}/{MODEL[provider]}", max_tokens=100, messages=user(asked))
    assert caught.value.status_code == 503


def test_error_in_mid_stream(client: anthropic.Anthropic, provider: str, base: dict[str, Any]) -> None:
    said: list[str] = []
    asked = user(f"[[fault: error_event after={TOLD[provider]} status=400]] hello")
    with (
        pytest.raises(anthropic.APIStatusError) as caught,
        client.messages.stream(**base, messages=asked) as stream,
    ):
        said += stream.text_stream
    assert "".join(said)
    assert caught.value.message
