"""Errors of the upstream by reason, words, name and status (specs/kiro.md section 10)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from a2a.protocols.kiro import upstream


def body(message: str, reason: str | None = None) -> bytes:
    return json.dumps({"message": message, "reason": reason}).encode()


CASES = [
    (400, "ValidationException", body("Input is too long.", "CONTENT_LENGTH_EXCEEDS_THRESHOLD"), "context_overflow"),
    (400, "ValidationException", body("Input is too long."), "context_overflow"),
    (400, "ValidationException", body("Improperly formed request."), "bad_request"),
    (400, "ValidationException", body("no", "INVALID_MODEL_ID"), "not_found"),
    (400, "ValidationException", body("profileArn is required for this request."), "unavailable"),
    (400, "ValidationException", body("bad", "TOOL_SCHEMA_INVALID"), "bad_request"),
    (400, "ThrottlingException", body("slow"), "rate_limited"),
    (500, "ThrottlingException", body("Monthly limit reached."), "quota"),
    (401, "", b"", "unavailable"),
    (402, "ServiceQuotaExceededException", body("You have reached the limit.", "MONTHLY_REQUEST_COUNT"), "quota"),
    (403, "AccessDeniedException", body("The bearer token included in the request is invalid."), "unavailable"),
    (403, "AccessDeniedException", body("no", "FEATURE_NOT_SUPPORTED"), "not_found"),
    (403, "AccessDeniedException", body("It temporarily is suspended."), "unavailable"),
    (404, "UnknownOperationException", b"{}", "upstream"),
    (409, "ConflictException", b"{}", "conflict"),
    (429, "ThrottlingException", body("slow", "DAILY_REQUEST_COUNT"), "quota"),
    (429, "ThrottlingException", body("slow", "USER_REQUEST_RATE_EXCEEDED"), "rate_limited"),
    (429, "ThrottlingException", body("busy", "INSUFFICIENT_MODEL_CAPACITY"), "overloaded"),
    (500, "InternalServerException", body("Encountered unexpectedly high load when processing"), "overloaded"),
    (500, "InternalServerException", body("oops"), "upstream"),
    (503, "ServiceUnavailableException", body("oops"), "upstream"),
    (504, "", b"<html>", "timeout"),
    (413, "", b"", "too_large"),
    (418, "", b"[1]", "bad_request"),
]


@pytest.mark.parametrize(("status", "name", "answer", "kind"), CASES)
def test_classes(status: int, name: str, answer: bytes, kind: str) -> None:
    failure = upstream.parse_error(status, {"x-amzn-errortype": name} if name else {}, answer)
    assert (failure.kind, failure.status) == (kind, status)
    assert failure.message


@pytest.mark.parametrize(
    ("headers", "answer", "code"),
    [
        ({"x-amzn-errortype": "ValidationException:http://internal/"}, b"{}", "ValidationException"),
        ({}, b'{"__type":"com.amazon.kiro.runtimeservice#ValidationException"}', "ValidationException"),
        ({}, b'{"code":"X","message":null,"Message":"m"}', "X"),
        ({"x-amzn-errortype": "X"}, body("m", "PROMPT_TOO_LONG"), "PROMPT_TOO_LONG"),
        ({"x-amzn-errortype": "X"}, body("Your User ID (d-0.user) temporarily is suspended."), "TEMPORARILY_SUSPENDED"),
        ({}, b"", None),
    ],
)
def test_the_code_is_the_reason_or_the_name(headers: dict[str, str], answer: bytes, code: str | None) -> None:
    assert upstream.parse_error(400, headers, answer).code == code


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("0.5", 0.5), ("soon", None), ("-1", None), ("nan", None)])
def test_retry_after(header: str, seconds: float | None) -> None:
    assert upstream.parse_error(429, {"retry-after": header}, b"").retry_after == seconds


@pytest.mark.parametrize(
    "secret",
    [
        "someone@example.com",
        "d-0000000000.11111111-2222",
        "arn:aws:codewhisperer:us-east-1:111122223333:profile/ABCDEFGHIJKL",
        "aoaAAAAAGexample:sig",
        "ksk_abcdefghijk",
    ],
)
def test_messages_hold_no_secrets(secret: str) -> None:
    message = upstream.parse_error(403, {}, body(f"User {secret} may not do that")).message
    assert secret not in message
    assert message.startswith("User [removed]")


@given(st.integers(min_value=200, max_value=599), st.binary(max_size=60))
def test_any_body_gives_a_failure(status: int, answer: bytes) -> None:
    failure = upstream.parse_error(status, {}, answer)
    assert failure.message
    assert len(failure.message) <= 1000
