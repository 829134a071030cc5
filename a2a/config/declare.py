"""The one typed declaration of every setting. Names, levels and defaults: contract sections 3, 3.1 and 5.

A field is a setting the moment it stands here: its flag, variable and file key follow from its name by rule.
`Annotated` carries the range, so that a bad value is refused where it was written.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from a2a.config.parameters import ParameterRules
from a2a.config.proxies import EnvProxies
from a2a.config.surroundings import Surroundings
from a2a.paths import Folders, folders
from a2a.secret import Secret

Port = Annotated[int, Meta(ge=0, le=65535)]
Count = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0)]
Weight = Annotated[int, Meta(ge=1)]
Strategy = Literal["round-robin", "weighted", "fill-first", "least-busy", "quota-aware"]
StoreKind = Literal["keyring", "file"]
Plan = Literal["standard", "coding", "token"]
Dealing = Literal["in-order", "round-robin"]
PromptMode = Literal["overwrite", "append"]
LogPrompts = Literal["none", "console", "file"]
FileName = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^/\\:\x00-\x1f]+$")]
Modality = Literal["text", "image", "pdf", "audio", "video"]
TokenCount = Annotated[int, Meta(ge=1)]
PerMillion = Annotated[float, Meta(ge=0)]


class ServerSettings(Struct, kw_only=True, forbid_unknown_fields=True):
    """`[server]`; `x_y` = flag `--x-y` of `a2a serve` = `A2A_X_Y`. Seconds, ms, MiB as the name says; 0 s = none."""

    host: str = "localhost"
    port: Port = 3000
    api_key: Secret | None = None
    model_provider: list[str] = []
    """The default chain: provider ids, in order (short names are resolved while loading)."""
    request_max_retries: Count = 3
    request_base_delay: Count = 1000
    connect_timeout_s: Seconds = 10.0
    first_byte_timeout_s: Seconds = 600.0
    idle_timeout_s: Seconds = 180.0
    total_timeout_s: Seconds = 0.0
    commit_after_s: Seconds = 20.0
    keepalive_s: Seconds = 10.0
    max_body_mib: Annotated[int, Meta(ge=1)] = 32
    strategy: Strategy = "round-robin"
    affinity: bool = True
    queue_timeout_s: Seconds = 30.0
    proxy: str | None = None
    default_model: str | None = None
    system_prompt_file: str | None = None
    system_prompt_mode: PromptMode = "overwrite"
    fallback_explicit: bool = False
    """Whether `fallback` holds for a provider that the client itself has named."""
    fetch_media: bool = True
    fetch_media_allow: list[str] = []
    auto_cache: bool = True
    response_store: bool = False
    log_exchanges: bool = True
    log_bodies: bool = False
    log_body_max_kib: Annotated[int, Meta(ge=1)] = 1024
    log_keep_days: Annotated[float, Meta(ge=0)] = 30.0
    log_max_mib: Count = 1024
    log_prompts: LogPrompts = "none"
    prompt_log_base_name: FileName = "prompt_log"
    allow_host: list[str] = []
    allow_origin: list[str] = []
    cron_near_minutes: Count = 15
    cron_refresh_token: bool = True
    record: str | None = None
    """Folder that gets a cassette of each exchange."""
    replay: str | None = None
    """Folder of cassettes that are served instead of upstreams."""
    replay_speed: Annotated[float, Meta(ge=0)] = 0.0
    """How fast streams of cassettes play: 0 = at once, 1 = as recorded, 2 = twice as fast."""
    openai_api_key: Secret | None = None
    openai_base_url: str | None = None
    claude_api_key: Secret | None = None
    claude_base_url: str | None = None
    gemini_oauth_creds_base64: Secret | None = None
    gemini_oauth_creds_file: str | None = None
    project_id: str | None = None
    """Google Cloud project of the account that `gemini_oauth_creds_*` make."""
    kiro_oauth_creds_base64: Secret | None = None
    kiro_oauth_creds_file: str | None = None
    qwen_oauth_creds_file: str | None = None


class ProviderSettings(Struct, kw_only=True, forbid_unknown_fields=True):
    """`[providers.<id>]`; None = the server's value or the provider's own default."""

    base_url: str | None = None
    auth_url: str | None = None
    token_url: str | None = None
    userinfo_url: str | None = None
    paste_url: str | None = None
    oidc_url: str | None = None
    portal_url: str | None = None
    start_url: str | None = None
    management_url: str | None = None
    legacy_url: str | None = None
    idp_allow: list[str] | None = None
    oauth_client_id: str | None = None
    oauth_client_secret: Secret | None = None
    """From its variable, or from what the two references below name; it has no place in the file."""
    oauth_client_secret_env: str | None = None
    oauth_client_secret_file: str | None = None
    connect_timeout_s: Seconds | None = None
    first_byte_timeout_s: Seconds | None = None
    idle_timeout_s: Seconds | None = None
    total_timeout_s: Seconds | None = None
    strategy: Strategy | None = None
    affinity: bool | None = None
    max_concurrency: Count | None = None
    min_interval_ms: Count | None = None
    rpm: Count | None = None
    tpm: Count | None = None
    queue_timeout_s: Seconds | None = None
    health_check_model: str | None = None
    """Accounts are asked something small of this model when nobody else has for a while; None = never."""
    health_check_every_s: Annotated[float, Meta(ge=60)] = 3600.0
    health_check_per_day: Count = 24
    proxy: str | None = None
    region: str | None = None
    default_model: str | None = None
    models: list[str] | None = None
    """Model names this provider is known to serve, besides what its own catalogue lists."""
    fallback: list[str] | None = None
    """Where none of its accounts can serve: `provider`, `provider/model` or `model`, in order."""
    system_prompt: str | None = None
    """As `[server] system_prompt_file`, before that; an empty text is no prompt."""
    system_prompt_file: str | None = None
    system_prompt_mode: PromptMode | None = None
    parameters: ParameterRules | None = None
    user_agent: str | None = None
    endpoint: Literal["auto", "krs", "legacy"] | None = None
    wire: Literal["rest", "aws-json"] | None = None
    origin: str | None = None
    write_back: bool | None = None
    auth_type_header: bool | None = None
    dummy_tool: Literal["off", "when_no_tools"] | None = None


class AccountDecl(Struct, kw_only=True, forbid_unknown_fields=True):
    """`[[accounts]]`: secrets by reference only (contract section 3). `provider`: the id."""

    provider: str
    name: str | None = None
    preset: str | None = None
    base_url: str | None = None
    management_url: str | None = None
    legacy_url: str | None = None
    auth_url: str | None = None
    token_url: str | None = None
    userinfo_url: str | None = None
    oidc_url: str | None = None
    api_key_env: str | None = None
    api_key_file: str | None = None
    credentials_file: str | None = None
    credentials_env: str | None = None
    region: str | None = None
    plan: Plan | None = None
    project_id: str | None = None
    priority: int = 0
    weight: Weight = 1
    enabled: bool = True
    proxy: str | None = None
    max_concurrency: Count = 0
    min_interval_ms: Count = 0
    rpm: Count = 0
    tpm: Count = 0


class ClientDecl(Struct, kw_only=True, forbid_unknown_fields=True):
    """`[[clients]]`: one further key for a2a itself."""

    name: str
    key_env: str | None = None
    key_file: str | None = None
    system_prompt: str | None = None
    """As in `[providers]`, before those of models."""
    system_prompt_file: str | None = None
    system_prompt_mode: PromptMode | None = None
    parameters: ParameterRules | None = None


class ModelPrice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """US dollars per million tokens. None = unknown; `cached_input` and `cache_write` then cost what `input` does."""

    input: PerMillion | None = None
    cached_input: PerMillion | None = None
    cache_write: PerMillion | None = None
    output: PerMillion | None = None


class ModelDecl(Struct, kw_only=True, forbid_unknown_fields=True):
    """`[models."provider/model"]`, or `[models."model"]` for every provider that serves it. None = as it is known."""

    context: TokenCount | None = None
    """Most input tokens."""
    max_output: TokenCount | None = None
    input: list[Modality] | None = None
    price: ModelPrice | None = None
    price_date: str | None = None
    """When that price held; what a cost estimate names as its basis."""
    fallback: list[str] | None = None
    """As in `[providers]`, before that; an empty list is none."""
    connect_timeout_s: Seconds | None = None
    first_byte_timeout_s: Seconds | None = None
    idle_timeout_s: Seconds | None = None
    total_timeout_s: Seconds | None = None
    system_prompt: str | None = None
    """As in `[providers]`, before that."""
    system_prompt_file: str | None = None
    system_prompt_mode: PromptMode | None = None
    parameters: ParameterRules | None = None


class AliasDecl(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of `[aliases]`: where requests for that name or pattern go. A text or a list is short for `targets`."""

    targets: list[str]
    strategy: Dealing = "in-order"


