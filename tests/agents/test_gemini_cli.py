"""Gemini CLI, as npm has it, works on every provider: it reads a file with its own tool and tells what stands there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.a2a_process import KEY
from support.agent_run import SECRET_WORD, Agent
from support.stage import API, EVERY_PROVIDER, GEMINI, KIRO, MODEL, SHORT, Stage

GEMINI_CLI = Agent("gemini", "@google/gemini-cli", "gemini", "GeminiCLI")
TASK = "Use the read_file tool on notes.txt"
SETTINGS = {"security": {"auth": {"selectedType": "gemini-api-key"}}, "privacy": {"usageStatisticsEnabled": False}}

pytestmark = GEMINI_CLI.marks


def told(url: str, model: str, folder: Path) -> str:
    """Its answer to the task."""
    (folder.parent / ".gemini").mkdir()
    (folder.parent / ".gemini" / "settings.json").write_text(json.dumps(SETTINGS), "utf-8")
    env = {
        "HOME": str(folder.parent),
        "NO_BROWSER": "true",
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
        "GOOGLE_GEMINI_BASE_URL": url,
        "GEMINI_API_KEY": KEY,
    }
    args = ("-m", model, "--output-format", "json", "--approval-mode", "yolo", "-p", TASK)
    report = json.loads(GEMINI_CLI.run(*args, folder=folder, env=env))
    assert report["stats"]["tools"]["byName"]["read_file"]["success"] == 1, report
    return str(report["response"])


@pytest.mark.parametrize("provider", EVERY_PROVIDER)
def test_it_reads_a_file(stage: Stage, provider: str, folder: Path) -> None:
    with GEMINI_CLI.served(stage, provider):
        assert SECRET_WORD in told(stage.server.url, f"{SHORT[provider]}/{MODEL[provider]}", folder)


def test_the_path_chooses_the_provider(stage: Stage, folder: Path) -> None:
    with GEMINI_CLI.served(stage, KIRO, "prefix"):
        assert SECRET_WORD in told(f"{stage.server.url}/{KIRO}", MODEL[KIRO], folder)


@pytest.mark.parametrize("provider", [GEMINI, KIRO], ids=["relay", "convert"])
def test_it_waits_for_a_silent_upstream(restless: Stage, provider: str, folder: Path) -> None:
    restless.demo.reset()
    restless.demo.fault("slow seconds=1", api=API[provider], times=None)
    with GEMINI_CLI.served(restless, provider):
        assert SECRET_WORD in told(restless.server.url, f"{SHORT[provider]}/{MODEL[provider]}", folder)
