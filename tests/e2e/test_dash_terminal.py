"""`a2a dash` on a real terminal: however it ends, the terminal is whole and nothing of it runs on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.a2a_process import clean_env
from support.waiting import PATIENCE_S, eventually

from a2a.config import load
from a2a.control.servers import running

pty = pytest.importorskip("pty")

OWN_SCREEN, BACK = "\x1b[?1049h", "\x1b[?1049l"


class Terminal:
    """One run with stdin, stdout and stderr on a terminal of 100 columns that is its controlling one."""

    def __init__(self, home: Path, **env: str) -> None:
        import fcntl
        import struct
        import termios

        self.home = home
        self.here, self.there = pty.openpty()
        fcntl.ioctl(self.there, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.modes = termios.tcgetattr(self.there)
        surroundings = {"TERM": "xterm-256color", "A2A_PORT": "0", **env}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "a2a", "dash"],
            env=clean_env(home, surroundings),
            stdin=self.there,
            stdout=self.there,
            stderr=self.there,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.set_blocking(self.here, False)
        self.raw = ""

    @property
    def text(self) -> str:
        """All that was written so far."""
        try:
            while data := os.read(self.here, 65536):
                self.raw += data.decode("utf-8", "replace")
        except OSError:  # nothing there, or it is closed
            pass
        return self.raw

    def wait_for(self, text: str) -> None:
        eventually(lambda: text in self.text, f"{text!r} on the terminal")

    def ended(self) -> int:
        """Its exit code."""

        def over() -> bool:
            assert self.text is not None  # read on, or it cannot write
            return self.process.poll() is not None

        eventually(over, "the end of the program", within_s=PATIENCE_S)
        return self.process.wait()

    @property
    def whole(self) -> bool:
        """Whether the shell would find it as it left it."""
        import termios

        return self.text.rfind(BACK) > self.text.rfind(OWN_SCREEN) and termios.tcgetattr(self.there) == self.modes

    def servers(self) -> list[Any]:
        return list(running(load(env={"A2A_HOME": str(self.home)}).folders.servers))


@pytest.fixture
def terminal(home: Path) -> Iterator[Terminal]:
    """Attached to a server that was started with the screen."""
    made = Terminal(home)
    try:
        made.wait_for("no account yet")
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
            made.process.wait()
        for each in made.servers():
            os.kill(each.pid, signal.SIGTERM)
        for descriptor in (made.here, made.there):
            try:
                os.close(descriptor)
            except OSError:
                continue


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_as_the_key_does(terminal: Terminal, number: signal.Signals) -> None:
    terminal.process.send_signal(number)
    assert terminal.ended() == 130
    assert terminal.whole
    assert not terminal.servers()


def test_a_terminal_that_is_closed_ends_it_with_its_server(terminal: Terminal) -> None:
    os.close(terminal.there)
    os.close(terminal.here)
    eventually(lambda: terminal.process.poll() is not None, "the end of the program", within_s=PATIENCE_S)
    eventually(lambda: not terminal.servers(), "the end of its server")


def test_it_goes_to_the_background_and_comes_back(terminal: Terminal) -> None:
    def state() -> str:
        return Path(f"/proc/{terminal.process.pid}/stat").read_text().rpartition(")")[2].split()[0]

    terminal.process.send_signal(signal.SIGCONT)  # which continues nothing, and must change nothing
    os.write(terminal.here, b"\x1a")
    eventually(lambda: terminal.text is not None and state() == "T", "the stop")
    assert terminal.whole
    terminal.process.send_signal(signal.SIGCONT)
    eventually(lambda: terminal.text.rfind(OWN_SCREEN) > terminal.text.rfind(BACK), "the screen again")
    os.write(terminal.here, b"q")
    assert terminal.ended() == 0
    assert terminal.whole
