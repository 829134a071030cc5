"""OpenAI's error bodies: `{"error": {message, type, param, code}}`."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from a2a.demo.wire import Refusal, Voice, dumps

_BY_STATUS: dict[int, tuple[str, str | None]] = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", None),
    404: ("invalid_request_error", None),
    413: ("invalid_request_error", None),
    429: ("rate_limit_error", "rate_limit_exceeded"),
    500: ("server_error", None),
    503: ("server_error", "server_is_overloaded"),
}


def bad(message: str, param: str | None = None, code: str | None = None) -> Refusal:
    """A 400 for the request itself."""
    return Refusal(400, message, param=param, code=code)


def _body(refusal: Refusal) -> dict[str, Any]:
    kind, code = _BY_STATUS.get(refusal.status, ("server_error", None))
    return {
        "error": {
            "message": refusal.message,
            "type": refusal.type or kind,
            "param": refusal.param,
            "code": refusal.code or code,
        }
    }


def _refuse(refusal: Refusal) -> web.Response:
    headers = {"content-type": "application/json", "x-request-id": "req_demo", **refusal.headers}
    return web.Response(status=refusal.status, body=dumps(_body(refusal)), headers=headers)


def _error_frame(refusal: Refusal) -> bytes:
    return b"data: " + dumps(_body(refusal)) + b"\n\n"


VOICE = Voice(_refuse, _error_frame)
