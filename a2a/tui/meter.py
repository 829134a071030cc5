"""Rates of the last hour, in slots of five seconds: what the tiles of the overview draw.

A fixed number of slots and of latencies in each: a flood makes none of them larger.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

SLOT_S = 5
SLOTS = 3600 // SLOT_S
LATENCIES = 64
"""First-token times kept in a slot; when there are more, the newest replace the oldest."""


@dataclass(slots=True)
class Slot:
    """`number`: Unix seconds // SLOT_S. `first_ms`: times to the first token."""

    number: int = -1
    came: int = 0
    ended: int = 0
    failed: int = 0
    tokens: int = 0
    first_ms: list[float] = field(default_factory=list)


class Meter:
    """Counts by the time things happened, so that past exchanges can be put in as well."""

    def __init__(self) -> None:
        self._slots = [Slot() for _ in range(SLOTS)]
        self._newest = 0

    def came(self, at: float) -> None:
        """A request arrived. `at`: Unix seconds."""
        if slot := self._slot(at):
            slot.came += 1

    def ended(self, at: float, *, failed: bool, tokens: int, first_ms: float | None) -> None:
        """An exchange is over."""
        if not (slot := self._slot(at)):
            return
        slot.ended += 1
        slot.failed += failed
        slot.tokens += tokens
        if first_ms is not None:
            if len(slot.first_ms) < LATENCIES:
                slot.first_ms.append(first_ms)
            else:
                slot.first_ms[slot.ended % LATENCIES] = first_ms

    def _slot(self, at: float) -> Slot | None:
        """The slot of this time; None for one that is over an hour old."""
        number = int(at) // SLOT_S
        if number <= self._newest - SLOTS:
            return None
        self._newest = max(self._newest, number)
        slot = self._slots[number % SLOTS]
        if slot.number != number:
            slot.number, slot.came, slot.ended, slot.failed, slot.tokens = number, 0, 0, 0, 0
            slot.first_ms = []
        return slot

    def window(self, now: float, span_s: float) -> list[Slot]:
        """The slots of the last `span_s` seconds, oldest first; empty ones included."""
        last = int(now) // SLOT_S
        first = last - max(1, round(span_s / SLOT_S)) + 1
        return [self._at(number) for number in range(first, last + 1)]

    def _at(self, number: int) -> Slot:
        slot = self._slots[number % SLOTS]
        return slot if slot.number == number else Slot(number)

    def series(self, now: float, span_s: float, points: int, value: Callable[[Sequence[Slot]], float]) -> list[float]:
        """`points` values over the last `span_s` seconds, each of its share of the slots, oldest first."""
        slots = self.window(now, span_s)
        points = min(points, len(slots))
        edges = [round(index * len(slots) / points) for index in range(points + 1)]
        return [value(slots[low:high]) for low, high in pairwise(edges)]


def per_minute(slots: Sequence[Slot]) -> float:
    return sum(slot.came for slot in slots) * 60 / (len(slots) * SLOT_S)


def tokens_per_s(slots: Sequence[Slot]) -> float:
    return sum(slot.tokens for slot in slots) / (len(slots) * SLOT_S)


def error_share(slots: Sequence[Slot]) -> float:
    """0 to 1, of the exchanges that ended."""
    ended = sum(slot.ended for slot in slots)
    return sum(slot.failed for slot in slots) / ended if ended else 0.0


def first_token(slots: Sequence[Slot], share: float) -> float | None:
    """The time within which this share of the answers began, in ms; None where none did."""
    times = sorted(ms for slot in slots for ms in slot.first_ms)
    return times[min(len(times) - 1, int(len(times) * share))] if times else None
