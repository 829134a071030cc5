"""The vocabulary of Google's API: wire words on one side, neutral words on the other.

Source: specs/conversion.md 6.3 (choice), 6.7 (server tools), 9.1 and 9.2 (stop), 11.1 (errors), 4.2 (tiers).
"""

from __future__ import annotations

from typing import Literal

from a2a.messages import FailureKind, StopKind

STOP_IN: dict[str, StopKind] = {
    "STOP": "end",
    "FINISH_REASON_UNSPECIFIED": "end",
    "MAX_TOKENS": "length",
    "CONTINUATION": "pause",
    "SAFETY": "refusal",
    "RECITATION": "refusal",
    "LANGUAGE": "refusal",
    "BLOCKLIST": "refusal",
    "PROHIBITED_CONTENT": "refusal",
    "SPII": "refusal",
    "MODEL_ARMOR": "refusal",
    "IMAGE_SAFETY": "refusal",
    "IMAGE_PROHIBITED_CONTENT": "refusal",
    "IMAGE_RECITATION": "refusal",
    "IMAGE_OTHER": "error",
    "NO_IMAGE": "error",
    "ESCALATION": "error",
    "PUP_LIMITED_DISABLED": "error",
    "OTHER": "error",
    "MALFORMED_FUNCTION_CALL": "error",
    "UNEXPECTED_TOOL_CALL": "error",
    "TOO_MANY_TOOL_CALLS": "error",
    "MISSING_THOUGHT_SIGNATURE": "error",
    "MALFORMED_RESPONSE": "error",
}
"""There is no word for a tool call: STOP with a functionCall in the answer is one."""

STOP_OUT: dict[StopKind, str] = {
    "end": "STOP",
    "tool_call": "STOP",
    "stop_seq": "STOP",
    "length": "MAX_TOKENS",
    "context_full": "MAX_TOKENS",
    "refusal": "SAFETY",
    "pause": "STOP",
    "error": "OTHER",
}

ERROR_OUT: dict[FailureKind, tuple[int, str]] = {
    "bad_request": (400, "INVALID_ARGUMENT"),
    "context_overflow": (400, "INVALID_ARGUMENT"),
    "unauthorized": (401, "UNAUTHENTICATED"),
    "forbidden": (403, "PERMISSION_DENIED"),
    "not_found": (404, "NOT_FOUND"),
    "conflict": (409, "ABORTED"),
    "too_large": (413, "INVALID_ARGUMENT"),
    "rate_limited": (429, "RESOURCE_EXHAUSTED"),
    "quota": (429, "RESOURCE_EXHAUSTED"),
    "internal": (500, "INTERNAL"),
    "upstream": (502, "INTERNAL"),
    "truncated": (502, "INTERNAL"),
    "unavailable": (503, "UNAVAILABLE"),
    "overloaded": (503, "UNAVAILABLE"),
    "timeout": (504, "DEADLINE_EXCEEDED"),
}
"""Failure kind -> (HTTP status and code, status word) for the client."""

STATUS_IN: dict[int, FailureKind] = {
    400: "bad_request",
    401: "unavailable",
    402: "unavailable",
    403: "unavailable",
    404: "not_found",
    408: "timeout",
    409: "conflict",
    413: "too_large",
    429: "rate_limited",
    499: "upstream",
    503: "overloaded",
    504: "timeout",
}
"""HTTP status of an upstream -> kind. 401 to 403 are the account's fault; other 4xx count as the request's."""

WORD_IN: dict[str, int] = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "INTERNAL": 500,
    "UNKNOWN": 500,
    "DATA_LOSS": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
"""Status word -> HTTP status, for error objects inside a 200 that name no code (google.rpc.Code)."""

HOSTED_IN: dict[str, str] = {
    "googleSearch": "web_search",
    "googleSearchRetrieval": "web_search",
    "enterpriseWebSearch": "web_search",
    "urlContext": "web_fetch",
    "codeExecution": "code",
    "computerUse": "computer",
    "fileSearch": "file_search",
    "mcpServers": "mcp",
}
"""Key of a server tool -> neutral word; a new key is its own word."""

HOSTED_OUT: tuple[tuple[str, str], ...] = (
    ("web_search", "googleSearch"),
    ("web_fetch", "urlContext"),
    ("code", "codeExecution"),
)
"""(start of a neutral word, key) of the server tools another vendor's client may ask for."""

LEVELS = ("minimal", "low", "medium", "high")
"""What `thinkingLevel` takes where the profile names no efforts."""

DETAIL_IN = {"MEDIA_RESOLUTION_LOW": "low", "MEDIA_RESOLUTION_HIGH": "high"}
DETAIL_OUT = {"low": "MEDIA_RESOLUTION_LOW", "high": "MEDIA_RESOLUTION_HIGH", "original": "MEDIA_RESOLUTION_HIGH"}

TIER_OUT = {
    "default": "standard",
    "standard_only": "standard",
    "standard": "standard",
    "flex": "flex",
    "priority": "priority",
}

Role = Literal["user", "assistant", "system"]
ROLES: dict[str, Role] = {
    "user": "user",
    "model": "assistant",
    "function": "user",
    "tool": "user",
    "assistant": "assistant",
    "system": "system",
}
"""Wire role -> neutral role; a missing one is the user's. The last three are other vendors' words."""
