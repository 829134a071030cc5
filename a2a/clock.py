"""Time and randomness as values that are handed in, so that a test owns both."""

from __future__ import annotations

import secrets
import time
from typing import Protocol

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


class Clock(Protocol):
    """`now` for anything shown or stored, `monotonic` for cooldowns, waits and durations."""

    def now(self) -> float:
        """Unix seconds, UTC."""

    def monotonic(self) -> float:
        """Seconds that never run backwards; the zero means nothing."""


class SystemClock:
    """The machine's own time."""

    __slots__ = ()
    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)


def exchange_id(now_s: float) -> str:
    """`ex_` + 10 characters of time (milliseconds, sortable as text) + 8 random ones (contract section 4)."""
    ms = int(now_s * 1000)
    head = "".join(_CROCKFORD[(ms >> shift) & 31] for shift in range(45, -1, -5))
    noise = secrets.randbits(40)
    return "ex_" + head + "".join(_CROCKFORD[(noise >> shift) & 31] for shift in range(35, -1, -5))


def hex_id(prefix: str, digits: int = 24) -> str:
    """`prefix` + random lower-case hex, the shape of the ids that vendors mint."""
    return prefix + secrets.token_hex((digits + 1) // 2)[:digits]
