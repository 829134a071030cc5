"""Official SDKs read on while an upstream is silent: no keep-alive disturbs their parsers (conversion.md 10.3)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.stage import API, EVERY_PROVIDER, MODEL, ONE_AT_EVERY, SHORT, TOLD, Stage, staged

ASKED = "grüß dich, 世界 🦊"
ANSWER = f"You said: {ASKED} — noted ✓"
SETTINGS = {"commit_after_s": 0.05, "keepalive_s": 0.03}
AIO = "ignore:Inheritance class AiohttpClientSession:DeprecationWarning"
"""The SDK's own."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), ONE_AT_EVERY, server=SETTINGS) as made:
        yield made


@pytest.fixture(params=EVERY_PROVIDER)
def model(request: pytest.FixtureRequest, stage: Stage) -> str:
    """Of a provider that is slow to begin, and stops once more in the middle of its answer."""
    provider = str(request.param)
    stage.demo.reset()
    stage.demo.fault("slow seconds=0.1", api=API[provider])
    stage.demo.fault(f"stall seconds=0.1 after={TOLD[provider]}", api=API[provider])
    return f"{SHORT[provider]}/{MODEL[provider]}"


def test_chat(stage: Stage, model: str) -> None:
    with (
        stage.openai() as client,
        client.chat.completions.stream(model=model, messages=[{"role": "user", "content": ASKED}]) as stream,
    ):
        assert stream.get_final_completion().choices[0].message.content == ANSWER


def test_responses(stage: Stage, model: str) -> None:
    with stage.openai() as client, client.responses.stream(model=model, input=ASKED, store=False) as stream:
        numbers = [event.sequence_number for event in stream if event.type != "keepalive"]
        assert stream.get_final_response().output_text == ANSWER
    assert numbers == sorted(set(numbers))


def test_claude(stage: Stage, model: str) -> None:
    with (
        stage.anthropic() as client,
        client.messages.stream(model=model, max_tokens=4000, messages=[{"role": "user", "content": ASKED}]) as stream,
    ):
        assert stream.get_final_text() == ANSWER


def test_gemini(stage: Stage, model: str) -> None:
    with stage.google() as client:
        chunks = list(client.models.generate_content_stream(model=model, contents=ASKED))
    assert "".join(chunk.text or "" for chunk in chunks) == ANSWER


@pytest.mark.anyio
@pytest.mark.filterwarnings(AIO)
async def test_gemini_asynchronously(stage: Stage, model: str) -> None:
    async with stage.google().aio as client:
        stream = await client.models.generate_content_stream(model=model, contents=ASKED)
        assert "".join([chunk.text or "" async for chunk in stream]) == ANSWER
