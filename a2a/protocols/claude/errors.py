"""Errors of the Messages API, both ways (specs/conversion.md 11.1, 11.2).

What an upstream says is kept in its own words, since clients match wording, but without secrets: tokens, e-mail
addresses and header dumps do not belong into an answer that people paste into issues.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw

from a2a.messages import Failure, FailureKind
from a2a.protocols.claude.words import ERROR_IN, ERROR_OUT, STATUS_IN
from a2a.protocols.error_page import in_words
from a2a.protocols.redact import clean
from a2a.protocols.sse import named_frame
from a2a.protocols.wire import dumps

_TOO_LONG = "prompt is too long"
"""The words by which Claude Code recognises an overflow and compacts."""
_OVERFLOW = re.compile(
    r"prompt is too long|input is too long|exceeds? (?:the )?(?:model's )?context|context (?:window|limit|length)"
    r"|too many (?:input )?tokens",
    re.IGNORECASE,
)
_NO_CREDIT = re.compile(r"credit balance", re.IGNORECASE)


def render_error(failure: Failure, request_id: str = "") -> tuple[int, bytes]:
    """Status and body for a Claude client."""
    status, _ = ERROR_OUT[failure.kind]
    body = _object(failure)
    if request_id:
        body["request_id"] = request_id
    return status, dumps(body)


def error_frame(failure: Failure) -> bytes:
    """The last frame of a stream that failed after its beginning."""
    return named_frame(b"error", dumps(_object(failure)))


def _object(failure: Failure) -> dict[str, Any]:
    message = failure.message
    if failure.kind == "context_overflow" and _TOO_LONG not in message.lower():
        message = f"{_TOO_LONG}: {message}"
    return {"type": "error", "error": {"type": ERROR_OUT[failure.kind][1], "message": message}}


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Any non-2xx answer of an upstream. Total: HTML, nothing and nonsense give a Failure too."""
    value, raw = _decoded(body)
    error = value.get("error") if isinstance(value, dict) else None
    word = error.get("type") if isinstance(error, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    if not isinstance(message, str) or not message:
        message = in_words(status, body)
    code = word if isinstance(word, str) else None
    kind = _kind(code, status, message)
    return Failure(
        kind=kind,
        message=clean(message),
        status=status,
        code="billing_error" if kind == "unavailable" and _NO_CREDIT.search(message) else code,
        retry_after=_retry_after(headers),
        raw=raw,
    )


def stream_failure(value: Any, raw: Raw) -> Failure:
    """An `error` event, or an error object where a stream was due. `value`: the decoded object."""
    error = value.get("error") if isinstance(value, dict) else None
    word = error.get("type") if isinstance(error, dict) else None
    status = ERROR_IN.get(str(word), ("upstream", 500))[1]
    failure = parse_error(status, {}, bytes(raw))
    if failure.kind == "bad_request" and word is None:
        failure.kind = "upstream"
    return failure


def _decoded(body: bytes) -> tuple[Any, Raw | None]:
    try:
        return msgspec.json.decode(body), Raw(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None, None


def _kind(code: str | None, status: int, message: str) -> FailureKind:
    """By the error's type, else by the status; wording decides where vendors put several causes under one type."""
    kind: FailureKind
    if code in ERROR_IN:
        kind = ERROR_IN[code][0]
    elif status in STATUS_IN:
        kind = STATUS_IN[status]
    else:
        kind = "bad_request" if 400 <= status < 500 else "upstream"
    if kind == "bad_request" and _OVERFLOW.search(message):
        return "context_overflow"
    if kind == "bad_request" and _NO_CREDIT.search(message):
        return "unavailable"
    return kind


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from `retry-after-ms` or a numeric `retry-after`."""
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) / scale
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None
