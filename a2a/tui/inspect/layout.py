"""Where everything of a sheet stands in a window: which rows show, in how many columns, broken into which lines.

Made anew whenever the sheet, what is folded, the width or wrapping is another; drawing only reads it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

from a2a.tui.inspect.sheet import EMPTY, Line, Row, Sheet, Shown, beside, stacked, visible
from a2a.tui.inspect.wrap import breaks

GUTTER = 3
"""Cells before a line: whether it is folded, what is with it, a blank."""
BETWEEN = 3
"""Cells between two columns."""
WIDE = 96
"""Cells from which two columns stand beside each other."""

Cuts = tuple[tuple[int, ...], tuple[int, ...]]
"""Where the line of each column breaks."""
UNCUT: Cuts = ((), ())


@dataclass(frozen=True)
class Layout:
    """`shown`: rows from top to bottom. `tops`: the line each begins at, and behind the last one how many there are."""

    sheet: Sheet
    folded: Collection[int] = ()
    width: int = 0
    wrap: bool = True
    shown: list[Shown] = field(init=False)
    cuts: list[Cuts] = field(init=False)
    tops: list[int] = field(init=False)

    def __post_init__(self) -> None:
        rows = visible(self.sheet, self.folded)
        in_order = self.two_columns or not self.sheet.paired
        shown = beside(rows) if in_order else stacked(self.sheet, rows)
        object.__setattr__(self, "shown", shown)
        wraps = self.wrap and self.width > GUTTER
        object.__setattr__(self, "cuts", [self._broken(each) for each in shown] if wraps else [UNCUT] * len(shown))
        object.__setattr__(self, "tops", [0, *accumulate(1 + max(map(len, cuts)) for cuts in self.cuts)])

    @property
    def height(self) -> int:
        """Lines in all."""
        return self.tops[-1]

    @property
    def two_columns(self) -> bool:
        return self.sheet.paired and self.width >= WIDE

    @property
    def column(self) -> int:
        """Cells of one column."""
        room = self.width - GUTTER
        return max(1, (room - BETWEEN) // 2 if self.two_columns else room)

    @cached_property
    def longest(self) -> int:
        """Characters of the longest line that shows."""
        return max((len(line.text) for number in range(len(self.shown)) for line in self.lines(number)), default=0)

    def at(self, y: int) -> int:
        """Which of `shown` the line `y` is of."""
        return max(0, min(bisect_right(self.tops, y), len(self.shown)) - 1)

    def place(self, row: int) -> int:
        """Which of `shown` that row is; where it does not show, the last one before it."""
        exact = next((n for n, each in enumerate(self.shown) if each.row == row), None)
        if exact is not None:
            return exact
        return max((n for n, each in enumerate(self.shown) if each.row < row), default=0)

    def lines(self, number: int) -> tuple[Line, Line]:
        """What stands in the first column, and in the second where there are two."""
        return self._lines(self.shown[number])

    def _lines(self, shown: Shown) -> tuple[Line, Line]:
        row = self.sheet.rows[shown.row]
        if self.two_columns:
            return self._line(row, shown.row, 0), self._line(row, shown.row, 1)
        return self._line(row, shown.row, 1 if shown.side == "right" else 0), EMPTY

    def _line(self, row: Row, index: int, side: int) -> Line:
        """As it reads folded, where it is."""
        found = row.right if side else row.left
        if found is None:
            return EMPTY
        if row.size and row.briefs[side] and index in self.folded:
            return Line((*found.parts, (row.briefs[side], "dim")), found.indent)
        return found

    def _broken(self, shown: Shown) -> Cuts:
        if self.sheet.rows[shown.row].flat:
            return UNCUT
        left, right = self._lines(shown)
        return breaks(left.text, self.column, left.indent), breaks(right.text, self.column, right.indent)
