"""The routes of the emulated Responses upstream; it shares its keys and models with the chat upstream."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from a2a.clock import hex_id
from a2a.demo import brain
from a2a.demo.faults import Fault, in_prompt
from a2a.demo.openai.errors import VOICE, bad
from a2a.demo.openai.routes import authorize, read_body
from a2a.demo.responses import frames, rules
from a2a.demo.responses.items import Desk
from a2a.demo.responses.state import RESPONSES, Kept
from a2a.demo.responses.stream import stream, voice
from a2a.demo.responses.view import view_of
from a2a.demo.wire import SSE_HEADERS, Refusal, deliver, dumps, early, guarded, shape_errors, whole
from a2a.demo.world import WORLD

API = "responses"


def routes(prefix: str) -> list[web.RouteDef]:
    """`prefix`: what stands before `/v1`."""
    return [
        web.post(f"{prefix}/v1/responses", guarded(VOICE, _create)),
        web.post(f"{prefix}/v1/responses/input_tokens", guarded(VOICE, _count)),
        web.get(f"{prefix}/v1/responses/{{id}}", guarded(VOICE, _read)),
        web.delete(f"{prefix}/v1/responses/{{id}}", guarded(VOICE, _delete)),
    ]


async def _create(request: web.Request) -> web.StreamResponse:
    account = authorize(request)
    body = await read_body(request)
    faults = request.app[WORLD].faults.take(API, account) + _asked_faults(body)
    if (answered := await early(faults, VOICE)) is not None:
        return answered
    with shape_errors():
        reply = _reply(request, account, body)
    _remember(request, account, reply)
    headers = {"x-request-id": hex_id("req_"), "openai-version": "2020-10-01"}
    if not body.get("stream"):
        return await whole(request, headers, frames.whole(reply), faults, VOICE)
    return await deliver(request, SSE_HEADERS | headers, stream(reply), faults, voice(reply, faults))


def _reply(request: web.Request, account: str, body: dict[str, Any]) -> frames.Reply:
    world = request.app[WORLD]
    checked = rules.check(body, Desk(account, request.app[RESPONSES]))
    view = view_of(body, checked)
    if view.input_tokens > checked.model.window and body.get("truncation") != "auto":
        message = "Your input exceeds the context window of this model. Please adjust your input and try again."
        raise bad(message, "input", "context_length_exceeded")
    answer = brain.answer(view)
    return frames.Reply(
        id=hex_id("resp_", 48),
        body=body,
        checked=checked,
        view=view,
        answer=answer,
        output=frames.output_of(body, checked, view, answer),
        cached=world.cache.hit(account, view.pieces),
        created=int(world.clock.now()),
    )


def _remember(request: web.Request, account: str, reply: frames.Reply) -> None:
    state = request.app[RESPONSES]
    state.note(account, reply.output, stored=reply.stored)
    if reply.stored:
        state.keep(account, frames.finished(reply), [*reply.checked.history, *reply.output])


def _asked_faults(body: dict[str, Any]) -> list[Fault]:
    """Faults that the last item asks for; read before any rule, so that nothing else may be wrong."""
    given = body.get("input")
    last = given[-1] if isinstance(given, list) and given else given
    if isinstance(last, dict) and last.get("role") != "user":
        return []
    try:
        return in_prompt(str(last.get("content") if isinstance(last, dict) else last))
    except ValueError as error:
        raise bad(str(error)) from error


async def _count(request: web.Request) -> web.StreamResponse:
    account = authorize(request)
    body = await read_body(request)
    faults = request.app[WORLD].faults.take("responses-count", account)
    if (answered := await early(faults, VOICE)) is not None:
        return answered
    with shape_errors():
        view = view_of(body, rules.check_count(body, Desk(account, request.app[RESPONSES])))
    counted = {"object": "response.input_tokens", "input_tokens": view.input_tokens}
    return await whole(request, {}, dumps(counted), faults, VOICE)


async def _read(request: web.Request) -> web.StreamResponse:
    return web.Response(body=dumps(_kept(request).response), content_type="application/json")


async def _delete(request: web.Request) -> web.StreamResponse:
    response_id = _kept(request).response["id"]
    request.app[RESPONSES].forget(authorize(request), response_id)
    gone = {"id": response_id, "object": "response", "deleted": True}
    return web.Response(body=dumps(gone), content_type="application/json")


def _kept(request: web.Request) -> Kept:
    response_id = request.match_info["id"]
    kept = request.app[RESPONSES].kept(authorize(request), response_id)
    if kept is None:
        raise Refusal(404, f"Response with id '{response_id}' not found.", type="invalid_request_error")
    return kept
