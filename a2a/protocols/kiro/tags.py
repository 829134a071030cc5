"""Thoughts inside the text, between `<thinking>` tags that the system text asked for (specs/kiro.md 6.8)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

Kind = Literal["text", "think"]
Piece = tuple[Kind, str]

_OPEN = "<thinking>"
_CLOSE = "</thinking>"
_TOKEN = re.compile(rf"`+|\n|{_CLOSE}")
_GAP_LINES = 2


class ThinkTags:
    """The state of one answer: before the tag, inside of it, in the empty lines behind it, in the text.

    The open tag counts only before any other text, the close tag only outside of back-ticks, and neither after the
    first block: a model that talks about the tags is not cut.
    """

    def __init__(self) -> None:
        self._state: Callable[[str], list[Piece]] = self._before
        self._held = ""
        self._gap = _GAP_LINES
        self._fence = False
        self._tick = False

    def feed(self, text: str) -> list[Piece]:
        held, self._held = self._held, ""
        return [piece for piece in self._state(held + text) if piece[1]]

    def flush(self) -> list[Piece]:
        """What was held back, at the end of the text or before something else begins."""
        held, self._held = self._held, ""
        return [("think" if self._state == self._inside else "text", held)] if held else []

    def _before(self, text: str) -> list[Piece]:
        bare = text.lstrip()
        if bare.startswith(_OPEN):
            return self._enter(self._inside, bare[len(_OPEN) :])
        if _OPEN.startswith(bare):
            self._held = text
            return []
        return self._enter(self._plain, text)

    def _inside(self, text: str) -> list[Piece]:
        ticks = len(text) - len(text.rstrip("`"))
        sure = len(text) - max(ticks, _half_tag(text, _CLOSE))
        for token in _TOKEN.finditer(text, 0, sure):
            if token[0] == _CLOSE:
                if not (self._fence or self._tick):
                    rest = text[token.end() :]
                    return [("think", text[: token.start()]), *self._enter(self._behind, rest)]
            else:
                self._quote(token[0])
        self._held = text[sure:]
        return [("think", text[:sure])]

    def _behind(self, text: str) -> list[Piece]:
        while self._gap and text.startswith("\n"):
            text = text[1:]
            self._gap -= 1
        if not text:
            return []
        return self._enter(self._plain, text)

    def _plain(self, text: str) -> list[Piece]:
        return [("text", text)]

    def _enter(self, state: Callable[[str], list[Piece]], rest: str) -> list[Piece]:
        self._state = state
        return state(rest)

    def _quote(self, mark: str) -> None:
        """Follows fences over lines and inline code within one."""
        if mark == "\n":
            self._tick = False
        elif len(mark) >= 3:
            self._fence = not self._fence
        elif not self._fence:
            self._tick = not self._tick


def _half_tag(text: str, tag: str) -> int:
    """Length of the longest end of the text that begins the tag without completing it."""
    return next((size for size in range(min(len(tag) - 1, len(text)), 0, -1) if tag.startswith(text[-size:])), 0)
