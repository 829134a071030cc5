"""All requests that are kept, newest first."""

from __future__ import annotations

import re

from textual.app import ComposeResult

from a2a.control.types import Exchange
from a2a.tui.desk import Desk
from a2a.tui.frame import Title
from a2a.tui.listing import Listing
from a2a.tui.panes import RequestList
from a2a.tui.said import Said
from a2a.tui.state import Changes
from a2a.tui.view import View


class Requests(View):
    """Enter opens the exchange."""

    TITLE = "Requests"

    def __init__(self, desk: Desk, argument: str = "") -> None:
        super().__init__(desk, argument)
        self._head = Title(desk, "Requests")
        self._list = RequestList(desk)
        self._said = Said(desk, steady=True)

    def compose(self) -> ComposeResult:
        yield self._head
        yield self._list
        yield self._said

    def take(self, changes: Changes) -> None:
        if changes.topics & {"exchanges", "server"}:
            self._list.refill()
            self._tell()

    def beat(self) -> None:
        if self.desk.state.live:
            self._list.redraw()
        self._tell()

    def narrow(self, pattern: re.Pattern[str] | None) -> None:
        super().narrow(pattern)
        self._list.narrow(pattern)
        self._tell()

    def on_request_list_changed(self, message: RequestList.Changed) -> None:
        message.stop()
        self._tell()

    def on_listing_moved(self, message: Listing.Moved) -> None:
        message.stop()
        self._tell()

    def _tell(self) -> None:
        self._head.tell(self._list.told())
        self._said.say(request_said(self._list.current))


def request_said(exchange: Exchange | None) -> tuple[str, str]:
    """Why it failed, or an attempt of it did, and what helps."""
    if exchange is None:
        return "", ""
    faults = [exchange.fault, *(attempt.fault for attempt in reversed(exchange.attempts))]
    fault = next((each for each in faults if each is not None), None)
    if fault is None:
        return "", ""
    return fault.message, fault.remedy or ""
