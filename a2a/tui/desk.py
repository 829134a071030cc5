"""What every part of the dashboard is handed: whom to ask, what is known, how to draw and how to name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from a2a.clock import Clock
from a2a.control.calls import ControlCalls
from a2a.control.types import AccountView
from a2a.tui.marks import UNICODE, Marks
from a2a.tui.state import State

Connect = Callable[[], Awaitable[ControlCalls]]
"""Finds the server and gives calls to it; asked again each time a connection is lost. Raises errors of our family."""


class Around(Struct, frozen=True, kw_only=True):
    """What the one who starts the dashboard knows of the terminal and the machine.

    `editor`, `pager`: command lines, None where the person has set none. `shorts`: provider id -> short name. `saves`:
    the folder that files are saved into. `qr`: lines of a QR code for a text. `ends`: what leaving the screen
    ends, in words.
    """

    marks: Marks = UNICODE
    theme: str = "dark"
    shorts: Mapping[str, str] = {}
    editor: str | None = None
    pager: str | None = None
    saves: Path = Path()
    keys: Path | None = None
    """`keys.toml`, which need not be there."""
    qr: Callable[[str], list[str]] | None = None
    ends: Callable[[], str | None] = lambda: None
    remembered: Path | None = None
    """File that keeps the theme from one time to the next."""


@dataclass
class Desk:
    """One for the whole app. `control` changes with each connection: read it anew for every call."""

    control: ControlCalls
    state: State
    around: Around = field(default_factory=Around)

    @property
    def clock(self) -> Clock:
        return self.state.clock

    @property
    def marks(self) -> Marks:
        return self.around.marks

    def short(self, provider: str) -> str:
        """`kiro` for `claude-kiro-oauth`."""
        return self.around.shorts.get(provider, provider)

    def account_name(self, account: AccountView) -> str:
        """`kiro/work`, as a person types it."""
        return f"{self.short(account.provider)}/{account.alias}"
