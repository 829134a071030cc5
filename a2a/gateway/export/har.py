"""Exchanges as HAR 1.2, for every viewer of network traffic: the client's call, then each upstream call for it.

Source: the HAR 1.2 specification (W3C Web Performance Working Group, 2012-08-14). Keys of our own begin with `_`.
Headers and bodies are there where they were recorded. What no record holds is -1, as the specification wants it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from a2a import __version__
from a2a.control.bodies import BASE64, decoded
from a2a.control.types import Attempt, AttemptBodies, Bodies, Exchange

Json = dict[str, Any]

_UNKNOWN = -1
_HTTP = "HTTP/1.1"
CREATOR: Json = {"name": "a2a", "version": __version__}


def entries(exchange: Exchange) -> Iterator[Json]:
    """One for the client's call, one for each attempt."""
    bodies = exchange.bodies or Bodies()
    yield _client(exchange, bodies)
    recorded = {one.n: one for one in bodies.attempts}
    for attempt in exchange.attempts:
        yield _upstream(exchange, attempt, recorded.get(attempt.n, AttemptBodies(n=attempt.n)))


def _client(exchange: Exchange, bodies: Bodies) -> Json:
    host = bodies.request_headers.get("host", "localhost")
    timings = exchange.timings
    return {
        "startedDateTime": _when(exchange.started_at),
        **_times(timings.headers if timings.first_token is None else timings.first_token, timings.last),
        "request": _request("POST", f"http://{host}{exchange.path}", bodies.request_headers, bodies.request),
        "response": _response(exchange.status or 0, bodies.answer_headers, bodies.answer),
        "cache": {},
        "comment": f"{exchange.id}: {exchange.client} asked {exchange.asked or 'for no model'}, {exchange.state}",
        "_exchange": exchange.id,
    }


def _upstream(exchange: Exchange, attempt: Attempt, bodies: AttemptBodies) -> Json:
    url = bodies.url or f"https://{attempt.provider}.invalid/"
    return {
        "startedDateTime": _when(attempt.started_at),
        **_times(attempt.headers_ms, attempt.duration_ms),
        "request": _request(bodies.method, url, bodies.request_headers, bodies.request),
        "response": _response(attempt.status or 0, bodies.answer_headers, bodies.answer),
        "cache": {},
        "comment": f"{exchange.id}: attempt {attempt.n}, {attempt.account}, {attempt.model}",
        "_exchange": exchange.id,
        "_attempt": attempt.n,
    }


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _times(first_ms: float | None, whole_ms: float | None) -> Json:
    """`time` is the sum of its parts."""
    wait = first_ms if first_ms is not None else whole_ms or 0.0
    receive = max((whole_ms or wait) - wait, 0.0)
    timings = {"blocked": _UNKNOWN, "dns": _UNKNOWN, "connect": _UNKNOWN, "ssl": _UNKNOWN}
    return {"time": wait + receive, "timings": {**timings, "send": 0, "wait": wait, "receive": receive}}


def _request(method: str, url: str, headers: Mapping[str, str], body: str | None) -> Json:
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    out: Json = {
        "method": method,
        "url": url,
        "httpVersion": _HTTP,
        "cookies": [],
        "headers": _pairs(headers),
        "queryString": [{"name": name, "value": value} for name, value in query],
        "headersSize": _UNKNOWN,
        "bodySize": _UNKNOWN if body is None else len(decoded(body)),
    }
    if body is not None:
        out["postData"] = {"mimeType": headers.get("content-type", "application/json"), "text": body}
    return out


def _response(status: int, headers: Mapping[str, str], body: str | None) -> Json:
    content: Json = {"size": 0, "mimeType": headers.get("content-type", "application/json")}
    if body is not None:
        data = decoded(body)
        content["size"] = len(data)
        if body.startswith(BASE64):
            content |= {"text": base64.b64encode(data).decode(), "encoding": "base64"}
        else:
            content["text"] = body
    return {
        "status": status,
        "statusText": _phrase(status),
        "httpVersion": _HTTP,
        "cookies": [],
        "headers": _pairs(headers),
        "content": content,
        "redirectURL": "",
        "headersSize": _UNKNOWN,
        "bodySize": _UNKNOWN if body is None else content["size"],
    }


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _pairs(headers: Mapping[str, str]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in headers.items()]
