"""One of many: type to narrow, arrows to move, Enter takes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from a2a.tui.desk import Desk
from a2a.tui.dialogs.dialog import Dialog, click
from a2a.tui.ink import Cell, text_of
from a2a.tui.listing import Column, Listing

Item = TypeVar("Item")

MOST_ROWS = 14


class Choose(Dialog[Item], Generic[Item]):
    """Gives the item."""

    DEFAULT_CSS = """
    Choose > #box { width: 84; }
    Choose Input { margin: 0 0 1 0; }
    Choose Listing { background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "down", show=False, id="choose.down"),
        Binding("up", "move(-1)", "up", show=False, id="choose.up"),
        Binding("pagedown", "move(10)", "ten down", show=False, id="choose.page_down"),
        Binding("pageup", "move(-10)", "ten up", show=False, id="choose.page_up"),
    ]

    def __init__(
        self, desk: Desk, title: str, items: Sequence[Item], cells: Sequence[tuple[int, Callable[[Item], Cell]]]
    ) -> None:
        """`cells`: width and drawing of each column; the last takes the rest."""
        super().__init__(desk)
        self._title = title
        self._items = tuple(items)
        columns: list[Column[Any]] = [
            Column(key=str(n), title="", cell=cell, width=width, grow=n == len(cells) - 1)
            for n, (width, cell) in enumerate(cells)
        ]
        self._list: Listing[Any] = Listing(
            columns, lambda item: str(self._items.index(item)), marks=desk.marks, heads=False, empty="nothing fits"
        )
        self._list.can_focus = False
        self._list.styles.height = min(MOST_ROWS, max(1, len(items)))

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = self._title
            yield Input(placeholder="type to narrow", compact=True)
            yield self._list
            yield Static(f"{click('Enter', 'take it', 'take')}    {click('Esc', 'leave', 'leave')}", classes="hint")

    def on_mount(self) -> None:
        self._list.lit = True
        self._list.fill(self._items)

    def action_move(self, by: int) -> None:
        self._list.move_to(self._list.cursor + by)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        parts = event.value.lower().split()
        columns = self._list.columns
        fitting = [
            item
            for item in self._items
            if all(part in " ".join(text_of(column.cell(item)) for column in columns).lower() for part in parts)
        ]
        self._list.fill(fitting)
        self._list.move_to(0)

    @on(Input.Submitted)
    def action_take(self) -> None:
        if self._list.current is not None:
            self.dismiss(self._list.current)

    @on(Listing.Opened)
    def _opened(self, message: Listing.Opened) -> None:
        self.dismiss(message.row)
