"""What is handed to a program outside of the dashboard: files for an editor or pager, made for as long as it runs."""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
from pathlib import Path

import msgspec

from a2a.control.bodies import is_binary
from a2a.control.types import Exchange
from a2a.errors import UsageError
from a2a.tui.inspect import bodies


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

    Raises UsageError for a command that cannot be run.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"{command!r} is no command line: {error}") from error
    with tempfile.TemporaryDirectory(prefix="a2a-") as folder:  # for its owner alone
        paths = []
        for name, text in texts.items():
            path = Path(folder, name)
            path.write_text(text, encoding="utf-8", errors="replace")
            paths.append(str(path))
        try:
            subprocess.run([*words, *paths], check=False)  # noqa: S603  # the person's own editor
        except OSError as error:
            raise UsageError(f"{words[0]} cannot be run: {error.strerror}", hint="set EDITOR or PAGER") from error
