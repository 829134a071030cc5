"""The exchange store's file: its tables, its versions, and how it is opened for writing and for reading.

One row of `exchange` for each exchange, narrow: a filter or a sum reads all of 50,000 in 5 ms, so there is no index by
provider, account, model or status, which every insert would pay for. `record` holds the whole `Exchange` as JSON and,
where they were recorded, its bodies as zlib-compressed JSON, in which one that was passed on word for word stands once
(rows.py). `n` grows with the time an exchange began (microseconds, ten bits of chance below), so the rows lie in the
order they are asked for. `earlier` names the accounts of attempts before the last. `words` is the full-text index,
where this SQLite has FTS5.

`user_version` counts the steps that were applied. A file of a newer a2a is left alone.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from a2a.errors import StoreError

APPLICATION_ID = 0x61326131
"""`a2a1`: tells our file from any other SQLite file."""

BUSY_TIMEOUT_S = 5.0
"""How long one process waits for another's transaction; ours take milliseconds."""
_AGAIN_S = 0.01

_FIRST = """
CREATE TABLE exchange (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  started_at REAL NOT NULL,
  state TEXT NOT NULL,
  status INTEGER,
  provider TEXT NOT NULL,
  account TEXT NOT NULL,
  model TEXT NOT NULL,
  asked TEXT NOT NULL,
  client TEXT NOT NULL,
  front TEXT NOT NULL,
  session TEXT,
  attempts INTEGER NOT NULL,
  input INTEGER,
  output INTEGER,
  cache_read INTEGER NOT NULL,
  cache_write INTEGER NOT NULL,
  reasoning INTEGER NOT NULL,
  cost REAL,
  currency TEXT,
  basis TEXT,
  first_token_ms REAL,
  duration_ms REAL,
  size INTEGER NOT NULL
);
CREATE UNIQUE INDEX exchange_id ON exchange (id);
CREATE TABLE record (
  n INTEGER PRIMARY KEY REFERENCES exchange,
  exchange TEXT NOT NULL,
  bodies BLOB
);
CREATE TABLE earlier (
  account TEXT NOT NULL,
  n INTEGER NOT NULL REFERENCES exchange,
  PRIMARY KEY (account, n)
) WITHOUT ROWID;
CREATE INDEX earlier_n ON earlier (n);
"""

STEPS: tuple[str, ...] = (_FIRST,)
"""What made each version of the previous one: never changed once shipped, only added to."""

_WORDS = """CREATE VIRTUAL TABLE words USING fts5 (text, content='', tokenize="unicode61 remove_diacritics 2")"""


class NewerFile(StoreError):
    """The file was written by a later a2a."""


def open_for_reading(path: Path) -> sqlite3.Connection | None:
    """None where nothing has been recorded yet. Raises StoreError: damaged, newer, or not to be read."""
    try:
        if not path.stat().st_size:
            return None
        db = _connect(f"{path.absolute().as_uri()}?mode=ro")
    except FileNotFoundError:
        return None
    except (OSError, sqlite3.Error) as error:
        raise unreadable(path, error) from error
    try:
        db.execute("PRAGMA query_only = 1")
        if not version_of(db, path):
            db.close()
            return None
    except sqlite3.Error as error:
        db.close()
        raise unreadable(path, error) from error
    except StoreError:
        db.close()
        raise
    return db


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Made where it does not exist, brought to this version where it is older.

    Raises NewerFile, and sqlite3's own errors: whether the file is to be set aside is the writer's to decide.
    """
    db = _connect(f"{path.absolute().as_uri()}?mode=rwc")
    try:
        version = version_of(db, path)
        if not version:
            db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # of effect before anything else is written
        _use_wal(db)
        db.execute("PRAGMA synchronous = NORMAL")  # a crash of this process loses nothing, of the machine the last ones
        db.execute("PRAGMA journal_size_limit = 16777216")
        if version < len(STEPS):
            _migrate(db, path)
        return db
    except BaseException:
        db.close()
        raise


def _use_wal(db: sqlite3.Connection) -> None:
    """Two that make the file at one moment stand in each other's way here, and SQLite does not wait by itself."""
    due = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > due:
                raise
            time.sleep(_AGAIN_S)


def _connect(uri: str) -> sqlite3.Connection:
    # Transactions are begun by hand: sqlite3's own would not cover the schema.
    return sqlite3.connect(
        uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=64
    )


def version_of(db: sqlite3.Connection, path: Path) -> int:
    """0: an empty file. Raises NewerFile, and StoreError for a file of another program."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    owner = int(db.execute("PRAGMA application_id").fetchone()[0])
    if owner not in (0, APPLICATION_ID) or (version and not owner):
        raise StoreError(f"{path} is a database of another program", hint="move it away")
    if version > len(STEPS):
        raise NewerFile(
            f"{path} was written by a newer a2a (version {version}, this one knows {len(STEPS)})",
            hint="update a2a, or move the file away",
        )
    return version


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    """All steps that are missing, each with its number, in one transaction."""
    db.execute("BEGIN IMMEDIATE")
    try:
        version = version_of(db, path)  # another process may have done it while we waited
        for number, step in enumerate(STEPS[version:], version + 1):
            for statement in step.split(";"):
                if statement.strip():
                    db.execute(statement)
            db.execute(f"PRAGMA user_version = {number}")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        if not has_words(db) and has_fts5(db):
            db.execute(_WORDS)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def has_fts5(db: sqlite3.Connection) -> bool:
    """Whether this SQLite can search words."""
    return bool(db.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')").fetchone()[0])


def has_words(db: sqlite3.Connection) -> bool:
    """Whether the file has a full-text index."""
    return bool(db.execute("SELECT 1 FROM sqlite_master WHERE name = 'words'").fetchone())


def unreadable(path: Path, error: Exception) -> StoreError:
    """The error that a reader of the file gives."""
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
        return StoreError(
            f"the exchange store {path} is damaged: {error}",
            hint="a2a serve sets it aside and begins a new one; sqlite3's .recover may save what is in it",
        )
    return StoreError(f"cannot read the exchange store {path}: {error}", hint="check its permissions")
