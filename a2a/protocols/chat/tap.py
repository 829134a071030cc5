"""Reader of the byte path for Chat Completions: usage, finish reason, `[DONE]`, error objects inside a 200."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from a2a.messages import Ext, Failure, Usage
from a2a.protocols.chat.errors import parse_error
from a2a.protocols.sse import SseEvent, SseReader
from a2a.protocols.tap import Glance
from a2a.protocols.wire import BAD_JSON

T = TypeVar("T")


NULL = Raw(b"null")


class _PromptDetails(Struct):
    cached_tokens: float | None = None
    cache_write_tokens: float | None = None


class _OutputDetails(Struct):
    reasoning_tokens: float | None = None


class _Usage(Struct):
    prompt_tokens: float | None = None
    completion_tokens: float | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _OutputDetails | None = None
    prompt_cache_hit_tokens: float | None = None
    cost: Raw = NULL
    cost_details: Raw = NULL
    is_byok: Raw = NULL


class _Choice(Struct):
    finish_reason: Raw = NULL
    delta: Raw = NULL


class _Body(Struct):
    choices: list[_Choice] | None = None
    usage: Raw = NULL
    error: Raw = NULL
    code: Raw = NULL
    message: Raw = NULL


class _Function(Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(Struct):
    function: _Function | None = None


class _Delta(Struct):
    content: str | None = None
    refusal: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_Call] | None = None


class _SaidChoice(Struct):
    delta: _Delta | None = None


class _Said(Struct):
    """What a chunk says in words; reasoning is output too."""

    choices: list[_SaidChoice] | None = None


_DECODER = msgspec.json.Decoder(_Body)
_SAID = msgspec.json.Decoder(_Said)
_USAGE = msgspec.json.Decoder(_Usage | None)
_WORD = msgspec.json.Decoder(str | None)
_DELTA = msgspec.json.Decoder(dict[str, Raw] | None)
_NOTHING = (NULL, Raw(b'""'), Raw(b"[]"))


class ChatReader:
    def whole(self, body: bytes) -> Glance:
        glance = Glance(complete=True)
        try:
            decoded = _DECODER.decode(body)
        except BAD_JSON:
            glance.failure = Failure("upstream", "the upstream's answer is no chat completion", 502)
            return glance
        if _is_error(decoded):
            glance.failure = parse_error(200, {}, body)
        elif not decoded.choices:
            glance.failure = Failure("upstream", "the upstream answered without choices", 502, code="EMPTY")
        _take(decoded, glance)
        return glance

    def join(self, opening: bytes, events: bytes) -> bytes:
        return _joined(opening, events)

    def event(self, event: SseEvent, glance: Glance) -> bool:
        if event.data.strip() == b"[DONE]":
            glance.complete = True
            return False
        try:
            decoded = _DECODER.decode(event.data)
        except BAD_JSON:
            return False
        if _is_error(decoded):
            glance.failure = parse_error(200, {}, event.data)
            return False
        _take(decoded, glance)
        glance.opened = glance.opened or bool(decoded.choices)
        return glance.begun or any(_says_something(choice) for choice in decoded.choices or ())

    def said(self, event: SseEvent) -> str:
        """Usage comes only where the client asked for it (`stream_options.include_usage`)."""
        chunk = _lenient(_SAID, event.data)
        return "".join(_words(choice.delta) for choice in chunk.choices or () if choice.delta) if chunk else ""


_SHARED = ("id", "created", "model")
"""Keys that every chunk of one answer has alike (conversion.md 10.1)."""


def _joined(opening: bytes, events: bytes) -> bytes:
    shared: dict[str, Raw] = {}
    for event in SseReader().feed(opening):
        shared |= _lenient(_DELTA, event.data) or {}
    shared = {key: shared[key] for key in _SHARED if key in shared}
    out: list[bytes] = []
    for block in events.split(b"\n\n"):
        chunk = _lenient(_DELTA, block[6:]) if block.startswith(b"data: {") else None
        out.append(block if chunk is None else b"data: " + msgspec.json.encode({**chunk, **shared}))
    return b"\n\n".join(out)


def _words(delta: _Delta) -> str:
    calls = [call.function for call in delta.tool_calls or () if call.function]
    named = "".join((call.name or "") + (call.arguments or "") for call in calls)
    return (delta.reasoning_content or delta.reasoning or "") + (delta.content or delta.refusal or "") + named


def _says_something(choice: _Choice) -> bool:
    """A finish, or a delta with more than its role: until then another account may still take over."""
    delta = _lenient(_DELTA, choice.delta) or {}
    return choice.finish_reason != NULL or any(value not in _NOTHING for key, value in delta.items() if key != "role")


def _is_error(body: _Body) -> bool:
    """An error object inside a 200, also in DashScope's flat spelling."""
    if body.choices is not None:
        return False
    return body.error != NULL or (body.code != NULL and body.message != NULL)


def _take(body: _Body, glance: Glance) -> None:
    """What says how it ended. The byte path does not judge: a field of an odd type is as good as none."""
    for choice in body.choices or ():
        if choice.finish_reason != NULL and (word := _lenient(_WORD, choice.finish_reason)):
            glance.stop = word
            glance.complete = True
    used = None if body.usage == NULL else _lenient(_USAGE, body.usage)
    if used is not None and (used.prompt_tokens is not None or used.completion_tokens is not None):
        prompt, output = used.prompt_tokens_details, used.completion_tokens_details
        glance.usage = Usage(
            input=_whole(used.prompt_tokens),
            output=_whole(used.completion_tokens),
            cache_read=int((prompt and prompt.cached_tokens) or used.prompt_cache_hit_tokens or 0),
            cache_write=int((prompt and prompt.cache_write_tokens) or 0),
            reasoning=int((output and output.reasoning_tokens) or 0),
            ext=None if used.cost == NULL else _priced(used),
        )


def _priced(used: _Usage) -> Ext:
    """What the upstream says of the cost, by its own names (a2a.gateway.cost)."""
    return {"cost": used.cost, "cost_details": used.cost_details, "is_byok": used.is_byok}


def _lenient(decoder: msgspec.json.Decoder[T], raw: bytes | Raw) -> T | None:
    try:
        return decoder.decode(raw)
    except BAD_JSON:
        return None


def _whole(count: float | None) -> int | None:
    """Some upstreams count in floats."""
    return None if count is None else int(count)


reader = ChatReader()
