"""An event loop in a thread of its own, for a program whose main thread sits at a prompt line.

The main thread keeps the keyboard and Ctrl-C: while it waits for work of the loop, Ctrl-C cancels that work and nothing
else, and while it waits for a line the loop goes on.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from types import TracebackType
from typing import Any, TypeVar

from a2a.cli.loop import run

T = TypeVar("T")

LOOK_S = 0.1
"""How often a wait lets Ctrl-C in: Windows delivers none while a lock is waited for."""

UNWIND_S = 5.0
"""Patience with work that was cancelled."""


class Background:
    """A context manager. `call` from the main thread only."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._over: asyncio.Event
        self._thread = threading.Thread(target=lambda: run(self._serve()), name="a2a loop", daemon=True)

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await self._over.wait()

    def __enter__(self) -> Background:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(UNWIND_S)

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run it in the loop to its end. Raises what it raises; KeyboardInterrupt once it is over, cancelled."""
        ended = threading.Event()
        future = asyncio.run_coroutine_threadsafe(_told(work, ended), self._loop)
        try:
            return _wait(future)
        except KeyboardInterrupt:
            future.cancel()
            ended.wait(UNWIND_S)
            raise


async def _told(work: Coroutine[Any, Any, T], ended: threading.Event) -> T:
    try:
        return await work
    finally:
        ended.set()


def _wait(future: Future[T]) -> T:
    while True:
        try:
            return future.result(LOOK_S)
        except TimeoutError:
            if future.done():  # the work's own
                raise
        except CancelledError:
            raise KeyboardInterrupt from None
