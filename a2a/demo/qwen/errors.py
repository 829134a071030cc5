"""DashScope's errors: an OpenAI-like object with a request id, plus the odd shapes (specs/qwen.md 9).

The `type` of a refusal may name a shape: `string` is `{"error": "…"}`, `native` is `{code, message, request_id}`,
`finish` (streams only) is a chunk whose finish reason is `error_finish`.
"""

from __future__ import annotations

import uuid
from typing import Any

from aiohttp import web

from a2a.demo.wire import Refusal, Voice, dumps

_BY_STATUS = {
    400: ("invalid_parameter_error", "invalid_request_error"),
    401: ("invalid_api_key", "invalid_request_error"),
    403: ("access_denied", "access_denied"),
    404: ("model_not_found", "invalid_request_error"),
    429: ("limit_requests", "limit_requests"),
    500: ("internal_error", "internal_error"),
    503: ("service_unavailable", "service_unavailable"),
}
_SHAPES = ("string", "native", "finish")


def bad(message: str, code: str | None = None) -> Refusal:
    """A 400 for the request itself."""
    return Refusal(400, message, code=code)


def _code(refusal: Refusal) -> tuple[str, str]:
    code, kind = _BY_STATUS.get(refusal.status, ("internal_error", "internal_error"))
    kind = refusal.type if refusal.type and refusal.type not in _SHAPES else refusal.code or kind
    return refusal.code or code, kind


def _body(refusal: Refusal) -> dict[str, Any]:
    code, kind = _code(refusal)
    request_id = str(uuid.uuid4())
    if refusal.type == "string":
        return {"error": refusal.message}
    if refusal.type == "native":
        return {"code": code, "message": refusal.message, "request_id": request_id}
    inner = {"code": code, "message": refusal.message, "param": refusal.param, "type": kind}
    return {"error": inner, "request_id": request_id}


def _refuse(refusal: Refusal) -> web.Response:
    headers = {"content-type": "application/json", **refusal.headers}
    return web.Response(status=refusal.status, body=dumps(_body(refusal)), headers=headers)


def _error_frame(refusal: Refusal) -> bytes:
    """The three ways in which a stream that began with 200 fails. The native one has no blank behind its colons."""
    if refusal.type == "native":
        head = f"id:1\nevent:error\n:HTTP_STATUS/{refusal.status}\n".encode()
        return head + b"data:" + dumps(_body(refusal)) + b"\n\n"
    if refusal.type == "finish":
        choice = {"index": 0, "delta": {"content": refusal.message}, "finish_reason": "error_finish"}
        return b"data: " + dumps({"object": "chat.completion.chunk", "choices": [choice]}) + b"\n\n"
    return b"data: " + dumps(_body(refusal)) + b"\n\n"


VOICE = Voice(_refuse, _error_frame)
