"""The list that every table of the dashboard is: it draws the rows that are seen and no others.

Rows are values of any kind; columns say how a row is drawn and sorted. `fill` gives all rows, as often as they change:
the list filters and sorts them, keeps the row under the cursor where it is, and repaints only the lines that look
different. A list that `FOLLOWS` keeps the cursor on the first row while it is there, whatever comes; in the others the
cursor stays with its row.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from a2a.tui.columns import GAP, Column, Layout, figure, whole
from a2a.tui.ink import Cell, InkedScroll, Piece, cell_width, fit, joined, text_of
from a2a.tui.marks import UNICODE, Marks
from a2a.tui.view import Tell, Word

__all__ = ["Column", "Listing", "figure"]

Row = TypeVar("Row")

INSET = 1
"""Cells left free at both edges."""
MANY = 2_000
"""Rows from which sorting by a column is done once a second only."""


class Listing(InkedScroll, Generic[Row], can_focus=True):
    """Rows under a line of heads. Tells `Opened` (Enter, two clicks) and `Moved` (another row is under the cursor)."""

    DEFAULT_CSS = """
    Listing { height: 1fr; width: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "cursor(1)", "down", show=False, id="list.down"),
        Binding("up,k", "cursor(-1)", "up", show=False, id="list.up"),
        Binding("pagedown,ctrl+f", "page(1)", "a page down", show=False, id="list.page_down"),
        Binding("pageup,ctrl+b", "page(-1)", "a page up", show=False, id="list.page_up"),
        Binding("home,g", "edge(0)", "first row", show=False, id="list.first"),
        Binding("end,G", "edge(1)", "last row", show=False, id="list.last"),
        Binding("enter", "open", "open", id="list.open"),
        Binding("o", "sort", "sort", show=False, id="list.sort"),
        Binding("O", "turn", "turn the order", show=False, id="list.turn"),
    ]

    FOLLOWS: ClassVar[bool] = False

    class Opened(Message):
        """Enter, or two clicks, on a row."""

        def __init__(self, listing: Listing[Any], row: Any) -> None:
            super().__init__()
            self.listing = listing
            self.row = row

        @property
        def control(self) -> Listing[Any]:
            return self.listing

    class Moved(Message):
        """Another row is under the cursor; None: there is none."""

        def __init__(self, listing: Listing[Any], row: Any) -> None:
            super().__init__()
            self.listing = listing
            self.row = row

        @property
        def control(self) -> Listing[Any]:
            return self.listing

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        key: Callable[[Row], str],
        *,
        marks: Marks = UNICODE,
        empty: Cell = "nothing here",
        order: str = "",
        down: bool = False,
        heads: bool = True,
    ) -> None:
        """`order`: key of the column sorted by at first, "" as the rows come; `down`: turned round."""
        super().__init__()
        self.columns = tuple(columns)
        self.key = key
        self.marks = marks
        self.empty = empty
        self.order = order
        self.down = down
        self.heads = 1 if heads else 0
        self.pattern: re.Pattern[str] | None = None
        self.rows: list[Row] = []
        """As they are seen: filtered and sorted."""
        self.total = 0
        """Rows before the filter."""
        self.cursor = 0
        self.lit = False
        """The cursor is shown as with the keys though it has not got them."""
        self._all: Sequence[Row] = ()
        self._key: str | None = None
        self._window: list[Strip] = []
        self._drawn: object = None
        self._layout = Layout(self.columns)
        self._matched: dict[str, tuple[Row, bool]] = {}
        self._texts: dict[str, tuple[Row, str]] = {}
        """What a filter looks through, while there is one: most of its time goes into making these."""
        self._sorted_at = 0.0

    # --- rows

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self.rows[self.cursor] if 0 <= self.cursor < len(self.rows) else None

    def fill(self, rows: Sequence[Row]) -> None:
        """All rows there are, in their own order."""
        self._all = rows
        self.total = len(rows)
        self._arrange()

    def narrow(self, pattern: re.Pattern[str] | None) -> None:
        """Only rows in whose cells the pattern is found."""
        self.pattern = pattern
        self._matched.clear()
        if pattern is None:
            self._texts.clear()
        self._arrange()

    def sort_by(self, key: str, *, down: bool | None = None) -> None:
        """`key`: of a column, "" for the rows' own order. Raises nothing: one that cannot be sorted by is ignored."""
        column = next((each for each in self.columns if each.key == key), None)
        if key and (column is None or column.sort is None):
            return
        self.order = key
        self.down = (column.first_down if column is not None else False) if down is None else down
        self._sorted_at = 0.0
        self._arrange(follow=True)

    def words(self) -> list[Word]:
        """Commands of the `:` line for the list that has the keys."""
        keys = [column.key for column in self.columns if column.sort is not None]

        def sort(key: str) -> None:
            if key in keys:
                self.sort_by(key)
            else:
                told = f"no column {key!r} to sort by" if key else "sort by which column?"
                self.post_message(Tell(told, hint=", ".join(keys), bad=True))

        return [Word("sort", "by a column", sort, lambda: keys)] if keys else []

    def _arrange(self, *, follow: bool = False) -> None:
        """`follow`: a cursor on the first row stays there, and not with its row."""
        rows = [row for row in self._all if self._fits(row)] if self.pattern is not None else list(self._all)
        if len(self._matched) > 2 * len(self._all) + 100:
            self._matched.clear()
            self._texts.clear()
        rows = self._sorted(rows)
        before, at_top = self.cursor, self.cursor == 0 and self.scroll_offset.y == 0 and (follow or self.FOLLOWS)
        self.rows = rows
        self.cursor = 0 if at_top else self._find(before)
        shift = self.cursor - before
        self.virtual_size = Size(self.size.width, len(rows) + self.heads)
        if shift and not at_top:
            self.scroll_to(y=max(0, self.scroll_offset.y + shift), animate=False, immediate=True, force=True)
        self._settled()

    def _fits(self, row: Row) -> bool:
        assert self.pattern is not None
        key = self.key(row)
        known = self._matched.get(key)
        if known is not None and known[0] is row:
            return known[1]
        made = self._texts.get(key)
        if made is None or made[0] is not row:
            made = self._texts[key] = (row, self.haystack(row))
        found = self.pattern.search(made[1]) is not None
        self._matched[key] = (row, found)
        return found

    def haystack(self, row: Row) -> str:
        """The text a filter looks through: every cell, also of columns that are not seen."""
        return "  ".join(text_of(column.cell(row)) for column in self.columns)

    def _sorted(self, rows: list[Row]) -> list[Row]:
        column = next((each for each in self.columns if each.key == self.order), None)
        if column is None or column.sort is None:
            return rows[::-1] if self.down else rows
        now = time.monotonic()
        if len(rows) > MANY and now - self._sorted_at < 1.0 and self.rows:
            fresh = {self.key(row): row for row in rows}
            return [fresh[key] for key in map(self.key, self.rows) if key in fresh]
        self._sorted_at = now
        rows.sort(key=column.sort, reverse=self.down)
        return rows

    def _find(self, near: int) -> int:
        """Where the row of the cursor is now; where it was, if it is gone."""
        last = len(self.rows) - 1
        if 0 <= near <= last and self.key(self.rows[near]) == self._key:
            return near
        for index, row in enumerate(self.rows):
            if self.key(row) == self._key:
                return index
        return max(0, min(near, last))

    def _settled(self) -> None:
        """The cursor is where it shall be: tell of it if that is another row, and repaint what looks different."""
        row = self.current
        key = self.key(row) if row is not None else None
        if key != self._key:
            self._key = key
            self.post_message(self.Moved(self, row))
        self.redraw()

    # --- drawing

    def redraw(self) -> None:
        """Draw the seen lines again and repaint those that differ: what a cell says may depend on the time."""
        if not self.is_attached or self.size.width == 0:
            return
        before, self._drawn = self._window, None
        after = self._lines()
        if len(before) != len(after):
            self.refresh()
            return
        for y, (old, new) in enumerate(zip(before, after, strict=True)):
            if old != new:
                self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        lines = self._lines()
        return lines[y] if y < len(lines) else Strip.blank(self.size.width, self.rich_style)

    def _lines(self) -> list[Strip]:
        """The strips of the window, made anew where scroll, size or focus are others."""
        size = self.scrollable_content_region.size
        width = max(1, size.width - 2 * INSET)
        drawn = (self.scroll_offset.y, size, self.has_focus)
        if self._drawn == drawn:
            return self._window
        first = self.scroll_offset.y
        height = max(0, size.height - self.heads)
        seen = self.rows[first : first + height]
        shown = self._layout.share(seen, width)
        lines = [self._head(shown)] if self.heads else []
        lines += [self._row(row, shown, first + n == self.cursor) for n, row in enumerate(seen)]
        if not self.rows:
            lines += self._nothing(size)
        blank = Strip.blank(size.width, self.rich_style)
        lines += [blank] * (size.height - len(lines))
        self._window, self._drawn = lines, drawn
        return lines

    def _head(self, shown: Sequence[tuple[Column[Row], int]]) -> Strip:
        cells: list[Piece] = [(" " * INSET, "plain")]
        for column, width in shown:
            sign = (self.marks.down if self.down else self.marks.up) if column.key == self.order else ""
            cells += [*fit([(column.title + sign, "head")], width, "", right=column.right), (" " * GAP, "plain")]
        return self._strip(self.segments(cells[:-1]))

    def _row(self, row: Row, shown: Sequence[tuple[Column[Row], int]], chosen: bool) -> Strip:
        cells: list[Piece] = [(" " * INSET, "plain")]
        for column, width in shown:
            cell = whole(column.cell(row), width) if column.whole else column.cell(row)
            cells += [*fit(cell, width, self.marks.cut, right=column.right), (" " * GAP, "plain")]
        over = self.ground("cursor" if self.has_focus or self.lit else "blurred") if chosen else None
        return self._strip(self.segments(cells[:-1], over=over), over=over)

    def _strip(self, segments: list[Segment], over: Any = None) -> Strip:
        style = self.rich_style if over is None else self.rich_style + over
        return Strip(segments).adjust_cell_length(self.scrollable_content_region.width, style)

    def _nothing(self, size: Size) -> list[Strip]:
        """Why there is nothing, a third down."""
        why: Cell = self.empty
        if self.pattern is not None and self.total:
            why = joined([f"none of {self.total} matches", [(f"/{self.pattern.pattern}/", "accent")]])
        lines = [Strip.blank(size.width, self.rich_style)] * max(0, (size.height - 2) // 3)
        inset = max(0, (size.width - cell_width(why)) // 2)
        return [
            *lines,
            self._strip(self.segments([(" " * inset, "plain"), *fit(why, size.width - inset, self.marks.cut)])),
        ]

    # --- keys and mouse

    def action_cursor(self, by: int) -> None:
        self.move_to(self.cursor + by)

    def action_page(self, by: int) -> None:
        self.move_to(self.cursor + by * max(1, self.size.height - self.heads - 1))

    def action_edge(self, last: int) -> None:
        self.move_to(len(self.rows) - 1 if last else 0)

    def action_open(self) -> None:
        if self.current is not None:
            self.post_message(self.Opened(self, self.current))

    def action_sort(self) -> None:
        """By the next column that can be sorted by; behind the last, in the rows' own order."""
        keys = ["", *(column.key for column in self.columns if column.sort is not None)]
        after = keys.index(self.order) + 1 if self.order in keys else 0
        self.sort_by(keys[after % len(keys)])

    def action_turn(self) -> None:
        self.sort_by(self.order, down=not self.down)

    def move_to(self, index: int) -> None:
        """The cursor, to a row that there is; it stays in sight."""
        self.cursor = max(0, min(index, len(self.rows) - 1))
        height = max(1, self.scrollable_content_region.height - self.heads)
        top = self.scroll_offset.y
        if self.cursor < top or self.cursor >= top + height:
            to = self.cursor if self.cursor < top else self.cursor - height + 1
            self.scroll_to(y=to, animate=False, immediate=True, force=True)
        self._settled()

    def on_click(self, event: events.Click) -> None:
        if event.y < self.heads:
            self._click_head(event.x)
            return
        index = self.scroll_offset.y + event.y - self.heads
        if index < len(self.rows):
            self.move_to(index)
            if event.chain == 2:
                self.action_open()

    def _click_head(self, x: int) -> None:
        place = INSET
        first = self.scroll_offset.y
        width = max(1, self.scrollable_content_region.width - 2 * INSET)
        shown = self._layout.share(self.rows[first : first + self.size.height], width)
        for column, width in shown:
            if place <= x < place + width:
                self.sort_by(column.key, down=not self.down if column.key == self.order else None)
                return
            place += width + GAP

    def on_resize(self) -> None:
        self._layout.forget()
        self.virtual_size = Size(self.size.width, len(self.rows) + self.heads)

    def on_focus(self) -> None:
        self.redraw()

    def on_blur(self) -> None:
        self.redraw()
