"""The end of the screen that may still change: written over in place, at once, from the first row that differs.

Nothing above it is ever touched, so the scrollback holds each line once. It is at most one row lower than the screen:
of more lines the last ones are shown, until they are final.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from a2a.cli.talk.shape import Line


class Region:
    """`size`: columns and rows as they are now. The cursor stays behind the last open line."""

    def __init__(self, write: Callable[[str], None], size: Callable[[], tuple[int, int]]) -> None:
        self._write = write
        self._size = size
        self._shown: list[Line] = []
        self._columns = 0

    @property
    def rows(self) -> int:
        """Room for open lines."""
        return max(1, self._size()[1] - 1)

    def paint(self, done: Sequence[Line], opened: Sequence[Line]) -> None:
        """Put `done` in the place of what is open, for good, and `opened` below it."""
        fresh = [*done, *opened[-self.rows :]]
        columns = self._size()[0]
        same = _alike(self._shown, fresh) if columns == self._columns else 0
        if same == len(fresh) < len(self._shown):
            same = max(0, same - 1)  # so that the cursor ends up behind it
        out = self._to_row(same, columns)
        if same < len(fresh) or same < len(self._shown):
            out += _rows(fresh[same:], begun=same > 0 and same == len(self._shown))
        if done and len(done) == len(fresh):
            out += "\n"
        self._shown = list(fresh[len(done) :])
        self._columns = columns
        if out:
            self._write(out)

    def close(self) -> None:
        """What is open stays as it is; the cursor goes to a row of its own."""
        if self._shown:
            self._write("\n")
            self._shown = []

    def _to_row(self, number: int, columns: int) -> str:
        """Bring the cursor to the open line `number`, or leave it behind the last. Terminals fold long rows anew."""
        left = self._shown[number:]
        if not left:
            return ""
        height = sum(max(1, -(-line.cells // max(1, columns))) for line in left)
        up = min(height, self._size()[1]) - 1
        return "\r" + (f"\x1b[{up}A" if up else "")


def _rows(lines: Sequence[Line], *, begun: bool) -> str:
    """The lines, each to the end of its row, and nothing below them. `begun`: the cursor is at the end of another."""
    start = "\n" if begun else ""
    return start + "\n".join(f"{line.ansi}\x1b[K" for line in lines) + "\x1b[J"


def _alike(old: Sequence[Line], new: Sequence[Line]) -> int:
    """How many lines at the beginning are the same."""
    count = 0
    for before, now in zip(old, new, strict=False):
        if before.ansi != now.ansi:
            break
        count += 1
    return count
