"""Errors of Google's API, both ways (specs/conversion.md 11.1, 11.2; gemini-cli.md 9).

Upstream bodies come as an object, as a list around it, with the real error as JSON inside the message, and sometimes
with doubled commas. `parse_error` is total. `code` of a Failure is the reason of ErrorInfo where there is one
(`QUOTA_EXHAUSTED`, `VALIDATION_REQUIRED` …), else the status word: the fault tables of the providers go by it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
from msgspec import Raw, Struct, field

from a2a.messages import Failure, FailureKind
from a2a.protocols.error_page import in_words
from a2a.protocols.gemini.words import ERROR_OUT, STATUS_IN, WORD_IN
from a2a.protocols.redact import clean
from a2a.protocols.sse import frame
from a2a.protocols.wire import dumps

LONG_WAIT_S = 300.0
"""A longer wait than this is no burst limit but a spent allowance (gemini-cli.md 9)."""
_RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"
_REASONS: dict[str, FailureKind] = {
    "RATE_LIMIT_EXCEEDED": "rate_limited",
    "QUOTA_EXHAUSTED": "quota",
    "INSUFFICIENT_G1_CREDITS_BALANCE": "quota",
    "MODEL_CAPACITY_EXHAUSTED": "overloaded",
    "MODEL_CAPACITY_EXCEEDED": "overloaded",
    "API_KEY_INVALID": "unavailable",
    "API_KEY_SERVICE_BLOCKED": "unavailable",
}
"""ErrorInfo reason -> kind, where the status alone would say something else."""
_TOO_LONG = re.compile(
    r"input token count|exceeds the maximum number of tokens|prompt is too long|context (?:window|length|limit)",
    re.IGNORECASE,
)
_NO_ACCESS = re.compile(r"api key (?:not valid|expired)|user location is not supported", re.IGNORECASE)
_NO_CAPACITY = re.compile(r"no capacity available", re.IGNORECASE)
_SPENT = re.compile(r"limit: 0\b|perday|daily", re.IGNORECASE)
_AMOUNT = r"\d+(?:\.\d+)?(?:ms|[smhd])"
_WAIT = re.compile(rf"(?:retry in|reset after|resets in) ((?:{_AMOUNT})+)", re.IGNORECASE)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd])", re.IGNORECASE)
_COMMAS = re.compile(rb",(\s*,)+")


class _Found(Struct):
    """What an error body says. `details`: objects by the last word of their `@type`, the first of each kind."""

    message: str = ""
    code: int | None = None
    word: str | None = None
    details: dict[str, dict[str, Any]] = field(default_factory=dict)


# To the client


def render_error(failure: Failure) -> tuple[int, bytes]:
    """(status, body) for a Gemini client."""
    return ERROR_OUT[failure.kind][0], error_body(failure)


def error_body(failure: Failure) -> bytes:
    """`{"error": {code, message, status, details?}}`, the same before and in mid-stream."""
    code, word = ERROR_OUT[failure.kind]
    error: dict[str, Any] = {"code": code, "message": failure.message, "status": word}
    if failure.retry_after is not None:
        error["details"] = [{"@type": _RETRY_INFO, "retryDelay": f"{failure.retry_after:g}s"}]
    return dumps({"error": error})


def error_frame(failure: Failure) -> bytes:
    """The last event of a stream that failed after its beginning."""
    return frame(error_body(failure))


# From the upstream


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Any answer that is none, also an error object inside a 200 (`status` 200)."""
    decoded = _decoded(body)
    found = _read(decoded)
    if status < 400:
        status = found.code or WORD_IN.get(found.word or "", 502)
    reason = _word(found.details.get("ErrorInfo", {}).get("reason"))
    wait = _wait(found, headers)
    return Failure(
        kind=_kind(status, reason, found, wait),
        message=clean(found.message) or in_words(status, body),
        status=status,
        code=reason or found.word,
        retry_after=wait,
        raw=Raw(body) if isinstance(decoded, dict) else None,
    )


