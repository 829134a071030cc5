"""Lines that would land in the middle of an answer wait until it has ended: those of the log, and troubles.

A terminal has one cursor: a line on stderr amid what is being painted would be painted over, and the next paint would
be off by a row. In a pipe or a file nothing waits.
"""

from __future__ import annotations

import logging
from collections import deque

from a2a.cli.output import Out

MOST = 200
"""Lines of the log that are kept; of more the newest."""


class Aside:
    """Between `open` and `close` nothing but the answer writes to the terminal."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._held: list[_Held] = []

    def open(self) -> None:
        """Nothing is held where one of the streams is no terminal."""
        if not (self._out.stdout.isatty() and self._out.stderr.isatty()):
            return
        self._out.held = []
        handlers = [each for each in logging.getLogger().handlers if isinstance(each, logging.StreamHandler)]
        self._held = [_Held(each) for each in handlers if each.stream is self._out.stderr]
        for held in self._held:
            held.handler.addFilter(held)

    def close(self) -> None:
        """What waited is said, in the order it came; the cursor must be at the beginning of a line."""
        for held in self._held:
            held.handler.removeFilter(held)
            for record in held.records:
                held.handler.handle(record)
        self._held = []
        self._out.release()


class _Held(logging.Filter):
    """Keeps the records of one handler instead of letting them through."""

    def __init__(self, handler: logging.Handler) -> None:
        super().__init__()
        self.handler = handler
        self.records: deque[logging.LogRecord] = deque(maxlen=MOST)

    def filter(self, record: logging.LogRecord) -> bool:
        self.records.append(record)
        return False
