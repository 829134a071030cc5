"""The server's log as its readers have it: how much a level matters, and in which order fields are told."""

from __future__ import annotations

from typing import get_args

from a2a.control.types import LogEntry, LogLevel, LogLine

FLOORS: tuple[LogLevel, ...] = get_args(LogLevel)
"""From which level on one may ask; a server keeps nothing finer than the first."""
_LEVELS = ("debug", *FLOORS, "critical")
_FIRST = ("account", "provider", "exchange")
_LAST = ("logger",)


def entry_of(seq: int, at: float, line: LogLine) -> LogEntry:
    """The line as it is kept. `at`: Unix seconds."""
    return LogEntry(seq=seq, at=at, level=line.level, event=line.event, fields=line.fields)


def rank(level: str) -> int:
    """Greater for what matters more. An unknown level counts as info."""
    return _LEVELS.index(level if level in _LEVELS else "info")


def ordered(entry: LogEntry) -> list[tuple[str, str]]:
    """Its fields: whom it is about first, who says it last."""
    fields = entry.fields
    middle = [name for name in fields if name not in (*_FIRST, *_LAST)]
    return [(name, fields[name]) for name in (*_FIRST, *middle, *_LAST) if name in fields]
