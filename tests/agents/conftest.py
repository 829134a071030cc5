"""The stage of the agents: an account at every provider."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.agent_run import SECRET_WORD
from support.stage import ONE_AT_EVERY, OPENAI, Login, Stage, staged

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4/X4fBDHAWQCg4g/xSJ8EGAAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("agents"), (*ONE_AT_EVERY, Login(OPENAI, "two", "sk-demo-openai-2"))) as stage:
        yield stage


@pytest.fixture(scope="session")
def restless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """It answers early and keeps the connection alive with a beat a hundred times as quick as usual."""
    beat = {"commit_after_s": 0.1, "keepalive_s": 0.1}
    with staged(tmp_path_factory.mktemp("restless"), ONE_AT_EVERY, server=beat) as stage:
        yield stage


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where an agent works, with what it is asked about; `tmp_path` is its home."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "notes.txt").write_text(f"The secret word is {SECRET_WORD}.\n", "utf-8")
    (folder / "picture.png").write_bytes(PICTURE)
    return folder
