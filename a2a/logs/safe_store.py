"""The store, whatever becomes of its file: every failure is a state that is told once, never an exception.

A full disk or a lost permission stops the recording until a later try succeeds. A damaged file is set aside under a new
name. One that a newer a2a wrote, or another program, is left as it is. For the writer's thread alone.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import stat
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from a2a.clock import Clock
from a2a.control.types import Exchange, Recording
from a2a.errors import StoreError
from a2a.logs.store import Store
from a2a.paths import private_dir

log = logging.getLogger(__name__)

RETRY_S = 5.0
"""How often a stopped recording is tried again."""
TIDY_S = 60.0
"""How often exchanges are looked for that are too old or too many."""
_PORTIONS = 5
"""Of old exchanges that go at a time, in some tenths of a second; new ones are written in between."""
_SHARE = 0.1
"""Of all exchanges, that goes at once where they are too many; and after which the index is merged."""
_DAY_S = 86_400.0
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_NO_ROOM = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})


class Keeping(Struct, frozen=True):
    """What is kept. 0: without limit."""

    days: float = 30.0
    max_bytes: int = 1024 * 1024 * 1024


class SafeStore:
    """`stopped`: why the last batch could not be written; None while all is well."""

    def __init__(self, path: Path, clock: Clock, keeping: Keeping) -> None:
        self._path = path
        self._clock = clock
        self._keeping = keeping
        self.stopped: Recording | None = None
        self._store: Store | None = None
        self._inode = 0
        self._retry_at = 0.0
        self._tidy_at = 0.0
        self._merging = False
        self._to_go = 0
        """Recorded bytes of the oldest that are still to go, because there is too much."""
        self._gone = 0
        """Recorded bytes that went since the index was merged."""

    @property
    def keeping(self) -> Keeping:
        """What is kept. Another value holds from the next look on."""
        return self._keeping

    @keeping.setter
    def keeping(self, keeping: Keeping) -> None:
        if keeping != self._keeping:
            self._keeping = keeping
            self._tidy_at = 0.0

    @property
    def waits(self) -> bool:
        """Whether it is too early to try again."""
        return self.stopped is not None and time.monotonic() < self._retry_at

    def write(self, batch: Sequence[Exchange]) -> bool:
        """Whether it is in the file now."""
        if self.waits:
            return False
        for _ in range(2):  # once more after a damaged file has been set aside
            try:
                self._opened().add(batch)
            except StoreError as error:
                return self._stop(error.message, error.hint)
            except OSError as error:
                return self._stop(f"cannot open {self._path}: {error.strerror or error}", "check its permissions")
            except sqlite3.Error as error:
                if not self._set_aside(error):
                    return self._stop(*_told(error, self._path))
            else:
                self._goes_on()
                return True
        return self._stop(f"{self._path} is damaged, and cannot be set aside", "move it away")

    def tidy(self) -> bool:
        """Let go of what is too old or too much, a part of it at a time. Whether there is more to let go of."""
        if self.stopped is not None or time.monotonic() < self._tidy_at:
            return False
        try:
            if self._path.exists() and self._forget(self._opened()):
                return True
        except StoreError as error:
            self._stop(error.message, error.hint)
        except (sqlite3.Error, OSError) as error:
            if not isinstance(error, sqlite3.Error) or not self._set_aside(error):
                log.warning("old_exchanges_not_removed file=%s error=%s", self._path, error)
        self._tidy_at = time.monotonic() + TIDY_S
        return False

    def close(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            with contextlib.suppress(sqlite3.Error):
                store.close()

    def _opened(self) -> Store:
        """Raises StoreError and sqlite3's errors."""
        if self._store is not None and not self._is_still():
            log.info("exchange_store_replaced file=%s", self._path)
            self.close()
        if self._store is None:
            private_dir(self._path.parent)
            self._path.touch(mode=0o600)  # SQLite gives its other files the same mode
            self._for_the_user_alone()
            store = Store(self._path)
            self._inode = self._path.stat().st_ino
            self._store = store
        return self._store

    def _for_the_user_alone(self) -> None:
        """A file that was copied here, or made by hand, may be open to others. Raises OSError."""
        for end in ("", "-wal", "-shm"):
            path = self._path.with_name(self._path.name + end)
            with contextlib.suppress(FileNotFoundError, PermissionError):  # another user's: opening it will tell
                if (mode := stat.S_IMODE(path.stat().st_mode)) & (stat.S_IRWXG | stat.S_IRWXO):
                    path.chmod(mode & stat.S_IRWXU)

    def _is_still(self) -> bool:
        """Whether the path names the file that is open: another process may have set it aside."""
        try:
            return self._path.stat().st_ino == self._inode
        except OSError:
            return False

    def _forget(self, store: Store) -> bool:
        """A part of what is to be done. Whether there may be more."""
        if self._merging and self._portions(lambda: store.merge(begin=False)):
            return True
        self._merging = False
        keeping = self._keeping
        if keeping.days and self._portions(lambda: self._went(store.forget_before(self._long_ago()))):
            return True
        if keeping.max_bytes and not self._to_go and store.used_bytes() > keeping.max_bytes:
            self._to_go = int(store.recorded_bytes() * _SHARE) + 1
            self._gone += self._to_go  # counted twice, so that the index is merged whatever is left
        if self._to_go and self._portions(lambda: self._went(store.forget_oldest(self._to_go)) and self._to_go > 0):
            return True
        self._to_go = 0
        if self._gone > store.recorded_bytes() * _SHARE:
            self._gone = 0
            self._merging = store.merge(begin=True)  # what the words took is free only then
        return self._merging or store.give_back(keeping.max_bytes)

    def _portions(self, step: Callable[[], bool]) -> bool:
        """Some steps, each of which says whether there is more. Whether there is."""
        return all(step() for _ in range(_PORTIONS))

    def _went(self, size: int) -> bool:
        """So many recorded bytes are gone now. Whether any are."""
        self._gone += size
        self._to_go = max(0, self._to_go - size)
        return size > 0

    def _long_ago(self) -> float:
        return self._clock.now() - self._keeping.days * _DAY_S

    def _set_aside(self, error: sqlite3.Error) -> bool:
        """Whether the file was damaged and has another name now."""
        if _code(error) not in _DAMAGE:
            return False
        opened = self._store is not None
        self.close()
        if opened and not self._is_still():
            return True  # another process has done it
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(self._clock.now()))
        aside = self._path.with_name(f"{self._path.name}.damaged-{stamp}")
        try:
            self._path.rename(aside)
            for part in ("-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    self._path.with_name(self._path.name + part).rename(aside.with_name(aside.name + part))
        except OSError as failed:
            log.warning("exchange_store_damaged file=%s error=%s kept=no reason=%s", self._path, error, failed)
            return False
        log.warning("exchange_store_damaged file=%s error=%s set_aside=%s", self._path, error, aside)
        return True

    def _stop(self, why: str, hint: str | None) -> bool:
        self._retry_at = time.monotonic() + RETRY_S
        if self.stopped is None or self.stopped.stopped != why:
            log.warning("recording_stopped why=%s hint=%s", why, hint or "")
            self.stopped = Recording(file=str(self._path), stopped=why, hint=hint, stopped_at=self._clock.now())
        self.close()  # what is open may be what does not work
        return False

    def _goes_on(self) -> None:
        if self.stopped is not None:
            log.warning("recording_again file=%s", self._path)
            self.stopped = None


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary code; 0 for an error of the module itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _told(error: sqlite3.Error, path: Path) -> tuple[str, str]:
    """What happened and what helps."""
    if _code(error) in _NO_ROOM:
        return (
            f"the exchange store {path} cannot be written: {error}",
            "free some space; a2a goes on recording by itself (log_max_mib limits what it keeps)",
        )
    return f"the exchange store {path} cannot be written: {error}", "check the folder's permissions and space"
