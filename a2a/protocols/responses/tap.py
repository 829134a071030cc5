"""Reader of the byte path for Responses: usage, status, the terminal event, errors inside a 200.

`response.created` and `response.in_progress` do not count as the beginning of an answer, nor does a message or a
reasoning item that is still empty: an upstream that fails right behind them can still be left for another one.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from a2a.messages import Failure, Usage
from a2a.protocols.responses.errors import parse_error
from a2a.protocols.sse import SseEvent
from a2a.protocols.tap import Glance
from a2a.protocols.wire import BAD_JSON

_NULL = Raw(b"null")
_OPENING = ("", "response.created", "response.in_progress", "response.queued", "keepalive", "ping")
_FAILED = ("response.failed", "error")
_ENDED = ("response.completed", "response.incomplete")
_CALLS = ("function_call", "custom_tool_call")
_ADDED = ".added"
_DELTA = ".delta"
_NOTHING = (_NULL, Raw(b'""'), Raw(b"[]"))
_KINDS = tuple(
    Raw(f'"{kind}"'.encode())
    for kind in ("message", "reasoning", "output_text", "refusal", "reasoning_text", "summary_text")
)
"""Items and parts that say nothing by being there: a call has its name."""
_LABELS = ("type", "id", "status", "role", "phase")


class _InputDetails(Struct):
    cached_tokens: float | None = None
    cache_write_tokens: float | None = None


class _OutputDetails(Struct):
    reasoning_tokens: float | None = None


class _Usage(Struct):
    input_tokens: float | None = None
    output_tokens: float | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None


class _Details(Struct):
    reason: str | None = None


class _Answer(Struct):
    status: str | None = None
    output: Raw = _NULL
    incomplete_details: _Details | None = None
    usage: _Usage | None = None
    error: Raw = _NULL


class _Event(Struct):
    type: str = ""
    response: _Answer | None = None


class _Kind(Struct):
    type: str = ""


class _Part(Struct):
    """What `….added` and `….delta` events bring; `delta` is b"" where there is none."""

    item: dict[str, Raw] | None = None
    part: dict[str, Raw] | None = None
    delta: Raw = Raw(b"")


_ANSWER = msgspec.json.Decoder(_Answer)
_PART = msgspec.json.Decoder(_Part)
_EVENT = msgspec.json.Decoder(_Event)
_KIND = msgspec.json.Decoder(_Kind)
_ITEMS = msgspec.json.Decoder(list[_Kind])


class ResponsesReader:
    def whole(self, body: bytes) -> Glance:
        glance = Glance(complete=True)
        try:
            answer = _ANSWER.decode(body)
        except BAD_JSON:
            answer = _Answer()
        if bytes(answer.error) != b"null" or answer.status == "failed":
            glance.failure = parse_error(200, {}, body)
        elif bytes(answer.output) == b"null":
            glance.failure = Failure("upstream", "the upstream's answer is no Responses object", 502)
        _take(answer, glance)
        return glance

    def join(self, opening: bytes, events: bytes) -> bytes:
        return events

    def said(self, event: SseEvent) -> str:
        return ""

    def event(self, event: SseEvent, glance: Glance) -> bool:
        try:
            kind = _KIND.decode(event.data).type or event.event
            told = _EVENT.decode(event.data).response if kind in (*_ENDED, *_FAILED) else None
        except BAD_JSON:
            return False
        if told is not None:
            _take(told, glance)
        if kind in _FAILED:
            glance.failure = parse_error(200, {}, event.data)
            return False
        glance.complete = glance.complete or kind in _ENDED
        return kind not in _OPENING and (
            glance.begun or not kind.endswith((_ADDED, _DELTA)) or _says(event.data, glance)
        )


def _says(data: bytes, glance: Glance) -> bool:
    """Whether an item or a part begins or goes on with more than its kind."""
    try:
        event = _PART.decode(data)
    except BAD_JSON:
        return True
    added = event.part if event.item is None else event.item
    if added is None:
        says = event.delta not in _NOTHING
    else:
        says = added.get("type") not in _KINDS or any(
            value not in _NOTHING for key, value in added.items() if key not in _LABELS
        )
    glance.hollow = glance.hollow or not says
    return says


def _take(answer: _Answer, glance: Glance) -> None:
    details = answer.incomplete_details
    status = "tool_call" if answer.status == "completed" and _calls(answer.output) else answer.status
    glance.stop = (details and details.reason) or status or glance.stop
    used = answer.usage
    if used is not None and (used.input_tokens is not None or used.output_tokens is not None):
        prompt, output = used.input_tokens_details, used.output_tokens_details
        glance.usage = Usage(
            input=_whole(used.input_tokens),
            output=_whole(used.output_tokens),
            cache_read=int((prompt and prompt.cached_tokens) or 0),
            cache_write=int((prompt and prompt.cache_write_tokens) or 0),
            reasoning=int((output and output.reasoning_tokens) or 0),
        )


def _calls(output: Raw) -> bool:
    """Whether the answer asks the client for something: `completed` alone does not say."""
    try:
        return any(item.type in _CALLS for item in _ITEMS.decode(output))
    except BAD_JSON:
        return False


def _whole(count: float | None) -> int | None:
    """Some upstreams count in floats."""
    return None if count is None else int(count)


reader = ResponsesReader()
