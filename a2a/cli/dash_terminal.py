"""The terminal under the dashboard: it is left as it was found, however the screen ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

ENDS = ("SIGTERM", "SIGHUP")
"""What ends the screen besides its keys; Windows lacks the second."""


@contextlib.contextmanager
def leaving_on_signals(leave: Callable[..., object]) -> Iterator[None]:
    """A `kill` or a closed terminal ends the screen as `q` does. `leave`: the app's `exit`, with its `return_code`."""
    from a2a.errors import ExitCode

    loop = asyncio.get_running_loop()

    def ended(name: str) -> None:
        if name == "SIGHUP" and modes() is None:
            _forget_terminal()
        leave(return_code=ExitCode.INTERRUPTED)

    set_here = []
    for name in ENDS:
        with contextlib.suppress(NotImplementedError, AttributeError):  # Windows has neither
            loop.add_signal_handler(getattr(signal, name), ended, name)
            set_here.append(name)
    try:
        yield
    finally:
        for name in set_here:
            loop.remove_signal_handler(getattr(signal, name))


def _forget_terminal() -> None:
    """It is gone: what is still written to it would fail, and who waits for that would wait for ever."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
            if stream is not None:
                os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


@contextlib.contextmanager
def whole_terminal() -> Iterator[None]:
    """Its modes are afterwards what they were; one that was stopped from outside takes those of the screen for them."""
    before = modes()
    try:
        yield
    finally:
        if before is not None and sys.__stdin__ is not None:
            import termios

            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(sys.__stdin__, termios.TCSADRAIN, before)


def modes() -> list[Any] | None:
    """Of the terminal; None where there is none, or it is gone."""
    try:
        import termios
    except ImportError:  # Windows
        return None
    try:
        return termios.tcgetattr(sys.__stdin__) if sys.__stdin__ is not None else None
    except (OSError, ValueError, termios.error):
        return None
