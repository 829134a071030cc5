"""The live stream: numbered, resumable, bounded; the latest state wins."""

from __future__ import annotations

import asyncio

import pytest
from support.entries import entry_of
from support.pool_kit import NOW, FakeClock

from a2a.control.types import (
    AccountChanged,
    AccountGone,
    AccountView,
    Bodies,
    Exchange,
    ExchangeChanged,
    LiveEvent,
    LogEntry,
    LogLine,
    LogWish,
    Missed,
    Progress,
)
from a2a.logs.live import LOG_LINES, UNHEARD, Live

pytestmark = pytest.mark.anyio

FIRST = int(NOW * 1_000_000)
SOON_S = 5.0


def live(history: int = 100) -> Live:
    return Live(FakeClock(), history)


def publish(stream: Live, *names: str) -> None:
    for name in names:
        stream.publish(LogLine(level="info", event=name))


def exchange(name: str, **fields: object) -> Exchange:
    return Exchange(id=name, started_at=0.0, client="c", front="chat", path="/", **fields)  # type: ignore[arg-type]


def tell(stream: Live, *exchanges: Exchange) -> None:
    """They have changed, and can be looked up from now on."""
    known = {one.id: one for one in [*stream.recall(), *exchanges]}
    stream.recall = known.values
    for one in exchanges:
        stream.changed(entry_of(one))


def account(name: str, state: str = "ready") -> AccountView:
    return AccountView(id=name, provider="openai-custom", alias=name, state=state)  # type: ignore[arg-type]


def numbers(events: list[LiveEvent]) -> list[int]:
    return [event.seq - FIRST for event in events]


def changes(events: list[LiveEvent]) -> list[object]:
    return [event.change for event in events]


async def test_events_are_numbered_and_timed() -> None:
    stream = live()
    assert (stream.last, stream.since(stream.last)) == (FIRST, [])
    publish(stream, "a", "b")
    assert stream.since(FIRST) == [
        LiveEvent(FIRST + 1, NOW, LogLine(level="info", event="a")),
        LiveEvent(FIRST + 2, NOW, LogLine(level="info", event="b")),
    ]
    assert stream.last == FIRST + 2


@pytest.mark.parametrize(("after", "seen"), [(0, [1, 2, 3]), (1, [2, 3]), (3, [])])
async def test_a_listener_resumes_behind_what_it_saw(after: int, seen: list[int]) -> None:
    stream = live()
    publish(stream, "a", "b", "c")
    assert numbers(stream.since(FIRST + after)) == seen


async def test_a_page_begins_with_the_oldest() -> None:
    stream = live()
    publish(stream, *"abcde")
    assert numbers(stream.since(FIRST + 1, most=2)) == [2, 3]


@pytest.mark.parametrize(("after", "count", "seen"), [(0, 3, [4, 5]), (2, 1, [4, 5]), (3, 0, [4, 5]), (4, 0, [5])])
async def test_one_that_was_away_too_long_is_told_so(after: int, count: int, seen: list[int]) -> None:
    stream = live(history=2)
    publish(stream, *"abcde")
    events = stream.since(FIRST + after)
    told = [event.change for event in events if isinstance(event.change, Missed)]
    assert told == ([Missed(count=count)] if count else [])
    assert numbers(events)[-len(seen) :] == seen


async def test_going_on_behind_what_it_was_told_of_misses_nothing_more() -> None:
    stream = live(history=2)
    publish(stream, *"abcde")
    missed = stream.since(FIRST + 1)[0]
    assert numbers(stream.since(missed.seq)) == [4, 5]


@pytest.mark.parametrize("after", [FIRST - 1, 7, FIRST + 4])
async def test_a_number_of_another_process_is_told_and_everything_kept_comes(after: int) -> None:
    stream = live()
    publish(stream, "a", "b", "c")
    missed, *rest = stream.since(after)
    assert missed.change == Missed(count=0, restarted=True)
    assert numbers(rest) == [1, 2, 3]


async def test_nought_stands_for_all_that_is_kept() -> None:
    stream = live(history=2)
    publish(stream, *"abc")
    assert numbers(stream.since(0)) == [2, 3]


