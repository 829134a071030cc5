"""An exchange as rows of the store, and back."""

from __future__ import annotations

import random
import zlib

import msgspec
from msgspec import Struct, structs

from a2a.control.types import Bodies, Exchange

COLUMNS = (
    *("n", "id", "started_at", "state", "status", "provider", "account", "model", "asked", "client", "front"),
    *("session", "attempts", "input", "output", "cache_read", "cache_write", "reasoning", "cost", "currency", "basis"),
    *("first_token_ms", "duration_ms", "size"),
)
"""Of `exchange`, in the order of `Row.columns`."""

_CHANCE = 1024
"""Numbers for each microsecond."""


class _Kept(Bodies, kw_only=True):
    """Bodies as a row holds them. `requests`, `answers`: attempts, by their place, whose body is that of the client,
    word for word, and stands once.
    """

    requests: list[int] = msgspec.field(default_factory=list)
    answers: list[int] = msgspec.field(default_factory=list)


_EXCHANGE = msgspec.json.Decoder(Exchange)
_BODIES = msgspec.json.Decoder(_Kept)
_encode = msgspec.json.Encoder().encode

_LEVEL = 1
"""Of zlib: three times as fast as its default and about a tenth larger (measured on recorded bodies)."""


class Row(Struct, frozen=True):
    """What one exchange puts into the tables."""

    n: int
    columns: tuple[object, ...]
    exchange: str
    bodies: bytes | None
    earlier: tuple[str, ...]


class Names(Struct, frozen=True):
    """What an exchange is found and counted by: of its last attempt, else of its route; "" for what there is not."""

    provider: str
    account: str
    model: str
    asked: str


def names_of(exchange: Exchange) -> Names:
    route = exchange.route
    asked = exchange.asked or (route.asked if route is not None else "")
    if exchange.attempts:
        last = exchange.attempts[-1]
        return Names(last.provider, last.account, last.model, asked)
    return Names(route.provider, "", route.model, asked) if route is not None else Names("", "", "", asked)


def first_at(time_s: float) -> int:
    """The lowest number an exchange that began then, or later, can have."""
    return int(time_s * 1_000_000) * _CHANCE


def row_of(exchange: Exchange) -> Row:
    """An exchange that has ended."""
    bodies, packed = exchange.bodies, None
    if bodies is not None:
        packed = zlib.compress(_encode(_kept(bodies)), _LEVEL)
        exchange = structs.replace(exchange, bodies=None)
    record = _encode(exchange).decode()
    n = first_at(exchange.started_at) + random.randrange(_CHANCE)  # noqa: S311 (a place among those of one moment)
    names = names_of(exchange)
    tokens, cost, timings = exchange.tokens, exchange.cost, exchange.timings
    columns: tuple[object, ...] = (
        n,
        exchange.id,
        exchange.started_at,
        exchange.state,
        exchange.status,
        names.provider,
        names.account,
        names.model,
        names.asked,
        exchange.client,
        exchange.front,
        exchange.session,
        len(exchange.attempts),
        *((tokens.input, tokens.output) if tokens is not None else (None, None)),
        *((tokens.cache_read, tokens.cache_write, tokens.reasoning) if tokens is not None else (0, 0, 0)),
        *((cost.amount, cost.currency, cost.basis) if cost is not None else (None, None, None)),
        timings.first_token,
        timings.last,
        len(record) + len(packed or b""),
    )
    earlier = {one.account for one in exchange.attempts[:-1]} - {names.account} if len(exchange.attempts) > 1 else ()
    return Row(n, columns, record, packed, tuple(earlier))


def exchange_of(record: str, packed: bytes | None = None) -> Exchange:
    """The exchange a row holds; with its bodies where they are given."""
    exchange = _EXCHANGE.decode(record)
    if packed is not None:
        exchange.bodies = _bodies(_BODIES.decode(zlib.decompress(packed)))
    return exchange


def _kept(bodies: Bodies) -> _Kept:
    kept = _Kept(**structs.asdict(bodies))
    kept.requests = [at for at, one in enumerate(bodies.attempts) if one.request == bodies.request]
    kept.answers = [at for at, one in enumerate(bodies.attempts) if one.answer == bodies.answer]
    for places, name in ((kept.requests, "request"), (kept.answers, "answer")):
        same = {at: structs.replace(kept.attempts[at], **{name: None}) for at in places}
        kept.attempts = [same.get(at, one) for at, one in enumerate(kept.attempts)]
    return kept


def _bodies(kept: _Kept) -> Bodies:
    for at in kept.requests:
        kept.attempts[at].request = kept.request
    for at in kept.answers:
        kept.attempts[at].answer = kept.answer
    return Bodies(**{name: getattr(kept, name) for name in Bodies.__struct_fields__})
