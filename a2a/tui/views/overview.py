"""The first page: rates, accounts, and requests while they stream."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from a2a.tui import words
from a2a.tui.desk import Desk
from a2a.tui.frame import Title
from a2a.tui.ink import Cell, Piece, joined
from a2a.tui.listing import Listing
from a2a.tui.panes import AccountList, RequestList
from a2a.tui.said import Said
from a2a.tui.state import Changes
from a2a.tui.tiles import Tiles
from a2a.tui.view import View

TALL = 34
"""Lines from which the sparklines get more than one."""
LOW = 18
"""Lines below which there are figures alone."""
ACCOUNTS_SHARE = 0.45
"""Of the lines, for accounts at most."""


class Overview(View):
    """Tab goes between accounts and requests."""

    TITLE = "Overview"
    DEFAULT_CSS = """
    Overview AccountList { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "the other list", show=False, id="overview.other"),
        Binding("h", "span", "last hour or minutes", show=False, id="overview.span"),
    ]

    def __init__(self, desk: Desk, argument: str = "") -> None:
        super().__init__(desk, argument)
        self._tiles = Tiles(desk)
        self._accounts_head = Title(desk, "Accounts")
        self._accounts = AccountList(desk)
        self._requests_head = Title(desk, "Requests")
        self._requests = RequestList(desk, live_first=True)
        self._said = Said(desk)
        self._asked: Listing[Any] = self._accounts
        """The list that has the keys, or had them when the line for a filter took them."""

    def compose(self) -> ComposeResult:
        yield self._tiles
        yield self._accounts_head
        yield self._accounts
        yield self._requests_head
        yield self._requests
        yield self._said

    def take(self, changes: Changes) -> None:
        if changes.topics & {"accounts", "link", "server"}:
            self._accounts.refill()
            self._fold()
        if changes.topics & {"exchanges", "server"}:
            self._requests.refill()
        self._tell()

    def beat(self) -> None:
        self._tiles.redraw()
        self._accounts.redraw()
        self._requests.redraw()
        self._tell()

    def narrow(self, pattern: re.Pattern[str] | None) -> None:
        """Of the list that has the keys."""
        super().narrow(pattern)
        self._asked.narrow(pattern)
        if pattern is None:
            self._accounts.narrow(None)
            self._requests.narrow(None)
        self._fold()
        self._tell()

    def on_request_list_changed(self, message: RequestList.Changed) -> None:
        message.stop()
        self._tell()

    def on_listing_moved(self, message: Listing.Moved) -> None:
        message.stop()
        self._tell()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if isinstance(event.widget, Listing):
            self._asked = event.widget

    def action_span(self) -> None:
        self._tiles.turn()

    def on_resize(self, event: events.Resize) -> None:
        self._tiles.set_class(event.size.height >= TALL, "tall")
        self._tiles.set_class(event.size.height < LOW, "low")
        self._fold()

    def _fold(self) -> None:
        """The account list is as high as its rows, up to its share."""
        most = max(2, int(self.size.height * ACCOUNTS_SHARE))
        self._accounts.styles.height = max(2, min(len(self._accounts.rows) + 1, most))

    def _tell(self) -> None:
        pattern = self._accounts.pattern
        shown: Cell = [(f"/{pattern.pattern}/ {len(self._accounts.rows)}", "accent")] if pattern else ""
        self._accounts_head.tell(joined([ready(self.desk), shown], f" {self.desk.marks.dot} "))
        self._said.say(self._trouble() if self.size.height >= LOW else ("", ""))
        live = len(self.desk.state.live)
        streaming: list[Piece] = [(f"{live} live", "accent" if live else "dim"), (f" {self.desk.marks.dot} ", "dim")]
        told = self._requests.told()
        self._requests_head.tell([*streaming, *([(told, "dim")] if isinstance(told, str) else told)])

    def _trouble(self) -> tuple[str, str]:
        """Of the account under the cursor, where it cannot serve and nobody wanted that: its line may be too short."""
        account = self._accounts.current
        if account is None or account.state in ("ready", "disabled", "draining"):
            return "", ""
        what, helps = words.trouble(self.desk, account)
        return f"{self.desk.account_name(account)}: {what}", helps


def ready(desk: Desk) -> Cell:
    """`4 of 5 ready`."""
    accounts = desk.state.accounts.values()
    number = sum(1 for account in accounts if account.state == "ready")
    return [(f"{number} of {len(accounts)} ready", "dim" if number else "warn")] if accounts else ""
