"""One live event stream, resumable by number and bounded per listener."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from a2a.clock import Clock
from a2a.control.types import Change, LiveEvent

HISTORY = 2000
"""Events kept for a listener that comes back; one that was away longer starts with what is left."""


class Live:
    """Publishing costs one append; listeners read at their own speed and skip what fell out of the history."""

    def __init__(self, clock: Clock, history: int = HISTORY) -> None:
        self._clock = clock
        self._events: deque[LiveEvent] = deque(maxlen=history)
        self._seq = 0
        self._waiters: set[asyncio.Event] = set()

    @property
    def last(self) -> int:
        """Number of the newest event, 0 before the first."""
        return self._seq

    def publish(self, change: Change) -> None:
        self._seq += 1
        self._events.append(LiveEvent(self._seq, self._clock.now(), change))
        for waiter in self._waiters:
            waiter.set()

    def since(self, seq: int) -> list[LiveEvent]:
        """Kept events behind `seq`."""
        if not self._events or seq >= self._seq:
            return []
        skip = max(0, seq + 1 - self._events[0].seq)
        return list(self._events)[skip:]

    async def listen(self, after: int) -> AsyncIterator[LiveEvent]:
        """Events behind `after`, then each new one, for ever."""
        waiter = asyncio.Event()
        self._waiters.add(waiter)
        try:
            while True:
                waiter.clear()
                for event in self.since(after):
                    after = event.seq
                    yield event
                await waiter.wait()
        finally:
            self._waiters.discard(waiter)
