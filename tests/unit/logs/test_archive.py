"""What the store answers: pages, single exchanges, filters, words, figures."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from record_kit import BEGUN, attempt, dollars, exchange, failed, said

from a2a.control.types import Cost, Exchange, ExchangeFilter, ExchangeWish, Fault, StatsWish, Timings, Tokens
from a2a.errors import StoreError, UsageError
from a2a.logs import archive as archive_module
from a2a.logs import schema
from a2a.logs import store as store_module
from a2a.logs.archive import Archive
from a2a.logs.schema import NewerFile
from a2a.logs.store import Store

Fill = Callable[[Iterable[Exchange]], Archive]


@pytest.fixture(params=["indexed", "without FTS5"])
def fill(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fill]:
    """A store that holds these, with and without a full-text index: every answer must be the same."""
    if request.param != "indexed":
        for module in (schema, store_module, archive_module):
            monkeypatch.setattr(module, "has_fts5", lambda _: False)
    path = tmp_path / "exchanges.db"
    opened = Archive(path)

    def put(exchanges: Iterable[Exchange]) -> Archive:
        store = Store(path)
        store.add(list(exchanges))
        store.close()
        return opened

    yield put
    opened.close()


def numbers(archive: Archive, **wish: object) -> list[int]:
    return [int(one.id[3:]) for one in archive.page(ExchangeWish(**wish)).exchanges]  # type: ignore[arg-type]


def test_what_was_put_in_comes_out(fill: Fill) -> None:
    one = exchange(1, bodies=said("hello", "hi"), cost=dollars(0.5))
    archive = fill([one])
    assert archive.get(one.id) == one
    assert archive.get("ex_nobody") is None


def test_a_page_has_the_newest_first_and_no_bodies(fill: Fill) -> None:
    archive = fill([exchange(n, bodies=said("a", "b")) for n in (2, 1, 3)])
    page = archive.page(ExchangeWish(limit=2))
    assert [one.id for one in page.exchanges] == ["ex_" + f"{n:018d}" for n in (3, 2)]
    assert {one.bodies for one in page.exchanges} == {None}
    assert page.next == page.exchanges[-1].id
    last = archive.page(ExchangeWish(limit=2, before=page.next))
    assert ([int(one.id[3:]) for one in last.exchanges], last.next) == ([1], None)


def test_pages_of_one_moment_lose_nothing(fill: Fill) -> None:
    archive = fill([exchange(n, started_at=BEGUN) for n in range(20)])
    found, before = [], None
    for _ in range(10):
        page = archive.page(ExchangeWish(limit=3, before=before))
        found += [one.id for one in page.exchanges]
        before = page.next
        if before is None:
            break
    assert len(found) == len(set(found)) == 20


def test_behind_an_id_that_is_not_there(fill: Fill) -> None:
    """Its time is in it."""
    from a2a.clock import exchange_id

    archive = fill([exchange(n) for n in range(5)])
    assert numbers(archive, before=exchange_id(BEGUN + 2.5)) == [2, 1, 0]


MANY = [
    exchange(1, account="kiro/work", model="claude-sonnet-4.6", asked="sonnet"),
    exchange(2, account="openai/main", model="gpt-5", client="laptop", front="claude", session="s1"),
    failed(3, "the quota of Zürich is spent"),
    exchange(4, state="client_closed", status=499),
    exchange(
        5,
        account="openai/main",
        model="gpt-5-mini",
        attempts=[
            attempt(1, "kiro/work", fault=Fault(kind="upstream", message="broke")),
            attempt(2, "openai/main", model="gpt-5-mini"),
        ],
    ),
    exchange(6, state="failed", status=404, route=None, attempts=[], asked="gpt-7", tokens=None),
]


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        ({}, [6, 5, 4, 3, 2, 1]),
        ({"since": BEGUN + 3, "until": BEGUN + 5}, [5, 4, 3]),
        ({"provider": "openai-custom"}, [5, 2]),
        ({"account": "kiro/work"}, [5, 4, 3, 1]),
        ({"account": "openai/main"}, [5, 2]),
        ({"model": "claude-sonnet-4.6"}, [1]),
        ({"model": "sonnet"}, [4, 3, 1]),
        ({"model": "gpt-5*"}, [5, 2]),
        ({"model": "gpt-?"}, [6, 2]),
        ({"model": "gpt-[57]"}, []),
        ({"client": "laptop"}, [2]),
        ({"front": "claude"}, [2]),
        ({"session": "s1"}, [2]),
        ({"status": "done"}, [5, 2, 1]),
        ({"status": "failed"}, [6, 3]),
        ({"status": "client_closed"}, [4]),
        ({"status": "429"}, [3]),
        ({"status": "4xx"}, [6, 4, 3]),
        ({"status": "2xx"}, [5, 2, 1]),
        ({"text": "quota"}, [3]),
        ({"text": "QUOTA zürich"}, [3]),
        ({"text": "quota nothing"}, []),
        ({"text": "gpt-5-mini"}, [5]),
        ({"text": "laptop claude"}, [2]),
        ({"text": "sonn"}, [5, 4, 3, 1]),
        ({"text": 'a "quote'}, []),
        ({"text": "  "}, [6, 5, 4, 3, 2, 1]),
        ({"provider": "openai-custom", "status": "done", "text": "mini"}, [5]),
    ],
)
def test_filters(fill: Fill, wish: dict[str, object], found: list[int]) -> None:
    assert numbers(fill(MANY), **wish) == found


def test_a_status_that_is_none(fill: Fill) -> None:
    with pytest.raises(UsageError, match="no status 'fine'"):
        fill(MANY).page(ExchangeWish(status="fine"))


STREAM = "".join(
    f'data: {{"id":"chatcmpl-1","choices":[{{"delta":{{"content":"{piece}"}}}}]}}\n\n' for piece in ("gi", "raf", "fe!")
)


@pytest.mark.parametrize(
    ("text", "found"),
    [("elephant", True), ("giraffe", True), ("天气", True), ("气天", False), ("line2", True), ("zebra", False)],
)
def test_words_of_bodies(fill: Fill, text: str, found: bool) -> None:
    """A streamed answer is searched as it was said, scripts without spaces character by character."""
    archive = fill([exchange(1, bodies=said("an elephant,\\nline2 今天天气", STREAM)), exchange(2)])
    assert numbers(archive, text=text) == ([1] if found else [])


def test_a_sum_of_what_upstreams_said_and_of_estimates_is_an_estimate(fill: Fill) -> None:
    said_so = dollars(0.5, "upstream")
    archive = fill(
        [
            exchange(1, cost=said_so),
            exchange(2, account="openai/main", cost=said_so),
            exchange(3, account="openai/main", cost=dollars(1.0)),
        ]
    )
    found = archive.stats(StatsWish(by=["account"]))
    assert found.total.cost == [dollars(2.0)]
    assert [row.cost for row in found.rows] == [[said_so], [dollars(1.5)]]


def test_each_goes_on_while_old_ones_go(tmp_path: Path) -> None:
    path = tmp_path / "exchanges.db"
    store = Store(path)
    store.add([exchange(n, bodies=said("x" * 5000, "y")) for n in range(5)])
    archive = Archive(path)
    taking = archive.each(ExchangeFilter())
    first = next(taking)
    store.forget_before(BEGUN + 3)
    assert [first.id, *(one.id for one in taking)] == [exchange(n).id for n in (0, 3, 4)]
    store.close()


def test_a_slow_reader_of_each_holds_nothing_back(tmp_path: Path) -> None:
    path = tmp_path / "exchanges.db"
    store = Store(path)
    store.add([exchange(n) for n in range(5)])
    taking = Archive(path).each(ExchangeFilter())
    next(taking)
    store.add([exchange(9)])
    assert store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0  # 1: a reader is in the way
    taking.close()  # type: ignore[attr-defined]
    store.close()


def test_each_gives_the_oldest_first_with_bodies(fill: Fill) -> None:
    archive = fill([exchange(2), exchange(1, bodies=said("a", "b")), failed(3)])
    found = list(archive.each(ExchangeFilter(status="done")))
    assert [int(one.id[3:]) for one in found] == [1, 2]
    assert found[0].bodies == said("a", "b")


def test_figures(fill: Fill) -> None:
    archive = fill(
        [
            exchange(1, cost=dollars(0.25), timings=Timings(first_token=100.0, last=400.0)),
            exchange(2, cost=dollars(0.5, "2026-11-02"), timings=Timings(first_token=300.0, last=900.0)),
            exchange(3, cost=Cost(amount=2.0, currency="credit", basis="upstream"), timings=Timings(last=200.5)),
            exchange(4, account="openai/main", tokens=Tokens(input=7, output=1, cache_read=3, reasoning=1)),
            failed(5),
            exchange(6, state="client_closed", tokens=None),
        ]
    )
    stats = archive.stats(StatsWish(by=["account"]))
    assert (stats.since, stats.until) == (BEGUN + 1, BEGUN + 6)
    total = stats.total
    assert (total.requests, total.failed, total.client_closed, total.attempts) == (6, 1, 1, 6)
    assert (total.input, total.output, total.cache_read, total.reasoning) == (37, 16, 3, 1)
    assert total.cost == [dollars(0.75, "2026-11-02"), Cost(amount=2.0, currency="credit", basis="upstream")]
    assert total.unpriced == 1
    assert (total.first_token_p50_ms, total.first_token_p95_ms) == (100.0, 300.0)
    assert (total.duration_p50_ms, total.duration_p95_ms) == (400.0, 1000.0)
    assert [(row.key, row.requests) for row in stats.rows] == [
        ({"account": "kiro/work"}, 5),
        ({"account": "openai/main"}, 1),
    ]


def test_figures_by_day_and_hour(fill: Fill) -> None:
    archive = fill([exchange(0), exchange(3600), exchange(86_400)])
    days = archive.stats(StatsWish(by=["day", "model"])).rows
    assert [row.key for row in days] == [
        {"day": "2026-11-18", "model": "sonnet"},
        {"day": "2026-11-19", "model": "sonnet"},
    ]
    assert [row.key["hour"] for row in archive.stats(StatsWish(by=["hour"])).rows] == [
        *("2026-11-18T11", "2026-11-18T12"),
        "2026-11-19T11",
    ]


def test_figures_of_nothing(fill: Fill) -> None:
    stats = fill([exchange(1)]).stats(StatsWish(provider="nobody", by=["model"]))
    assert (stats.total.requests, stats.total.duration_p50_ms, stats.rows, stats.since) == (0, None, [], None)


def test_figures_of_what_a_search_finds(fill: Fill) -> None:
    assert fill(MANY).stats(StatsWish(text="quota")).total.requests == 1


def test_ids_that_begin_so(fill: Fill) -> None:
    archive = fill([exchange(n) for n in range(12)])
    assert archive.starting("ex_00000000000000001") == [f"ex_{n:018d}" for n in (11, 10)]
    assert archive.starting("ex_1") == []


# --- files ---------------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_empty(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "nothing" / "exchanges.db")
    assert archive.page(ExchangeWish()).exchanges == []
    assert (archive.get("ex_1"), archive.stats(StatsWish()).total.requests) == (None, 0)
    assert list(archive.each(ExchangeFilter())) == []


def test_a_file_that_comes_later_is_read(tmp_path: Path) -> None:
    path = tmp_path / "exchanges.db"
    archive = Archive(path)
    assert numbers(archive) == []
    path.touch()
    assert numbers(archive) == []
    store = Store(path)
    store.add([exchange(1)])
    assert numbers(archive) == [1]
    store.add([exchange(2)])
    assert numbers(archive) == [2, 1], "while the writer has it open"
    store.close()
    archive.close()


def test_a_file_that_was_set_aside_is_let_go_of(tmp_path: Path) -> None:
    path = tmp_path / "exchanges.db"
    first = Store(path)
    first.add([exchange(1)])
    first.close()
    archive = Archive(path)
    assert numbers(archive) == [1]
    path.rename(tmp_path / "aside.db")
    second = Store(path)
    second.add([exchange(2)])
    second.close()
    assert numbers(archive) == [2]
    archive.close()


def test_a_file_of_a_newer_a2a_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "exchanges.db"
    Store(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(NewerFile, match="newer a2a \\(version 99"):
        Archive(path).page(ExchangeWish())


def test_a_damaged_file_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "exchanges.db"
    path.write_bytes(b"this is no database" * 300)
    with pytest.raises(StoreError, match="is damaged"):
        Archive(path).page(ExchangeWish())


def test_a_file_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "exchanges.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE mine (x)")
    db.execute("PRAGMA user_version = 1")
    db.close()
    with pytest.raises(StoreError, match="another program"):
        Archive(path).page(ExchangeWish())
