"""Two JSON documents of the same protocol beside each other, aligned by path, with what differs marked.

Keys stand in the order of the left document, new ones at the end of their object. Items of arrays are aligned by what
they are, so that one inserted in front does not make all behind it look changed. Strings of several lines are compared
line by line.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from a2a.tui.diff import align
from a2a.tui.inspect import json_text
from a2a.tui.inspect.json_text import Printed
from a2a.tui.inspect.sheet import Line, Row, Sign, sign_of

FOLDED_FROM = 4
"""Equal parts of at least so many lines start folded, so that what differs is seen."""


def rows(left: Any, right: Any) -> tuple[list[Row], set[int]]:
    """The rows, and which of them start folded. Raises RecursionError for values that are nested too deep."""
    found = _Walk()
    found.both(left, right, 0, None)
    return found.rows, found.folded


def paired(left: list[Printed], right: list[Printed], sign: Sign) -> tuple[list[Row], set[int]]:
    """Two printed values beside each other, line by line; as a whole they fold into their first row."""
    made = [
        Row(one.line if one else None, other.line if other else None, sign) for one, other in zip_longest(left, right)
    ]
    made[0].size = len(made) - 1
    made[0].briefs = (left[0].brief if left else "", right[0].brief if right else "")
    closed = any(side and side[0].closed for side in (left, right))
    return made, {0} if closed and made[0].size else set()


class _Walk:
    """Writes rows while it goes through both values."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.folded: set[int] = set()

    def both(self, left: Any, right: Any, depth: int, key: str | None) -> None:
        match left, right:
            case _ if left == right:
                self._equal(left, depth, key)
            case dict(), dict():
                self._container(left, right, depth, key)
            case list(), list():
                self._container(left, right, depth, key)
            case str(), str() if "\n" in left and "\n" in right:
                self._strings(left, right, depth, key)
            case _:
                self._changed(left, right, depth, key)

    def _equal(self, value: Any, depth: int, key: str | None) -> None:
        start = len(self.rows)
        for each in json_text.printed(value, depth, key):
            if each.closed or (len(self.rows) == start and depth and each.size >= FOLDED_FROM):
                self.folded.add(len(self.rows))
            self.rows.append(Row(each.line, each.line, " ", each.size, (each.brief, each.brief)))

    def _changed(self, left: Any, right: Any, depth: int, key: str | None) -> None:
        self._add(*paired(json_text.printed(left, depth, key), json_text.printed(right, depth, key), "~"))

    def _one(self, value: Any, depth: int, key: str | None, sign: Sign) -> None:
        """A value that stands on one side only."""
        for each in json_text.printed(value, depth, key):
            if each.closed:
                self.folded.add(len(self.rows))
            sides: tuple[Line | None, Line | None] = (each.line, None) if sign == "-" else (None, each.line)
            self.rows.append(Row(*sides, sign, each.size, (each.brief, each.brief)))

    def _add(self, made: list[Row], folded: set[int]) -> None:
        start = len(self.rows)
        self.rows.extend(made)
        self.folded |= {start + each for each in folded}

    def _container(self, left: Any, right: Any, depth: int, key: str | None) -> None:
        opening, closing, brief = json_text.open_line(left, depth, key)
        head = Row(opening, opening, " ", 0, (brief, json_text.open_line(right, depth, key)[2]))
        start = len(self.rows)
        self.rows.append(head)
        if isinstance(left, dict):
            self._keys(left, right, depth + 1)
        else:
            self._items(left, right, depth + 1)
        self.rows.append(Row(closing, closing))
        head.size = len(self.rows) - start - 1

    def _keys(self, left: dict[str, Any], right: dict[str, Any], depth: int) -> None:
        for name, value in left.items():
            if name in right:
                self.both(value, right[name], depth, name)
            else:
                self._one(value, depth, name, "-")
        for name, value in right.items():
            if name not in left:
                self._one(value, depth, name, "+")

    def _items(self, left: list[Any], right: list[Any], depth: int) -> None:
        for old, new in align([repr(item) for item in left], [repr(item) for item in right]):
            if old is None and new is not None:
                self._one(right[new], depth, None, "+")
            elif new is None and old is not None:
                self._one(left[old], depth, None, "-")
            elif old is not None and new is not None:
                self.both(left[old], right[new], depth, None)

    def _strings(self, left: str, right: str, depth: int, key: str | None) -> None:
        """Line by line; the first lines hold the key and meet each other. No closing quote: it would move a change."""
        old, new = json_text.string_lines(left), json_text.string_lines(right)
        head = Row(
            json_text.first_line(old[0], depth, key),
            json_text.first_line(new[0], depth, key),
            " " if old[0] == new[0] else "~",
        )
        start = len(self.rows)
        self.rows.append(head)
        for one, other in align(old[1:], new[1:]):
            left_line = None if one is None else json_text.continuation(old[one + 1], depth)
            right_line = None if other is None else json_text.continuation(new[other + 1], depth)
            self.rows.append(Row(left_line, right_line, sign_of(left_line, right_line)))
        head.size = len(self.rows) - start - 1
        head.briefs = (f' … {len(old)} lines"', f' … {len(new)} lines"')
