"""An event loop whose clock jumps to the next timer instead of waiting for it: hours of history in milliseconds."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from support.pool_kit import NOW

T = TypeVar("T")


class _Jump(selectors.SelectSelector):
    """Nothing to read ever comes; a wait is over at once."""

    def __init__(self) -> None:
        super().__init__()
        self.passed_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "everybody waits for ever"
        self.passed_s += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.passed_s


class LoopClock:
    """Both times as the running virtual loop has them; they differ, so that mixing them up shows."""

    def now(self) -> float:
        return NOW + asyncio.get_running_loop().time()

    def monotonic(self) -> float:
        return 1000.0 + asyncio.get_running_loop().time()


def play(story: Coroutine[Any, Any, T]) -> T:
    """Run it in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(story)
