"""Errors of the Chat dialect, both ways (specs/conversion.md 11.1, 11.2; qwen.md 9).

Upstream bodies come in a dozen shapes: OpenAI's object, a bare string, FastAPI's `detail`, a list around the object
(Google), HTML of an edge server, nothing at all. `parse_error` is total. Its `status` is the upstream's own; `code` the
upstream's own word, for the fault tables of the providers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
from msgspec import Raw, Struct

from a2a.messages import Failure, FailureKind
from a2a.protocols.wire import dumps

MAX_MESSAGE = 1000
"""Characters of an upstream's message that a client gets to see."""

_WORDS: dict[FailureKind, str] = {
    "context_overflow": "context_length_exceeded context_window_exceeded context_window_exceeded_error",
    "not_found": "model_not_found invalid_model model_not_exist unknown_model",
    "quota": "insufficient_quota quota_exceeded exceeded_current_quota_error insufficient_balance usage_limit_reached "
    "usage_not_included billing_hard_limit_reached throttling.allocationquota allocationquota.freetieronly",
    "rate_limited": "rate_limit_exceeded rate_limit_error rate_limit_reached_error limit_requests limit_burst_rate "
    "throttling throttling.ratequota too_many_requests 1302 1305 429",
    "unavailable": "invalid_api_key authentication_error invalid_authentication_error permission_error "
    "permission_denied model_access_denied arrearage account_deactivated access_terminated billing_not_active "
    "billing_error invalid_access_token 401 403",
    "overloaded": "server_is_overloaded slow_down overloaded_error engine_overloaded engine_overloaded_error "
    "insufficient_system_resource "
    "service_unavailable 503 529",
    "too_large": "request_too_large 413",
    "bad_request": "data_inspection_failed datainspectionfailed content_filter content_policy_violation "
    "invalid_parameter_error invalidparameter unsupported_parameter unsupported_value invalid_value 400 422",
    "timeout": "timeout request_timeout 408 504",
    "upstream": "server_error internal_server_error internal_error upstream_error 500 502",
}
_KIND_OF_CODE = {word: kind for kind, words in _WORDS.items() for word in words.split()}
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
_STATUS_OF_KIND: dict[FailureKind, int] = {
    "bad_request": 400,
    "context_overflow": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "too_large": 413,
    "rate_limited": 429,
    "quota": 429,
    "internal": 500,
    "upstream": 502,
    "truncated": 502,
    "unavailable": 503,
    "overloaded": 503,
    "timeout": 504,
}
_TYPE_AND_CODE: dict[FailureKind, tuple[str, str | None]] = {
    "bad_request": ("invalid_request_error", None),
    "context_overflow": ("invalid_request_error", "context_length_exceeded"),
    "unauthorized": ("invalid_request_error", "invalid_api_key"),
    "forbidden": ("invalid_request_error", "forbidden"),
    "not_found": ("invalid_request_error", "model_not_found"),
    "conflict": ("invalid_request_error", "conflict"),
    "too_large": ("invalid_request_error", "request_too_large"),
    "rate_limited": ("rate_limit_error", "rate_limit_exceeded"),
    "quota": ("insufficient_quota", "insufficient_quota"),
    "internal": ("server_error", "internal_error"),
    "upstream": ("server_error", "upstream_error"),
    "truncated": ("server_error", "upstream_error"),
    "unavailable": ("server_error", "unavailable"),
    "overloaded": ("server_error", "server_is_overloaded"),
    "timeout": ("server_error", "timeout"),
}
_TOO_LONG = re.compile(
    r"context.{0,3}(?:length|window|size)|prompt is too long|input length should be|maximum (?:prompt|input) length"
    r"|too many (?:input )?tokens|reduce the length of",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(r"model\b.{0,80}\b(?:does not exist|not found|not exist|unknown)|unknown model", re.IGNORECASE)
_SPENT = re.compile(
    r"quota exceeded|exceeded your (?:current )?quota|insufficient balance|out of credits", re.IGNORECASE
)
_BUSY = re.compile(r"concurrency", re.IGNORECASE)
_AMOUNT = r"(\d+(?:\.\d+)?) ?(ms|[smh])[a-z]* ?"
_WAIT = re.compile(rf"(?:try again|retry) (?:in|after) ((?:{_AMOUNT})+)", re.IGNORECASE)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SECRETS = re.compile(
    r"\b(?:sk|pk|key|AIza|ghp|xox[a-z])[-_][\w-]{8,}\*{0,3}[\w-]*|\bAIza[\w-]{20,}|\bBearer\s+\S+|[\w.+-]+@[\w-]+\.[\w.-]+",
)
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


class _Found(Struct):
    """What an error body says."""

    message: str = ""
    code: str | None = None
    type: str | None = None
    param: str | None = None


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """The failure that an error response tells of; also for an error object inside a 200 (`status` 200)."""
    decoded = _decode(body)
    found = _read(decoded)
    message = clean(found.message) or _without_words(status, body)
    kind = _kind(status, found)
    return Failure(
        kind=kind,
        message=message,
        status=status if status >= 400 else _STATUS_OF_KIND[kind],
        code=found.code or found.type,
        param=found.param,
        retry_after=_retry_after(headers, found.message) if kind in ("rate_limited", "quota", "overloaded") else None,
        raw=Raw(body) if isinstance(decoded, dict) else None,
    )


def is_error(decoded: dict[str, Any]) -> bool:
    """Whether an object inside a 200 is no answer: `error` is filled, or there is just a code and a message."""
    if decoded.get("error"):
        return True
    if "choices" in decoded or "usage" in decoded:
        return False
    return decoded.get("object") == "error" or ("message" in decoded and "code" in decoded)


def render_error(failure: Failure) -> tuple[int, bytes]:
    """(status, body) for a Chat client."""
    return _STATUS_OF_KIND[failure.kind], error_body(failure)


def error_body(failure: Failure) -> bytes:
    """`{"error": {message, type, param, code}}`, the same before and in mid-stream."""
    kind, code = _TYPE_AND_CODE[failure.kind]
    entry = {"message": failure.message, "type": kind, "param": failure.param, "code": code}
    return dumps({"error": entry})


def clean(message: str) -> str:
    """The message without keys, tokens and mail addresses, on one line, cut at MAX_MESSAGE."""
    text = " ".join(_SECRETS.sub("[removed]", message).split())
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"


def _decode(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _read(value: object, depth: int = 0) -> _Found:
    """Message and words of any of the known shapes, outermost first."""
    if isinstance(value, list) and value and depth < 4:
        return _read(value[0], depth + 1)
    if isinstance(value, str):
        return _Found(message=value)
    if not isinstance(value, dict) or depth > 4:
        return _Found()
    inner = next((value[key] for key in ("error", "errors", "detail", "base_resp") if value.get(key)), None)
    found = _read(inner, depth + 1) if inner is not None else _Found()
    for key in ("message", "msg", "status_msg", "error_message"):
        found.message = found.message or _word(value.get(key)) or ""
    found.code = found.code or _word(value.get("code")) or _word(value.get("status_code"))
    found.type = found.type or _word(value.get("type"))
    found.param = found.param or _word(value.get("param"))
    return found


def _word(value: object) -> str | None:
    """A string or number as text; anything else says nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None


def _without_words(status: int, body: bytes) -> str:
    title = _TITLE.search(body)
    if title:
        return clean(f"HTTP {status}: {title[1].decode('utf-8', 'replace')}")
    text = body.strip()
    if not text:
        return f"HTTP {status} without a body"
    if text[:1] in b"<{[":
        return f"HTTP {status} with an unreadable body"
    return clean(f"HTTP {status}: {text[:MAX_MESSAGE].decode('utf-8', 'replace')}")


def _kind(status: int, found: _Found) -> FailureKind:
    """By the upstream's word first, then by what its message tells, then by status."""
    words = [word.lower() for word in (found.code, found.type) if word]
    kind = next((_KIND_OF_CODE[word] for word in words if word in _KIND_OF_CODE), None)
    if kind in (None, "bad_request", "upstream", "too_large") and _TOO_LONG.search(found.message) and status != 429:
        return "context_overflow"
    if kind in (None, "rate_limited", "quota") and status in (200, 403, 429) and _SPENT.search(found.message):
        return "rate_limited" if _BUSY.search(found.message) else "quota"
    if kind in (None, "bad_request") and status in (200, 400) and _NO_MODEL.search(found.message):
        return "not_found"
    if kind is not None and not (status in _KIND_OF_STATUS and kind in ("bad_request", "upstream")):
        return kind
    return _KIND_OF_STATUS.get(status, "bad_request" if 400 <= status < 500 else "upstream")


def _retry_after(headers: Mapping[str, str], message: str) -> float | None:
    """Seconds to wait: `retry-after-ms`, `retry-after` (seconds, or a date beside a `date` header), or the message."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        seconds = _number(headers.get(name, ""))
        if seconds is not None:
            return seconds * unit
    try:
        until = parsedate_to_datetime(headers["retry-after"])
        return max(0.0, (until - parsedate_to_datetime(headers["date"])).total_seconds())
    except (KeyError, ValueError, TypeError):
        told = _WAIT.search(message)
        amounts = re.findall(_AMOUNT, told[1].lower()) if told else []
        return sum(float(count) * _UNITS[unit] for count, unit in amounts) if amounts else None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 1e9 else None
