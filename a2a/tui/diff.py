"""Aligning two sequences: what stayed, what went, what came. For lines of text, items of arrays, frames of streams."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from difflib import SequenceMatcher

Pair = tuple[int | None, int | None]
"""Places in both sequences; None: nothing stands there."""

MOST = 2_000_000
"""Beyond so many comparisons (the product of both lengths) what differs is paired by its place instead."""


def align(before: Sequence[Hashable], after: Sequence[Hashable]) -> Iterator[Pair]:
    """Pairs in order. Equal items meet; between them, others are paired by their place, which makes them `changed`."""
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    for at in range(start):
        yield at, at
    yield from _middle(before[start : len(before) - end], after[start : len(after) - end], start)
    for back in range(end, 0, -1):
        yield len(before) - back, len(after) - back


def _common(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """How many items are equal at the beginning."""
    for at, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return at
    return min(len(one), len(other))


def _middle(before: Sequence[Hashable], after: Sequence[Hashable], offset: int) -> Iterator[Pair]:
    if len(before) * len(after) > MOST:
        yield from _by_place(range(len(before)), range(len(after)), offset)
        return
    for tag, low, high, other_low, other_high in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from ((offset + at, offset + other_low + at - low) for at in range(low, high))
        else:
            yield from _by_place(range(low, high), range(other_low, other_high), offset)


def _by_place(before: range, after: range, offset: int) -> Iterator[Pair]:
    for at in range(max(len(before), len(after))):
        yield (
            offset + before[at] if at < len(before) else None,
            offset + after[at] if at < len(after) else None,
        )
