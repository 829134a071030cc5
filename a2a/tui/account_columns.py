"""The columns of the account list: what a cell says, and how much room it may take."""

from __future__ import annotations

from a2a.control.types import AccountView
from a2a.tui import words
from a2a.tui.desk import Desk
from a2a.tui.ink import Cell, Piece, Tone, joined
from a2a.tui.listing import Column, figure
from a2a.tui.spark import meter

BAR_CELLS = 8
LOW, EMPTY = 0.25, 0.1
"""Shares of a quota below which it is a warning, and a bad one."""
SOON_S = 300
"""A token that ends sooner is told as a warning."""


class Cells:
    """One method for each column."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._marks = desk.marks

    def name(self, account: AccountView) -> Cell:
        faint = account.state in ("disabled", "retired")
        return [(self._desk.account_name(account), "dim" if faint else "strong")]

    def state(self, account: AccountView) -> Cell:
        return words.account_state(self._desk, account)

    def busy(self, account: AccountView) -> Cell:
        return [(str(account.in_flight), "accent" if account.in_flight else "dim")]

    def quota(self, account: AccountView) -> Cell:
        """`━━━━━╸── 71% ▲3 d`: the scarcest allowance, what is left of it, and when it is full again."""
        now = self._desk.clock.now()
        least = words.scarce(account.quota, now)
        if least is None:
            return ""
        if not least.limit:
            return [(f"{words.count(least.remaining)} {least.unit} left", "dim")]
        share = words.left_share(least)
        tone: Tone = "bad" if share < EMPTY else "warn" if share < LOW else "ok"
        full, empty = meter(share, BAR_CELLS, self._marks)
        line: list[Piece] = [(full, tone), (empty, "rule"), (f"{share * 100:4.0f}%", tone if share < LOW else "plain")]
        if least.resets_at:
            line.append((f" {self._marks.up}{words.countdown(least.resets_at - now)}", "dim"))
        return line

    def token(self, account: AccountView) -> Cell:
        """How long its token holds."""
        if account.expires_at is None:
            return [("key", "dim")] if account.kind == "api_key" else ""
        left = account.expires_at - self._desk.clock.now()
        return [(words.span(left), "dim" if left > SOON_S else "warn")] if left > 0 else [("renews", "dim")]

    def served(self, account: AccountView) -> Cell:
        counts = account.counts
        failed: list[Piece] = [(f" {self._marks.bad}{words.count(counts.failures)}", "bad")] if counts.failures else []
        return [(words.count(counts.requests), "plain" if counts.requests else "dim"), *failed]

    def note(self, account: AccountView) -> Cell:
        what, helps = words.trouble(self._desk, account)
        tone: Tone = "dim" if account.state in ("ready", "disabled", "draining") else "plain"
        pinned: Cell = [("pinned", "info")] if account.pinned else ""
        remedy: Cell = [(f"{self._marks.arrow} {helps}", "accent")] if helps else ""
        return joined([pinned, [(what, tone)] if what else "", remedy])


def columns(desk: Desk) -> list[Column[AccountView]]:
    """In the order they stand."""
    cells = Cells(desk)
    return [
        Column(key="account", title="ACCOUNT", cell=cells.name, width=14, most=32, sort=desk.account_name),
        Column(key="state", title="STATE", cell=cells.state, width=15, most=18, sort=lambda a: a.state),
        figure("busy", "BUSY", cells.busy, 4, priority=2, sort=lambda a: a.in_flight),
        Column(key="quota", title="QUOTA", cell=cells.quota, width=13, most=24, priority=3, sort=_left, whole=True),
        Column(key="token", title="TOKEN", cell=cells.token, width=7, priority=4, sort=lambda a: a.expires_at or 0),
        figure("served", "SERVED", cells.served, 6, most=11, priority=5, sort=lambda a: a.counts.requests),
        Column(key="note", title="NOTE", cell=cells.note, width=22, most=22, grow=True, priority=1),
    ]


def _left(account: AccountView) -> float:
    """The smallest share that is left of a quota; accounts without one stand behind those with one."""
    return min((words.left_share(one) for one in account.quota), default=2.0)
