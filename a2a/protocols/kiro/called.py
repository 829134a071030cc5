"""Calls that a model writes as text, `[Called name with args: {…}]` (specs/kiro.md 7.3, bracket quirk)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from a2a.protocols.args import usable


class CalledText:
    """Holds text back from a line that begins a written call of one of the `names`, until the end of the answer."""

    def __init__(self, names: Sequence[str]) -> None:
        self._heads = tuple(f"[Called {name} with args: {{" for name in names)
        self._held = ""
        self._caught = False
        self._line = ""

    def feed(self, text: str) -> str:
        """What may go on to the client."""
        if not self._heads:
            return text
        if self._caught:
            self._held += text
            return ""
        text, self._held = self._held + text, ""
        at = 0
        while at < len(text):
            end = text.find("\n", at) + 1 or len(text)
            line = self._line + text[at:end]
            if any(line.startswith(head) or head.startswith(line) for head in self._heads):
                self._caught = any(line.startswith(head) for head in self._heads)
                self._held = text[at:]
                return text[:at]
            self._line = "" if line.endswith("\n") else "x"  # what a line began with matters, not how it goes on
            at = end
        return text

    def release(self) -> str:
        """The held text as text: something else began, or real calls came."""
        held, self._held, self._caught = self._held, "", False
        if held:
            self._line = "" if held.endswith("\n") else "x"
        return held

    def calls(self) -> tuple[list[tuple[str, str]], str]:
        """(name, arguments) of the calls in the held text, and the text that is left of it."""
        found: list[tuple[str, str]] = []
        rest: list[str] = []
        text = self.release()
        while text:
            head = next((head for head in self._heads if text.startswith(head)), None)
            size = _object_end(text, len(head) - 1) if head is not None else None
            if head is None or size is None:
                line, newline, text = text.partition("\n")
                rest.append(line + newline)
                continue
            found.append((head.removeprefix("[Called ").partition(" with args: ")[0], text[len(head) - 1 : size]))
            text = text[size:].lstrip().removeprefix("]").lstrip()
        return found, "".join(rest)


_STRING_OR_BRACE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]', re.S)


def _object_end(text: str, start: int) -> int | None:
    """End of the JSON object at `start` when it is whole and a `]` follows it."""
    depth = 0
    for token in _STRING_OR_BRACE.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if depth == 0:
            end = token.end()
            whole = text[end:].lstrip().startswith("]") and usable(text[start:end]) is not None
            return end if whole else None
    return None
