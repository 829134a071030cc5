"""Claude Code, as npm has it, works on every provider: it reads a file with its own tool and says what it read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.a2a_process import KEY
from support.agent_run import SECRET_WORD, Agent
from support.stage import API, CLAUDE, EVERY_PROVIDER, KIRO, MODEL, OPENAI, SHORT, Stage

CLAUDE_CODE = Agent("claude", "@anthropic-ai/claude-code", "claude", "claude-cli/", session=True)
TASK = "Use the Read tool on notes.txt and tell me the secret word in it."

pytestmark = CLAUDE_CODE.marks


def told(url: str, model: str, folder: Path, task: str = TASK) -> str:
    """Its answer to the task."""
    env = {
        "HOME": str(folder.parent),
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_AUTH_TOKEN": KEY,
        "ANTHROPIC_MODEL": model,
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": model,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
    }
    args = ("-p", task, "--allowedTools", "Read", "--output-format", "json")
    report = json.loads(CLAUDE_CODE.run(*args, folder=folder, env=env))
    assert not report["is_error"], report
    return str(report["result"])


@pytest.mark.parametrize("provider", EVERY_PROVIDER)
def test_it_reads_a_file(stage: Stage, provider: str, folder: Path) -> None:
    with CLAUDE_CODE.served(stage, provider):
        assert SECRET_WORD in told(stage.server.url, f"{SHORT[provider]}/{MODEL[provider]}", folder)


@pytest.mark.parametrize("provider", EVERY_PROVIDER)
def test_it_looks_at_a_picture(stage: Stage, provider: str, folder: Path) -> None:
    model, task = f"{SHORT[provider]}/{MODEL[provider]}", f"Use the Read tool on {folder}/picture.png"
    with CLAUDE_CODE.served(stage, provider):
        assert "The image is 3x2 pixels (image/png)." in told(stage.server.url, model, folder, task)


def test_the_path_chooses_the_provider(stage: Stage, folder: Path) -> None:
    with CLAUDE_CODE.served(stage, KIRO, "prefix"):
        assert SECRET_WORD in told(f"{stage.server.url}/{KIRO}", "claude-sonnet-4-6", folder)


def test_it_does_not_notice_a_limited_account(stage: Stage, folder: Path) -> None:
    seen = {exchange["id"] for exchange in stage.server.exchanges()}
    stage.demo.fault("429 retry-after=60", api="openai")
    assert SECRET_WORD in told(stage.server.url, f"openai/{MODEL[OPENAI]}", folder)
    *_, first = (exchange for exchange in stage.server.exchanges() if exchange["id"] not in seen)
    assert [attempt["outcome"] for attempt in first["attempts"]] == ["failed", "ok"]
    assert len({attempt["account"] for attempt in first["attempts"]}) == 2


@pytest.mark.parametrize("provider", [CLAUDE, KIRO], ids=["relay", "convert"])
def test_it_waits_for_a_silent_upstream(restless: Stage, provider: str, folder: Path) -> None:
    restless.demo.reset()
    restless.demo.fault("slow seconds=1", api=API[provider], times=None)
    with CLAUDE_CODE.served(restless, provider):
        assert SECRET_WORD in told(restless.server.url, f"{SHORT[provider]}/{MODEL[provider]}", folder)
