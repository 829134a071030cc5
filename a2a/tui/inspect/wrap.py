"""Lines cut to a width in cells: where a long one breaks, and the pieces between two breaks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from a2a.tui.ink import Piece

WORD = 24
"""A word of up to so many characters is not broken where it can go to the next line."""


def breaks(text: str, width: int, indent: int = 0) -> tuple[int, ...]:
    """Places in `text` at which a further line begins; none where it fits. Further lines have `indent` cells less."""
    if width < 1 or len(text) * 2 <= width or (text.isascii() and len(text) <= width) or cell_len(text) <= width:
        return ()
    found = []
    at, room = 0, width
    while (end := _fitting(text, at, room)) < len(text):
        space = text.rfind(" ", at + 1, end + 1)  # the one right behind what fits goes with it, unseen
        at = space + 1 if space > at and end - space <= WORD else end
        if at < len(text):
            found.append(at)
        room = max(1, width - hanging(indent, width))
    return tuple(found)


def _fitting(text: str, at: int, room: int) -> int:
    """The place behind the characters that fit, one at least."""
    part = text[at : at + room]
    if part.isascii():
        return at + len(part)
    cells, end = 0, at
    while end < len(text):
        cells += cell_len(text[end])
        if cells > room and end > at:
            break
        end += 1
    return end


def hanging(indent: int, width: int) -> int:
    """Cells before a further line: a deep one does not lose more than half of the width."""
    return min(indent, width // 2)


def between(pieces: Iterable[Piece], low: int, high: int) -> list[Piece]:
    """The characters from `low` to `high`, with their tones."""
    found: list[Piece] = []
    at = 0
    for text, tone in pieces:
        if at < high and at + len(text) > low:
            found.append((text[max(0, low - at) : high - at], tone))
        at += len(text)
    return found


def part(pieces: Sequence[Piece], cuts: Sequence[int], number: int) -> tuple[list[Piece], int]:
    """The `number`th line of a broken one, and the character it begins with; empty behind the last."""
    if number > len(cuts):
        return [], 0
    low = cuts[number - 1] if number else 0
    high = cuts[number] if number < len(cuts) else sum(len(text) for text, _ in pieces)
    return between(pieces, low, high), low
