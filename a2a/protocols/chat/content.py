"""What some upstreams hide in `content`: reasoning between <think> tags, JSON inside a Markdown fence.

Both are looked for only where the conversion says so (specs/conversion.md 7.2, 8.1): the profile's `wire["think_tags"]`
is "1"; the client asked for JSON and this upstream was asked in words (`structured` is not native).
"""

from __future__ import annotations

import re

from a2a.protocols.base import Conversion

Piece = tuple[str, str]
"""("text" or "reasoning", what it says)."""

_OPEN, _CLOSE = "<think>", "</think>"
_FENCE = "```"
_FENCE_END = re.compile(r"\s*(?:`{1,3}\s*)?\Z")
"""The end of a text that may be, or become, the closing fence."""


def content_filter(conv: Conversion) -> ContentFilter | None:
    """The filter for the texts of one candidate, None where texts are just texts."""
    output = conv.request.output
    thinks = conv.profile.wire.get("think_tags") == "1"
    fenced = output is not None and output.kind != "text" and conv.profile.structured != "native"
    return ContentFilter(thinks=thinks, fenced=fenced) if thinks or fenced else None


class ContentFilter:
    """Takes text in any split, gives pieces; the same text gives the same pieces joined."""

    __slots__ = ("_fence", "_think")

    def __init__(self, *, thinks: bool, fenced: bool) -> None:
        self._think = _Think() if thinks else None
        self._fence = _Fence() if fenced else None

    def feed(self, text: str) -> list[Piece]:
        pieces = [("text", text)] if self._think is None else self._think.feed(text)
        return self._unfenced(pieces)

    def end(self) -> list[Piece]:
        """What was held back."""
        pieces = self._unfenced([] if self._think is None else self._think.end())
        rest = "" if self._fence is None else self._fence.end()
        return [*pieces, ("text", rest)] if rest else pieces

    def whole(self, text: str) -> tuple[str, str]:
        """(reasoning, text) of a text that came in one piece."""
        pieces = [*self.feed(text), *self.end()]
        reasoning = "".join(said for kind, said in pieces if kind == "reasoning")
        return reasoning, "".join(said for kind, said in pieces if kind == "text")

    def _unfenced(self, pieces: list[Piece]) -> list[Piece]:
        fence = self._fence
        if fence is not None:
            pieces = [(kind, fence.feed(text) if kind == "text" else text) for kind, text in pieces]
        return [piece for piece in pieces if piece[1]]


class _Think:
    """Only a tag at the very start counts: a model that writes about tags later means what it writes."""

    __slots__ = ("_held", "_inside", "_trim", "_undecided")

    def __init__(self) -> None:
        self._held = ""
        self._undecided = True
        self._inside = False
        self._trim = False  # white space behind the closing tag is no part of the answer

    def feed(self, text: str) -> list[Piece]:
        held, self._held = self._held + text, ""
        if self._undecided:
            bare = held.lstrip()
            if len(bare) < len(_OPEN) and _OPEN.startswith(bare):
                self._held = held
                return []
            self._undecided = False
            self._inside = bare.startswith(_OPEN)
            held = bare[len(_OPEN) :] if self._inside else held
        if not self._inside:
            return self._text(held)
        thought, closed, rest = held.partition(_CLOSE)
        if closed:
            self._inside, self._trim = False, True
            return [("reasoning", thought), *self._text(rest)]
        keep = next((size for size in range(len(_CLOSE) - 1, 0, -1) if held.endswith(_CLOSE[:size])), 0)
        self._held = held[len(held) - keep :]
        return [("reasoning", held[: len(held) - keep])]

    def end(self) -> list[Piece]:
        return [("reasoning" if self._inside else "text", self._held)] if self._held else []

    def _text(self, text: str) -> list[Piece]:
        if self._trim:
            text = text.lstrip()
            self._trim = not text
        return [("text", text)]


class _Fence:
    """A fence around the whole text; one in the middle is content."""

    __slots__ = ("_fenced", "_held", "_undecided")

    def __init__(self) -> None:
        self._held = ""
        self._undecided = True
        self._fenced = False

    def feed(self, text: str) -> str:
        held, self._held = self._held + text, ""
        if self._undecided:
            bare = held.lstrip()
            opening, line_end, rest = bare.partition("\n")
            if _FENCE.startswith(bare) or (bare.startswith(_FENCE) and not line_end):
                self._held = held
                return ""
            self._undecided = False
            self._fenced = opening.startswith(_FENCE)
            held = rest if self._fenced else held
        if not self._fenced:
            return held
        tail = _FENCE_END.search(held)
        at = tail.start() if tail is not None else len(held)
        self._held = held[at:]
        return held[:at]

    def end(self) -> str:
        return "" if self._fenced else self._held
