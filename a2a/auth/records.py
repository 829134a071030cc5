"""What an account is on disk: metadata without secrets, and the credential that lies apart from it.

`Account` is written to the data folder; `Credential` goes to the keyring (or the 0600 file store) under the same id,
which survives a rename.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from a2a.secret import Secret

Origin = Literal["login", "config", "flag"]


class Limits(Struct, frozen=True, kw_only=True):
    """Ours, besides the upstream's own; 0 = none. Contract 3.1."""

    max_concurrency: int = 0
    min_interval_ms: int = 0
    rpm: int = 0
    tpm: int = 0


class Account(Struct, frozen=True, kw_only=True):
    """One credential at one provider. `id` is random and permanent; `alias` is unique within the provider.

    `urls`: overrides by setting name (`base_url`, `management_url` …), without the provider's defaults. `expires_at`:
    Unix seconds of the access token, None for keys. `origin`: `flag` accounts live for one run only.
    """

    id: str
    provider: str
    alias: str
    origin: Origin = "login"
    kind: str = "api_key"
    """Credential kind: `api_key`, `oauth`, or kiro's `social`, `idc`, `external_idp`."""
    label: str | None = None
    """What the upstream calls the user: e-mail, plan."""
    preset: str | None = None
    urls: dict[str, str] = {}
    region: str | None = None
    plan: str | None = None
    """qwen: which plan the key belongs to."""
    project_id: str | None = None
    """gemini: the Google Cloud project the user named; None: the one that Google names."""
    priority: int = 0
    weight: int = 1
    enabled: bool = True
    draining: bool = False
    """Conversations that are on it go on, new ones go elsewhere."""
    pinned: bool = False
    """Every request for its provider takes this account while it can serve; at most one per provider."""
    proxy: str | None = None
    limits: Limits = Limits()
    created_at: float = 0.0
    expires_at: float | None = None
    source: str | None = None
    """Where an imported credential came from: a path, an env variable's name, `kiro-cli`."""

    @property
    def name(self) -> str:
        """`provider id/alias`, as in logs and headers."""
        return f"{self.provider}/{self.alias}"


class ApiKey(Struct, frozen=True, tag="api_key"):
    key: Secret


class KiroToken(Struct, frozen=True, kw_only=True, tag="kiro"):
    """specs/kiro.md 2.6. `expires_at`: Unix seconds. `client_*`: the OIDC registration of an IdC login."""

    kind: Literal["social", "idc", "external_idp", "api_key"]
    access_token: Secret
    refresh_token: Secret = Secret("")
    expires_at: float = 0.0
    issued_at: float = 0.0
    """When we got this access token, 0 for an import: its life bounds how early it is renewed (contract section 5)."""
    idp: str = ""
    """Google, Github, BuilderId, Enterprise, Internal, ExternalIdp, ApiKey."""
    profile_arn: str | None = None
    auth_region: str = "us-east-1"
    start_url: str | None = None
    client_id: str | None = None
    client_secret: Secret = Secret("")
    client_secret_expires_at: float | None = None
    token_endpoint: str | None = None
    issuer_url: str | None = None
    scopes: str | None = None
    email: str | None = None
    source_fingerprint: str | None = None
    """SHA-256 of the refresh token as first imported: a declared source continues its rotation (contract 3)."""


class GoogleToken(Struct, frozen=True, kw_only=True, tag="google"):
    """specs/gemini-cli.md 4. `expires_at`: Unix seconds. `client_*`: the OAuth client that obtained it, which alone can
    renew it; None and "": the Gemini CLI's."""

    access_token: Secret
    refresh_token: Secret = Secret("")
    expires_at: float = 0.0
    issued_at: float = 0.0
    scope: str | None = None
    email: str | None = None
    client_id: str | None = None
    client_secret: Secret = Secret("")
    source_fingerprint: str | None = None


class QwenToken(Struct, frozen=True, kw_only=True, tag="qwen"):
    """specs/qwen.md 3. `resource_url`: the host the token is valid at (section 4), as it was told."""

    access_token: Secret
    refresh_token: Secret = Secret("")
    expires_at: float = 0.0
    issued_at: float = 0.0
    resource_url: str | None = None
    email: str | None = None
    source_fingerprint: str | None = None


Token = KiroToken | GoogleToken | QwenToken
"""What is renewed; `issued_at` and `source_fingerprint` mean the same in each."""

Credential = ApiKey | KiroToken | GoogleToken | QwenToken
