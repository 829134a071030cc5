"""Values of the control API and of the exchange record: what happened, to whom, why, and what to do about it.

Times are Unix seconds (UTC, float), durations milliseconds. None = unknown or not reached. These are also the rows of
the exchange store and what `explain`, `logs`, `dash` and `/admin/v1` show: one shape for all. No secret ever enters a
value of this module, but for the `Export` that asks for them: redaction happens when a record is made.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

AccountState = Literal[
    "ready", "cooling", "needs_login", "needs_action", "suspended", "retired", "draining", "disabled"
]
ExchangeState = Literal["routing", "waiting", "streaming", "done", "failed", "client_closed"]
AttemptOutcome = Literal["ok", "failed", "client_closed"]
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
    """Everything known about one account but its secret. `urls`, `proxy`: without userinfo; `limits`: ours, 0 = none.

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


class Reloaded(Struct, frozen=True, kw_only=True):
    """What `reload` found. `problems`: a sentence for each account, and each key of a client, that cannot be used.

    Of settings, where they were read again: `changed` names those that are others now, `restart` those that wait for
    the server's next start.
    """

    accounts: int
    problems: list[str] = []
    changed: list[str] = []
    restart: list[str] = []


class Route(Struct, frozen=True, kw_only=True):
    """How (front, model name, prefix, header) became (provider, upstream model). `via` names what decided."""

    front: str
    asked: str
    provider: str
    model: str
    via: Literal["prefix", "header", "name", "alias", "catalogue", "default", "fallback"]
    account: str | None = None
    """The alias, where the client, or the target of its alias, named one account."""
    instead_of: str | None = None
    """`provider/model` whose `fallback` this is."""


class Considered(Struct, frozen=True, kw_only=True):
    """One account the pool looked at. `why`: `picked`, or the word for skipping it; `until` where it ends by itself."""

    account: str
    why: str
    until: float | None = None


class Decision(Struct, frozen=True, kw_only=True):
    """One turn of the pool for an exchange."""

    strategy: str
    picked: str | None
    considered: list[Considered] = []
    waited_ms: float = 0.0


class Attempt(Struct, kw_only=True):
    """One upstream call. `status`: the upstream's HTTP status. Durations count from the attempt's own start."""

    n: int
    provider: str
    account: str
    model: str
    started_at: float
    decision: Decision | None = None
    status: int | None = None
    upstream_id: str | None = None
    """The upstream's request id, for its support."""
    headers_ms: float | None = None
    first_event_ms: float | None = None
    duration_ms: float | None = None
    outcome: AttemptOutcome | None = None
    fault: Fault | None = None


class Timings(Struct, kw_only=True):
    """Milliseconds since the request arrived."""

    queued: float | None = None
    headers: float | None = None
    first_token: float | None = None
    last: float | None = None


class Tokens(Struct, frozen=True, kw_only=True):
    """Inclusive, as `messages.Usage`."""

    input: int | None = None
    output: int | None = None
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    estimated: bool = False


class Cost(Struct, frozen=True, kw_only=True):
    """`basis`: date of the price table, or `upstream` where it said so itself. `currency`: USD, credit."""

    amount: float
    currency: str
    basis: str


class NoteView(Struct, frozen=True):
    """One degradation: field, what was done (dropped, emulated, mapped, clamped, repaired, added), why."""

    field: str
    action: str
    why: str = ""


class Bodies(Struct, kw_only=True):
    """Redacted, size-capped bodies, only when asked for. Text, or base64 behind `base64:` where not UTF-8."""

    client_request: str | None = None
    upstream_request: str | None = None
    upstream_answer: str | None = None
    client_answer: str | None = None


class Exchange(Struct, kw_only=True):
    """One client request with everything that happened to it.

    `unserved`: the turns of the pool that found no account, which no attempt shows; their `picked` is null.
    """

    id: str
    started_at: float
    client: str
    """Name of the client key, or `local` for `a2a chat`."""
    front: str
    path: str
    stream: bool = False
    agent: str | None = None
    """The client's User-Agent."""
    session: str | None = None
    state: ExchangeState = "routing"
    mode: Literal["relay", "convert"] | None = None
    route: Route | None = None
    attempts: list[Attempt] = []
    unserved: list[Decision] = []
    status: int | None = None
    """What the client got."""
    timings: Timings = field(default_factory=Timings)
    tokens: Tokens | None = None
    cost: Cost | None = None
    stop: str | None = None
    notes: list[NoteView] = []
    fault: Fault | None = None
    request_bytes: int = 0
    answer_bytes: int = 0
    bodies: Bodies | None = None


