"""One export from end to end: which exchanges, joined how, written how, and what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import msgspec
from msgspec import Struct, field

from a2a.control.types import Exchange, ExchangeFilter
from a2a.gateway.export import anthropic, har, openai, sharegpt
from a2a.gateway.export.conversation import Conversation, conversation
from a2a.gateway.export.join import Joiner
from a2a.gateway.export.lost import Lost
from a2a.gateway.export.redact import without_persons
from a2a.gateway.export.talk import Talk, Unfit, check, read
from a2a.messages import Message, Reasoning


class Source(Protocol):
    """Where exchanges come from: the store's file, or a server."""

    def each(self, which: ExchangeFilter) -> Iterator[Exchange]:
        """Oldest first, with bodies."""

    def get(self, exchange_id: str) -> Exchange | None: ...


class Wish(Struct, frozen=True, kw_only=True):
    """`all`: also what failed, was cut short or has no end; `reasoning`: False leaves it out."""

    format: str
    which: ExchangeFilter
    all: bool = False
    redact: bool = False
    reasoning: bool = True


class Outcome(Struct, kw_only=True):
    """What came of it. `written`: conversations, or exchanges for `raw` and `har`; `joined`: exchanges that are turns
    of a longer conversation; `left_out`: exchanges by why; `lost`: what the format has no word for; `reasoned`:
    conversations with reasoning in them."""

    exchanges: int = 0
    written: int = 0
    joined: int = 0
    reasoned: int = 0
    left_out: dict[str, int] = field(default_factory=Counter)
    lost: dict[str, int] = field(default_factory=Counter)


CONVERSATIONS: dict[str, Callable[[Conversation, Lost], dict[str, Any]]] = {
    "openai": openai.line,
    "anthropic": anthropic.line,
    "sharegpt": sharegpt.line,
}
"""Formats that hold conversations: JSON lines."""
FORMATS = (*CONVERSATIONS, "raw", "har")


def export(source: Source, wish: Wish, outcome: Outcome) -> Iterator[bytes]:
    """The file in pieces; `outcome` is complete after the last. Raises what the source raises."""
    if wish.format in CONVERSATIONS:
        return _conversations(source, wish, outcome)
    return _har(source, wish, outcome) if wish.format == "har" else _raw(source, wish, outcome)


def _conversations(source: Source, wish: Wish, outcome: Outcome) -> Iterator[bytes]:
    joiner = Joiner()
    for talk in _talks(source, wish, outcome):
        try:
            joiner.add(talk)
        except Unfit as unfit:
            outcome.left_out[unfit.why] += 1
    outcome.joined = joiner.joined

    def again(exchange_id: str) -> Talk:
        exchange = source.get(exchange_id)
        if exchange is None:
            raise Unfit("not readable")  # retention has taken it meanwhile
        return read(exchange, partial=True)

    lost: Lost = Counter()
    for leaf in joiner.leaves():
        try:
            said = conversation(leaf, joiner, again)
        except Unfit as unfit:
            outcome.left_out[unfit.why] += 1
            continue
        if not said.messages:
            continue
        yield _line(said, wish, outcome, lost)
    outcome.lost = dict(lost)


def _talks(source: Source, wish: Wish, outcome: Outcome) -> Iterator[Talk]:
    for exchange in source.each(wish.which):
        outcome.exchanges += 1
        try:
            yield read(exchange, partial=wish.all)
        except Unfit as unfit:
            outcome.left_out[unfit.why] += 1


def _line(said: Conversation, wish: Wish, outcome: Outcome, lost: Lost) -> bytes:
    thought = any(isinstance(part, Reasoning) for message in said.messages for part in message.parts)
    if thought and not wish.reasoning:
        said = _without_reasoning(said)
    outcome.reasoned += thought and wish.reasoning
    outcome.written += 1
    return _encoded(CONVERSATIONS[wish.format](said, lost), wish) + b"\n"


def _without_reasoning(said: Conversation) -> Conversation:
    messages = [_silent(message) for message in said.messages]
    return Conversation(msgspec.structs.replace(said.request, messages=messages))


def _silent(message: Message) -> Message:
    parts = [part for part in message.parts if not isinstance(part, Reasoning)]
    return msgspec.structs.replace(message, parts=parts)


def _encoded(value: object, wish: Wish) -> bytes:
    """On one line, also where a client's own bytes in it (a schema) had several."""
    data = msgspec.json.encode(without_persons(value) if wish.redact else value)
    return msgspec.json.format(data, indent=-1) if b"\n" in data else data


def _raw(source: Source, wish: Wish, outcome: Outcome) -> Iterator[bytes]:
    for exchange in _whole(source, wish, outcome):
        yield _encoded(msgspec.to_builtins(exchange) if wish.redact else exchange, wish) + b"\n"


def _har(source: Source, wish: Wish, outcome: Outcome) -> Iterator[bytes]:
    yield b'{"log":{"version":"1.2","creator":' + msgspec.json.encode(har.CREATOR) + b',"entries":['
    comma = b"\n"
    for exchange in _whole(source, wish, outcome):
        for entry in har.entries(exchange):
            yield comma + _encoded(entry, wish)
            comma = b",\n"
    yield b"\n]}}\n"


def _whole(source: Source, wish: Wish, outcome: Outcome) -> Iterator[Exchange]:
    for exchange in source.each(wish.which):
        outcome.exchanges += 1
        try:
            if not wish.all:
                check(exchange)
        except Unfit as unfit:
            outcome.left_out[unfit.why] += 1
            continue
        outcome.written += 1
        yield exchange
