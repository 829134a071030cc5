"""A terminal of a test: rows that scroll away, and the few escape sequences that `a2a chat` writes."""

from __future__ import annotations

import re

from rich.cells import cell_len

_SEQUENCE = re.compile(r"\x1b\[(\d*)([AJKm]|;[\d;]*m)|(\r)|(\n)|([^\x1b\r\n])", re.DOTALL)


class Screen:
    """`write` what a program writes. `lines`: scrollback and screen, without what is blank at the end."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns = columns
        self.rows = rows
        self._above: list[str] = []
        self._grid: list[str] = [""]
        self._row = 0
        self._column = 0
        self.written = 0
        """Characters, escape sequences included."""

    def write(self, text: str) -> None:
        self.written += len(text)
        at = 0
        while at < len(text):
            found = _SEQUENCE.match(text, at)
            assert found, f"a sequence this terminal does not know: {text[at : at + 10]!r}"
            at = found.end()
            self._take(found)

    def _take(self, found: re.Match[str]) -> None:
        number, kind, back, down, letter = found.groups()
        if letter is not None:
            self._put(letter)
        elif back is not None:
            self._column = 0
        elif down is not None:
            self._down()
            self._column = 0
        elif kind == "A":
            assert self._row >= int(number), "above the screen"
            self._row -= int(number)
        elif kind == "K":
            self._grid[self._row] = self._grid[self._row][: self._column]
        elif kind == "J":
            self._grid[self._row] = self._grid[self._row][: self._column]
            del self._grid[self._row + 1 :]

    def _put(self, letter: str) -> None:
        row = self._grid[self._row].ljust(self._column)
        self._grid[self._row] = row[: self._column] + letter + row[self._column + 1 :]
        self._column += 1
        assert cell_len(self._grid[self._row][: self._column]) <= self.columns, "a row that the terminal would fold"

    def _down(self) -> None:
        self._row += 1
        if self._row == len(self._grid):
            self._grid.append("")
        if self._row == self.rows:
            self._above.append(self._grid.pop(0))
            self._row -= 1

    @property
    def lines(self) -> list[str]:
        lines = [line.rstrip() for line in (*self._above, *self._grid)]
        while lines and not lines[-1]:
            lines.pop()
        return lines
