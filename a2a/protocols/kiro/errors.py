"""Failures of the upstream, before and inside a stream, as one neutral value (specs/kiro.md section 10).

Recognition goes by `reason`, then by words of the message, then by the error's name and only then by the status: old
deployments answer throttling with 400 or 500. `Failure.code` is the reason, else the name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from a2a.errors import BadUpstream
from a2a.messages import Failure, FailureKind
from a2a.protocols.redact import GONE, clean
from a2a.protocols.wire import Fields, parse, upstream_side

_MESSAGE_CHARS = 1000

_REASONS: dict[str, FailureKind] = {
    "CONTENT_LENGTH_EXCEEDS_THRESHOLD": "context_overflow",
    "PROMPT_TOO_LONG": "context_overflow",
    "MODEL_CONTEXT_WINDOW_EXCEEDED": "context_overflow",
    "INVALID_MODEL_ID": "not_found",
    "FEATURE_NOT_SUPPORTED": "not_found",
    "TEMPORARILY_SUSPENDED": "unavailable",
    "MONTHLY_REQUEST_COUNT": "quota",
    "DAILY_REQUEST_COUNT": "quota",
    "OVERAGE_REQUEST_LIMIT_EXCEEDED": "quota",
    "CONVERSATION_LIMIT_EXCEEDED": "quota",
    "INSUFFICIENT_MODEL_CAPACITY": "overloaded",
    "MODEL_TEMPORARILY_UNAVAILABLE": "overloaded",
    "SERVICE_REQUEST_RATE_EXCEEDED": "overloaded",
    "CREDIT_CONSUMPTION_RATE_EXCEEDED": "rate_limited",
    "USER_REQUEST_RATE_EXCEEDED": "rate_limited",
}
"""Reasons that say more than the error's name. Section 10.2; the classes are those of 10.3."""

_WORDS: tuple[tuple[re.Pattern[str], FailureKind, str | None], ...] = (
    (re.compile(r"input is too long|prompt is too long", re.I), "context_overflow", None),
    (re.compile(r"temporarily.{0,20}suspended", re.I), "unavailable", "TEMPORARILY_SUSPENDED"),
    (re.compile(r"bearer token|token (?:has )?expired|invalid token|profile ?arn", re.I), "unavailable", None),
    (re.compile(r"monthly", re.I), "quota", "MONTHLY_REQUEST_COUNT"),
    (re.compile(r"high load|high traffic|capacity", re.I), "overloaded", "INSUFFICIENT_MODEL_CAPACITY"),
)
"""What older servers say without a reason, and the reason it stands for. Order matters: monthly before throttling."""


class _Name(Struct, frozen=True):
    kind: FailureKind
    status: int


_NAMES: tuple[tuple[str, _Name], ...] = (
    ("throttl", _Name("rate_limited", 429)),
    ("validation", _Name("bad_request", 400)),
    ("quota", _Name("quota", 402)),
    ("accessdenied", _Name("unavailable", 403)),
    ("unavailable", _Name("upstream", 503)),
    ("unauthorized", _Name("unavailable", 401)),
    ("unrecognizedclient", _Name("unavailable", 401)),
    ("expiredtoken", _Name("unavailable", 401)),
    ("conflict", _Name("conflict", 409)),
    ("notfound", _Name("upstream", 404)),
    ("unknownoperation", _Name("upstream", 404)),
    ("internal", _Name("upstream", 500)),
)
"""Part of an error name, lower case -> class, and the status it stands for inside a stream (7.2)."""
_INTERNAL = _Name("upstream", 500)

_STATUSES: dict[int, FailureKind] = {
    400: "bad_request",
    401: "unavailable",
    402: "quota",
    403: "unavailable",
    404: "upstream",
    408: "timeout",
    409: "conflict",
    410: "upstream",
    413: "too_large",
    429: "rate_limited",
    504: "timeout",
    529: "overloaded",
}

_USER_ID = re.compile(r"\bd-\w{4,}[\w.-]*")
"""Ids of the identity store, which only this upstream names."""


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Any error answer; HTML, an empty body and nonsense are judged by the status."""
    fields = _json(body)
    name = _bare_name(headers.get("x-amzn-errortype") or _text(fields, "__type", "_type", "code", "error"))
    message = _text(fields, "message", "Message", "error_description")
    failure = classify(name, message, _text(fields, "reason"), status if status >= 400 else None)
    failure.retry_after = _seconds(headers.get("retry-after"))
    return failure


def payload_failure(name: str, payload: bytes) -> Failure:
    """An exception frame, or an event whose payload is an error (7.2)."""
    fields = _json(payload)
    message = _text(fields, "message", "Message")
    return classify(
        _bare_name(name or _text(fields, "__type", "_type", "error")), message, _text(fields, "reason"), None
    )


def classify(name: str, message: str, reason: str, status: int | None) -> Failure:
    """`status`: that of the HTTP answer; None inside a stream, where the name says what it would have been."""
    named = next((row for part, row in _NAMES if part in name.lower().replace("_", "")), None)
    kind = _REASONS.get(reason)
    if kind is None:
        kind, implied = _by_words(message)
        reason = reason or implied
    if kind is None:
        kind = named.kind if named else _by_status(status)
    shown = status or (named or _INTERNAL).status
    return Failure(kind, _public(message, shown), shown, code=reason or name or None)


def bad_stream(message: str, code: str, kind: FailureKind = "upstream") -> Failure:
    """A fault of the stream itself, where the upstream said nothing."""
    return Failure(kind, message, 502, code=code)


def _by_words(message: str) -> tuple[FailureKind | None, str]:
    for pattern, kind, reason in _WORDS:
        if pattern.search(message):
            return kind, reason or ""
    return None, ""


def _by_status(status: int | None) -> FailureKind:
    if status is None or status >= 500:
        return _STATUSES.get(status or 500, "upstream")
    return _STATUSES.get(status, "bad_request")


def _json(body: bytes) -> Fields:
    try:
        with upstream_side():
            return parse(body)
    except BadUpstream:
        return Fields({})


def _text(fields: Fields, *keys: str) -> str:
    """The first of the keys that holds a non-empty string."""
    for key in keys:
        try:
            with upstream_side():
                value = fields.str(key)
        except BadUpstream:
            continue
        if value:
            return value
    return ""


def _bare_name(name: str) -> str:
    """`com.amazon#ValidationException:http://…` -> `ValidationException` (10.1)."""
    return name.rpartition("#")[2].partition(":")[0].strip()


def _public(message: str, status: int) -> str:
    text = clean(_USER_ID.sub(GONE, message), _MESSAGE_CHARS)
    return text or f"Kiro answered with an error ({status}) and no message"


def _seconds(header: str | None) -> float | None:
    """Retry-After in seconds; its date form is not used by this upstream."""
    try:
        value = float(header or "")
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None
