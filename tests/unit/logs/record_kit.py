"""Exchanges for the tests of the store."""

from __future__ import annotations

from typing import Any

from a2a.control.types import Attempt, Bodies, Cost, Exchange, Fault, Route, Timings, Tokens

BEGUN = 1_795_000_000.0
"""2026-11-18, 12:26:40 UTC."""


def exchange(number: int, *, account: str = "kiro/work", model: str = "sonnet", **fields: Any) -> Exchange:
    """One that was served, `number` seconds after BEGUN."""
    provider = {"kiro": "claude-kiro-oauth", "openai": "openai-custom"}[account.partition("/")[0]]
    at = BEGUN + number
    given = {
        "id": f"ex_{number:018d}",
        "started_at": at,
        "client": "default",
        "front": "chat",
        "path": "/v1/chat/completions",
        "asked": model,
        "state": "done",
        "status": 200,
        "route": Route(front="chat", asked=model, provider=provider, model=model, via="catalogue"),
        "attempts": [attempt(1, account, model=model)],
        "timings": Timings(first_token=100.0, last=1000.0),
        "tokens": Tokens(input=10, output=5),
    }
    return Exchange(**{**given, **fields})


def attempt(n: int, account: str, *, model: str = "sonnet", fault: Fault | None = None) -> Attempt:
    provider = {"kiro": "claude-kiro-oauth", "openai": "openai-custom"}[account.partition("/")[0]]
    outcome = "ok" if fault is None else "failed"
    return Attempt(n=n, provider=provider, account=account, model=model, started_at=BEGUN, outcome=outcome, fault=fault)  # type: ignore[arg-type]


def failed(number: int, message: str = "too many requests", status: int = 429, **fields: Any) -> Exchange:
    fault = Fault(kind="rate_limited", message=message, status=status)
    one = attempt(1, "kiro/work", fault=fault)
    return exchange(number, state="failed", status=status, fault=fault, attempts=[one], tokens=None, **fields)


def said(request: str, answer: str) -> Bodies:
    return Bodies(request=f'{{"messages":[{{"role":"user","content":"{request}"}}]}}', answer=answer)


def dollars(amount: float, basis: str = "2026-11-01") -> Cost:
    return Cost(amount=amount, currency="USD", basis=basis)
