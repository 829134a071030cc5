"""The routes of the emulated Code Assist API (specs/gemini-cli.md 5 to 9, 12)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from a2a.demo.codeassist import google, setup
from a2a.demo.codeassist.accounts import MODELS, GoogleAccount
from a2a.demo.codeassist.messages import READER
from a2a.demo.codeassist.reasons import SCENARIOS, unauthenticated
from a2a.demo.codeassist.state import CODEASSIST
from a2a.demo.faults import Fault
from a2a.demo.gemini import frames, rules
from a2a.demo.gemini.errors import ARRAY_VOICE, VOICE, GoogleRefusal, bad
from a2a.demo.gemini.routes import JSON, asked_faults, counted, read_body, reply_of
from a2a.demo.gemini.scenarios import dressed
from a2a.demo.wire import SSE_HEADERS, Refusal, Voice, deliver, dumps, early, shape_errors, whole
from a2a.demo.world import SEEN, WORLD

API = "codeassist"
SURFACE = rules.Surface(root="request", models=MODELS, colons=False, ids=False)

Body = dict[str, Any]
Handler = Callable[[web.Request, GoogleAccount, Body], Awaitable[web.StreamResponse]]


def routes(prefix: str) -> list[web.RouteDef]:
    """`prefix`: what stands before `/v1internal`; Google's other hosts are below `/google`."""
    return [
        *google.routes(f"{prefix}/google"),
        web.post(f"{prefix}/v1internal:{{method}}", _call),
        web.get(f"{prefix}/v1internal/{{operation:operations/.+}}", _poll),
        web.route("*", f"{prefix}/{{rest:.*}}", _unknown),
    ]


def _with_lists(voice: Voice) -> Voice:
    """A fault of code `array` is told inside a list."""

    def refuse(refusal: Refusal) -> web.Response:
        return (ARRAY_VOICE if refusal.code == "array" else voice).refuse(refusal)

    return Voice(refuse, voice.error_frame)


def _as_events(voice: Voice) -> Voice:
    """Refusals of the stream call say that they are events although they are plain JSON."""

    def refuse(refusal: Refusal) -> web.Response:
        answer = voice.refuse(refusal)
        answer.headers["content-type"] = "text/event-stream"
        return answer

    return Voice(refuse, voice.error_frame)


_PLAIN = _with_lists(dressed(VOICE, SCENARIOS))
_STREAM = _as_events(_PLAIN)
_ARRAY = dressed(ARRAY_VOICE, SCENARIOS)


def _voice(request: web.Request) -> Voice:
    if request.match_info.get("method") != "streamGenerateContent":
        return _PLAIN
    return _STREAM if request.query.get("alt") == "sse" else _ARRAY


def _authorize(request: web.Request) -> GoogleAccount:
    """The account of the bearer token, or 401; a suspended one gets no further."""
    bearer = google.bearer_of(request)
    account = request.app[CODEASSIST].owner_of(bearer)
    if account is None:
        raise unauthenticated("ACCESS_TOKEN_EXPIRED" if bearer else "CREDENTIALS_MISSING")
    request[SEEN].account = account.name
    if account.suspended:
        raise SCENARIOS["tos"]()
    return account


async def _call(request: web.Request) -> web.StreamResponse:
    voice, method = _voice(request), request.match_info["method"]
    try:
        account = _authorize(request)
        handler = _METHODS.get(method)
        if handler is None:
            raise GoogleRefusal(404, "Requested entity was not found.")
        return await handler(request, account, await read_body(request))
    except Refusal as refusal:
        return voice.refuse(refusal)


async def _poll(request: web.Request) -> web.StreamResponse:
    try:
        account = _authorize(request)
        return _json(setup.poll(request.match_info["operation"], account, request.app[CODEASSIST]))
    except Refusal as refusal:
        return _PLAIN.refuse(refusal)


async def _unknown(request: web.Request) -> web.StreamResponse:
    return _PLAIN.refuse(GoogleRefusal(404, f"The requested URL {request.path} was not found on this server."))


def _json(value: Body) -> web.Response:
    return web.Response(body=dumps(value), headers=JSON)


async def _side(request: web.Request, account: GoogleAccount) -> web.Response | None:
    """A fault set for the calls around the conversation."""
    return await early(request.app[WORLD].faults.take("codeassist-setup", account.name), _PLAIN)


async def _load(request: web.Request, account: GoogleAccount, body: Body) -> web.StreamResponse:
    if (answered := await _side(request, account)) is not None:
        return answered
    return _json(setup.load(READER.read(body, "Load"), account))


async def _onboard(request: web.Request, account: GoogleAccount, body: Body) -> web.StreamResponse:
    if (answered := await _side(request, account)) is not None:
        return answered
    return _json(setup.onboard(READER.read(body, "Onboard"), account, request.app[CODEASSIST]))


