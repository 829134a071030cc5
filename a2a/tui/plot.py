"""A bar chart of one row of values over time: bars from a common ground, the largest value named, times below."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct
from textual.strip import Strip

from a2a.tui.desk import Desk
from a2a.tui.ink import Inked, Piece, Tone, fit, width_of
from a2a.tui.spark import tinted

WIDEST = 14
"""Cells of one bar at most."""
SCALE = 7
"""Cells of the scale at the left."""
INSET = 1
"""Cells left free at the right edge."""


class Series(Struct, frozen=True):
    """`values` oldest first, None where nothing is known; `labels`: what stands below each, as far as there is room."""

    values: Sequence[float | None]
    labels: Sequence[str]
    tone: Tone = "accent"
    says: Callable[[float], str] = "{:g}".format


class Plot(Inked):
    """As high as it is given: one line for the times, all others for the bars."""

    DEFAULT_CSS = "Plot { width: 1fr; height: 8; }"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._series = Series((), ())
        self._lines: list[Strip] = []

    def show(self, series: Series) -> None:
        self._series = series
        self._lines = []
        self.refresh()

    def on_resize(self) -> None:
        self._lines = []

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._lines = []

    def render_line(self, y: int) -> Strip:
        if len(self._lines) != self.size.height:
            self._lines = [self._strip(line) for line in self.drawn(self.size.width, self.size.height)]
        return self._lines[y]

    def _strip(self, pieces: Sequence[Piece]) -> Strip:
        line = fit(pieces, self.size.width, "")
        return Strip(self.segments(line)).adjust_cell_length(self.size.width, self.rich_style)

    def drawn(self, width: int, height: int) -> list[list[Piece]]:
        """The lines, top first: bars with the scale beside them, then the times."""
        series, room = self._series, max(1, width - SCALE - 1 - INSET)
        bar, gap = bar_cells(len(series.values), room)
        fitting = max(1, (room + gap) // (bar + gap))
        cells: list[float | None] = []
        for value in series.values[-fitting:]:
            cells += [value] * bar + [None] * gap
        cells = cells[: len(cells) - gap]
        bars = tinted(cells, len(cells), self.desk.marks, series.tone, max(1, height - 1))
        known = [value for value in series.values if value is not None]
        top = series.says(max(known)) if known and max(known) > 0 else ""
        lines: list[list[Piece]] = []
        for number, pieces in enumerate(bars):
            text = top if number == 0 else "0" if number == len(bars) - 1 else ""
            scale = fit([(text, "dim")], SCALE, self.desk.marks.cut, right=True)
            lines.append([*scale, (" ", "plain"), *pieces])
        lines.append([(" " * (SCALE + 1), "plain"), (_times(series.labels[-fitting:], bar + gap, room), "dim")])
        return lines[-height:]


def bar_cells(count: int, room: int) -> tuple[int, int]:
    """Cells of a bar and of the gap behind it: as wide as there is room for; one cell without a gap at least."""
    each = (room + 1) // max(1, count)  # nothing has to stand behind the last gap
    if each < 2:
        return 1, 0
    return min(WIDEST, each - 1), 1


def _times(labels: Sequence[str], each: int, room: int) -> str:
    """The labels below their bars; those there is no room for are left out."""
    text = ""
    for number, label in enumerate(labels):
        place = number * each
        if label and place >= width_of(text) + (2 if text else 0) and place + width_of(label) <= room:
            text = text.ljust(place) + label
    return text
