"""Well-known services behind the custom providers, as data (contract section 2).

Base URLs, key pages and quirks come from the vendors' public documentation (read 2026-11-22) and were not called from
here; each can be overridden by `--base-url` or an account's `base_url`. `openai-custom` appends `/chat/completions`,
`claude-custom` appends `/v1/messages`.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Preset(Struct, frozen=True, kw_only=True):
    """`provider`: id it logs in to. `key_env`: the variable its own tools use; None: no key needed (local servers).

    `quirks`: fields of `protocols.base.Profile` that differ from the provider's default.
    """

    name: str
    provider: str
    base_url: str
    key_env: str | None = None
    key_page: str | None = None
    quirks: dict[str, Any] = {}


_THIRD_PARTY: dict[str, Any] = {"max_field": "max_tokens", "family": "other"}
_LOCAL: dict[str, Any] = {**_THIRD_PARTY, "documents": False}


def _chat(name: str, base_url: str, key_env: str | None, key_page: str | None, **quirks: Any) -> Preset:
    return Preset(
        name=name,
        provider="openai-custom",
        base_url=base_url,
        key_env=key_env,
        key_page=key_page,
        quirks={**_THIRD_PARTY, **quirks},
    )


_ALL = (
    Preset(
        name="openai",
        provider="openai-custom",
        base_url="https://api.openai.com/v1",
        key_env="OPENAI_API_KEY",
        key_page="https://platform.openai.com/api-keys",
        quirks={"family": "openai", "custom_tools": True},
    ),
    Preset(
        name="openai-responses",
        provider="openaiResponses-custom",
        base_url="https://api.openai.com/v1",
        key_env="OPENAI_API_KEY",
        key_page="https://platform.openai.com/api-keys",
    ),
    Preset(
        name="google",
        provider="gemini-custom",
        base_url="https://generativelanguage.googleapis.com",
        key_env="GEMINI_API_KEY",
        key_page="https://aistudio.google.com/apikey",
    ),
    Preset(
        name="anthropic",
        provider="claude-custom",
        base_url="https://api.anthropic.com",
        key_env="ANTHROPIC_API_KEY",
        key_page="https://platform.claude.com/settings/keys",
        quirks={"family": "anthropic"},
    ),
    _chat("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", "https://openrouter.ai/settings/keys"),
    _chat(
        "deepseek",
        "https://api.deepseek.com/v1",
        "DEEPSEEK_API_KEY",
        "https://platform.deepseek.com/api_keys",
        family="deepseek",
        reasoning_field="reasoning_content",
        vision=False,
        documents=False,
    ),
    _chat(
        "kimi",
        "https://api.moonshot.ai/v1",
        "MOONSHOT_API_KEY",
        "https://platform.moonshot.ai/console/api-keys",
        reasoning_field="reasoning_content",
        efforts=("low", "high"),
        max_temperature=1.0,
    ),
    _chat(
        "zai",
        "https://api.z.ai/api/paas/v4",
        "ZAI_API_KEY",
        "https://z.ai/manage-apikey/apikey-list",
        reasoning_field="reasoning_content",
        max_temperature=1.0,
    ),
    _chat(
        "dashscope",
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        "DASHSCOPE_API_KEY",
        "https://modelstudio.console.alibabacloud.com/?tab=dashboard#/api-key",
        family="qwen",
    ),
    _chat(
        "dashscope-coding",
        "https://coding-intl.dashscope.aliyuncs.com/v1",
        "BAILIAN_CODING_PLAN_API_KEY",
        "https://modelstudio.console.alibabacloud.com/?tab=coding-plan#/coding-plan",
        family="qwen",
    ),
    _chat(
        "dashscope-token",
        "https://token-plan.ap-southeast-1.maas.aliyuncs.com/compatible-mode/v1",
        "BAILIAN_TOKEN_PLAN_API_KEY",
        "https://modelstudio.console.alibabacloud.com/?tab=dashboard#/api-key",
        family="qwen",
    ),
    _chat("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY", "https://console.groq.com/keys"),
    _chat(
        "mistral",
        "https://api.mistral.ai/v1",
        "MISTRAL_API_KEY",
        "https://console.mistral.ai/api-keys",
        reasoning="none",
        stream_usage=False,
        max_temperature=1.5,
    ),
    Preset(name="ollama", provider="openai-custom", base_url="http://localhost:11434/v1", quirks=_LOCAL),
    Preset(name="lmstudio", provider="openai-custom", base_url="http://localhost:1234/v1", quirks=_LOCAL),
    Preset(
        name="vllm",
        provider="openai-custom",
        base_url="http://localhost:8000/v1",
        quirks=_LOCAL,
    ),
    Preset(name="llamacpp", provider="openai-custom", base_url="http://localhost:8080/v1", quirks=_LOCAL),
)

PRESETS: dict[str, Preset] = {preset.name: preset for preset in _ALL}
