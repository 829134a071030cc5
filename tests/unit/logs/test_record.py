"""What runs, what has just ended and what is in the file, asked as one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from record_kit import exchange, failed
from support.entries import entry_of
from support.pool_kit import FakeClock

from a2a.control.types import Exchange, ExchangeWish, StatsWish
from a2a.gateway.hand import Orders, OwnHand
from a2a.logs.archive import Archive
from a2a.logs.live import Live
from a2a.logs.record import Record
from a2a.logs.recorder import Recorder
from a2a.logs.scribe import Scribe

pytestmark = pytest.mark.anyio


class Desk:
    """A recorder with a store behind it."""

    def __init__(self, path: Path) -> None:
        orders = Orders(
            store=str(path), storing=True, keep_days=0, max_bytes=0, log_prompts="none", prompts=str(path) + ".log"
        )
        self.scribe = Scribe(OwnHand(orders, FakeClock()))
        self.recorder = Recorder(Live(FakeClock()), 3, scribe=self.scribe)
        self.record = Record(self.recorder, self.scribe, Archive(path))

    def run(self, one: Exchange) -> None:
        self.recorder.begin(entry := entry_of(one))
        self.recorder.end(entry)

    async def page(self, **wish: object) -> list[int]:
        page = await self.record.page(ExchangeWish(**wish))  # type: ignore[arg-type]
        return [int(one.id[3:]) for one in page.exchanges]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(tmp_path / "exchanges.db")
    yield made
    made.scribe.close()
    made.record.close()


async def test_a_page_has_what_runs_and_what_has_ended(desk: Desk) -> None:
    for n in range(6):
        desk.run(exchange(n))
    running = exchange(10, state="streaming", status=None)
    desk.recorder.begin(entry_of(running))
    desk.recorder.begin(entry_of(exchange(3_000, state="waiting", status=None)))
    desk.scribe.flush()
    desk.run(exchange(11))
    assert await desk.page() == [3000, 11, 10, 5, 4, 3, 2, 1, 0]
    assert await desk.page(status="done") == [11, 5, 4, 3, 2, 1, 0]
    assert await desk.page(status="streaming") == [10]
    assert await desk.record.get(running.id) == running


@pytest.mark.parametrize("size", [1, 2, 3, 100])
async def test_pages_of_all(desk: Desk, size: int) -> None:
    for n in range(0, 70, 10):
        desk.run(exchange(n))
    for n in (25, 85):
        desk.recorder.begin(entry_of(exchange(n, state="waiting")))
    found: list[str] = []
    before = None
    for _ in range(20):
        page = await desk.record.page(ExchangeWish(limit=size, before=before))
        found += [one.id for one in page.exchanges]
        before = page.next
        if before is None:
            break
    assert [int(one[3:]) for one in found] == [85, 60, 50, 40, 30, 25, 20, 10, 0]


async def test_what_has_just_ended_counts(desk: Desk) -> None:
    desk.run(exchange(1))
    desk.run(failed(2))
    stats = await desk.record.stats(StatsWish())
    assert (stats.total.requests, stats.total.failed) == (2, 1)
    found = await desk.record.get(exchange(1).id)
    assert found == exchange(1)


async def test_without_a_store_there_is_what_is_in_memory(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "no" / "exchanges.db")
    desk.recorder.storing = False
    desk.run(exchange(1))
    assert await desk.page() == [1]
    assert not (tmp_path / "no").exists()
