"""Names of providers, settings and variables, and the nearest right one to a wrong one. Data, no I/O."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Literal

from a2a.config.declare import ProviderSettings, ServerSettings
from a2a.errors import ConfigError

PROVIDER_SHORT: dict[str, str] = {
    "openai-custom": "openai",
    "openaiResponses-custom": "responses",
    "claude-custom": "claude",
    "gemini-custom": "gemini-key",
    "gemini-cli-oauth": "gemini",
    "claude-kiro-oauth": "kiro",
    "openai-qwen-oauth": "qwen",
}
"""Provider id -> short name (contract section 2)."""

CredentialKind = Literal["api_key", "google", "kiro", "qwen"]

CREDENTIAL_KIND: dict[str, CredentialKind] = {
    "openai-custom": "api_key",
    "openaiResponses-custom": "api_key",
    "claude-custom": "api_key",
    "gemini-custom": "api_key",
    "gemini-cli-oauth": "google",
    "claude-kiro-oauth": "kiro",
    "openai-qwen-oauth": "qwen",
}
"""What logs in to each provider; `qwen` takes a key as well."""

OWN_KEYS: dict[str, frozenset[str]] = {
    "gemini-cli-oauth": frozenset(
        {"auth_url", "token_url", "userinfo_url", "paste_url", "project_id"}
        | {"oauth_client_id", "oauth_client_secret", "oauth_client_secret_env", "oauth_client_secret_file"}
    ),
    "claude-kiro-oauth": frozenset(
        {"auth_url", "oidc_url", "portal_url", "start_url", "management_url", "legacy_url", "idp_allow"}
        | {"region", "endpoint", "wire", "origin", "write_back"}
    ),
    "openai-qwen-oauth": frozenset({"auth_url", "region", "plan", "auth_type_header", "dummy_tool"}),
}
"""Settings of providers and accounts that mean something for these providers alone (contract 3.1)."""

SPECIAL_KEYS = frozenset().union(*OWN_KEYS.values())

SECRET_FLAGS = frozenset({"openai_api_key", "claude_api_key", "gemini_oauth_creds_base64", "kiro_oauth_creds_base64"})
"""Server settings without a file form: an account is declared instead, or the variable used (contract 3.1)."""

FILE_ONLY = frozenset({"parameters"})
"""Keys of providers that are tables: they have no variable."""

GENERAL_VARIABLES = ("A2A_HOME", "A2A_CONFIG", "A2A_CREDENTIAL_STORE", "A2A_URL")


def near(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be, upper and lower case aside."""
    by_lower = {k.lower(): k for k in known}
    hits = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[hits[0]] if hits else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str | None = None) -> str | None:
    """A hint naming the nearest known word, else `otherwise`."""
    hit = near(word, known)
    return f"did you mean {hit}?" if hit else otherwise


def provider_id(name: str) -> str:
    """The id for an id or short name in any case. Raises ConfigError naming the nearest."""
    wanted = name.strip().lower()
    for known, short in PROVIDER_SHORT.items():
        if wanted in (known.lower(), short):
            return known
    names = [*PROVIDER_SHORT.values(), *PROVIDER_SHORT]
    raise ConfigError(
        f"no provider is called {name!r}",
        hint=did_you_mean(name, names, "providers: " + ", ".join(PROVIDER_SHORT.values())),
    )


def server_keys() -> tuple[str, ...]:
    """Keys of `[server]`, in the order of the declaration."""
    return ServerSettings.__struct_fields__


def provider_keys(provider: str) -> tuple[str, ...]:
    """Keys that `[providers.<id>]` may hold."""
    strange = SPECIAL_KEYS - OWN_KEYS.get(provider, frozenset())
    return tuple(name for name in ProviderSettings.__struct_fields__ if name not in strange)


def server_variable(key: str) -> str:
    return f"A2A_{key.upper()}"


def provider_variable(provider: str, key: str) -> str:
    return f"A2A_{PROVIDER_SHORT[provider].upper().replace('-', '_')}_{key.upper()}"


def variables() -> frozenset[str]:
    """Every variable that a setting can come from."""
    own = {server_variable(key) for key in server_keys()}
    theirs = {provider_variable(p, key) for p in PROVIDER_SHORT for key in provider_keys(p) if key not in FILE_ONLY}
    return frozenset(own | theirs | set(GENERAL_VARIABLES))
