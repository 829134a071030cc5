"""A task of each agent, recorded against the demo upstreams, is done again from its cassettes alone: by an agent that
starts anew, with ids of its own for everything."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import test_claude_code
import test_codex
import test_gemini_cli
import test_qwen_code
from support.a2a_process import Server, secrets_in
from support.agent_run import SECRET_WORD, Agent
from support.stage import CLAUDE, GEMINI, KIRO, MODEL, ONE_AT_EVERY, QWEN, RESPONSES, SHORT, staged


def _codex(url: str, model: str, folder: Path) -> str:
    return test_codex.said(test_codex.codex(url, model, folder, test_codex.TASK))


AGENTS: dict[str, tuple[Agent, Callable[[str, str, Path], str], str]] = {
    "claude": (test_claude_code.CLAUDE_CODE, test_claude_code.told, CLAUDE),
    "codex": (test_codex.CODEX, _codex, RESPONSES),
    "gemini": (test_gemini_cli.GEMINI_CLI, test_gemini_cli.told, GEMINI),
    "qwen": (test_qwen_code.QWEN_CODE, test_qwen_code.told, QWEN),
}
"""The third: a provider of the agent's own protocol; another one speaks Kiro's."""
CASES = [pytest.param(name, marks=agent.marks) for name, (agent, *_) in AGENTS.items()]


@pytest.mark.parametrize("name", CASES)
def test_a_task_again_without_upstreams(name: str, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    _, told, native = AGENTS[name]
    aside = tmp_path_factory.mktemp("cassettes")
    (aside / "stage").mkdir()
    (aside / "home").mkdir()
    models = [f"{SHORT[provider]}/{MODEL[provider]}" for provider in (native, KIRO)]
    with staged(aside / "stage", ONE_AT_EVERY, server={"record": str(aside / "tape")}) as stage:
        for model in models:
            assert SECRET_WORD in told(stage.server.url, model, folder)
            _forget(folder)
        secrets = stage.secrets
    player = Server(aside / "home", "--replay", str(aside / "tape"))
    try:
        for model in models:
            assert SECRET_WORD in told(player.url, model, folder)
            _forget(folder)
        assert {exchange["status"] for exchange in player.exchanges()} == {200}, player.exchanges()
    finally:
        player.stop()
    assert not [one for file in (aside / "tape").iterdir() for one in secrets_in(file.read_text("utf-8"), secrets)]


def _forget(folder: Path) -> None:
    """What the agent keeps at home: the next one is new here."""
    for path in folder.parent.iterdir():
        if path != folder:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
