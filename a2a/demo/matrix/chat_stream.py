"""A stream of chat chunks, held against the order that OpenAI's SDK needs (specs/conversion.md 10.1, 11.2).

Role first and once; text and calls; one finish; usage as the last chunk; `[DONE]`. Calls are numbered from 0 without
gaps, and say id and name exactly once, because the SDK joins whatever is repeated.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from a2a.demo.matrix.chat_wire import Usage, calls_of, counted, ending_of
from a2a.demo.matrix.frames import Frame
from a2a.demo.matrix.frames import read as read_frames
from a2a.demo.matrix.talk import Answer
from a2a.demo.matrix.wrong import Wrong, decode, need, same

_Text = str | UnsetType
_Id = Annotated[str, Meta(min_length=1)]


class _Function(Struct, forbid_unknown_fields=True):
    name: _Id | UnsetType = UNSET
    arguments: _Text = UNSET


class _Call(Struct, forbid_unknown_fields=True):
    index: Annotated[int, Meta(ge=0)]
    function: _Function
    id: _Id | UnsetType = UNSET
    type: Literal["function"] | UnsetType = UNSET


class _Delta(Struct, forbid_unknown_fields=True):
    role: Literal["assistant"] | UnsetType = UNSET
    content: str | UnsetType | None = UNSET
    refusal: UnsetType | None = UNSET
    reasoning_content: _Text = UNSET
    tool_calls: Annotated[list[_Call], Meta(min_length=1)] | UnsetType = UNSET


class _Choice(Struct, forbid_unknown_fields=True):
    index: Literal[0]
    delta: _Delta
    finish_reason: Literal["stop", "tool_calls"] | None
    logprobs: None = None


class _Chunk(Struct, forbid_unknown_fields=True):
    id: _Id
    object: Literal["chat.completion.chunk"]
    created: Annotated[int, Meta(gt=0)]
    model: _Id
    choices: Annotated[list[_Choice], Meta(max_length=1)]
    usage: Usage | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None


class _Heard:
    """What the deltas add up to."""

    def __init__(self) -> None:
        self.text = ""
        self.thinking = ""
        self.calls: list[tuple[str, str, str]] = []
        self.role = False
        self.finish: str | None = None
        self.usage: Usage | None = None

    def chunk(self, chunk: _Chunk) -> None:
        need(self.usage is None, "a chunk behind the usage: the SDK loses the usage")
        if not chunk.choices:
            need(self.finish is not None, "usage before finish_reason")
            need(chunk.usage is not None, "a chunk without choices and without usage")
            self.usage = chunk.usage
            return
        choice = chunk.choices[0]
        need(self.finish is None, "a delta behind finish_reason")
        need(chunk.usage is None, "usage outside the last chunk")
        self._delta(choice.delta)
        self.finish = choice.finish_reason

    def _delta(self, delta: _Delta) -> None:
        need((delta.role is not UNSET) != self.role, "role must stand in the first chunk and nowhere else")
        self.role = True
        self.text += delta.content or ""
        self.thinking += delta.reasoning_content or ""
        need(not (delta.reasoning_content and self.text), "reasoning behind the text")
        for call in delta.tool_calls or []:
            self._call(call)

    def _call(self, call: _Call) -> None:
        text = call.function.arguments or ""
        if call.index == len(self.calls):
            if call.id is UNSET or call.function.name is UNSET or call.type is UNSET:
                raise Wrong(f"call {call.index} begins without id, type or name")
            self.calls.append((call.id, call.function.name, text))
            return
        same(call.index, len(self.calls) - 1, "the index of a call's fragment")
        need(call.id is UNSET and call.function.name is UNSET, "id or name is repeated: the SDK joins them")
        known_id, name, so_far = self.calls[-1]
        self.calls[-1] = (known_id, name, so_far + text)


def read(body: bytes) -> Answer:
    """Raises Wrong."""
    frames = read_frames(body)
    same(frames[-1].data, "[DONE]", "the last frame")
    heard = _listen(frames[:-1])
    calls = calls_of(heard.calls)
    need(heard.finish is not None, "no finish_reason came")
    same(heard.finish, "tool_calls" if calls else "stop", "finish_reason")
    if heard.usage is None:
        raise Wrong("the usage that was asked for did not come")
    turn: dict[str, Any] = {"role": "assistant", "content": heard.text or None}
    if calls:
        turn["tool_calls"] = [
            {"id": call_id, "type": "function", "function": {"name": name, "arguments": text}}
            for call_id, name, text in heard.calls
        ]
    return Answer(
        text=heard.text,
        thinking=heard.thinking,
        calls=calls,
        ending=ending_of(heard.finish or ""),
        usage=counted(heard.usage),
        turn=[turn],
    )


def read_broken(body: bytes) -> tuple[str, str]:
    """The text so far and the last frame, which must be the error; nothing may look like a good end."""
    frames = read_frames(body)
    heard = _listen(frames[:-1])
    need(heard.finish is None, "a broken answer has a finish_reason: the client takes it for a whole one")
    need(frames[-1].data != "[DONE]", "a broken answer ends in [DONE]")
    return heard.text, frames[-1].data


def _listen(frames: list[Frame]) -> _Heard:
    heard = _Heard()
    first: tuple[str, int, str] | None = None
    for frame in frames:
        need(frame.event is None, f"a chat frame has a name: {frame.event}")
        chunk = decode(frame.data, _Chunk, "a chunk")
        envelope = (chunk.id, chunk.created, chunk.model)
        first = first or envelope
        same(envelope, first, "id, created and model of a chunk")
        heard.chunk(chunk)
    return heard
