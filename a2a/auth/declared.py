"""Accounts that nobody logged in to: declared in config.toml, or given by flags for one run (contract 3 and 5).

They look like the others everywhere. Their ids follow from the declaration, so that health and history survive a
restart; their secrets are read where the declaration says and never copied, but for tokens that had to be renewed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct, structs

from a2a.auth.accounts import free_alias
from a2a.auth.base_url import normal
from a2a.auth.kinds import email_of, expiry_of, kind_of, word_of
from a2a.auth.records import Account, ApiKey, Credential, Limits, Token
from a2a.config import CREDENTIAL_KIND, AccountDecl, Settings, did_you_mean
from a2a.errors import ConfigError, UsageError
from a2a.secret import Secret

_URLS = ("base_url", "management_url", "legacy_url", "auth_url", "token_url", "userinfo_url", "oidc_url")
GEMINI, RESPONSES = "gemini-cli-oauth", "openaiResponses-custom"
_TOKEN_FLAGS = ((GEMINI, "gemini"), ("claude-kiro-oauth", "kiro"), ("openai-qwen-oauth", "qwen"))
"""Provider id -> how its credential flags begin."""
_REFERENCES = ("preset", *_URLS, "api_key_env", "api_key_file", "credentials_file", "credentials_env")


class Declared(Struct, frozen=True):
    """Accounts with their credentials by id. `problems`: a sentence for each declaration that cannot be used."""

    accounts: list[Account]
    credentials: dict[str, Credential]
    problems: list[str]


def declared(settings: Settings, *, saved: Sequence[Account], preset_urls: Mapping[str, str]) -> Declared:
    """Accounts of `[[accounts]]`, then those of flags. `saved`: the logged-in ones, whose names are taken.
    `preset_urls`: preset name -> base URL, the table of the providers.

    Raises UsageError for a flag that cannot be used.
    """
    found = Declared([], {}, [])
    for number, decl in enumerate(settings.accounts):
        try:
            _add(found, saved, *_declared(settings, decl, preset_urls))
        except (ConfigError, UsageError) as exc:
            found.problems.append(f"{settings.origins.get(f'accounts[{number}]', 'config.toml')}: {exc}")
    for account, credential in _flag_accounts(settings):
        _add(found, saved, account, credential)
    return found


def _add(found: Declared, saved: Sequence[Account], account: Account, credential: Credential) -> None:
    """Give the account a name and put it among the found. Raises ConfigError when it is there already."""
    peers = [a for a in (*saved, *found.accounts) if a.provider == account.provider]
    if any(peer.id == account.id for peer in peers):
        raise ConfigError(f"the same credential of {account.provider} is declared twice")
    if account.alias and any(peer.alias == account.alias for peer in peers):
        raise ConfigError(f"there is already an account {account.name}", hint="give this one another name")
    email = email_of(credential)
    alias = account.alias or free_alias((account.preset, email), (peer.alias for peer in peers))
    found.accounts.append(structs.replace(account, alias=alias, label=email))
    found.credentials[account.id] = credential


def _declared(settings: Settings, decl: AccountDecl, preset_urls: Mapping[str, str]) -> tuple[Account, Credential]:
    """Raises ConfigError and UsageError: what is missing, without a value."""
    credential = _credential(settings, decl)
    reference = [getattr(decl, name) or "" for name in _REFERENCES]
    account = Account(
        id=_id("cfg", decl.provider, *reference),
        provider=decl.provider,
        alias=decl.name or "",
        origin="config",
        kind=word_of(credential),
        preset=decl.preset,
        urls=_urls(decl, preset_urls),
        region=decl.region,
        plan=decl.plan,
        project_id=decl.project_id,
        priority=decl.priority,
        weight=decl.weight,
        enabled=decl.enabled,
        proxy=decl.proxy,
        limits=Limits(
            max_concurrency=decl.max_concurrency, min_interval_ms=decl.min_interval_ms, rpm=decl.rpm, tpm=decl.tpm
        ),
        expires_at=expiry_of(credential),
        source=decl.credentials_file or decl.credentials_env or decl.api_key_file or decl.api_key_env,
    )
    return account, credential


def _urls(decl: AccountDecl, preset_urls: Mapping[str, str]) -> dict[str, str]:
    urls = {name: value for name in _URLS if (value := getattr(decl, name))}
    if decl.preset:
        if decl.preset not in preset_urls:
            raise ConfigError(f"no preset is called {decl.preset!r}", hint=did_you_mean(decl.preset, preset_urls))
        urls["base_url"] = preset_urls[decl.preset]
    elif "base_url" in urls and CREDENTIAL_KIND[decl.provider] == "api_key":
        urls["base_url"] = normal(urls["base_url"])
    return urls


def _credential(settings: Settings, decl: AccountDecl) -> Credential:
    if decl.api_key_file:
        return ApiKey(Secret(_file_text(decl.api_key_file)))
    if decl.credentials_file:
        return kind_of(decl.provider).read(Path(decl.credentials_file))
    variable = decl.api_key_env or decl.credentials_env or ""
    value = settings.env_secrets.get(variable)
    if value is None:
        raise ConfigError(f"the variable {variable} is not set", hint="export it before a2a starts")
    return ApiKey(value) if decl.api_key_env else kind_of(decl.provider).parse(value.reveal(), variable)


def _file_text(name: str) -> str:
    try:
        text = Path(name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"cannot read {name}: {getattr(exc, 'strerror', None) or 'not UTF-8 text'}") from exc
    if not text:
        raise ConfigError(f"{name} is empty")
    return text


def _flag_accounts(settings: Settings) -> list[tuple[Account, Credential]]:
    """Accounts of `--openai-*`, `--claude-*` and the `--…-oauth-creds-*`: for this run only. Raises UsageError."""
    server = settings.server
    found: list[tuple[Account, Credential]] = []
    chat_or_responses = RESPONSES if RESPONSES in server.model_provider else "openai-custom"
    for provider, key, base_url in (
        (chat_or_responses, server.openai_api_key, server.openai_base_url),
        ("claude-custom", server.claude_api_key, server.claude_base_url),
    ):
        if key:
            urls = {"base_url": normal(base_url)} if base_url else {}
            found.append((_flag_account(provider, key.fingerprint(), ApiKey(key), urls=urls), ApiKey(key)))
    for provider, prefix in _TOKEN_FLAGS:
        for token, source in _flag_tokens(settings, provider, prefix):
            account = _flag_account(provider, token.source_fingerprint or "", token, source)
            if provider == GEMINI:
                account = structs.replace(account, project_id=server.project_id)
            found.append((account, token))
    return found


def _flag_tokens(settings: Settings, provider: str, prefix: str) -> list[tuple[Token, str | None]]:
    """Tokens with the file they came from, of `<prefix>_oauth_creds_file` and `_base64`."""
    kind = kind_of(provider)
    tokens: list[tuple[Token, str | None]] = []
    if file := getattr(settings.server, f"{prefix}_oauth_creds_file"):
        path = Path(file).expanduser().absolute()
        tokens.append((kind.read(path), str(path)))
    name = f"{prefix}_oauth_creds_base64"
    if text := getattr(settings.server, name, None):
        origin = settings.origins.get(f"server.{name}", f"--{name.replace('_', '-')}")
        tokens.append((kind.parse(text.reveal(), origin), None))
    return tokens


def _flag_account(
    provider: str,
    fingerprint: str,
    credential: Credential,
    source: str | None = None,
    *,
    urls: dict[str, str] | None = None,
) -> Account:
    return Account(
        id=_id("flag", provider, fingerprint),
        provider=provider,
        alias="",
        origin="flag",
        kind=word_of(credential),
        urls=urls or {},
        expires_at=expiry_of(credential),
        source=source,
    )


def _id(prefix: str, *parts: str) -> str:
    return f"{prefix}_{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:24]}"
