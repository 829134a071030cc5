"""Reader of the byte path for Gemini: usage and finish reason of every chunk, blocked prompts, error objects.

A stream is complete once a candidate has finished or the prompt was blocked: nothing else marks its end.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from a2a.messages import Failure, Usage
from a2a.protocols.gemini.errors import parse_error
from a2a.protocols.sse import SseEvent
from a2a.protocols.tap import Glance
from a2a.protocols.wire import BAD_JSON

_ABSENT = Raw(b"null")
_CALL = b'"functionCall"'
"""Its key: no finish reason tells a call from an end. Inside a text the quotes would be escaped."""


class _Usage(Struct, rename="camel"):
    prompt_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None


class _Candidate(Struct, rename="camel"):
    content: Raw = _ABSENT
    finish_reason: str | None = None


class _Feedback(Struct, rename="camel"):
    block_reason: str | None = None


class _Body(Struct, rename="camel"):
    candidates: list[_Candidate] | None = None
    prompt_feedback: _Feedback | None = None
    usage_metadata: _Usage | None = None
    error: Raw = _ABSENT


class _Content(Struct):
    parts: list[dict[str, Raw]] = []


_BODY = msgspec.json.Decoder(_Body)
_CONTENT = msgspec.json.Decoder(_Content | None)
_NOTHING = (_ABSENT, Raw(b'""'))
_KIND = "thought"
"""Key that says of a part what it is, not what is in it."""


class GeminiReader:
    def whole(self, body: bytes) -> Glance:
        glance = Glance(complete=True)
        decoded = _decoded(body)
        if decoded is None or bytes(decoded.error) != b"null":
            glance.failure = parse_error(200, {}, body)
        elif not decoded.candidates and decoded.prompt_feedback is None:
            glance.failure = Failure("upstream", "the upstream answered without candidates", 502, code="EMPTY")
        else:
            _take(decoded, glance)
        return glance

    def join(self, opening: bytes, events: bytes) -> bytes:
        return events

    def said(self, event: SseEvent) -> str:
        return ""

    def event(self, event: SseEvent, glance: Glance) -> bool:
        decoded = _decoded(event.data)
        if decoded is None:
            if event.data.lstrip().startswith(b"["):
                glance.failure = parse_error(200, {}, event.data)
            return False
        if bytes(decoded.error) != b"null":
            glance.failure = parse_error(200, {}, event.data)
            return False
        _take(decoded, glance)
        if glance.begun or decoded.prompt_feedback is not None:
            return True
        says = any(_says(candidate) for candidate in decoded.candidates or ())
        glance.hollow = glance.hollow or (bool(decoded.candidates) and not says)
        return says


def _says(candidate: _Candidate) -> bool:
    """Whether there is an end, or a part with more than an empty text."""
    if candidate.finish_reason is not None:
        return True
    try:
        content = _CONTENT.decode(candidate.content)
    except BAD_JSON:
        return True
    parts = () if content is None else content.parts
    return any(value not in _NOTHING for part in parts for key, value in part.items() if key != _KIND)


def _decoded(data: bytes) -> _Body | None:
    try:
        return _BODY.decode(data)
    except BAD_JSON:
        return None


def _take(body: _Body, glance: Glance) -> None:
    """The newest words and figures count."""
    candidates = body.candidates or ()
    words = [candidate.finish_reason for candidate in candidates if candidate.finish_reason]
    if body.prompt_feedback is not None and body.prompt_feedback.block_reason is not None:
        words.append(body.prompt_feedback.block_reason)
    if any(_CALL in bytes(candidate.content) for candidate in candidates):
        glance.stop = "tool_call"
    for word in words:
        glance.stop = glance.stop if (glance.stop, word) == ("tool_call", "STOP") else word
        glance.complete = True
    used = body.usage_metadata
    if used is not None:
        thoughts = used.thoughts_token_count
        glance.usage = Usage(
            input=_sum(used.prompt_token_count, used.tool_use_prompt_token_count),
            cache_read=used.cached_content_token_count or 0,
            output=_sum(used.candidates_token_count, thoughts),
            reasoning=thoughts or 0,
        )


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None and other is None else (one or 0) + (other or 0)


reader = GeminiReader()
