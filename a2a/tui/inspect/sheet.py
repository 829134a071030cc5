"""A sheet: what a page of the inspector shows, as rows of one or two columns, without a widget.

Rows that belong to another one follow it directly, so that folding it hides a range and alignment of the columns never
depends on what is folded. In two columns the left one is the earlier: what came in, and beside it what became of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from msgspec import Struct

from a2a.tui.ink import Piece, Tone

Sign = Literal[" ", "~", "+", "-", "|"]
"""How the columns of a row stand to each other: equal (or there is one column), changed, added on the right, dropped
from the left, or two texts of their own that nobody compares."""

Side = Literal["left", "right", "both"]

LONGEST = 1000
"""Characters in a line. What is longer was cut into several where the sheet was made, so that drawing one is cheap."""


class Line(Struct, frozen=True, gc=False):
    """Pieces of text, each with what it is. `indent`: cells that a wrapped part of it begins behind."""

    parts: tuple[Piece, ...]
    indent: int = 0

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.parts)


EMPTY = Line(())


def line(text: str, tone: Tone = "plain", indent: int = 0) -> Line:
    """A line of one tone."""
    return Line(((text, tone),), indent)


class Row(Struct, gc=False):
    """`size`: how many rows behind this one fold into it. `briefs`: what a folded row says instead, left and right.

    `flat`: it stays one line on the screen, however long it is.
    """

    left: Line | None
    right: Line | None = None
    sign: Sign = " "
    size: int = 0
    briefs: tuple[str, str] = ("", "")
    flat: bool = False


class Shown(Struct, frozen=True, gc=False):
    """A row as it is drawn: `row` is its index in the sheet, `side` the column that this line of the screen shows."""

    row: int
    side: Side


@dataclass(frozen=True)
class Sheet:
    """`heads`: titles of the columns, the second "" where there is one. `remark`: what to know before reading.

    `folded`: indices of the rows that start folded.
    """

    rows: list[Row]
    heads: tuple[str, str] = ("", "")
    remark: str = ""
    folded: frozenset[int] = field(default_factory=frozenset)

    @property
    def paired(self) -> bool:
        return bool(self.heads[1])

    @property
    def foldable(self) -> list[int]:
        return [index for index, row in enumerate(self.rows) if row.size]

    def owners(self, index: int) -> list[int]:
        """The rows that this one can be folded into, the outermost first."""
        return [up for up in range(index) if up < index <= up + self.rows[up].size]

    def changes(self) -> list[int]:
        """The rows at which a run of differences begins."""
        signs = [row.sign in ("~", "+", "-") for row in self.rows]
        return [at for at, differs in enumerate(signs) if differs and not (at and signs[at - 1])]


def visible(sheet: Sheet, folded: Iterable[int]) -> list[int]:
    """Indices of the rows that no folded row hides, in order."""
    hidden = frozenset(folded)
    found = []
    index, count = 0, len(sheet.rows)
    while index < count:
        found.append(index)
        index += 1 + (sheet.rows[index].size if index in hidden else 0)
    return found


def beside(indices: Iterable[int]) -> list[Shown]:
    """Both columns next to each other, or the only one."""
    return [Shown(index, "both") for index in indices]


def stacked(sheet: Sheet, indices: Iterable[int]) -> list[Shown]:
    """One column for a narrow screen: equal rows once; of each run that differs all of the left, then the right."""
    found: list[Shown] = []
    run: list[int] = []
    for index in indices:
        row = sheet.rows[index]
        own = row.sign == "|"
        if row.sign == " " or (own and row.size) or (run and own != (sheet.rows[run[0]].sign == "|")):
            found.extend(_run(sheet, run))  # an opener begins a run of its own
            run = []
        if row.sign == " ":
            found.append(Shown(index, "both" if row.left is not None else "right"))
        else:
            run.append(index)
    found.extend(_run(sheet, run))
    return found


def _run(sheet: Sheet, run: Sequence[int]) -> Iterator[Shown]:
    for index in run:
        if sheet.rows[index].left is not None:
            yield Shown(index, "left")
    for index in run:
        if sheet.rows[index].right is not None:
            yield Shown(index, "right")


def sign_of(left: Line | None, right: Line | None) -> Sign:
    """How two lines that stand beside each other compare."""
    if left is None:
        return "+"
    if right is None:
        return "-"
    return " " if left == right else "~"


def single(lines: Iterable[Line]) -> list[Row]:
    """Rows of one column."""
    return [Row(each) for each in lines]


def fold_under(head: Row, rows: Sequence[Row]) -> list[Row]:
    """`head` and, foldable into it, `rows`."""
    head.size = len(rows)
    return [head, *rows]
