"""Events of one answer in the order that every renderer relies on (specs/conversion.md 2.1).

`Start` waits for the first content, so that an answer without any can still move to another account. Parts open and
close one after another, numbered densely. The writer also remembers what it wrote, for the usage estimate.
"""

from __future__ import annotations

from a2a.messages import Delta, Event, Opaque, PartEnd, PartStart, Reasoning, Seal, Start, Text, ToolCall
from a2a.protocols.base import Conversion
from a2a.protocols.tokens import json_tokens, text_tokens


class Writer:
    """`take()` hands out what was written since the last time."""

    def __init__(self, conv: Conversion) -> None:
        self._conv = conv
        self._events: list[Event] = []
        self._open: type[Text | Reasoning] | None = None
        self._next = 0
        self._prose: list[str] = []
        self._arguments: list[str] = []
        self.calls = 0

    @property
    def started(self) -> bool:
        """Whether anything was written at all."""
        return self._next > 0

    def take(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def text(self, text: str) -> None:
        if text:
            self._delta(Text, text)

    def think(self, text: str) -> None:
        if text:
            self._delta(Reasoning, text)

    def seal(self, opaque: Opaque) -> None:
        """Signs the thoughts that are open, or makes a part for the token alone, and closes it."""
        self._ensure(Reasoning)
        self._events.append(Seal(self._next - 1, opaque))
        self.close()

    def call(self, call_id: str, name: str, arguments: str) -> None:
        """A whole call; the upstream's fragments are never passed on one by one."""
        self.close()
        self._begin(ToolCall(id=call_id, name=name, args=""))
        self._events += [Delta(self._next - 1, arguments), PartEnd(self._next - 1)]
        self._arguments.append(arguments)
        self.calls += 1

    def start(self) -> None:
        """Begins the answer, for one that ends without a part."""
        if not self.started:
            model = self._conv.model
            self._events.append(Start(self._conv.new_id("msg_"), model, int(self._conv.now)))

    def close(self) -> None:
        """Ends the open part, if any."""
        if self._open is not None:
            self._events.append(PartEnd(self._next - 1))
            self._open = None

    def output_tokens(self) -> int:
        """Estimate of text, thoughts and arguments (specs/kiro.md 7.4)."""
        return text_tokens("".join(self._prose)) + sum(map(json_tokens, self._arguments))

    def _delta(self, kind: type[Text | Reasoning], text: str) -> None:
        self._ensure(kind)
        self._events.append(Delta(self._next - 1, text))
        self._prose.append(text)

    def _ensure(self, kind: type[Text | Reasoning]) -> None:
        if self._open is kind:
            return
        self.close()
        self._begin(Text(text="") if kind is Text else Reasoning())
        self._open = kind

    def _begin(self, part: Text | Reasoning | ToolCall) -> None:
        self.start()
        self._events.append(PartStart(self._next, part))
        self._next += 1
