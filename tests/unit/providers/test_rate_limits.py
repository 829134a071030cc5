"""Headers of real upstreams, as they document them, and what must not be believed."""

from __future__ import annotations

import pytest

from a2a.control.types import Quota
from a2a.providers.rate_limits import ANTHROPIC, OPENAI, moment, spent_for_s, told

NOW = 1_800_000_000.0
OPENAI_ANSWER = {
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-limit-tokens": "150000",
    "x-ratelimit-remaining-requests": "59",
    "x-ratelimit-remaining-tokens": "149984",
    "x-ratelimit-reset-requests": "1s",
    "x-ratelimit-reset-tokens": "6m0s",
}
CLAUDE_ANSWER = {
    "anthropic-ratelimit-requests-limit": "50",
    "anthropic-ratelimit-requests-remaining": "49",
    "anthropic-ratelimit-requests-reset": "2027-01-15T08:00:10Z",
    "anthropic-ratelimit-tokens-limit": "38000",
    "anthropic-ratelimit-tokens-remaining": "37000",
    "anthropic-ratelimit-tokens-reset": "2027-01-15T08:01:00Z",
    "anthropic-ratelimit-output-tokens-limit": "8000",
    "anthropic-ratelimit-output-tokens-remaining": "0",
    "anthropic-ratelimit-output-tokens-reset": "2027-01-15T08:02:00Z",
}


def quota(unit: str, limit: float | None, remaining: float, reset_s: float | None, **more: str | None) -> Quota:
    resets_at = None if reset_s is None else NOW + reset_s
    return Quota(unit=unit, limit=limit, remaining=remaining, resets_at=resets_at, taken_at=NOW, **more)  # type: ignore[arg-type]


def test_openai() -> None:
    assert told(OPENAI_ANSWER, OPENAI, "m", NOW) == [
        quota("request", 60.0, 59.0, 1.0, model="m"),
        quota("token", 150000.0, 149984.0, 360.0, model="m"),
    ]


def test_anthropic() -> None:
    assert told(CLAUDE_ANSWER, ANTHROPIC, "m", NOW) == [
        quota("request", 50.0, 49.0, 10.0, model="m"),
        quota("token", 38000.0, 37000.0, 60.0, model="m"),
        quota("token", 8000.0, 0.0, 120.0, model="m", name="output"),
    ]


def test_a_plan_s_windows_are_the_whole_account_s() -> None:
    headers = {
        "anthropic-ratelimit-unified-status": "allowed",
        "anthropic-ratelimit-unified-5h-utilization": "0.25",
        "anthropic-ratelimit-unified-5h-reset": str(int(NOW) + 600),
        "anthropic-ratelimit-unified-7d-utilization": "1.02",
    }
    assert told(headers, ANTHROPIC, "m", NOW) == [
        quota("percent", 100.0, 75.0, 600.0, name="5h"),
        quota("percent", 100.0, 0.0, None, name="7d"),
    ]


@pytest.mark.parametrize("reset", ["30", str(int(NOW) + 30), str((int(NOW) + 30) * 1000), "30s"])
def test_one_allowance_for_the_account(reset: str) -> None:
    headers = {"x-ratelimit-limit": "20", "x-ratelimit-remaining": "19", "x-ratelimit-reset": reset}
    assert told(headers, OPENAI, "m", NOW) == [quota("request", 20.0, 19.0, 30.0)]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1.0),
        ("120ms", 0.12),
        ("1m30.5s", 90.5),
        ("7h12m", 25920.0),
        ("1d2h", 93600.0),
        ("0", 0.0),
        ("", None),
        ("soon", None),
        ("5x", None),
        ("m", None),
        ("1.2.3s", None),
        ("-5", None),
        ("nan", None),
        ("9999-99-99T00:00:00Z", None),
    ],
)
def test_resets(text: str, seconds: float | None) -> None:
    found = moment(text, NOW)
    assert found == (None if seconds is None else pytest.approx(NOW + seconds))


@pytest.mark.parametrize("remaining", ["", "many", "-1", "inf", "nan"])
def test_what_is_no_figure_says_nothing(remaining: str) -> None:
    assert told({"x-ratelimit-remaining-requests": remaining}, OPENAI, "m", NOW) == []


def test_a_figure_alone_is_worth_having() -> None:
    assert told({"x-ratelimit-remaining-requests": "5"}, OPENAI, "m", NOW) == [
        quota("request", None, 5.0, None, model="m")
    ]


def test_the_wait_is_for_what_is_used_up() -> None:
    known = told(CLAUDE_ANSWER, ANTHROPIC, "m", NOW)
    assert spent_for_s(known, NOW) == 120.0
    assert spent_for_s(known[:2], NOW) is None
    assert spent_for_s(known, NOW + 1000) == 0.0
