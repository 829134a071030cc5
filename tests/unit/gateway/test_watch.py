"""Silence on a stream, on a loop whose time the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from a2a.gateway import watch as module
from a2a.gateway.watch import Watch


class Loop:
    """`time` and `call_at` of an event loop; `run` moves the time and wakes what is due on the way."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[tuple[float, Callable[[], None], Any]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], None]) -> Any:
        timer = SimpleNamespace(cancelled=False)
        timer.cancel = lambda: setattr(timer, "cancelled", True)
        self.timers.append((when, callback, timer))
        return timer

    @property
    def armed(self) -> list[float]:
        return [when for when, _, timer in self.timers if not timer.cancelled]

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while due := [entry for entry in self.timers if entry[0] <= until and not entry[2].cancelled]:
            entry = min(due, key=lambda item: item[0])
            self.timers.remove(entry)
            self.now = max(self.now, entry[0])
            entry[1]()
        self.now = until


class Scene:
    """A watch, and when it called whom (seconds since the start)."""

    def __init__(self, loop: Loop, **limits: float) -> None:
        self.loop = loop
        self.said: list[tuple[str, float]] = []
        self.blocked = False
        options = {"quiet_s": 0.0, "idle_s": 0.0, **limits}
        self.watch = Watch(
            on_quiet=lambda: self.said.append(("quiet", loop.now - 100)),
            on_over=lambda: self.said.append(("over", loop.now - 100)),
            blocked=lambda: self.blocked,
            **options,
        )


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    made = Loop()
    monkeypatch.setattr(module, "asyncio", SimpleNamespace(get_running_loop=lambda: made))
    return made


def test_every_silence_is_told(loop: Loop) -> None:
    scene = Scene(loop, quiet_s=10)
    loop.run(35)
    assert scene.said == [("quiet", 10), ("quiet", 20), ("quiet", 30)]


def test_bytes_start_the_silence_anew(loop: Loop) -> None:
    scene = Scene(loop, quiet_s=10)
    for _ in range(5):
        loop.run(6)
        scene.watch.touch()
    assert scene.said == []
    loop.run(10)
    assert scene.said == [("quiet", 40)]


def test_a_long_silence_is_the_end_once(loop: Loop) -> None:
    scene = Scene(loop, idle_s=30)
    loop.run(100)
    assert (scene.said, scene.watch.over, loop.armed) == ([("over", 30)], "idle", [])


def test_keep_alives_are_no_sign_of_life(loop: Loop) -> None:
    scene = Scene(loop, quiet_s=10, idle_s=25)
    loop.run(100)
    assert scene.said == [("quiet", 10), ("quiet", 20), ("over", 25)]


def test_bytes_keep_it_alive(loop: Loop) -> None:
    scene = Scene(loop, idle_s=30)
    for _ in range(10):
        loop.run(29)
        scene.watch.touch()
    assert scene.watch.over == ""


def test_a_client_that_takes_nothing_is_no_silence_of_the_upstream(loop: Loop) -> None:
    scene = Scene(loop, quiet_s=10, idle_s=30)
    scene.blocked = True
    loop.run(100)
    assert scene.said == []
    scene.blocked = False
    loop.run(40)
    assert scene.said == [("quiet", 110), ("quiet", 120), ("over", 130)]


def test_a_total_limit_holds_although_bytes_come(loop: Loop) -> None:
    scene = Scene(loop, quiet_s=10, idle_s=30, left_s=45)
    for _ in range(12):
        loop.run(5)
        scene.watch.touch()
    assert (scene.said, scene.watch.over) == ([("over", 45)], "total")


def test_with_all_limits_off_there_is_no_timer(loop: Loop) -> None:
    scene = Scene(loop)
    assert loop.armed == []
    scene.watch.stop()
    assert scene.watch.over == ""


def test_stopped_it_says_nothing_more(loop: Loop) -> None:
    scene = Scene(loop, quiet_s=10, idle_s=30)
    loop.run(15)
    scene.watch.stop()
    scene.watch.stop()
    loop.run(1000)
    assert (scene.said, loop.armed) == ([("quiet", 10)], [])


def test_one_timer_whatever_comes(loop: Loop) -> None:
    scene = Scene(loop, quiet_s=10, idle_s=30)
    for _ in range(1000):
        scene.watch.touch()
    assert len(loop.timers) == 1


@pytest.mark.anyio
async def test_on_the_real_loop_it_leaves_nothing_behind() -> None:
    ended = asyncio.Event()
    watch = Watch(quiet_s=0, on_quiet=lambda: None, idle_s=0.001, on_over=ended.set)
    await ended.wait()
    watch.stop()
    assert watch.over == "idle"
