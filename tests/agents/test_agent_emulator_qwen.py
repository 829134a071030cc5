"""The official Qwen Code believes the emulated portal: signed in by its credential file, it reads a file.

Version 0.12.0 is the last that still signs in by OAuth without a terminal (specs/qwen.md 13).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.demo_thread import Demo

AGENT = shutil.which("qwen")
PATIENCE_S = 120.0
SECRET_WORD = "heliotrope-4711"
NEVER_MS = 4_102_444_800_000
"""The client renews nothing before that."""

pytestmark = [
    pytest.mark.agents,
    pytest.mark.skipif(AGENT is None, reason="no `qwen` on PATH: npm package @qwen-code/qwen-code@0.12.0"),
]


@pytest.fixture
def demo() -> Iterator[Demo]:
    with Demo() as demo:
        yield demo


@pytest.fixture
def folder(tmp_path: Path, demo: Demo) -> Path:
    """Home and place of work: signed in, with one file to read."""
    (tmp_path / ".qwen").mkdir()
    account = demo.up.qwen.accounts["qwen-1"].credentials(demo.up.qwen_url)
    signed_in = {key: value for key, value in account.items() if key != "name"} | {"expiry_date": NEVER_MS}
    (tmp_path / ".qwen" / "oauth_creds.json").write_text(json.dumps(signed_in), "utf-8")
    settings = {"security": {"auth": {"selectedType": "qwen-oauth"}}, "privacy": {"usageStatisticsEnabled": False}}
    (tmp_path / ".qwen" / "settings.json").write_text(json.dumps(settings), "utf-8")
    (tmp_path / "notes.txt").write_text(f"The secret word is {SECRET_WORD}.\n", "utf-8")
    return tmp_path


def qwen(prompt: str, folder: Path) -> subprocess.CompletedProcess[str]:
    assert AGENT is not None
    return subprocess.run(
        [AGENT, "--auth-type", "qwen-oauth", "--approval-mode", "yolo", "-p", prompt],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.mark.parametrize("quirk", ["", "[[quirk: bad-index]]"])
def test_it_reads_a_file(demo: Demo, folder: Path, quirk: str) -> None:
    done = qwen(f"Use the read_file tool on {folder}/notes.txt {quirk}", folder)
    assert done.returncode == 0, done.stderr
    assert SECRET_WORD in done.stdout
    assert [(seen.path, seen.status) for seen in demo.up.seen] == [("/qwen/v1/chat/completions", 200)] * 2