class Settings(Struct, kw_only=True):
    """Everything, resolved. `providers` is keyed by provider id (short names are resolved while loading)."""

    server: ServerSettings = field(default_factory=ServerSettings)
    providers: dict[str, ProviderSettings] = {}
    accounts: list[AccountDecl] = []
    clients: list[ClientDecl] = []
    aliases: dict[str, AliasDecl] = {}
    """By the name or pattern that clients send, as the file has it."""
    models: dict[str, ModelDecl] = {}
    """By `model` or `provider/model`, as the file has it."""
    client_keys: dict[str, Secret] = {}
    """Name -> key of `clients`, references resolved; a client whose key is missing stands in `problems` instead."""
    prompts: dict[str, str] = {}
    """Path -> text of the system prompt files that could be read."""
    prompt_troubles: dict[str, str] = {}
    """Setting -> what is wrong with the file it names: an error for who is to send prompts, nothing for others."""
    env_secrets: dict[str, Secret] = {}
    """Variable name -> value, for the variables that `accounts` refer to and that are set."""
    credential_store: StoreKind = "keyring"
    url: str | None = None
    """`A2A_URL`: the server that commands talk to, instead of those this home knows."""
    folders: Folders = field(default_factory=lambda: folders(None))
    env_proxies: EnvProxies = EnvProxies()
    """What the standard variables say, for whoever has no `proxy` of its own."""
    surroundings: Surroundings = Surroundings()
    origins: dict[str, str] = {}
    """Dotted setting name -> `default`, `config.toml:12`, `A2A_PORT`, `--port`."""
    config_file: str | None = None
    """The file that was read, None when there is none."""
    problems: list[str] = []
    """What is wrong without making everything else useless: said on stderr, an error for `a2a config validate`."""

    def provider(self, provider_id: str) -> ProviderSettings:
        """The provider's table, or an empty one."""
        return self.providers.get(provider_id) or ProviderSettings()
