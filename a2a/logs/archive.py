"""The exchange store as it is read: by commands on the file itself, by a server for `/admin/v1`.

Reading never waits for a writer nor holds one up (WAL). A file that does not exist yet is an empty archive, and one
that was set aside meanwhile is let go of. Methods block for the time of a query: an event loop calls them in a thread.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from a2a.control.types import Exchange, ExchangeFilter, ExchangePage, ExchangeWish, Stats, StatsRow, StatsWish
from a2a.logs import stats as counted
from a2a.logs.filters import Where, says, where
from a2a.logs.rows import exchange_of, first_at
from a2a.logs.schema import has_fts5, has_words, open_for_reading, unreadable
from a2a.logs.words import text_of

T = TypeVar("T")

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_WHOLE = "exchange AS e JOIN record AS r ON r.n = e.n"
_ID_TIME = slice(3, 13)
"""Where an id holds its milliseconds."""


class Archive:
    """Every method raises StoreError for a file that cannot be read, and UsageError for a wish that makes no sense."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._open: _Opened | None = None

    def page(self, wish: ExchangeWish) -> ExchangePage:
        """Newest first, without bodies."""
        return self._ask(lambda opened: opened.page(wish), ExchangePage(exchanges=[]))

    def get(self, exchange_id: str) -> Exchange | None:
        """With its bodies, where they were recorded."""
        return self._ask(lambda opened: opened.get(exchange_id), None)

    def starting(self, prefix: str, limit: int = 10) -> list[str]:
        """Ids that begin so, newest first."""
        return self._ask(lambda opened: opened.starting(prefix, limit), [])

    def stats(self, wish: StatsWish) -> Stats:
        return self._ask(lambda opened: opened.stats(wish), Stats(total=StatsRow()))

    def each(self, which: ExchangeFilter) -> Iterator[Exchange]:
        """Oldest first, with bodies, one at a time: those there are now, without what goes meanwhile.

        Over a connection of its own, each read by itself: whoever takes them may be slow, and while one reading lasts
        SQLite can give nothing back of what is written and let go of.
        """
        opened = _Opened.of(self._path)
        if opened is None:
            return
        try:
            yield from opened.each(which)
        except sqlite3.Error as error:
            raise unreadable(self._path, error) from error
        finally:
            opened.close()

    def close(self) -> None:
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    def _ask(self, question: Callable[[_Opened], T], empty: T) -> T:
        with self._lock:
            if self._open is not None and not self._open.is_still(self._path):
                self._open.close()
                self._open = None
            if self._open is None:
                self._open = _Opened.of(self._path)
            if self._open is None:
                return empty
            try:
                return question(self._open)
            except sqlite3.Error as error:
                raise unreadable(self._path, error) from error


class _Opened:
    """One connection to one file."""

    def __init__(self, db: sqlite3.Connection, inode: int) -> None:
        self._db = db
        self._inode = inode
        self._indexed = has_words(db) and has_fts5(db)
        if not self._indexed:
            db.create_function("says", 3, _says)

    @classmethod
    def of(cls, path: Path) -> _Opened | None:
        db = open_for_reading(path)
        return cls(db, path.stat().st_ino) if db is not None else None

    def is_still(self, path: Path) -> bool:
        """Whether the path names the file that is open here."""
        try:
            return path.stat().st_ino == self._inode
        except OSError:
            return False

    def close(self) -> None:
        self._db.close()

    def page(self, wish: ExchangeWish) -> ExchangePage:
        made = where(wish, indexed=self._indexed)
        if wish.before is not None:
            made.add("e.n < ?", self._place(wish.before))
        found = self._db.execute(
            f"SELECT r.exchange FROM {_WHOLE} {made.sql} ORDER BY e.n DESC LIMIT ?",  # noqa: S608 (our own words)
            (*made.values, wish.limit + 1),
        )
        exchanges = [exchange_of(record) for (record,) in found]
        more = len(exchanges) > wish.limit
        exchanges = exchanges[: wish.limit]
        return ExchangePage(exchanges=exchanges, next=exchanges[-1].id if more else None)

    def _place(self, exchange_id: str) -> int:
        """The number of that exchange; of one that is not here, where it would be by the time in its id."""
        row = self._db.execute("SELECT n FROM exchange WHERE id = ?", (exchange_id,)).fetchone()
        if row is not None:
            return int(row[0])
        digits = [_CROCKFORD.find(char) for char in exchange_id[_ID_TIME]]
        ms = 0
        for digit in digits:
            ms = ms << 5 | max(digit, 0)
        return first_at(ms / 1000)

    def get(self, exchange_id: str) -> Exchange | None:
        row = self._db.execute(
            f"SELECT r.exchange, r.bodies FROM {_WHOLE} WHERE e.id = ?",  # noqa: S608 (our own words)
            (exchange_id,),
        ).fetchone()
        return exchange_of(*row) if row is not None else None

    def starting(self, prefix: str, limit: int) -> list[str]:
        found = self._db.execute(
            "SELECT id FROM exchange WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT ?",
            (prefix, prefix + "\U0010ffff", limit),
        )
        return [str(row[0]) for row in found]

    def stats(self, wish: StatsWish) -> Stats:
        made = where(wish, indexed=self._indexed)
        return counted.stats(counted.Source(self._db, self._tables(made), made), wish)

    def _tables(self, made: Where) -> str:
        """What the condition is about."""
        return _WHOLE if any("r." in term for term in made.terms) else "exchange AS e"

    def each(self, which: ExchangeFilter) -> Iterator[Exchange]:
        made = where(which, indexed=self._indexed)
        found = self._db.execute(
            f"SELECT e.n FROM {self._tables(made)} {made.sql} ORDER BY e.n",  # noqa: S608 (our own words)
            made.values,
        ).fetchall()
        for number in found:
            row = self._db.execute("SELECT exchange, bodies FROM record WHERE n = ?", number).fetchone()
            if row is not None:
                yield exchange_of(*row)


def _says(record: str, packed: bytes | None, wanted: str) -> bool:
    """The search of a SQLite without FTS5."""
    exchange = exchange_of(record, packed)
    return says(text_of(exchange, exchange.bodies), wanted)
