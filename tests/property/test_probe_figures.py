"""Usage limits and quota buckets of any shape: read, or refused as a bad answer, and never anything else."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from a2a.control.types import Quota
from a2a.errors import BadUpstream
from a2a.providers.google_quota import parse_buckets, quotas
from a2a.providers.kiro_usage import parse_usage, standing

NOW = 1_795_348_800.0
_WORDS = (
    "nextDateReset daysUntilReset usageBreakdownList usageBreakdown limits resourceType type currentUsage usageLimit "
    "currentUsageWithPrecision freeTrialInfo freeTrialStatus bonuses status overageConfiguration overageStatus "
    "overageLimit overageCap currentOverages subscriptionInfo subscriptionTitle userInfo email userId buckets modelId "
    "remainingFraction remainingAmount resetTime tokenType"
)
KEYS = _WORDS.split()
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["", "ACTIVE", "ENABLED", "CREDIT", "2026-12-02T00:00:00Z", "0001-01-01", "nan", "inf", "1e400", "9"]
    ),
)
ANSWERS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=8)
)
OBJECTS = st.dictionaries(st.sampled_from(KEYS), ANSWERS, min_size=1)


@given(answer=OBJECTS | ANSWERS)
def test_usage_limits_of_any_shape(answer: Any) -> None:
    try:
        found = standing(parse_usage(json.dumps(answer).encode(), NOW), NOW, None)
    except BadUpstream:
        return
    assert found.message
    assert all(plausible(quota) for quota in found.quota)


@given(buckets=st.lists(OBJECTS) | ANSWERS)
def test_buckets_of_any_shape(buckets: Any) -> None:
    try:
        found = quotas(parse_buckets(json.dumps({"buckets": buckets}).encode()), {}, NOW)
    except BadUpstream:
        return
    assert all(plausible(quota) for quota in found)


def plausible(quota: Quota) -> bool:
    left = quota.remaining is None or quota.remaining >= 0
    return left and (quota.resets_at is None or 0 < quota.resets_at < 1e11)