class ConfigView(Struct, frozen=True, kw_only=True):
    """The settings a running server has. `file`: where they come from; `loaded_at`: when it took them.

    `refused`: what is wrong with the file as it is now, with its line, and `hint` what helps: the settings from before
    stay. `restart`: names of settings that wait for the next start. `problems`: what is wrong, while the rest works.
    """

    loaded_at: float
    file: str | None = None
    refused: str | None = None
    hint: str | None = None
    refused_at: float | None = None
    restart: list[str] = []
    problems: list[str] = []


class ServerView(Struct, frozen=True, kw_only=True):
    """A running server: its state file and `GET /admin/v1/server`, which alone tells of its `config`."""

    url: str
    pid: int
    version: str
    started_at: float
    in_flight: int = 0
    served: int = 0
    config: ConfigView | None = None


class ExplainWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `explain`: the request to think through. `front`: the protocol it is in; `body`: what its client would
    send, in which `model` may stand too. `prefix`: the provider in front of the path, by id or short name.

    `headers`: lower case; `model-provider` and those that name a session count.
    """

    front: Literal["chat", "responses", "claude", "gemini"] = "chat"
    model: str | None = None
    prefix: str | None = None
    headers: dict[str, str] = {}
    body: Raw = Raw(b"{}")


class Hop(Struct, frozen=True, kw_only=True):
    """One (provider, model) that a request would try, and the accounts in the order they would be asked.

    `waiting`: accounts that would not be asked now, with why. `mode`: null where the conversion itself would fail,
    which `fault` then tells. `notes`: what becomes of fields the target cannot carry as they are. `url`: of the call.
    """

    route: Route
    accounts: list[Considered] = []
    waiting: list[Considered] = []
    strategy: str | None = None
    mode: Literal["relay", "convert"] | None = None
    url: str | None = None
    notes: list[NoteView] = []
    fault: Fault | None = None


class Explained(Struct, frozen=True, kw_only=True):
    """What a request would get, without anybody being called. `hops` in the order of trying; empty with a `fault`."""

    front: str
    asked: str
    stream: bool = False
    hops: list[Hop] = []
    fault: Fault | None = None


class Price(Struct, frozen=True, kw_only=True):
    """US dollars per million tokens, None = not known. `basis`: date of the price, or the file that says it.

    Large inputs may cost more (`a2a.catalog`).
    """

    input: float | None = None
    cached_input: float | None = None
    cache_write: float | None = None
    output: float | None = None
    basis: str = ""


class ModelView(Struct, frozen=True, kw_only=True):
    """One model reachable now. `id` is what a client sends; `accounts`: names able to serve it.

    An alias of the settings is a row too: its `provider` is `alias`, its `targets` are what it stands for, and with
    `pattern` its `id` is no name but a pattern. `input`: kinds of content the model reads, empty = not known.
    """

    id: str
    name: str
    provider: str
    aliases: list[str] = []
    accounts: list[str] = []
    context: int | None = None
    max_output: int | None = None
    created: int = 0
    """Unix seconds, 0 where the upstream does not say."""
    input: list[str] = []
    price: Price | None = None
    targets: list[str] = []
    pattern: bool = False


class ExchangeChanged(Struct, frozen=True, tag="exchange"):
    exchange: Exchange


class AccountChanged(Struct, frozen=True, tag="account"):
    account: AccountView


class Progress(Struct, frozen=True, kw_only=True, tag="progress"):
    """A live exchange between its first and last token."""

    id: str
    output_bytes: int
    first_token_ms: float | None = None


class LogLine(Struct, frozen=True, kw_only=True, tag="log"):
    level: str
    event: str
    fields: dict[str, str] = {}


Change = ExchangeChanged | AccountChanged | Progress | LogLine


class LiveEvent(Struct, frozen=True):
    """One item of the live stream; `seq` grows by one, a listener resumes behind the last it saw."""

    seq: int
    at: float
    change: Change
