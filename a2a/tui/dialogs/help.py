"""`?`: the keys of the view that is seen, as they are now: made from the bindings, so it is never behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.widgets import Static

from a2a.tui.desk import Desk
from a2a.tui.dialogs.dialog import Dialog
from a2a.tui.ink import width_of
from a2a.tui.view import View

NAMES_FROM = 92
"""Columns of the screen from which there is room for the actions' names."""


class Active(Protocol):
    """A key as it is now, and who has it."""

    @property
    def node(self) -> DOMNode: ...

    @property
    def binding(self) -> Binding: ...


GROUPS = {"list": "Lists", "pager": "Text"}
"""First word of an action's name -> the heading its keys stand under; those of the view itself come first."""


class Help(Dialog[None]):
    """Keys in groups: of the view, of the list, everywhere."""

    DEFAULT_CSS = """
    Help > #box { width: 96; height: auto; }
    Help VerticalScroll { height: auto; max-height: 100%; }
    Help Static { width: 1fr; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark,q", "leave", "leave", show=False, id="help.leave")]

    def __init__(self, desk: Desk, bindings: Sequence[Active], view: View | None) -> None:
        super().__init__(desk)
        self._active = bindings
        self._view = view

    def compose(self) -> ComposeResult:
        name = self._view.TITLE if self._view is not None else ""
        with Vertical(id="box") as box:
            box.border_title = f"Keys: {name}" if name else "Keys"
            with VerticalScroll():
                yield Static(self._text())

    def _text(self) -> Content:
        groups: dict[str, dict[str, list[Any]]] = {}
        for each in self._active:
            if not each.binding.id or not each.binding.description:
                continue
            group = groups.setdefault(self._group(each), {})
            told = group.setdefault(each.binding.description, [[], each.binding.id or ""])
            key = self.app.get_key_display(each.binding)
            if key not in told[0]:
                told[0].append(key)
        lines: list[Content] = []
        for title, keys in sorted(groups.items(), key=lambda group: group[0] != "Here"):
            lines += [Content(""), Content.styled(title, "bold")] if lines else [Content.styled(title, "bold")]
            lines += [self._line(*told) for told in keys.items()]
        keys_file = self.desk.around.keys
        if keys_file is not None:
            lines += [Content(""), Content.styled(f"other keys: {keys_file}, by the names at the right", "$ink-dim")]
        return Content("\n").join(lines)

    def _group(self, each: Active) -> str:
        if each.node is self.app:
            return "Everywhere"
        return GROUPS.get((each.binding.id or "").partition(".")[0], "Here")

    def _line(self, description: str, told: list[Any]) -> Content:
        keys, name = " ".join(told[0]), told[1]
        text = f"{' ' * max(1, 14 - width_of(keys))}{description}"
        line = Content.assemble((f"  {keys}", "$ink-accent"), text)
        if self.app.size.width < NAMES_FROM:
            return line
        return Content.assemble(line, " " * max(1, 68 - width_of(keys) - width_of(text)), (name, "$ink-dim"))
