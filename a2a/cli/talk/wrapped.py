"""Running text of a stream, broken between its words where a row of the terminal ends. Nothing of it is lost.

A terminal by itself breaks where the row ends, in the middle of a word. A word is held back until it is whole, or
longer than a row; signs of scripts that are written without blanks are words of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rich.cells import cell_len

_WIDE = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60\U0001f300-\U0001faff\U00020000-\U0003fffd"
"""CJK, Hangul, full-width forms and emoji: a row may end behind each."""

_BLANK = re.compile(r"[^\S\n]")
_BEGUN = re.compile(rf"[^\s{_WIDE}]")
_WORD = re.compile(rf"\n|[^\S\n]+|[{_WIDE}]|[^\s{_WIDE}]+")


class Wrapped:
    """`columns`: of the terminal, as they are now. `add` and `rest` give what can be written."""

    def __init__(self, columns: Callable[[], int]) -> None:
        self._columns = columns
        self._held = ""
        """The beginning of a word, and the blanks before it."""
        self._column = 0
        self._amid = False
        """Whether the beginning of a word has been shown already."""

    def add(self, piece: str) -> str:
        """Everything up to the last word, which may go on."""
        words = _WORD.findall(self._held + piece)
        whole = len(words)
        if whole and _BEGUN.match(words[-1]):
            whole -= 1
        if whole and _BLANK.match(words[whole - 1]):
            whole -= 1
        self._held = "".join(words[whole:])
        shown = self._laid(words[:whole])
        if cell_len(self._held) <= self._columns():
            return shown
        shown, self._amid = shown + self.rest(), True
        return shown

    def rest(self) -> str:
        """What was held back."""
        words, self._held = _WORD.findall(self._held), ""
        return self._laid(words)

    def _laid(self, words: list[str]) -> str:
        columns, text, gap = max(2, self._columns()), "", ""
        for word in words:
            amid, self._amid = self._amid and not word.isspace(), False
            if word == "\n":
                text, gap, self._column = text + gap + word, "", 0
            elif _BLANK.match(word):
                gap += word
            else:
                least = self._column + len(gap) + cell_len(word)
                breaks = self._column and least >= columns and not amid
                text += f"\n{word}" if breaks else gap + word
                self._column = (cell_len(word) if breaks else least) % columns
                gap = ""
        self._column += len(gap)
        return text + gap
