"""What a failure means: the common table, and how long an account rests."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs
from support.pool_kit import CLAUDE, OPENAI, account, failure, verdict

from a2a.config import PROVIDER_SHORT, Settings
from a2a.messages import Failure
from a2a.protocols.registry import UPSTREAMS
from a2a.providers.faults import COMMON, MAX_COOL_S, Row, judge
from a2a.providers.registry import build

HTTP = [
    # status, body, kind, scope, action, reason, first rest
    (400, "", "bad_request", "request", "fail", "bad_request", 0.0),
    (409, "", "conflict", "request", "fail", "bad_request", 0.0),
    (413, "", "too_large", "request", "fail", "bad_request", 0.0),
    (422, "", "bad_request", "request", "fail", "bad_request", 0.0),
    (404, "", "not_found", "account_model", "next", "model_not_found", 3600.0),
    (401, "", "unavailable", "account", "needs_login", "key_refused", 0.0),
    (403, "", "unavailable", "account", "cool_down", "forbidden", 300.0),
    (408, "", "timeout", "account", "cool_down", "timeout", 15.0),
    (429, "", "rate_limited", "account", "cool_down", "rate_limited", 30.0),
    (500, "", "upstream", "account", "cool_down", "server_error", 5.0),
    (502, "<html>", "upstream", "account", "cool_down", "server_error", 5.0),
    (503, "", "overloaded", "account", "cool_down", "server_error", 5.0),
    (504, "", "timeout", "account", "cool_down", "timeout", 15.0),
    (529, "", "overloaded", "account", "cool_down", "server_error", 5.0),
]


@pytest.mark.parametrize("provider", [OPENAI, CLAUDE])
@pytest.mark.parametrize(("status", "body", "kind", "scope", "action", "reason", "rest_s"), HTTP)
def test_http_errors(
    provider: str, status: int, body: str, kind: str, scope: str, action: str, reason: str, rest_s: float
) -> None:
    one = build(Settings())[provider]
    failed = UPSTREAMS[one.proto].parse_error(status, {}, body.encode())
    found = one.judge(failed)
    assert (failed.kind, found.scope, found.action, found.reason) == (kind, scope, action, reason)
    assert found.rest_s(1, None) == rest_s


@pytest.mark.parametrize(("provider", "reason"), [(OPENAI, "quota_spent"), (CLAUDE, "payment_required")])
def test_without_credit_the_account_rests_an_hour(provider: str, reason: str) -> None:
    one = build(Settings())[provider]
    found = one.judge(UPSTREAMS[one.proto].parse_error(402, {}, b""))
    assert (found.scope, found.action, found.reason, found.rest_s(5, None)) == ("account", "cool_down", reason, 3600.0)


def test_spent_quota_told_as_429_is_no_rate_limit() -> None:
    one = build(Settings())[OPENAI]
    body = b'{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}'
    assert one.judge(UPSTREAMS["chat"].parse_error(429, {}, body)).reason == "quota_spent"


def test_a_prompt_that_is_too_long_is_the_request_s_fault() -> None:
    assert judge(failure(400, "context_overflow"), ()).scope == "request"


def test_a_missing_tool_call_is_asked_for_again() -> None:
    found = judge(failure(502, code="NO_TOOL_CALL"), ())
    assert (found.scope, found.action) == ("request", "repair")


def test_every_lasting_fault_names_a_remedy() -> None:
    statuses = (401, 402, 403, 429, 500)
    assert all(judge(failure(status, "unavailable"), ()).remedy for status in statuses)


@pytest.mark.parametrize(
    ("row", "hit"),
    [
        ({}, True),
        ({"kinds": ("rate_limited",)}, True),
        ({"kinds": ("quota",)}, False),
        ({"statuses": (429, 500)}, True),
        ({"statuses": (500,)}, False),
        ({"codes": ("slow_down",)}, True),
        ({"codes": ("other",)}, False),
        ({"texts": ("nothing", "too fast")}, True),
        ({"texts": ("nothing",)}, False),
        ({"kinds": ("rate_limited",), "codes": ("other",)}, False),
    ],
)
def test_a_row_matches_when_all_it_names_does(row: dict[str, Any], hit: bool) -> None:
    told = Failure("rate_limited", "You are TOO FAST", 429, code="Slow_Down")
    assert Row(verdict=verdict(), **row).matches(told) is hit


def test_a_failure_without_a_code_matches_no_code() -> None:
    assert not Row(verdict=verdict(), codes=("x",)).matches(failure())


def test_the_provider_s_rows_come_first() -> None:
    own = verdict("suspended")
    assert judge(failure(429, "rate_limited"), [Row(statuses=(429,), verdict=own)]) is own


@pytest.mark.parametrize(
    ("failures", "rest_s"), [(1, 30.0), (2, 60.0), (3, 120.0), (5, 480.0), (6, 600.0), (99, 600.0)]
)
def test_doubling_stops_at_its_limit(failures: int, rest_s: float) -> None:
    assert verdict(cool_s=30.0, doubling=True).rest_s(failures, None) == rest_s


def test_without_doubling_the_rest_stays() -> None:
    assert verdict(cool_s=30.0).rest_s(9, None) == 30.0


@pytest.mark.parametrize(("retry_after", "rest_s"), [(7.5, 7.5), (0.0, 30.0), (1e9, MAX_COOL_S), (None, 30.0)])
def test_the_upstream_s_own_time_wins_but_has_a_cap(retry_after: float | None, rest_s: float) -> None:
    assert verdict(cool_s=30.0, doubling=True).rest_s(1, retry_after) == rest_s


def test_a_first_rest_longer_than_the_limit_is_kept() -> None:
    assert verdict(cool_s=3600.0, doubling=True).rest_s(4, None) == 3600.0


TOLD = [
    (401, "put a new key into K (a variable is read when a2a starts)"),
    (403, "then: a2a accounts reset openai/work"),
    (404, "a2a models -p openai"),
    (429, "a2a login openai"),
]


@pytest.mark.parametrize(("status", "words"), TOLD)
def test_a_remedy_can_be_typed_as_it_stands(status: int, words: str) -> None:
    one = build(Settings())[OPENAI]
    declared = structs.replace(account("work"), origin="config", source="K")
    remedy = one.judge(UPSTREAMS[one.proto].parse_error(status, {}, b""), declared).remedy or ""
    assert words in remedy
    assert "{" not in remedy


def test_where_nothing_answers_the_address_may_be_wrong() -> None:
    one = build(Settings())[OPENAI]
    remedy = one.judge(failure(502, code="unreachable"), account("work")).remedy or ""
    assert "base_url is right (a2a accounts show openai/work)" in remedy


@pytest.mark.parametrize("code", ["proxy", "unreachable"])
def test_a_certificate_is_a_matter_of_trust(code: str) -> None:
    told = "cannot reach the proxy p:1: its certificate is not trusted: unable to get local issuer certificate"
    verdict = judge(Failure("unavailable", told, 502, code=code), ())
    assert (verdict.reason, verdict.action) == ("certificate", "cool_down")
    assert "SSL_CERT_FILE" in (verdict.remedy or "")


@pytest.mark.parametrize("provider", PROVIDER_SHORT)
def test_no_place_of_a_remedy_stays_empty(provider: str) -> None:
    one = build(Settings())[provider]
    told = [one.worded(row.verdict.remedy, account("work", provider)) for row in (*one.faults, *COMMON)]
    assert not [remedy for remedy in told if remedy and "{" in remedy]
