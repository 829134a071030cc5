"""A few fields to fill in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from msgspec import Struct
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Input, Static

from a2a.tui.desk import Desk
from a2a.tui.dialogs.dialog import Dialog, click


class Field(Struct, frozen=True, kw_only=True):
    """`value`: what stands there at first. `wrong`: says what is wrong with a text, None where nothing is."""

    name: str
    title: str
    value: str = ""
    hint: str = ""
    secret: bool = False
    wrong: Callable[[str], str | None] | None = None


class Form(Dialog[dict[str, str]]):
    """Gives the texts by the fields' names. Enter goes on to the next field, and from the last one it is done."""

    DEFAULT_CSS = """
    Form > #box { width: 72; }
    Form .field { height: 1; }
    Form .name { width: 18; color: $ink-dim; }
    Form VerticalScroll { height: auto; max-height: 100%; }
    Form .hint { margin: 1 0 0 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", "next", show=False, id="form.next"),
        Binding("up", "app.focus_previous", "previous", show=False, id="form.previous"),
        Binding("ctrl+s", "done", "done", id="form.done"),
    ]

    def __init__(self, desk: Desk, title: str, fields: Sequence[Field], *, mistake: str = "") -> None:
        """`mistake`: what was wrong with it the last time."""
        super().__init__(desk)
        self._title = title
        self._fields = tuple(fields)
        self._mistake = mistake

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = self._title
            with VerticalScroll(can_focus=False):
                for field in self._fields:
                    with Horizontal(classes="field"):
                        yield Static(field.title, classes="name", markup=False)
                        yield Input(
                            field.value,
                            placeholder=field.hint,
                            password=field.secret,
                            compact=True,
                            id=f"field-{field.name}",
                        )
            yield Static(self._mistake, classes="bad", id="mistake", markup=False)
            several = len(self._fields) > 1
            done = f"[b]Enter[/b] next    {click('^s', 'done', 'done')}" if several else click("Enter", "done", "done")
            yield Static(f"{done}    {click('Esc', 'leave', 'leave')}", classes="hint")

    def on_mount(self) -> None:
        """The keys go to the field that the mistake names, else to the first."""
        told = self._mistake.lower().split()
        named = (field.name for field in self._fields if field.title.lower() in told)
        self.set_focus(self.query_one(f"#field-{next(named, self._fields[0].name)}", Input))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        inputs = list(self.query(Input))
        place = inputs.index(event.input) + 1
        if place < len(inputs):
            inputs[place].focus()
        else:
            self.action_done()

    def action_done(self) -> None:
        """Raises nothing: the first mistake is shown, and its field gets the keys."""
        given = {field.name: self.query_one(f"#field-{field.name}", Input).value.strip() for field in self._fields}
        for field in self._fields:
            mistake = field.wrong(given[field.name]) if field.wrong else None
            if mistake:
                self.query_one("#mistake", Static).update(f"{field.title}: {mistake}")
                self.query_one(f"#field-{field.name}", Input).focus()
                return
        self.dismiss(given)
