"""The routes of the emulated Claude upstream and the keys it knows."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from a2a.clock import hex_id
from a2a.demo import brain
from a2a.demo.catalog import CLAUDE, CLAUDE_ALIASES, ClaudeModel
from a2a.demo.claude import frames, rules
from a2a.demo.claude.errors import VOICE, bad
from a2a.demo.claude.view import marked, view_of
from a2a.demo.faults import Fault, in_prompt
from a2a.demo.wire import SSE_HEADERS, Refusal, deliver, dumps, early, guarded, shape_errors, whole
from a2a.demo.world import SEEN, WORLD

API = "claude"
KEYS = ("sk-demo-claude-1", "sk-demo-claude-2", "sk-demo-claude-3")
"""Invented keys, one account each."""

_MOST_BODY_BYTES = 32 * 1024 * 1024


def routes(prefix: str) -> list[web.RouteDef]:
    """`prefix`: what stands before `/v1`."""
    return [
        web.post(f"{prefix}/v1/messages", guarded(VOICE, _messages)),
        web.post(f"{prefix}/v1/messages/count_tokens", guarded(VOICE, _count)),
        web.get(f"{prefix}/v1/models", guarded(VOICE, _models)),
        web.get(f"{prefix}/v1/models/{{id}}", guarded(VOICE, _model)),
        web.route("*", f"{prefix}/{{rest:.*}}", guarded(VOICE, _unknown)),
    ]


def _authorize(request: web.Request) -> str:
    """The account of the key, from either header; 401 without one."""
    kind, _, bearer = request.headers.get("authorization", "").partition(" ")
    key = request.headers.get("x-api-key") or (bearer if kind.lower() == "bearer" else "")
    if not key:
        raise Refusal(401, "x-api-key header is required")
    if key not in KEYS:
        raise Refusal(401, "invalid x-api-key" if "x-api-key" in request.headers else "invalid bearer token")
    request[SEEN].account = key
    return key


async def _body(request: web.Request) -> dict[str, Any]:
    raw = await request.read()
    if len(raw) > _MOST_BODY_BYTES:
        raise Refusal(413, "Request exceeds the maximum size")
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise bad("The request body is not valid JSON") from error
    if not isinstance(body, dict):
        raise bad("Input should be a valid dictionary")
    return body


async def _messages(request: web.Request) -> web.StreamResponse:
    account = _authorize(request)
    version = rules.check_version(request.headers)
    body = await _body(request)
    world = request.app[WORLD]
    faults = world.faults.take(API, account) + _asked_faults(body)
    if (answered := await early(faults, VOICE)) is not None:
        return answered
    with shape_errors():
        model = rules.check(body, version, request.headers.get("anthropic-beta", ""))
        reply = _reply(request, account, body, model)
    headers = {"request-id": hex_id("req_"), "anthropic-organization-id": "demo"}
    if body.get("stream"):
        return await deliver(request, SSE_HEADERS | headers, frames.stream(reply), faults, VOICE)
    return await whole(request, headers, frames.whole(reply), faults, VOICE)


def _reply(request: web.Request, account: str, body: dict[str, Any], model: ClaudeModel) -> frames.Reply:
    view = view_of(body)
    used = view.input_tokens
    if used > model.window:
        raise bad(f"prompt is too long: {used} tokens > {model.window} maximum")
    cached = written = 0
    if marked(body):
        cached = request.app[WORLD].cache.hit(account, view.pieces)
        written = used - cached
    shown = (body.get("thinking") or {}).get("display") or ("summarized" if model.shown else "omitted")
    return frames.Reply(
        id=hex_id("msg_"),
        model=body["model"],
        view=view,
        answer=brain.answer(view),
        cached=cached,
        written=written,
        shown=shown == "summarized",
        redacted=brain.wants_redaction(view.text),
    )


def _asked_faults(body: dict[str, Any]) -> list[Fault]:
    """Faults that the last message asks for; read before any rule, so that nothing else may be wrong."""
    messages = body.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    if not isinstance(last, dict) or last.get("role") != "user":
        return []
    content = last.get("content")
    texts = [part.get("text") for part in content if isinstance(part, dict)] if isinstance(content, list) else [content]
    try:
        return in_prompt("\n".join(text for text in texts if isinstance(text, str)))
    except ValueError as error:
        raise bad(str(error)) from error


async def _count(request: web.Request) -> web.StreamResponse:
    account = _authorize(request)
    version = rules.check_version(request.headers)
    body = await _body(request)
    faults = request.app[WORLD].faults.take("claude-count", account)
    if (answered := await early(faults, VOICE)) is not None:
        return answered
    with shape_errors():
        rules.check_count(body, version)
    return await whole(
        request, {"request-id": hex_id("req_")}, dumps({"input_tokens": view_of(body).input_tokens}), faults, VOICE
    )


async def _models(request: web.Request) -> web.StreamResponse:
    account = _authorize(request)
    rules.check_version(request.headers)
    faults = request.app[WORLD].faults.take("claude-models", account)
    if (answered := await early(faults, VOICE)) is not None:
        return answered
    ids = list(CLAUDE)
    limit = int(request.query.get("limit", "20"))
    start = ids.index(request.query["after_id"]) + 1 if request.query.get("after_id") in ids else 0
    page = ids[start : start + limit]
    listed = {
        "data": [_entry(CLAUDE[one]) for one in page],
        "has_more": start + limit < len(ids),
        "first_id": page[0] if page else None,
        "last_id": page[-1] if page else None,
    }
    return await whole(request, {"request-id": hex_id("req_")}, dumps(listed), faults, VOICE)


async def _model(request: web.Request) -> web.StreamResponse:
    _authorize(request)
    rules.check_version(request.headers)
    name = request.match_info["id"]
    model = CLAUDE.get(CLAUDE_ALIASES.get(name, name))
    if model is None:
        raise Refusal(404, f"model: {name}")
    return web.Response(body=dumps(_entry(model)), content_type="application/json")


def _entry(model: ClaudeModel) -> dict[str, Any]:
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.name,
        "created_at": "2026-09-21T00:00:00Z",
        "lifecycle": "active",
        "deprecated_at": None,
        "line": None,
        "capabilities": None,
        "max_input_tokens": model.window,
        "max_tokens": model.max_output,
    }


async def _unknown(request: web.Request) -> web.StreamResponse:
    raise Refusal(404, "Not found")
