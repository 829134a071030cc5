"""The vocabulary of the Messages API: wire words on one side, neutral words on the other.

Source: specs/conversion.md 9.1, 9.2 (stop reasons), 11.1 (errors), 6.7 (server tools), 4.2 (service tiers).
"""

from __future__ import annotations

from typing import Literal

from a2a.messages import FailureKind, StopKind

STOP_IN: dict[str, StopKind] = {
    "end_turn": "end",
    "tool_use": "tool_call",
    "stop_sequence": "stop_seq",
    "max_tokens": "length",
    "model_context_window_exceeded": "context_full",
    "refusal": "refusal",
    "pause_turn": "pause",
    "compaction": "pause",
}

STOP_OUT: dict[StopKind, str] = {
    "end": "end_turn",
    "tool_call": "tool_use",
    "stop_seq": "stop_sequence",
    "length": "max_tokens",
    "context_full": "model_context_window_exceeded",
    "refusal": "refusal",
    "pause": "pause_turn",
    "error": "end_turn",
}

ERROR_OUT: dict[FailureKind, tuple[int, str]] = {
    "bad_request": (400, "invalid_request_error"),
    "context_overflow": (400, "invalid_request_error"),
    "unauthorized": (401, "authentication_error"),
    "forbidden": (403, "permission_error"),
    "not_found": (404, "not_found_error"),
    "conflict": (409, "invalid_request_error"),
    "too_large": (413, "request_too_large"),
    "rate_limited": (429, "rate_limit_error"),
    "quota": (429, "rate_limit_error"),
    "internal": (500, "api_error"),
    "upstream": (502, "api_error"),
    "truncated": (502, "api_error"),
    "unavailable": (503, "api_error"),
    "overloaded": (529, "overloaded_error"),
    "timeout": (504, "timeout_error"),
}
"""Failure kind -> (HTTP status, error type) for the client."""

ERROR_IN: dict[str, tuple[FailureKind, int]] = {
    "invalid_request_error": ("bad_request", 400),
    "authentication_error": ("unavailable", 401),
    "billing_error": ("unavailable", 402),
    "permission_error": ("unavailable", 403),
    "not_found_error": ("not_found", 404),
    "request_too_large": ("too_large", 413),
    "rate_limit_error": ("rate_limited", 429),
    "api_error": ("upstream", 500),
    "timeout_error": ("timeout", 504),
    "overloaded_error": ("overloaded", 529),
}
"""Error type of an upstream -> (kind, the status that goes with it). 401 to 403 are the account's fault, not ours."""

STATUS_IN: dict[int, FailureKind] = {
    400: "bad_request",
    401: "unavailable",
    402: "unavailable",
    403: "unavailable",
    404: "not_found",
    408: "timeout",
    409: "conflict",
    413: "too_large",
    422: "bad_request",
    429: "rate_limited",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}
"""For errors without a known type; other 4xx count as the request's fault, the rest as the upstream's."""

HOSTED: tuple[tuple[str, str], ...] = (
    ("web_search", "web_search"),
    ("web_fetch", "web_fetch"),
    ("code_execution", "code"),
    ("computer", "computer"),
    ("browser", "browser"),
    ("bash", "bash"),
    ("text_editor", "text_editor"),
    ("memory", "memory"),
    ("tool_search", "tool_search"),
    ("mcp", "mcp"),
)
"""(prefix of a server tool's dated type, neutral word)."""

TIER_OUT: dict[str, str] = {
    "auto": "auto",
    "unspecified": "auto",
    "default": "standard_only",
    "standard": "standard_only",
    "standard_only": "standard_only",
}

SHOW_IN: dict[str, Literal["summary", "hidden"]] = {"summarized": "summary", "omitted": "hidden"}
SHOW_OUT = {"summary": "summarized", "full": "summarized", "hidden": "omitted"}

EFFORTS = ("low", "medium", "high", "xhigh", "max")
"""What `output_config.effort` knows; `none` and `minimal` exist elsewhere only."""

IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")


def hosted_kind(wire_type: str) -> str:
    """Neutral word of a server tool's type, the type itself when it is new."""
    return next((word for prefix, word in HOSTED if wire_type.startswith(prefix)), wire_type)
