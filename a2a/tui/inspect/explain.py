"""The page that thinks a request through: `a2a explain -m MODEL`, on the screen."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from a2a.control.types import Explained, ExplainWish
from a2a.errors import A2AError
from a2a.tui.desk import Desk
from a2a.tui.inspect import bodies, explain_page
from a2a.tui.inspect.head import Heads, Remark
from a2a.tui.inspect.pager import Pager
from a2a.tui.inspect.sheet import Sheet
from a2a.tui.state import Changes
from a2a.tui.view import View

FRONTS: tuple[Literal["chat", "responses", "claude", "gemini"], ...] = ("chat", "responses", "claude", "gemini")


class Explain(View):
    """`argument`: the model, as a client would name it."""

    TITLE = "Explain"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "front", "protocol", id="explain.front"),
        Binding("u", "renew", "ask again", show=False, id="explain.renew"),
    ]

    def __init__(self, desk: Desk, argument: str = "") -> None:
        super().__init__(desk, argument)
        self.front = 0
        """Index into `FRONTS`."""
        self._standing: object = None
        self._heads = Heads(desk)
        self._remark = Remark(desk)
        self._pager = Pager(desk.marks)

    def compose(self) -> ComposeResult:
        yield self._heads
        yield self._remark
        yield self._pager

    def take(self, changes: Changes) -> None:
        """Asked again when an account stands otherwise."""
        standing = [(each.id, each.state) for each in self.desk.state.accounts.values()]
        if standing != self._standing:
            self._standing = standing
            self.action_renew()

    def action_renew(self) -> None:
        wish = ExplainWish(front=FRONTS[self.front], model=self.argument)
        self.ask(self.desk.control.explain(wish), self._came, self._failed)

    def action_front(self) -> None:
        self.front = (self.front + 1) % len(FRONTS)
        self.action_renew()

    def _came(self, found: Explained) -> None:
        self._show(explain_page.sheet(self.desk, found))

    def _failed(self, error: A2AError) -> None:
        self._show(bodies.nothing(error.message, error.hint or ""))

    def _show(self, sheet: Sheet) -> None:
        self._pager.show(sheet)
        self._remark.tell(sheet.remark)
        self._heads.tell(self._pager.laid)

    def narrow(self, pattern: re.Pattern[str] | None) -> None:
        super().narrow(pattern)
        self._pager.search(pattern)
