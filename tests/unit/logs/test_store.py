"""How exchanges get into the file and out of it again."""

from __future__ import annotations

import sqlite3
import stat
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from record_kit import BEGUN, attempt, exchange, failed, said

from a2a.control.types import ExchangeFilter, ExchangeWish, Fault
from a2a.logs import rows, schema
from a2a.logs.archive import Archive
from a2a.logs.schema import STEPS, open_for_writing
from a2a.logs.store import Store


def numbers(path: Path, **wish: object) -> list[int]:
    archive = Archive(path)
    try:
        return [int(one.id[3:]) for one in archive.page(ExchangeWish(**wish)).exchanges]  # type: ignore[arg-type]
    finally:
        archive.close()


def scalar(path: Path, sql: str) -> object:
    db = sqlite3.connect(path)
    try:
        return db.execute(sql).fetchone()[0]
    finally:
        db.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "exchanges.db"


def test_what_is_too_old_goes_with_all_that_belongs_to_it(path: Path) -> None:
    store = Store(path)
    fault = Fault(kind="upstream", message="broke")
    two = [attempt(1, "openai/main", fault=fault), attempt(2, "kiro/work")]
    store.add([exchange(1, bodies=said("elephant", "giraffe"), attempts=two), exchange(5)])
    assert store.forget_before(BEGUN + 3) > 0
    assert store.forget_before(BEGUN + 3) == 0
    store.close()
    assert numbers(path) == [5]
    assert scalar(path, "SELECT count(*) FROM earlier") == 0
    assert scalar(path, "SELECT count(*) FROM record") == 1
    db = sqlite3.connect(path)
    db.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab (main, words, row)")
    left = {row[0] for row in db.execute("SELECT term FROM terms")}
    db.close()
    assert "elephant" not in left
    assert "sonnet" in left


def test_the_oldest_go_first(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("a2a.logs.store._PORTION", 2)
    store = Store(path)
    store.add([exchange(n) for n in (3, 1, 2)])
    assert store.forget_oldest(1_000_000) > 0
    store.close()
    assert numbers(path) == [3]


def test_room_that_was_left_is_given_back(path: Path) -> None:
    store = Store(path)
    store.add([exchange(n, bodies=said("x" * 50_000 + str(n), str(n))) for n in range(100)])
    full = store._pragma("page_count")
    while store.forget_oldest(1_000_000):
        pass
    while store.give_back(0):
        pass
    assert store._pragma("page_count") < full / 2
    store.close()


def test_no_more_go_than_is_enough(path: Path) -> None:
    store = Store(path)
    store.add([exchange(n, bodies=said(str(n) * 5000, "x")) for n in range(10)])
    (size,) = store._db.execute("SELECT size FROM exchange LIMIT 1").fetchone()
    assert size < store.forget_oldest(size + 1) <= 3 * size
    store.close()
    assert numbers(path) == list(range(9, 1, -1))


def test_an_exchange_that_cannot_be_read_goes_too(path: Path) -> None:
    store = Store(path)
    store.add([exchange(1), exchange(2)])
    store._db.execute("UPDATE record SET exchange = '{' WHERE n = (SELECT min(n) FROM record)")
    assert store.forget_oldest(1_000_000) > 0
    store.close()
    assert numbers(path) == []


def test_two_of_one_moment_and_number(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows.random, "randrange", lambda _: 0)
    store = Store(path)
    store.add([exchange(1)])
    store.add([exchange(2, started_at=BEGUN + 1), exchange(3, started_at=BEGUN + 1)])
    store.close()
    assert sorted(numbers(path)) == [1, 2, 3]


def test_one_that_is_there_already_is_not_there_twice(path: Path) -> None:
    """A commit that failed may have been none."""
    store = Store(path)
    store.add([exchange(1)])
    store.add([exchange(1), exchange(2)])
    store.close()
    assert sorted(numbers(path)) == [1, 2]


def test_a_batch_is_all_or_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(path)
    broken = exchange(2, session=object())
    with pytest.raises((sqlite3.Error, TypeError)):
        store.add([exchange(1), broken])
    store.add([exchange(3)])
    store.close()
    assert numbers(path) == [3]


def test_two_writers(path: Path) -> None:
    """As two servers of one home are."""

    def write(first: int) -> None:
        store = Store(path)
        for n in range(first, first + 100, 5):
            store.add([exchange(n + k) for k in range(5)])
        store.close()

    threads = [threading.Thread(target=write, args=(first,)) for first in (0, 1000, 2000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(numbers(path, limit=1000)) == 300
    assert scalar(path, "PRAGMA integrity_check") == "ok"


def test_a_reader_sees_whole_batches_while_a_writer_writes(path: Path) -> None:
    store = Store(path)
    store.add([exchange(0)])
    archive = Archive(path)
    reading = archive.each(ExchangeFilter())
    assert next(reading).id == exchange(0).id
    store.add([exchange(1)])
    assert list(reading) == [], "as it was when the reading began"
    assert len(archive.page(ExchangeWish()).exchanges) == 2
    archive.close()
    store.close()


def test_an_older_file_is_brought_up_to_date(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(path)
    store.add([exchange(1)])
    store.close()
    later = (
        "ALTER TABLE exchange ADD COLUMN mood TEXT; UPDATE exchange SET mood = 'good'",
        "ALTER TABLE exchange ADD COLUMN second TEXT",
    )
    monkeypatch.setattr(schema, "STEPS", (*STEPS, *later))
    open_for_writing(path).close()
    assert scalar(path, "PRAGMA user_version") == len(STEPS) + 2
    assert scalar(path, "SELECT mood FROM exchange") == "good"
    assert numbers(path) == [1]


def test_a_step_that_fails_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(path).close()
    monkeypatch.setattr(schema, "STEPS", (*STEPS, "CREATE TABLE half (x); CREATE TABLE exchange (x)"))
    with pytest.raises(sqlite3.OperationalError):
        open_for_writing(path)
    assert scalar(path, "PRAGMA user_version") == len(STEPS)
    assert scalar(path, "SELECT count(*) FROM sqlite_master WHERE name = 'half'") == 0


def test_a_failure_is_found_by_its_message(path: Path) -> None:
    store = Store(path)
    store.add([failed(1, "the moon is full"), exchange(2)])
    store.close()
    assert numbers(path, text="moon full") == [1]


def test_only_the_user_may_read_it(tmp_path: Path) -> None:
    from support.pool_kit import FakeClock

    from a2a.logs.safe_store import Keeping, SafeStore

    path = tmp_path / "data" / "exchanges.db"
    safe = SafeStore(path, FakeClock(), Keeping())
    assert safe.write([exchange(1)])
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    safe.close()
    assert set(modes.values()) == {0o600}
    assert len(modes) == 3


def test_a_file_that_somebody_else_is_making_is_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On its step to WAL SQLite gives up at once where waiting could never end, as that of the other would not."""
    refused: list[str] = []

    class Contended(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            if "WAL" in sql and len(refused) < 2:
                refused.append(sql)
                error = sqlite3.OperationalError("database is locked")
                error.sqlite_errorcode = sqlite3.SQLITE_BUSY
                raise error
            return super().execute(sql, *values)

    monkeypatch.setattr(schema.sqlite3, "connect", partial(sqlite3.connect, factory=Contended))
    store = Store(path)
    store.add([exchange(1)])
    store.close()
    assert (len(refused), numbers(path)) == (2, [1])
