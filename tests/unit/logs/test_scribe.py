"""The queue between the event loop and whoever writes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import pytest
from msgspec import Struct
from record_kit import exchange
from support.entries import entry_of
from support.waiting import eventually

from a2a.control.types import Recording
from a2a.logs import scribe as scribe_module
from a2a.logs.entry import Entry
from a2a.logs.scribe import LARGE, Ended, Lot, Packer, Scribe


class Pen:
    """A hand that notes what it is given. `refuses`: how often it cannot write; `holds`: cleared, it waits."""

    def __init__(self, refuses: int = 0) -> None:
        self.batches: list[tuple[list[int], bool]] = []
        self.turns: list[int] = []
        """Of each batch, how many turns had ended."""
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

    def write(self, batch: Sequence[Lot], *, again: bool) -> bool:
        self.begun.set()
        assert self.holds.wait(10)
        if self.broken:
            self.broken = False
            raise ZeroDivisionError("a bug")
        if self.refuses:
            self.refuses -= 1
            return False
        found = [one for lot in batch for one in unpack(lot.data)]
        assert [len(unpack(lot.data)) for lot in batch] == [lot.count for lot in batch]
        self.batches.append(([int(one.id[3:]) for one, _ in found], again))
        self.turns.append(self.tidied)
        self.bodies += [int(one.id[3:]) for one, held in found if held is not None]
        self.without += [int(one.id[3:]) for one, _ in found if one.bodies_lost]
        large = [len(body) for lot in batch for body in lot.large]
        assert large == [held.size for _, held in found if held is not None and held.size >= LARGE]
        return True

    def tidy(self) -> bool:
        self.tidied += 1
        return self.tidied < self.to_tidy

    def close(self) -> None:
        self.closed = True


class Held(Struct):
    """A capture of this size."""

    size: int
    bulky: bool = False

    def beside(self) -> list[bytes]:
        return [b"x" * self.size]


def entry(number: int) -> Entry:
    return entry_of(exchange(number))


def held(number: int, size: int) -> tuple[Entry, Held]:
    """An exchange with a body of that size, and its capture."""
    made = entry(number)
    made.answer_bytes = size
    return made, Held(size)


unpack = msgspec.msgpack.Decoder(list[tuple[Entry, Held | None]]).decode


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
        scribe.put(entry(n))
    assert scribe.flush()
    assert pen.written == list(range(10))
    state = scribe.counted(Recording())
    assert (state.written, state.lost, state.waiting) == (10, 0, 0)


def test_the_end_writes_what_waits(pen: Pen, scribe: Scribe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scribe_module, "BATCH_S", 1000.0)
    scribe.put(entry(1))
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
    scribe.put(entry(1))
    eventually(lambda: pen.batches, "the batch")
    assert pen.batches == [([1], True)]


def test_a_flush_does_not_wait_for_what_is_stopped(pen: Pen, scribe: Scribe) -> None:
    pen.refuses = 1_000_000
    scribe.put(entry(1))
    assert not scribe.flush()
    assert scribe.counted(Recording()).waiting == 1
    pen.refuses = 0


def test_the_oldest_that_wait_are_let_go_of(pen: Pen, scribe: Scribe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scribe_module, "WAITING", 5)
    pen.holds.clear()
    scribe.put(entry(0))
    assert pen.begun.wait(10)
    for n in range(1, 11):
        scribe.put(entry(n))
    assert scribe.counted(Recording()).lost == 5
    assert scribe.find(exchange(1).id) == entry(1)  # not in the file, but in memory for a while
    pen.holds.set()
    assert scribe.flush()
    assert pen.written == [0, 6, 7, 8, 9, 10]


def test_exchanges_go_without_their_bodies_while_too_many_wait(
    pen: Pen, scribe: Scribe, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(scribe_module, "WAITING_BYTES", 100_000)
    pen.holds.clear()
    scribe.put(*held(0, 90_000))
    assert pen.begun.wait(10)
    for n in range(1, 4):
        scribe.put(*held(n, 60_000))
    pen.holds.set()
    assert scribe.flush()
    scribe.put(*held(4, 60_000))
    assert scribe.flush()
    assert (pen.written, pen.bodies, pen.without) == ([0, 1, 2, 3, 4], [0, 1, 4], [2, 3])
    state = scribe.counted(Recording())
    assert (state.written, state.lost, state.without_bodies) == (5, 0, 2)
    assert caplog.text.count("bodies_left_out") == 1


def test_what_comes_while_a_batch_is_written_waits_for_others(pen: Pen, scribe: Scribe) -> None:
    pen.holds.clear()
    scribe.put(entry(0))
    assert pen.begun.wait(10)
    scribe.put(entry(1))
    pen.holds.set()
    assert scribe.flush()
    assert pen.written == [0, 1]
    assert pen.turns == [0, 1]


def test_what_the_hand_holds_counts_too(pen: Pen, scribe: Scribe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scribe_module, "WAITING_BYTES", 100_000)
    pen.held = 100_001
    scribe.put(entry(0))
    eventually(lambda: scribe._full, "no room")
    scribe.put(*held(1, 1))
    pen.held = 0
    eventually(lambda: not scribe._full, "room")
    scribe.put(*held(2, 1))
    assert scribe.flush()
    assert (pen.bodies, pen.without) == ([2], [1])


def test_large_bodies_come_in_small_batches(pen: Pen, scribe: Scribe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scribe_module, "BATCH_BYTES", 100_000)
    pen.holds.clear()
    scribe.put(entry(0))
    assert pen.begun.wait(10)
    for n in range(1, 6):
        scribe.put(*held(n, 60_000))
    pen.holds.set()
    assert scribe.flush()
    assert [batch for batch, _ in pen.batches] == [[0], [1, 2], [3, 4], [5]]


def test_large_bodies_do_not_wait_for_more(pen: Pen, scribe: Scribe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scribe_module, "BATCH_S", 1000.0)
    monkeypatch.setattr(scribe_module, "MANY_BYTES", 100_000)
    scribe.put(*held(0, 60_000))
    scribe.put(*held(1, 60_000))
    eventually(lambda: pen.written == [0, 1], "the batch")


def test_many_are_packed_at_once_and_few_by_the_thread(
    pen: Pen, scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed: list[tuple[str, list[int]]] = []

    class Noting(Packer):
        def pack(self, ended: Sequence[Ended], beside: Mapping[str, Sequence[bytes]]) -> Lot:
            packed.append((threading.current_thread().name, [int(one.id[3:]) for one, _ in ended]))
            return super().pack(ended, beside)

    scribe._packer = Noting()
    monkeypatch.setattr(scribe_module, "TOGETHER", 3)
    monkeypatch.setattr(scribe_module, "TOGETHER_BYTES", 1024 * 1024)
    scribe.put(*held(0, 1))
    assert scribe.flush()
    assert packed == [("a2a record", [0])]
    monkeypatch.setattr(scribe_module, "BATCH_S", 1000.0)
    me = threading.current_thread().name
    for n in range(1, 4):
        assert len(packed) == 1
        scribe.put(*held(n, 1))
    assert packed[1:] == [(me, [1, 2, 3])]
    scribe.put(*held(4, 2 * 1024 * 1024))
    scribe.put(entry(5), Held(2 * 1024 * 1024, bulky=True))
    assert packed[2:] == [(me, [4]), (me, [5])]
    assert scribe.flush()
    assert pen.bodies == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("together", [1, 4, 100])
def test_the_newest_can_be_asked_for_packed_or_not(
    pen: Pen, scribe: Scribe, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    monkeypatch.setattr(scribe_module, "TOGETHER", together)
    monkeypatch.setattr(scribe_module, "RECENT", 8)
    monkeypatch.setattr(scribe_module, "BATCH_S", 1000.0)
    for n in range(21):
        scribe.put(*held(n, LARGE * (n % 3)))
        newest = list(range(n + 1))[-8:]
        assert [int(one.id[3:]) for one in scribe.recent()][-8:] == newest
        assert [found.id for at in newest if (found := scribe.find(exchange(at).id))] == [
            exchange(at).id for at in newest
        ]
    assert len(scribe.recent()) < 8 + max(together, 14)
    assert scribe.flush()
    assert [one.answer_bytes for one in scribe.recent()][-3:] == [0, LARGE, 2 * LARGE]
    assert scribe.find("ex_none") is None


def test_none_is_missed_while_the_thread_packs(pen: Pen, scribe: Scribe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scribe_module, "TOGETHER", 5)
    monkeypatch.setattr(scribe_module, "BATCH_S", 0.0)
    for n in range(2_000):
        scribe.put(entry(n))
        assert scribe.find(exchange(n).id) is not None
        assert scribe.recent()[-1].id == exchange(n).id


def test_a_bug_costs_a_batch_and_not_the_recording(pen: Pen, scribe: Scribe, caplog: pytest.LogCaptureFixture) -> None:
    pen.broken = True
    scribe.put(entry(1))
    assert scribe.flush()
    scribe.put(entry(2))
    assert scribe.flush()
    assert pen.written == [2]
    assert scribe.counted(Recording()).lost == 1
    assert "exchanges_not_recorded count=1" in caplog.text


def test_what_cannot_be_packed_is_counted_and_stops_nobody(
    pen: Pen, scribe: Scribe, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither do its bodies, which stand beside, fall to the others."""
    monkeypatch.setattr(scribe_module, "TOGETHER", 4)
    ended = [held(n, 5_000 + n) for n in range(4)]
    ended[1][0].agent = "\udc80"
    for one in ended:
        scribe.put(*one)
    assert scribe.flush(10)
    assert (pen.written, pen.bodies) == ([0, 2, 3], [0, 2, 3])
    assert scribe.counted(Recording()).lost == 1
    assert f"exchange_not_recorded id={ended[1][0].id}" in caplog.text


def test_where_there_is_no_room_nobody_holds_on_to_large_bodies(
    pen: Pen, scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scribe_module, "WAITING_BYTES", 100_000)
    pen.held = 100_001
    scribe.put(entry(1))
    second = held(2, 50_000)
    eventually(lambda: scribe._full, "no room")
    before = sys.getrefcount(second[1])
    scribe.put(*second)
    after = sys.getrefcount(second[1])
    assert after == before
    pen.held = 0
    eventually(lambda: not scribe._full, "room, though nothing else comes")
    scribe.put(*held(3, 50_000))
    assert scribe.flush()
    assert (pen.without, pen.bodies) == ([2], [3])
    assert scribe.counted(Recording()).without_bodies == 1


def test_a_lot_that_was_huge_leaves_no_huge_buffer() -> None:
    packer = Packer()
    one = entry(1)
    one.agent = "x" * 3_000_000
    lot = packer.pack([(one, None)], {})
    assert (lot.count, lot.size > 3_000_000, len(packer._buffer)) == (1, True, 0)
    assert [each.id for each, _ in unpack(packer.pack([(entry(2), None)], {}).data)] == [exchange(2).id]
