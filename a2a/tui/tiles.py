"""The figures at the top of the overview, each with its course over the last minutes or the last hour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from textual.strip import Strip

from a2a.tui import meter, words
from a2a.tui.desk import Desk
from a2a.tui.ink import Inked, Piece, Tone, cell_width, fit, width_of
from a2a.tui.meter import Slot
from a2a.tui.spark import tinted

NOW_S = 60
"""Rates are of the last minute; errors and latencies of the whole span, since they are few."""
SPANS_S = (600, 3600)
GAP = 3
FOUR_FROM = 72
"""Cells below which there are two."""
INSET = 1
PEAK_FROM = 24
"""Cells of a tile from which it says how high its highest bar is."""
NONE: Piece = ("none", "dim")


class Tile(NamedTuple):
    """`values`: its course, oldest first; `says`: one of them in words."""

    name: str
    figure: list[Piece]
    values: Sequence[float]
    tone: Tone
    says: Callable[[float], str]


class Tiles(Inked):
    """Four in a row; in few cells the figures alone, in two rows where need be. Never focused."""

    DEFAULT_CSS = "Tiles { height: 3; width: 1fr; } Tiles.tall { height: 5; } Tiles.low { height: 1; }"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.span_s = SPANS_S[0]
        self._lines: list[Strip] = []

    def turn(self) -> None:
        """From the last minutes to the last hour, and back."""
        self.span_s = SPANS_S[(SPANS_S.index(self.span_s) + 1) % len(SPANS_S)]
        self.redraw()

    def redraw(self) -> None:
        if self.is_attached and self.size.width:
            before, self._lines = self._lines, []
            if self._drawn() != before:
                self.refresh()

    def render_line(self, y: int) -> Strip:
        lines = self._drawn()
        return lines[y] if y < len(lines) else Strip.blank(self.size.width, self.rich_style)

    def on_resize(self) -> None:
        self._lines = []

    def notify_style_update(self) -> None:
        """Another theme: the strips hold its colours."""
        super().notify_style_update()
        self._lines = []

    def _drawn(self) -> list[Strip]:
        if len(self._lines) != self.size.height:
            self._lines = self._draw(self.size.width, self.size.height)
        return self._lines

    def _draw(self, width: int, height: int) -> list[Strip]:
        number = 4 if width >= FOUR_FROM else 2
        room = max(1, (width - 2 * INSET - (number - 1) * GAP) // number)
        tiles = self._tiles(room)[:number]
        rows: list[list[Piece]] = [[(" " * INSET, "plain")] for _ in range(height)]
        for n, tile in enumerate(tiles):
            gap: Piece = (" " * (GAP if n < len(tiles) - 1 else 0), "plain")
            head = _head(tile, room)
            rows[0] += [*fit(head, room, self.desk.marks.cut), gap]
            if height > 1:
                for y, line in enumerate(tinted(tile.values, room, self.desk.marks, tile.tone, max(1, height - 2)), 1):
                    rows[y] += [*line, gap]
        if height > 2:
            rows[-1] += [(piece, "dim") for piece in _axis(self.span_s, room)]
        return [Strip(self.segments(row)).adjust_cell_length(width, self.rich_style) for row in rows]

    def _tiles(self, points: int) -> list[Tile]:
        now, course = self.desk.clock.now(), self.desk.state.meter
        last = course.window(now, NOW_S)
        whole = course.window(now, self.span_s)
        ended = sum(slot.ended for slot in whole)
        errors = meter.error_share(whole)
        p50, p95 = meter.first_token(whole, 0.5), meter.first_token(whole, 0.95)

        def series(value: object) -> list[float]:
            return course.series(now, self.span_s, points, value)  # type: ignore[arg-type]

        rate: list[Piece] = [(words.count(meter.per_minute(last)), "strong")]
        tokens: list[Piece] = [(words.count(meter.tokens_per_s(last)), "strong")]
        share: list[Piece] = [(words.percent(errors), "bad" if errors else "strong")] if ended else [NONE]
        first: list[Piece] = [NONE]
        if p50 is not None and p95 is not None:
            first = [(words.milliseconds(p50), "strong"), (f" p95 {words.milliseconds(p95)}", "plain")]
        return [
            Tile("req/min", rate, series(meter.per_minute), "accent", words.count),
            Tile("tokens/s", tokens, series(meter.tokens_per_s), "info", words.count),
            Tile("errors", share, series(meter.error_share), "bad", words.percent),
            Tile("first p50", first, series(_p50), "ok", words.milliseconds),
        ]


def _p50(slots: Sequence[Slot]) -> float:
    """0, which is drawn as the ground, where there was nothing."""
    return meter.first_token(slots, 0.5) or 0.0


def _head(tile: Tile, room: int) -> list[Piece]:
    """Name and figure; behind them what the highest bar is; without the last words where there is no room for them."""
    figure = list(tile.figure)
    while len(figure) > 1 and len(tile.name) + 1 + cell_width(figure) > room:
        figure.pop()
    head: list[Piece] = [(f"{tile.name} ", "dim"), *figure]
    peak = f"max {tile.says(max(tile.values))}" if room >= PEAK_FROM and any(tile.values) else ""
    space = room - cell_width(head) - width_of(peak)
    return [*head, (" " * space, "plain"), (peak, "dim")] if peak and space > 1 else head


def _axis(span_s: int, room: int) -> list[str]:
    """Both ends of the time below the first tile."""
    first, last = f"{span_s // 60} min ago", "now"
    space = room - len(first) - len(last)
    return [first, " " * space + last] if space > 1 else [first]
