"""Runs the dashboard in a terminal that is not there: a fake server, a clock that stands, and the screen as text."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from support.fake_control import SHORTS, FakeControl, FrozenClock, accounts, exchanges
from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widgets import Input

from a2a.tui.app import Dash
from a2a.tui.desk import Around
from a2a.tui.state import State

HOPS = 4
"""From a key to the widget, to what it tells the app, to what that changes."""
SCREENS = Path(__file__).parents[1] / "tui" / "screens"


def full() -> FakeControl:
    """A server with accounts and exchanges of every kind."""
    return FakeControl(accounts(), exchanges())


class Running:
    """A dashboard and its fake server."""

    def __init__(self, app: Dash, pilot: Pilot[Any], control: FakeControl, clock: FrozenClock) -> None:
        self.app = app
        self.pilot = pilot
        self.control = control
        self.clock = clock

    async def press(self, *keys: str) -> None:
        """One after the other, each when all widgets have done with the one before. Pilot's own takes 80 ms a key."""
        for key in keys:
            name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
            event = events.Key(name, key if len(key) == 1 else None)
            event.set_sender(self.app)
            self.app.post_message(event)
            typing = len(key) == 1 and isinstance(self.app.focused, Input)
            await self._quiet(2 if typing else HOPS)
        await self.settle()

    async def _quiet(self, hops: int = HOPS) -> None:
        """The app and all widgets have gone through what was in their queues, and what came of that."""
        for _ in range(hops):
            if not self.app.is_running:
                return
            done = asyncio.Event()
            self.app.call_later(done.set)
            with contextlib.suppress(TimeoutError):  # an app that has ended answers no more
                await asyncio.wait_for(done.wait(), 0.5)
            if self.app.is_running:
                await self.pilot._wait_for_screen()

    async def type(self, text: str) -> None:
        await self.press(*text)

    async def settle(self) -> None:
        """Whatever was asked for is drawn."""
        await self._quiet(2)
        if self.app.is_running:
            self.app.refresh_views()
            await self._quiet(2)

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait for something that a task of the app brings about."""
        for _ in range(500):
            await self.settle()
            if holds():
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"it did not come about; the screen says:\n{self.text()}")

    async def sees(self, *texts: str) -> None:
        await self.until(lambda: all(text in self.text() for text in texts))

    def lines(self) -> list[str]:
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]

    def text(self) -> str:
        return "\n".join(self.lines())

    def line_of(self, text: str) -> str:
        return next((line for line in self.lines() if text in line), "")


@asynccontextmanager
async def dashboard(
    control: FakeControl | None = None, size: tuple[int, int] = (100, 30), **around: Any
) -> AsyncIterator[Running]:
    """Attached, and its first view drawn."""
    server = control or full()
    clock = FrozenClock()
    app = Dash(server.connect, State(clock), Around(**{"shorts": SHORTS, **around}))
    async with app.run_test(size=size, notifications=True) as pilot:
        running = Running(app, pilot, server, clock)
        if server.gone is None:
            await running.until(lambda: app.desk.state.link.phase == "live")
        await running.settle()
        yield running


async def check_screen(running: Running, name: str) -> None:
    """The screen is the one that was looked at. To accept another, remove the file and run the test again."""
    path = SCREENS / f"{name}.txt"
    if not path.exists():
        await running.settle()
        path.write_text(running.text() + "\n", encoding="utf-8")
        raise AssertionError(f"{path.name} was not there and is written now: look at it")
    wanted = path.read_text(encoding="utf-8")
    for _ in range(20):
        if running.text() + "\n" == wanted:
            return
        await running.settle()
    differs = difflib.unified_diff(wanted.splitlines(), running.lines(), path.name, "the screen", lineterm="", n=0)
    raise AssertionError("\n".join(differs))
