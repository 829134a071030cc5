"""GetUsageLimits in all its shapes, and what they say of an account (specs/kiro.md 8.2)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from a2a.errors import BadUpstream
from a2a.providers.kiro_usage import Usage, parse_usage, standing

NOW = 1_795_348_800.0  # 2026-11-22 12:00 UTC
RESET = 1_796_169_600.0  # 2026-12-02 00:00 UTC

TRIAL = {
    "freeTrialStatus": "ACTIVE", "freeTrialExpiry": 1.796256e9, "currentUsage": 120, "currentUsageWithPrecision": 120.5,
    "usageLimit": 500, "usageLimitWithPrecision": 500.0,
}  # fmt: skip
CREDIT = {
    "resourceType": "CREDIT", "displayName": "Credit", "displayNamePlural": "Credits", "unit": "INVOCATIONS",
    "currency": "USD", "currentUsage": 41, "currentUsageWithPrecision": 41.37, "usageLimit": 50,
    "usageLimitWithPrecision": 50.0, "currentOverages": 0, "currentOveragesWithPrecision": 0.0, "overageRate": 0.04,
    "overageCharges": 0.0, "overageCap": 10000, "nextDateReset": 1.7961696e9, "freeTrialInfo": TRIAL, "bonuses": [],
}  # fmt: skip
FIXTURE = {
    "daysUntilReset": 8,
    "nextDateReset": 1.7961696e9,
    "usageBreakdownList": [CREDIT],
    "subscriptionInfo": {
        "type": "Q_DEVELOPER_STANDALONE_FREE", "subscriptionTitle": "KIRO FREE", "upgradeCapability": "UPGRADE_CAPABLE",
        "overageCapability": "OVERAGE_INCAPABLE", "subscriptionManagementTarget": "PURCHASE",
    },
    "overageConfiguration": {"overageStatus": "DISABLED"},
    "userInfo": {"userId": "d-0000000000.11111111-2222-3333-4444-555555555555", "email": "user@example.com"},
}  # fmt: skip


def read(answer: object) -> Usage:
    return parse_usage(msgspec.json.encode(answer), NOW)


def credit(**fields: Any) -> dict[str, Any]:
    """An answer with one plain allowance of 50, of which 10 are used, without trial."""
    row = {"resourceType": "CREDIT", "currentUsage": 10, "usageLimit": 50, **fields}
    return {"nextDateReset": RESET, "usageBreakdownList": [row]}


def test_the_fixture_of_the_spec() -> None:
    found = read(FIXTURE)
    assert (found.limit, found.resets_at, found.plan) == (550, RESET, "KIRO FREE")
    assert found.used == pytest.approx(161.87)
    assert found.remaining == pytest.approx(388.13)
    assert (found.email, found.user_id) == ("user@example.com", "d-0000000000.11111111-2222-3333-4444-555555555555")
    told = standing(found, NOW, "wait")
    assert (told.state, told.message) == ("ready", "KIRO FREE, 388 of 550 credits left, reset 2026-12-02")
    assert (told.label, told.plan, told.remedy) == ("user@example.com", "KIRO FREE", None)
    (quota,) = told.quota
    assert (quota.unit, quota.limit, quota.resets_at, quota.taken_at) == ("credit", 550, RESET, NOW)
    assert quota.remaining == pytest.approx(388.13)


@pytest.mark.parametrize(
    "told", [RESET, RESET * 1000, int(RESET), "2026-12-02T00:00:00Z", "2026-12-02T01:00:00.000000000+01:00"]
)
def test_a_reset_in_any_spelling(told: object) -> None:
    assert read({"nextDateReset": told}).resets_at == RESET


@pytest.mark.parametrize(
    ("answer", "resets_at"),
    [
        ({"usageBreakdownList": [{"nextDateReset": RESET}]}, RESET),
        ({"daysUntilReset": 2}, NOW + 2 * 86_400),
        ({"daysUntilReset": 0}, None),
        ({"nextDateReset": "soon", "daysUntilReset": 0}, None),
        ({"nextDateReset": 1e30}, None),
        ({"nextDateReset": -5}, None),
        ({"nextDateReset": None, "daysUntilReset": None}, None),
    ],
)
def test_where_else_a_reset_stands(answer: object, resets_at: float | None) -> None:
    assert read(answer).resets_at == resets_at


@pytest.mark.parametrize(
    "answer",
    [
        {"usageBreakdown": {"resourceType": "CREDIT", "currentUsage": 10, "usageLimit": 50}},
        {"usageBreakdown": [{"resourceType": "CREDIT", "currentUsage": 10, "usageLimit": 50}]},
        {"limits": [{"type": "CREDIT", "currentUsage": 10, "totalUsageLimit": 50, "percentUsed": 20}]},
        {"usageBreakdownList": [{"resourceType": "SPEC", "usageLimit": 1}, credit()["usageBreakdownList"][0]]},
        credit(currentUsage=9, currentUsageWithPrecision=10.0, usageLimitWithPrecision=50.0),
        credit(freeTrialInfo=None, bonuses=None),
        credit(freeTrialInfo={**TRIAL, "freeTrialStatus": "EXPIRED"}),
        credit(bonuses=[{"status": "EXHAUSTED", "currentUsage": 5, "usageLimit": 5}, {"status": "EXPIRED"}, 7]),
    ],
)
def test_every_shape_of_the_same_figures(answer: object) -> None:
    found = read(answer)
    assert (found.unit, found.limit, found.used, found.remaining) == ("credit", 50, 10, 40)


def test_trial_and_bonuses_that_are_active_count() -> None:
    bonus = {"status": "ACTIVE", "currentUsage": 1, "usageLimit": 20}
    found = read(credit(freeTrialInfo={**TRIAL, "currentUsageWithPrecision": 100}, bonuses=[bonus, bonus]))
    assert (found.limit, found.used) == (590, 112)


def test_older_resources_are_requests() -> None:
    found = read({"limits": [{"type": "AGENTIC_REQUEST", "currentUsage": 3, "totalUsageLimit": 5}]})
    assert standing(found, NOW, None).message == "Kiro, 2 of 5 requests left"


@pytest.mark.parametrize("odd", [-1, 1e308, "50", True, None, [50]])
def test_an_absurd_limit_is_an_unknown_one(odd: object) -> None:
    found = read(credit(usageLimit=odd))
    assert (found.limit, found.exhausted) == (None, False)


@pytest.mark.parametrize(
    ("answer", "exhausted"),
    [
        (credit(currentUsage=50), True),
        (credit(currentUsage=49.9), False),
        (credit(currentUsage=51), True),
        (credit(usageLimit=0, currentUsage=0), True),
        (credit(currentUsage=50) | {"overageConfiguration": {"overageStatus": "ENABLED"}}, False),
        (
            credit(currentUsage=50, overageCap=10, currentOverages=10)
            | {"overageConfiguration": {"overageStatus": "ENABLED"}},
            True,
        ),
        (
            credit(currentUsage=50, currentOverages=4)
            | {"overageConfiguration": {"overageStatus": "ENABLED", "overageLimit": 4}},
            True,
        ),
        ({}, False),
    ],
)
def test_when_nothing_is_left(answer: object, exhausted: bool) -> None:
    assert read(answer).exhausted is exhausted


def test_a_spent_account_waits_for_its_reset() -> None:
    told = standing(read(credit(currentUsage=50)), NOW, "wait")
    assert (told.state, told.reason, told.until, told.remedy) == ("cooling", "quota_spent", RESET, "wait")
    assert told.message == "Kiro, all 50 credits spent, reset 2026-12-02"
    assert told.quota[0].remaining == 0


@pytest.mark.parametrize("resets_at", [None, NOW - 1])
def test_without_a_reset_ahead_it_is_looked_at_again(resets_at: float | None) -> None:
    told = standing(Usage(limit=50, used=50, resets_at=resets_at), NOW, "wait")
    assert (told.until, told.quota[0].resets_at) == (NOW + 3600, None)
    assert "reset" not in told.message


def test_what_is_charged_is_said() -> None:
    told = standing(Usage(limit=50, used=60, overage=True, plan="KIRO PRO"), NOW, None)
    assert (told.state, told.message) == ("ready", "KIRO PRO, all 50 credits spent, further ones are charged")


@pytest.mark.parametrize(("left", "words"), [(0.05, "0 of"), (0.39, "0.3 of"), (9.99, "9.9 of"), (10.9, "10 of")])
def test_amounts_are_never_rounded_up(left: float, words: str) -> None:
    assert words in standing(Usage(limit=100, used=100 - left), NOW, None).message


def test_the_type_names_a_plan_without_a_title() -> None:
    assert read({"subscriptionInfo": {"type": "Q_DEVELOPER_STANDALONE_PRO_PLUS"}}).plan == "KIRO PRO+"
    assert read({"subscriptionInfo": {"type": "SOMETHING_NEW"}}).plan == "SOMETHING_NEW"


def test_an_answer_without_figures_says_so() -> None:
    told = standing(read({"userInfo": None, "subscriptionInfo": [], "usageBreakdownList": "x"}), NOW, None)
    assert (told.state, told.message, told.quota) == ("ready", "Kiro, allowance unknown", [])


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"7", b'"x"', b"{", b"\xff{}", b"[" * 100_000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadUpstream):
        parse_usage(body, NOW)
