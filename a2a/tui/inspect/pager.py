"""The widget that shows a sheet: it draws the lines that are seen and no others, so its size does not matter.

It knows rows, not what they mean. The cursor is on a row; space folds it. Where the window is too narrow for two
columns they stand below each other. Long lines wrap, or are cut and can be pushed aside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import ClassVar

from msgspec import Struct
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from a2a.tui.ink import InkedScroll, Piece, Tone
from a2a.tui.inspect.layout import GUTTER, Layout
from a2a.tui.inspect.sheet import Line, Row, Sheet, Shown, Side, Sign
from a2a.tui.inspect.wrap import hanging, part
from a2a.tui.marks import ASCII, UNICODE, Marks

PUSH = 16
"""Cells that a cut line is pushed aside at once."""

_FOLDS = ("▾", "▸")
_PLAIN_FOLDS = ("v", ">")
"""What stands before a row that can be folded, and before one that is."""

_SIGN_TONES: dict[Sign, Tone] = {"~": "warn", "+": "ok", "-": "bad", "|": "dim", " ": "plain"}


class Place(Struct, frozen=True):
    """`row`: of the cursor; `top`: the first line that is seen."""

    folded: frozenset[int] = frozenset()
    row: int = 0
    top: int = 0


class Pager(InkedScroll, can_focus=True):
    """Tells `Searched` when what is found, or where one is in it, is another."""

    DEFAULT_CSS = """
    Pager { height: 1fr; width: 1fr; overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "cursor(1)", "down", show=False, id="pager.down"),
        Binding("up,k", "cursor(-1)", "up", show=False, id="pager.up"),
        Binding("pagedown,ctrl+f", "page(1)", "a page down", show=False, id="pager.page_down"),
        Binding("pageup,ctrl+b", "page(-1)", "a page up", show=False, id="pager.page_up"),
        Binding("home,g", "edge(0)", "to the top", show=False, id="pager.first"),
        Binding("end,G", "edge(1)", "to the end", show=False, id="pager.last"),
        Binding("space,enter", "fold", "fold", show=False, id="pager.fold"),
        Binding("z", "fold_all", "fold or unfold all", show=False, id="pager.fold_all"),
        Binding("w", "wrap", "wrap long lines, or cut them", show=False, id="pager.wrap"),
        Binding("right", "push(1)", "push cut lines to the left", show=False, id="pager.right"),
        Binding("left", "push(-1)", "push them back", show=False, id="pager.left"),
        Binding("n", "match(1)", "next match", show=False, id="pager.next_match"),
        Binding("N", "match(-1)", "match before", show=False, id="pager.previous_match"),
        Binding("d", "change(1)", "next difference", show=False, id="pager.next_change"),
        Binding("D", "change(-1)", "difference before", show=False, id="pager.previous_change"),
        Binding("y", "copy", "copy the line, with what folds into it", show=False, id="pager.copy"),
    ]

    class Searched(Message):
        """`found` rows match, and the cursor is on the `at`th of them, 0 = on none."""

        def __init__(self, found: int, at: int) -> None:
            super().__init__()
            self.found = found
            self.at = at

    class Copied(Message):
        """This text was put onto the clipboard."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, marks: Marks = UNICODE, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.marks = marks
        self.sheet = Sheet([])
        self.folded: set[int] = set()
        self.wrap = True
        self.push = 0
        """Cells of each line that are out of sight on the left, where lines do not wrap."""
        self.cursor = 0
        """Index into the layout's `shown`."""
        self.pattern: re.Pattern[str] | None = None
        self.laid = Layout(self.sheet)
        self._matches: list[int] = []
        self._from = 0
        """The row from which is searched, while the expression is typed."""

    # --- what is shown

    def show(self, sheet: Sheet, place: Place | None = None) -> None:
        """Another sheet, from its top, or where one was when it was seen last."""
        rows = len(sheet.rows)
        self.sheet = sheet
        self.folded = {row for row in place.folded if row < rows} if place is not None else set(sheet.folded)
        self.push = 0
        self._search()
        self._arrange(place.row if place is not None else 0)
        self._scroll(min(place.top if place is not None else 0, self.max_scroll_y))

    @property
    def place(self) -> Place:
        """Where one is, to come back to."""
        return Place(frozenset(self.folded), self.row, self.scroll_offset.y)

    @property
    def row(self) -> int:
        """The index of the row the cursor is on."""
        shown = self.laid.shown
        return shown[self.cursor].row if self.cursor < len(shown) else 0

    def _arrange(self, row: int | None = None) -> None:
        """After folding, or in another width; the cursor stays on its row, or goes to what it folded into."""
        row = self.row if row is None else row
        self.laid = Layout(self.sheet, frozenset(self.folded), self.scrollable_content_region.width, self.wrap)
        self.cursor = self.laid.place(row)
        self.virtual_size = Size(self.laid.width, self.laid.height)
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.window_virtual_size = self.laid.height  # with the text, not a frame later
        self.refresh()

    # --- drawing

    def render_line(self, y: int) -> Strip:
        at = self.scroll_offset.y + y
        if at >= self.laid.height:
            return Strip.blank(self.size.width, self.rich_style)
        number = self.laid.at(at)
        return self._draw(number, at - self.laid.tops[number]).adjust_cell_length(self.size.width, self.rich_style)

    def _draw(self, number: int, part_number: int) -> Strip:
        """One line of the screen: the `part_number`th of a row."""
        laid = self.laid
        shown = laid.shown[number]
        over = self.ground("blurred") if number == self.cursor and self.has_focus else None
        lines, cuts = laid.lines(number), laid.cuts[number]
        sign = self.sheet.rows[shown.row].sign
        tone = _SIGN_TONES[sign] if sign in ("~", "+", "-") else None
        gutter = self._gutter(shown, sign, first=part_number == 0)
        strips = [Strip(self.segments(gutter, over=over)), self._cell(lines[0], cuts[0], part_number, tone, over)]
        if laid.two_columns:
            strips.append(Strip(self.segments([(f" {self.marks.pipe} ", "rule")], over=over)))
            strips.append(self._cell(lines[1], cuts[1], part_number, tone, over))
        return Strip.join(strips)

    def _gutter(self, shown: Shown, sign: Sign, *, first: bool) -> list[Piece]:
        row = self.sheet.rows[shown.row]
        fold = " "
        if first and row.size:
            fold = (_PLAIN_FOLDS if self.marks is ASCII else _FOLDS)[shown.row in self.folded]
        return [(fold, "plain"), (self._sign(shown.side, sign), _SIGN_TONES[sign]), (" ", "plain")]

    def _sign(self, side: Side, sign: Sign) -> str:
        """Below each other, a changed row stands twice: as dropped and as added; of two texts `<` is the first."""
        if self.laid.two_columns or side == "both":
            return " " if sign == "|" else sign
        if sign == "|":
            return "<" if side == "left" else ">"
        return "-" if side == "left" else "+"

    def _cell(self, line: Line, cuts: Sequence[int], number: int, tone: Tone | None, over: Style | None) -> Strip:
        """One column's share of one line of the screen."""
        parts: Sequence[Piece] = line.parts if tone is None else [(text, tone) for text, _ in line.parts]
        column = self.laid.column
        base = self.rich_style if over is None else self.rich_style + over
        if not self.wrap:
            strip = Strip(self._found(parts, 0, line.text, over)).crop(self.push, self.push + column)
            return strip.adjust_cell_length(column, base)
        pieces, start = part(parts, cuts, number)
        indent: list[Piece] = [(" " * hanging(line.indent, column), "plain")] if number and pieces else []
        segments = [*self.segments(indent, over=over), *self._found(pieces, start, line.text, over)]
        return Strip(segments).adjust_cell_length(column, base)

    def _found(self, pieces: Sequence[Piece], start: int, whole: str, over: Style | None) -> list[Segment]:
        """The segments, what matches the search standing out. `start`: the place of the first character in `whole`."""
        if self.pattern is None:
            return self.segments(pieces, over=over)
        spans = [found.span() for found in self.pattern.finditer(whole) if found.end() > found.start()]
        return [
            segment
            for piece, marked in _split(pieces, start, spans)
            for segment in self.segments([piece], over=self.style_of("cursor") if marked else over)
        ]

    def on_resize(self) -> None:
        self._arrange()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.refresh()

    # --- moving

    def action_cursor(self, by: int) -> None:
        if not self.laid.shown:
            return
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        low, high = self.laid.tops[self.cursor : self.cursor + 2]
        if by > 0 and low <= top + height < high:  # a row that is longer than the window: read on
            self._scroll(top + 1)
        elif by < 0 and low < top:
            self._scroll(top - 1)
        else:
            self._to(self.cursor + by)

    def action_page(self, by: int) -> None:
        step = max(1, self.scrollable_content_region.height - 1)
        top = max(0, min(self.scroll_offset.y + by * step, self.laid.height - step - 1))
        if top == self.scroll_offset.y:
            self.action_edge(1 if by > 0 else 0)
            return
        self._scroll(top)
        self._to(self.laid.at(top), scroll=False)

    def action_edge(self, last: int) -> None:
        self._to(len(self.laid.shown) - 1 if last else 0)
        self._scroll(self.laid.height if last else 0)

    def _to(self, number: int, *, scroll: bool = True) -> None:
        """The cursor, to a row that there is; it comes into sight."""
        if not self.laid.shown:
            return
        self.cursor = max(0, min(number, len(self.laid.shown) - 1))
        top, height = self.scroll_offset.y, max(1, self.scrollable_content_region.height)
        low, high = self.laid.tops[self.cursor : self.cursor + 2]
        if scroll and low < top:
            self._scroll(low)
        elif scroll and high > top + height:
            self._scroll(min(low, high - height))
        self.refresh()

    def _scroll(self, y: int) -> None:
        self.scroll_to(y=y, animate=False, immediate=True, force=True)

    def on_click(self, event: events.Click) -> None:
        at = self.scroll_offset.y + event.y
        if at < self.laid.height:
            self._to(self.laid.at(at), scroll=False)
            if event.x < GUTTER or event.chain > 1:
                self.action_fold()

    # --- folding, wrapping

    def action_fold(self) -> None:
        """The row of the cursor; on one that has nothing to fold, the row it belongs to."""
        row = self.row
        if not self.laid.shown:
            return
        if not self.sheet.rows[row].size:
            owners = self.sheet.owners(row)
            if not owners:
                return
            row = owners[-1]
        self.folded ^= {row}
        self._arrange(row)
        self._to(self.cursor)

    def action_fold_all(self) -> None:
        """Everything unfolds where anything is folded, else all but the outermost folds."""
        if self.folded:
            self.folded.clear()
        else:
            outermost = {0} if self.sheet.rows and self.sheet.rows[0].size == len(self.sheet.rows) - 1 else set()
            self.folded = set(self.sheet.foldable) - outermost
        self._arrange()
        self._to(self.cursor)

    def action_wrap(self) -> None:
        self.wrap = not self.wrap
        self.push = 0
        self._arrange()
        self._to(self.cursor)

    def action_push(self, by: int) -> None:
        if not self.wrap:
            most = self.laid.longest - self.laid.column // 2
            self.push = max(0, min(self.push + by * PUSH, most // PUSH * PUSH))
            self.refresh()

    # --- searching

    def search(self, pattern: re.Pattern[str] | None) -> None:
        """Mark what matches and go to the first match from where the search began; None: no marks."""
        if self.pattern is None:
            self._from = self.row
        self.pattern = pattern
        self._search()
        self.refresh()
        if self._matches:
            self._go(next((row for row in self._matches if row >= self._from), self._matches[0]))
        self._tell()

    def _search(self) -> None:
        pattern = self.pattern
        self._matches = []
        if pattern is not None:
            self._matches = [n for n, row in enumerate(self.sheet.rows) if any(map(pattern.search, _texts(row)))]

    def action_match(self, by: int) -> None:
        if self._matches:
            self._go(_beyond(self._matches, self.row, by))
            self._tell()

    def action_change(self, by: int) -> None:
        changes = self.sheet.changes()
        if changes:
            self._go(_beyond(changes, self.row, by))

    def _go(self, row: int) -> None:
        """To a row, unfolding what hides it."""
        hiding = self.folded & set(self.sheet.owners(row))
        if hiding:
            self.folded -= hiding
        self._arrange(row)
        self._to(self.cursor)

    def _tell(self) -> None:
        at = self._matches.index(self.row) + 1 if self.row in self._matches else 0
        self.post_message(self.Searched(len(self._matches), at))

    def action_copy(self) -> None:
        """The row as it reads, and all that folds into it; of two columns the left one, or what there is."""
        if not self.laid.shown:
            return
        shown = self.laid.shown[self.cursor]
        rows = self.sheet.rows[shown.row : shown.row + self.sheet.rows[shown.row].size + 1]
        lines = [row.right if shown.side == "right" else row.left or row.right for row in rows]
        text = "\n".join(line.text for line in lines if line is not None)
        self.app.copy_to_clipboard(text)
        self.post_message(self.Copied(text))


def _texts(row: Row) -> Iterator[str]:
    return (line.text for line in (row.left, row.right) if line is not None)


def _beyond(places: Sequence[int], here: int, by: int) -> int:
    """The next of them in that direction, round the ends."""
    if by > 0:
        return next((place for place in places if place > here), places[0])
    return next((place for place in reversed(places) if place < here), places[-1])


def _split(pieces: Sequence[Piece], start: int, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[Piece, bool]]:
    """The pieces cut where a match begins or ends, and whether each part is in one."""
    at = start
    for text, tone in pieces:
        end = at + len(text)
        edges = sorted({at, end, *(edge for span in spans for edge in span if at < edge < end)})
        for low, high in pairwise(edges):
            marked = any(first <= low and high <= last for first, last in spans)
            yield (text[low - at : high - at], tone), marked
        at = end
