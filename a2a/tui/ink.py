"""Text in pieces, each with a tone, and how it is cut to a width: measured in cells, since some letters take two.

A tone is a meaning (`bad`), the theme gives it colour and weight. A state is never told by its tone alone: there is
always a word or a sign beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import ClassVar, Literal

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.scroll_view import ScrollView
from textual.widget import Widget

Tone = Literal["plain", "strong", "dim", "accent", "ok", "warn", "bad", "info", "head", "cursor", "blurred", "rule"]
TONES: tuple[Tone, ...] = (
    *("plain", "strong", "dim", "accent", "ok", "warn", "bad", "info", "head", "cursor", "blurred", "rule"),
)

Piece = tuple[str, Tone]
Cell = str | Sequence[Piece]
"""What stands in one place of a table or line. A bare string is plain."""


def _css(name: str) -> str:
    """The tones as component styles of the widget class `name`."""
    grounds = {"cursor": " background: $ink-cursor-back;", "blurred": " background: $ink-blurred-back;"}
    return "".join(
        f"{name} > .ink--{tone} {{ color: $ink-{tone};{grounds.get(tone, '')} text-style: $ink-{tone}-style; }}\n"
        for tone in TONES
    )


_CLASSES = {f"ink--{tone}" for tone in TONES}


class _Drawing(Widget):
    """A widget that draws pieces: it knows the style of each tone in the theme of now."""

    def style_of(self, tone: Tone) -> Style:
        return self.get_component_rich_style(f"ink--{tone}", partial=True)

    def segments(self, pieces: Iterable[Piece], *, over: Style | None = None) -> list[Segment]:
        """`over`: of a line that stands out (`ground`); nothing is faint in it."""
        base = self.rich_style
        if over is None:
            return [Segment(text, base + self.style_of(tone)) for text, tone in pieces if text]
        lit: list[Piece] = [(text, "plain" if tone == "dim" else tone) for text, tone in pieces if text]
        return [Segment(text, base + self.style_of(tone) + over) for text, tone in lit]

    def ground(self, tone: Tone) -> Style:
        """What lies behind a line that stands out: the pieces on it keep their colours."""
        style = self.style_of(tone)
        return Style(bgcolor=style.bgcolor, reverse=style.reverse, underline=style.underline)


class Inked(_Drawing):
    """Base of widgets that draw lines of pieces."""

    COMPONENT_CLASSES: ClassVar[set[str]] = _CLASSES
    DEFAULT_CSS = _css("Inked")


class InkedScroll(ScrollView, _Drawing):
    """The same for one that scrolls; Textual reads component classes along the first base only."""

    COMPONENT_CLASSES: ClassVar[set[str]] = _CLASSES
    DEFAULT_CSS = _css("InkedScroll")


def pieces_of(cell: Cell) -> Sequence[Piece]:
    return ((cell, "plain"),) if isinstance(cell, str) else cell


def text_of(cell: Cell) -> str:
    return cell if isinstance(cell, str) else "".join(text for text, _ in cell)


@lru_cache(maxsize=8192)
def width_of(text: str) -> int:
    """In cells."""
    return len(text) if text.isascii() else cell_len(text)


def cell_width(cell: Cell) -> int:
    return width_of(cell) if isinstance(cell, str) else sum(width_of(text) for text, _ in cell)


def clean(text: str) -> str:
    """On one line and without control characters, which would move the cursor of the terminal."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else " " for letter in text)


def cut_text(text: str, width: int, cut: str) -> str:
    """At most `width` cells of it; `cut` is the sign for the rest."""
    text = clean(text)
    if width_of(text) <= width:
        return text
    if width <= width_of(cut):
        return set_cell_size(text, width)
    return set_cell_size(text, width - width_of(cut)) + cut


def fit(cell: Cell, width: int, cut: str, *, right: bool = False) -> list[Piece]:
    """Exactly `width` cells: cut, or filled up with blanks on the other side."""
    kept: list[Piece] = []
    left = width
    if cell_width(cell) <= width:
        kept = [(clean(text), tone) for text, tone in pieces_of(cell)]
        left = width - cell_width(kept)
    else:
        for text, tone in pieces_of(cell):
            share = cut_text(text, left, cut) if width_of(text) >= left else clean(text)
            kept.append((share, tone))
            left -= width_of(share)
            if left <= 0:
                break
    blanks: Piece = (" " * max(0, left), "plain")
    return [blanks, *kept] if right else [*kept, blanks]


def joined(cells: Iterable[Cell], gap: str = " ") -> list[Piece]:
    """One line of several cells; empty ones are left out."""
    line: list[Piece] = []
    for cell in cells:
        if text_of(cell):
            if line:
                line.append((gap, "dim"))
            line.extend(pieces_of(cell))
    return line
