"""What a request would get, without anybody being called and without anything changing: route, accounts, conversion.

The pipeline's own parts are asked, so that it cannot say one thing and do another: the router, the pool's own words for
why an account is passed over, and relay and convert up to the moment where the call would go out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import msgspec
from msgspec import Raw

from a2a.auth.records import ApiKey, Credential
from a2a.auth.renewal import stored
from a2a.control.types import Attempt, Considered, Decision, Explained, ExplainWish, Fault, Hop, NoteView, Route
from a2a.errors import A2AError, AccountError, RequestError
from a2a.gateway import convert, relay
from a2a.gateway.affinity import session_of
from a2a.gateway.attempt import Job, Try
from a2a.gateway.call import Call
from a2a.gateway.engine import Engine
from a2a.gateway.media import MediaFetcher, ProxyOf
from a2a.gateway.report import Report
from a2a.gateway.route import Choice
from a2a.pool.account import PoolAccount
from a2a.pool.pool import Lease
from a2a.protocols.registry import FRONTS
from a2a.protocols.wire import BAD_JSON
from a2a.providers.http import Answer
from a2a.secret import Secret

_SAY = "hi"
SMALLEST: Mapping[str, Mapping[str, object]] = {
    "chat": {"messages": [{"role": "user", "content": _SAY}]},
    "responses": {"input": _SAY},
    "claude": {"max_tokens": 1024, "messages": [{"role": "user", "content": _SAY}]},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": _SAY}]}]},
}
"""A request of each protocol, for whoever gives only a model."""

_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="


async def explain(engine: Engine, wish: ExplainWish) -> Explained:
    """Raises RequestError for a body that is no JSON object, and for a prefix that is no provider."""
    call, asked, stream = _call(engine, wish)
    try:
        choices = engine.router.choices(call, asked, dry=True)
    except A2AError as error:
        return Explained(front=wish.front, asked=asked, stream=stream, fault=_fault(engine, error))
    hops = [await _hop(engine, call, choice, asked, stream) for choice in choices]
    return Explained(front=wish.front, asked=asked, stream=stream, hops=hops)


def _call(engine: Engine, wish: ExplainWish) -> tuple[Call, str, bool]:
    """The call as the server would hand it in, the model it asks for, whether it wants a stream."""
    try:
        top = msgspec.json.decode(wish.body, type=dict[str, Raw])
    except BAD_JSON as error:
        raise RequestError(f"the body is no JSON object: {error}", param="body") from error
    if not top.keys() - {"model", "stream"}:
        top |= {key: Raw(msgspec.json.encode(value)) for key, value in SMALLEST[wish.front].items()}
    if wish.model is not None and wish.front != "gemini":  # there it stands in the path
        top["model"] = Raw(msgspec.json.encode(wish.model))
    asked = wish.model or _plain(top.get("model"))
    if not isinstance(asked, str) or not asked:
        raise RequestError("model is missing", param="model", hint="a2a explain -m MODEL")
    stream = _plain(top.get("stream")) is True
    prefix = None
    if wish.prefix is not None and (prefix := engine.provider_of(wish.prefix)) is None:
        raise RequestError(f"no provider is called {wish.prefix!r}", param="prefix", hint="a2a accounts")
    call = Call(
        front=FRONTS[wish.front],
        path="",
        body=msgspec.json.encode(top),
        headers={name.lower(): value for name, value in wish.headers.items()},
        prefix=prefix,
        model=asked if wish.front == "gemini" else None,
        stream=stream if wish.front == "gemini" else None,
    )
    return call, asked, stream


def _plain(raw: Raw | None) -> object:
    return msgspec.json.decode(raw) if raw is not None else None


async def _hop(engine: Engine, call: Call, choice: Choice, asked: str, stream: bool) -> Hop:
    route = choice.route
    seen = engine.pool.preview(
        route.provider,
        route.model,
        alias=route.account,
        only=choice.serving,
        prefer=engine.gateway.stays_on(call, route.provider),
    )
    hop = Hop(route=route, strategy=seen.strategy, accounts=seen.asked, waiting=seen.waiting)
    member = _first(engine, route, [*seen.asked, *seen.waiting])
    if member is None:
        return hop
    rehearsal = _Rehearsal.of(engine, call, member, route.model, asked, stream, await _credential(engine, member))
    fault = await rehearsal.play()
    exchange = rehearsal.job.report.exchange
    return Hop(
        route=route,
        strategy=seen.strategy,
        accounts=seen.asked,
        waiting=seen.waiting,
        mode=exchange.mode if fault is None else None,
        url=rehearsal.location or None,
        notes=[*exchange.notes, *rehearsal.downloads],
        fault=_fault(engine, fault) if fault is not None else None,
    )


def _first(engine: Engine, route: Route, named: list[Considered]) -> PoolAccount | None:
    """The account that would be asked first, else one that may be asked later."""
    by_name = {member.name: member for member in engine.pool.members(route.provider)}
    return next((by_name[each.account] for each in named if each.account in by_name), None)


async def _credential(engine: Engine, member: PoolAccount) -> Credential:
    """As it is stored, not renewed; where it cannot be had, the account's own state says so."""
    try:
        return await stored(engine.store, member.account, engine.roster.seeds.get(member.account.id))
    except A2AError:
        return ApiKey(Secret("none"))


