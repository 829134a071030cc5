"""Errors as OpenAI and everybody after it says them: what Chat and Responses share (specs/conversion.md 11.1).

Tables of words and statuses, how long to wait, and how a client sees a failure. The shapes that differ are read by the
two codecs themselves: `failure(..., read)` gets the reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

import msgspec
from msgspec import Raw, Struct

from a2a.messages import Failure, FailureKind
from a2a.protocols.error_page import in_words
from a2a.protocols.redact import clean
from a2a.protocols.wire import BAD_JSON

MAX_MESSAGE = 1000

_WORDS: dict[FailureKind, str] = {
    "context_overflow": "context_length_exceeded context_window_exceeded context_window_exceeded_error",
    "not_found": "model_not_found invalid_model model_not_exist unknown_model",
    "quota": "insufficient_quota quota_exceeded exceeded_current_quota_error insufficient_balance usage_limit_reached "
    "usage_not_included billing_hard_limit_reached throttling.allocationquota allocationquota.freetieronly",
    "rate_limited": "rate_limit_exceeded rate_limit_error rate_limit_reached_error limit_requests limit_burst_rate "
    "throttling throttling.ratequota too_many_requests 1302 1305 429",
    "unavailable": "invalid_api_key authentication_error invalid_authentication_error permission_error "
    "permission_denied model_access_denied arrearage account_deactivated access_terminated billing_not_active "
    "billing_error invalid_access_token token_expired 401 403",
    "overloaded": "server_is_overloaded slow_down overloaded_error engine_overloaded engine_overloaded_error "
    "insufficient_system_resource service_unavailable 503 529",
    "too_large": "request_too_large 413",
    "bad_request": "data_inspection_failed datainspectionfailed content_filter content_policy_violation "
    "invalid_parameter_error invalidparameter unsupported_parameter unsupported_value invalid_value invalid_request "
    "invalid_prompt previous_response_not_found invalid_image invalid_image_format invalid_base64_image "
    "invalid_image_url image_too_large image_too_small image_parse_error image_content_policy_violation "
    "image_file_too_large unsupported_image_media_type empty_image_file failed_to_download_image "
    "image_file_not_found bio_policy 400 422",
    "timeout": "timeout request_timeout vector_store_timeout 408 504",
    "upstream": "server_error internal_server_error internal_error upstream_error 500 502",
}
_KIND_OF_WORD = {word: kind for kind, words in _WORDS.items() for word in words.split()}
"""Code or type, lower case; a number stands for a status that a 200 carries in its body."""

_KIND_OF_STATUS: dict[int, FailureKind] = {
    401: "unavailable",
    402: "quota",
    403: "unavailable",
    404: "not_found",
    405: "unavailable",
    408: "timeout",
    409: "conflict",
    413: "too_large",
    429: "rate_limited",
    503: "overloaded",
    504: "timeout",
    522: "timeout",
    524: "timeout",
    529: "overloaded",
}


class Shown(Struct, frozen=True):
    """How a client sees a failure: status, type, code."""

    status: int
    type: str
    code: str | None


SHOWN: dict[FailureKind, Shown] = {
    "bad_request": Shown(400, "invalid_request_error", None),
    "context_overflow": Shown(400, "invalid_request_error", "context_length_exceeded"),
    "unauthorized": Shown(401, "invalid_request_error", "invalid_api_key"),
    "forbidden": Shown(403, "invalid_request_error", "forbidden"),
    "not_found": Shown(404, "invalid_request_error", "model_not_found"),
    "conflict": Shown(409, "invalid_request_error", "conflict"),
    "too_large": Shown(413, "invalid_request_error", "request_too_large"),
    "rate_limited": Shown(429, "rate_limit_error", "rate_limit_exceeded"),
    "quota": Shown(429, "insufficient_quota", "insufficient_quota"),
    "internal": Shown(500, "server_error", "internal_error"),
    "upstream": Shown(502, "server_error", "upstream_error"),
    "truncated": Shown(502, "server_error", "upstream_error"),
    "unavailable": Shown(503, "server_error", "unavailable"),
    "overloaded": Shown(503, "server_error", "server_is_overloaded"),
    "timeout": Shown(504, "server_error", "timeout"),
}

UNKNOWN_URL = "unknown_url"
"""OpenAI's code for a path that is not served: the model is not what is missing."""


