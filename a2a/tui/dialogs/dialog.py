"""The frame of all dialogs: a box in the middle, as wide as its text and never wider than the screen."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from a2a.tui.desk import Desk

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """Escape leaves it without an answer."""

    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 60%; }
    Dialog > #box {
        width: auto; max-width: 96%; height: auto; max-height: 96%;
        background: $panel; border: round $border; padding: 0 2; border-title-color: $foreground;
        border-title-style: bold;
    }
    Dialog .text { width: auto; max-width: 100%; height: auto; margin: 0 0 1 0; }
    Dialog .hint { color: $ink-dim; width: auto; max-width: 100%; height: auto; }
    Dialog .bad { color: $ink-bad; width: auto; max-width: 100%; height: auto; }
    Dialog Input { background: $background; width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave", id="dialog.leave")]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk

    def action_leave(self) -> None:
        self.dismiss(None)
