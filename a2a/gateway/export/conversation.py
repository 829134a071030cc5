"""A whole conversation: what its client sent last, the answer, and what the client had left out of its history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from msgspec import Raw, Struct
from msgspec.structs import replace

from a2a.gateway.export.join import Joiner, Leaf, Said
from a2a.gateway.export.talk import Talk
from a2a.messages import Message, Part, Reasoning, Request, Text, Tool

EMPTY_SCHEMA = Raw(b'{"type":"object","properties":{}}')
"""Of a tool that takes nothing: every format wants a schema."""


class Conversation(Struct, frozen=True):
    """`request`: its `messages` are the whole conversation with the answer; the model is the one that was asked for."""

    request: Request

    @property
    def messages(self) -> list[Message]:
        return self.request.messages

    @property
    def system(self) -> list[Text]:
        return self.request.system

    @property
    def tools(self) -> list[Tool]:
        return self.request.tools


def conversation(leaf: Leaf, joiner: Joiner, talk_of: Callable[[str], Talk]) -> Conversation:
    """`talk_of`: reads an exchange by its id once more. Raises Unfit."""
    talk = talk_of(leaf.said.id)
    request = talk.request
    messages, system, tools = list(request.messages), request.system, request.tools
    if leaf.before is not None:
        earlier = conversation(joiner.leaf(leaf.before), joiner, talk_of)
        messages = [*earlier.messages, *messages]
        system, tools = system or earlier.system, tools or earlier.tools
    for said in leaf.known:
        if said.thought and (place := _left_out(messages, said)) is not None:
            messages[place] = _filled(messages[place], talk_of(said.id).answers[said.candidate].parts)
    if talk.answers:
        _answer(messages, talk.answers[leaf.said.candidate].parts)
    return Conversation(replace(request, messages=messages, system=system, tools=tools))


def _answer(messages: list[Message], parts: list[Part]) -> None:
    """Put the answer behind the history; one that its client began becomes a single message with that beginning."""
    last = messages[-1] if messages else None
    if last is None or last.role != "assistant":
        messages.append(Message(role="assistant", parts=parts))
        return
    began, rest = list(last.parts), list(parts)
    left = began[-1] if began else None
    right = rest[0] if rest else None
    if isinstance(left, Text) and isinstance(right, Text):
        began[-1], rest = replace(left, text=left.text + right.text), rest[1:]
    messages[-1] = replace(last, parts=[*began, *rest])


def _left_out(messages: Sequence[Message], said: Said) -> int | None:
    """Where the client has sent an earlier answer back without its reasoning."""
    runs = [list(run) for _, run in groupby(range(len(messages)), key=lambda index: messages[index].role)]
    places = runs[said.turns - 1]
    there = (part for place in places for part in messages[place].parts)
    return None if any(isinstance(part, Reasoning) for part in there) else places[0]


def _filled(sent: Message, answer: Sequence[Part]) -> Message:
    """The message as its client sent it, with the reasoning of the answer that it was."""
    if _shape(sent.parts) == _shape(answer):
        own = iter(sent.parts)
        return replace(sent, parts=[part if isinstance(part, Reasoning) else next(own) for part in answer])
    return replace(sent, parts=[*(part for part in answer if isinstance(part, Reasoning)), *sent.parts])


def _shape(parts: Sequence[Part]) -> list[type]:
    """Kinds of the parts besides reasoning: equal shapes let it be put back between them."""
    return [type(part) for part in parts if not isinstance(part, Reasoning)]
