"""Errors of the Chat dialect, both ways (specs/conversion.md 11.1).

Upstream bodies come in many shapes: OpenAI's object, a string, `detail` of a framework, MiniMax' `base_resp`,
DashScope's flat code and message, HTML, or nothing. `parse_error` is total. Words and waits: `openai_errors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from a2a.messages import Failure
from a2a.protocols.openai_errors import SHOWN, Found, failure, shown_code, word
from a2a.protocols.wire import dumps

_DEEPEST = 4


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """The failure that an error response tells of; also for an error object inside a 200 (`status` 200)."""
    return failure(status, headers, body, _read)


def is_error(decoded: dict[str, Any]) -> bool:
    """Whether an object inside a 200 is no answer: `error` is filled, or there is just a code and a message."""
    if decoded.get("error"):
        return True
    if "choices" in decoded or "usage" in decoded:
        return False
    return decoded.get("object") == "error" or ("message" in decoded and "code" in decoded)


def render_error(failed: Failure) -> tuple[int, bytes]:
    """(status, body) for a Chat client."""
    return SHOWN[failed.kind].status, error_body(failed)


def error_body(failed: Failure) -> bytes:
    """`{"error": {message, type, param, code}}`, the same before and in mid-stream."""
    shown = SHOWN[failed.kind]
    entry = {"message": failed.message, "type": shown.type, "param": failed.param, "code": shown_code(failed)}
    return dumps({"error": entry})


def _read(value: object, depth: int = 0) -> Found:
    """Message and words of any of the known shapes, outermost first."""
    if isinstance(value, list) and value and depth < _DEEPEST:
        return _read(value[0], depth + 1)
    if isinstance(value, str):
        return Found(message=value)
    if not isinstance(value, dict) or depth > _DEEPEST:
        return Found()
    inner = next((value[key] for key in ("error", "errors", "detail", "base_resp") if value.get(key)), None)
    found = _read(inner, depth + 1) if inner is not None else Found()
    for key in ("message", "msg", "status_msg", "error_message"):
        found.message = found.message or word(value.get(key)) or ""
    found.code = found.code or word(value.get("code")) or word(value.get("status_code"))
    found.type = found.type or word(value.get("type"))
    found.param = found.param or word(value.get("param"))
    return found
