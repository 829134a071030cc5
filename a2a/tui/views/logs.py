"""What the server says: its own log, newest first, by level. Also what it said before the dashboard began to watch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from a2a.control.log_entries import FLOORS, ordered, rank
from a2a.control.types import LogEntry, LogLevel
from a2a.tui import words
from a2a.tui.desk import Desk
from a2a.tui.frame import Title
from a2a.tui.ink import Cell, Piece, Tone
from a2a.tui.listing import Column, Listing
from a2a.tui.said import Said
from a2a.tui.state import Changes
from a2a.tui.view import Goto, View, Word

TONES: dict[str, Tone] = {"debug": "dim", "info": "info", "warning": "warn", "error": "bad", "critical": "bad"}


class LogList(Listing[LogEntry]):
    """The newest line stands on top."""

    FOLLOWS = True


class Logs(View):
    """Enter opens the exchange a line is about."""

    TITLE = "Logs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "level", "level", id="logs.level"),
        Binding("p", "pause", "pause", id="logs.pause"),
    ]

    def __init__(self, desk: Desk, argument: str = "") -> None:
        super().__init__(desk, argument)
        self.floor: LogLevel = FLOORS[0]
        self.held: frozenset[int] | None = None
        """Numbers of the lines there were when the list was paused."""
        self._head = Title(desk, "Log")
        self._list = LogList(_columns(), lambda entry: str(entry.seq), marks=desk.marks)
        self._said = Said(desk)

    def compose(self) -> ComposeResult:
        yield self._head
        yield self._list
        yield self._said

    def take(self, changes: Changes) -> None:
        if "logs" in changes.topics:
            self._fill()

    def _fill(self) -> None:
        least = rank(self.floor)
        kept = [entry for entry in self.desk.state.logs.values() if rank(entry.level) >= least]
        shown = kept if self.held is None else [entry for entry in kept if entry.seq in self.held]
        withheld = self.desk.state.log_withheld
        self._list.empty = withheld or f"the server has said nothing of level {self.floor} or above"
        self._list.fill(shown[::-1])
        self._tell(len(kept) - len(shown))

    def action_level(self) -> None:
        self.choose_level(FLOORS[(FLOORS.index(self.floor) + 1) % len(FLOORS)])

    def choose_level(self, name: str) -> None:
        """Nothing for a name that is none."""
        for floor in FLOORS:
            if floor == name.strip():
                self.floor = floor
                self._fill()

    def action_pause(self) -> None:
        self.held = frozenset(self.desk.state.logs) if self.held is None else None
        self._fill()

    def narrow(self, pattern: re.Pattern[str] | None) -> None:
        super().narrow(pattern)
        self._list.narrow(pattern)
        self._fill()

    def words(self) -> list[Word]:
        return [
            Word("level", "from which level on", self.choose_level, lambda: list(FLOORS)),
            Word("pause", "hold the list, or go on", lambda _: self.action_pause()),
        ]

    def on_listing_moved(self, message: Listing.Moved) -> None:
        message.stop()
        self._say()

    def on_listing_opened(self, message: Listing.Opened) -> None:
        message.stop()
        entry: LogEntry = message.row
        if exchange := entry.fields.get("exchange"):
            self.post_message(Goto("exchange", exchange))

    def _tell(self, waiting: int) -> None:
        told: list[Piece] = [(f"{self.floor} and above {self.desk.marks.dot} {len(self._list.rows)}", "dim")]
        if self.held is not None:
            told.append((f"  {self.desk.marks.paused} paused, {waiting} waiting", "warn"))
        self._head.tell(told)
        self._say()

    def _say(self) -> None:
        entry = self._list.current
        self._said.say((f"{entry.event}  {_fields(entry)}".strip() if entry is not None else "", ""))


def _fields(entry: LogEntry) -> str:
    return "  ".join(f"{name}={value}" for name, value in ordered(entry))


def _columns() -> Sequence[Column[LogEntry]]:
    def what(entry: LogEntry) -> Cell:
        tone: Tone = "strong" if rank(entry.level) >= rank("warning") else "plain"
        pieces: list[Piece] = [(entry.event, tone)]
        for name, value in ordered(entry):
            pieces += [(f"  {name}=", "dim"), (value, "dim" if name == "logger" else "plain")]
        return pieces

    return (
        Column(key="time", title="TIME", cell=lambda entry: [(words.clock_time(entry.at), "dim")], width=8),
        Column(key="level", title="LEVEL", cell=_level, width=8, sort=_rank, first_down=True),
        Column(key="event", title="EVENT", cell=what, width=20, grow=True, sort=lambda entry: entry.event),
    )


def _rank(entry: LogEntry) -> int:
    return rank(entry.level)


def _level(entry: LogEntry) -> Cell:
    return [(entry.level, TONES.get(entry.level, "info"))]
