"""A stream of message events, held against the order that Anthropic's SDK and Claude Code need.

Source: specs/conversion.md 10.1, 11.2. Every frame is named as its data says; `message_start`; blocks one after
another, numbered from 0 without gaps; the signature last in a thinking block; the fragments of a call join to one JSON
object; `message_delta` with the usage; `message_stop`.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from a2a.demo.matrix.claude_wire import Block, Count, Id, TextBlock, Thinking, ToolUse, Usage, answer_of
from a2a.demo.matrix.frames import Frame
from a2a.demo.matrix.frames import read as read_frames
from a2a.demo.matrix.talk import Answer
from a2a.demo.matrix.wrong import Wrong, decode, json_object, need, same


class _Tagged(Struct, forbid_unknown_fields=True, tag_field="type"):
    """Anything that says its `type`."""


class _TextDelta(_Tagged, tag="text_delta"):
    text: str


class _ThinkingDelta(_Tagged, tag="thinking_delta"):
    thinking: str


class _SignatureDelta(_Tagged, tag="signature_delta"):
    signature: str


class _JsonDelta(_Tagged, tag="input_json_delta"):
    partial_json: str


_Delta = _TextDelta | _ThinkingDelta | _SignatureDelta | _JsonDelta


class _Opening(Struct, forbid_unknown_fields=True):
    """The message of `message_start`: empty."""

    id: Id
    type: Literal["message"]
    role: Literal["assistant"]
    model: Id
    content: list[Any]
    stop_reason: None
    stop_sequence: None
    usage: Usage


class _Ending(Struct, forbid_unknown_fields=True):
    stop_reason: Literal["end_turn", "tool_use"]
    stop_sequence: None


class _MessageStart(_Tagged, tag="message_start"):
    message: _Opening


class _BlockStart(_Tagged, tag="content_block_start"):
    index: Count
    content_block: Block


class _BlockDelta(_Tagged, tag="content_block_delta"):
    index: Count
    delta: _Delta


class _BlockStop(_Tagged, tag="content_block_stop"):
    index: Count


class _MessageDelta(_Tagged, tag="message_delta"):
    delta: _Ending
    usage: Usage


class _MessageStop(_Tagged, tag="message_stop"):
    pass


class _Ping(_Tagged, tag="ping"):
    pass


_Event = _MessageStart | _BlockStart | _BlockDelta | _BlockStop | _MessageDelta | _MessageStop | _Ping


class _Heard:
    """The message as the events build it."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.start: _Opening | None = None
        self.open = False
        self.json = ""
        self.end: _MessageDelta | None = None
        self.stopped = False

    def on(self, event: _Event) -> None:
        if isinstance(event, _Ping):
            return
        need(not self.stopped, "an event behind message_stop")
        if isinstance(event, _MessageStart):
            need(self.start is None, "a second message_start")
            same(event.message.content, [], "the content of message_start")
            self.start = event.message
            return
        need(self.start is not None, f"{type(event).__name__} before message_start")
        match event:
            case _MessageDelta():
                need(not self.open, "message_delta while a block is open")
                need(self.end is None, "a second message_delta")
                self.end = event
            case _MessageStop():
                need(self.end is not None, "message_stop without message_delta")
                self.stopped = True
            case _:
                need(self.end is None, "a block behind message_delta")
                self._block_event(event)

    def _block_event(self, event: _BlockStart | _BlockDelta | _BlockStop) -> None:
        if isinstance(event, _BlockStart):
            need(not self.open, f"block {event.index} begins inside another one")
            same(event.index, len(self.blocks), "the index of a block")
            self._begin(event.content_block)
            return
        need(self.open, "a delta or stop without an open block")
        same(event.index, len(self.blocks) - 1, "the index of a block")
        if isinstance(event, _BlockDelta):
            self._delta(self.blocks[-1], event.delta)
        else:
            self._close(self.blocks[-1])

    def _begin(self, block: Block) -> None:
        match block:
            case TextBlock():
                same(block.text, "", "the text of an opening block")
            case Thinking():
                same(block.thinking + block.signature, "", "the thinking of an opening block")
            case ToolUse():
                same(block.input, {}, "the input of an opening block")
        self.blocks.append(block)
        self.open, self.json = True, ""

    def _delta(self, block: Block, delta: _Delta) -> None:
        match block, delta:
            case TextBlock(), _TextDelta():
                block.text += delta.text
            case Thinking(), _ThinkingDelta():
                need(not block.signature, "thinking behind its signature")
                block.thinking += delta.thinking
            case Thinking(), _SignatureDelta():
                same(block.signature, "", "the signature so far")
                block.signature = delta.signature
            case ToolUse(), _JsonDelta():
                self.json += delta.partial_json
            case _:
                raise Wrong(f"{type(delta).__name__} in a {type(block).__name__} block")

    def _close(self, block: Block) -> None:
        if isinstance(block, ToolUse):
            block.input = json_object(self.json or "{}", f"the arguments of {block.name}")
        self.open = False


def read(body: bytes) -> Answer:
    """Raises Wrong."""
    heard = _listen(read_frames(body))
    if heard.end is None or not heard.stopped or heard.start is None:
        raise Wrong("the stream ends without message_stop")
    need(heard.start.usage.input_tokens is not None, "message_start says no input tokens")
    usage = heard.end.usage
    if usage.input_tokens is None:  # the end need not repeat what the start has said
        usage.input_tokens = heard.start.usage.input_tokens
    return answer_of(heard.blocks, heard.end.delta.stop_reason, usage)


def read_broken(body: bytes) -> tuple[str, str]:
    """The text so far and the data of the last frame, which must be the error; nothing may look like a good end."""
    *before, last = read_frames(body)
    same(last.event, "error", "the name of the last frame")
    heard = _listen(before)
    need(heard.end is None, "a broken answer has a stop_reason: the client takes it for a whole one")
    return "".join(block.text for block in heard.blocks if isinstance(block, TextBlock)), last.data


def _listen(frames: list[Frame]) -> _Heard:
    heard = _Heard()
    for frame in frames:
        event: _Event = decode(frame.data, _Event, "an event")  # type: ignore[arg-type]  # mypy: a union is no type
        same(frame.event, event.__struct_config__.tag, "the name of a frame")
        heard.on(event)
    return heard
