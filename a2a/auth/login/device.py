"""The polling of a device login (RFC 8628 3.5), shared by every service that has one.

What an answer means is the service's own business: its `ask` returns the token, says `pending` or `slow_down`, or
raises.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

from a2a.clock import Clock
from a2a.errors import LoginFailed, UpstreamError

T = TypeVar("T")
Poll = Literal["pending", "slow_down"]

HINT = "start the login again for a new code"
SLOWER_S = 5.0
"""RFC 8628 3.5: a `slow_down` adds this to the interval, for good."""

_MOST_FAILURES = 5
"""So many transient failures in a row end the login (specs/qwen.md 1)."""


async def poll(
    ask: Callable[[], Awaitable[T | Poll]],
    *,
    interval_s: float,
    expires_at: float,
    clock: Clock,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """What `ask` gives in the end. It waits before the first call and between two; `expires_at`: Unix seconds.

    Raises LoginFailed when the code has expired, the last UpstreamError after five in a row, and what `ask` raises.
    """
    failures = 0
    while True:
        await sleep(max(0.0, min(interval_s, expires_at - clock.now())))
        if clock.now() >= expires_at:
            raise expired()
        try:
            answer = await ask()
        except UpstreamError:
            failures += 1
            if failures >= _MOST_FAILURES:
                raise
            continue
        failures = 0
        if not isinstance(answer, str):
            return answer
        if answer == "slow_down":
            interval_s += SLOWER_S


def expired() -> LoginFailed:
    """The same whether our clock or the service says so."""
    return LoginFailed("the code has expired before the login was confirmed", hint=HINT)
