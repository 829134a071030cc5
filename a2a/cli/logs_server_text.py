"""Lines of the server's log for people: whole, and each value such that one line of the log stays one line.

In a file or a pipe that is a line of text. On a terminal what is too long goes on under the event.
"""

from __future__ import annotations

import re
import shutil
from datetime import datetime
from typing import TYPE_CHECKING

from a2a.cli.output import Out, visible
from a2a.control.types import LogEntry

if TYPE_CHECKING:
    from rich.text import Text

_STYLES = {"debug": "dim", "info": "green", "warning": "yellow", "error": "red", "critical": "bold red"}
_LEVEL = len("warning")
_LEAST = 30
"""Cells that an event wants beside time and level; in fewer it goes on at the edge."""
_BARE = re.compile(r"[^\s\"=]+")
"""A value that needs no quotes."""


def plain(entry: LogEntry) -> str:
    """`2026-11-23T00:15:02 warning  event name=value name="two words"`, local time."""
    when = f"{datetime.fromtimestamp(entry.at):%Y-%m-%dT%H:%M:%S}"
    fields = "".join(f" {name}={value}" for name, value in _fields(entry))
    return f"{when} {entry.level:<{_LEVEL}}  {_line(entry.event)}{fields}"


def _fields(entry: LogEntry) -> list[tuple[str, str]]:
    from a2a.control.log_entries import ordered

    return [(name, _value(value)) for name, value in ordered(entry)]


def _value(text: str) -> str:
    shown = _line(text)
    return shown if _BARE.fullmatch(shown) else '"' + shown.replace('"', '\\"') + '"'


def _line(text: str) -> str:
    """As one line, without what drives a terminal: pipes often end in one."""
    return visible(" ".join(text.split()))


class Lines:
    """Writes them to a terminal, one at a time, so that they can also come as they are said."""

    def __init__(self, out: Out) -> None:
        from rich.console import Console  # deferred: 60 ms; it honours NO_COLOR and TERM=dumb by itself

        self._console = Console(file=out.stdout, highlight=False)
        self._width = shutil.get_terminal_size().columns
        self._time = 0
        """Cells of the longest time so far: those of earlier days, which come first, have a date."""

    def row(self, entry: LogEntry) -> None:
        from rich.text import Text

        when = _when(entry.at)
        self._time = max(self._time, len(when))
        head = Text(no_wrap=True)
        head.append(f"{when:<{self._time}} ", style="dim")
        head.append(f"{entry.level:<{_LEVEL}} ", style=_STYLES.get(entry.level, ""))
        room = self._width - head.cell_len
        if room < _LEAST:
            self._print(head + _said(entry))
            return
        for number, line in enumerate(_said(entry).wrap(self._console, room)):
            line.rstrip()
            self._print((head if number == 0 else Text(" " * head.cell_len)) + line)

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


def _said(entry: LogEntry) -> Text:
    from rich.text import Text

    from a2a.control.log_entries import rank

    said = Text(_line(entry.event), style="bold" if rank(entry.level) >= rank("warning") else "")
    for name, value in _fields(entry):
        said.append(f" {name}=", style="not bold dim")
        said.append(value, style="not bold dim" if name == "logger" else "not bold")
    return said


def _when(at: float) -> str:
    """Local time; of an earlier day with its date."""
    then = datetime.fromtimestamp(at)
    today = then.date() == datetime.now().date()
    return f"{then:%H:%M:%S}" if today else f"{then:%m-%d %H:%M:%S}"