async def test_numbers_of_a_later_process_are_greater() -> None:
    clock = FakeClock()
    before = Live(clock)
    publish(before, *"abc")
    clock.tick(1.0)
    assert Live(clock).last > before.last


async def test_a_change_takes_the_place_of_an_older_one_of_the_same_thing() -> None:
    stream = live()
    stream.publish(AccountChanged(account("a", "cooling")))
    stream.publish(ExchangeChanged(exchange("ex_1")))
    stream.publish(AccountChanged(account("b")))
    stream.publish(AccountChanged(account("a")))
    stream.publish(ExchangeChanged(exchange("ex_1", state="done")))
    assert numbers(stream.since(FIRST)) == [3, 4, 5]
    assert changes(stream.since(FIRST + 3)) == [
        AccountChanged(account("a")),
        ExchangeChanged(exchange("ex_1", state="done")),
    ]


async def test_an_account_that_is_gone_has_no_other_state() -> None:
    stream = live()
    stream.publish(AccountChanged(account("a")))
    stream.publish(AccountGone(id="a", account="openai/a"))
    assert changes(stream.since(FIRST)) == [AccountGone(id="a", account="openai/a")]


async def test_progress_ends_with_the_next_word_of_its_exchange() -> None:
    stream = live()
    stream.publish(ExchangeChanged(exchange("ex_1")))
    stream.publish(Progress(id="ex_1", output_bytes=1))
    stream.publish(Progress(id="ex_1", output_bytes=2))
    assert changes(stream.since(FIRST)) == [
        ExchangeChanged(exchange("ex_1")),
        Progress(id="ex_1", output_bytes=2),
    ]
    stream.publish(ExchangeChanged(exchange("ex_1", state="done")))
    assert changes(stream.since(FIRST)) == [ExchangeChanged(exchange("ex_1", state="done"))]


async def test_no_body_stays_in_the_log() -> None:
    stream = live()
    one = exchange("ex_1", bodies=Bodies(request="words"))
    stream.publish(ExchangeChanged(one))
    (event,) = stream.since(FIRST)
    assert isinstance(event.change, ExchangeChanged)
    assert event.change.exchange.bodies is None
    assert one.bodies is not None


async def test_listening_gives_what_was_and_what_comes() -> None:
    stream = live()
    publish(stream, "a", "b")
    listener = stream.listen(FIRST + 1)
    assert numbers(await listener.events(10, SOON_S)) == [2]
    waiting = asyncio.ensure_future(listener.events(10, SOON_S))
    await asyncio.sleep(0)
    publish(stream, "c")
    assert numbers(await waiting) == [3]


async def test_without_a_number_it_begins_now() -> None:
    stream = live()
    publish(stream, "a")
    listener = stream.listen()
    publish(stream, "b")
    assert numbers(await listener.events(10, SOON_S)) == [2]


async def test_nothing_comes_within_the_patience() -> None:
    assert await live().listen().events(10, 0.001) == []


async def test_a_slow_listener_gets_the_latest_state_once() -> None:
    stream = live()
    listener = stream.listen()
    for state in ("routing", "waiting", "streaming", "done"):
        stream.publish(ExchangeChanged(exchange("ex_1", state=state)))
    assert changes(await listener.events(10, SOON_S)) == [ExchangeChanged(exchange("ex_1", state="done"))]


async def test_a_slow_listener_is_told_what_fell_out() -> None:
    stream = live(history=2)
    listener = stream.listen()
    publish(stream, *"abcdef")
    assert [type(change) for change in changes(await listener.events(10, SOON_S))] == [Missed, LogLine, LogLine]


async def test_a_flood_leaves_no_more_than_the_history() -> None:
    stream = live(history=50)
    listeners = [stream.listen() for _ in range(3)]
    for number in range(5000):
        stream.publish(ExchangeChanged(exchange(f"ex_{number}")))
        stream.publish(AccountChanged(account("a")))
    assert len(stream.since(0)) == 50
    for listener in listeners:
        seen = changes(await listener.events(1000, SOON_S))
        assert isinstance(seen[0], Missed)
        assert seen[-1] == AccountChanged(account("a"))
        assert len(seen) == 51


