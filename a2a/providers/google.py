"""What both Google providers share: the models with their limits, and what Google's errors mean.

Sources: specs/gemini-cli.md 6.3, 7 and 9; conversion.md 7.1 (profile facts). Code Assist and the Gemini API serve the
same models behind different doors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, structs

from a2a.messages import Failure
from a2a.protocols.base import Profile
from a2a.providers.faults import Row, Verdict, until_midnight_s

CONTEXT = 1_048_576
MAX_OUTPUT = 65_536

PACIFIC_H = -8
"""Daily quotas end at midnight Pacific; an hour late in summer does no harm."""


class _Family(Struct, frozen=True):
    """Profile fields of the models whose name matches; `level`: they take `thinkingLevel`, no budget."""

    pattern: re.Pattern[str]
    fields: dict[str, Any]
    level: bool = False


def _levels(*efforts: str) -> dict[str, Any]:
    return {"reasoning": "budget", "efforts": efforts, "can_disable_reasoning": False}


def _budget(least: int, most: int, *, off: bool) -> dict[str, Any]:
    return {"reasoning": "budget", "budget_min": least, "budget_max": most, "can_disable_reasoning": off}


_FAMILIES = (
    _Family(re.compile(r"gemini-2\.5-pro"), _budget(128, 32_768, off=False)),
    _Family(re.compile(r"gemini-2\.5-flash-lite"), _budget(512, 24_576, off=True)),
    _Family(re.compile(r"gemini-2\.5-.*image"), {"reasoning": "none"}),
    _Family(re.compile(r"gemini-2\.5-flash"), _budget(1, 24_576, off=True)),
    _Family(re.compile(r"gemini-3-pro"), _levels("low", "high"), level=True),
    _Family(re.compile(r"gemini-3\.1-pro"), _levels("low", "medium", "high"), level=True),
    _Family(re.compile(r"gemini-3\.[6-8]-flash"), _levels("low", "medium", "high"), level=True),
    _Family(re.compile(r"gemini-3"), _levels("minimal", "low", "medium", "high"), level=True),
    _Family(re.compile(r"gemini-(1|2\.0)|gemma"), {"reasoning": "none", "max_output": 8192}),
)


def profile(model: str, **more: Any) -> Profile:
    """What a model can do; unknown ones get the newest rules, which take least for granted."""
    wire: dict[str, str] = {"result_media": "sibling"}
    base: dict[str, Any] = {"family": "google", "max_output": MAX_OUTPUT, "context": CONTEXT, "audio": True}
    base |= {"reasoning": "budget", "system_mid": False, "hosted_tools": True}
    found = next((family for family in _FAMILIES if family.pattern.match(model)), None)
    if found is not None:
        base |= found.fields
        if found.level:
            wire = {"thinking": "level"}
    wire |= more.pop("wire", {})
    return Profile(**(base | more), wire=wire)


def repaired(known: Profile, flags: Mapping[str, str]) -> Profile:
    """After a refused schema: the older notation; after a refused signature: none of the known ones."""
    match flags.get("fault"):
        case "schema":
            return structs.replace(known, wire={**known.wire, "schema": "openapi"})
        case "signature":
            return structs.replace(known, family="openai")  # nobody's tokens fit: the sentinel takes their place
        case _:
            return known


def settled(verdict: Verdict, failure: Failure, now: float) -> Verdict:
    """A spent day without a reset time ends at midnight. `now`: Unix seconds."""
    if verdict.reason != "quota_spent" or failure.retry_after is not None:
        return verdict
    rest_s = until_midnight_s(now, PACIFIC_H)
    return structs.replace(verdict, cool_s=rest_s, max_s=rest_s)


_WAIT = "wait for the rest to end, or add another account: a2a login {short}"


def _model(reason: str, cool_s: float, remedy: str, **fields: Any) -> Verdict:
    return Verdict(
        scope="account_model", action="cool_down", reason=reason, cool_s=cool_s, remedy=remedy, max_s=cool_s, **fields
    )


def _missing(reason: str) -> Verdict:
    return Verdict(
        scope="account_model",
        action="next",
        reason=reason,
        cool_s=86_400.0,
        remedy="this account does not have the model: a2a models -p {short}",
    )


def _repair(reason: str) -> Verdict:
    return Verdict(scope="request", action="repair", reason=reason)


RATE = _model("rate_limited", 60.0, _WAIT)
DAY = _model("quota_spent", 3600.0, "the daily allowance is spent: " + _WAIT)
CAPACITY = _model("capacity", 30.0, "Google has no room for this model now: try again shortly, or another model")

FAULTS: tuple[Row, ...] = (
    Row(statuses=(400,), texts=("thought_signature", "thought signature", "thoughtsignature"),
        verdict=_repair("signature")),
    Row(statuses=(400,), texts=("cannot find field", "schema depth", "parametersjsonschema", "responsejsonschema",
                                "parameters_json_schema", "response_json_schema"),
        verdict=_repair("schema")),
    Row(texts=("limit: 0",), statuses=(429,), verdict=_missing("model_denied")),
    Row(codes=("model_capacity_exhausted", "model_capacity_exceeded"), verdict=CAPACITY),
    Row(texts=("no capacity available",), verdict=CAPACITY),
    Row(codes=("quota_exhausted",), verdict=DAY),
    Row(kinds=("quota",), statuses=(429,), verdict=DAY),
    Row(codes=("rate_limit_exceeded",), verdict=RATE),
    Row(statuses=(429,), verdict=RATE),
    Row(kinds=("not_found",), verdict=_missing("model_not_found")),
)  # fmt: skip
