"""The stage of the agents: an account at every provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.stage import ONE_AT_EVERY, OPENAI, Login, Stage, staged


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("agents"), (*ONE_AT_EVERY, Login(OPENAI, "two", "sk-demo-openai-2"))) as stage:
        yield stage


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where an agent works; `tmp_path` is its home."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder
