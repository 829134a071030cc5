"""Errors of the Responses dialect, both ways (specs/conversion.md 11.1, 11.2, 14.2).

Upstream bodies are OpenAI's error object, a failed `response` object, an `error` event, the usage limit of Codex, a
`detail` of some gateway, HTML, or nothing. `parse_error` is total. Its `status` is the upstream's own; `code` the
upstream's own word, for the fault tables of the providers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from a2a.messages import Failure
from a2a.protocols.openai_errors import SHOWN, Found, failure, shown_code, word
from a2a.protocols.wire import dumps

_DEEPEST = 4
_NO_PREVIOUS = "previous_response_not_found"


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """The failure that an error response tells of; also a failed answer or error event inside a 200 (`status` 200)."""
    return failure(status, headers, body, _read)


def render_error(failed: Failure) -> tuple[int, bytes]:
    """(status, body) for a Responses client."""
    shown = SHOWN[failed.kind]
    code = _NO_PREVIOUS if _NO_PREVIOUS in failed.message else shown_code(failed)
    entry = {"message": failed.message, "type": shown.type, "param": failed.param, "code": code}
    return shown.status, dumps({"error": entry})


def _read(value: object, depth: int = 0) -> Found:
    """Message and words of any of the known shapes, innermost first."""
    if isinstance(value, list) and value and depth < _DEEPEST:
        return _read(value[0], depth + 1)
    if isinstance(value, str):
        return Found(message=value)
    if not isinstance(value, dict) or depth > _DEEPEST:
        return Found()
    inner = next((value[key] for key in ("response", "error", "errors", "detail") if value.get(key)), None)
    found = _read(inner, depth + 1) if inner is not None else Found()
    found.message = found.message or word(value.get("message")) or word(value.get("msg")) or ""
    found.code = found.code or word(value.get("code"))
    kind = word(value.get("type"))
    if found.type is None and kind != "error" and not (kind or "").startswith("response."):
        found.type = kind
    found.param = found.param or word(value.get("param"))
    found.wait = _count(value.get("resets_in_seconds")) or found.wait
    found.resets_at = _count(value.get("resets_at")) or found.resets_at
    return found


def _count(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else None
