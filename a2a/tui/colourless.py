"""`NO_COLOR`: no colours at all in the theme that has none of its own, greys in the others.

Textual chooses once, by the theme that it begins with. That is never ours, and its greys turn the terminal's own two
colours into black on black.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter, Monochrome, NoColor


class Colourless(LineFilter):
    """Asks for each line whether the terminal's own colours are in use, since the theme may change."""

    def __init__(self, own_colours: Callable[[], bool]) -> None:
        super().__init__()
        self._own_colours = own_colours
        self._none, self._greys = NoColor(), Monochrome()

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        chosen = self._none if self._own_colours() else self._greys
        return chosen.apply(segments, background)


def instead(filters: Sequence[LineFilter], own_colours: Callable[[], bool]) -> list[LineFilter]:
    """The same filters, with ours in the place of Textual's."""
    return [Colourless(own_colours) if isinstance(each, Monochrome | NoColor) else each for each in filters]
