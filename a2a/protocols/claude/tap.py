"""Reader of the byte path for Claude Messages: usage of message_start and message_delta, stop reason, error events."""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from a2a.messages import Failure, Usage
from a2a.protocols.claude.errors import parse_error
from a2a.protocols.sse import SseEvent
from a2a.protocols.tap import Glance
from a2a.protocols.wire import BAD_JSON

NULL = Raw(b"null")


class _Details(Struct):
    thinking_tokens: float | None = None


class _Usage(Struct):
    input_tokens: float | None = None
    output_tokens: float | None = None
    cache_read_input_tokens: float | None = None
    cache_creation_input_tokens: float | None = None
    output_tokens_details: _Details | None = None


class _Delta(Struct):
    stop_reason: Raw = NULL


class _Message(Struct):
    usage: Raw = NULL


class _Body(Struct):
    type: str = ""
    message: _Message | None = None
    delta: _Delta | None = None
    usage: Raw = NULL
    stop_reason: Raw = NULL


class _Kind(Struct):
    type: str = ""


class _Block(Struct):
    """`content_block` of a start, `delta` of what follows it."""

    content_block: dict[str, Raw] | None = None
    delta: dict[str, Raw] | None = None


_BODY = msgspec.json.Decoder(_Body)
_KIND = msgspec.json.Decoder(_Kind)
_USAGE = msgspec.json.Decoder(_Usage)
_WORD = msgspec.json.Decoder(str)
_BLOCK = msgspec.json.Decoder(_Block)
_TELLING = ("message_start", "message_delta")
_OF_A_BLOCK = ("content_block_start", "content_block_delta")
_NOTHING = (NULL, Raw(b'""'), Raw(b"[]"))
_KINDS = (Raw(b'"text"'), Raw(b'"thinking"'))
"""Blocks that say nothing by being there: a tool's has its name."""
_NO_CONTENT = ("", "ping", "error", "message_start", "content_block_stop")
"""Events behind which another account may still take over: an overloaded upstream often says so after its opening."""


class ClaudeReader:
    def whole(self, body: bytes) -> Glance:
        glance = Glance(complete=True)
        try:
            decoded = _BODY.decode(body)
        except BAD_JSON:
            decoded = _Body()
        if decoded.type == "error":
            glance.failure = parse_error(200, {}, body)
        elif decoded.type != "message":
            glance.failure = Failure("upstream", "the upstream's answer is no Claude message", 502)
        else:
            glance.stop = _word(decoded.stop_reason)
            _merge(decoded.usage, glance)
        return glance

    def join(self, opening: bytes, events: bytes) -> bytes:
        return events

    def said(self, event: SseEvent) -> str:
        return ""

    def event(self, event: SseEvent, glance: Glance) -> bool:
        try:
            kind = _KIND.decode(event.data).type
            body = _BODY.decode(event.data) if kind in _TELLING else None
        except BAD_JSON:
            return False
        if kind == "error":
            glance.failure = parse_error(200, {}, event.data)
        elif kind == "message_stop":
            glance.complete = True
        elif body is not None:
            glance.opened = True
            _merge(body.message.usage if body.message else body.usage, glance)
            if body.delta is not None:
                glance.stop = _word(body.delta.stop_reason) or glance.stop
        return kind not in _NO_CONTENT and (glance.begun or kind not in _OF_A_BLOCK or _says(event.data, glance))


def _says(data: bytes, glance: Glance) -> bool:
    """Whether a block begins or goes on with more than its kind."""
    try:
        event = _BLOCK.decode(data)
    except BAD_JSON:
        return True
    said = event.delta if event.content_block is None else event.content_block
    if said is None or (said is event.content_block and said.get("type") not in _KINDS):
        return True
    if any(value not in _NOTHING for key, value in said.items() if key != "type"):
        return True
    glance.hollow = True
    return False


def _word(raw: Raw) -> str | None:
    try:
        return _WORD.decode(raw)
    except BAD_JSON:
        return None


def _merge(raw: Raw, glance: Glance) -> None:
    """Later values override earlier ones; input is inclusive of both cache figures (conversion.md 9.3).

    The byte path does not judge: usage of an odd type is as good as none.
    """
    try:
        seen = _USAGE.decode(raw)
    except BAD_JSON:
        return
    old = glance.usage or Usage()
    read = _count(seen.cache_read_input_tokens, old.cache_read)
    write = _count(seen.cache_creation_input_tokens, old.cache_write)
    known = None if old.input is None else old.input - old.cache_read - old.cache_write
    fresh = _count(seen.input_tokens, known)
    details = seen.output_tokens_details
    glance.usage = Usage(
        input=None if fresh is None else fresh + (read or 0) + (write or 0),
        output=_count(seen.output_tokens, old.output),
        cache_read=read or 0,
        cache_write=write or 0,
        reasoning=_count(details.thinking_tokens if details else None, old.reasoning) or 0,
    )


def _count(value: float | None, otherwise: int | None) -> int | None:
    return otherwise if value is None else int(value)


reader = ClaudeReader()
