"""The Markdown fence that models put around JSON although they were told not to (specs/conversion.md 8.1)."""

from __future__ import annotations

import re

_OPEN = re.compile(r"\s*```[A-Za-z]*[ \t]*\n")
_MAYBE_OPEN = re.compile(r"\s*(?:`{0,3}|```[A-Za-z]*[ \t]*)")
_FENCE = "```"


class Fence:
    """Takes the fence off a text in deltas: its first line, and the last one when nothing follows it."""

    def __init__(self) -> None:
        self._begun = False
        self._fenced = False
        self._held = ""
        self._ticked = False  # what went on last ends with a back-tick

    def feed(self, text: str) -> str:
        """What may go on to the client."""
        text, self._held = self._held + text, ""
        if not self._begun:
            if _MAYBE_OPEN.fullmatch(text):
                self._held = text
                return ""
            self._begun = True
            found = _OPEN.match(text)
            self._fenced = found is not None
            text = text[found.end() :] if found is not None else text
        if not self._fenced:
            return text
        sure = _before_fence(text, ticked=self._ticked)
        self._held = text[sure:]
        if sure:
            self._ticked = text[sure - 1] == "`"
        return text[:sure]

    def flush(self) -> str:
        """What was held back, unless it is the fence's last line."""
        held, self._held = self._held, ""
        return "" if self._fenced and held.strip() == _FENCE else held


def _before_fence(text: str, *, ticked: bool) -> int:
    """Where the blanks and back-ticks at the end begin that may be the closing line.

    `ticked`: the text goes on behind a back-tick, so that those at its very beginning belong to a longer row.
    """
    bare = text.rstrip()
    inner = bare.rstrip("`")
    row = len(bare) - len(inner)
    return len(bare) if row > len(_FENCE) or (ticked and row and not inner) else len(inner.rstrip())