def _fault(engine: Engine, error: A2AError) -> Fault:
    now = engine.clock.now()
    return Fault(
        kind=error.kind, message=error.message, status=error.status, scope=error.scope, at=now, remedy=error.hint
    )


class _Over(Exception):
    """The call would go out now."""


class _Seat(Lease):
    """An account looked at, not leased: nothing is counted and nothing given back."""

    __slots__ = ()

    def __init__(self, member: PoolAccount) -> None:
        self.member = member
        self.account, self.name, self.provider = member.account, member.name, member.provider
        self.decision = Decision(strategy="", picked=None)
        self._open = False


class _Nobody:
    """A sink that nobody writes to."""

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None: ...

    async def start(self, status: int, headers: Mapping[str, str]) -> None: ...

    async def write(self, data: bytes) -> None: ...


class _NoDownloads(MediaFetcher):
    """Puts one pixel where a download would, and says so."""

    def heed(self, told: list[NoteView]) -> _NoDownloads:
        self._told = told
        return self

    async def _fetch(self, url: str, proxy: ProxyOf) -> tuple[str, str | None] | RequestError:
        self._told.append(NoteView(url[:200], "mapped", "downloaded first: this upstream reads no URLs"))
        return _PIXEL, "application/pdf" if url.lower().endswith(".pdf") else "image/png"


class _Rehearsal(Try, kw_only=True):
    """An attempt up to its call."""

    downloads: list[NoteView]

    @classmethod
    def of(
        cls,
        engine: Engine,
        call: Call,
        member: PoolAccount,
        model: str,
        asked: str,
        stream: bool,
        credential: Credential,
    ) -> _Rehearsal:
        session = session_of(call.headers)
        provider, report = member.provider, Report(call, engine.clock)
        entry = Attempt(n=1, provider=provider.id, account=member.name, model=model, started_at=0.0)
        downloads: list[NoteView] = []
        return cls(
            job=Job(call=call, sink=_Nobody(), report=report, asked=asked, stream=stream, session=session),
            lease=_Seat(member),
            model=model,
            entry=entry,
            credential=credential,
            profile=member.profile(model, engine.catalogue.info(member.account.id, model)),
            timeouts=provider.limits,
            egress=engine.egress,
            ledger=engine.gateway.ledger,
            media=_NoDownloads(engine.settings.server).heed(downloads),
            responses=engine.gateway.responses,
            prices=engine.gateway.prices,
            edits=engine.gateway.edits.of(provider, model, call.client),
            downloads=downloads,
        )

    async def open(self, body: bytes, *, stream: bool) -> Answer:
        with contextlib.suppress(AccountError):  # a credential that cannot be used: the account's state says so
            self.location = self.target(stream).location
        raise _Over

    async def play(self) -> A2AError | None:
        """Relay or convert, as the pipeline would choose; what the request is refused with."""
        try:
            await (relay.run(self) if relay.passes(self) else convert.run(self))
        except _Over:
            return None
        except A2AError as error:
            return error
        return None
