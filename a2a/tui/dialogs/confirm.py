"""A yes or a no, where something is lost that cannot be had back."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from a2a.tui.desk import Desk
from a2a.tui.dialogs.dialog import Dialog, click


class Confirm(Dialog[bool]):
    """True for `y`. Everything else is a no: Enter too, so that a key pressed too often removes nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "yes", id="confirm.yes"),
        Binding("n,enter", "leave", "no", id="confirm.no"),
    ]

    def __init__(self, desk: Desk, question: str, then: str) -> None:
        """`then`: what happens with a yes, and what stays."""
        super().__init__(desk)
        self._question = question
        self._then = then

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = self._question
            yield Static(self._then, classes="text", markup=False)
            yield Static(f"{click('y', 'yes', 'yes')}    {click('n', 'no', 'leave')}", classes="hint")

    def action_yes(self) -> None:
        self.dismiss(True)
