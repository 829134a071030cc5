"""Items of a Responses stream, put into strict order (specs/conversion.md 2.1, 6.4, 10.2).

An upstream names the item that each event belongs to, so items may interleave; the neutral form wants parts that open
and close one after another. A `Lane` gives out the events of the first item that is not done; later ones wait. What
`output_item.done` says is the truth: deltas that never came are made up for, and the part ends with its whole form.
"""

from __future__ import annotations

from collections import deque

from msgspec import Raw
from msgspec.structs import replace

from a2a.messages import Delta, Event, Part, PartEnd, PartStart, Reasoning, Refusal, Seal, Text, ToolCall
from a2a.protocols.args import usable

_EMPTY_OBJECT = "{}"
_NUMBER_LATER = -1
"""Part number of events that wait: it is known when they are given out."""


class Slot:
    """One part under construction. `key`: its content_index; `events`: said, but not given out yet."""

    __slots__ = ("_cut", "_held", "_passing", "_pieces", "_whole", "events", "key", "over", "shell")

    def __init__(self, key: int, shell: Part) -> None:
        self.key = key
        self.shell = shell
        self.events: list[PartStart | Delta | Seal | PartEnd] = [PartStart(_NUMBER_LATER, shell)]
        self.over = False
        self._pieces: list[str] = []
        self._held = ""
        self._passing = not isinstance(shell, ToolCall) or shell.custom
        self._whole: Part | None = None
        self._cut = False

    def take(self, text: str, logprobs: Raw | None = None) -> None:
        """A delta. Arguments wait until it is clear that they are an object with content: `{}`, nothing and quoted
        JSON mean what the end says; a `{}` before the real object is thrown away.
        """
        if not self._passing:
            text = self._held = (self._held + text).lstrip()
            while text.startswith(_EMPTY_OBJECT) and text[2:].strip():
                text = self._held = text[2:].lstrip()
            if not text.startswith("{") or text.rstrip() in ("{", _EMPTY_OBJECT):
                return
            self._passing = True
        self._delta(text, logprobs)

    def end(self, whole: Part | None, *, cut: bool = False) -> None:
        """Closes the part. `whole`: its final form, None when only the deltas are known; `cut`: they may be a torso."""
        if self.over:
            return
        self.over, self._whole, self._cut = True, whole, cut and whole is None
        said = "".join(self._pieces)
        if whole is not None:
            text = _text_of(whole)
            self._delta(text[len(said) :] if text.startswith(said) else "")
            opaque = whole.opaque if isinstance(whole, Text | Reasoning | ToolCall) else []
            self.events += [Seal(_NUMBER_LATER, token) for token in opaque]
        elif not self._passing and not cut:
            self._delta(usable(self._held) or self._held)
        self.events.append(PartEnd(_NUMBER_LATER, part=whole))

    def _delta(self, text: str, logprobs: Raw | None = None) -> None:
        if text:
            self._pieces.append(text)
            self.events.append(Delta(_NUMBER_LATER, text, logprobs=logprobs))

    @property
    def sound(self) -> bool:
        """False for a call that cannot be run as it is."""
        if not isinstance(self.shell, ToolCall):
            return True
        args = _text_of(self._whole) if self._whole is not None else "".join(self._pieces)
        if self._cut and (self.shell.custom or not args):
            return False
        return self.shell.custom or usable(args) is not None


class Item:
    """One output item. `ident`: its id, "" while unknown; `index`: its output_index; `phase`: of a message."""

    __slots__ = ("_given", "closed", "ident", "index", "paragraph", "phase", "slots")

    def __init__(self, index: int | None, ident: str, phase: str | None = None) -> None:
        self.index = index
        self.ident = ident
        self.phase = phase
        self.slots: list[Slot] = []
        self.closed = False
        self.paragraph: int | None = None  # summary_index of the latest delta
        self._given = 0

    def slot(self, key: int) -> Slot | None:
        """The part with that content_index."""
        for slot in self.slots:  # nearly always one
            if slot.key == key:
                return slot
        return None

    def open(self, key: int, shell: Part) -> Slot:
        """The part with that content_index, a new one if need be."""
        found = self.slot(key)
        if found is None:
            found = Slot(key, shell)
            self.slots.append(found)
        return found

    def close(self, finals: list[tuple[int, Part]] | None, *, cut: bool = False) -> None:
        """Ends all parts; those the deltas never told of are told now. `finals`: (content_index, final form)."""
        if self.closed:
            return
        self.closed = True
        for key, part in finals or ():
            self.open(key, shell_of(part)).end(part)
        for slot in self.slots:
            slot.end(None, cut=cut)

    def current(self) -> Slot | None:
        """The first part that is not given out to its end; None when there is none yet."""
        return self.slots[self._given] if self._given < len(self.slots) else None

    def advance(self) -> None:
        self._given += 1


class Lane:
    """The items of one answer, in the order in which they began. `calls`: whole ones given out."""

    __slots__ = ("_next", "_queue", "broken", "calls", "items", "refused")

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._queue: deque[Item] = deque()
        self._next = 0
        self.calls = 0
        self.broken = False
        self.refused = False

    def add(self, item: Item) -> Item:
        self.items.append(item)
        self._queue.append(item)
        return item

    def find(self, index: int | None, ident: str) -> Item | None:
        """By output_index where both sides have one, else by id, else the latest."""
        for item in reversed(self.items):
            if index is not None and item.index is not None:
                if item.index == index:
                    return item
            elif not ident or item.ident == ident:
                return item
        return None

    def flush(self, out: list[Event]) -> None:
        """Appends everything that may be said now, with its part number."""
        while self._queue:
            item = self._queue[0]
            while (slot := item.current()) is not None:
                self._drain(slot, out)
                if not slot.over:
                    return
                item.advance()
                self._count(slot)
            if not item.closed:
                return
            self._queue.popleft()

    def _drain(self, slot: Slot, out: list[Event]) -> None:
        for event in slot.events:
            event.i = self._next
            out.append(event)
        slot.events = []

    def _count(self, slot: Slot) -> None:
        self._next += 1
        self.refused = self.refused or isinstance(slot.shell, Refusal)
        if isinstance(slot.shell, ToolCall):
            self.calls += slot.sound
            self.broken = self.broken or not slot.sound


def shell_of(part: Part) -> Part:
    """The part as it is announced: kind, id and name without what it says."""
    match part:
        case Text():
            return Text(text="", phase=part.phase)
        case Refusal():
            return Refusal(text="")
        case Reasoning():
            return Reasoning(summary=part.summary, item_id=part.item_id)
        case ToolCall():
            return replace(part, args="", opaque=[], ext=None)
        case _:
            return part


def _text_of(part: Part) -> str:
    match part:
        case Text() | Reasoning() | Refusal():
            return part.text
        case ToolCall():
            return part.args
        case _:
            return ""
