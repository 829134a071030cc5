"""What the gateway records is what an export reads: calls of every front, in process, written and read again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.cli_run import Run
from support.demo_thread import Demo

from a2a.config import load
from a2a.control.types import ExchangeWish, ReplayWish
from a2a.gateway.call import Call
from a2a.gateway.engine import Engine
from a2a.gateway.replay import Kept, replay
from a2a.logs.archive import Archive
from a2a.protocols.registry import FRONTS

pytestmark = pytest.mark.anyio

TEXT, ECHO = "wie geht's, 世界?", "You said: wie geht's, 世界? — noted ✓"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as started:
        yield started


@pytest.fixture
def engine(home: Path, demo: Demo, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv("OPENAI_KEY", "sk-demo-openai-1")
    monkeypatch.setenv("CLAUDE_KEY", "sk-demo-claude-1")
    home.mkdir()
    (home / "config.toml").write_text(f"""
[server]
log_bodies = true
[providers.openai-custom]
base_url = "{demo.up.openai_url}"
models = ["demo-chat"]
[providers.claude-custom]
base_url = "{demo.up.claude_url}"
models = ["claude-sonnet-4-6"]
[[accounts]]
provider = "openai-custom"
name = "one"
api_key_env = "OPENAI_KEY"
[[accounts]]
provider = "claude-custom"
name = "work"
api_key_env = "CLAUDE_KEY"
""")
    return Engine(load({}), say=lambda text: None)


BODIES: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": TEXT}]},
    "responses": {"input": TEXT},
    "claude": {"max_tokens": 99, "messages": [{"role": "user", "content": TEXT}]},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": TEXT}]}]},
}


async def asked(engine: Engine, front: str, model: str, *, stream: bool) -> None:
    gemini = front == "gemini"
    body = BODIES[front] if gemini else {**BODIES[front], "model": model, "stream": stream}
    method = "streamGenerateContent" if stream else "generateContent"
    call = Call(
        front=FRONTS[front],
        path=f"/v1beta/models/{model}:{method}" if gemini else f"/{front}",
        body=json.dumps(body).encode(),
        headers={"authorization": "Bearer sk-planted-secret", "user-agent": "test"},
        model=model if gemini else None,
        stream=stream if gemini else None,
        array=gemini and stream,
    )
    report = await engine.answer(call, Kept())
    assert report.exchange.state == "done", report.exchange.fault


@pytest.mark.parametrize("model", ["demo-chat", "claude-sonnet-4-6"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_every_front_comes_back(engine: Engine, tmp_path: Path, model: str, stream: bool) -> None:
    async with engine:
        for front in FRONTS:
            await asked(engine, front, model, stream=stream)
    run = Run("logs", "export", "openai", "-o", str(tmp_path / "out.jsonl"), "--json")
    assert (run.data["written"], run.data["left_out"]) == (len(FRONTS), {})
    said = {"messages": [{"role": "user", "content": TEXT}, {"role": "assistant", "content": ECHO}]}
    assert [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()] == [said] * len(FRONTS)
    har = Run("logs", "export", "har").stdout
    assert len(json.loads(har)["log"]["entries"]) == 2 * len(FRONTS)
    assert "planted" not in har
    assert "sk-demo" not in har
    shown = Run("logs", "show", "last", "--full").stdout
    assert ECHO in shown
    assert "--- 1-answer: 200" in shown


async def test_what_was_recorded_can_be_replayed(engine: Engine) -> None:
    async with engine:
        await asked(engine, "claude", "demo-chat", stream=True)
    archive = Archive(engine.settings.folders.exchanges)
    (recorded,) = archive.page(ExchangeWish()).exchanges
    before = archive.get(recorded.id)
    archive.close()
    assert before is not None
    async with Engine(engine.settings, say=lambda text: None) as again:
        replayed = await replay(again, before, ReplayWish(provider="claude", model="claude-sonnet-4-6"))
    assert replayed.diff == []
    assert replayed.after.attempts[0].account == "claude/work"
