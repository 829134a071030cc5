"""The buckets of `retrieveUserQuota` as quotas (specs/gemini-cli.md 8)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from a2a.control.types import Quota
from a2a.errors import BadUpstream
from a2a.providers.google_quota import parse_buckets, quotas

NOW = 1_795_348_800.0  # 2026-11-22 12:00 UTC
RESET = 1_795_392_720.0  # 2026-11-23 00:12 UTC


def bucket(model: str = "m", **fields: Any) -> dict[str, Any]:
    return {
        "modelId": model, "tokenType": "REQUESTS", "remainingFraction": 0.5, "resetTime": "2026-11-23T00:12:00Z",
        **fields,
    }  # fmt: skip


def found(*buckets: object, **names: str) -> list[Quota]:
    return quotas(parse_buckets(json.dumps({"buckets": buckets}).encode()), names, NOW)


def test_amount_and_fraction_give_the_limit() -> None:
    one = Quota(
        unit="request", model="gemini-3.1-pro-preview", limit=1500, remaining=1143, resets_at=RESET, taken_at=NOW
    )
    assert found(bucket("gemini-3.1-pro-preview", remainingFraction=0.762, remainingAmount="1143")) == [one]


def test_a_fraction_alone_is_a_percentage() -> None:
    assert found(bucket(remainingFraction=0.25)) == [
        Quota(unit="percent", model="m", limit=100, remaining=25, resets_at=RESET, taken_at=NOW)
    ]


def test_nothing_left_has_no_limit() -> None:
    (one,) = found(bucket(remainingFraction=0, remainingAmount="0"))
    assert (one.limit, one.remaining) == (None, 0)
    (one,) = found(bucket(remainingFraction=None, remainingAmount=0))
    assert one.remaining == 0


def test_the_smallest_bucket_of_a_model_counts_and_the_scarcest_model_is_first() -> None:
    given = (
        bucket("a"), bucket("b", remainingFraction=0.4), bucket("a", remainingFraction=0.1, tokenType="TOKENS"),
        bucket("b"),
    )  # fmt: skip
    assert [(one.model, one.remaining) for one in found(*given)] == [("a", 10), ("b", 40)]


def test_models_are_called_as_users_know_them() -> None:
    assert [one.model for one in found(bucket("server-name"), **{"server-name": "public-name"})] == ["public-name"]


@pytest.mark.parametrize(
    "odd",
    [
        bucket(resetTime="1970-01-01T00:00:00Z"),
        bucket(modelId=None),
        bucket(remainingFraction=None),
        bucket(remainingFraction="much"),
        bucket(remainingFraction=True),
        bucket(remainingFraction=-1),
        {},
    ],
)
def test_buckets_that_say_nothing_are_left_out(odd: dict[str, Any]) -> None:
    assert [one.model for one in found(odd, bucket("good"))] == ["good"]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"buckets": 7}', b'{"buckets": [7]}'])
def test_another_shape_is_refused(body: bytes) -> None:
    with pytest.raises(BadUpstream):
        parse_buckets(body)


def test_no_buckets_at_all() -> None:
    assert parse_buckets(b"{}") == parse_buckets(b'{"buckets": null}') == []
