"""The text of an answer on its way to the client: thoughts, written calls and fences are taken out of it.

Each stage takes deltas in any split and holds back only what could still become what it looks for.
"""

from __future__ import annotations

from a2a.protocols.base import Conversion
from a2a.protocols.kiro.called import CalledText
from a2a.protocols.kiro.fence import Fence
from a2a.protocols.kiro.tags import Piece, ThinkTags
from a2a.protocols.names import flat_name

TAGS_MARK = "kiro.thinking_tags"
"""`Conversion.extra`: the model was asked to think in tags."""
FENCE_MARK = "kiro.strip_fence"
"""`Conversion.extra`: the answer is JSON text that may come inside a Markdown fence."""


class Prose:
    """The stages that one conversion needs."""

    def __init__(self, conv: Conversion) -> None:
        names = [flat_name(tool.name, tool.namespace) for tool in conv.request.tools]
        self._called = CalledText([conv.names.get(name, name) for name in names])
        self._tags = ThinkTags() if TAGS_MARK in conv.extra else None
        self._fence = Fence() if FENCE_MARK in conv.extra else None

    def feed(self, text: str) -> list[Piece]:
        """What may go on to the client."""
        return self._checked(self._tags.feed(text) if self._tags is not None else [("text", text)])

    def release(self) -> list[Piece]:
        """All that was held back, as text: something else begins, or the answer broke."""
        return [*self._untagged(), *self._tail(self._called.release())]

    def finish(self) -> tuple[list[Piece], list[tuple[str, str]]]:
        """(rest of the text, written calls as name and arguments) at the end of an answer without real calls."""
        pieces = self._untagged()
        calls, text = self._called.calls()
        return [*pieces, *self._tail(text)], calls

    def _untagged(self) -> list[Piece]:
        return self._checked(self._tags.flush()) if self._tags is not None else []

    def _checked(self, pieces: list[Piece]) -> list[Piece]:
        """The pieces behind the tags, their text without written calls and fence."""
        return [
            (kind, piece if kind == "think" else self._unfenced(self._called.feed(piece))) for kind, piece in pieces
        ]

    def _tail(self, text: str) -> list[Piece]:
        text = self._unfenced(text)
        return [("text", text + self._fence.flush() if self._fence is not None else text)]

    def _unfenced(self, text: str) -> str:
        return self._fence.feed(text) if self._fence is not None and text else text
