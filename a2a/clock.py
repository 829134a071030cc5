"""Time and randomness as values that are handed in, so that a test owns both."""

from __future__ import annotations

import random
import secrets
import time
from typing import Protocol

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(high + low for high in _CROCKFORD for low in _CROCKFORD)
"""Ten bits as two characters: half the look-ups."""


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
    r = random.getrandbits(40)  # a name, not a secret: the system's source costs 13 us
    p = _PAIRS
    head = p[ms >> 40 & 1023] + p[ms >> 30 & 1023] + p[ms >> 20 & 1023] + p[ms >> 10 & 1023] + p[ms & 1023]
    return "ex_" + head + p[r >> 30] + p[r >> 20 & 1023] + p[r >> 10 & 1023] + p[r & 1023]


def hex_id(prefix: str, digits: int = 24) -> str:
    """`prefix` + random lower-case hex, the shape of the ids that vendors mint."""
    return prefix + secrets.token_hex((digits + 1) // 2)[:digits]
