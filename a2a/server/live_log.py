"""The server's own log as live events: event name and fields, redacted, for whoever watches a running server."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from a2a.control.types import LogLine
from a2a.logs.live import Live
from a2a.protocols.redact import clean

_LOGGER = logging.getLogger("a2a")
_FIELD = re.compile(r"([a-z_]+)=(%[a-z])")
"""How our log lines are written: an event's name, then `name=%s` for each field."""

_NAMES = frozenset({"account"})
"""Fields whose values are names that everything shows, though they may look like addresses."""


class _LiveLog(logging.Handler):
    """Hands each record to the loop of the server; records come from threads too."""

    def __init__(self, live: Live) -> None:
        super().__init__(logging.INFO)
        self._live = live
        self._loop = asyncio.get_running_loop()

    def emit(self, record: logging.LogRecord) -> None:
        line = line_of(record)
        with suppress(RuntimeError):  # the loop is over
            self._loop.call_soon_threadsafe(self._live.publish, line)


@contextmanager
def told_live(live: Live) -> Iterator[None]:
    """While it lasts, what the log says from INFO on is published; what stderr shows does not change."""
    handler, before = _LiveLog(live), _LOGGER.level
    _LOGGER.addHandler(handler)
    if _LOGGER.getEffectiveLevel() > logging.INFO:
        _LOGGER.setLevel(logging.INFO)
    try:
        yield
    finally:
        _LOGGER.removeHandler(handler)
        _LOGGER.setLevel(before)


def line_of(record: logging.LogRecord) -> LogLine:
    """The record with its fields apart; one that is no event with fields is an event of its own words."""
    names = _FIELD.findall(record.msg) if isinstance(record.msg, str) else []
    args = record.args if isinstance(record.args, tuple) else ()
    fields = {"logger": record.name.removeprefix("a2a.")}
    event = record.getMessage()
    if names and len(names) == len(args):
        event = str(record.msg).partition(" ")[0]
        for (name, form), value in zip(names, args, strict=True):
            text = form % (value,)
            fields[name] = text if name in _NAMES else clean(text)
    if record.exc_info and record.exc_info[0] is not None:
        fields["exception"] = record.exc_info[0].__name__
    return LogLine(level=record.levelname.lower(), event=clean(event), fields=fields)
