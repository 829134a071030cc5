"""Claude's error bodies: `{"type": "error", "error": {type, message}, "request_id"}` plus the `request-id` header."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from a2a.clock import hex_id
from a2a.demo.wire import Refusal, Voice, dumps

_BY_STATUS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def bad(message: str) -> Refusal:
    """A 400 for the request itself."""
    return Refusal(400, message)


def _body(refusal: Refusal) -> dict[str, Any]:
    kind = refusal.type or _BY_STATUS.get(refusal.status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": refusal.message}}


def _refuse(refusal: Refusal) -> web.Response:
    request_id = hex_id("req_")
    headers = {"content-type": "application/json", "request-id": request_id, **refusal.headers}
    body = dumps({**_body(refusal), "request_id": request_id})
    return web.Response(status=refusal.status, body=body, headers=headers)


def _error_frame(refusal: Refusal) -> bytes:
    return b"event: error\ndata: " + dumps(_body(refusal)) + b"\n\n"


VOICE = Voice(_refuse, _error_frame)
