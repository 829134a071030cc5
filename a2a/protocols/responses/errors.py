"""Errors of the Responses dialect, both ways (specs/conversion.md 11.1, 11.2, 14.2).

Upstream bodies are OpenAI's error object, a failed `response` object, an `error` event, the usage limit of Codex, a
`detail` of some gateway, HTML, or nothing. `parse_error` is total. Its `status` is the upstream's own; `code` the
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
from a2a.protocols.wire import BAD_JSON, dumps

MAX_MESSAGE = 1000
"""Characters of an upstream's message that a client gets to see."""

_WORDS: dict[FailureKind, str] = {
    "context_overflow": "context_length_exceeded context_window_exceeded",
    "not_found": "model_not_found invalid_model unknown_model",
    "quota": "insufficient_quota usage_limit_reached usage_not_included quota_exceeded billing_hard_limit_reached",
    "rate_limited": "rate_limit_exceeded rate_limit_error too_many_requests 429",
    "unavailable": "invalid_api_key authentication_error permission_error permission_denied account_deactivated "
    "billing_not_active token_expired 401 403",
    "overloaded": "server_is_overloaded slow_down overloaded_error engine_overloaded service_unavailable 503 529",
    "too_large": "request_too_large 413",
    "bad_request": "invalid_prompt invalid_request invalid_value unsupported_parameter unsupported_value "
    "content_policy_violation previous_response_not_found invalid_image invalid_image_format invalid_base64_image "
    "invalid_image_url image_too_large image_too_small image_parse_error image_content_policy_violation "
    "image_file_too_large unsupported_image_media_type empty_image_file failed_to_download_image "
    "image_file_not_found bio_policy 400 422",
    "timeout": "timeout request_timeout vector_store_timeout 408 504",
    "upstream": "server_error internal_server_error internal_error upstream_error 500 502",
}
_KIND_OF_CODE = {word: kind for kind, words in _WORDS.items() for word in words.split()}
"""Code or type, lower case; a number stands for a status that a 200 carries in its body."""
_KIND_OF_STATUS: dict[int, FailureKind] = {
    401: "unavailable",
    402: "quota",
    403: "unavailable",
    404: "not_found",
    408: "timeout",
    409: "conflict",
    413: "too_large",
    429: "rate_limited",
    503: "overloaded",
    504: "timeout",
    524: "timeout",
    529: "overloaded",
}


class _Shown(Struct, frozen=True):
    """How a client sees a failure: status, type, code."""

    status: int
    type: str
    code: str | None


