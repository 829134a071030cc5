"""Kiro's error bodies in its two wire forms, and the exception frame inside a stream (specs/kiro.md 7.1, 10.1).

In a `Refusal` of this emulator `type` is the exception's name and `code` its reason.
"""

from __future__ import annotations

import uuid

from aiohttp import web

from a2a.demo.wire import Refusal, Voice, dumps
from a2a.protocols.eventstream import encode_frame

_BY_STATUS = {
    400: "ValidationException",
    401: "AccessDeniedException",
    402: "ServiceQuotaExceededException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    409: "ConflictException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}
_STREAM_NAMES = {
    "ThrottlingException": "throttlingError",
    "ValidationException": "validationError",
    "ServiceUnavailableException": "serviceUnavailableError",
}
_NAMESPACE = "com.amazon.kiro.runtimeservice"


def invalid(message: str, reason: str | None = None) -> Refusal:
    """A 400 ValidationException."""
    return Refusal(400, message, type="ValidationException", code=reason)


def denied(message: str, reason: str | None = None) -> Refusal:
    """A 403 AccessDeniedException."""
    return Refusal(403, message, type="AccessDeniedException", code=reason)


def bearer_invalid() -> Refusal:
    return denied("The bearer token included in the request is invalid.")


def _name(refusal: Refusal) -> str:
    return refusal.type or _BY_STATUS.get(refusal.status, "InternalServerException")


def _rest(refusal: Refusal) -> web.Response:
    headers = {
        "content-type": "application/json",
        "x-amzn-errortype": _name(refusal),
        "x-amzn-requestid": str(uuid.uuid4()),
        **refusal.headers,
    }
    body = dumps({"message": refusal.message, "reason": refusal.code})
    return web.Response(status=refusal.status, body=body, headers=headers)


def _aws_json(refusal: Refusal) -> web.Response:
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "x-amzn-requestid": str(uuid.uuid4()),
        **refusal.headers,
    }
    body = dumps({"__type": f"{_NAMESPACE}#{_name(refusal)}", "message": refusal.message, "reason": refusal.code})
    return web.Response(status=refusal.status, body=body, headers=headers)


def exception_frame(refusal: Refusal) -> bytes:
    """An exception in the stream; its type is the given name, or the short name of KRS."""
    name = _name(refusal)
    headers = {
        ":exception-type": _STREAM_NAMES.get(name, "error" if name.endswith("Exception") else name),
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return encode_frame(headers, dumps({"message": refusal.message, "reason": refusal.code}))


REST = Voice(_rest, exception_frame)
AWS_JSON = Voice(_aws_json, exception_frame)
