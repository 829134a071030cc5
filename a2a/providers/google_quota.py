"""What a Code Assist account may still use today: the buckets of `retrieveUserQuota` (specs/gemini-cli.md 8).

Pure. The figures are advice: the server also refuses on limits that no bucket shows, and real refusals win.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from a2a.auth.token_file import parse_time
from a2a.control.types import Quota
from a2a.errors import BadUpstream
from a2a.protocols.wire import BAD_JSON

_FAR = 1e11
"""Unix seconds behind which a date is nonsense."""
_UNITS = {"REQUESTS": "request", "TOKENS": "token"}


class Bucket(Struct, rename="camel"):
    """One allowance as the upstream says it. `remaining_fraction`: 0 to 1. `remaining_amount`: a number as text."""

    model_id: str | None = None
    token_type: Any = None
    remaining_fraction: Any = None
    remaining_amount: Any = None
    reset_time: Any = None

    @property
    def entitled(self) -> bool:
        """A reset in 1970 means that the account does not have the model."""
        return not (isinstance(self.reset_time, str) and self.reset_time.startswith("1970-"))


class _Answer(Struct):
    buckets: list[Bucket] | None = None


def parse_buckets(body: bytes) -> list[Bucket]:
    """Those of models that the account has. Raises BadUpstream."""
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except BAD_JSON as error:
        raise BadUpstream(f"the quota is none: {error}") from error
    return [bucket for bucket in answer.buckets or () if bucket.model_id and bucket.entitled]


def quotas(buckets: Sequence[Bucket], names: Mapping[str, str], now: float) -> list[Quota]:
    """One per model, the scarcest first; of several buckets of a model the smallest counts.

    `names`: what users call a model that the server calls otherwise. `now`: Unix seconds.
    """
    smallest: dict[str, tuple[float, Bucket]] = {}
    for bucket in buckets:
        share, model = _share(bucket), bucket.model_id or ""
        if share is not None and share < smallest.get(model, (math.inf, bucket))[0]:
            smallest[model] = share, bucket
    ranked = sorted(smallest.items(), key=lambda item: item[1][0])
    return [_quota(names.get(model, model), share, bucket, now) for model, (share, bucket) in ranked]


def _quota(model: str, share: float, bucket: Bucket, now: float) -> Quota:
    amount = _number(bucket.remaining_amount)
    told = parse_time(bucket.reset_time)
    resets_at = told if 0 < told < _FAR else None
    if amount is None:
        return Quota(unit="percent", model=model, limit=100.0, remaining=share * 100, resets_at=resets_at, taken_at=now)
    unit = _UNITS.get(str(bucket.token_type), "request")
    limit = float(round(amount / share)) if share > 0 else None
    return Quota(unit=unit, model=model, limit=limit, remaining=amount, resets_at=resets_at, taken_at=now)


def _share(bucket: Bucket) -> float | None:
    share = _number(bucket.remaining_fraction)
    if share is None and _number(bucket.remaining_amount) == 0:
        return 0.0
    return None if share is None else min(share, 1.0)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 <= number < 1e15 else None
