"""Items of a Responses stream, put into strict order (specs/conversion.md 2.1, 10.2).

An upstream names the item that each event belongs to, so items may interleave; the neutral form wants parts that open
and close one after another. A `Lane` gives out the events of the first item that is not done; later ones wait. What
`output_item.done` says is the truth: deltas that never came are made up for, and the part ends with its whole form.
"""

from __future__ import annotations

from collections import deque

from msgspec import Raw

from a2a.messages import Delta, Event, Foreign, Part, PartEnd, PartStart, Reasoning, Refusal, Seal, Text, ToolCall
from a2a.protocols.args import usable

_EMPTY_OBJECT = "{}"


class Slot:
    """One part under construction. `events`: what was said and not given out yet, with `i` still to be set."""

    __slots__ = ("_held", "_passing", "_pieces", "events", "key", "over", "shell")

    def __init__(self, key: int, shell: Part) -> None:
        self.key = key  # content_index inside the item
        self.shell = shell
        self.events: list[Event] = [PartStart(-1, shell)]
        self.over = False
        self._pieces: list[str] = []
        self._held = ""
        self._passing = not isinstance(shell, ToolCall) or shell.custom

    def take(self, text: str, logprobs: Raw | None = None) -> None:
        """A delta. Arguments wait until it is clear that they are an object with content: `{}`, nothing and quoted
        JSON mean what the end says; a `{}` before the real object is thrown away (6.4).
        """
        if not self._passing:
            self._held = text = (self._held + text).lstrip()
            while text.startswith(_EMPTY_OBJECT) and text[2:].strip():
                self._held = text = text[2:].lstrip()
            if not text.startswith("{") or text.rstrip() in ("{", _EMPTY_OBJECT):
                return
            self._passing = True
        self._pieces.append(text)
        self.events.append(Delta(-1, text, logprobs=logprobs))

    def end(self, whole: Part | None) -> None:
        """Closes the part. `whole`: its final form, None when only the deltas are known."""
        if self.over:
            return
        self.over = True
        said = "".join(self._pieces)
        if whole is None and not self._passing:
            self._delta(usable(self._held) or self._held)
        elif whole is not None:
            text = _text_of(whole)
            if text.startswith(said):
                self._delta(text[len(said) :])
        seals = whole.opaque if isinstance(whole, Text | Reasoning | ToolCall) else []
        self.events += [Seal(-1, opaque) for opaque in seals]
        self.events.append(PartEnd(-1, part=whole))

    def _delta(self, text: str) -> None:
        if text:
            self._pieces.append(text)
            self.events.append(Delta(-1, text))

    @property
    def sound(self) -> bool:
        """False for a call that cannot be run as it is."""
        call = self.shell
        return not isinstance(call, ToolCall) or call.custom or usable("".join(self._pieces) or self._held) is not None


class Item:
    """One output item. `ident`: its id, "" while unknown; `index`: its output_index."""

    __slots__ = ("closed", "ident", "index", "kind", "paragraph", "shell", "slots")

    def __init__(self, index: int | None, ident: str, kind: str, shell: Part | None) -> None:
        self.index = index
        self.ident = ident
        self.kind = kind
        self.shell = shell  # of an item that is one part
        self.slots: list[Slot] = []
        self.closed = False
        self.paragraph: int | None = None  # summary_index of the latest delta
        if shell is not None:
            self.slots.append(Slot(0, shell))

    def slot(self, key: int, shell: Part) -> Slot:
        """The part with that content_index, a new one if need be."""
        if self.shell is not None:
            return self.slots[0]
        found = next((slot for slot in self.slots if slot.key == key), None)
        if found is None:
            found = Slot(key, shell)
            self.slots.append(found)
            self.slots.sort(key=lambda slot: (slot.events == [], slot.key) if False else slot.key)
        return found

    def close(self, parts: list[Part] | None) -> None:
        """Ends all parts; those the deltas never told of are told now. `parts`: the final forms, in order."""
        if self.closed:
            return
        self.closed = True
        for key, part in enumerate(parts or ()):
            if key >= len(self.slots):
                self.slots.append(Slot(key, _shell_of(part)))
            self.slots[key].end(part)
        for slot in self.slots:
            slot.end(None)


class Lane:
    """The items of one answer, in the order in which they began."""

    __slots__ = ("_next", "_queue", "broken", "calls", "items", "refused")

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._queue: deque[Item] = deque()
        self._next = 0
        self.calls = 0  # whole ones given out
        self.broken = False
        self.refused = False

    def add(self, item: Item) -> None:
        self.items.append(item)
        self._queue.append(item)

    def find(self, index: int | None, ident: str) -> Item | None:
        """By output_index where it is given, else by id, else the latest."""
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
            while item.slots and self._drain(item.slots[0], out):
                del item.slots[0]
            if item.slots or not item.closed:
                return
            self._queue.popleft()

    def _drain(self, slot: Slot, out: list[Event]) -> bool:
        """Gives out the slot's events; whether it is over."""
        for event in slot.events:
            if isinstance(event, PartStart | Delta | Seal | PartEnd):
                event.i = self._next
            out.append(event)
        slot.events = []
        if not slot.over:
            return False
        self._next += 1
        self.refused = self.refused or isinstance(slot.shell, Refusal)
        if isinstance(slot.shell, ToolCall):
            self.calls += slot.sound
            self.broken = self.broken or not slot.sound
        return True


def _shell_of(part: Part) -> Part:
    """The part as it is announced: kind, id and name without what it says."""
    match part:
        case Text():
            return Text(text="", phase=part.phase)
        case Refusal():
            return Refusal(text="")
        case Reasoning():
            return Reasoning(summary=part.summary, item_id=part.item_id)
        case ToolCall():
            return ToolCall(
                id=part.id, name=part.name, args="", custom=part.custom, namespace=part.namespace, item_id=part.item_id
            )
    return part


def _text_of(part: Part) -> str:
    match part:
        case Text() | Reasoning() | Refusal():
            return part.text
        case ToolCall():
            return part.args
    return ""


def is_whole(part: Part) -> bool:
    """Whether a part has no deltas and is only told when it is complete."""
    return isinstance(part, Foreign)
