"""What the server says while the dashboard watches: its own log, newest first, by level."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from a2a.tui import words
from a2a.tui.desk import Desk
from a2a.tui.frame import Title
from a2a.tui.ink import Cell, Piece, Tone
from a2a.tui.listing import Column, Listing
from a2a.tui.said import Said
from a2a.tui.state import Changes, Entry
from a2a.tui.view import Goto, View, Word

LEVELS = ("debug", "info", "warning", "error", "critical")
"""From the least to the most that matters."""
FLOORS = ("debug", "info", "warning", "error")
TONES: dict[str, Tone] = {"debug": "dim", "info": "info", "warning": "warn", "error": "bad", "critical": "bad"}
_FIRST = ("account", "provider", "exchange")
"""Fields that are told before the others."""
_LAST = ("logger",)


class LogList(Listing[Entry]):
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
        self.floor = "info"
        self.held: int | None = None
        """The number of the newest line when the list was paused."""
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
        least = LEVELS.index(self.floor)
        kept = [entry for entry in self.desk.state.logs if _rank(entry) >= least]
        if self.held is not None:
            shown = [entry for entry in kept if entry.seq <= self.held]
            waiting = len(kept) - len(shown)
            kept = shown
        else:
            waiting = 0
        self._list.empty = f"nothing of level {self.floor} or above since the dashboard began to watch"
        self._list.fill(kept[::-1])
        self._tell(waiting)

    def action_level(self) -> None:
        self.choose_level(FLOORS[(FLOORS.index(self.floor) + 1) % len(FLOORS)])

    def choose_level(self, name: str) -> None:
        """Nothing for a name that is none."""
        if name.strip() in FLOORS:
            self.floor = name.strip()
            self._fill()

    def action_pause(self) -> None:
        newest = self.desk.state.logs[-1].seq if self.desk.state.logs else 0
        self.held = newest if self.held is None else None
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
        entry: Entry = message.row
        if exchange := entry.line.fields.get("exchange"):
            self.post_message(Goto("exchange", exchange))

    def _tell(self, waiting: int) -> None:
        told: list[Piece] = [(f"{self.floor} and above {self.desk.marks.dot} {len(self._list.rows)}", "dim")]
        if self.held is not None:
            told.append((f"  {self.desk.marks.paused} paused, {waiting} waiting", "warn"))
        self._head.tell(told)
        self._say()

    def _say(self) -> None:
        entry = self._list.current
        self._said.say((f"{entry.line.event}  {_fields(entry)}".strip() if entry is not None else "", ""))


def _rank(entry: Entry) -> int:
    """An unknown level counts as info."""
    return LEVELS.index(entry.line.level) if entry.line.level in LEVELS else 1


def _ordered(entry: Entry) -> list[tuple[str, str]]:
    fields = entry.line.fields
    middle = [name for name in fields if name not in (*_FIRST, *_LAST)]
    return [(name, fields[name]) for name in (*_FIRST, *middle, *_LAST) if name in fields]


def _fields(entry: Entry) -> str:
    return "  ".join(f"{name}={value}" for name, value in _ordered(entry))


def _columns() -> Sequence[Column[Entry]]:
    def what(entry: Entry) -> Cell:
        tone: Tone = "strong" if _rank(entry) >= LEVELS.index("warning") else "plain"
        pieces: list[Piece] = [(entry.line.event, tone)]
        for name, value in _ordered(entry):
            pieces += [(f"  {name}=", "dim"), (value, "dim" if name in _LAST else "plain")]
        return pieces

    return (
        Column(key="time", title="TIME", cell=lambda entry: [(words.clock_time(entry.at), "dim")], width=8),
        Column(key="level", title="LEVEL", cell=_level, width=8, sort=_rank, first_down=True),
        Column(key="event", title="EVENT", cell=what, width=20, grow=True, sort=lambda entry: entry.line.event),
    )


def _level(entry: Entry) -> Cell:
    return [(entry.line.level, TONES.get(entry.line.level, "info"))]
