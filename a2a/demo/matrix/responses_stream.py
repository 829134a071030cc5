"""A stream of response events, held against the order that OpenAI's SDK and Codex need.

Source: specs/conversion.md 10.1, 11.2. Every frame is named as its data says and numbered from 0 without gaps.
`created`, `in_progress`; items one after another, each announced empty, told piece by piece, every piece closed by its
own `done` events, and repeated whole by `output_item.done` under the same id; `completed` repeats all items.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from a2a.demo.matrix.frames import Frame
from a2a.demo.matrix.frames import read as read_frames
from a2a.demo.matrix.responses_wire import (
    Count,
    Failed,
    FunctionCall,
    Item,
    Message,
    OutputText,
    Reasoning,
    Response,
    SummaryText,
)
from a2a.demo.matrix.wrong import Wrong, decode, need, same


class _Event(Struct, forbid_unknown_fields=True, tag_field="type", kw_only=True):
    """Anything that says its `type`."""

    sequence_number: Count


class _State(_Event):
    response: Response


class _Created(_State, tag="response.created"):
    pass


class _InProgress(_State, tag="response.in_progress"):
    pass


class _Completed(_State, tag="response.completed"):
    pass


class _Failed(_State, tag="response.failed"):
    pass


class _ItemEvent(_Event):
    output_index: Count
    item: Item


class _ItemAdded(_ItemEvent, tag="response.output_item.added"):
    pass


class _ItemDone(_ItemEvent, tag="response.output_item.done"):
    pass


class _Inside(_Event):
    """An event inside the open item."""

    item_id: str
    output_index: Count


class _Content(_Inside):
    content_index: Count


class _Summary(_Inside):
    summary_index: Count


class _PartAdded(_Content, tag="response.content_part.added"):
    part: OutputText


class _PartDone(_Content, tag="response.content_part.done"):
    part: OutputText


class _TextDelta(_Content, tag="response.output_text.delta"):
    delta: str
    logprobs: list[Any]
    obfuscation: str | UnsetType = UNSET


class _TextDone(_Content, tag="response.output_text.done"):
    text: str
    logprobs: list[Any]


class _SummaryAdded(_Summary, tag="response.reasoning_summary_part.added"):
    part: SummaryText


class _SummaryDone(_Summary, tag="response.reasoning_summary_part.done"):
    part: SummaryText


class _SummaryDelta(_Summary, tag="response.reasoning_summary_text.delta"):
    delta: str
    obfuscation: str | UnsetType = UNSET


class _SummaryTextDone(_Summary, tag="response.reasoning_summary_text.done"):
    text: str


class _ArgumentsDelta(_Inside, tag="response.function_call_arguments.delta"):
    delta: str
    obfuscation: str | UnsetType = UNSET


class _ArgumentsDone(_Inside, tag="response.function_call_arguments.done"):
    arguments: str
    name: str | UnsetType = UNSET


_InItem = (
    _PartAdded | _PartDone | _TextDelta | _TextDone | _SummaryAdded | _SummaryDone | _SummaryDelta | _SummaryTextDone
    | _ArgumentsDelta | _ArgumentsDone
)  # fmt: skip
_Any = _Created | _InProgress | _Completed | _Failed | _ItemAdded | _ItemDone | _InItem


class _Heard:
    """The response as the events build it. `piece`: text of the open piece; `told`: its text is final."""

    def __init__(self) -> None:
        self.opening: Response | None = None
        self.running = False
        self.items: list[Item] = []
        self.item: Item | None = None
        self.pieces: list[str] = []
        self.piece: str | None = None
        self.told = False
        self.end: _Completed | _Failed | None = None

    def on(self, event: _Any) -> None:
        need(self.end is None, "an event behind the end of the response")
        if isinstance(event, _State):
            self._state(event)
            return
        need(self.running, f"{type(event).__name__} before response.in_progress")
        if isinstance(event, _ItemAdded):
            self._added(event)
        elif isinstance(event, _ItemDone):
            self._done(event)
        else:
            self._inside(event)

    def _state(self, event: _State) -> None:
        response = event.response
        if self.opening is None:
            need(isinstance(event, _Created), "the first event is not response.created")
            self.opening = response
        opening = self.opening
        same((response.id, response.created_at), (opening.id, opening.created_at), "id and created_at of the response")
        match event:
            case _Completed() | _Failed():
                self.end = event
                return
            case _InProgress():
                need(not self.running, "a second response.in_progress")
                self.running = True
            case _:
                need(response is opening, "a second response.created")
        same((response.status, response.output, response.usage), ("in_progress", [], None), "the opening response")

    def _added(self, event: _ItemAdded) -> None:
        need(self.item is None, f"item {event.output_index} begins inside another one")
        same(event.output_index, len(self.items), "output_index")
        same(_pieces_of(event.item), [""] if isinstance(event.item, FunctionCall) else [], "an item as it is announced")
        need(event.item.status != "completed", "an item is announced as completed")
        self.item, self.pieces = event.item, []
        self.piece, self.told = ("" if isinstance(event.item, FunctionCall) else None), False

    def _done(self, event: _ItemDone) -> None:
        opened, item = self._open(event.output_index), event.item
        need(self.piece is None, "an item is done while a piece of it is open")
        same(_identity(item), _identity(opened), "type, id, call_id and name of a done item")
        same(_pieces_of(item), self.pieces, "what a done item says")
        self.items.append(item)
        self.item = None

    def _open(self, index: int) -> Item:
        if self.item is None:
            raise Wrong("an event of an item that is not open")
        same(index, len(self.items), "output_index")
        return self.item

    def _inside(self, event: _InItem) -> None:
        item = self._open(event.output_index)
        same(event.item_id, item.id, "item_id")
        owner = Message if isinstance(event, _Content) else Reasoning if isinstance(event, _Summary) else FunctionCall
        need(isinstance(item, owner), f"{type(event).__name__} in a {type(item).__name__} item")
        if isinstance(event, _Content | _Summary):
            place = event.content_index if isinstance(event, _Content) else event.summary_index
            same(place, len(self.pieces), "the index of a piece")
        match event:
            case _PartAdded() | _SummaryAdded():
                need(self.piece is None, "a piece begins inside another one")
                same(event.part.text, "", "the text of an opening piece")
                self.piece, self.told = "", False
            case _TextDelta() | _SummaryDelta() | _ArgumentsDelta():
                need(self.piece is not None and not self.told, "a delta without an open piece")
                self.piece = f"{self.piece}{event.delta}"
            case _TextDone() | _SummaryTextDone():
                same(event.text, self.piece, "a done text")
                self.told = True
            case _PartDone() | _SummaryDone():
                need(self.told, "a piece is done before its text")
                self._close(event.part.text)
            case _ArgumentsDone():
                need(event.name in (UNSET, _identity(item)[-1]), "the name of a call changes")
                self._close(event.arguments)

    def _close(self, text: str) -> None:
        same(text, self.piece, "a done piece")
        self.pieces.append(text)
        self.piece = None


def _pieces_of(item: Item) -> list[str]:
    match item:
        case Message():
            return [part.text for part in item.content]
        case Reasoning():
            return [part.text for part in item.summary]
        case FunctionCall():
            return [item.arguments]


def _identity(item: Item) -> tuple[str, ...]:
    call = (item.call_id, item.name) if isinstance(item, FunctionCall) else ()
    return (type(item).__name__, item.id, *call)


def read(body: bytes) -> Response:
    """The response as its end repeats it. Raises Wrong."""
    heard = _listen(read_frames(body))
    if not isinstance(heard.end, _Completed):
        raise Wrong("the stream ends without response.completed")
    need(heard.item is None, "an item stays open")
    same(msgspec.to_builtins(heard.end.response.output), msgspec.to_builtins(heard.items), "the output at the end")
    return heard.end.response


def read_broken(body: bytes) -> tuple[str, Failed]:
    """The text until the error. Raises Wrong when the last event is not `response.failed`, or looks like a good end."""
    heard = _listen(read_frames(body))
    if not isinstance(heard.end, _Failed) or heard.end.response.error is None:
        raise Wrong("a broken answer does not end in response.failed with its error")
    same(heard.end.response.status, "failed", "the status of a failed response")
    texts = [text for item in heard.items if isinstance(item, Message) for text in _pieces_of(item)]
    if isinstance(heard.item, Message):
        texts += [*heard.pieces, heard.piece or ""]
    return "".join(texts), heard.end.response.error


def _listen(frames: list[Frame]) -> _Heard:
    heard = _Heard()
    for number, frame in enumerate(frames):
        event: _Any = decode(frame.data, _Any, "an event")  # type: ignore[arg-type]  # mypy: a union is no type
        same(frame.event, event.__struct_config__.tag, "the name of a frame")
        same(event.sequence_number, number, "sequence_number")
        heard.on(event)
    return heard
