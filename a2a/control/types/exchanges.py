"""Exchanges: what happened to one client request, and how to ask for many of them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from a2a.control.types.accounts import Fault

ExchangeState = Literal["routing", "waiting", "streaming", "done", "failed", "client_closed"]


AttemptOutcome = Literal["ok", "failed", "client_closed"]


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
    connect_ms: float | None = None
    """Until there was a new connection; None: one that was open already, or a proxy's."""
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
    """One change: field, what was done (dropped, emulated, mapped, clamped, repaired, added, overwritten), why."""

    field: str
    action: str
    why: str = ""


class Arrival(Struct, frozen=True):
    """One read of an answer: when, since the request arrived, and how many bytes of the recorded body it brought.

    The body's bytes are its text in UTF-8, or what stands behind `base64:`, decoded.
    """

    at_ms: float
    size: int


class AttemptBodies(Struct, kw_only=True):
    """What went to the upstream in attempt `n`, and what came back. Header names in lower case; secrets are gone.

    `answer`: as it came, a stream with all its frames; `arrivals` cuts it into the reads it came in. A call that the
    attempt repeated (a renewed token, a repaired body) is a further one with the same `n`.
    """

    n: int
    method: str = "POST"
    url: str | None = None
    request_headers: dict[str, str] = {}
    request: str | None = None
    answer_headers: dict[str, str] = {}
    answer: str | None = None
    arrivals: list[Arrival] = []


class Bodies(Struct, kw_only=True):
    """Redacted, size-capped bodies, only when asked for. Text, or base64 behind `base64:` where not UTF-8.

    `answer` is what the client got. A request of `a2a chat` had no wire format: it is in the neutral form
    (`a2a.messages.Request`), its answer as that of `/v1/chat/completions`. `cut`: names of the bodies that were longer
    than the cap (`request`, `answer`, `1.request`, `1.answer`): of those the beginning is kept.
    """

    request_headers: dict[str, str] = {}
    request: str | None = None
    answer_headers: dict[str, str] = {}
    answer: str | None = None
    attempts: list[AttemptBodies] = []
    cut: list[str] = []


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
    asked: str = ""
    """The model name as the client sent it; empty where the request had none."""
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
    bodies_lost: bool = False
    """They were to be recorded, but at that moment more came than could be written."""


Column = Literal["provider", "account", "model", "client", "front", "day", "hour"]
"""What exchanges are counted by; `day` and `hour` are UTC, as `2026-11-22` and `2026-11-22T17`."""


class ExchangeFilter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which exchanges. Everything given must hold; times are Unix seconds.

    `provider`: the id; `account`: `short/alias` of any attempt (a server takes id and short name for both); `model`:
    the one asked for or the one used, `*` and `?` as in file names; `status`: an exchange state, an HTTP status, `4xx`
    or `5xx`; `text`: words found in names, messages and, where they are recorded, bodies.
    """

    since: float | None = None
    until: float | None = None
    provider: str | None = None
    account: str | None = None
    model: str | None = None
    client: str | None = None
    front: str | None = None
    session: str | None = None
    status: str | None = None
    text: str | None = None


class ExchangeWish(ExchangeFilter, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A page of exchanges, newest first, without their bodies. `before`: the id the page starts behind."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    before: str | None = None


class ExchangePage(Struct, frozen=True, kw_only=True):
    """`next`: the `before` of the following page, None after the last."""

    exchanges: list[Exchange]
    next: str | None = None


class ReplayWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Send a recorded request again. `provider`: id, short name or `provider/alias`; absent: as it went before."""

    provider: str | None = None
    model: str | None = None


class Replayed(Struct, frozen=True, kw_only=True):
    """`before` and `after`: both exchanges with their bodies; `diff`: unified diff lines of the two answers' text."""

    before: Exchange
    after: Exchange
    diff: list[str] = []


class StatsWish(ExchangeFilter, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Figures over the exchanges that pass the filter, a row for each combination of `by` that occurs."""

    by: list[Column] = []


class StatsRow(Struct, frozen=True, kw_only=True):
    """`key`: one value for each column asked for. Durations in ms, of served exchanges; None where there is none."""

    key: dict[str, str] = {}
    requests: int = 0
    failed: int = 0
    client_closed: int = 0
    attempts: int = 0
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    cost: list[Cost] = []
    """Sums, one for each currency; `basis` is the newest date, `upstream` where upstreams said it all themselves."""
    unpriced: int = 0
    """Served exchanges whose price nobody knows."""
    first_token_p50_ms: float | None = None
    first_token_p95_ms: float | None = None
    duration_p50_ms: float | None = None
    duration_p95_ms: float | None = None


class Stats(Struct, frozen=True, kw_only=True):
    """`since`, `until`: of the first and last exchange counted. Rows in the order of their keys, days ascending."""

    total: StatsRow
    rows: list[StatsRow] = []
    since: float | None = None
    until: float | None = None
