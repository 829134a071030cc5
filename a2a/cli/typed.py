"""A line that somebody types while something else goes on: awaitable, and given up when that something is faster."""

from __future__ import annotations

import asyncio
import contextlib
import select
import sys
import threading
from collections.abc import Callable
from typing import TextIO

_LOOK_S = 0.1


async def line(stream: TextIO) -> str | None:
    """The next line, stripped; None at the end of the input. When it is cancelled nothing is read any more.

    A thread that dies with the process: on Windows, where nothing can wait for a console with a deadline, it stays in
    its read.
    """
    loop = asyncio.get_running_loop()
    came: asyncio.Future[str | None] = loop.create_future()
    over = threading.Event()

    def settle(text: str | None) -> None:
        if not came.done():
            came.set_result(text)

    def work() -> None:
        if not _ready(stream, over):
            return
        try:
            text: str | None = stream.readline()
        except (OSError, ValueError):  # closed meanwhile
            text = None
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, text.strip() if text else None)

    threading.Thread(target=work, name="a2a-typed", daemon=True).start()
    try:
        return await came
    finally:
        over.set()


def _ready(stream: TextIO, over: threading.Event) -> bool:
    """Wait until something can be read; False when it is no longer wanted."""
    look = _look_at(stream)
    while not over.is_set():
        if look():
            return True
    return False


def _look_at(stream: TextIO) -> Callable[[], bool]:
    try:
        handle = stream.fileno()
    except (OSError, ValueError, AttributeError):  # a stream without a file: it never waits
        return lambda: True
    if sys.platform == "win32":
        return lambda: True
    return lambda: bool(select.select([handle], [], [], _LOOK_S)[0])
