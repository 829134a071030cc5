"""The record of one process: what its settings change while it runs, and what its end has to say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs
from support.entries import entry_of
from support.pool_kit import FakeClock
from support.waiting import eventually

from a2a.config import Settings, load
from a2a.control.types import Exchange, ExchangeWish
from a2a.gateway.recording import Recordings
from a2a.logs.archive import Archive
from a2a.logs.live import Live
from a2a.logs.store import Store

pytestmark = pytest.mark.anyio
DAY_S = 86_400.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({}, env={"A2A_HOME": str(tmp_path)})


def exchange(clock: FakeClock, *, days_ago: float, number: int) -> Exchange:
    at = clock.now() - days_ago * DAY_S
    return Exchange(id=f"ex_{number:018d}", started_at=at, client="c", front="chat", path="/", state="done")


def left(settings: Settings) -> Callable[[], list[int]]:
    def ids() -> list[int]:
        archive = Archive(settings.folders.exchanges)
        found = [int(one.id[3:]) for one in archive.page(ExchangeWish()).exchanges]
        archive.close()
        return found

    return ids


async def test_old_exchanges_go_while_nobody_asks_anything(settings: Settings) -> None:
    clock = FakeClock()
    settings.folders.exchanges.parent.mkdir(parents=True)
    store = Store(settings.folders.exchanges)
    store.add([exchange(clock, days_ago=days, number=days) for days in (40, 20, 1)])
    store.close()
    recordings = Recordings(settings, Live(clock), clock)
    recordings.attend()
    eventually(lambda: left(settings)() == [1, 20], "the default to hold")
    recordings.use(structs.replace(settings, server=structs.replace(settings.server, log_keep_days=10)))
    eventually(lambda: left(settings)() == [1], "the new setting to hold")
    await recordings.aclose()


async def test_the_end_tells_how_many_could_not_be_written(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    settings.folders.exchanges.mkdir(parents=True)
    recordings = Recordings(settings, Live(clock), clock)
    for number in range(3):
        recordings.recorder.end(entry_of(exchange(clock, days_ago=0, number=number)))
    await recordings.aclose()
    assert "exchanges_not_recorded count=3 of=3 why=the exchange store" in caplog.text


async def test_an_end_with_everything_written_is_silent(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    recordings = Recordings(settings, Live(clock), clock)
    recordings.recorder.end(entry_of(exchange(clock, days_ago=0, number=1)))
    await recordings.aclose()
    assert left(settings)() == [1]
    assert not caplog.records
