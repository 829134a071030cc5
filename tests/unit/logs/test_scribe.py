"""The queue between the event loop and whoever writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import msgspec
import pytest
from msgspec import Struct
from record_kit import exchange
from support.pool_kit import FakeClock
from support.waiting import eventually

from a2a.control.types import Exchange, Recording
from a2a.logs import scribe as scribe_module
from a2a.logs.live import Live
from a2a.logs.recorder import Recorder
from a2a.logs.scribe import Entry, Scribe


class Pen:
    """A hand that notes what it is given. `refuses`: how often it cannot write; `holds`: cleared, it waits."""

    def __init__(self, refuses: int = 0) -> None:
        self.batches: list[tuple[list[int], bool]] = []
        self.bodies: list[int] = []
        self.without: list[int] = []
        self.refuses = refuses
        self.holds = threading.Event()
        self.holds.set()
        self.begun = threading.Event()
        self.closed = False
        self.tidied = 0
        self.to_tidy = 0
        self.broken = False

    @property
    def stopped(self) -> Recording | None:
        return Recording(stopped="no room") if self.refuses else None

    waiting = 0
    lost = 0
    held = 0

    @property
    def written(self) -> list[int]:
        return [n for batch, _ in self.batches for n in batch]

    def write(self, batch: Sequence[Entry], *, again: bool) -> bool:
        self.begun.set()
        assert self.holds.wait(10)
        if self.broken:
            self.broken = False
            raise ZeroDivisionError("a bug")
        if self.refuses:
            self.refuses -= 1
            return False
        found = [(unpack(data), large) for data, large in batch]
        self.batches.append(([int(one.id[3:]) for (one, _), _ in found], again))
        self.bodies += [int(one.id[3:]) for (one, held), _ in found if held is not None]
        self.without += [int(one.id[3:]) for (one, _), _ in found if one.bodies_lost]
        assert all(held is None or [held.size] == [*map(len, large)] for (_, held), large in found)
        return True

    def tidy(self) -> bool:
        self.tidied += 1
        return self.tidied < self.to_tidy

    def close(self) -> None:
        self.closed = True


class Held(Struct):
    """A capture of this size."""

    size: int

    def beside(self) -> list[bytes]:
        return [b"x" * self.size]


unpack = msgspec.msgpack.Decoder(tuple[Exchange, Held | None]).decode


@pytest.fixture
def pen() -> Pen:
    return Pen()


@pytest.fixture
def scribe(pen: Pen, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scribe]:
    monkeypatch.setattr(scribe_module, "BATCH_S", 0.01)
    monkeypatch.setattr(scribe_module, "TOGETHER", 1)
    made = Scribe(pen)
    yield made
    pen.holds.set()
    made.close()


def test_what_was_put_is_written_in_order(pen: Pen, scribe: Scribe) -> None:
    for n in range(10):
        scribe.put(exchange(n))
    assert scribe.flush()
    assert pen.written == list(range(10))
    state = scribe.counted(Recording())
    assert (state.written, state.lost, state.waiting) == (10, 0, 0)


def test_the_end_writes_what_waits(pen: Pen, scribe: Scribe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scribe_module, "BATCH_S", 1000.0)
    scribe.put(exchange(1))
    scribe.close()
    assert (pen.written, pen.closed) == ([1], True)


def test_old_ones_go_while_nothing_is_written(pen: Pen, scribe: Scribe) -> None:
    pen.to_tidy = 5
    scribe.attend()
    eventually(lambda: pen.tidied == 5, "all of them")
    assert pen.written == []


def test_it_looks_anew_when_it_is_told(pen: Pen, scribe: Scribe) -> None:
    scribe.attend()
    eventually(lambda: pen.tidied == 1, "the first look")
    scribe.attend()
    eventually(lambda: pen.tidied == 2, "the second")


def test_an_end_without_anything_begins_no_thread(pen: Pen, scribe: Scribe) -> None:
    scribe.close()
    assert not pen.closed
    assert not [one for one in threading.enumerate() if one.name == "a2a record"]


def test_what_cannot_be_written_is_tried_again_as_it_is(pen: Pen, scribe: Scribe) -> None:
    pen.refuses = 3
    scribe.put(exchange(1))
    eventually(lambda: pen.batches, "the batch")
    assert pen.batches == [([1], True)]


def test_a_flush_does_not_wait_for_what_is_stopped(pen: Pen, scribe: Scribe) -> None:
    pen.refuses = 1_000_000
    scribe.put(exchange(1))
    assert not scribe.flush()
    assert scribe.counted(Recording()).waiting == 1
    pen.refuses = 0


def test_the_oldest_that_wait_are_let_go_of(pen: Pen, scribe: Scribe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scribe_module, "WAITING", 5)
    pen.holds.clear()
    scribe.put(exchange(0))
    assert pen.begun.wait(10)
    for n in range(1, 11):
        scribe.put(exchange(n))
    assert scribe.counted(Recording()).lost == 5
    pen.holds.set()
    assert scribe.flush()
    assert pen.written == [0, 6, 7, 8, 9, 10]


def test_exchanges_go_without_their_bodies_while_too_many_wait(
    pen: Pen, scribe: Scribe, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(scribe_module, "WAITING_BYTES", 100_000)
    pen.holds.clear()
    scribe.put(exchange(0), Held(90_000))
    assert pen.begun.wait(10)
    for n in range(1, 4):
        scribe.put(exchange(n), Held(60_000))
    pen.holds.set()
    assert scribe.flush()
    scribe.put(exchange(4), Held(60_000))
    assert scribe.flush()
    assert (pen.written, pen.bodies, pen.without) == ([0, 1, 2, 3, 4], [0, 1, 4], [2, 3])
    state = scribe.counted(Recording())
    assert (state.written, state.lost, state.without_bodies) == (5, 0, 2)
    assert caplog.text.count("bodies_left_out") == 1


def test_what_the_hand_holds_counts_too(pen: Pen, scribe: Scribe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scribe_module, "WAITING_BYTES", 100_000)
    pen.held = 100_001
    scribe.put(exchange(0), Held(1))
    assert scribe.flush()
    pen.held = 0
    scribe.put(exchange(1), Held(1))
    assert scribe.flush()
    assert (pen.bodies, pen.without) == ([1], [0])


def test_large_bodies_come_in_small_batches(pen: Pen, scribe: Scribe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scribe_module, "BATCH_BYTES", 100_000)
    pen.holds.clear()
    scribe.put(exchange(0))
    assert pen.begun.wait(10)
    for n in range(1, 6):
        scribe.put(exchange(n), Held(60_000))
    pen.holds.set()
    assert scribe.flush()
    assert [batch for batch, _ in pen.batches] == [[0], [1, 2], [3, 4], [5]]


def test_large_bodies_do_not_wait_for_more(pen: Pen, scribe: Scribe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scribe_module, "BATCH_S", 1000.0)
    monkeypatch.setattr(scribe_module, "MANY_BYTES", 100_000)
    scribe.put(exchange(0), Held(60_000))
    scribe.put(exchange(1), Held(60_000))
    eventually(lambda: pen.written == [0, 1], "the batch")


class Noting(Held):
    """Who has packed it."""

    def beside(self) -> list[bytes]:
        PACKED_BY.append(threading.current_thread().name)
        return super().beside()


PACKED_BY: list[str] = []


def test_many_are_packed_at_once_and_few_by_the_thread(
    pen: Pen, scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scribe_module, "TOGETHER", 3)
    PACKED_BY.clear()
    scribe.put(exchange(0), Noting(1))
    assert scribe.flush()
    assert PACKED_BY == ["a2a record"]
    monkeypatch.setattr(scribe_module, "BATCH_S", 1000.0)
    for n in range(1, 4):
        assert PACKED_BY == ["a2a record"]
        scribe.put(exchange(n), Noting(1))
    me = threading.current_thread().name
    assert ["a2a record", me, me, me] == PACKED_BY
    asks, answers = exchange(4), exchange(5)
    asks.request_bytes = answers.answer_bytes = 1024 * 1024
    scribe.put(asks, Noting(1))
    scribe.put(answers, Noting(1))
    assert PACKED_BY[4:] == [me, me]
    assert scribe.flush()
    assert pen.bodies == [0, 1, 2, 3, 4, 5]


def test_a_bug_costs_a_batch_and_not_the_recording(pen: Pen, scribe: Scribe, caplog: pytest.LogCaptureFixture) -> None:
    pen.broken = True
    scribe.put(exchange(1))
    assert scribe.flush()
    scribe.put(exchange(2))
    assert scribe.flush()
    assert pen.written == [2]
    assert scribe.counted(Recording()).lost == 1
    assert "exchanges_not_recorded count=1" in caplog.text


def test_what_cannot_be_packed_is_counted_and_stops_nobody(pen: Pen, scribe: Scribe) -> None:
    odd = exchange(1)
    odd.agent = "\udc80"
    scribe.put(odd)
    scribe.put(exchange(2))
    assert scribe.flush(10)
    assert pen.written == [2]
    assert scribe.counted(Recording()).lost == 1


def test_where_there_is_no_room_bodies_are_not_even_captured(
    pen: Pen, scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scribe_module, "WAITING_BYTES", 100_000)
    recorder = Recorder(Live(FakeClock()), scribe=scribe)
    first, second, third = exchange(1), exchange(2), exchange(3)
    assert recorder.takes_bodies(first)
    pen.held = 100_001
    scribe.put(exchange(4), Held(1))
    assert not recorder.takes_bodies(second)
    pen.held = 0
    eventually(lambda: not scribe.full, "room, though nothing else comes")
    assert recorder.takes_bodies(third)
    for one in (first, second, third):
        recorder.end(one)
    assert scribe.flush()
    assert (pen.without, scribe.counted(Recording()).without_bodies) == ([4, 2], 2)
