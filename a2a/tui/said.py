"""The foot of a view: in full words what happened, and what helps, on as many lines as it takes, up to three.

Where it is `steady` it grows and does not shrink: requests that come and go under the cursor must not make the list
above jump.
"""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.widgets import Static

from a2a.tui.desk import Desk
from a2a.tui.ink import clean


class Said(Static):
    """Not there while there is nothing to say; a steady one, before there was anything."""

    DEFAULT_CSS = """
    Said { height: auto; max-height: 4; width: 1fr; padding: 0 1; border-top: solid $border; display: none; }
    Said.shown { display: block; }
    """

    def __init__(self, desk: Desk, *, steady: bool = False) -> None:
        super().__init__("", markup=False)
        self._steady = steady
        self._desk = desk
        self._said: tuple[str, str] = ("", "")
        self._width = 0

    def say(self, said: tuple[str, str]) -> None:
        """What happened, and what helps."""
        if said == self._said:
            return
        self._said = said
        what, helps = said
        if self._steady:
            self.styles.min_height = self.outer_size.height if self.has_class("shown") else 0
        self.set_class(bool(what) or (self._steady and self.has_class("shown")), "shown")
        lines = [Content(clean(what))]
        if helps:
            lines.append(Content.styled(f"{self._desk.marks.arrow} {clean(helps)}", "$ink-accent"))
        self.update(Content("\n").join(lines))

    def on_resize(self, event: events.Resize) -> None:
        """In other columns it is another number of lines."""
        if event.size.width != self._width:
            self._width = event.size.width
            self.styles.min_height = 0