def shown_code(failed: Failure) -> str | None:
    """The code that a client is told."""
    return UNKNOWN_URL if failed.code == UNKNOWN_URL else SHOWN[failed.kind].code


_TOO_LONG = re.compile(
    r"context.{0,3}(?:length|window|size)|prompt is too long|input length should be|maximum (?:prompt|input) length"
    r"|too many (?:input )?tokens|reduce the length of",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(r"model\b.{0,80}\b(?:does not exist|not found|not exist|unknown)|unknown model", re.IGNORECASE)
_NOT_KEPT = re.compile(r"items are not persisted|previous response .{0,120}not found", re.IGNORECASE)
"""A 404 about what the request refers to: no account's model is missing."""
_SPENT = re.compile(
    r"quota exceeded|exceeded your (?:current )?quota|usage limit|insufficient balance|out of credits", re.IGNORECASE
)
_BUSY = re.compile(r"concurrency", re.IGNORECASE)
_AMOUNT = r"(\d+(?:\.\d+)?) ?(ms|[smh])[a-z]* ?"
_WAIT = re.compile(rf"(?:try again|retry) (?:in|after) ((?:{_AMOUNT})+)", re.IGNORECASE)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Found(Struct):
    """What an error body says. `wait`: seconds until a usage limit resets; `resets_at`: the same in Unix seconds."""

    message: str = ""
    code: str | None = None
    type: str | None = None
    param: str | None = None
    wait: float | None = None
    resets_at: float | None = None


def failure(status: int, headers: Mapping[str, str], body: bytes, read: Callable[[object], Found]) -> Failure:
    """The failure an error response tells of; also an error object inside a 200 (`status` 200). Total."""
    decoded = _decode(body)
    found = read(decoded)
    kind = _kind(status, found)
    waits = kind in ("rate_limited", "quota", "overloaded")
    return Failure(
        kind=kind,
        message=clean(found.message, MAX_MESSAGE) or in_words(status, body),
        status=status if status >= 400 else SHOWN[kind].status,
        code=found.code or found.type,
        param=found.param,
        retry_after=_retry_after(headers, found) if waits else None,
        raw=Raw(body) if isinstance(decoded, dict) else None,
    )


def word(value: object) -> str | None:
    """A string or number as text; anything else says nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None


def _decode(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except BAD_JSON:
        return None


def _kind(status: int, found: Found) -> FailureKind:
    """By the upstream's word first, then by what its message tells, then by status."""
    words = [known.lower() for known in (found.code, found.type) if known]
    kind = next((_KIND_OF_WORD[known] for known in words if known in _KIND_OF_WORD), None)
    if kind in (None, "bad_request", "upstream", "too_large") and _TOO_LONG.search(found.message) and status != 429:
        return "context_overflow"
    if kind in (None, "rate_limited", "quota") and status in (200, 403, 429) and _SPENT.search(found.message):
        return "rate_limited" if _BUSY.search(found.message) else "quota"
    if status == 404 and (_NOT_KEPT.search(found.message) or "previous_response_not_found" in words):
        return "bad_request"
    if kind in (None, "bad_request") and status in (200, 400) and _NO_MODEL.search(found.message):
        return "not_found"
    if kind is not None and not (status in _KIND_OF_STATUS and kind in ("bad_request", "upstream")):
        return kind
    return _KIND_OF_STATUS.get(status, "bad_request" if 400 <= status < 500 else "upstream")


def _retry_after(headers: Mapping[str, str], found: Found) -> float | None:
    """Seconds to wait: `retry-after-ms`, `retry-after`, the reset of a usage limit, or what the message tells.

    Points in time count from the answer's own `date` header.
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        seconds = _number(headers.get(name, ""))
        if seconds is not None:
            return seconds * unit
    if found.wait is not None:
        return found.wait
    until = found.resets_at or _date(headers.get("retry-after", ""))
    sent = _date(headers.get("date", ""))
    if until is not None and sent is not None:
        return max(0.0, until - sent)
    told = _WAIT.search(found.message)
    amounts = re.findall(_AMOUNT, told[1].lower()) if told else []
    return sum(float(count) * _UNITS[unit] for count, unit in amounts) if amounts else None


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError):
        return None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 1e9 else None
