"""Parts of one candidate of a Chat stream, put into strict order (specs/conversion.md 2.1, 6.4, 10.2; qwen.md 10).

Chat streams have no part boundaries: text, reasoning and fragments of several calls arrive as they like. A `Lane` turns
them into parts that open and close one after another. The first part of the queue is open and its deltas leave at
once; later ones wait until it is over. Text and reasoning are over when something else begins, a call when its
arguments are a whole JSON object.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from msgspec import Raw

from a2a.messages import Delta, Event, Media, Opaque, Part, PartEnd, PartStart, Reasoning, Refusal, Seal, Text, ToolCall
from a2a.protocols.args import usable
from a2a.protocols.chat.content import ContentFilter

_SHELLS: dict[str, Callable[[], Part]] = {
    "text": lambda: Text(text=""),
    "reasoning": lambda: Reasoning(summary=False),
    "refusal": lambda: Refusal(text=""),
}


class Slot:
    """One part. `waiting`: deltas that came before the part could open."""

    __slots__ = ("i", "kind", "waiting")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.i = -1  # not open yet
        self.waiting: list[tuple[str, Raw | None]] = []

    def shell(self) -> Part:
        return _SHELLS[self.kind]()

    @property
    def ready(self) -> bool:
        """Whether enough is known to open it."""
        return True

    @property
    def over(self) -> bool:
        """Whether it may close when another part waits behind it."""
        return True

    def tail(self) -> str:
        """Text that was held back, given out when the part ends."""
        return ""


class MediaSlot(Slot):
    """A generated image: whole from the start."""

    __slots__ = ("media",)

    def __init__(self, media: Media) -> None:
        super().__init__("media")
        self.media = media

    def shell(self) -> Part:
        return self.media


class CallSlot(Slot):
    """A tool call under construction.

    `text` is everything the upstream sent. It is passed on as it comes as soon as it is clear that it is an object with
    content; `{}`, `null`, quoted JSON, arrays and nothing at all are held until the end, when `usable` says what they
    mean. A `{}` that is followed by the real object is thrown away.
    """

    __slots__ = ("_pieces", "custom", "id", "index", "name", "passing", "seals")

    def __init__(self, index: int | None, *, custom: bool = False) -> None:
        super().__init__("call")
        self.index = index
        self.id = ""
        self.name = ""
        self.custom = custom
        self._pieces: list[str] = [""]  # joined when asked for: adding to one text would copy it per fragment
        self.passing = custom
        self.seals: list[Opaque] = []

    def shell(self) -> Part:
        return ToolCall(id=self.id, name=self.name, args="", custom=self.custom)

    @property
    def ready(self) -> bool:
        return bool(self.name)

    @property
    def text(self) -> str:
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0]

    @property
    def flows(self) -> bool:
        """Whether the arguments are an object that has begun and, by its last character, has not ended.

        Says without reading all arguments again, fragment by fragment, that they are not whole.
        """
        if not self.passing or self.custom:
            return False
        last = self._pieces[-1][-1]
        return last != "}" and not last.isspace()

    @property
    def usable(self) -> bool:
        """Whether the arguments are whole; nothing at all counts as none."""
        return not self.flows and usable(self.text) is not None

    @property
    def over(self) -> bool:
        """Complete arguments; nothing at all yet is not complete, the fragments may come interleaved."""
        return not self.custom and bool(self.text.strip()) and self.usable

    @property
    def sound(self) -> bool:
        """Whether the call may be executed as it is now."""
        return self.ready and (self.custom or self.usable)

    def take(self, fragment: str) -> str:
        """Adds a fragment; returns what can be passed on."""
        if self.passing:
            if fragment:
                self._pieces.append(fragment)
            return fragment
        text = (self.text + fragment).lstrip()
        while text.startswith("{}") and text[2:].strip():
            text = text[2:].lstrip()
        self._pieces = [text]
        if not text.startswith("{") or text.rstrip() in ("{", "{}"):
            return ""
        self.passing = True
        return text

    def tail(self) -> str:
        return "" if self.passing else usable(self.text) or ""


class Lane:
    """The parts of candidate `c`; every method appends the events that follow to `out`."""

    __slots__ = ("_calls", "_filter", "_new_id", "_next", "_queue", "broken", "c", "finish", "refused", "whole_calls")

    def __init__(self, c: int, new_id: Callable[[str], str], content: ContentFilter | None = None) -> None:
        self.c = c
        self._filter = content
        self.finish: str | None = None  # the last finish_reason that said something
        self.broken = False  # a call cannot be used
        self.refused = False
        self.whole_calls = 0
        self._new_id = new_id
        self._queue: deque[Slot] = deque()
        self._calls: list[CallSlot] = []
        self._next = 0

    def content(self, text: str, out: list[Event], logprobs: Raw | None = None) -> None:
        """A piece of `content`: text, unless a filter finds something else in it."""
        if self._filter is None:
            self.text("text", text, out, logprobs)
            return
        for kind, piece in self._filter.feed(text):
            self.text(kind, piece, out)

    def text(self, kind: str, text: str, out: list[Event], logprobs: Raw | None = None) -> None:
        """A piece of text, reasoning or refusal."""
        last = self._queue[-1] if self._queue else None
        if last is None or last.kind != kind:
            last = Slot(kind)
            self._queue.append(last)
            self.refused = self.refused or kind == "refusal"
            self._advance(out)
        if last.i >= 0:
            out.append(Delta(last.i, text, self.c, logprobs))
        else:
            last.waiting.append((text, logprobs))

    def media(self, media: Media, out: list[Event]) -> None:
        self._queue.append(MediaSlot(media))
        self._advance(out)

    def call(self, index: int | None, call_id: str, name: str, *, custom: bool = False) -> CallSlot:
        """The call that a fragment belongs to, a new one if need be. "" for an id or name that was not sent."""
        slot = self._find(index, call_id, name)
        if slot is None:
            slot = CallSlot(index, custom=custom)
            self._calls.append(slot)
            self._queue.append(slot)
        slot.id = slot.id or call_id
        slot.name = slot.name or name
        if slot.name and not slot.id:
            slot.id = self._new_id("call_")
        return slot

    def more(self, index: int | None, fragment: str, out: list[Event]) -> bool:
        """The usual fragment, one more of the only open call; False: not that, take the ways for any fragment.

        Nearly all fragments are: 0.4 us instead of 2.
        """
        queue = self._queue
        if len(queue) != 1 or not self._calls or not fragment:
            return False
        slot = self._calls[-1]
        if slot is not queue[0] or slot.i < 0 or slot.index != index or not slot.flows:
            return False
        out.append(Delta(slot.i, slot.take(fragment), self.c))
        return True

    def arguments(self, slot: CallSlot, fragment: str, out: list[Event]) -> None:
        """A fragment of a call's arguments ("" opens the call)."""
        if slot.i >= 0 and slot not in self._queue:  # closed: what comes now belongs to nothing
            self.broken = self.broken or bool(fragment.strip())
            return
        piece = slot.take(fragment)
        if piece:
            if slot.i >= 0:
                out.append(Delta(slot.i, piece, self.c))
            else:
                slot.waiting.append((piece, None))
        self._advance(out)

    def close(self, out: list[Event], *, keep_cut: bool) -> None:
        """The stream is over: closes everything in order.

        A call whose arguments were cut is not opened any more; one that is open ends when `keep_cut` (the upstream said
        that it was cut), else it stays open before the failure.
        """
        for kind, piece in self._filter.end() if self._filter is not None else ():
            self.text(kind, piece, out)
        while self._queue:
            slot = self._queue[0]
            if isinstance(slot, CallSlot) and not slot.sound:
                self.broken = True
                if slot.i < 0:
                    self._queue.popleft()
                    continue
                if not keep_cut:
                    return
            self._open(slot, out)
            self._end(out)

    def _find(self, index: int | None, call_id: str, name: str) -> CallSlot | None:
        """By index where it is given, by id, else the newest call. None: the fragment starts a new call."""
        same_id = next((slot for slot in self._calls if call_id and slot.id == call_id), None)
        if same_id is not None or not self._calls:
            return same_id
        if index is None:
            at_index = self._calls[-1]
        else:
            at = next((slot for slot in reversed(self._calls) if slot.index == index), None)
            if at is None:
                return None
            at_index = at
        blank = not at_index.text.strip()
        done = not blank and at_index.usable
        if call_id and at_index.id:  # another id: a new call, unless it comes in the middle of the arguments
            return None if done or (blank and name) or index is None else at_index
        if name and at_index.name and done:
            return None
        if done:  # a late fragment without id: for whoever is not finished yet
            open_calls = [slot for slot in self._calls if slot.text.strip() and not slot.usable]
            return open_calls[-1] if open_calls else at_index
        return at_index

    def _advance(self, out: list[Event]) -> None:
        """Opens the first part and closes it as long as it is over and another one waits."""
        while self._queue and self._queue[0].ready:
            self._open(self._queue[0], out)
            if len(self._queue) == 1 or not self._queue[0].over:
                return
            self._end(out)

    def _open(self, slot: Slot, out: list[Event]) -> None:
        if slot.i >= 0:
            return
        slot.i = self._next
        self._next += 1
        out.append(PartStart(slot.i, slot.shell(), self.c))
        out.extend(Delta(slot.i, text, self.c, logprobs) for text, logprobs in slot.waiting)
        slot.waiting.clear()

    def _end(self, out: list[Event]) -> None:
        slot = self._queue.popleft()
        tail = slot.tail()
        if tail:
            out.append(Delta(slot.i, tail, self.c))
        if isinstance(slot, CallSlot):
            self.whole_calls += slot.sound
            out.extend(Seal(slot.i, seal, self.c) for seal in slot.seals)
        out.append(PartEnd(slot.i, self.c))
