"""Every process that this one and its children start, with its arguments and environment (Linux: read from /proc)."""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_EVERY_S = 0.005


@dataclass(frozen=True)
class Process:
    """`parent`: its id. `environ`: as the system shows it, `NAME=value` by NUL."""

    pid: int
    parent: int
    arguments: str
    environ: str


class Watch:
    """`with Watch() as watch:` looks some two hundred times a second; `seen` are the descendants of this process."""

    def __init__(self) -> None:
        self.seen: set[Process] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="process watch")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def started_by_us(self) -> set[Process]:
        """What the test itself has started."""
        return {process for process in self.seen if process.parent == os.getpid()}

    def started_by_them(self) -> set[Process]:
        """What those have started."""
        return self.seen - self.started_by_us()

    def _look(self) -> None:
        while not self._over.wait(_EVERY_S):
            parents = _parents()
            for pid in _descendants(os.getpid(), parents):
                with contextlib.suppress(OSError):  # it has ended meanwhile
                    folder = Path("/proc") / str(pid)
                    arguments = (folder / "cmdline").read_text("utf-8", "replace")
                    environ = (folder / "environ").read_text("utf-8", "replace")
                    if arguments:
                        self.seen.add(Process(pid, parents[pid], arguments, environ))


def _parents() -> dict[int, int]:
    """Process -> its parent."""
    found: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                found[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    return found


def _descendants(root: int, parents: dict[int, int]) -> set[int]:
    """A process whose parent has died belongs to somebody else: it was seen before that."""
    children: dict[int, list[int]] = {}
    for pid, parent in parents.items():
        children.setdefault(parent, []).append(pid)
    found: set[int] = set()
    waiting = list(children.get(root, []))
    while waiting:
        pid = waiting.pop()
        found.add(pid)
        waiting += children.get(pid, [])
    return found
