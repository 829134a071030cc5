"""The two lists that more than one view shows: accounts with their actions, and requests as they come."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from a2a.control.types import AccountView, Exchange
from a2a.tui import account_columns, request_columns
from a2a.tui.deeds import DEEDS, do
from a2a.tui.desk import Desk
from a2a.tui.ink import Cell, joined
from a2a.tui.listing import Listing
from a2a.tui.view import Goto, Word

UNKNOWN: Cell = [("waiting for the server", "dim")]
NOBODY: Cell = [
    *(("no account yet: press ", "dim"), ("L", "accent"), (" to log in, or run ", "dim"), ("a2a login", "accent")),
]


ACCOUNT_KEYS: tuple[Binding, ...] = (
    *(
        Binding(deed.key, f"deed('{deed.action}')", deed.says, show=deed.shown, id=f"account.{deed.action}")
        for deed in DEEDS
    ),
    Binding("l", "again", "log in again", show=False, id="account.login_again"),
    Binding("L", "login", "log in", id="account.login"),
)
"""Of the list of accounts, and of the page of one."""


class AccountList(Listing[AccountView]):
    """Accounts, and what can be done with the one under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [*ACCOUNT_KEYS]

    def __init__(self, desk: Desk) -> None:
        super().__init__(account_columns.columns(desk), lambda account: account.id, marks=desk.marks, empty=UNKNOWN)
        self.desk = desk

    def refill(self) -> None:
        """From the state, by provider and name."""
        if self.desk.state.server is not None:
            self.empty = NOBODY
        self.fill(
            sorted(self.desk.state.accounts.values(), key=lambda each: (each.provider, each.priority, each.alias))
        )

    def action_deed(self, action: str) -> None:
        if self.current is not None:
            do(self, self.desk, self.current, action)

    def action_login(self) -> None:
        from a2a.tui.dialogs.login import begin

        begin(self, self.desk, None)

    def action_again(self) -> None:
        from a2a.tui.dialogs.login import begin

        begin(self, self.desk, self.current)

    def on_listing_opened(self, message: Listing.Opened) -> None:
        message.stop()
        account: AccountView = message.row
        self.post_message(Goto("account", account.id))


class RequestList(Listing[Exchange]):
    """Requests, newest first. Can show the faults alone, and can be held still while more come in."""

    FOLLOWS = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "faults", "faults only", id="requests.faults"),
        Binding("space", "pause", "pause", id="requests.pause"),
    ]

    class Changed(Message):
        """Another filter holds, or the list is held, or goes on: the head of the pane says so."""

    def __init__(self, desk: Desk, *, live_first: bool = False) -> None:
        """`live_first`: those that have not ended stand on top."""
        super().__init__(
            request_columns.columns(desk),
            lambda exchange: exchange.id,
            marks=desk.marks,
            empty=UNKNOWN,
        )
        self.desk = desk
        self.live_first = live_first
        self.faults_only = False
        self.held: list[Exchange] | None = None
        """What is shown while it is paused."""
        self._held_ids: set[str] = set()

    @property
    def waiting(self) -> int:
        """Requests that came since the pause began."""
        return (
            sum(1 for each in self.desk.state.exchanges if each not in self._held_ids) if self.held is not None else 0
        )

    def refill(self) -> None:
        """From the state, unless it is paused."""
        self.empty = self.why_none()
        if self.held is None:
            self.fill(self._wanted_rows())

    def why_none(self) -> Cell:
        """What stands in the place of rows."""
        server = self.desk.state.server
        if server is None:
            return UNKNOWN
        if self.faults_only and self.desk.state.exchanges:
            return [("no faults; ", "dim"), ("f", "accent"), (" shows all requests", "dim")]
        return [("no request yet; clients reach the server at ", "dim"), (server.url, "accent")]

    def _wanted_rows(self) -> list[Exchange]:
        state = self.desk.state
        rows = list(reversed(state.exchanges.values()))
        if self.faults_only:
            rows = [each for each in rows if is_fault(each)]
        elif self.live_first and state.live:
            live = [each for each in rows if each.id in state.live]
            rows = live + [each for each in rows if each.id not in state.live]
        return rows

    def action_faults(self) -> None:
        self.faults_only = not self.faults_only
        if self.held is not None:
            self.fill([each for each in self.held if not self.faults_only or is_fault(each)])
        self.refill()
        self.post_message(self.Changed())

    def action_pause(self) -> None:
        if self.held is None:
            self.held = self._wanted_rows()
            self._held_ids = set(self.desk.state.exchanges)
        else:
            self.held = None
            self._held_ids = set()
            self.refill()
        self.post_message(self.Changed())

    def words(self) -> list[Word]:
        return [
            *super().words(),
            Word("faults", "faults only, or all", lambda _: self.action_faults()),
            Word("pause", "hold the list, or go on", lambda _: self.action_pause()),
        ]

    def told(self) -> Cell:
        """For the head of the pane: `128 requests`, `faults only`, `/kiro/ 5`, `paused, 12 wait`."""
        marks = self.desk.marks
        parts: list[Cell] = [str(self.total)]
        if self.faults_only:
            parts.append([("faults only", "warn")])
        if self.pattern is not None:
            parts.append([(f"/{self.pattern.pattern}/", "accent"), (f" {len(self.rows)}", "plain")])
        if self.held is not None:
            parts.append([(f"{marks.paused} paused, {self.waiting} wait", "warn")])
        return joined(parts, f" {marks.dot} ")

    def on_listing_opened(self, message: Listing.Opened) -> None:
        message.stop()
        exchange: Exchange = message.row
        self.post_message(Goto("exchange", exchange.id))

    def haystack(self, row: Exchange) -> str:
        fault = row.fault.message if row.fault else ""
        return (
            f"{super().haystack(row)} {row.id} {row.state} {row.client} {row.agent or ''} {row.session or ''} {fault}"
        )


def is_fault(exchange: Exchange) -> bool:
    """It failed, or one of its attempts did."""
    return exchange.state == "failed" or any(attempt.outcome == "failed" for attempt in exchange.attempts)
