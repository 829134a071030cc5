"""Kiro's errors and what the pool does with them (specs/kiro.md 10.3), from the bytes of the answer."""

from __future__ import annotations

import json

import pytest
from support.pool_kit import KIRO

from a2a.config import Settings
from a2a.messages import Failure
from a2a.protocols.registry import UPSTREAMS
from a2a.providers.faults import Verdict
from a2a.providers.registry import build

PROVIDER = build(Settings())[KIRO]

ROWS = [
    # status, error name, reason, message; scope, action, reason of the verdict
    (401, "", None, "", "account", "refresh", "token_refused"),
    (
        403,
        "AccessDeniedException",
        None,
        "The bearer token included in the request is invalid.",
        "account",
        "refresh",
        "token_refused",
    ),
    (403, "AccessDeniedException", None, "Token expired", "account", "refresh", "token_refused"),
    (403, "AccessDeniedException", None, "Invalid token", "account", "refresh", "token_refused"),
    (
        400,
        "ValidationException",
        None,
        "profileArn is required for this request.",
        "account",
        "needs_action",
        "wrong_profile",
    ),
    (400, "ValidationException", None, "Invalid profileArn.", "account", "needs_action", "wrong_profile"),
    (403, "AccessDeniedException", "TEMPORARILY_SUSPENDED", "", "account", "suspended", "suspended"),
    (403, "", None, "Your account is temporarily suspended.", "account", "suspended", "suspended"),
    (403, "AccessDeniedException", "FEATURE_NOT_SUPPORTED", "", "account_model", "next", "model_denied"),
    (400, "ValidationException", "INVALID_MODEL_ID", "", "account_model", "next", "model_denied"),
    (402, "ServiceQuotaExceededException", "MONTHLY_REQUEST_COUNT", "", "account", "cool_down", "quota_spent"),
    (402, "", None, "", "account", "cool_down", "quota_spent"),
    (429, "ThrottlingException", "DAILY_REQUEST_COUNT", "", "account", "cool_down", "quota_spent"),
    (429, "ThrottlingException", "MONTHLY_REQUEST_COUNT", "", "account", "cool_down", "quota_spent"),
    (429, "ThrottlingException", "OVERAGE_REQUEST_LIMIT_EXCEEDED", "", "account", "cool_down", "quota_spent"),
    (429, "ThrottlingException", "USER_REQUEST_RATE_EXCEEDED", "", "account", "cool_down", "rate_limited"),
    (429, "ThrottlingException", "CREDIT_CONSUMPTION_RATE_EXCEEDED", "", "account", "cool_down", "rate_limited"),
    (429, "ThrottlingException", None, "Rate exceeded", "account", "cool_down", "rate_limited"),
    (400, "ThrottlingException", None, "Rate exceeded", "account", "cool_down", "rate_limited"),
    (429, "ThrottlingException", "INSUFFICIENT_MODEL_CAPACITY", "", "request", "fail", "capacity"),
    (500, "InternalServerException", "MODEL_TEMPORARILY_UNAVAILABLE", "", "request", "fail", "capacity"),
    (429, "ThrottlingException", "SERVICE_REQUEST_RATE_EXCEEDED", "", "request", "fail", "capacity"),
    (500, "InternalServerException", None, "Encountered unexpectedly high load.", "request", "fail", "capacity"),
    (400, "ValidationException", "CONTENT_LENGTH_EXCEEDS_THRESHOLD", "", "request", "fail", "bad_request"),
    (400, "ValidationException", None, "Input is too long.", "request", "fail", "bad_request"),
    (400, "ValidationException", "THINKING_SIGNATURE_INVALID", "", "request", "repair", "repairable"),
    (400, "ValidationException", "TOOL_SCHEMA_INVALID", "", "request", "repair", "repairable"),
    (400, "ValidationException", None, "Improperly formed request.", "request", "fail", "bad_request"),
    (400, "ValidationException", "IMAGE_SIZE_EXCEEDED", "", "request", "fail", "bad_request"),
    (500, "InternalServerException", None, "", "account", "cool_down", "server_error"),
    (503, "ServiceUnavailableException", None, "", "account", "cool_down", "server_error"),
    (502, "", None, "", "account", "cool_down", "server_error"),
    (504, "", None, "", "account", "cool_down", "timeout"),
]


def told(status: int, name: str, reason: str | None, message: str) -> tuple[Failure, Verdict]:
    body = json.dumps({"message": message, "reason": reason}).encode()
    failure = UPSTREAMS["kiro"].parse_error(status, {"x-amzn-errortype": name} if name else {}, body)
    return failure, PROVIDER.judge(failure)


@pytest.mark.parametrize(("status", "name", "reason", "message", "scope", "action", "word"), ROWS)
def test_rows_of_the_table(
    status: int, name: str, reason: str | None, message: str, scope: str, action: str, word: str
) -> None:
    _, verdict = told(status, name, reason, message)
    assert (verdict.scope, verdict.action, verdict.reason) == (scope, action, word)


def test_a_limit_without_words_doubles_from_30_s_to_10_min() -> None:
    _, verdict = told(429, "ThrottlingException", None, "")
    assert [verdict.rest_s(n, None) for n in (1, 2, 3, 9)] == [30.0, 60.0, 120.0, 600.0]


def test_a_spent_quota_is_looked_at_again_after_an_hour() -> None:
    _, verdict = told(402, "ServiceQuotaExceededException", "MONTHLY_REQUEST_COUNT", "")
    assert [verdict.rest_s(n, None) for n in (1, 5)] == [3600.0, 3600.0]


def test_a_model_that_is_denied_is_not_asked_here_for_an_hour() -> None:
    failure, verdict = told(400, "ValidationException", "INVALID_MODEL_ID", "")
    assert (failure.kind, verdict.cool_s) == ("not_found", 3600.0)


def test_a_suspension_names_where_help_is() -> None:
    _, verdict = told(403, "AccessDeniedException", "TEMPORARILY_SUSPENDED", "")
    assert "support" in (verdict.remedy or "")
