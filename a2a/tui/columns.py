"""The columns of a list, and how they share its width.

In few cells the columns of the highest `priority` go first; those that stay get what their widest cell needs, one that
needs very much only a fair share. Widths grow and do not shrink, so that nothing jumps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from a2a.tui.ink import Cell, cell_width

Row = TypeVar("Row")

GAP = 2
OPTIONAL = 5
MODEST = 8
"""Cells beyond its least that a column can claim from the optional ones."""


@dataclass(frozen=True, kw_only=True)
class Column(Generic[Row]):
    """`width`, `most`: cells at least and at most; `grow`: takes what is left over. `sort`: a key, None: no sorting.

    `first_down`: the first choice of this column sorts the largest to the top. A column of priority `OPTIONAL` or more
    is not shown at the cost of cells that the others want. `whole`: the last pieces of a cell go where they do not
    fit, instead of being cut.
    """

    key: str
    title: str
    cell: Callable[[Row], Cell]
    width: int
    most: int = 0
    grow: bool = False
    right: bool = False
    priority: int = 0
    sort: Callable[[Row], Any] | None = None
    first_down: bool = False
    whole: bool = False


def figure(
    key: str,
    title: str,
    cell: Callable[[Row], Cell],
    width: int,
    *,
    priority: int,
    sort: Callable[[Row], Any],
    most: int = 0,
) -> Column[Row]:
    """A column of figures: at the right edge of its cells, the largest first."""
    return Column(
        key=key,
        title=title,
        cell=cell,
        width=width,
        most=most,
        priority=priority,
        sort=sort,
        right=True,
        first_down=True,
    )


def whole(cell: Cell, width: int) -> Cell:
    """Without the last pieces, as far as they do not fit; the first one stays."""
    if isinstance(cell, str):
        return cell
    pieces = list(cell)
    while len(pieces) > 1 and cell_width(pieces) > width:
        pieces.pop()
    return pieces


class Layout(Generic[Row]):
    """The widths of the columns; remembers what each has wanted so far."""

    def __init__(self, columns: Sequence[Column[Row]]) -> None:
        self._columns = tuple(columns)
        self._wants: dict[str, int] = {}

    def forget(self) -> None:
        """The screen has another size: what was wanted before does not count."""
        self._wants.clear()

    def share(self, seen: Sequence[Row], width: int) -> list[tuple[Column[Row], int]]:
        """Which columns there is room for, and how wide each is."""
        kept = list(self._columns)
        while len(kept) > 1 and sum(column.width + GAP for column in kept) - GAP > width:
            least = max(kept, key=lambda column: column.priority)
            if not least.priority:
                break
            kept.remove(least)
        while kept[-1:] and max(column.priority for column in kept) >= OPTIONAL and self._room(kept, seen) > width:
            kept.remove(max(kept, key=lambda column: column.priority))
        spare = width - sum(column.width + GAP for column in kept) + GAP
        widths = {column.key: column.width for column in kept}
        needs = {column.key: max(0, self._wanted(column, seen) - column.width) for column in kept}
        for n, (key, need) in enumerate(sorted(needs.items(), key=lambda item: item[1])):
            share = min(need, max(0, spare) // (len(needs) - n))  # one long name does not starve the others
            widths[key] += share
            spare -= share
        growing = [column for column in kept if column.grow]
        if growing and spare > 0:
            widths[growing[-1].key] += spare
        return [(column, max(1, min(widths[column.key], width))) for column in kept]

    def _room(self, columns: Sequence[Column[Row]], seen: Sequence[Row]) -> int:
        """The cells that these columns want, one that is very wide only in part."""
        wants = (max(column.width, min(self._wanted(column, seen), column.width + MODEST)) for column in columns)
        return sum(want + GAP for want in wants) - GAP

    def _wanted(self, column: Column[Row], seen: Sequence[Row]) -> int:
        """What the widest cell seen so far needs: widths grow and do not shrink, so that nothing jumps."""
        if column.most <= column.width:
            return column.width
        widest = max((cell_width(column.cell(row)) for row in seen), default=0)
        wanted = max(self._wants.get(column.key, 0), widest, len(column.title) + 1)
        self._wants[column.key] = wanted = min(wanted, column.most)
        return wanted