async def test_closing_ends_the_wait_at_once() -> None:
    stream = live()
    listener = stream.listen()
    waiting = asyncio.ensure_future(listener.events(10, 3600.0))
    await asyncio.sleep(0)
    assert stream.heard.is_set()
    listener.close()
    assert await waiting == []
    assert not stream.heard.is_set()


async def test_who_leaves_does_not_silence_the_others() -> None:
    stream = live()
    one, other = stream.listen(), stream.listen()
    one.close()
    publish(stream, "a")
    assert stream.heard.is_set()
    assert numbers(await other.events(10, SOON_S)) == [1]


async def test_an_exchange_that_nobody_hears_of_is_told_when_somebody_asks() -> None:
    stream = live()
    one, two = exchange("ex_1"), exchange("ex_2")
    tell(stream, one, two)
    stream.publish(AccountChanged(account("a")))
    tell(stream, exchange("ex_1", state="done"))
    assert changes(stream.since(FIRST)) == [
        AccountChanged(account("a")),
        ExchangeChanged(exchange("ex_1", state="done")),
        ExchangeChanged(two),
    ]
    assert stream.last == FIRST + 3


async def test_what_is_not_known_any_more_is_lost() -> None:
    stream = live()
    gone, kept = exchange("ex_1"), exchange("ex_2")
    publish(stream, "a")
    before = stream.last
    tell(stream, gone, kept)
    stream.recall = lambda: [kept]
    missed, rest = stream.since(before)
    assert (missed.change, rest.change) == (Missed(count=1), ExchangeChanged(kept))


async def test_who_begins_to_listen_hears_what_comes_then() -> None:
    stream = live()
    tell(stream, exchange("ex_1"))
    listener = stream.listen()
    tell(stream, exchange("ex_2"))
    assert changes(await listener.events(10, SOON_S)) == [ExchangeChanged(exchange("ex_2"))]
    listener.close()


async def test_who_comes_back_to_what_nobody_heard_is_told_what_is_lost() -> None:
    stream = live(history=1000)
    listener = stream.listen()
    tell(stream, exchange("ex_before"))
    seen = (await listener.events(10, SOON_S))[-1].seq
    listener.close()
    tell(stream, *(exchange(f"ex_{n}") for n in range(UNHEARD + 5)))
    missed, *rest = stream.since(seen, most=1000)
    assert missed.change == Missed(count=5)
    assert [event.change.exchange.id for event in rest if isinstance(event.change, ExchangeChanged)] == [
        f"ex_{n}" for n in range(5, UNHEARD + 5)
    ]
    assert [event.seq for event in rest] == sorted(event.seq for event in rest)
    assert stream.since(missed.seq) == rest[:UNHEARD]


async def test_lines_of_the_log_outlive_a_flood_of_exchanges() -> None:
    stream = live(history=5)
    publish(stream, "a", "b")
    for number in range(50):
        stream.publish(ExchangeChanged(exchange(f"ex_{number}")))
    assert not any(isinstance(change, LogLine) for change in changes(stream.since(0)))
    assert stream.log(LogWish()) == [
        LogEntry(seq=FIRST + 1, at=NOW, level="info", event="a"),
        LogEntry(seq=FIRST + 2, at=NOW, level="info", event="b"),
    ]


async def test_only_so_many_lines_are_kept() -> None:
    stream = live()
    publish(stream, *(f"line_{number}" for number in range(LOG_LINES + 5)))
    kept = stream.log(LogWish(limit=LOG_LINES))
    assert (len(kept), kept[0].event, kept[-1].event) == (LOG_LINES, "line_5", f"line_{LOG_LINES + 4}")


async def test_the_newest_lines_of_a_level_and_above() -> None:
    stream = live()
    for level in ("info", "warning", "error", "critical", "info"):
        stream.publish(LogLine(level=level, event=level))
    assert [line.event for line in stream.log(LogWish(level="warning", limit=2))] == ["error", "critical"]
    assert [line.event for line in stream.log(LogWish(limit=2))] == ["critical", "info"]
