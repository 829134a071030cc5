"""`a2a demo` as a stranger runs it: every cell right, nothing touched, nothing left."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx
import pytest
from support.a2a_process import clean_env, run_cli
from support.cli_run import Run
from support.waiting import PATIENCE_S, eventually

from a2a.cli import app as cli
from a2a.cli.output import Out
from a2a.demo.matrix import cells
from a2a.demo.matrix.lab import Desk
from a2a.demo.matrix.wrong import Wrong

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")

PLAYED_S = 120.0
"""All cells, on a machine that has much else to do."""


@pytest.fixture
def scratch(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders go, so that what is left behind can be seen."""
    path = tmp_path / "scratch"
    path.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(path))
    return path


class Demo:
    """A running `a2a demo` whose streams are files."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path, err: Path) -> None:
        self.process, self._out, self._err = process, out, err

    @property
    def stdout(self) -> str:
        return self._out.read_text()

    @property
    def stderr(self) -> str:
        return self._err.read_text()

    def stays_up(self) -> None:
        """Wait until everything has been played, or it ended."""
        eventually(
            lambda: "Ctrl-C" in self.stderr or self.process.poll() is not None,
            "the demo to stay up",
            within_s=PLAYED_S,
        )

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


@contextmanager
def started(home: Path, scratch: Path, *args: str) -> Iterator[Demo]:
    out, err = home.parent / "demo.out", home.parent / "demo.err"

    def launch(stdout: IO[bytes], stderr: IO[bytes]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "a2a", "demo", *args]
        return subprocess.Popen(command, env=clean_env(home, {"TMPDIR": str(scratch)}), stdout=stdout, stderr=stderr)

    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = launch(stdout, stderr)
    try:
        yield Demo(process, out, err)
    finally:
        process.kill()
        process.wait(PATIENCE_S)


def test_every_cell_is_right_and_nothing_is_left(home: Path, scratch: Path) -> None:
    done = run_cli(home, "demo", "--json", env={"TMPDIR": str(scratch)})
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    envelope = json.loads(done.stdout)
    assert (envelope["a2a"], envelope["command"], envelope["status"], envelope["errors"]) == (1, "demo", "ok", [])
    found = {(cell["front"], cell["provider"], cell["check"]): cell["ok"] for cell in envelope["data"]["cells"]}
    due = {(c.front.name, c.provider.id, c.check.name) for row in cells.rows() for c in row}
    assert set(found) == due
    assert {key for key, ok in found.items() if ok is None} == set(cells.ABSENT)
    assert False not in found.values()
    assert not home.exists(), "the user's own home was touched"
    assert list(scratch.iterdir()) == []


def test_the_table_in_a_pipe_is_plain_and_fits_the_screen(home: Path, scratch: Path) -> None:
    done = run_cli(home, "demo", env={"TMPDIR": str(scratch)})
    text = done.stdout.decode()
    assert "\x1b" not in text + done.stderr.decode()
    assert max(map(len, text.splitlines())) <= 80
    assert len(text.splitlines()) <= 40
    found = [line.split() for line in text.splitlines() if line.startswith(" ") and line.split()[1:2] == ["✓"]]
    assert found == [[row[0].provider.id, *_marks(row)] for row in cells.rows()]
    for why in set(cells.ABSENT.values()):
        assert why in text
    assert done.stderr.decode().count(" right, ") == len(cells.FRONTS) * len(cells.PROVIDERS)


def _marks(row: list[cells.Cell]) -> list[str]:
    there = {cell.check.column for cell in row if cell.absent is None}
    return ["✓" if column in there else "–" for column in cells.COLUMNS]


def test_without_utf8_the_marks_are_letters(home: Path, scratch: Path) -> None:
    done = run_cli(home, "demo", "--quiet", env={"TMPDIR": str(scratch), "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()
    assert b"chat ->" in done.stdout


def test_keep_stays_up_for_other_clients_until_ctrl_c(home: Path, scratch: Path) -> None:
    with started(home, scratch, "--keep", "--json") as demo:
        demo.stays_up()
        stay: dict[str, Any] = json.loads(demo.stdout)["data"]["keep"]
        assert httpx.get(stay["url"] + "/health", trust_env=False).status_code == 200
        chat = run_cli(home, "chat", "-p", "kiro", "Say hello", env=stay["env"])
        assert (chat.returncode, chat.stdout) == (0, "You said: Say hello — noted ✓\n".encode()), chat.stderr
        assert len(stay["commands"]) == 5
        gemini = f"{stay['env']['GOOGLE_GEMINI_BASE_URL']}/v1beta/models/gemini-2.5-flash:generateContent"
        contents = {"contents": [{"parts": [{"text": "Say hello"}]}]}
        headers = {"x-goog-api-key": stay["env"]["GEMINI_API_KEY"]}
        assert "You said: Say hello" in httpx.post(gemini, json=contents, headers=headers, trust_env=False).text
        if shutil.which("curl"):
            command, env = stay["commands"][-1], clean_env(home, stay["env"])
            curl = subprocess.run(command, shell=True, env=env, capture_output=True, check=False)
            assert "You said: Say hello" in curl.stdout.decode(), curl.stderr
        assert demo.end(signal.SIGINT) == 0, demo.stderr
    assert list(scratch.iterdir()) == []
    assert not home.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_middle_leaves_nothing(home: Path, scratch: Path, number: signal.Signals) -> None:
    with started(home, scratch) as demo:
        eventually(lambda: "logged in" in demo.stderr, "the start of the cells")
        assert demo.end(number) in (0, 130)  # 0: all cells were done before the signal came
        assert "Traceback" not in demo.stderr
    assert list(scratch.iterdir()) == []


def test_a_second_signal_does_not_cut_the_clearing_up(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that closes is told by the shell and by the system."""
    seen: list[object] = []

    class Folder(tempfile.TemporaryDirectory[str]):
        def cleanup(self) -> None:
            seen.append(signal.getsignal(signal.SIGHUP))
            super().cleanup()

    async def stopped(*_: object, **__: object) -> int:
        raise asyncio.CancelledError

    monkeypatch.setattr("tempfile.TemporaryDirectory", Folder)
    monkeypatch.setattr("a2a.cli.demo_play.play", stopped)
    before = signal.getsignal(signal.SIGHUP)
    assert Run("demo").code == 130
    assert seen == [signal.SIG_IGN]
    assert signal.getsignal(signal.SIGHUP) is before
    assert list(scratch.iterdir()) == []


