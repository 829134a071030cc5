"""Waiting for what another process does: poll a condition until a deadline, never sleep and hope."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 20.0
"""Far beyond what anything here takes: reaching it is a failure, not a measurement."""


def eventually(look: Callable[[], T], what: str, *, within_s: float = PATIENCE_S) -> T:
    """The first true value of `look()`; AssertionError saying `what` never came."""
    deadline = time.monotonic() + within_s
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within_s:g} s in vain: {what} (last: {found!r})")
        time.sleep(0.01)
