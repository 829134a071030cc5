"""Errors of Google's API, both ways."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from gemini_kit import vector
from hypothesis import given
from hypothesis import strategies as st

from a2a.messages import Failure, FailureKind
from a2a.protocols.gemini import front, upstream
from a2a.protocols.redact import MAX_MESSAGE

KINDS: Any = [
    "bad_request",
    "unauthorized",
    "forbidden",
    "not_found",
    "too_large",
    "context_overflow",
    "rate_limited",
    "upstream",
    "overloaded",
    "timeout",
]
"""Failure kinds of the rows of `surface.json: errors`, in their order."""
DETAIL = "type.googleapis.com/google.rpc."


def _read(status: int, error: Any = None, body: bytes | None = None, **headers: str) -> Failure:
    data = json.dumps({"error": error}).encode() if body is None else body
    return upstream.parse_error(status, {key.replace("_", "-"): value for key, value in headers.items()}, data)


def _info(reason: str, **metadata: str) -> dict[str, Any]:
    return {
        "@type": f"{DETAIL}ErrorInfo",
        "reason": reason,
        "domain": "cloudcode-pa.googleapis.com",
        "metadata": metadata,
    }


@pytest.mark.parametrize(("entry", "kind"), list(zip(vector("surface.json")["errors"], KINDS, strict=True)), ids=KINDS)
def test_bodies_for_clients(entry: Any, kind: Any) -> None:
    want = entry["gemini"]
    status, body = front.render_error(Failure(kind, want["body"]["error"]["message"], 500))
    assert (status, json.loads(body)) == (want["status"], want["body"])


def test_every_kind_has_a_body() -> None:
    for kind in get_args(FailureKind):
        status, body = front.render_error(Failure(kind, "x", 500))
        assert json.loads(body)["error"]["code"] == status


def test_a_wait_is_told() -> None:
    _, body = front.render_error(Failure("rate_limited", "x", 429, retry_after=30.0))
    assert json.loads(body)["error"]["details"] == [{"@type": f"{DETAIL}RetryInfo", "retryDelay": "30s"}]


@pytest.mark.parametrize(
    ("status", "error", "kind", "code"),
    [
        (400, {"status": "INVALID_ARGUMENT", "message": "Unknown name"}, "bad_request", "INVALID_ARGUMENT"),
        (400, {"message": "The input token count (1200000) exceeds the maximum"}, "context_overflow", None),
        (
            400,
            {"message": "API key not valid. Please pass a valid API key.", "details": [_info("API_KEY_INVALID")]},
            "unavailable",
            "API_KEY_INVALID",
        ),
        (
            400,
            {"status": "FAILED_PRECONDITION", "message": "User location is not supported for the API use."},
            "unavailable",
            "FAILED_PRECONDITION",
        ),
        (401, {"status": "UNAUTHENTICATED"}, "unavailable", "UNAUTHENTICATED"),
        (
            403,
            {"message": "Verify your account.", "details": [_info("VALIDATION_REQUIRED")]},
            "unavailable",
            "VALIDATION_REQUIRED",
        ),
        (404, {"status": "NOT_FOUND"}, "not_found", "NOT_FOUND"),
        (413, {}, "too_large", None),
        (422, {}, "bad_request", None),
        (
            429,
            {"message": "Resource has been exhausted", "status": "RESOURCE_EXHAUSTED"},
            "rate_limited",
            "RESOURCE_EXHAUSTED",
        ),
        (429, {"message": "quota, limit: 0, model: x"}, "quota", None),
        (429, {"details": [_info("QUOTA_EXHAUSTED")]}, "quota", "QUOTA_EXHAUSTED"),
        (
            429,
            {"details": [_info("RATE_LIMIT_EXCEEDED", quotaResetDelay="12s")]},
            "rate_limited",
            "RATE_LIMIT_EXCEEDED",
        ),
        (429, {"details": [_info("RATE_LIMIT_EXCEEDED", quotaResetDelay="2h")]}, "quota", "RATE_LIMIT_EXCEEDED"),
        (429, {"details": [_info("MODEL_CAPACITY_EXHAUSTED")]}, "overloaded", "MODEL_CAPACITY_EXHAUSTED"),
        (429, {"message": "No capacity available for model x"}, "overloaded", None),
        (
            429,
            {"details": [{"@type": f"{DETAIL}QuotaFailure", "violations": [{"quotaId": "RequestsPerDayPerProject"}]}]},
            "quota",
            None,
        ),
        (499, {"status": "CANCELLED"}, "upstream", "CANCELLED"),
        (500, {"status": "INTERNAL"}, "upstream", "INTERNAL"),
        (503, {"status": "UNAVAILABLE"}, "overloaded", "UNAVAILABLE"),
        (504, {"status": "DEADLINE_EXCEEDED"}, "timeout", "DEADLINE_EXCEEDED"),
        (200, {"code": 429}, "rate_limited", None),
        (200, {"status": "NOT_FOUND"}, "not_found", "NOT_FOUND"),
        (200, {}, "upstream", None),
    ],
)
def test_kinds(status: int, error: Any, kind: str, code: str | None) -> None:
    failure = _read(status, error)
    assert (failure.kind, failure.code) == (kind, code)
    assert failure.status >= 400
    assert failure.message


def test_the_specifications_examples() -> None:
    """gemini-cli.md 11, G4: a spent day and its reset."""
    error = {
        "code": 429,
        "message": "Quota used up. Resets in 9h22m20s.",
        "status": "RESOURCE_EXHAUSTED",
        "details": [
            _info("QUOTA_EXHAUSTED", model="gemini-3-flash", quotaResetDelay="33740.9s"),
            {"@type": f"{DETAIL}RetryInfo", "retryDelay": "33740.9s"},
        ],
    }
    failure = _read(429, error)
    assert (failure.kind, failure.retry_after, failure.message) == ("quota", 33740.9, error["message"])
    assert json.loads(bytes(failure.raw or b"")) == {"error": error}


@pytest.mark.parametrize(
    ("error", "headers", "wait"),
    [
        ({"details": [{"@type": f"{DETAIL}RetryInfo", "retryDelay": "900ms"}]}, {"retry_after": "9"}, 0.9),
        ({"details": [_info("X", quotaResetDelay="1h16m0.5s")]}, {}, 4560.5),
        (
            {"details": [_info("X", quotaResetTimeStamp="2026-11-22T21:03:14Z")]},
            {"date": "Sun, 22 Nov 2026 21:02:14 GMT"},
            60.0,
        ),
        ({"details": [_info("X", quotaResetTimeStamp="2026-11-22T21:03:14Z")]}, {}, None),
        ({"details": [_info("X", quotaResetTimeStamp="soon")]}, {"date": "x"}, None),
        ({"message": "Please retry in 34.07s."}, {}, 34.07),
        ({"message": "Your quota will reset after 9h22m20s."}, {}, 33740.0),
        ({"message": "x"}, {"retry_after": "7"}, 7.0),
        ({"message": "x"}, {"retry_after": "-7"}, None),
        ({"message": "x"}, {"retry_after": "inf"}, None),
    ],
)
def test_waits(error: Any, headers: Any, wait: float | None) -> None:
    assert _read(429, error, **headers).retry_after == wait


def test_lenient_reading() -> None:
    """Stray spaces, doubled commas, the error as JSON inside the message (gemini-cli.md 9)."""
    info = b'{" @type ":" type.googleapis.com/google.rpc.ErrorInfo ","reason":"QUOTA_EXHAUSTED"}'
    body = b'[{"error":{"code":429,,"message":"x","details":[' + info + b"]}}]"
    assert _read(429, body=body).code == "QUOTA_EXHAUSTED"
    nested = json.dumps({"error": {"message": "inner", "details": [_info("QUOTA_EXHAUSTED")]}})
    failure = _read(429, {"message": nested})
    assert (failure.message, failure.code) == ("inner", "QUOTA_EXHAUSTED")
    assert _read(429, {"message": "{no json"}).message == "{no json"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "HTTP 502 without a body"),
        (
            b"<html><title>Error 502 (Server Error)!!1</title></html>",
            "HTTP 502: Error 502 (Server Error)!!1",
        ),
        (b'{"error":"plain"}', "plain"),
        (
            b'{"error":{"message":5,"details":{"x":1},"code":"a","status":7}}',
            "HTTP 502 with an unreadable body",
        ),
        (b"[" * 9000, "HTTP 502 with an unreadable body"),
    ],
)
def test_bodies_that_are_no_errors(body: bytes, message: str) -> None:
    assert _read(502, body=body).message == message


def test_secrets_are_removed() -> None:
    said = "key AIzaSyA1234567890abcdefghijk for joe@example.com with Bearer ya29.abc and x-goog-api-key: zzz"
    message = _read(400, {"message": said}).message
    assert not any(secret in message for secret in ("AIza", "joe@", "ya29", "zzz"))
    assert len(_read(400, {"message": "x" * 9999}).message) == MAX_MESSAGE


@given(st.integers(100, 599), st.binary(max_size=200))
def test_anything_gives_a_failure(status: int, body: bytes) -> None:
    assert upstream.parse_error(status, {}, body).message
