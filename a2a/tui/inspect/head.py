"""What stands above a page of the inspector: its pages to choose from, and the titles of its columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from textual import events
from textual.message import Message

from a2a.tui.desk import Desk
from a2a.tui.frame import Line, spread
from a2a.tui.ink import Cell, Piece, cell_width, cut_text, fit
from a2a.tui.inspect.layout import GUTTER, Layout

Page = Literal["summary", "request", "answer", "stream", "headers", "replay"]

TITLES: dict[Page, str] = {
    "summary": "Summary",
    "request": "Request",
    "answer": "Answer",
    "stream": "Stream",
    "headers": "Headers",
    "replay": "Replay",
}


class Pages(Line):
    """The pages there are, the one that is seen, and at the right what is to be said of it."""

    class Chosen(Message):
        """A click on a page's name."""

        def __init__(self, page: Page) -> None:
            super().__init__()
            self.page = page

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._pages: Sequence[Page] = ()
        self._here: Page = "summary"
        self._told: Cell = ""
        self._places: list[tuple[int, int, Page]] = []

    def tell(self, pages: Sequence[Page], here: Page, told: Cell) -> None:
        self._pages, self._here, self._told = pages, here, told
        self.redraw()

    def pieces(self, width: int) -> list[Piece]:
        marks = self.desk.marks
        line: list[Piece] = [(" ", "plain")]
        self._places = []
        for page in self._pages:
            here = page == self._here
            start = cell_width(line)
            line.append((f"{marks.crumb if here else ' '}{TITLES[page]}", "accent" if here else "dim"))
            self._places.append((start, cell_width(line), page))
            line.append((" ", "plain"))
        return spread(line, self._told, width)

    def on_click(self, event: events.Click) -> None:
        for start, end, page in self._places:
            if start <= event.x < end:
                self.post_message(self.Chosen(page))


class Heads(Line):
    """The titles of the columns, or of the page, on a rule."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._laid: Layout | None = None

    def tell(self, laid: Layout) -> None:
        self._laid = laid
        self.redraw()

    def pieces(self, width: int) -> list[Piece]:
        marks = self.desk.marks
        left, right = self._laid.sheet.heads if self._laid is not None else ("", "")
        if self._laid is not None and self._laid.two_columns:
            column = self._laid.column
            return [*self._titled(left, column + GUTTER), *self._titled(right, width - column - GUTTER)]
        title = f"{left} {marks.arrow} {right}" if right else left
        return self._titled(title, width)

    def _titled(self, title: str, width: int) -> list[Piece]:
        """`── title ─────`."""
        rule = self.desk.marks.rule
        if not title:
            return [(rule * width, "rule")]
        text = cut_text(title, max(1, width - GUTTER - 1), self.desk.marks.cut)
        line: list[Piece] = [(rule * (GUTTER - 1) + " ", "rule"), (text, "head"), (" ", "plain")]
        return fit([*line, (rule * max(0, width - cell_width(line)), "rule")], width, "")


class Remark(Line):
    """What to know of a page before reading it. Its line is always there, so that nothing moves from page to page."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._remark = ""

    def tell(self, remark: str) -> None:
        self._remark = remark
        self.redraw()

    def pieces(self, width: int) -> list[Piece]:
        return [(" " * GUTTER, "plain"), (self._remark, "dim")]
