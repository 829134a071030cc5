"""What a view is: one page of the dashboard, and how it joins in.

A view draws from `desk.state` and asks `desk.control`. It is made once, when it is first shown, and stays; a page about
one thing (`argument` is its id) is made anew each time and goes when the person goes back.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import ClassVar, TypeVar

from msgspec import Struct
from textual.message import Message
from textual.widget import Widget

from a2a.errors import A2AError
from a2a.tui.asking import Tell, ask
from a2a.tui.desk import Desk
from a2a.tui.state import Changes

T = TypeVar("T")

__all__ = ["Goto", "Tell", "View", "Word"]


class Word(Struct, frozen=True):
    """One command of the `:` line. `run` gets what stands behind the word; `completes` gives words for that place.

    `alone`: it means something without them too.
    """

    word: str
    does: str
    run: Callable[[str], None]
    completes: Callable[[], list[str]] | None = None
    alone: bool = False


class Goto(Message):
    """Asks the app for a view: by its name, and with an argument for a page about one thing."""

    def __init__(self, name: str, argument: str = "") -> None:
        super().__init__()
        self.name = name
        self.argument = argument


class View(Widget):
    """Base of all views. A subclass gives `TITLE`, `compose` (or `render`), and the methods it needs."""

    TITLE: ClassVar[str] = ""
    DEFAULT_CSS = "View { width: 1fr; height: 1fr; layout: vertical; }"

    def __init__(self, desk: Desk, argument: str = "") -> None:
        super().__init__()
        self.desk = desk
        self.argument = argument
        self.pattern: re.Pattern[str] | None = None
        """What `/` was told; None: everything."""

    @property
    def crumb(self) -> str:
        """Its name in the breadcrumbs."""
        return self.argument or self.TITLE

    @property
    def remark(self) -> str:
        """What the title line says beside the crumbs: `filter: 5 of 120`, `paused`."""
        return ""

    def take(self, changes: Changes) -> None:
        """The state changed (`EVERYTHING` when the view comes into sight).

        Called while it is seen, ten times a second at most; it must not wait.
        """

    def beat(self) -> None:
        """Once a second while it is seen: for countdowns."""

    def narrow(self, pattern: re.Pattern[str] | None) -> None:
        """`/` was typed in this view: show what matches, or everything again. Override, and call this first."""
        self.pattern = pattern

    def words(self) -> list[Word]:
        """Commands of the `:` line that this view adds."""
        return []

    def ask(
        self, work: Awaitable[T], then: Callable[[T], None], failed: Callable[[A2AError], None] | None = None
    ) -> None:
        """Await `work` (a call of `desk.control`) without blocking the screen, then call `then` with its result.

        An error of our family goes to `failed`, else it becomes a toast with what helps. Goes with the view.
        """
        ask(self, work, then, failed)
