"""What a Kiro account has used and has left: answers of GetUsageLimits in all their shapes (specs/kiro.md 8.2).

Pure: bytes in, `Usage` out. Old answers have `limits`, or one `usageBreakdown` instead of a list; dates come as
seconds, milliseconds or ISO text; any member may be missing or null.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct, structs

from a2a.auth.token_file import parse_time
from a2a.control.types import Quota, Standing
from a2a.errors import BadUpstream
from a2a.protocols.wire import BAD_JSON

_KINDS = ("CREDIT", "AGENTIC_REQUEST")
"""Resources that stand for the allowance of chats, the newest first."""
_DAY_S = 86_400.0
_FAR = 1e11
"""Unix seconds behind which a date is nonsense."""
_MUCH = 1e12
_UNKNOWN_RESET_S = 3600.0
"""A spent allowance whose reset nobody named is looked at again so much later (section 10.3)."""
_TITLES = {
    "Q_DEVELOPER_STANDALONE_FREE": "KIRO FREE",
    "Q_DEVELOPER_STANDALONE_PRO": "KIRO PRO",
    "Q_DEVELOPER_STANDALONE_PRO_PLUS": "KIRO PRO+",
    "Q_DEVELOPER_STANDALONE_POWER": "KIRO POWER",
}
"""Subscription types, for answers without a title."""

Fields = Mapping[str, Any]


class Usage(Struct, frozen=True, kw_only=True):
    """Plan allowance, active trial and active bonuses together. `limit` None: nothing was said.

    `resets_at`: Unix seconds. `overage`: what is used beyond the limit can still be had, and is charged.
    """

    unit: str = "credit"
    limit: float | None = None
    used: float = 0.0
    resets_at: float | None = None
    overage: bool = False
    plan: str | None = None
    email: str | None = None
    user_id: str | None = None

    @property
    def remaining(self) -> float | None:
        return None if self.limit is None else max(0.0, self.limit - self.used)

    @property
    def exhausted(self) -> bool:
        return self.remaining == 0 and not self.overage


def parse_usage(body: bytes, now: float) -> Usage:
    """`now`: Unix seconds, for a reset that is told in days. Raises BadUpstream."""
    try:
        answer = msgspec.json.decode(body)
    except BAD_JSON as error:
        raise BadUpstream(f"the usage limits are no JSON: {error}") from error
    if not isinstance(answer, dict):
        raise BadUpstream("the usage limits are no object")
    row = _row(answer)
    user, subscription = _object(answer, "userInfo"), _object(answer, "subscriptionInfo")
    kind = _text(subscription, "type")
    known = Usage(
        resets_at=_reset(answer, row, now),
        plan=_text(subscription, "subscriptionTitle") or _TITLES.get(kind or "", kind),
        email=_text(user, "email"),
        user_id=_text(user, "userId"),
    )
    if row is None:
        return known
    grants = [row, *_active(row)]
    limits = [limit for grant in grants if (limit := _limit(grant)) is not None]
    return structs.replace(
        known,
        unit="credit" if _text(row, "resourceType", "type") in ("CREDIT", None) else "request",
        limit=sum(limits) if limits else None,
        used=sum(_number(grant, "currentUsage") or 0.0 for grant in grants),
        overage=_overage(answer, row),
    )


def _row(answer: Fields) -> Fields | None:
    """The entry of the resource that counts; None when there is none."""
    rows = [*_objects(answer, "usageBreakdownList"), *_objects(answer, "usageBreakdown"), *_objects(answer, "limits")]
    for kind in _KINDS:
        for row in rows:
            if _text(row, "resourceType", "type") == kind:
                return row
    return rows[0] if rows else None


def _active(row: Fields) -> list[Fields]:
    """Trial and bonuses that count now."""
    trial = [one for one in _objects(row, "freeTrialInfo") if _text(one, "freeTrialStatus") == "ACTIVE"]
    return trial + [one for one in _objects(row, "bonuses") if _text(one, "status") == "ACTIVE"]


def _overage(answer: Fields, row: Fields) -> bool:
    """Pay-as-you-go is on and not at its cap."""
    config = _object(answer, "overageConfiguration")
    if _text(config, "overageStatus") != "ENABLED":
        return False
    cap = _number(row, "overageCap")
    cap = _number(config, "overageLimit") if cap is None else cap
    return cap is None or (_number(row, "currentOverages") or 0.0) < cap


def _limit(grant: Fields) -> float | None:
    limit = _number(grant, "usageLimit")
    return _number(grant, "totalUsageLimit") if limit is None else limit


def _reset(answer: Fields, row: Fields | None, now: float) -> float | None:
    """Unix seconds. `daysUntilReset` may be 0 or wrong: it counts only where there is no date."""
    days = _number(answer, "daysUntilReset")
    told = [parse_time(one.get("nextDateReset")) for one in (answer, row or {})]
    told += [now + days * _DAY_S] if days else []
    return next((moment for moment in told if 0 < moment < _FAR), None)


def _number(fields: Fields, name: str) -> float | None:
    """The precise spelling first; a negative or absurd number says nothing."""
    for key in (f"{name}WithPrecision", name):
        value = fields.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _MUCH:
            return float(value)
    return None


def _text(fields: Fields, *keys: str) -> str | None:
    return next((value for key in keys if isinstance(value := fields.get(key), str) and value), None)


def _object(fields: Fields, key: str) -> Fields:
    value = fields.get(key)
    return value if isinstance(value, dict) else {}


def _objects(fields: Fields, key: str) -> list[Fields]:
    """A list's objects; one object alone counts as a list of it."""
    value = fields.get(key)
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, dict)]


# As a standing


def standing(usage: Usage, now: float, remedy: str | None) -> Standing:
    """What the figures say of the account. `remedy`: for one that has nothing left."""
    resets_at = usage.resets_at if usage.resets_at is not None and usage.resets_at > now else None
    told = [usage.plan or "Kiro", _told(usage)]
    if resets_at is not None:
        told.append(f"reset {datetime.fromtimestamp(resets_at, UTC):%Y-%m-%d}")
    figures = Quota(unit=usage.unit, limit=usage.limit, remaining=usage.remaining, resets_at=resets_at, taken_at=now)
    known = Standing(
        state="ready",
        message=", ".join(told),
        label=usage.email,
        plan=usage.plan,
        quota=[] if usage.limit is None else [figures],
    )
    if not usage.exhausted:
        return known
    until = resets_at or now + _UNKNOWN_RESET_S
    return structs.replace(known, state="cooling", reason="quota_spent", remedy=remedy, until=until)


def _told(usage: Usage) -> str:
    if usage.limit is None or usage.remaining is None:
        return "allowance unknown"
    if usage.remaining > 0:
        return f"{_amount(usage.remaining)} of {_amount(usage.limit)} {usage.unit}s left"
    spent = f"all {_amount(usage.limit)} {usage.unit}s spent"
    return f"{spent}, further ones are charged" if usage.overage else spent


def _amount(value: float) -> str:
    """Rounded down, small ones with a digit behind the point."""
    return str(math.floor(value)) if value >= 10 else f"{math.floor(value * 10) / 10:g}"