def stream_failure(body: bytes) -> Failure:
    """An error object where a chunk was due."""
    return parse_error(200, {}, body)


def _decoded(body: bytes) -> object:
    """The JSON, with doubled commas forgiven; None when it is none."""
    for text in (body, _COMMAS.sub(b",", body)):
        try:
            return msgspec.json.decode(text)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            continue
    return None


def _read(value: object, depth: int = 0) -> _Found:
    """The error inside any of the known wrappings; a message that is JSON itself holds the real one."""
    if isinstance(value, list) and value and depth < 4:
        return _read(value[0], depth + 1)
    if isinstance(value, str):
        return _Found(message=value)
    if not isinstance(value, dict) or depth > 4:
        return _Found()
    if "error" in value:
        return _read(value["error"], depth + 1)
    code, message = value.get("code"), value.get("message")
    found = _Found(
        message=message if isinstance(message, str) else "",
        code=code if isinstance(code, int) and 400 <= code < 600 else None,
        word=_word(value.get("status")),
        details=_details(value.get("details")),
    )
    if found.message.lstrip()[:1] in ("{", "["):
        nested = _read(_decoded(found.message.encode("utf-8", "replace")), depth + 1)
        if nested.message:
            found.message = nested.message
            found.details = nested.details | found.details
    return found


def _details(value: object) -> dict[str, dict[str, Any]]:
    details: dict[str, dict[str, Any]] = {}
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            kind = next((text for key, text in item.items() if key.strip() == "@type"), None)
            details.setdefault(str(kind).strip().rpartition(".")[2], item)
    return details


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _kind(status: int, reason: str | None, found: _Found, wait: float | None) -> FailureKind:
    """By the reason first, then by what the message tells, then by status."""
    known = STATUS_IN.get(status)
    if reason in _REASONS and not (reason == "RATE_LIMIT_EXCEEDED" and (wait or 0) > LONG_WAIT_S):
        return _REASONS[reason]
    if known == "rate_limited":
        if _NO_CAPACITY.search(found.message):
            return "overloaded"
        return "quota" if (wait or 0) > LONG_WAIT_S or _SPENT.search(_told(found)) else "rate_limited"
    if known == "bad_request" and _TOO_LONG.search(found.message):
        return "context_overflow"
    if known == "bad_request" and _NO_ACCESS.search(found.message):
        return "unavailable"
    return known or ("bad_request" if 400 <= status < 500 else "upstream")


def _told(found: _Found) -> str:
    """Message and quota ids."""
    violations = found.details.get("QuotaFailure", {}).get("violations")
    ids = [str(one.get("quotaId")) for one in violations or () if isinstance(one, dict)] if violations else []
    return " ".join([found.message, *ids])


# How long to wait


def _wait(found: _Found, headers: Mapping[str, str]) -> float | None:
    """Seconds, from the first source that says (gemini-cli.md 9)."""
    metadata = found.details.get("ErrorInfo", {}).get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    told = _WAIT.search(found.message)
    candidates = (
        _seconds(found.details.get("RetryInfo", {}).get("retryDelay")),
        _seconds(metadata.get("quotaResetDelay")),
        _until(metadata.get("quotaResetTimeStamp"), headers.get("date")),
        _number(headers.get("retry-after")),
        _seconds(told[1]) if told else None,
    )
    return next((wait for wait in candidates if wait is not None), None)


def _seconds(text: object) -> float | None:
    """`34.07s`, `900ms`, `1h16m0.5s`."""
    pieces = _PIECE.findall(text) if isinstance(text, str) else []
    return sum(float(count) * _UNITS[unit.lower()] for count, unit in pieces) if pieces else None


def _until(moment: object, now: str | None) -> float | None:
    """Seconds from the answer's own `date` header to an RFC 3339 moment."""
    if not isinstance(moment, str) or now is None:
        return None
    try:
        return max(0.0, (datetime.fromisoformat(moment) - parsedate_to_datetime(now)).total_seconds())
    except (ValueError, TypeError):
        return None


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None
