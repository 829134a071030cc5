"""Google's error bodies: `{"error": {code, message, status, details?}}`, in an array where a stream is an array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from a2a.demo.wire import Refusal, Voice, dumps

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_TYPE = "type.googleapis.com/google.rpc."

Detail = dict[str, Any]


class GoogleRefusal(Refusal):
    """A refusal with typed details. `type` is the status word, where the usual one does not fit."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        details: Sequence[Detail] = (),
        word: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, message, type=word, headers=headers)
        self.details = list(details)


def error_info(reason: str, domain: str, **metadata: str) -> Detail:
    return {"@type": f"{_TYPE}ErrorInfo", "reason": reason, "domain": domain, "metadata": metadata}


def retry_info(delay: str) -> Detail:
    """`delay`: a duration such as `34.07s`."""
    return {"@type": f"{_TYPE}RetryInfo", "retryDelay": delay}


def quota_failure(metric: str, quota_id: str, value: str, **dimensions: str) -> Detail:
    violation = {"quotaMetric": metric, "quotaId": quota_id, "quotaDimensions": dimensions, "quotaValue": value}
    return {"@type": f"{_TYPE}QuotaFailure", "violations": [violation]}


def help_link(text: str, url: str) -> Detail:
    return {"@type": f"{_TYPE}Help", "links": [{"description": text, "url": url}]}


def bad(message: str, field: str | None = None) -> GoogleRefusal:
    """A 400 for the request itself; `field`: the member at fault, named in a `BadRequest` detail."""
    if field is None:
        return GoogleRefusal(400, message)
    violation = {"field": field, "description": message}
    return GoogleRefusal(400, message, details=[{"@type": f"{_TYPE}BadRequest", "fieldViolations": [violation]}])


def error_object(refusal: Refusal) -> dict[str, Any]:
    """The error as an object; extra members only where there are any."""
    error: dict[str, Any] = {
        "code": refusal.status,
        "message": refusal.message,
        "status": refusal.type or _STATUS.get(refusal.status, "UNKNOWN"),
    }
    details = list(refusal.details) if isinstance(refusal, GoogleRefusal) else []
    return {"error": error | ({"details": details} if details else {})}


def _answer(refusal: Refusal, body: bytes) -> web.Response:
    headers = {"content-type": "application/json; charset=UTF-8", **refusal.headers}
    return web.Response(status=refusal.status, body=body, headers=headers)


def _refuse(refusal: Refusal) -> web.Response:
    return _answer(refusal, dumps(error_object(refusal)))


def _refuse_in_array(refusal: Refusal) -> web.Response:
    return _answer(refusal, dumps([error_object(refusal)]))


def sse_frame(value: Any) -> bytes:
    """One event: Google ends its lines with CR LF."""
    return b"data: " + dumps(value) + b"\r\n\r\n"


def _error_frame(refusal: Refusal) -> bytes:
    return sse_frame(error_object(refusal))


def _error_in_array(refusal: Refusal) -> bytes:
    return b",\r\n" + dumps(error_object(refusal)) + b"]"


VOICE = Voice(_refuse, _error_frame)
ARRAY_VOICE = Voice(_refuse_in_array, _error_in_array)
"""Of a stream without `alt=sse`."""
