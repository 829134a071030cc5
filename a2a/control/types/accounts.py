"""Accounts as every surface shows them, and the actions on them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

AccountState = Literal[
    "ready", "cooling", "needs_login", "needs_action", "suspended", "retired", "draining", "disabled"
]


Action = Literal[
    "fail",  # give the error to the client
    "repair",  # change the body and try the same account once more
    "refresh",  # renew the token, try the same account once more
    "next",  # try the next account
    "cool_down",  # the account rests until a time; try the next
    "needs_login",
    "needs_action",
    "suspended",
    "retired",
]


class Quota(Struct, frozen=True, kw_only=True):
    """One allowance of an account. `unit`: credit, request, token, percent. `taken_at`: when the upstream said so.

    `model`: the only one it is for; None: for all of the account. `name`: which of several of its unit (`input`, `5h`).
    """

    unit: str
    name: str | None = None
    model: str | None = None
    limit: float | None = None
    remaining: float | None = None
    resets_at: float | None = None
    taken_at: float = 0.0


class Standing(Struct, frozen=True, kw_only=True):
    """What a probe of one account found: whether it can be used now, and as whom.

    `message`: the finding in words (`Gemini Code Assist, project acme-dev-1`); `remedy`: what the user can do about a
    state other than `ready`; `label`: the e-mail; `plan`: what the upstream calls the subscription or tier. `until`:
    Unix seconds, where the state ends by itself.
    """

    state: AccountState
    message: str
    reason: str | None = None
    remedy: str | None = None
    label: str | None = None
    plan: str | None = None
    until: float | None = None
    quota: list[Quota] = []


class Fault(Struct, frozen=True, kw_only=True):
    """Why an attempt, an exchange or an account failed. `remedy`: the next command or setting, in words."""

    kind: str
    message: str
    status: int | None = None
    code: str | None = None
    scope: str = "internal"
    action: Action = "fail"
    at: float = 0.0
    until: float | None = None
    remedy: str | None = None


class AccountCounts(Struct, kw_only=True):
    requests: int = 0
    successes: int = 0
    failures: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class AccountView(Struct, frozen=True, kw_only=True):
    """One account as every surface shows it."""

    id: str
    provider: str
    alias: str
    state: AccountState
    kind: str = "api_key"
    origin: str = "login"
    reason: str | None = None
    message: str | None = None
    """What happened, in words, where the state is not `ready`."""
    remedy: str | None = None
    """The next command or setting that helps."""
    until: float | None = None
    label: str | None = None
    plan: str | None = None
    """The subscription or tier, as the upstream calls it; qwen: which plan its key belongs to."""
    draining: bool = False
    pinned: bool = False
    priority: int = 0
    weight: int = 1
    in_flight: int = 0
    expires_at: float | None = None
    quota: list[Quota] = []
    last_fault: Fault | None = None
    last_used_at: float | None = None
    counts: AccountCounts = field(default_factory=AccountCounts)
    base_url: str | None = None
    """Where its requests go."""


class AccountDetail(AccountView, frozen=True, kw_only=True):
    """Everything known about one account but its secret. `urls`, `proxy`: without userinfo. `limits`: its own 0: none.
    `limits_in_force`: those that hold, with its provider's in place of what is not its own.

    `source`: where its credential came from: a path, a variable's name, `kiro-cli`.
    """

    source: str | None = None
    preset: str | None = None
    urls: dict[str, str] = {}
    region: str | None = None
    project_id: str | None = None
    proxy: str | None = None
    enabled: bool = True
    limits: dict[str, int] = {}
    limits_in_force: dict[str, int] = {}
    created_at: float | None = None


Count = Annotated[int, Meta(ge=0)]


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of an action that needs none: empty, or `{}`."""


class AccountSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Body of `set`: what changes; what is absent stays. `proxy` null: none of its own. Limits: 0 = none."""

    priority: int | UnsetType = UNSET
    weight: Annotated[int, Meta(ge=1)] | UnsetType = UNSET
    proxy: str | UnsetType | None = UNSET
    max_concurrency: Count | UnsetType = UNSET
    min_interval_ms: Count | UnsetType = UNSET
    rpm: Count | UnsetType = UNSET
    tpm: Count | UnsetType = UNSET


class NewName(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `rename`."""

    name: str


class ExportWish(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `export`; `with_secrets` must be true, so that nobody asks for them unawares."""

    with_secrets: bool = False


class MigrateWish(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `migrate`: which store takes all secrets."""

    to: Literal["keyring", "file"]


class Acted(Struct, frozen=True, kw_only=True):
    """What an action did. `id`, `account`: whose (`provider id/alias`); `message`: in words.

    `view`: the account afterwards, None when it is removed. `standing`: what `test` found, None where nobody answered.
    """

    action: str
    id: str
    account: str
    message: str
    view: AccountView | None = None
    standing: Standing | None = None


class Exported(Struct, frozen=True, kw_only=True):
    """One account of an `Export`: its record, and its credential as the store holds it. A secret document."""

    account: Raw
    credential: Raw


class Export(Struct, frozen=True, kw_only=True):
    """What `export` gives. `a2a`: version of the document."""

    a2a: int
    accounts: list[Exported]


class Migrated(Struct, frozen=True, kw_only=True):
    """What `migrate` did. `moved`: ids of the secrets; `note`: what later commands need, in words."""

    to: str
    moved: list[str]
    note: str
