"""One recorded exchange as what was said in it: the client's request and the model's answer, in the neutral form.

Both are read from what crossed the client's side of the gateway, so a prompt that a2a added is not in it.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from a2a.control.bodies import decoded
from a2a.control.types import Bodies, Exchange
from a2a.errors import BadUpstream, RequestError
from a2a.gateway.recorded import LOCAL, REPLAY_AGENT, asked_of, bodies_of
from a2a.messages import Candidate, Request, Response
from a2a.protocols.base import Conversion, Profile, Upstream
from a2a.protocols.fold import Assembler
from a2a.protocols.registry import FRONTS, UPSTREAMS

Why = Literal[
    "failed",
    "the client left",
    "not ended yet",
    "no bodies were recorded",
    "a body was cut at the size limit",
    "a count or an embedding, no conversation",
    "the answer was cut short",
    "not readable",
    "a replay",
    "it goes on from an answer that is not among these",
]
"""Why an exchange is left out."""

_ENDED: dict[str, Why] = {"failed": "failed", "client_closed": "the client left"}
_WHOLE = ("end", "stop_seq", "tool_call")
"""Ends of an answer that the model or its client chose."""


class Unfit(Exception):
    """The exchange cannot be exported. `why`: in words."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why: Why = why


class Talk(Struct, frozen=True):
    """`answers`: one for each candidate, none where nothing came; `response_id`: the client's name for the answer."""

    exchange: Exchange
    request: Request
    answers: list[Candidate]
    response_id: str = ""


def check(exchange: Exchange) -> None:
    """Raises Unfit where it did not come to a good end."""
    if exchange.state != "done":
        raise Unfit(_ENDED.get(exchange.state, "not ended yet"))
    if exchange.status != 200:
        raise Unfit("failed")


def read(exchange: Exchange, *, partial: bool) -> Talk:
    """Raises Unfit. `partial`: take what there is of an exchange that failed, or whose answer was cut short."""
    if not partial:
        check(exchange)
        if exchange.agent == REPLAY_AGENT:
            raise Unfit("a replay")
    asked = asked_of(exchange)
    if asked.operation != "generate":
        raise Unfit("a count or an embedding, no conversation")
    try:
        bodies = bodies_of(exchange)
    except RequestError as error:
        raise Unfit("no bodies were recorded") from error
    answered = _answered(exchange, bodies)
    if "request" in bodies.cut or (answered.name in bodies.cut and not partial):
        raise Unfit("a body was cut at the size limit")
    request = request_of(exchange, bodies)
    answer = _answer(answered, request, exchange.started_at, partial=partial)
    if not partial and not all(candidate.stop.kind in _WHOLE for candidate in answer.candidates):
        raise Unfit("the answer was cut short")
    return Talk(exchange, request, answer.candidates, answer.id)


def request_of(exchange: Exchange, bodies: Bodies) -> Request:
    """What the client sent. Raises Unfit."""
    body = decoded(bodies.request or "")
    try:
        if exchange.front == LOCAL:
            return msgspec.json.decode(body, type=Request)
        front = FRONTS[exchange.front]
        return front.parse_request(body, headers=bodies.request_headers, model=asked_of(exchange).model)
    except (KeyError, RequestError, msgspec.MsgspecError) as error:
        raise Unfit("not readable") from error


class _Answered(Struct, frozen=True):
    """Where the answer stands. `name`: as `Bodies.cut` has it; `codec`: who reads it."""

    name: str
    codec: Upstream
    text: str
    stream: bool


def _answered(exchange: Exchange, bodies: Bodies) -> _Answered:
    """Raises Unfit."""
    if exchange.front != LOCAL:
        if exchange.front not in UPSTREAMS:
            raise Unfit("not readable")
        return _Answered("answer", UPSTREAMS[exchange.front], bodies.answer or "", exchange.stream)
    from a2a.providers.registry import PROVIDERS  # deferred: it brings aiohttp, which other records do without

    if not exchange.attempts or not bodies.attempts or exchange.attempts[-1].provider not in PROVIDERS:
        raise Unfit("not readable")
    provider, last = PROVIDERS[exchange.attempts[-1].provider], bodies.attempts[-1]
    whole = last.answer_headers.get("content-type", "").startswith("application/json")
    codec = UPSTREAMS[provider.codec or provider.proto]
    return _Answered(f"{last.n}.answer", codec, last.answer or "", not whole)


def _answer(answered: _Answered, request: Request, now: float, *, partial: bool) -> Response:
    """Raises Unfit; with `partial` what can be read of it."""
    codec, data = answered.codec, decoded(answered.text)
    conv = Conversion(request=request, profile=Profile(), model=request.model, now=now, stream=answered.stream)
    if answered.stream:
        return _streamed(codec, conv, data, partial=partial)
    try:
        return codec.parse_response(data, conv)
    except BadUpstream as error:
        if not partial:
            raise Unfit("not readable") from error
        return Response(proto=codec.name, id="", model=request.model, created=0, candidates=[])


def _streamed(codec: Upstream, conv: Conversion, data: bytes, *, partial: bool) -> Response:
    parser, assembler = codec.stream_parser(conv), Assembler(codec.name)
    for event in parser.feed(data) + parser.eof():
        assembler.add(event)
    if not partial and (assembler.failure is not None or not assembler.ended):
        raise Unfit("the answer was cut short")
    return assembler.response()
