"""The routes of the emulated OpenAI-compatible upstream and the keys it knows."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from a2a.clock import hex_id
from a2a.demo import brain
from a2a.demo.catalog import CREATED, OPENAI, OpenAIModel
from a2a.demo.faults import Fault, in_prompt
from a2a.demo.openai import embeddings, frames, rules
from a2a.demo.openai.errors import VOICE, bad
from a2a.demo.openai.view import view_of
from a2a.demo.wire import SSE_HEADERS, Refusal, deliver, dumps, early, guarded, shape_errors, whole
from a2a.demo.world import SEEN, WORLD

API = "openai"
KEYS = ("sk-demo-openai-1", "sk-demo-openai-2", "sk-demo-openai-3")
"""Invented keys, one account each."""


def routes(prefix: str) -> list[web.RouteDef]:
    """`prefix`: what stands before `/v1`."""
    return [
        web.post(f"{prefix}/v1/chat/completions", guarded(VOICE, _chat)),
        web.post(f"{prefix}/v1/embeddings", guarded(VOICE, _embeddings)),
        web.get(f"{prefix}/v1/models", guarded(VOICE, _models)),
        web.get(f"{prefix}/v1/models/{{id}}", guarded(VOICE, _model)),
        web.route("*", f"{prefix}/{{rest:.*}}", guarded(VOICE, _unknown)),
    ]


def authorize(request: web.Request) -> str:
    """The account of the key, or 401."""
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not key:
        raise Refusal(401, "You didn't provide an API key in the Authorization header.", type="invalid_request_error")
    if key not in KEYS:
        shown = f"{key[:3]}***{key[-4:]}"
        raise Refusal(401, f"Incorrect API key provided: {shown}.", code="invalid_api_key")
    request[SEEN].account = key
    return key


async def read_body(request: web.Request) -> dict[str, Any]:
    """The JSON object of the request, or 400."""
    try:
        body = msgspec.json.decode(await request.read())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise bad("We could not parse the JSON body of your request.") from error
    if not isinstance(body, dict):
        raise bad("The JSON body of your request must be an object.")
    return body


async def _chat(request: web.Request) -> web.StreamResponse:
    account = authorize(request)
    body = await read_body(request)
    world = request.app[WORLD]
    faults = world.faults.take(API, account) + _asked_faults(body)
    if (answered := await early(faults, VOICE)) is not None:
        return answered
    with shape_errors():
        model = rules.check(body)
        view = view_of(body, model)
        _check_window(view.input_tokens, model)
        answer = brain.answer(view)
    reply = frames.Reply(
        model=model,
        view=view,
        answer=answer,
        cached=world.cache.hit(account, view.pieces),
        count=body.get("n") or 1,
        created=int(world.clock.now()),
        id=hex_id("chatcmpl-"),
    )
    headers = {"x-request-id": hex_id("req_")}
    if not body.get("stream"):
        return await whole(request, headers, frames.whole(reply), faults, VOICE)
    with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
    return await deliver(request, SSE_HEADERS | headers, frames.stream(reply, with_usage=with_usage), faults, VOICE)


def _asked_faults(body: dict[str, Any]) -> list[Fault]:
    """Faults that the last message asks for; read before any rule, so that nothing else may be wrong."""
    messages = body.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    try:
        return in_prompt(str(last.get("content"))) if isinstance(last, dict) and last.get("role") == "user" else []
    except ValueError as error:
        raise bad(str(error)) from error


def _check_window(used: int, model: OpenAIModel) -> None:
    if used > model.window:
        message = f"This model's maximum context length is {model.window} tokens, but your messages are {used} tokens."
        raise bad(message, "messages", "context_length_exceeded")


async def _embeddings(request: web.Request) -> web.StreamResponse:
    account = authorize(request)
    body = await read_body(request)
    faults = request.app[WORLD].faults.take(API, account)
    if (answered := await early(faults, VOICE)) is not None:
        return answered
    return await whole(request, {}, embeddings.answer(body), faults, VOICE)


async def _models(request: web.Request) -> web.StreamResponse:
    account = authorize(request)
    faults = request.app[WORLD].faults.take("openai-models", account)
    if (answered := await early(faults, VOICE)) is not None:
        return answered
    listed = {"object": "list", "data": [_entry(model) for model in OPENAI.values()]}
    return await whole(request, {}, dumps(listed), faults, VOICE)


async def _model(request: web.Request) -> web.StreamResponse:
    authorize(request)
    model = OPENAI.get(request.match_info["id"])
    if model is None:
        message = f"The model '{request.match_info['id']}' does not exist"
        raise Refusal(404, message, type="invalid_request_error", code="model_not_found", param="model")
    return web.Response(body=dumps(_entry(model)), content_type="application/json")


def _entry(model: OpenAIModel) -> dict[str, Any]:
    return {"id": model.id, "object": "model", "created": CREATED, "owned_by": "a2a-demo"}


async def _unknown(request: web.Request) -> web.StreamResponse:
    message = f"Invalid URL ({request.method} {request.path})"
    raise Refusal(404, message, type="invalid_request_error", code="unknown_url")
