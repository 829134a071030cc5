"""Claude Code, as npm has it, works on every provider: it reads a file with its own tool and tells what stands there.

`make test-agents` installs it. It runs headless, with a home of its own, and reaches nothing but `a2a serve`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from support.a2a_process import KEY
from support.stage import CLAUDE, KIRO, MODEL, ONE_EACH, OPENAI, PROVIDERS, SHORT, Login, Stage, staged

AGENT = shutil.which("claude")
PATIENCE_S = 120.0

pytestmark = [
    pytest.mark.agents,
    pytest.mark.skipif(AGENT is None, reason="no `claude` on PATH: `make test-agents` installs Claude Code from npm"),
]

SECRET_WORD = "heliotrope-4711"
TASK = "Use the Read tool on notes.txt and tell me the secret word in it."


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("agents"), (*ONE_EACH, Login(OPENAI, "two", "sk-demo-openai-2"))) as stage:
        yield stage


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the agent works: a folder with nothing but the notes."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "notes.txt").write_text(f"The secret word is {SECRET_WORD}.\n", "utf-8")
    return folder


def environment(url: str, model: str, home: Path) -> dict[str, str]:
    """What a user sets to point Claude Code at a2a, and what keeps it offline; nothing else but PATH."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_AUTH_TOKEN": KEY,
        "ANTHROPIC_MODEL": model,
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": model,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
    }


def claude(*args: str, folder: Path, env: Mapping[str, str]) -> str:
    """One headless run to its end; its answer."""
    assert AGENT is not None
    done = subprocess.run(
        [AGENT, "-p", *args, "--output-format", "json"],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    told = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == 0, told
    report = json.loads(done.stdout)
    assert not report["is_error"], told
    return str(report["result"])


def assert_served(exchanges: Sequence[Mapping[str, Any]], provider: str, via: str) -> None:
    """The exchanges were Claude Code's, went to this provider only, and ended well; the tool call and the answer."""
    assert len(exchanges) >= 2, exchanges
    for exchange in exchanges:
        assert exchange["agent"].startswith("claude-cli/")
        assert exchange["front"] == "claude"
        assert exchange["stream"]
        assert exchange["session"]
        assert (exchange["route"]["provider"], exchange["route"]["via"]) == (provider, via)
        assert exchange["mode"] == ("relay" if provider == CLAUDE else "convert")
        assert (exchange["state"], exchange["status"], exchange["fault"]) == ("done", 200, None)
        assert [attempt["provider"] for attempt in exchange["attempts"]] == [provider]


def new_exchanges(stage: Stage, seen: set[str]) -> list[dict[str, Any]]:
    return [exchange for exchange in stage.server.exchanges() if exchange["id"] not in seen]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_it_reads_a_file(stage: Stage, provider: str, folder: Path, tmp_path: Path) -> None:
    seen = {exchange["id"] for exchange in stage.server.exchanges()}
    env = environment(stage.server.url, f"{SHORT[provider]}/{MODEL[provider]}", tmp_path)
    assert SECRET_WORD in claude(TASK, "--allowedTools", "Read", folder=folder, env=env)
    assert_served(new_exchanges(stage, seen), provider, "name")


def test_the_path_chooses_the_provider(stage: Stage, folder: Path, tmp_path: Path) -> None:
    seen = {exchange["id"] for exchange in stage.server.exchanges()}
    env = environment(f"{stage.server.url}/{KIRO}", "claude-sonnet-4-6", tmp_path)
    assert SECRET_WORD in claude(TASK, "--allowedTools", "Read", folder=folder, env=env)
    assert_served(new_exchanges(stage, seen), KIRO, "prefix")


def test_it_does_not_notice_a_limited_account(stage: Stage, folder: Path, tmp_path: Path) -> None:
    seen = {exchange["id"] for exchange in stage.server.exchanges()}
    stage.demo.fault("429 retry-after=60", api="openai")
    env = environment(stage.server.url, f"openai/{MODEL[OPENAI]}", tmp_path)
    assert SECRET_WORD in claude(TASK, "--allowedTools", "Read", folder=folder, env=env)
    *_, first = new_exchanges(stage, seen)
    assert [attempt["outcome"] for attempt in first["attempts"]] == ["failed", "ok"]
    assert len({attempt["account"] for attempt in first["attempts"]}) == 2
