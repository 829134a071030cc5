"""System prompts and parameter rules through the real server: the same for every front and provider, re-read while it
serves, refused at the start."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.a2a_process import Server
from support.stage import EVERY_PROVIDER, KIRO, MODEL, ONE_AT_EVERY, OPENAI, Stage, staged
from support.waiting import eventually

OURS = "Speak as a pirate, always."
THEIRS = "Never speak of the sea."
LATER = "A remark in the middle."
LAPTOP, TUNED = "laptop-key-of-this-test-run", "tuned-key-of-this-test-run"
EXTRA = """
[[clients]]
name = "laptop"
key_env = "LAPTOP_KEY"
system_prompt_mode = "append"
[clients.parameters]
override = { max_tokens = 4321 }
[[clients]]
name = "tuned"
key_env = "TUNED_KEY"
[clients.parameters.override]
temperature = 0.5
top_p = 0.97
top_k = 5
max_tokens = 3000
stop = ["zzz"]
seed = 3
presence_penalty = 0.1
frequency_penalty = 0.1
reasoning_effort = "low"
"""
USER = {"role": "user", "content": "hello"}
REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": (
        "/v1/chat/completions",
        {"messages": [{"role": "system", "content": THEIRS}, USER], "max_tokens": 999},
    ),
    "responses": ("/v1/responses", {"instructions": THEIRS, "input": "hello", "max_output_tokens": 999}),
    "claude": ("/v1/messages", {"system": THEIRS, "messages": [USER], "max_tokens": 999}),
    "gemini": (
        "/v1beta/models/{model}:generateContent",
        {
            "systemInstruction": {"parts": [{"text": THEIRS}]},
            "contents": [{"role": "user", "parts": [{"text": "hello"}]}],
            "generationConfig": {"maxOutputTokens": 999},
        },
    ),
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    (folder / "prompt.md").write_text(OURS + "\n")
    prompt = {"system_prompt_file": str(folder / "prompt.md")}
    with staged(folder, ONE_AT_EVERY, server=prompt, serve=False) as made:
        with (made.home / "config.toml").open("a") as config:
            config.write(EXTRA)
        made.env |= {"LAPTOP_KEY": LAPTOP, "TUNED_KEY": TUNED}
        made.start()
        yield made
        made.server.stop()


def ask(stage: Stage, front: str, provider: str, key: str | None = None) -> tuple[httpx.Response, str]:
    """The answer, and the body that reached the upstream."""
    path, body = REQUESTS[front]
    before = len(stage.demo.up.seen)
    answer = stage.server.http.post(
        f"/{provider}" + path.format(model=MODEL[provider]),
        json={"model": MODEL[provider], **body},
        headers={"authorization": f"Bearer {key}"} if key else {},
    )
    sent = [seen.body.decode() for seen in list(stage.demo.up.seen)[before:] if b"hello" in seen.body]
    return answer, sent[-1] if sent else ""


@pytest.mark.parametrize("provider", EVERY_PROVIDER)
@pytest.mark.parametrize("front", REQUESTS)
def test_ours_instead_of_the_clients(stage: Stage, front: str, provider: str) -> None:
    answer, sent = ask(stage, front, provider)
    assert answer.status_code == 200, answer.text
    assert sent.count(OURS) == 1
    assert THEIRS not in sent
    assert "system overwritten (the prompt of [server])" in answer.headers["x-a2a-notes"]


@pytest.mark.parametrize("provider", EVERY_PROVIDER)
@pytest.mark.parametrize("front", REQUESTS)
def test_ours_behind_the_clients_and_a_limit_for_one_key(stage: Stage, front: str, provider: str) -> None:
    answer, sent = ask(stage, front, provider, LAPTOP)
    assert answer.status_code == 200, answer.text
    assert 0 < sent.index(THEIRS) < sent.index(OURS)
    notes = answer.headers["x-a2a-notes"]
    assert "max_tokens overwritten (override of client laptop)" in notes
    assert "4321" in sent or provider == KIRO  # which takes no limit


@pytest.mark.parametrize("provider", EVERY_PROVIDER)
@pytest.mark.parametrize("front", REQUESTS)
def test_every_rule_at_once_is_taken_by_an_upstream_that_looks_closely(stage: Stage, front: str, provider: str) -> None:
    answer, _ = ask(stage, front, provider, TUNED)
    assert answer.status_code == 200, answer.text
    (attempt,) = stage.server.exchange(answer.headers["x-a2a-exchange"])["attempts"]
    assert attempt["outcome"] == "ok"


def test_a_count_is_of_what_the_client_said(stage: Stage) -> None:
    body = {"model": MODEL[OPENAI], "messages": [USER]}
    with_prompt = stage.server.http.post(f"/{OPENAI}/v1/messages/count_tokens", json=body)
    assert with_prompt.status_code == 200
    assert with_prompt.json()["input_tokens"] < 8
    assert "system" not in with_prompt.headers.get("x-a2a-notes", "")


def test_explain_shows_them(stage: Stage) -> None:
    done = stage.cli("explain", "-m", f"openai/{MODEL[OPENAI]}", "--json")
    (hop,) = json.loads(done.stdout)["data"]["hops"]
    assert [(note["field"], note["action"]) for note in hop["notes"]] == [("system", "added")]


def test_the_file_is_read_anew_and_the_last_good_text_stays(stage: Stage) -> None:
    file = stage.folder / "prompt.md"
    file.write_text("Speak as a duke.")
    eventually(lambda: "Speak as a duke." in ask(stage, "chat", OPENAI)[1], "the new prompt")
    file.unlink()
    refused = eventually(
        lambda: stage.server.http.get("/admin/v1/server").json()["config"]["refused"], "the missing file to be noticed"
    )
    assert str(file) in refused
    assert "Speak as a duke." in ask(stage, "chat", OPENAI)[1]
    assert stage.server.stderr.count("cannot read the system prompt") == 1
    with pytest.raises(AssertionError, match="cannot read the system prompt"):
        Server(stage.home, env=stage.env)
