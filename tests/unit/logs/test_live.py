"""The live stream: numbered, resumable, bounded."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from support.pool_kit import NOW, FakeClock

from a2a.control.types import LogLine
from a2a.logs.live import Live

pytestmark = pytest.mark.anyio


def live(history: int = 100) -> Live:
    return Live(FakeClock(), history)


def publish(stream: Live, *names: str) -> None:
    for name in names:
        stream.publish(LogLine(level="info", event=name))


async def read(stream: Live, after: int, count: int) -> list[int]:
    seen: list[int] = []
    async with aclosing(stream.listen(after)) as events:  # type: ignore[type-var]
        async for event in events:
            seen.append(event.seq)
            if len(seen) == count:
                break
    return seen


async def test_events_are_numbered_and_timed() -> None:
    stream = live()
    assert (stream.last, stream.since(0)) == (0, [])
    publish(stream, "a", "b")
    assert [(event.seq, event.at, event.change) for event in stream.since(0)] == [
        (1, NOW, LogLine(level="info", event="a")),
        (2, NOW, LogLine(level="info", event="b")),
    ]
    assert stream.last == 2


@pytest.mark.parametrize(("after", "seen"), [(0, [1, 2, 3]), (1, [2, 3]), (3, []), (99, [])])
async def test_a_listener_resumes_behind_what_it_saw(after: int, seen: list[int]) -> None:
    stream = live()
    publish(stream, "a", "b", "c")
    assert [event.seq for event in stream.since(after)] == seen


@pytest.mark.parametrize(("after", "seen"), [(0, [4, 5]), (2, [4, 5]), (4, [5])])
async def test_one_that_was_away_too_long_starts_with_what_is_left(after: int, seen: list[int]) -> None:
    stream = live(history=2)
    publish(stream, *"abcde")
    assert [event.seq for event in stream.since(after)] == seen


async def test_listening_gives_what_was_and_what_comes() -> None:
    stream = live()
    publish(stream, "a", "b")
    reading = asyncio.ensure_future(read(stream, 1, 3))
    await asyncio.sleep(0)
    publish(stream, "c")
    await asyncio.sleep(0)
    publish(stream, "d")
    assert await reading == [2, 3, 4]


async def test_a_slow_listener_skips_what_fell_out() -> None:
    stream = live(history=2)
    publish(stream, "a")
    async with aclosing(stream.listen(0)) as events:  # type: ignore[type-var]
        assert (await anext(events)).seq == 1
        publish(stream, *"bcdef")
        assert [(await anext(events)).seq for _ in range(2)] == [5, 6]


async def test_listeners_do_not_disturb_each_other() -> None:
    stream = live()
    readings = [asyncio.ensure_future(read(stream, 0, count)) for count in (1, 2)]
    await asyncio.sleep(0)
    publish(stream, "a")
    await asyncio.sleep(0)
    publish(stream, "b")
    assert await asyncio.gather(*readings) == [[1], [1, 2]]


async def test_who_leaves_is_forgotten() -> None:
    stream = live()
    publish(stream, "a")
    await read(stream, 0, 1)
    assert stream._waiters == set()
