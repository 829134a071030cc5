"""The official Gemini CLI believes the emulated Code Assist and the emulated Gemini API: a tool round trip on each.

Nothing of a2a but the emulators takes part. `gemini` comes from npm (`@google/gemini-cli`).
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

AGENT = shutil.which("gemini")
PATIENCE_S = 120.0
SECRET_WORD = "heliotrope-4711"
TASK = "Use the read_file tool on notes.txt"

pytestmark = [
    pytest.mark.agents,
    pytest.mark.skipif(AGENT is None, reason="no `gemini` on PATH: npm package @google/gemini-cli"),
]


@pytest.fixture
def demo() -> Iterator[Demo]:
    with Demo() as demo:
        yield demo


def environment(home: Path, auth: str, **more: str) -> dict[str, str]:
    """A home of its own with the way to sign in, and nothing that reaches out."""
    (home / ".gemini").mkdir()
    settings = {"security": {"auth": {"selectedType": auth}}, "privacy": {"usageStatisticsEnabled": False}}
    (home / ".gemini" / "settings.json").write_text(json.dumps(settings), "utf-8")
    plain = {"PATH": os.environ["PATH"], "HOME": str(home), "NO_COLOR": "1", "NO_BROWSER": "true"}
    return plain | {"GEMINI_CLI_TRUST_WORKSPACE": "true"} | more


def run(model: str, prompt: str, env: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    assert AGENT is not None
    work = folder / "work"
    work.mkdir()
    (work / "notes.txt").write_text(f"The secret word is {SECRET_WORD}.\n", "utf-8")
    return subprocess.run(
        [AGENT, "-m", model, "--output-format", "json", "--approval-mode", "yolo", "-p", prompt],
        cwd=work,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def code_assist(demo: Demo, home: Path) -> dict[str, str]:
    token = demo.up.codeassist.accounts["ca-standard"].access_token
    where = {"CODE_ASSIST_ENDPOINT": demo.up.codeassist_url, "GOOGLE_GENAI_USE_GCA": "true"}
    return environment(home, "oauth-personal", GOOGLE_CLOUD_ACCESS_TOKEN=token, **where)


@pytest.mark.parametrize("model", ["gemini-2.5-pro", "gemini-3-flash-preview"])
def test_code_assist(demo: Demo, model: str, tmp_path: Path) -> None:
    done = run(model, TASK, code_assist(demo, tmp_path), tmp_path)
    assert done.returncode == 0, done.stderr
    assert SECRET_WORD in json.loads(done.stdout)["response"]
    asked = {seen.path.rpartition(":")[2] for seen in demo.up.seen}
    assert {"loadCodeAssist", "retrieveUserQuota", "streamGenerateContent"} <= asked
    assert {seen.status for seen in demo.up.seen} == {200}


def test_it_sees_that_the_account_must_be_verified(demo: Demo, tmp_path: Path) -> None:
    demo.fault("http code=validation", api="codeassist", times=None)
    done = run("gemini-2.5-pro", "hello", code_assist(demo, tmp_path), tmp_path)
    assert done.returncode != 0
    assert "validationLink: 'https://accounts.example/verify?x=1'" in done.stderr


@pytest.mark.parametrize("model", ["gemini-2.5-flash", "gemini-3.1-pro-preview"])
def test_gemini_api(demo: Demo, model: str, tmp_path: Path) -> None:
    where = {"GOOGLE_GEMINI_BASE_URL": demo.up.gemini_url, "GEMINI_API_KEY": "AIza-demo-gemini-1"}
    done = run(model, TASK, environment(tmp_path, "gemini-api-key", **where), tmp_path)
    assert done.returncode == 0, done.stderr
    assert SECRET_WORD in json.loads(done.stdout)["response"]
