"""The foot of a view: in full words what happened, and what helps, on as many lines as it takes, up to three."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from a2a.tui.desk import Desk
from a2a.tui.ink import clean


class Said(Static):
    """Not there while there is nothing to say."""

    DEFAULT_CSS = """
    Said { height: auto; max-height: 4; width: 1fr; padding: 0 1; border-top: solid $border; display: none; }
    Said.shown { display: block; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__("", markup=False)
        self._desk = desk
        self._said: tuple[str, str] = ("", "")

    def say(self, said: tuple[str, str]) -> None:
        """What happened, and what helps."""
        if said == self._said:
            return
        self._said = said
        what, helps = said
        self.set_class(bool(what), "shown")
        lines = [Content(clean(what))]
        if helps:
            lines.append(Content.styled(f"{self._desk.marks.arrow} {clean(helps)}", "$ink-accent"))
        self.update(Content("\n").join(lines))
