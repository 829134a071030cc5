"""Every setting the running server has, with where its value comes from; and reading them anew."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from a2a.control.types import ConfigView, Reloaded, SettingView
from a2a.errors import A2AError
from a2a.tui import words
from a2a.tui.desk import Desk
from a2a.tui.frame import Title
from a2a.tui.ink import Cell, Piece
from a2a.tui.listing import Column, Listing
from a2a.tui.said import Said
from a2a.tui.state import EVERYTHING, Changes
from a2a.tui.view import Tell, View, Word

DEFAULT = "default"
"""The origin of what nobody set."""
UNSET = "-"
"""The value of a setting that has none."""


class SettingList(Listing[SettingView]):
    """Nothing lies behind a setting: Enter is not offered."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "open"


class Config(View):
    """A file that the server refused is told in the banner of every view, and here with its line."""

    TITLE = "Config"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "reload", "reload", id="config.reload"),
        Binding("d", "defaults", "defaults", id="config.defaults"),
    ]

    def __init__(self, desk: Desk, argument: str = "") -> None:
        super().__init__(desk, argument)
        self.own_only = False
        self._all: list[SettingView] = []
        self._loaded_at: float | None = None
        self._head = Title(desk, "Settings")
        self._list = SettingList(_columns(self), lambda row: row.name, marks=desk.marks)
        self._list.empty = "asking the server…"
        self._said = Said(desk)

    def compose(self) -> ComposeResult:
        yield self._head
        yield self._list
        yield self._said

    @property
    def config(self) -> ConfigView | None:
        return self.desk.state.server.config if self.desk.state.server is not None else None

    @property
    def restart(self) -> frozenset[str]:
        """Settings that wait for the server's next start."""
        return frozenset(self.config.restart) if self.config is not None else frozenset()

    def take(self, changes: Changes) -> None:
        loaded_at = self.config.loaded_at if self.config is not None else None
        if changes == EVERYTHING or loaded_at != self._loaded_at or not self._all:
            self._loaded_at = loaded_at
            self._renew()
        if "server" in changes.topics:
            self._list.redraw()
            self._tell()

    def _renew(self) -> None:
        self.ask(self.desk.control.settings(), self._came, self._failed)

    def _came(self, found: list[SettingView]) -> None:
        self._all = found
        self._fill()

    def _failed(self, error: A2AError) -> None:
        self._list.empty = "no settings"
        self._list.redraw()
        self._said.say((error.message, error.hint or ""))

    def _fill(self) -> None:
        self._list.empty = "every setting is at its default" if self.own_only else "no settings"
        self._list.fill([row for row in self._all if not self.own_only or row.origin != DEFAULT])
        self._tell()

    def action_defaults(self) -> None:
        self.own_only = not self.own_only
        self._fill()

    def action_reload(self) -> None:
        self.ask(self.desk.control.reload(), self._reloaded)

    def _reloaded(self, found: Reloaded) -> None:
        told = [f"{found.accounts} account" + ("" if found.accounts == 1 else "s")]
        told.append(f"changed: {', '.join(found.changed)}" if found.changed else "no setting changed")
        if found.restart:
            told.append(f"from the next start on: {', '.join(found.restart)}")
        problem = found.problems[0] if found.problems else None
        more = f" (and {len(found.problems) - 1} more)" if len(found.problems) > 1 else ""
        self.post_message(Tell(f"read again: {'; '.join(told)}", hint=problem and problem + more, bad=bool(problem)))
        self._renew()

    def narrow(self, pattern: re.Pattern[str] | None) -> None:
        super().narrow(pattern)
        self._list.narrow(pattern)
        self._tell()

    def words(self) -> list[Word]:
        return [
            Word("reload", "read settings and accounts again", lambda _: self.action_reload()),
            Word("defaults", "hide or show what nobody set", lambda _: self.action_defaults()),
        ]

    def on_listing_moved(self, message: Listing.Moved) -> None:
        message.stop()
        self._tell()

    def _tell(self) -> None:
        config, row = self.config, self._list.current
        file = (config.file or "no file") if config is not None else ""
        when = f", read {words.clock_time(config.loaded_at)}" if config is not None else ""
        own = sum(each.origin != DEFAULT for each in self._all)
        self._head.tell(f"{file}{when} {self.desk.marks.dot} {own} of {len(self._all)} set" if self._all else file)
        if config is not None and config.refused:
            self._said.say((f"the file is refused: {config.refused}", config.hint or ""))
        elif config is not None and config.problems:
            self._said.say((config.problems[0], ""))
        elif row is not None:
            waits = "; it waits for the next start" if row.name in self.restart else ""
            self._said.say((f"{row.name} = {row.value}, from {row.origin}{waits}", ""))


def _columns(page: Config) -> Sequence[Column[SettingView]]:
    def name(row: SettingView) -> Cell:
        room, _, last = row.name.rpartition(".")
        return [(f"{room}." if room else "", "dim"), (last, "plain" if row.origin == DEFAULT else "strong")]

    def value(row: SettingView) -> Cell:
        return [(row.value, "dim" if row.value == UNSET else "plain")]

    def origin(row: SettingView) -> Cell:
        own: list[Piece] = [(row.origin, "dim" if row.origin == DEFAULT else "accent")]
        if row.name in page.restart:
            own.append((f" {page.desk.marks.warn} next start", "warn"))
        return own

    return (
        Column(key="name", title="SETTING", cell=name, width=24, most=44, sort=lambda row: row.name),
        Column(key="value", title="VALUE", cell=value, width=16, grow=True, sort=lambda row: row.value),
        Column(key="origin", title="FROM", cell=origin, width=10, most=36, priority=1, sort=lambda row: row.origin),
    )
