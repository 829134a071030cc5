"""Counts over the life of a server."""

from __future__ import annotations

import pytest

from a2a.control.types import Attempt, AttemptOutcome, Exchange, Fault, Route, Timings, Tokens
from a2a.logs.tally import Tally

OPENAI = "openai-custom"


def attempt(n: int, outcome: AttemptOutcome | None, kind: str | None = None) -> Attempt:
    fault = Fault(kind=kind, message="m") if kind else None
    made = Attempt(n=n, provider=OPENAI, account=f"openai/{n}", model="m", started_at=0.0)
    made.outcome, made.fault = outcome, fault
    return made


def ended(**fields: object) -> Exchange:
    route = Route(front="claude", asked="m", provider=OPENAI, model="m", via="name")
    base = {"id": "ex_1", "started_at": 0.0, "client": "c", "front": "claude", "path": "/", "state": "done"}
    return Exchange(**{**base, "status": 200, "route": route, **fields})  # type: ignore[arg-type]


def test_a_served_exchange_with_a_failover() -> None:
    tally = Tally()
    attempts = [attempt(1, "failed", "rate_limited"), attempt(2, "ok")]
    timings = Timings(first_token=240.0, last=1500.0)
    tally.add(ended(attempts=attempts, tokens=Tokens(input=10, output=5, cache_read=8), timings=timings))
    assert dict(tally.requests) == {("claude", OPENAI, "done", "200"): 1}
    assert dict(tally.attempts) == {
        (OPENAI, "openai/1", "failed", "rate_limited"): 1,
        (OPENAI, "openai/2", "ok", ""): 1,
    }
    last = (OPENAI, "openai/2")
    assert dict(tally.tokens) == {(*last, "input"): 10, (*last, "output"): 5, (*last, "cache_read"): 8}
    assert (tally.first_token[OPENAI].total_s, tally.whole[OPENAI].total_s) == (0.24, 1.5)


def test_one_without_a_route_names_nothing_its_client_made_up() -> None:
    tally = Tally()
    tally.add(ended(route=None, state="failed", status=404))
    assert dict(tally.requests) == {("claude", "", "failed", "404"): 1}
    assert not tally.whole


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0.0, 0), (0.1, 0), (0.10001, 1), (299.0, 11), (300.0, 11), (301.0, 12)]
)
def test_a_bound_belongs_to_its_bucket(seconds: float, bucket: int) -> None:
    histogram = Tally().first_token[OPENAI]
    histogram.add(seconds)
    assert [n for n, count in enumerate(histogram.counts) if count] == [bucket]
