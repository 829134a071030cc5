"""What becomes of the recording when its file does not do: it stops, says so once, and goes on when it can."""

from __future__ import annotations

import logging
import os
import sqlite3
from pathlib import Path

import pytest
from record_kit import BEGUN, exchange, said
from support.pool_kit import FakeClock

from a2a.control.types import ExchangeWish
from a2a.logs import safe_store
from a2a.logs.archive import Archive
from a2a.logs.safe_store import Keeping, SafeStore
from a2a.logs.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "exchanges.db"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_store, "RETRY_S", 0.0)


def numbers(path: Path) -> list[int]:
    archive = Archive(path)
    found = [int(one.id[3:]) for one in archive.page(ExchangeWish()).exchanges]
    archive.close()
    return found


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage().partition(" ")[0] for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_full_disk_stops_the_recording_until_there_is_room(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    safe = SafeStore(path, FakeClock(), Keeping())
    assert safe.write([exchange(1)])
    large = [exchange(2, bodies=said("".join(chr(33 + n * n % 90) for n in range(300_000)), "x"))]

    def full() -> None:
        assert safe._store is not None
        safe._store._db.execute("PRAGMA max_page_count = 20")

    full()
    assert not safe.write(large)
    assert safe.stopped is not None
    assert "full" in (safe.stopped.stopped or "")
    assert "free some space" in (safe.stopped.hint or "")
    safe._opened()
    full()
    assert not safe.write(large)
    safe.close()  # the next opening knows no such limit
    assert safe.write(large)
    assert safe.stopped is None
    assert told(caplog) == ["recording_stopped", "recording_again"]
    safe.close()
    assert numbers(path) == [2, 1]


def test_it_is_tried_again_after_a_while_only(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_store, "RETRY_S", 1000.0)
    path.mkdir()
    safe = SafeStore(path, FakeClock(), Keeping())
    assert not safe.write([exchange(1)])
    path.rmdir()
    assert safe.waits
    assert not safe.write([exchange(1)])


def test_a_damaged_file_is_set_aside(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.write_bytes(b"no database at all " * 1000)
    safe = SafeStore(path, FakeClock(), Keeping())
    assert safe.write([exchange(1)])
    safe.close()
    assert numbers(path) == [1]
    (aside,) = path.parent.glob("*.damaged-*")
    assert aside.read_bytes().startswith(b"no database")
    assert told(caplog) == ["exchange_store_damaged"]


def test_damage_that_shows_while_writing(path: Path) -> None:
    safe = SafeStore(path, FakeClock(), Keeping())
    assert safe.write([exchange(n, bodies=said("x" * 9000, str(n))) for n in range(20)])
    assert safe._store is not None
    safe._store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    safe.close()
    assert safe.write([exchange(50)])
    safe.close()
    assert numbers(path) == [50]
    assert len(list(path.parent.glob("*.damaged-*"))) == 1


def newer(path: Path) -> None:
    """The file of a later a2a."""
    Store(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()


def test_a_newer_file_is_left_alone(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    newer(path)
    safe = SafeStore(path, FakeClock(), Keeping())
    for _ in range(3):
        assert not safe.write([exchange(1)])
    assert safe.stopped is not None
    assert "newer a2a" in (safe.stopped.stopped or "")
    assert told(caplog) == ["recording_stopped"]
    assert [one.name for one in path.parent.glob("*.damaged*")] == []


def test_a_file_that_another_process_has_set_aside(path: Path) -> None:
    safe = SafeStore(path, FakeClock(), Keeping())
    assert safe.write([exchange(1)])
    path.rename(path.with_name("aside.db"))
    assert safe.write([exchange(2)])
    safe.close()
    assert numbers(path) == [2]


def test_old_ones_go(path: Path) -> None:
    clock = FakeClock()
    clock.tick(BEGUN + 10 * 86_400 - clock.now())
    safe = SafeStore(path, clock, Keeping(days=5, max_bytes=0))
    safe.write([exchange(0), exchange(7 * 86_400)])
    safe.tidy()
    safe.close()
    assert numbers(path) == [7 * 86_400]


def test_old_ones_go_before_anything_is_written(path: Path) -> None:
    store = Store(path)
    store.add([exchange(0), exchange(7 * 86_400)])
    store.close()
    clock = FakeClock()
    clock.tick(BEGUN + 10 * 86_400 - clock.now())
    safe = SafeStore(path, clock, Keeping(days=5, max_bytes=0))
    while safe.tidy():
        pass
    safe.close()
    assert numbers(path) == [7 * 86_400]


def test_another_limit_holds_at_once(path: Path) -> None:
    clock = FakeClock()
    clock.tick(BEGUN + 10 * 86_400 - clock.now())
    safe = SafeStore(path, clock, Keeping(days=30, max_bytes=0))
    safe.write([exchange(0), exchange(7 * 86_400)])
    safe.tidy()
    safe.keeping = Keeping(days=5, max_bytes=0)
    safe.tidy()
    safe.close()
    assert numbers(path) == [7 * 86_400]


def test_it_says_that_there_are_more(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("a2a.logs.store._PORTION", 1)
    monkeypatch.setattr(safe_store, "_PORTIONS", 2)
    clock = FakeClock()
    clock.tick(BEGUN + 10 * 86_400 - clock.now())
    safe = SafeStore(path, clock, Keeping(days=5, max_bytes=0))
    safe.write([exchange(n) for n in range(3)])
    assert safe.tidy()
    assert numbers(path) == [2]
    while safe.tidy():
        pass
    assert numbers(path) == []
    safe.close()


def test_where_nothing_was_ever_written_no_file_is_made(path: Path) -> None:
    safe = SafeStore(path, FakeClock(), Keeping())
    assert not safe.tidy()
    assert not path.exists()


def test_looking_for_old_ones_finds_a_newer_file(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    newer(path)
    safe = SafeStore(path, FakeClock(), Keeping())
    for _ in range(3):
        safe.tidy()
    assert safe.stopped is not None
    assert told(caplog) == ["recording_stopped"]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
    store = Store(path)
    store.add([exchange(1)])
    path.chmod(0o644)
    wal = path.with_name(path.name + "-wal")
    wal.chmod(0o664)
    safe = SafeStore(path, FakeClock(), Keeping())
    safe.write([exchange(2)])
    assert [one.stat().st_mode & 0o777 for one in (path, wal)] == [0o600, 0o600]
    safe.close()
    store.close()


def test_the_file_shrinks_when_much_of_it_is_gone(path: Path) -> None:
    clock = FakeClock()
    clock.tick(BEGUN + 10 * 86_400 - clock.now())
    safe = SafeStore(path, clock, Keeping(days=5, max_bytes=0))
    noise = [f"{n * n:x}" for n in range(100_000, 130_000)]
    safe.write([exchange(n, bodies=said(" ".join(noise[n % 10 :: 10]), str(n))) for n in range(40)])
    safe.write([exchange(7 * 86_400)])
    assert safe._store is not None

    def size() -> int:
        assert safe._store is not None
        safe._store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return path.stat().st_size

    before = size()
    while safe.tidy():
        pass
    assert size() < before / 4
    safe.close()
    assert numbers(path) == [7 * 86_400]


def test_a_file_over_its_limit_gives_back_what_is_free(path: Path) -> None:
    safe = SafeStore(path, FakeClock(), Keeping(days=0, max_bytes=0))
    noise = [f"{n * n:x}" for n in range(100_000, 130_000)]
    for n in range(40):
        safe.write([exchange(n, bodies=said(" ".join(noise[n % 10 :: 10]), str(n)))])
    assert safe._store is not None
    limit = safe._store.used_bytes() // 2
    safe.keeping = Keeping(days=0, max_bytes=limit)
    while safe.tidy():
        pass
    safe._store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert path.stat().st_size <= limit
    safe.close()
    assert max(numbers(path)) == 39


def test_too_many_go(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("a2a.logs.store._PORTION", 5)
    safe = SafeStore(path, FakeClock(), Keeping(days=0, max_bytes=1_000_000))
    noise = [f"{n * n:x}" for n in range(100_000, 130_000)]
    for n in range(0, 40, 10):
        safe.write([exchange(n + k, bodies=said(" ".join(noise[k::10]), str(n))) for k in range(10)])
    assert safe._store is not None
    for _ in range(100):
        safe.tidy()
        if not safe._merging and safe._store.used_bytes() <= 1_000_000:
            break
        safe._tidy_at = 0.0
    assert safe._store.used_bytes() <= 1_000_000
    safe.close()
    left = numbers(path)
    assert left
    assert max(left) == 39
    assert min(left) > 0
