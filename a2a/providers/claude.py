"""`claude-custom`: any upstream that speaks Claude Messages, by key and base URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

import msgspec
from msgspec import Struct, structs
from yarl import URL

from a2a.auth.records import Account, ApiKey, Credential
from a2a.errors import BadUpstream, NeedsLogin
from a2a.protocols.base import Profile
from a2a.protocols.wire import BAD_JSON
from a2a.providers.base import ModelInfo, Operation, Provider
from a2a.providers.http import Target
from a2a.providers.presets import PRESETS
from a2a.providers.rate_limits import ANTHROPIC

API_VERSION = "2023-06-01"
"""Sent when another protocol is converted, so that sampling may reach the models that allow it (conversion.md 3.3)."""

STRUCTURED_BETA = "structured-outputs-2025-11-13"
"""What `output_config.format` needs under that version (specs/clients.md); harmless without it."""

_PATHS: dict[Operation, str] = {
    "generate": "/v1/messages",
    "count": "/v1/messages/count_tokens",
    "models": "/v1/models?limit=1000",
}

_EFFORTS = ("low", "medium", "high")


class _Family(Struct, frozen=True):
    """Facts of conversion.md 7.1 for the models whose name matches (source: public projects, read 2026-11)."""

    pattern: re.Pattern[str]
    fields: dict[str, object]


_FAMILIES: tuple[_Family, ...] = (
    _Family(
        re.compile(r"claude-(opus-4-[78]|opus-5|sonnet-5|fable-5|mythos-5)"),
        {
            "reasoning": "adaptive",
            "efforts": ("low", "medium", "high", "xhigh", "max"),
            "sampling": "none",
            "system_mid": True,
            "default_max_output": 32_000,
            "max_output": 64_000,
        },
    ),
    _Family(
        re.compile(r"claude-(opus|sonnet)-4-6"),
        {
            "reasoning": "adaptive",
            "efforts": ("low", "medium", "high", "max"),
            "default_max_output": 32_000,
            "max_output": 64_000,
        },
    ),
    _Family(
        re.compile(r"claude-(opus|sonnet|haiku)-4"),
        {"reasoning": "budget", "efforts": _EFFORTS, "default_max_output": 32_000, "max_output": 64_000},
    ),
    _Family(
        re.compile(r"claude-3-7"),
        {"reasoning": "budget", "efforts": _EFFORTS, "default_max_output": 8192, "max_output": 64_000},
    ),
    _Family(
        re.compile(r"claude-3"),
        {"reasoning": "none", "default_max_output": 4096, "max_output": 8192, "structured": "tool"},
    ),
)


class _Entry(Struct):
    id: str
    display_name: str | None = None
    created_at: str | None = None


class _List(Struct):
    data: list[_Entry]


class ClaudeProvider(Provider):
    id = "claude-custom"
    short = "claude"
    proto = "claude"
    default_base_url = "https://api.anthropic.com"
    quota_rows = ANTHROPIC
    offers = frozenset({"generate", "models", "count"})
    relay_headers = ("anthropic-version", "anthropic-beta", "x-claude-code-session-id", "x-app")
    converted_headers: ClassVar[Mapping[str, str]] = {"anthropic-beta": STRUCTURED_BETA}

    def base_url(self, account: Account) -> str:
        """Without a trailing `/v1`: the paths bring their own (contract section 2: both spellings work)."""
        return super().base_url(account).removesuffix("/v1")

    def profile(self, model: str, account: Account, info: ModelInfo | None = None) -> Profile:
        preset = PRESETS.get(account.preset or "")
        base = Profile(
            family="anthropic",
            reasoning="budget",
            max_temperature=1.0,
            system_mid=False,
            auto_cache=self.server.auto_cache,
        )
        if preset is not None:
            base = structs.replace(base, **preset.quirks)
        for family in _FAMILIES:
            if family.pattern.match(model):
                return structs.replace(base, **family.fields)
        return base

    def target(
        self, account: Account, credential: Credential, operation: Operation, *, stream: bool, model: str = ""
    ) -> Target:
        if not isinstance(credential, ApiKey):
            raise NeedsLogin(f"{account.name} has no API key", hint=f"a2a login {self.short} --name {account.alias}")
        headers = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream" if stream else "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": self.user_agent(),
            "anthropic-version": API_VERSION,
            "x-api-key": credential.key.reveal(),
        }
        return Target(URL(self.base_url(account) + _PATHS[operation]), headers)

    def parse_models(self, body: bytes) -> tuple[ModelInfo, ...]:
        try:
            listed = msgspec.json.decode(body, type=_List)
        except BAD_JSON as error:
            raise BadUpstream(f"the model list is no Claude list: {error}") from error
        return tuple(ModelInfo(id=e.id, name=e.display_name, created=_epoch(e.created_at)) for e in listed.data)


def _epoch(text: str | None) -> int:
    """RFC 3339 to Unix seconds, 0 when absent or odd."""
    try:
        return int(datetime.fromisoformat((text or "").replace("Z", "+00:00")).timestamp())
    except ValueError:
        return 0
