"""What tests of pool, providers and gateway share: a clock that a test owns, accounts, and a pool over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from a2a.auth.records import Account
from a2a.config import ProviderSettings, ServerSettings, Settings
from a2a.control.types import AccountView
from a2a.messages import Failure
from a2a.pool.pool import Pool
from a2a.providers.faults import Verdict
from a2a.providers.registry import build

OPENAI = "openai-custom"
CLAUDE = "claude-custom"
KIRO = "claude-kiro-oauth"
GEMINI = "gemini-custom"
RESPONSES = "openaiResponses-custom"
NOW = 1_800_000_000.0


class FakeClock:
    """Both times stand still until `tick`; they differ, so that mixing them up shows."""

    def __init__(self) -> None:
        self.passed_s = 0.0

    def now(self) -> float:
        return NOW + self.passed_s

    def monotonic(self) -> float:
        return 1000.0 + self.passed_s

    def tick(self, seconds: float) -> None:
        self.passed_s += seconds


def account(alias: str = "a", provider: str = OPENAI, **fields: Any) -> Account:
    """The id is the provider's first letters and the alias."""
    return Account(id=f"{provider[:8]}-{alias}", provider=provider, alias=alias, **fields)


def settings(server: dict[str, Any] | None = None, **providers: dict[str, Any]) -> Settings:
    """The tables of the providers go by their short names."""
    ids = {"openai": OPENAI, "claude": CLAUDE, "kiro": KIRO, "gemini-key": GEMINI, "responses": RESPONSES}
    tables = {ids[short]: ProviderSettings(**table) for short, table in providers.items()}
    return Settings(server=ServerSettings(**(server or {})), providers=tables)


def pool_of(
    *accounts: Account,
    clock: FakeClock | None = None,
    given: Settings | None = None,
    on_change: Callable[[AccountView], None] | None = None,
) -> Pool:
    pool = Pool(build(given or Settings()), clock=clock or FakeClock(), on_change=on_change)
    pool.replace(accounts)
    return pool


def failure(status: int = 500, kind: Any = "upstream", **fields: Any) -> Failure:
    return Failure(kind, fields.pop("message", "it broke"), status, **fields)


def verdict(action: Any = "cool_down", scope: Any = "account", **fields: Any) -> Verdict:
    fields.setdefault("reason", "rate_limited")
    return Verdict(scope=scope, action=action, **fields)
