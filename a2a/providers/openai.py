"""`openai-custom`: any upstream that speaks OpenAI Chat Completions, by key and base URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from msgspec import structs

from a2a.auth.records import Account
from a2a.protocols.base import Profile
from a2a.providers.base import ModelInfo, Operation
from a2a.providers.openai_shape import REASONING_MODELS, OpenAIShaped
from a2a.providers.presets import PRESETS


class OpenAIProvider(OpenAIShaped):
    id = "openai-custom"
    short = "openai"
    proto = "chat"
    offers = frozenset({"generate", "models", "embed"})
    relay_headers = ("openai-beta", "idempotency-key", "x-client-request-id")
    paths: ClassVar[Mapping[Operation, str]] = {
        "generate": "/chat/completions",
        "models": "/models",
        "embed": "/embeddings",
    }

    def profile(self, model: str, account: Account, info: ModelInfo | None = None) -> Profile:
        preset = PRESETS.get(account.preset or "")
        base = Profile(max_field="max_tokens")
        if preset is not None:
            base = structs.replace(base, **{"max_field": "max_completion_tokens", **preset.quirks})
        elif self.base_url(account) == self.default_base_url:
            base = Profile(family="openai", custom_tools=True)
        elif model.startswith(REASONING_MODELS):  # behind somebody else they refuse the same
            base = Profile(sampling="none")
        if base.family == "openai" and model.startswith(REASONING_MODELS):
            base = structs.replace(base, sampling="none", system_role="developer")
        return base
