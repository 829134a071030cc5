"""The frame of all dialogs: a box in the middle, as wide as its text and never wider than the screen."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from a2a.tui.desk import Desk

Answer = TypeVar("Answer")


def click(key: str, says: str, action: str) -> str:
    """A key of the hint line, as markup: a click on it does what the key does. `action`: of the dialog."""
    return f"[@click=screen.{action}][b]{key}[/b] {says}[/]"


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
    Dialog .hint {
        color: $ink-dim; width: auto; max-width: 100%; height: auto;
        link-color: $ink-dim; link-style: none; link-background: $panel;
        link-color-hover: $foreground; link-style-hover: underline; link-background-hover: $panel;
    }
    Dialog .bad { color: $ink-bad; width: auto; max-width: 100%; height: auto; }
    Dialog Input { background: $background; width: 1fr; }
    Dialog VerticalScroll, Dialog Listing {
        scrollbar-size-vertical: 1;
        scrollbar-background: $panel; scrollbar-background-hover: $panel; scrollbar-background-active: $panel;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave", id="dialog.leave")]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk

    def on_mount(self) -> None:
        """What was told before is past: it would lie across the question, or stay below it until that is answered."""
        self.app.clear_notifications()
        for screen in self.app.screen_stack:
            screen.query("Toast").remove()

    def action_leave(self) -> None:
        self.dismiss(None)
