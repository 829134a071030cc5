"""The exchange store as it is written: batches in, old ones out. Blocking; for the writer's thread alone.

A batch is one transaction: after a crash the file holds all of it or nothing. Several processes may write one file;
each waits for the other's transaction.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import msgspec

from a2a.control.types import Exchange
from a2a.logs.rows import COLUMNS, Row, exchange_of, first_at, row_of
from a2a.logs.schema import has_fts5, has_words, open_for_writing
from a2a.logs.words import text_of

_INSERT = f"INSERT INTO exchange ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 (our own words)
_PORTION = 200
"""Exchanges that go in one transaction: short ones, so that nobody waits for long."""
_FREE = 3
"""For so many used pages one may be free: the others are given back, these are soon needed again."""
_GIVEN_BACK = 2000
"""Pages at a time."""
_MERGED = 500
"""Pages of the index written in one step of tidying it."""


class Store:
    """An open file. Every method raises sqlite3's own errors; opening it NewerFile and StoreError too."""

    def __init__(self, path: Path) -> None:
        self._db = open_for_writing(path)
        self._indexed = has_words(self._db) and has_fts5(self._db)

    def close(self) -> None:
        self._db.close()

    def add(self, exchanges: Sequence[Exchange]) -> None:
        """Those that have ended; all or none."""
        rows = [row_of(exchange) for exchange in exchanges]
        texts = [(row.n, text_of(exchange, exchange.bodies)) for row, exchange in zip(rows, exchanges, strict=True)]
        self._begin()
        try:
            try:
                self._insert(rows, texts)
            except sqlite3.IntegrityError:  # two of one moment drew one number, or one is here already
                self._db.execute("ROLLBACK")
                self._begin()
                self._insert_apart(rows, texts)
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _begin(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def _insert(self, rows: Sequence[Row], texts: Sequence[tuple[int, str]]) -> None:
        db = self._db
        db.executemany(_INSERT, [row.columns for row in rows])
        db.executemany("INSERT INTO record (n, exchange, bodies) VALUES (?, ?, ?)", [_record(row) for row in rows])
        if earlier := [(account, row.n) for row in rows for account in row.earlier]:
            db.executemany("INSERT INTO earlier (account, n) VALUES (?, ?)", earlier)
        if self._indexed:
            db.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", texts)

    def _insert_apart(self, rows: Sequence[Row], texts: Sequence[tuple[int, str]]) -> None:
        """One by one, each at the next free number."""
        for row, (_, text) in zip(rows, texts, strict=True):
            if self._db.execute("SELECT 1 FROM exchange WHERE id = ?", (row.columns[1],)).fetchone():
                continue
            n = row.n
            while self._db.execute("SELECT 1 FROM exchange WHERE n = ?", (n,)).fetchone():
                n += 1
            moved = Row(n, (n, *row.columns[1:]), row.exchange, row.bodies, row.earlier)
            self._insert([moved], [(n, text)])

    def used_bytes(self) -> int:
        """Of the file, without what is free in it."""
        return (self._pragma("page_count") - self._pragma("freelist_count")) * self._pragma("page_size")

    def _pragma(self, name: str) -> int:
        return int(self._db.execute(f"PRAGMA {name}").fetchone()[0])

    def give_back(self, most_bytes: int) -> bool:
        """Let the file shrink, a part of it at a time, while much of it is free, or free pages make it larger than
        `most_bytes` (0: may be of any size). Whether there is more."""
        free, pages = self._pragma("freelist_count"), self._pragma("page_count")
        over = free - (pages - free) // _FREE
        if most_bytes:
            over = max(over, min(free, pages - most_bytes // self._pragma("page_size")))
        if over <= 0:
            return False
        # executescript: of this pragma, which has rows without columns, execute takes one step, which is one page
        self._db.executescript(f"PRAGMA incremental_vacuum({min(over, _GIVEN_BACK)})")
        return over > _GIVEN_BACK

    def recorded_bytes(self) -> int:
        """Of all exchanges, without what finding them takes."""
        return int(self._db.execute("SELECT total(size) FROM exchange").fetchone()[0])

    def forget_before(self, time_s: float) -> int:
        """Let go of what began earlier, the oldest first, of a portion at most. Gives its recorded bytes."""
        return self._forget("WHERE n < ?", first_at(time_s))

    def forget_oldest(self, enough_bytes: int) -> int:
        """Let go of the oldest, so many recorded bytes or a portion of them. Gives its recorded bytes."""
        return self._forget("", enough_bytes=enough_bytes)

    def merge(self, *, begin: bool) -> bool:
        """Let the index forget in earnest, a part of it: until then it only notes what goes. Whether more is left."""
        if not self._indexed:
            return False
        before = self._db.total_changes
        self._db.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (-_MERGED if begin else _MERGED,))
        return self._db.total_changes - before > 1  # https://www.sqlite.org/fts5.html, 6.8

    def _forget(self, condition: str, *values: object, enough_bytes: int | None = None) -> int:
        db = self._db
        listing = f"SELECT n, size FROM exchange {condition} ORDER BY n LIMIT {_PORTION}"  # noqa: S608 (our own words)
        if db.execute(listing, values).fetchone() is None:
            return 0
        self._begin()
        try:
            found = db.execute(listing, values).fetchall()  # another process may have been quicker
            if enough_bytes is not None:
                found = _until(found, enough_bytes)
            old = [(n,) for n, _ in found]
            if self._indexed:
                self._forget_words([n for (n,) in old])
            for table in ("earlier", "record", "exchange"):
                db.executemany(f"DELETE FROM {table} WHERE n = ?", old)  # noqa: S608 (our own words)
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        return sum(size for _, size in found)

    def _forget_words(self, numbers: Sequence[int]) -> None:
        """The index holds no texts: it is told once more what it learned."""
        for n in numbers:
            row = self._db.execute("SELECT exchange, bodies FROM record WHERE n = ?", (n,)).fetchone()
            try:
                exchange = exchange_of(*row)
            except (msgspec.MsgspecError, zlib.error, TypeError):  # unreadable: what it said stays in the index
                continue
            text = text_of(exchange, exchange.bodies)
            self._db.execute("INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)", (n, text))


def _until(found: list[tuple[int, int]], enough_bytes: int) -> list[tuple[int, int]]:
    """The first of these (number, size) that are so much together, the one that reaches it included."""
    sums = accumulate(size for _, size in found)
    return found[: sum(before < enough_bytes for before in (0, *sums)) or 1]


def _record(row: Row) -> tuple[int, str, bytes | None]:
    return row.n, row.exchange, row.bodies
