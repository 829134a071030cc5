"""What is handed to a program outside of the dashboard: files for an editor or pager, made for as long as it runs."""

from __future__ import annotations

import contextlib
import json
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from a2a.control.bodies import is_binary
from a2a.control.types import Exchange
from a2a.errors import StoreError, UsageError
from a2a.tui.inspect import bodies

AT_ONCE_S = 0.5
"""Who ends sooner has not waited for anybody to read."""


def documents(exchange: Exchange, page: str, n: int) -> dict[str, str]:
    """File name -> text, of what that page shows; the whole exchange where it shows no body."""
    sent = bodies.of_attempt(exchange, n)
    found: dict[str, str | None] = {}
    if exchange.bodies is not None and page == "request":
        found = {"client-request": exchange.bodies.request, "upstream-request": sent.request if sent else None}
    elif exchange.bodies is not None and page in ("answer", "stream"):
        found = {"upstream-answer": sent.answer if sent else None, "client-answer": exchange.bodies.answer}
    texts = dict(_named(name, body) for name, body in found.items() if body)
    return texts or {f"{exchange.id}.json": _indented(msgspec.json.encode(exchange).decode())}


def _named(name: str, body: str) -> tuple[str, str]:
    """JSON is indented, everything else is as it was recorded."""
    if not is_binary(body):
        try:
            return f"{name}.json", _indented(body)
        except (ValueError, RecursionError):
            pass
    return f"{name}.txt", body


def _indented(text: str) -> str:
    return msgspec.json.format(text, indent=2) if json.loads(text) is not None else text


def run(command: str, texts: dict[str, str]) -> None:
    """Run it with the files, and remove them when it ends. Waits: the screen must be suspended.

    What fails, or is over at once (`cat`, an editor that opens a window of its own), is read before the screen comes
    back: Enter goes on. Raises UsageError for a command that cannot be run, StoreError for files that cannot be made.
    """
    words = _words(command)
    try:
        folder = tempfile.TemporaryDirectory(prefix="a2a-")  # for its owner alone
    except OSError as error:
        raise StoreError(f"no file can be made for {words[0]}: {error.strerror}") from error
    with folder as name, _interrupts_for_it():
        paths = _written(Path(name), texts)
        began = time.monotonic()
        try:
            code = subprocess.run([*words, *paths], check=False).returncode  # noqa: S603  # the person's own editor
        except OSError as error:
            raise UsageError(f"{words[0]} cannot be run: {error.strerror}") from error
        if code or time.monotonic() - began < AT_ONCE_S:
            _wait_for_enter(f"{words[0]} {_ended(code)}. " if code else "")


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"{command!r} is no command line: {error}") from error
    if not words:
        raise UsageError(f"{command!r} is no command line")
    return words


def _written(folder: Path, texts: dict[str, str]) -> list[str]:
    """Their paths."""
    paths = [folder / name for name in texts]
    try:
        for path in paths:
            path.write_text(texts[path.name], encoding="utf-8", errors="replace")
    except OSError as error:
        raise StoreError(f"no file can be made in {folder.parent}: {error.strerror}") from error
    return [str(path) for path in paths]


def _ended(code: int) -> str:
    """`ended with exit code 1`, `was ended by SIGTERM`."""
    if code > 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


@contextlib.contextmanager
def _interrupts_for_it() -> Iterator[None]:
    """The terminal sends Ctrl-C and Ctrl-\\ to the program and to us; they are meant for the program.

    By functions of our own: the program would inherit signals that are ignored.
    """
    names = [getattr(signal, name) for name in ("SIGINT", "SIGQUIT") if hasattr(signal, name)]
    before = {each: signal.signal(each, lambda *_: None) for each in names}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, signal.SIG_DFL if handler is None else handler)


def _wait_for_enter(told: str) -> None:
    """What the program has shown stays in sight until then. Ctrl-C goes on too."""
    out, keys = sys.__stderr__, sys.__stdin__
    if out is None or keys is None:
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)  # `_interrupts_for_it` puts back what was before
    with contextlib.suppress(KeyboardInterrupt, OSError):
        out.write(f"\n{told}Enter goes back to the dashboard. ")
        out.flush()
        keys.readline()
