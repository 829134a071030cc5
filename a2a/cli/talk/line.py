"""What is typed: a line with its history and completion where readline is, and silence while an answer comes."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

from a2a.cli.output import Out
from a2a.errors import StoreError
from a2a.paths import private_dir

PROMPT = "> "
MORE = "... "
QUOTES = '"""'
KEPT_LINES = 1000

Complete = Callable[[str], list[str]]
"""The line as far as it is typed -> whole words that its last one may become."""


class Lines:
    """The prompt line. `history`: its file, None to keep none."""

    def __init__(self, out: Out, history: Path | None, complete: Complete) -> None:
        self._out = out
        self._history = history
        self._readline = _readline_of(out)
        if self._readline is not None:
            self._prepare(self._readline, complete)

    def read(self) -> str | None:
        """What somebody says, without the space around it; None at the end of the input. Raises KeyboardInterrupt.

        A backslash at the end of a line goes on in the next one, and so does everything between two `\"\"\"`.
        """
        first = self._line(PROMPT)
        if first is None:
            return None
        if first.lstrip().startswith(QUOTES):
            return self._quoted(first.lstrip().removeprefix(QUOTES))
        lines = [first]
        while lines[-1].endswith("\\"):
            lines[-1] = lines[-1][:-1]
            more = self._line(MORE)
            if more is None:
                break
            lines.append(more)
        return "\n".join(lines).strip("\n\r\t")

    def _quoted(self, first: str) -> str:
        """Up to the closing quotes, or the end of the input."""
        lines = [first]
        while not lines[-1].rstrip().endswith(QUOTES):
            more = self._line(MORE)
            if more is None:
                return "\n".join(lines).strip()
            lines.append(more)
        return "\n".join(lines).rstrip().removesuffix(QUOTES).strip()

    def _line(self, prompt: str) -> str | None:
        if self._readline is not None:
            try:
                return input(prompt)
            except EOFError:
                self._out.prompt("\n")
                return None
        self._out.prompt(prompt)
        line = self._out.stdin.readline()
        if not line:
            self._out.prompt("\n")
        return line.rstrip("\r\n") if line else None

    def _prepare(self, readline: Any, complete: Complete) -> None:
        readline.set_completer(_completer(readline, complete))
        readline.set_completer_delims(" \t\n")
        if "libedit" in (readline.__doc__ or ""):
            readline.parse_and_bind("bind ^I rl_complete")
        else:
            readline.parse_and_bind("tab: complete")
            readline.parse_and_bind("set enable-bracketed-paste on")  # what is pasted is one line, however many it has
        readline.set_history_length(KEPT_LINES)
        readline.set_auto_history(True)
        if self._history is not None:
            with contextlib.suppress(OSError):  # none yet, or not readable: then it begins anew
                readline.read_history_file(self._history)

    def keep(self) -> None:
        """Write the history, for this user alone. Raises StoreError."""
        if self._readline is None or self._history is None:
            return
        private_dir(self._history.parent)
        try:
            os.close(os.open(self._history, os.O_WRONLY | os.O_CREAT, 0o600))
            self._readline.write_history_file(self._history)
        except OSError as error:
            raise StoreError(f"cannot write {self._history}: {error.strerror or error}") from error


def _readline_of(out: Out) -> Any:
    """The module, where a line is typed at a terminal and shown on one; else None."""
    if out.stdin is not sys.stdin or out.stdout is not sys.stdout or not (out.interactive and out.stdout.isatty()):
        return None
    try:
        import readline
    except ImportError:  # Windows
        return None
    return readline


def _completer(readline: Any, complete: Complete) -> Callable[[str, int], str | None]:
    found: list[str] = []

    def turn(_: str, number: int) -> str | None:
        if number == 0:
            found[:] = complete(readline.get_line_buffer()[: readline.get_endidx()])
        return found[number] if number < len(found) else None

    return turn


@contextlib.contextmanager
def silence(stdin: TextIO) -> Iterator[None]:
    """Show nothing of what is typed meanwhile, so that it does not stand in the middle of the answer. Ctrl-C works."""
    try:
        import termios
    except ImportError:  # Windows
        yield
        return
    try:
        handle = stdin.fileno() if stdin.isatty() else None
    except OSError:  # a stream without a file
        handle = None
    if handle is None or not _is_ours(handle):
        yield
        return
    before = termios.tcgetattr(handle)
    quiet = list(before)
    quiet[3] &= ~termios.ECHO

    def restore() -> None:
        if _is_ours(handle):
            termios.tcsetattr(handle, termios.TCSADRAIN, before)

    with _before_the_end(restore):
        try:
            termios.tcsetattr(handle, termios.TCSADRAIN, quiet)
            yield
        finally:
            restore()


@contextlib.contextmanager
def _before_the_end(restore: Callable[[], None]) -> Iterator[None]:
    """Do this also where SIGTERM ends the program: not every shell makes the terminal whole again."""

    before = signal.getsignal(signal.SIGTERM)

    def ended(number: int, _: object) -> None:
        restore()
        signal.signal(number, before)  # what would have happened without us, happens now
        os.kill(os.getpid(), number)

    if before in (None, signal.SIG_IGN) or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGTERM, ended)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _is_ours(terminal: int) -> bool:
    """Whether this process is in its foreground: one in the background that touched it would be stopped (SIGTTOU)."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:  # not the terminal of this session
        return False
