"""A recorded request sent again, as it went before or elsewhere, and the two answers side by side.

It goes through the whole pipeline like any call, in the name of the client that made it, so that the rules for that
client hold; its user agent says what it is. Without a wish it goes to the provider and the model that served it, to
whichever account of that provider can serve now. At another provider the model is, in this order: the one wished for,
the one its client asked for where that provider lists it, the provider's default.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from msgspec.structs import replace

from a2a.config import PROVIDER_SHORT, provider_id
from a2a.control.bodies import decoded, encoded
from a2a.control.types import Bodies, Exchange, Replayed, ReplayWish
from a2a.errors import NeedsLogin, RequestError, UsageError
from a2a.gateway.call import Call
from a2a.gateway.engine import Engine
from a2a.gateway.export.talk import Unfit, request_of
from a2a.gateway.recorded import LOCAL, REPLAY_AGENT, asked_of, bodies_of
from a2a.gateway.relay import edited
from a2a.gateway.route import HEADER
from a2a.gateway.transcript import answer_lines
from a2a.protocols.base import Conversion, Front, Profile
from a2a.protocols.prepare import prepare
from a2a.protocols.registry import FRONTS, UPSTREAMS

_NOT_AGAIN = frozenset(
    {HEADER, "authorization", "x-api-key", "x-goog-api-key", "cookie", "host", "content-length", "content-encoding"}
    | {"transfer-encoding", "connection", "accept-encoding", "user-agent"}
)
"""Headers of the first time that say nothing about this one."""
CHAT_PATH = "/v1/chat/completions"
_ALL = Profile(audio=True, custom_tools=True)
"""Of a client that knows everything there is in Chat."""


class Kept:
    """A sink that keeps the answer."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body = bytearray()

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """The whole answer."""
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body += body

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        """A stream begins."""
        self.headers = {name.lower(): value for name, value in headers.items()}

    async def write(self, data: bytes) -> None:
        """Another piece."""
        self.body += data


async def replay(engine: Engine, exchange: Exchange, wish: ReplayWish) -> Replayed:
    """Returns when the answer is complete; one that failed is an answer too.

    Raises RequestError where its request was not recorded in full, UsageError for a provider that is none, NeedsLogin
    where it has no account.
    """
    call = await _call(engine, exchange, wish)
    sink = Kept()
    report = await engine.answer(call, sink)
    bodies = Bodies(
        request_headers=dict(call.headers),
        request=encoded(call.body),
        answer_headers=sink.headers,
        answer=encoded(bytes(sink.body)),
    )
    after = replace(report.exchange, bodies=bodies)
    return Replayed(before=exchange, after=after, diff=difference(exchange, after))


async def _call(engine: Engine, exchange: Exchange, wish: ReplayWish) -> Call:
    bodies = bodies_of(exchange)
    if "request" in bodies.cut:
        raise RequestError(f"the request of {exchange.id} was cut at the size limit: nothing to send again")
    asked = asked_of(exchange)
    headers = {name: value for name, value in bodies.request_headers.items() if name not in _NOT_AGAIN}
    headers["user-agent"] = REPLAY_AGENT
    target, model = await _target(engine, exchange, wish)
    if target is not None:
        headers[HEADER] = target
    front, path, body = _request(exchange, bodies)
    in_path = asked.model is not None
    if model is not None and not in_path:
        body, _ = edited(body, "", model, ())
    return Call(
        front=front,
        path=path,
        body=body,
        headers=headers,
        operation=asked.operation,
        model=(model or asked.model) if in_path else None,
        stream=exchange.stream if in_path else None,
        array=exchange.stream and in_path and "json" in bodies.answer_headers.get("content-type", ""),
        client=exchange.client,
    )


def _request(exchange: Exchange, bodies: Bodies) -> tuple[Front, str, bytes]:
    """Protocol, path and body; what `a2a chat` asked, as a client of Chat would say it. Raises RequestError."""
    if exchange.front != LOCAL:
        return FRONTS[exchange.front], exchange.path, decoded(bodies.request or "")
    try:
        request = request_of(exchange, bodies)
    except Unfit as unfit:
        raise RequestError(f"the request of {exchange.id} cannot be sent again: {unfit.why}") from unfit
    conv = Conversion(request=request, profile=_ALL, model=request.model, now=exchange.started_at)
    body = UPSTREAMS["chat"].render_request(prepare(request, conv, "chat"), conv)
    return FRONTS["chat"], CHAT_PATH, body


async def _target(engine: Engine, exchange: Exchange, wish: ReplayWish) -> tuple[str | None, str | None]:
    """(value of the routing header, model); None: as the request itself says."""
    if wish.provider is None:
        if wish.model is not None:
            return None, wish.model
        route = exchange.route
        return (route.provider, route.model) if route is not None else (None, None)
    name, _, alias = wish.provider.partition("/")
    provider = provider_id(name)
    members = engine.pool.members(provider)
    if not members:
        raise NeedsLogin(f"there is no {name} account", hint=f"a2a login {PROVIDER_SHORT[provider]}")
    if alias and alias not in (aliases := [member.account.alias for member in members]):
        raise UsageError(f"there is no account {wish.provider!r}", hint=f"accounts: {', '.join(aliases)}")
    return wish.provider, wish.model or await _model_at(engine, provider, exchange)


async def _model_at(engine: Engine, provider: str, exchange: Exchange) -> str:
    """What to ask another provider for."""
    route = exchange.route
    if route is not None and route.provider == provider:
        return route.model
    if engine.router.default_model(provider) is None:
        await engine.list_models(provider, only_new=True)
    names = (exchange.asked, exchange.asked.rpartition("/")[2])
    listed = (name for name in names if engine.catalogue.found(provider, name) is not None)
    return next(listed, None) or engine.router.default_model(provider) or exchange.asked


def difference(before: Exchange, after: Exchange) -> list[str]:
    """Unified diff of the two answers as lines; empty where they say the same."""
    lines = difflib.unified_diff(
        answer_lines(before), answer_lines(after), _named(before), _named(after), lineterm="", n=3
    )
    return list(lines)


def _named(exchange: Exchange) -> str:
    """Who answered: `ex_… kiro/work claude-sonnet-4.6`."""
    if not exchange.attempts:
        return exchange.id
    last = exchange.attempts[-1]
    return f"{exchange.id} {last.account} {last.model}"