def test_a_background_job_ends_by_a_kill(home: Path, scratch: Path) -> None:
    """A shell starts it with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with started(home, scratch, "--keep") as demo:
            signal.signal(signal.SIGINT, before)
            eventually(lambda: "logged in" in demo.stderr, "the start of the cells")
            assert demo.end(signal.SIGTERM) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert list(scratch.iterdir()) == []


def test_a_port_that_is_taken_is_a_usage_error(home: Path, scratch: Path) -> None:
    with started(home, scratch, "--keep", "--json") as demo:
        demo.stays_up()
        port = json.loads(demo.stdout)["data"]["keep"]["url"].rpartition(":")[2]
        done = run_cli(home, "demo", "--port", port, env={"TMPDIR": str(scratch)})
        assert done.returncode == 2
        assert f"127.0.0.1:{port}" in done.stderr.decode()
        assert demo.end(signal.SIGTERM) == 0


@pytest.fixture
def one_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of two checks, the second of which fails on one provider."""

    async def fine(desk: Desk) -> None:
        """Always."""

    async def picky(desk: Desk) -> None:
        if desk.provider.id == "claude-custom":
            raise Wrong("it was [red] all over")

    table = (cells.Check(fine, "text", "nowhere"), cells.Check(picky, "text", "nowhere"))
    monkeypatch.setattr(cells, "CHECKS", table)


@pytest.mark.usefixtures("one_wrong", "scratch")
def test_one_wrong_cell_is_exit_code_1_and_a_reason() -> None:
    run = Run("demo")
    assert run.code == 1
    assert "52 of 56 checks right" in run.stdout
    assert "✗ chat → claude-custom, picky: it was [red] all over" in run.stdout
    run = Run("demo", "--json", "--quiet")
    assert (run.code, run.envelope["status"], run.data["wrong"], run.stderr) == (1, "error", 4, "")
    wrong = [cell for cell in run.data["cells"] if not cell["ok"]]
    assert {cell["detail"] for cell in wrong} == {"it was [red] all over"}


@pytest.mark.usefixtures("one_wrong", "scratch")
def test_on_a_terminal_the_table_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stdout, stderr = io.StringIO(), io.StringIO()
    stdout.isatty = lambda: True  # type: ignore[method-assign]
    assert cli.main(["demo"], Out(io.StringIO(), stdout, stderr)) == 1
    assert "·" in stdout.getvalue()
    assert " right, " not in stderr.getvalue()
