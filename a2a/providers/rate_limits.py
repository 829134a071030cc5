"""What the headers of an answer say is left of an account's allowance, as `Quota`. Pure: headers in, values out.

Read for every answer, so a provider names the few rows its upstreams may send, a row costs one look-up where it is not
sent, and nothing is compiled or copied.

    OpenAI, Groq ...      x-ratelimit-{limit,remaining,reset}-{requests,tokens}; reset as `6m0s`, `120ms`
    Cerebras, Mistral     the same, by day or minute
    OpenRouter, Together  x-ratelimit-{limit,remaining,reset}; reset in seconds, or as Unix time in (milli)seconds
    RFC draft             ratelimit-{limit,remaining,reset}; reset in seconds
    Anthropic             anthropic-ratelimit-{requests,tokens ...}-{limit,remaining,reset}; reset as RFC 3339
    Anthropic, plans      anthropic-ratelimit-unified-{5h,7d}-{utilization,reset}; a share, Unix seconds
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from a2a.control.types import Quota

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_YEAR_S = 366 * 86_400.0
"""A number of seconds above this is a date."""
_MS_FROM = 1e11
"""A date above this counts milliseconds."""


class Row(Struct, frozen=True):
    """One allowance by the names of its headers. `per_model`: it is counted for each model; `used`: `remaining` is
    instead the share (0 to 1) that is used up."""

    unit: str
    limit: str
    remaining: str
    reset: str
    name: str | None = None
    per_model: bool = True
    used: bool = False


def _openai(unit: str, what: str, name: str | None = None) -> Row:
    prefix = "x-ratelimit"
    return Row(unit, f"{prefix}-limit-{what}", f"{prefix}-remaining-{what}", f"{prefix}-reset-{what}", name)


def _anthropic(unit: str, what: str, name: str | None = None) -> Row:
    prefix = f"anthropic-ratelimit-{what}"
    return Row(unit, f"{prefix}-limit", f"{prefix}-remaining", f"{prefix}-reset", name)


def _plan(window: str) -> Row:
    prefix = f"anthropic-ratelimit-unified-{window}"
    return Row("percent", "", f"{prefix}-utilization", f"{prefix}-reset", window, per_model=False, used=True)


def _bare(prefix: str) -> Row:
    return Row("request", f"{prefix}-limit", f"{prefix}-remaining", f"{prefix}-reset", per_model=False)


OPENAI: tuple[Row, ...] = (
    _openai("request", "requests"),
    _openai("token", "tokens"),
    _bare("x-ratelimit"),
    _openai("request", "requests-day", "day"),
    _openai("request", "req-minute", "minute"),
    _openai("token", "tokens-minute", "minute"),
    _bare("ratelimit"),
)
ANTHROPIC: tuple[Row, ...] = (
    _anthropic("request", "requests"),
    _anthropic("token", "tokens"),
    _anthropic("token", "input-tokens", "input"),
    _anthropic("token", "output-tokens", "output"),
    _plan("5h"),
    _plan("7d"),
    _bare("x-ratelimit"),
)


def told(headers: Mapping[str, str], rows: Sequence[Row], model: str, now: float) -> list[Quota]:
    """What these headers (names in lower case) say of `rows`. `now`: Unix seconds. What is no figure says nothing."""
    found: list[Quota] = []
    for row in rows:
        if row.remaining in headers and (quota := _quota(headers, row, model, now)) is not None:
            found.append(quota)
    return found


def _quota(headers: Mapping[str, str], row: Row, model: str, now: float) -> Quota | None:
    remaining = _number(headers[row.remaining])
    if remaining is None:
        return None
    limit = _number(headers.get(row.limit, ""))
    if row.used:
        remaining, limit = max(0.0, 100.0 * (1.0 - remaining)), 100.0
    reset = headers.get(row.reset)
    return Quota(
        unit=row.unit,
        name=row.name,
        model=model if row.per_model else None,
        limit=limit,
        remaining=remaining,
        resets_at=None if reset is None else moment(reset, now),
        taken_at=now,
    )


def spent_for_s(quotas: Sequence[Quota], now: float) -> float | None:
    """Seconds until everything that is used up is there again; None where nothing is, or nobody says until when."""
    resets = [one.resets_at for one in quotas if one.remaining == 0 and one.resets_at is not None]
    return max(0.0, max(resets) - now) if resets else None


def moment(text: str, now: float) -> float | None:
    """Unix seconds of a reset: a number of seconds, a date as a number or RFC 3339, a duration like `1m30.5s`."""
    number = _number(text)
    if number is not None:
        if number <= _YEAR_S:
            return now + number
        return number / 1000 if number > _MS_FROM else number
    if "T" in text:
        try:
            return datetime.fromisoformat(text).timestamp()
        except (ValueError, OverflowError, OSError):
            return None
    wait_s = _duration(text)
    return None if wait_s is None else now + wait_s


def _duration(text: str) -> float | None:
    """Seconds of `6m0s`, `120ms`, `7h12m`; None for anything else."""
    total, digits, unit = 0.0, "", ""
    for char in text.strip().lower() + "0":
        if char in "0123456789.":
            if unit:
                number = _number(digits)
                if number is None or unit not in _UNITS_S:
                    return None
                total += number * _UNITS_S[unit]
                digits = unit = ""
            digits += char
        else:
            unit += char
    return total if digits == "0" and text else None


def _number(text: str) -> float | None:
    """A finite number that is not negative."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < math.inf else None
