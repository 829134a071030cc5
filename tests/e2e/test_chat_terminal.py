"""`a2a chat` on a real terminal: Ctrl-C stops the answer and not the program, what is typed does not show in it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.a2a_process import clean_env
from support.stage import ONE_EACH, Stage, staged
from support.waiting import PATIENCE_S, eventually

pty = pytest.importorskip("pty")

SERVER = {"model_provider": ["openai"], "default_model": "demo-chat"}
_ESCAPES = re.compile(r"\x1b\[[?\d;]*[A-Za-z]|[\x01\x02\r]")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), ONE_EACH, server=SERVER, serve=False) as made:
        yield made


@pytest.fixture(autouse=True)
def clean(stage: Stage) -> None:
    stage.demo.reset()
    shutil.rmtree(stage.home / "state", ignore_errors=True)


class Terminal:
    """One run with stdin, stdout and stderr on a terminal of 80 columns."""

    def __init__(self, stage: Stage, *args: str) -> None:
        import fcntl
        import struct
        import termios

        self._here, there = pty.openpty()
        fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "a2a", "chat", *args],
            env=clean_env(stage.home, {**stage.env, "TERM": "xterm"}),
            stdin=there,
            stdout=there,
            stderr=there,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(there)
        os.set_blocking(self._here, False)
        self.raw = ""

    @property
    def text(self) -> str:
        """Everything shown so far, without escape sequences."""
        try:
            while data := os.read(self._here, 65536):
                self.raw += data.decode("utf-8", "replace")
        except OSError:  # nothing there, or the other end is closed
            pass
        return _ESCAPES.sub("", self.raw)

    def wait_for(self, text: str, count: int = 1) -> None:
        eventually(lambda: self.text.count(text) >= count, f"{text!r} on the terminal")

    def wait_for_the_prompt(self) -> None:
        eventually(lambda: self.text.endswith("\n> "), "the prompt line")

    def shows_typing(self) -> bool:
        import termios

        return bool(termios.tcgetattr(self._here)[3] & termios.ECHO)

    def type(self, text: str) -> None:
        os.write(self._here, text.encode())

    def end(self) -> int:
        """The exit code."""

        def ended() -> bool:
            assert self.text is not None  # read on, or it cannot write
            return self.process.poll() is not None

        eventually(ended, "the end of the program", within_s=PATIENCE_S)
        os.close(self._here)
        return self.process.wait()


@pytest.fixture
def run(stage: Stage) -> Iterator[Callable[..., Terminal]]:
    """Starts `a2a chat` with these arguments; what still runs afterwards is ended."""
    begun: list[Terminal] = []

    def start(*args: str) -> Terminal:
        begun.append(Terminal(stage, *args))
        return begun[-1]

    yield start
    for terminal in begun:
        if terminal.process.poll() is None:
            terminal.process.kill()
            terminal.process.wait()


@pytest.fixture
def chat(run: Callable[..., Terminal]) -> Terminal:
    terminal = run()
    terminal.wait_for_the_prompt()
    return terminal


def test_ctrl_c_stops_the_answer_and_not_the_program(stage: Stage, chat: Terminal) -> None:
    chat.type("\x03")  # at the prompt it ends nothing
    chat.wait_for("> ", 2)
    chat.wait_for_the_prompt()
    chat.type("[[fault: stall after=4]] tell me something long enough\n")
    chat.wait_for("You said: tell")
    chat.type("\x03")
    chat.wait_for("[stopped]")
    chat.wait_for_the_prompt()
    stage.demo.idle()
    assert stage.demo.calls("openai")[-1].client_closed
    chat.type("go on\n")
    chat.wait_for("You said: go on — noted ✓")
    assert b"The user stopped this answer here." in stage.demo.calls("openai")[-1].body
    chat.wait_for_the_prompt()
    chat.type("\x04")
    assert chat.end() == 0
    assert "Traceback" not in chat.raw


def test_the_line_remembers_and_completes(stage: Stage, chat: Terminal) -> None:
    chat.type("hello\n")
    chat.wait_for("noted ✓")
    chat.wait_for_the_prompt()
    chat.type("\x1b[A\n")  # up: the line before
    chat.wait_for("noted ✓", 2)
    chat.wait_for_the_prompt()
    chat.type("/acc\ton\t\n")
    chat.wait_for("[openai/one demo-chat]")
    chat.wait_for_the_prompt()
    chat.type("/mo\tdemo-s\t\n")  # the list of models has not been read before
    chat.wait_for("[openai/one demo-small]")
    chat.wait_for_the_prompt()
    chat.type("/quit\n")
    assert chat.end() == 0
    history = stage.home / "state" / "chat_history"
    assert "hello" in history.read_text()
    assert history.stat().st_mode & 0o777 == 0o600


def test_one_question_on_a_terminal(run: Callable[..., Terminal]) -> None:
    chat = run("say **this** loud")
    assert chat.end() == 0
    assert "You said: say this loud — noted ✓" in chat.text
    assert "\x1b[1mthis\x1b[0m" in chat.raw


def test_ctrl_c_ends_a_question(stage: Stage, run: Callable[..., Terminal]) -> None:
    chat = run("[[fault: stall after=4]] tell me something long enough")
    chat.wait_for("You said: tell")
    chat.type("typed meanwhile")
    chat.process.send_signal(signal.SIGINT)
    assert chat.end() == 130
    assert "Traceback" not in chat.raw
    assert "typed meanwhile" not in chat.text
    stage.demo.idle()
    assert '"stopped": true' in (Path(stage.home) / "data" / "chat" / "last.json").read_text()


def test_a_terminated_program_leaves_a_terminal_that_shows_what_is_typed(
    stage: Stage, run: Callable[..., Terminal]
) -> None:
    chat = run("[[fault: stall after=4]] tell me something long enough")
    chat.wait_for("You said: tell")
    assert not chat.shows_typing()
    chat.process.terminate()
    assert chat.process.wait(PATIENCE_S) == -signal.SIGTERM
    assert chat.shows_typing()
    stage.demo.idle()
