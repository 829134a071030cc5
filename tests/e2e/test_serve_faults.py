"""Upstreams that misbehave, seen by clients of the real server on the byte path and on the converted one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import openai
import pytest
from support.sse import Stream
from support.stage import CLAUDE, KIRO, MODEL, ONE_EACH, OPENAI, PROVIDERS, SHORT, Stage, spares, staged

SPARES = 32
FRONTS = ("chat/completions", "messages")
SAID = "You said: grüß dich, 世界 🦊 — noted ✓"
ASKED = "grüß dich, 世界 🦊"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    logins = [
        *ONE_EACH,
        *spares(OPENAI, "sk-demo-openai-2", SPARES),
        *spares(CLAUDE, "sk-demo-claude-2", SPARES),
        *spares(KIRO, "aoa-social-2", SPARES),
    ]
    with staged(tmp_path_factory.mktemp("stage"), logins) as made:
        yield made


@pytest.fixture(autouse=True)
def clean(stage: Stage) -> None:
    stage.demo.idle()
    stage.demo.reset()


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=FRONTS, ids=["chat", "claude"])
def front(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def body(provider: str, text: str = ASKED, account: str | None = None) -> dict[str, Any]:
    """For the provider's first account, or for a spare one."""
    model = f"{account or SHORT[provider] + '/one'}/{MODEL[provider]}"
    return {"model": model, "messages": [{"role": "user", "content": text}], "max_tokens": 4000}


def stream(stage: Stage, provider: str, front: str, text: str = ASKED, *, spare: bool = True) -> Stream:
    account = stage.spare(provider) if spare else None
    return Stream(stage.server.http, f"/v1/{front}", body(provider, text, account))


def record(stage: Stage, answer: Stream | httpx.Response) -> dict[str, Any]:
    return stage.server.exchange(answer.headers["x-a2a-exchange"])


@pytest.mark.parametrize("fault", ["cut after=4", "cut after=4 mid", "end after=4", "end after=4 mid"])
def test_cut_in_mid_stream(stage: Stage, provider: str, front: str, fault: str) -> None:
    answer = stream(stage, provider, front, f"[[fault: {fault}]] {ASKED}")
    assert answer.only_error()["message"]
    assert answer.text
    kept = record(stage, answer)
    assert (kept["state"], kept["status"], len(kept["attempts"])) == ("failed", 200, 1)


def test_bad_checksum_in_mid_stream(stage: Stage, front: str) -> None:
    answer = stream(stage, KIRO, front, f"[[fault: bad_crc after=3]] {ASKED}")
    assert answer.only_error()["message"]


def test_error_event_in_mid_stream(stage: Stage, provider: str, front: str) -> None:
    answer = stream(stage, provider, front, f"[[fault: error_event after=5 status=500]] {ASKED}")
    assert answer.only_error()["message"]
    assert record(stage, answer)["state"] == "failed"


@pytest.mark.parametrize(
    ("fault", "status"),
    [("empty", 502), ("cut after=0", 502), ("html status=502", 502), ("error_event after=0 status=500", 500)],
)
def test_an_only_account_that_gives_nothing(stage: Stage, provider: str, front: str, fault: str, status: int) -> None:
    """Before anything was sent an error keeps its status."""
    text = f"[[fault: {fault}]] {ASKED}"
    for streamed in (True, False) if fault.startswith(("html", "cut")) else (True,):
        sent = {**body(provider, text, stage.spare(provider)), "stream": streamed}
        answer = stage.server.http.post(f"/v1/{front}", json=sent)
        assert answer.status_code in (status, 502), answer.text
        assert answer.json()["error"]["message"]
        assert record(stage, answer)["state"] == "failed"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_split_utf_8(stage: Stage, provider: str, front: str, streamed: bool) -> None:
    stage.demo.fault("split size=1")
    if streamed:
        answer = stream(stage, provider, front, spare=False)
        assert (answer.text, answer.done) == (SAID, True)
    else:
        whole = stage.server.http.post(f"/v1/{front}", json=body(provider)).json()
        said = whole["content"][0]["text"] if front == "messages" else whole["choices"][0]["message"]["content"]
        assert said == SAID


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_retry_after_reaches_the_client(stage: Stage, provider: str, front: str, streamed: bool) -> None:
    sent = body(provider, "[[fault: 429 retry-after=37]] hi", stage.spare(provider))
    answer = stage.server.http.post(f"/v1/{front}", json={**sent, "stream": streamed})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) in (36, 37)
    again = stage.server.http.post(f"/v1/{front}", json={**sent, "messages": [{"role": "user", "content": "hi"}]})
    assert again.status_code == 429
    assert 25 <= int(again.headers["retry-after"]) <= 37
    assert again.headers["x-a2a-attempts"] == "0"


@pytest.mark.parametrize("fault", ["cut after=4", "cut after=4 mid"])
def test_sdks_raise_on_a_cut(stage: Stage, provider: str, fault: str) -> None:
    asked: Any = [{"role": "user", "content": f"[[fault: {fault}]] {ASKED}"}]
    models = [f"{stage.spare(provider)}/{MODEL[provider]}" for _ in range(2)]
    with stage.openai() as chat, pytest.raises(openai.APIError):
        list(chat.chat.completions.create(model=models[0], messages=asked, stream=True))
    with (
        stage.anthropic() as claude,
        pytest.raises(anthropic.APIStatusError),
        claude.messages.stream(model=models[1], messages=asked, max_tokens=500) as events,
    ):
        events.get_final_message()
