"""Silence on a stream: one lazy timer per stream instead of one timeout per chunk.

`touch()` costs one attribute write. The timer wakes at the earliest moment something could be due and sleeps again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Watch:
    """Calls `on_quiet` every `quiet_s` of silence and `on_idle` once after `idle_s`; 0 switches either off."""

    __slots__ = ("_handle", "_last", "_loop", "_on_idle", "_on_quiet", "_quiet_at", "idle_s", "quiet_s", "timed_out")

    def __init__(
        self, *, quiet_s: float, on_quiet: Callable[[], None], idle_s: float, on_idle: Callable[[], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._last = self._quiet_at = self._loop.time()
        self._on_quiet = on_quiet
        self._on_idle = on_idle
        self.quiet_s = quiet_s
        self.idle_s = idle_s
        self.timed_out = False
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
        due = [self._last + self.idle_s] if self.idle_s else []
        if self.quiet_s:
            due.append(max(self._last, self._quiet_at) + self.quiet_s)
        self._handle = self._loop.call_at(min(due), self._wake) if due else None

    def _wake(self) -> None:
        now = self._loop.time()
        if self.idle_s and now - self._last >= self.idle_s:
            self.timed_out = True
            self._handle = None
            self._on_idle()
            return
        if self.quiet_s and now - max(self._last, self._quiet_at) >= self.quiet_s:
            self._quiet_at = now
            self._on_quiet()
        self._sleep()
