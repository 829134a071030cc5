"""A file lock between processes: one refresh per account, one edit of the records at a time.

The system drops the lock of a process that dies, so kill -9 leaves nothing to clean up. The lock files stay: removing
one would let two processes lock two files of the same name.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from a2a.errors import StoreError
from a2a.paths import private_dir

_POLL_S = 0.02


class _Busy(Exception):
    """Somebody else holds it."""


def _lock(handle: int) -> None:
    """Take the lock without waiting. Raises _Busy."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as exc:
        raise _Busy from exc


def _try(path: Path) -> int:
    """The open, locked file; closing it lets go. Raises _Busy, or StoreError where there can be no lock."""
    private_dir(path.parent)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as exc:
        raise StoreError(f"cannot open {path}: {exc.strerror or exc}", hint="check the folder's permissions") from exc
    try:
        _lock(handle)
    except BaseException as exc:
        os.close(handle)
        if isinstance(exc, OSError):
            raise StoreError(f"cannot lock {path}: {exc.strerror or exc}") from exc
        raise
    return handle


@contextmanager
def hold(path: Path, *, deadline_s: float = 5.0) -> Iterator[None]:
    """Hold the lock in the body. Raises StoreError when it is not free within `deadline_s`."""
    end = time.monotonic() + deadline_s
    while True:
        try:
            handle = _try(path)
            break
        except _Busy:
            if time.monotonic() > end:
                raise _timed_out(path, deadline_s) from None
            time.sleep(_POLL_S)
    try:
        yield
    finally:
        os.close(handle)


@asynccontextmanager
async def hold_async(path: Path, *, deadline_s: float) -> AsyncIterator[None]:
    """As `hold`, for a coroutine. Each try is three system calls that do not wait, so no thread is needed, and a
    cancelled waiter cannot leave a lock behind in one."""
    try:
        async with asyncio.timeout(deadline_s):
            while True:
                try:
                    handle = _try(path)
                    break
                except _Busy:
                    await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise _timed_out(path, deadline_s) from None
    try:
        yield
    finally:
        os.close(handle)


def _timed_out(path: Path, deadline_s: float) -> StoreError:
    return StoreError(
        f"{path} stayed locked for {deadline_s:g} s", hint="another a2a process is at work on it: look for a hung one"
    )
