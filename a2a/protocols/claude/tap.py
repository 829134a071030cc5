"""Reader of the byte path for Claude Messages: usage of message_start and message_delta, stop reason, error events."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from a2a.messages import Failure, Usage
from a2a.protocols.claude.errors import parse_error
from a2a.protocols.sse import SseEvent
from a2a.protocols.tap import Glance


class _Details(Struct):
    thinking_tokens: int | None = None


class _Usage(Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens_details: _Details | None = None


class _Delta(Struct):
    stop_reason: str | None = None


class _Message(Struct):
    usage: _Usage | None = None


class _Body(Struct):
    type: str = ""
    message: _Message | None = None
    delta: _Delta | None = None
    usage: _Usage | None = None
    stop_reason: str | None = None


class _Kind(Struct):
    type: str = ""


_BODY = msgspec.json.Decoder(_Body)
_KIND = msgspec.json.Decoder(_Kind)
_TELLING = ("message_start", "message_delta")


class ClaudeReader:
    def whole(self, body: bytes) -> Glance:
        glance = Glance(complete=True)
        try:
            decoded = _BODY.decode(body)
        except msgspec.MsgspecError:
            decoded = _Body()
        if decoded.type == "error":
            glance.failure = parse_error(200, {}, body)
        elif decoded.type != "message":
            glance.failure = Failure("upstream", "the upstream's answer is no Claude message", 502)
        else:
            glance.stop = decoded.stop_reason
            _merge(decoded.usage, glance)
        return glance

    def event(self, event: SseEvent, glance: Glance) -> bool:
        try:
            kind = _KIND.decode(event.data).type
            body = _BODY.decode(event.data) if kind in _TELLING else None
        except msgspec.MsgspecError:
            return False
        if kind == "error":
            glance.failure = parse_error(200, {}, event.data)
        elif kind == "message_stop":
            glance.complete = True
        elif body is not None:
            _merge(body.message.usage if body.message else body.usage, glance)
            if body.delta is not None and body.delta.stop_reason:
                glance.stop = body.delta.stop_reason
        return kind not in ("", "ping", "error")


def _merge(seen: _Usage | None, glance: Glance) -> None:
    """Later values override earlier ones; input is inclusive of both cache figures (conversion.md 9.3)."""
    if seen is None:
        return
    old = glance.usage or Usage()
    read = old.cache_read if seen.cache_read_input_tokens is None else seen.cache_read_input_tokens
    write = old.cache_write if seen.cache_creation_input_tokens is None else seen.cache_creation_input_tokens
    fresh = seen.input_tokens
    if fresh is None and old.input is not None:
        fresh = old.input - old.cache_read - old.cache_write
    details = seen.output_tokens_details
    glance.usage = Usage(
        input=None if fresh is None else fresh + read + write,
        output=old.output if seen.output_tokens is None else seen.output_tokens,
        cache_read=read,
        cache_write=write,
        reasoning=old.reasoning if details is None else details.thinking_tokens or 0,
    )


reader = ClaudeReader()
