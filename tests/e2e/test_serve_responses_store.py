"""The local response store: `previous_response_id` works on upstreams that know no such thing."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest
from support.stage import KIRO, MODEL, ONE_EACH, OPENAI, Stage, staged


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), ONE_EACH, server={"response_store": True}) as made:
        yield made


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("without"), ONE_EACH) as made:
        yield made


@pytest.mark.parametrize("provider", [OPENAI, KIRO])
def test_a_conversation_goes_on(stage: Stage, provider: str) -> None:
    with stage.openai(provider) as client:
        first = client.responses.create(model=MODEL[provider], input="remember the word heron")
        second = client.responses.create(model=MODEL[provider], input="and now?", previous_response_id=first.id)
    assert first.output_text.startswith("You said: remember the word heron")
    assert second.output_text.startswith("You said: and now?")
    sent = stage.demo.calls("kiro" if provider == KIRO else "openai")[-1].body
    assert b"remember the word heron" in sent
    assert b"You said: remember" in sent


def test_a_streamed_answer_is_kept_too(stage: Stage) -> None:
    with stage.openai(OPENAI) as client:
        with client.responses.stream(model=MODEL[OPENAI], input="hello") as stream:
            done = stream.get_final_response()
        kept = client.responses.retrieve(done.id)
    assert (kept.id, kept.output_text) == (done.id, done.output_text)


def test_an_answer_can_be_deleted(stage: Stage) -> None:
    with stage.openai(OPENAI) as client:
        made = client.responses.create(model=MODEL[OPENAI], input="hello")
        client.responses.delete(made.id)
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(made.id)


def test_store_false_is_heard(stage: Stage) -> None:
    with stage.openai(OPENAI) as client:
        made = client.responses.create(model=MODEL[OPENAI], input="hello", store=False)
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(made.id)


def test_an_unknown_id_is_the_clients_error(stage: Stage) -> None:
    with stage.openai(OPENAI) as client, pytest.raises(openai.BadRequestError, match="previous_response_not_found"):
        client.responses.create(model=MODEL[OPENAI], input="x", previous_response_id="resp_nobody")


def test_without_the_store_nothing_is_kept(without: Stage) -> None:
    with without.openai(OPENAI) as client:
        made = client.responses.create(model=MODEL[OPENAI], input="hello")
        with pytest.raises(openai.NotFoundError, match="response_store"):
            client.responses.retrieve(made.id)
        with pytest.raises(openai.BadRequestError, match="previous_response_not_found"):
            client.responses.create(model=MODEL[OPENAI], input="x", previous_response_id=made.id)
