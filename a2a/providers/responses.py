"""`openaiResponses-custom`: any upstream that speaks OpenAI Responses, by key and base URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from msgspec import structs

from a2a.auth.records import Account
from a2a.protocols.base import Profile
from a2a.providers.base import ModelInfo, Operation
from a2a.providers.openai_shape import REASONING_MODELS, OpenAIShaped
from a2a.providers.presets import PRESETS

_PLAIN_MODELS = ("gpt-4", "gpt-3.5", "chatgpt-")
"""OpenAI's own families that do not reason: asked for their encrypted reasoning, they refuse the request."""


class ResponsesProvider(OpenAIShaped):
    id = "openaiResponses-custom"
    short = "responses"
    proto = "responses"
    offers = frozenset({"generate", "models", "count"})
    relay_headers = ("openai-beta", "idempotency-key", "x-client-request-id", "session_id", "originator")
    paths: ClassVar[Mapping[Operation, str]] = {
        "generate": "/responses",
        "count": "/responses/input_tokens",
        "models": "/models",
    }

    def profile(self, model: str, account: Account, info: ModelInfo | None = None) -> Profile:
        """Responses is OpenAI's own protocol: whoever speaks it has its tools and reads its tokens."""
        base = Profile(family="openai", custom_tools=True, hosted_tools=True)
        preset = PRESETS.get(account.preset or "")
        if preset is not None:
            base = structs.replace(base, **preset.quirks)
        if model.startswith(REASONING_MODELS):
            return structs.replace(base, sampling="none", system_role="developer")
        return structs.replace(base, reasoning="none") if model.startswith(_PLAIN_MODELS) else base
