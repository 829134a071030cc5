"""Qwen Code, as npm has it, works on every provider: it reads a file with its own tool and tells what stands there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.a2a_process import KEY
from support.agent_run import SECRET_WORD, Agent
from support.stage import API, EVERY_PROVIDER, KIRO, MODEL, OPENAI, SHORT, Stage

QWEN_CODE = Agent("qwen", "@qwen-code/qwen-code@0.12.0", "chat", "QwenCode/")
SETTINGS = {"security": {"auth": {"selectedType": "openai"}}, "privacy": {"usageStatisticsEnabled": False}}

pytestmark = QWEN_CODE.marks


def told(url: str, model: str, folder: Path) -> str:
    """Its answer to the task."""
    (folder.parent / ".qwen").mkdir()
    (folder.parent / ".qwen" / "settings.json").write_text(json.dumps(SETTINGS), "utf-8")
    env = {
        "HOME": str(folder.parent),
        "OPENAI_BASE_URL": f"{url}/v1",
        "OPENAI_API_KEY": KEY,
        "OPENAI_MODEL": model,
    }
    task = f"Use the read_file tool on {folder}/notes.txt"
    return QWEN_CODE.run("--auth-type", "openai", "--approval-mode", "yolo", "-p", task, folder=folder, env=env)


@pytest.mark.parametrize("provider", EVERY_PROVIDER)
def test_it_reads_a_file(stage: Stage, provider: str, folder: Path) -> None:
    with QWEN_CODE.served(stage, provider):
        assert SECRET_WORD in told(stage.server.url, f"{SHORT[provider]}/{MODEL[provider]}", folder)


def test_the_path_chooses_the_provider(stage: Stage, folder: Path) -> None:
    with QWEN_CODE.served(stage, KIRO, "prefix"):
        assert SECRET_WORD in told(f"{stage.server.url}/{KIRO}", MODEL[KIRO], folder)


@pytest.mark.parametrize("provider", [OPENAI, KIRO], ids=["relay", "convert"])
def test_it_waits_for_a_silent_upstream(restless: Stage, provider: str, folder: Path) -> None:
    restless.demo.reset()
    restless.demo.fault("slow seconds=1", api=API[provider], times=None)
    with QWEN_CODE.served(restless, provider):
        assert SECRET_WORD in told(restless.server.url, f"{SHORT[provider]}/{MODEL[provider]}", folder)
