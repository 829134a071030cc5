"""Upstreams that are silent: keep-alives, limits, and what a client sees of both (contract 7, conversion.md 10.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.sse import Stream
from support.stage import API, CLAUDE, KIRO, MODEL, ONE_EACH, OPENAI, PROVIDERS, SHORT, Stage, spares, staged

SPARES = 3
ASKED = "grüß dich, 世界 🦊"
SETTINGS = {"commit_after_s": 0.1, "keepalive_s": 0.05, "idle_timeout_s": 0.5, "first_byte_timeout_s": 1.2}
KIRO_OWN = {"idle_timeout_s": 0.5, "first_byte_timeout_s": 1.2}
"""Kiro has limits of its own, which the server's do not touch."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    logins = [
        *ONE_EACH,
        *spares(OPENAI, "sk-demo-openai-2", SPARES),
        *spares(CLAUDE, "sk-demo-claude-2", SPARES),
        *spares(KIRO, "aoa-social-2", SPARES),
    ]
    with staged(tmp_path_factory.mktemp("stage"), logins, server=SETTINGS, providers={KIRO: KIRO_OWN}) as made:
        yield made


@pytest.fixture(autouse=True)
def clean(stage: Stage) -> None:
    stage.demo.idle()
    stage.demo.reset()


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["chat/completions", "messages"], ids=["chat", "claude"])
def front(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def body(provider: str, text: str, account: str | None = None) -> dict[str, Any]:
    model = f"{account or SHORT[provider] + '/one'}/{MODEL[provider]}"
    return {"model": model, "messages": [{"role": "user", "content": text}], "max_tokens": 4000}


def test_slow_first_token(stage: Stage, provider: str, front: str) -> None:
    """Keep-alives over both the wait for the first token and the rest, then the whole answer."""
    answer = Stream(stage.server.http, f"/v1/{front}", body(provider, f"[[fault: slow seconds=0.4]] {ASKED}"))
    assert (answer.status, answer.done, answer.text.endswith("noted ✓")) == (200, True, True), answer.body
    assert answer.pings >= 2
    assert answer.headers["x-accel-buffering"] == "no"
    assert stage.server.exchange(answer.headers["x-a2a-exchange"])["state"] == "done"


def test_sdks_read_over_keep_alives(stage: Stage, provider: str) -> None:
    asked: Any = [{"role": "user", "content": f"[[fault: slow seconds=0.3]] {ASKED}"}]
    with (
        stage.openai(provider) as chat,
        chat.chat.completions.stream(model=MODEL[provider], messages=asked) as chunks,
    ):
        assert "世界" in str(chunks.get_final_completion().choices[0].message.content)
    with (
        stage.anthropic(provider) as claude,
        claude.messages.stream(model=MODEL[provider], messages=asked, max_tokens=500) as events,
    ):
        assert "世界" in events.get_final_text()


def test_stall_in_mid_stream(stage: Stage, provider: str, front: str) -> None:
    text = f"[[fault: stall after=4]] {ASKED}"
    answer = Stream(stage.server.http, f"/v1/{front}", body(provider, text, stage.spare(provider)))
    assert "silent" in answer.only_error()["message"]
    assert answer.pings >= 1
    assert answer.text
    stage.demo.idle()
    kept = stage.server.exchange(answer.headers["x-a2a-exchange"])
    assert (kept["state"], kept["status"], kept["fault"]["kind"]) == ("failed", 200, "timeout")
    assert stage.demo.calls(API[provider])[-1].client_closed


def test_an_upstream_that_never_answers(stage: Stage) -> None:
    """Whole: a 504. As a stream the 200 is out by then: the error comes inside."""
    streamed = Stream(stage.server.http, "/v1/messages", body(CLAUDE, "[[fault: hang]] hi", stage.spare(CLAUDE)))
    assert streamed.only_error()["type"] == "timeout_error"
    sent = body(KIRO, "[[fault: hang]] hi", stage.spare(KIRO))
    whole = stage.server.http.post("/v1/chat/completions", json=sent)
    assert (whole.status_code, whole.json()["error"]["code"]) == (504, "timeout")
    assert whole.headers["x-should-retry"] == "false"
    stage.demo.idle()
