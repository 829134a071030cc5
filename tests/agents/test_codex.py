"""Codex CLI, as npm has it, works on every provider: it reads a file in its shell and tells what stands there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.a2a_process import KEY
from support.agent_run import SECRET_WORD, Agent
from support.stage import API, EVERY_PROVIDER, KIRO, MODEL, OPENAI, RESPONSES, SHORT, Stage

CODEX = Agent("codex", "@openai/codex", "responses", "codex_exec/", session=True)
TASK = 'Call exec_command with {"cmd": "cat notes.txt"} and tell me the secret word.'
CONFIG = """
model_provider = "a2a"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.a2a]
name = "a2a"
base_url = "{url}/v1"
env_key = "A2A_KEY"
wire_api = "responses"
"""
SETTINGS = ("--skip-git-repo-check", "--json", "--dangerously-bypass-approvals-and-sandbox")
"""Not every machine that runs tests has what its sandbox needs."""

pytestmark = CODEX.marks


def codex(url: str, model: str, folder: Path, *asked: str) -> list[dict[str, Any]]:
    """The items of one turn. `asked`: what comes after `exec`."""
    home = folder.parent / "codex"
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(CONFIG.format(url=url), "utf-8")
    env = {"HOME": str(folder.parent), "CODEX_HOME": str(home), "A2A_KEY": KEY}
    lines = CODEX.run("exec", *asked, "-m", model, *SETTINGS, folder=folder, env=env).splitlines()
    events = [json.loads(line) for line in lines]
    assert events[-1]["type"] == "turn.completed", lines
    assert events[-1]["usage"]["output_tokens"] > 0
    return [event["item"] for event in events if event["type"] == "item.completed"]


def said(items: list[dict[str, Any]]) -> str:
    """Its last words."""
    return str([item["text"] for item in items if item["type"] == "agent_message"][-1])


@pytest.mark.parametrize("provider", EVERY_PROVIDER)
def test_it_reads_a_file(stage: Stage, provider: str, folder: Path) -> None:
    with CODEX.served(stage, provider):
        items = codex(stage.server.url, f"{SHORT[provider]}/{MODEL[provider]}", folder, TASK)
    assert SECRET_WORD in said(items)
    assert [item["exit_code"] for item in items if item["type"] == "command_execution"] == [0]


@pytest.mark.parametrize("provider", EVERY_PROVIDER)
def test_it_goes_on_with_a_conversation(stage: Stage, provider: str, folder: Path) -> None:
    model = f"{SHORT[provider]}/{MODEL[provider]}"
    with CODEX.served(stage, provider):
        codex(stage.server.url, model, folder, TASK)
        items = codex(stage.server.url, model, folder, "resume", "--last", "thank you")
    assert said(items).startswith("You said: thank you")


@pytest.mark.parametrize("provider", EVERY_PROVIDER)
def test_it_looks_at_a_picture(stage: Stage, provider: str, folder: Path) -> None:
    task = f'Call view_image with {{"path": "{folder}/picture.png"}}'
    with CODEX.served(stage, provider):
        items = codex(stage.server.url, f"{SHORT[provider]}/{MODEL[provider]}", folder, task)
    assert "The image is 3x2 pixels (image/png)." in said(items)


@pytest.mark.parametrize("provider", [provider for provider in EVERY_PROVIDER if provider != RESPONSES])
def test_its_tools_in_a_namespace_find_their_way_back(stage: Stage, provider: str, folder: Path) -> None:
    task = 'Call multi_agent_v1__close_agent with {"target": "nobody"}'
    with CODEX.served(stage, provider):
        items = codex(stage.server.url, f"{SHORT[provider]}/{MODEL[provider]}", folder, task)
    assert "invalid agent id nobody" in said(items)


def test_a_model_that_does_not_think(stage: Stage, folder: Path) -> None:
    with CODEX.served(stage, OPENAI):
        assert SECRET_WORD in said(codex(stage.server.url, "openai/gpt-4.1", folder, TASK))


def test_the_path_chooses_the_provider(stage: Stage, folder: Path) -> None:
    with CODEX.served(stage, KIRO, "prefix"):
        assert SECRET_WORD in said(codex(f"{stage.server.url}/{KIRO}", MODEL[KIRO], folder, TASK))


@pytest.mark.parametrize("provider", [RESPONSES, KIRO], ids=["relay", "convert"])
def test_it_waits_for_a_silent_upstream(restless: Stage, provider: str, folder: Path) -> None:
    restless.demo.reset()
    restless.demo.fault("slow seconds=1", api=API[provider], times=None)
    with CODEX.served(restless, provider):
        assert SECRET_WORD in said(codex(restless.server.url, f"{SHORT[provider]}/{MODEL[provider]}", folder, TASK))
