"""Silence on a stream: one lazy timer per stream instead of one timeout per chunk.

`touch()` costs one attribute write. The timer wakes at the earliest moment something could be due and sleeps again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Watch:
    """Calls `on_quiet` every `quiet_s` of silence, and `on_over` once: after `idle_s` of silence or `left_s` in all.

    `blocked` says that the client has yet to take what came: nobody listens to the upstream then, so its silence does
    not count. Seconds; 0 switches each off. `over` says which of the two it was: "", "idle" or "total".
    """

    __slots__ = (
        "_blocked",
        "_ends_at",
        "_handle",
        "_idle_s",
        "_last",
        "_loop",
        "_on_over",
        "_on_quiet",
        "_quiet_at",
        "_quiet_s",
        "over",
    )

    def __init__(
        self,
        *,
        quiet_s: float,
        on_quiet: Callable[[], None],
        idle_s: float,
        on_over: Callable[[], None],
        left_s: float = 0.0,
        blocked: Callable[[], bool] = lambda: False,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._last = self._quiet_at = self._loop.time()
        self._ends_at = self._last + left_s if left_s else 0.0
        self._on_quiet = on_quiet
        self._on_over = on_over
        self._blocked = blocked
        self._quiet_s = quiet_s
        self._idle_s = idle_s
        self.over = ""
        self._handle: asyncio.TimerHandle | None = None
        self._sleep()

    def touch(self) -> None:
        """Something came from the upstream."""
        self._last = self._loop.time()

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _sleep(self) -> None:
        due = [self._ends_at] if self._ends_at else []
        if self._idle_s:
            due.append(self._last + self._idle_s)
        if self._quiet_s:
            due.append(max(self._last, self._quiet_at) + self._quiet_s)
        self._handle = self._loop.call_at(min(due), self._wake) if due else None

    def _wake(self) -> None:
        now = self._loop.time()
        if self._blocked():
            self._last = now
        if self._idle_s and now - self._last >= self._idle_s:
            self.over = "idle"
        elif self._ends_at and now >= self._ends_at:
            self.over = "total"
        if self.over:
            self._handle = None
            self._on_over()
            return
        if self._quiet_s and now - max(self._last, self._quiet_at) >= self._quiet_s:
            self._quiet_at = now
            self._on_quiet()
        self._sleep()
