"""An exchange while it happens and until it is written: the API's own type, which loses its keys where it is packed.

Every exchange is packed on its way to the writer (scribe.py). The names of its fields were half of the bytes and a
third of the work, and cost a small request one per cent. As JSON an entry would be a list without names: what anybody
gets to see is `shown()`.
"""

from __future__ import annotations

import msgspec
from msgspec import field

from a2a.control.types import Attempt, Exchange, Timings, Tokens


class EntryTimings(Timings, kw_only=True, array_like=True):
    """As `Timings`."""


class EntryTokens(Tokens, frozen=True, kw_only=True, array_like=True):
    """As `Tokens`."""


class EntryAttempt(Attempt, kw_only=True, array_like=True):
    """As `Attempt`."""


class Entry(Exchange, kw_only=True, array_like=True):
    """As `Exchange`."""

    attempts: list[EntryAttempt] = field(default_factory=list)  # type: ignore[assignment]  # nobody adds other ones
    timings: EntryTimings = field(default_factory=EntryTimings)
    tokens: EntryTokens | None = None


def shown(entry: Entry) -> Exchange:
    """A copy as it is now."""
    return msgspec.convert(entry, Exchange, from_attributes=True)
