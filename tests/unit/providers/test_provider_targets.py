"""Where the calls of the key providers go, with which headers, and what their models can do."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from support.pool_kit import CLAUDE, OPENAI, account, settings

from a2a import __version__
from a2a.auth.records import ApiKey, KiroToken
from a2a.config import Settings
from a2a.errors import BadUpstream, NeedsLogin
from a2a.protocols.base import Profile
from a2a.providers.base import ModelInfo, Operation
from a2a.providers.http import Target
from a2a.providers.presets import PRESETS, Preset
from a2a.providers.registry import PROVIDERS, build
from a2a.secret import Secret

KEY = ApiKey(Secret("sk-test"))
KIRO_TOKEN = KiroToken(kind="social", access_token=Secret("t"))


def target(provider: str, operation: Operation = "generate", *, stream: bool = False, **fields: Any) -> Target:
    return build(Settings())[provider].target(account(provider=provider, **fields), KEY, operation, stream=stream)


def profile(model: str, provider: str = OPENAI, **fields: Any) -> Profile:
    return build(Settings())[provider].profile(model, account(provider=provider, **fields))


@pytest.mark.parametrize(
    ("provider", "operation", "url"),
    [
        (OPENAI, "generate", "https://api.openai.com/v1/chat/completions"),
        (OPENAI, "models", "https://api.openai.com/v1/models"),
        (OPENAI, "embed", "https://api.openai.com/v1/embeddings"),
        (CLAUDE, "generate", "https://api.anthropic.com/v1/messages"),
        (CLAUDE, "count", "https://api.anthropic.com/v1/messages/count_tokens"),
        (CLAUDE, "models", "https://api.anthropic.com/v1/models?limit=1000"),
    ],
)
def test_default_urls(provider: str, operation: Operation, url: str) -> None:
    assert str(target(provider, operation).url) == url


@pytest.mark.parametrize(
    ("provider", "base", "url"),
    [
        (OPENAI, "http://host/v1", "http://host/v1/chat/completions"),
        (OPENAI, "http://host/v4/", "http://host/v4/chat/completions"),
        (OPENAI, "http://host:8080/a/b/v1", "http://host:8080/a/b/v1/chat/completions"),
        (CLAUDE, "http://host", "http://host/v1/messages"),
        (CLAUDE, "http://host/v1", "http://host/v1/messages"),
        (CLAUDE, "http://host/v1/", "http://host/v1/messages"),
        (CLAUDE, "http://host/anthropic", "http://host/anthropic/v1/messages"),
        (CLAUDE, "http://host/anthropic/v1", "http://host/anthropic/v1/messages"),
    ],
)
def test_base_urls_of_an_account(provider: str, base: str, url: str) -> None:
    assert str(target(provider, urls={"base_url": base}).url) == url


def test_headers_of_openai() -> None:
    assert target(OPENAI).headers == {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"a2a/{__version__}",
        "Authorization": "Bearer sk-test",
    }


def test_headers_of_claude() -> None:
    assert target(CLAUDE).headers == {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"a2a/{__version__}",
        "anthropic-version": "2023-06-01",
        "x-api-key": "sk-test",
    }


@pytest.mark.parametrize("provider", [OPENAI, CLAUDE])
def test_a_stream_is_asked_for_as_such(provider: str) -> None:
    assert target(provider, stream=True).headers["Accept"] == "text/event-stream"
    assert target(provider).method == "POST"


def test_a_local_server_without_a_key_gets_no_authorization() -> None:
    one = build(Settings())[OPENAI]
    assert "Authorization" not in one.target(account(), ApiKey(Secret("")), "generate", stream=False).headers


@pytest.mark.parametrize("provider", [OPENAI, CLAUDE])
def test_a_credential_of_another_kind_is_no_key(provider: str) -> None:
    one = build(Settings())[provider]
    with pytest.raises(NeedsLogin, match=f"{provider}/work has no API key") as caught:
        one.target(account("work", provider), KIRO_TOKEN, "generate", stream=False)
    assert caught.value.hint == f"a2a login {one.short} --name work"


def test_an_openai_list() -> None:
    body = b'{"object":"list","data":[{"id":"a","created":1.5e9,"owned_by":"me","context_length":8},{"id":"b"}]}'
    assert build(Settings())[OPENAI].parse_models(body) == (
        ModelInfo(id="a", created=1_500_000_000, owner="me", context=8),
        ModelInfo(id="b"),
    )


def test_a_claude_list() -> None:
    body = msgspec.json.encode(
        {
            "data": [
                {"id": "a", "display_name": "A", "created_at": "2025-09-29T00:00:00Z"},
                {"id": "b", "created_at": "yesterday"},
                {"id": "c", "type": "model"},
            ]
        }
    )
    assert build(Settings())[CLAUDE].parse_models(body) == (
        ModelInfo(id="a", name="A", created=1_759_104_000),
        ModelInfo(id="b"),
        ModelInfo(id="c"),
    )


@pytest.mark.parametrize("provider", [OPENAI, CLAUDE])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"data":{}}', b'{"data":[{"name":"x"}]}'])
def test_a_list_of_another_shape_is_refused(provider: str, body: bytes) -> None:
    with pytest.raises(BadUpstream):
        build(Settings())[provider].parse_models(body)


def test_openai_itself_by_its_address() -> None:
    assert profile("gpt-4o") == Profile(family="openai", custom_tools=True)


@pytest.mark.parametrize("model", ["gpt-5.6", "o1-mini", "o3", "o4-mini"])
def test_openai_s_reasoning_models_take_no_sampling(model: str) -> None:
    found = profile(model)
    assert (found.sampling, found.system_role) == ("none", "developer")


def test_an_unknown_upstream_gets_the_field_that_all_understand() -> None:
    assert profile("qwen3", urls={"base_url": "http://host/v1"}) == Profile(max_field="max_tokens")


def test_openai_s_reasoning_models_refuse_the_same_behind_somebody_else() -> None:
    assert profile("gpt-5.6", urls={"base_url": "http://host/v1"}) == Profile(
        max_field="max_completion_tokens", sampling="none"
    )


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("claude-opus-4-8", {"reasoning": "adaptive", "sampling": "none", "max_output": 64_000}),
        ("claude-sonnet-5", {"reasoning": "adaptive", "sampling": "none", "default_max_output": 32_000}),
        ("claude-sonnet-4-6", {"reasoning": "adaptive", "sampling": "full"}),
        ("claude-sonnet-4-5-20250929", {"reasoning": "budget", "efforts": ("low", "medium", "high")}),
        ("claude-3-7-sonnet-latest", {"reasoning": "budget", "default_max_output": 8192}),
        ("claude-3-5-haiku-latest", {"reasoning": "none", "structured": "tool", "max_output": 8192}),
        ("glm-4.7", {"reasoning": "budget", "max_output": None, "default_max_output": 8192}),
    ],
)
def test_families_of_claude_models(model: str, expected: dict[str, Any]) -> None:
    found = profile(model, CLAUDE)
    assert {name: getattr(found, name) for name in expected} == expected
    assert (found.family, found.max_temperature) == ("anthropic", 1.0)


def test_the_cache_policy_is_a_setting() -> None:
    one = build(settings({"auto_cache": False}))[CLAUDE]
    assert not one.profile("claude-opus-4-8", account(provider=CLAUDE)).auto_cache


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_every_preset_is_sane(preset: Preset) -> None:
    assert set(preset.quirks) <= set(Profile.__struct_fields__)
    assert preset.provider in PROVIDERS
    assert preset.base_url.startswith(("https://", "http://localhost:"))
    assert not preset.base_url.endswith("/")
    assert (preset.key_env is None) == (preset.key_page is None) == preset.base_url.startswith("http://localhost")


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_every_preset_gives_a_profile(preset: Preset) -> None:
    found = profile("m", preset.provider, preset=preset.name)
    assert {name: getattr(found, name) for name in preset.quirks} == preset.quirks


def test_the_contract_s_presets_are_there() -> None:
    named = "openai anthropic openrouter deepseek kimi zai dashscope groq mistral ollama lmstudio vllm llamacpp"
    assert set(named.split()) <= set(PRESETS)
    assert {"dashscope-coding", "dashscope-token"} <= set(PRESETS)