async def _quota(request: web.Request, account: GoogleAccount, body: Body) -> web.StreamResponse:
    if (answered := await _side(request, account)) is not None:
        return answered
    _check_served(account)
    return _json(setup.quota(READER.read(body, "Quota"), account, request.app[CODEASSIST]))


async def _nothing(request: web.Request, account: GoogleAccount, body: Body) -> web.StreamResponse:
    """Calls of the official client that matter to nobody here."""
    return _json({})


async def _generate(request: web.Request, account: GoogleAccount, body: Body) -> web.StreamResponse:
    reply, faults = await _reply(request, account, body)
    if isinstance(reply, web.Response):
        return reply
    return await whole(request, JSON | _trace(reply), dumps(_wrapped(frames.whole(reply), reply)), faults, _PLAIN)


async def _stream(request: web.Request, account: GoogleAccount, body: Body) -> web.StreamResponse:
    reply, faults = await _reply(request, account, body)
    if isinstance(reply, web.Response):
        return reply
    chunks = [_wrapped(chunk, reply) for chunk in frames.chunks(reply)]
    voice = _voice(request)
    if voice is _ARRAY:
        return await deliver(request, JSON | _trace(reply), frames.as_array(chunks), faults, voice)
    return await deliver(request, SSE_HEADERS | _trace(reply), frames.as_sse(chunks), faults, voice)


async def _reply(
    request: web.Request, account: GoogleAccount, body: Body
) -> tuple[frames.Reply | web.Response, list[Fault]]:
    """The answer to write, or the response that a fault asked for instead of it."""
    inner = body.get("request")
    said = inner.get("contents") if isinstance(inner, dict) else None
    faults = request.app[WORLD].faults.take(API, account.name) + asked_faults(said)
    if (answered := await early(faults, _voice(request))) is not None:
        return answered, faults
    with shape_errors():
        envelope = READER.read(body, "Envelope")
        _check_standing(account, envelope)
        name = envelope.get("model", "")
        if name not in account.models:
            raise GoogleRefusal(404, "Requested entity was not found.")
        if "request" not in envelope:
            raise bad("request is required.", "request")
        model = rules.model_of(name, SURFACE, method="generateContent")
        rules.check(envelope["request"], model, SURFACE)
        account.used += 1
        return reply_of(request, account.name, envelope["request"], model, SURFACE), faults


def _check_served(account: GoogleAccount) -> None:
    """Generation and quota are for accounts that may be served (specs/gemini-cli.md 8 and 9)."""
    if account.standing != "ok":
        named = {"validation": "validation", "no_license": "license_3501", "retired": "retired_tier"}
        raise SCENARIOS[named[account.standing]]()


def _check_standing(account: GoogleAccount, envelope: Body) -> None:
    _check_served(account)
    setup.check_project(envelope.get("project"), account)
    if account.out_of_credits:
        raise SCENARIOS["quota_day"]()


def _wrapped(chunk: frames.Chunk, reply: frames.Reply) -> Body:
    return {"response": {key: value for key, value in chunk.items() if key != "responseId"}, "traceId": reply.id}


def _trace(reply: frames.Reply) -> dict[str, str]:
    return {"x-cloudaicompanion-trace-id": reply.id}


async def _count(request: web.Request, account: GoogleAccount, body: Body) -> web.StreamResponse:
    """`:countTokens` takes the model inside, with its prefix, and nothing but contents."""
    faults = request.app[WORLD].faults.take("codeassist-count", account.name)
    if (answered := await early(faults, _PLAIN)) is not None:
        return answered
    with shape_errors():
        inner = READER.read(body, "CountEnvelope").get("request") or {}
        name = inner.get("model", "")
        if not name.startswith("models/"):
            raise bad("Invalid value at 'request.model': expected models/{model}.", "request.model")
        model = rules.model_of(name.removeprefix("models/"), SURFACE, method="countTokens")
        used = counted({"contents": inner.get("contents")}, model, SURFACE)
    return await whole(request, JSON, dumps({"totalTokens": used}), faults, _PLAIN)


_METHODS: dict[str, Handler] = {
    "loadCodeAssist": _load,
    "onboardUser": _onboard,
    "retrieveUserQuota": _quota,
    "generateContent": _generate,
    "streamGenerateContent": _stream,
    "countTokens": _count,
    "listExperiments": _nothing,
    "fetchAdminControls": _nothing,
    "recordCodeAssistMetrics": _nothing,
    "recordClientMetrics": _nothing,
    "getCodeAssistGlobalUserSetting": _nothing,
    "setCodeAssistGlobalUserSetting": _nothing,
}
