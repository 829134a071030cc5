"""`a2a logs replay` in this process, against the demo upstreams: where a recorded request goes, how answers differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.cli_run import Run
from support.demo_thread import Demo
from support.recorded import chat, exchange, with_bodies

from a2a.control.types import Exchange, Route
from a2a.logs.store import Store

USER = {"role": "user", "content": "hello"}
ECHO = "You said: hello — noted ✓"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as started:
        yield started


@pytest.fixture(autouse=True)
def accounts(home: Path, demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    demo.reset()
    monkeypatch.setenv("OPENAI_KEY", "sk-demo-openai-1")
    monkeypatch.setenv("CLAUDE_KEY", "sk-demo-claude-1")
    home.mkdir()
    (home / "config.toml").write_text(f"""
[server]
request_max_retries = 0
[providers.openai-custom]
base_url = "{demo.up.openai_url}"
models = ["demo-chat"]
[providers.claude-custom]
base_url = "{demo.up.claude_url}"
models = ["claude-sonnet-4-6", "claude-haiku-4-5"]
default_model = "claude-sonnet-4-6"
[[accounts]]
provider = "openai-custom"
name = "one"
api_key_env = "OPENAI_KEY"
[[accounts]]
provider = "claude-custom"
name = "work"
api_key_env = "CLAUDE_KEY"
""")


def keep(home: Path, one: Exchange) -> Exchange:
    (home / "data").mkdir(exist_ok=True)
    store = Store(home / "data" / "exchanges.db")
    store.add([one])
    store.close()
    return one


def replayed(one: Exchange, *args: str) -> Any:
    run = Run("logs", "replay", one.id, "--json", *args)
    assert run.code == 0, run.stdout + run.stderr
    return run.data


def test_as_it_went_before(home: Path, demo: Demo) -> None:
    """Whatever name its client used."""
    one = keep(home, chat(0, [USER], ECHO, body={"model": "an-alias"}))
    data = replayed(one)
    assert data["diff"] == []
    assert (data["before"]["id"], data["after"]["agent"]) == (one.id, "a2a replay")
    assert data["after"]["attempts"][0]["account"] == "openai/one"
    assert json.loads(demo.calls("openai")[0].body)["model"] == "demo-chat"


def test_at_another_provider_in_its_protocol(home: Path, demo: Demo) -> None:
    one = keep(home, chat(0, [USER], "Something else."))
    data = replayed(one, "-p", "claude/work")
    assert data["after"]["route"]["model"] == "claude-sonnet-4-6"
    assert data["after"]["mode"] == "convert"
    assert "-Something else." in data["diff"]
    assert f"+{ECHO}" in data["diff"]
    assert "choices" in json.loads(data["after"]["bodies"]["answer"])


def test_with_another_model(home: Path, demo: Demo) -> None:
    one = keep(home, chat(0, [USER], ECHO))
    data = replayed(one, "-m", "claude-haiku-4-5")
    assert data["after"]["attempts"][0]["model"] == "claude-haiku-4-5"
    assert data["after"]["route"]["via"] == "catalogue"


def test_a_stream_is_a_stream_again(home: Path) -> None:
    body = {"model": "m", "max_tokens": 99, "stream": True, "messages": [USER]}
    route = Route(front="claude", asked="m", provider="claude-custom", model="claude-haiku-4-5", via="name")
    one = exchange(0, front="claude", stream=True, route=route)
    data = replayed(keep(home, with_bodies(one, body, "")))
    assert data["after"]["stream"]
    assert data["after"]["bodies"]["answer"].startswith("event: message_start")
    assert f"+{ECHO}" in data["diff"]


def test_a_model_in_the_path(home: Path) -> None:
    path = "/v1beta/models/gemini-x:streamGenerateContent"
    one = exchange(0, front="gemini", path=path, stream=True)
    asked = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
    data = replayed(keep(home, with_bodies(one, asked, "[]")))
    assert data["after"]["route"]["model"] == "demo-chat"
    assert json.loads(data["after"]["bodies"]["answer"])[0]["candidates"]


def test_what_chat_asked(home: Path) -> None:
    neutral = {"proto": "chat", "model": "demo-chat", "messages": [], "stream": True}
    message = {"role": "user", "parts": [{"type": "Text", "text": "hello"}]}
    one = with_bodies(exchange(0, front="local", path="chat"), {**neutral, "messages": [message]}, "")
    assert one.bodies is not None
    one.bodies.attempts[0].answer = chat(0, [USER], ECHO).bodies.answer  # type: ignore[union-attr]
    assert replayed(keep(home, one))["diff"] == []


def test_a_replay_can_be_replayed(home: Path) -> None:
    """`last` is the replay then, whose bodies are recorded though the settings do not ask for it."""
    replayed(keep(home, chat(0, [USER], ECHO)))
    assert Run("logs", "replay", "last").code == 0


def test_for_people(home: Path) -> None:
    one = keep(home, chat(0, [USER], "Something else."))
    run = Run("logs", "replay", "last")
    assert run.code == 0, run.stderr
    assert [line.split()[0] for line in run.stdout.splitlines()[1:5]] == ["exchange", "way", "model", "status"]
    assert f"--- {one.id} openai/one demo-chat" in run.stdout
    assert f"+{ECHO}" in run.stdout


def test_a_failure_is_an_answer_too(home: Path, demo: Demo) -> None:
    one = keep(home, chat(0, [USER], ECHO))
    demo.fault("400", api="openai", times=1)
    run = Run("logs", "replay", one.id)
    assert run.code == 1
    assert "+[error 400]" in run.stdout


@pytest.mark.parametrize(
    ("one", "args", "code", "told"),
    [
        (exchange(0), [], 2, "--log-bodies"),
        (chat(0, [USER], "x"), ["-p", "nobody"], 2, "nobody"),
        (chat(0, [USER], "x"), ["-p", "kiro"], 3, "a2a login kiro"),
        (chat(0, [USER], "x"), ["-p", "claude/home"], 2, "accounts: work"),
    ],
)
def test_what_cannot_be_replayed(home: Path, one: Exchange, args: list[str], code: int, told: str) -> None:
    keep(home, one)
    run = Run("logs", "replay", one.id, *args)
    assert (run.code, told in run.stderr) == (code, True), run.stderr


def test_half_a_request_is_not_sent(home: Path, demo: Demo) -> None:
    one = chat(0, [USER], "x")
    assert one.bodies is not None
    one.bodies.cut = ["request"]
    run = Run("logs", "replay", keep(home, one).id)
    assert run.code == 2
    assert "cut at the size limit" in run.stderr
    assert demo.calls("openai") == []
