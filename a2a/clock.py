"""Time and randomness as values that are handed in, so that a test owns both."""

from __future__ import annotations

import random
import secrets
import time
from functools import lru_cache
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
    return _second(ms >> 10) + p[ms & 1023] + p[r >> 30] + p[r >> 20 & 1023] + p[r >> 10 & 1023] + p[r & 1023]


@lru_cache(maxsize=4)
def _second(of: int) -> str:
    """What ids begin with for 1,024 ms."""
    p = _PAIRS
    return "ex_" + p[of >> 30 & 1023] + p[of >> 20 & 1023] + p[of >> 10 & 1023] + p[of & 1023]


def hex_id(prefix: str, digits: int = 24) -> str:
    """`prefix` + random lower-case hex, the shape of the ids that vendors mint."""
    return prefix + secrets.token_hex((digits + 1) // 2)[:digits]