_SHOWN: dict[FailureKind, _Shown] = {
    "bad_request": _Shown(400, "invalid_request_error", None),
    "context_overflow": _Shown(400, "invalid_request_error", "context_length_exceeded"),
    "unauthorized": _Shown(401, "invalid_request_error", "invalid_api_key"),
    "forbidden": _Shown(403, "invalid_request_error", "forbidden"),
    "not_found": _Shown(404, "invalid_request_error", "model_not_found"),
    "conflict": _Shown(409, "invalid_request_error", "conflict"),
    "too_large": _Shown(413, "invalid_request_error", "request_too_large"),
    "rate_limited": _Shown(429, "rate_limit_error", "rate_limit_exceeded"),
    "quota": _Shown(429, "insufficient_quota", "insufficient_quota"),
    "internal": _Shown(500, "server_error", "internal_error"),
    "upstream": _Shown(502, "server_error", "upstream_error"),
    "truncated": _Shown(502, "server_error", "upstream_error"),
    "unavailable": _Shown(503, "server_error", "unavailable"),
    "overloaded": _Shown(503, "server_error", "server_is_overloaded"),
    "timeout": _Shown(504, "server_error", "timeout"),
}
_NO_PREVIOUS = "previous_response_not_found"
_TOO_LONG = re.compile(
    r"context.{0,3}(?:length|window|size)|prompt is too long|too many (?:input )?tokens|reduce the length of",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(r"model\b.{0,80}\b(?:does not exist|not found|not exist|unknown)|unknown model", re.IGNORECASE)
_SPENT = re.compile(r"exceeded your (?:current )?quota|quota exceeded|usage limit|insufficient balance", re.IGNORECASE)
_AMOUNT = r"(\d+(?:\.\d+)?) ?(ms|[smh])[a-z]* ?"
_WAIT = re.compile(rf"(?:try again|retry) (?:in|after) ((?:{_AMOUNT})+)", re.IGNORECASE)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SECRETS = re.compile(
    r"\b(?:sk|pk|key|ghp|sess)[-_][\w-]{8,}\*{0,3}[\w-]*|\bBearer\s+\S+|\beyJ[\w-]{10,}\.[\w.-]+|[\w.+-]+@[\w-]+\.[\w.-]+",
)
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


class _Found(Struct):
    """What an error body says. `wait`: seconds until a usage limit resets; `resets_at`: the same in Unix seconds."""

    message: str = ""
    code: str | None = None
    type: str | None = None
    param: str | None = None
    wait: float | None = None
    resets_at: float | None = None


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """The failure that an error response tells of; also a failed answer or error event inside a 200 (`status` 200)."""
    decoded = _decode(body)
    found = _read(decoded)
    kind = _kind(status, found)
    waits = kind in ("rate_limited", "quota", "overloaded")
    return Failure(
        kind=kind,
        message=clean(found.message) or _without_words(status, body),
        status=status if status >= 400 else _SHOWN[kind].status,
        code=found.code or found.type,
        param=found.param,
        retry_after=_retry_after(headers, found) if waits else None,
        raw=Raw(body) if isinstance(decoded, dict) else None,
    )


def render_error(failure: Failure) -> tuple[int, bytes]:
    """(status, body) for a Responses client."""
    shown = _SHOWN[failure.kind]
    code = _NO_PREVIOUS if _NO_PREVIOUS in failure.message else shown.code
    entry = {"message": failure.message, "type": shown.type, "param": failure.param, "code": code}
    return shown.status, dumps({"error": entry})


def clean(message: str) -> str:
    """The message without keys, tokens and mail addresses, on one line, cut at MAX_MESSAGE."""
    text = " ".join(_SECRETS.sub("[removed]", message).split())
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"


def _decode(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except BAD_JSON:
        return None


def _read(value: object, depth: int = 0) -> _Found:
    """Message and words of any of the known shapes, innermost first."""
    if isinstance(value, list) and value and depth < 4:
        return _read(value[0], depth + 1)
    if isinstance(value, str):
        return _Found(message=value)
    if not isinstance(value, dict) or depth > 4:
        return _Found()
    inner = next((value[key] for key in ("response", "error", "errors", "detail") if value.get(key)), None)
    found = _read(inner, depth + 1) if inner is not None else _Found()
    found.message = found.message or _word(value.get("message")) or _word(value.get("msg")) or ""
    found.code = found.code or _word(value.get("code"))
    kind = _word(value.get("type"))
    if found.type is None and kind != "error" and not (kind or "").startswith("response."):
        found.type = kind
    found.param = found.param or _word(value.get("param"))
    found.wait = _count(value.get("resets_in_seconds")) or found.wait
    found.resets_at = _count(value.get("resets_at")) or found.resets_at
    return found


def _count(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else None


def _word(value: Any) -> str | None:
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
    if kind in (None, "rate_limited") and status in (200, 403, 429) and _SPENT.search(found.message):
        return "quota"
    if kind in (None, "bad_request") and status in (200, 400) and _NO_MODEL.search(found.message):
        return "not_found"
    if kind is not None and not (status in _KIND_OF_STATUS and kind in ("bad_request", "upstream")):
        return kind
    return _KIND_OF_STATUS.get(status, "bad_request" if 400 <= status < 500 else "upstream")


def _retry_after(headers: Mapping[str, str], found: _Found) -> float | None:
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
