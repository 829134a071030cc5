"""Where bytes wait for another process without being in the way of this one.

On Linux that is memory of the kernel's (memfd_create(2)). Kept in the heap they would make it grow, and it is the event
loop that touches new pages first: 3 us each on a virtual machine, and a streamed answer takes ten. A thread that writes
to the kernel lets the interpreter go meanwhile. The other process is handed the file, without another copy, and has it
even when this one is killed. Elsewhere, and where the kernel gives none, they stay as they are.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import weakref
from collections.abc import Sequence
from typing import Protocol

SEGMENT_BYTES = 4 * 1024 * 1024
"""After so many another piece of memory is begun: it is used again when nothing of it waits any more."""
_AT_ONCE = 512
"""Pieces of one write. Linux takes 1,024."""


class Kept(Protocol):
    """What waits, one piece behind the other. `place`: the file it is in, and where; None: in no file."""

    @property
    def place(self) -> tuple[int, int] | None: ...

    def read(self) -> bytes: ...

    def drop(self) -> None:
        """It has been taken care of. Once."""
        ...


class Spool:
    """`put()` from one thread, what is done with it then from another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: _Segment | None = None
        self._spare: _Segment | None = None

    def put(self, pieces: Sequence[bytes]) -> Kept:
        """May block for as long as copying takes."""
        if sys.platform == "linux" and hasattr(os, "memfd_create"):  # not where Python was built for an old glibc
            with contextlib.suppress(OSError):  # no memory, or a limit that is the kernel's
                return self._put(pieces)
        return _InHeap(pieces)

    def _put(self, pieces: Sequence[bytes]) -> _InSegment:
        size = sum(map(len, pieces))
        with self._lock:
            segment = self._room()
            start = segment.size
            segment.size += size
            segment.waiting += 1
        try:
            segment.write(pieces, start)
        except OSError:
            self.drop(segment)
            raise
        return _InSegment(self, segment, start, size)

    def _room(self) -> _Segment:
        if self._last is None or self._last.size >= SEGMENT_BYTES:
            self._last, self._spare = self._spare or _Segment(), None
        return self._last

    def drop(self, segment: _Segment) -> None:
        """One part of it. One more is kept for use when it is empty, as its pages are there already."""
        with self._lock:
            segment.waiting -= 1
            if segment.waiting:
                return
            ordinary = segment.size <= 2 * SEGMENT_BYTES
            segment.size = 0
            if segment is self._last:
                self._last = segment if ordinary else None
            elif ordinary:
                self._spare = segment


class _Segment:
    """`size`: bytes written, `waiting`: parts that are still wanted. The memory is free when nobody refers to it."""

    def __init__(self) -> None:
        """Raises OSError."""
        self.size = self.waiting = 0
        self.file = os.memfd_create("a2a-record") if sys.platform == "linux" else -1
        weakref.finalize(self, os.close, self.file)

    def write(self, pieces: Sequence[bytes], start: int) -> None:
        """Raises OSError."""
        for first in range(0, len(pieces), _AT_ONCE):
            some = pieces[first : first + _AT_ONCE]
            size = sum(map(len, some))
            if os.pwritev(self.file, some, start) != size:
                raise OSError("not all of it was written")
            start += size


class _InSegment:
    def __init__(self, spool: Spool, segment: _Segment, start: int, size: int) -> None:
        self._spool = spool
        self._segment = segment
        self._start = start
        self._size = size

    @property
    def place(self) -> tuple[int, int]:
        return self._segment.file, self._start

    def read(self) -> bytes:
        return os.pread(self._segment.file, self._size, self._start)

    def drop(self) -> None:
        self._spool.drop(self._segment)


class _InHeap:
    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces

    @property
    def place(self) -> None:
        return None

    def read(self) -> bytes:
        return b"".join(self._pieces)

    def drop(self) -> None:
        self._pieces = ()
