"""The table of providers: ids appear here and in config's short names, nowhere else (contract section 2)."""

from __future__ import annotations

from a2a.config import Settings
from a2a.providers.base import Provider
from a2a.providers.claude import ClaudeProvider
from a2a.providers.gemini import GeminiProvider
from a2a.providers.gemini_cli import GeminiCliProvider
from a2a.providers.kiro import KiroProvider
from a2a.providers.openai import OpenAIProvider
from a2a.providers.qwen import QwenProvider
from a2a.providers.responses import ResponsesProvider

_ALL: tuple[type[Provider], ...] = (
    OpenAIProvider,
    ResponsesProvider,
    ClaudeProvider,
    GeminiProvider,
    GeminiCliProvider,
    KiroProvider,
    QwenProvider,
)
PROVIDERS: dict[str, type[Provider]] = {kind.id: kind for kind in _ALL}


def build(settings: Settings) -> dict[str, Provider]:
    """One instance of each, by id."""
    return {provider_id: kind(settings) for provider_id, kind in PROVIDERS.items()}
