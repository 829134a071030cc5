"""The terminal's driver, with one thing less: a SIGCONT that continues nothing changes nothing.

Textual takes every SIGCONT for the end of a Ctrl-Z and sets the terminal up again. One comes from a `kill -CONT` too,
and from the system behind the SIGHUP of a terminal that was closed: the screen would wait for a terminal that is gone.
"""

from __future__ import annotations

from typing import Any

from textual.drivers.linux_driver import LinuxDriver


class TerminalDriver(LinuxDriver):
    """Goes on only behind a stop of its own."""

    def _sigcont_application(self, *arguments: Any) -> None:
        if self._must_signal_resume:
            super()._sigcont_application(*arguments)
