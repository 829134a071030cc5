"""Settings: one typed declaration, `flag > A2A_* environment > config.toml > default`, and the origin of each value.

Nothing outside this module reads the environment; settings are passed in, not imported.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from a2a.secret import Secret


class ServerSettings(Struct, kw_only=True, forbid_unknown_fields=True):
    """`[server]`; `x_y` = flag `--x-y` of `a2a serve` = `A2A_X_Y`. Seconds, ms, MiB as the name says; 0 s = none."""

    host: str = "localhost"
    port: int = 3000
    api_key: Secret | None = None
    model_provider: list[str] = []
    """The default chain: provider ids or short names, in order."""
    request_max_retries: int = 3
    request_base_delay: int = 1000
    connect_timeout_s: float = 10.0
    first_byte_timeout_s: float = 600.0
    idle_timeout_s: float = 180.0
    total_timeout_s: float = 0.0
    commit_after_s: float = 20.0
    keepalive_s: float = 10.0
    max_body_mib: int = 32
    strategy: str = "round-robin"
    affinity: bool = True
    queue_timeout_s: float = 30.0
    proxy: str | None = None
    default_model: str | None = None
    fetch_media: bool = True
    fetch_media_allow: list[str] = []
    auto_cache: bool = True
    allow_host: list[str] = []
    allow_origin: list[str] = []
    cron_near_minutes: int = 15
    cron_refresh_token: bool = True


class ProviderSettings(Struct, kw_only=True, forbid_unknown_fields=True):
    """`[providers.<id>]`; None = the server's value or the provider's own default."""

    base_url: str | None = None
    auth_url: str | None = None
    oidc_url: str | None = None
    management_url: str | None = None
    legacy_url: str | None = None
    idp_allow: list[str] | None = None
    connect_timeout_s: float | None = None
    first_byte_timeout_s: float | None = None
    idle_timeout_s: float | None = None
    total_timeout_s: float | None = None
    strategy: str | None = None
    affinity: bool | None = None
    max_concurrency: int | None = None
    min_interval_ms: int | None = None
    rpm: int | None = None
    tpm: int | None = None
    queue_timeout_s: float | None = None
    proxy: str | None = None
    region: str | None = None
    default_model: str | None = None
    models: list[str] | None = None
    """Model names this provider is known to serve, besides what its own catalogue lists."""
    user_agent: str | None = None
    endpoint: str | None = None
    wire: str | None = None
    origin: str | None = None
    write_back: bool | None = None


class AccountDecl(Struct, kw_only=True, forbid_unknown_fields=True):
    """`[[accounts]]`: secrets by reference only (contract section 3)."""

    provider: str
    name: str | None = None
    preset: str | None = None
    base_url: str | None = None
    management_url: str | None = None
    legacy_url: str | None = None
    auth_url: str | None = None
    oidc_url: str | None = None
    api_key_env: str | None = None
    api_key_file: str | None = None
    credentials_file: str | None = None
    credentials_env: str | None = None
    region: str | None = None
    priority: int = 0
    weight: int = 1
    enabled: bool = True
    proxy: str | None = None
    max_concurrency: int = 0
    min_interval_ms: int = 0
    rpm: int = 0
    tpm: int = 0


class ClientDecl(Struct, kw_only=True, forbid_unknown_fields=True):
    """`[[clients]]`: one further key for a2a itself."""

    name: str
    key_env: str | None = None
    key_file: str | None = None


class Settings(Struct, kw_only=True):
    """Everything, resolved. `providers` is keyed by provider id (short names are resolved while loading)."""

    server: ServerSettings = field(default_factory=ServerSettings)
    providers: dict[str, ProviderSettings] = {}
    accounts: list[AccountDecl] = []
    clients: list[ClientDecl] = []
    client_keys: dict[str, Secret] = {}
    """Name -> key of `clients`, references resolved."""
    origins: dict[str, str] = {}
    """Dotted setting name -> `default`, `config.toml:12`, `A2A_PORT`, `--port`."""
    config_file: str | None = None

    def provider(self, provider_id: str) -> ProviderSettings:
        """The provider's table, or an empty one."""
        return self.providers.get(provider_id) or ProviderSettings()
