"""Small drawings in text: sparklines of one or more lines, and meters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from a2a.tui.ink import Piece, Tone
from a2a.tui.marks import Marks


def spark(values: Sequence[float | None], width: int, marks: Marks, height: int = 1) -> list[str]:
    """`height` lines of `width` cells, top line first; the newest value is at the right. None leaves a gap.

    Zero draws the lowest bar, so that one sees where the line is; the highest value fills the height.
    """
    shown = _padded(values, width)
    most = max((value for value in shown if value is not None), default=0.0)
    steps = len(marks.levels)
    heights = [_height(value, most, steps * height) for value in shown]
    return ["".join(_cell(level - row * steps, marks) for level in heights) for row in reversed(range(height))]


def tinted(values: Sequence[float | None], width: int, marks: Marks, tone: Tone, height: int = 1) -> list[list[Piece]]:
    """The same in pieces: zeros are drawn as a faint line, so that what is there stands out."""
    lines = spark(values, width, marks, height)
    shown = _padded(values, width)
    above: list[list[Piece]] = [[(line, tone)] for line in lines[:-1]]
    ground: list[Piece] = []
    for zero, cells in groupby(zip(shown, lines[-1], strict=True), lambda pair: not pair[0]):
        ground.append(("".join(cell for _, cell in cells), "rule" if zero else tone))
    return [*above, ground]


def _padded(values: Sequence[float | None], width: int) -> list[float | None]:
    """The newest `width` values; what there is none for is a gap at the left."""
    kept = list(values[-width:]) if width else []
    gaps: list[float | None] = [None] * (width - len(kept))
    return gaps + kept


def _height(value: float | None, most: float, steps: int) -> int:
    """In eighths of a line, 0 = nothing at all."""
    if value is None:
        return 0
    return max(1, math.ceil(value / most * steps)) if most > 0 else 1


def _cell(level: int, marks: Marks) -> str:
    if level <= 0:
        return " "
    return marks.levels[min(level, len(marks.levels)) - 1]


def meter(share: float, width: int, marks: Marks) -> tuple[str, str]:
    """The filled and the empty part of a bar that is `width` cells wide. `share`: 0 to 1."""
    steps = len(marks.parts) + 1
    filled = round(max(0.0, min(1.0, share)) * width * steps)
    if share > 0:
        filled = max(1, filled)
    whole, rest = divmod(filled, steps)
    text = marks.full * whole + (marks.parts[rest - 1] if rest else "")
    return text, marks.empty * (width - len(text))
