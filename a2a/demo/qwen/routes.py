"""The routes of the emulated Qwen: the portal for OAuth tokens, and the hosts for keys of two plans.

| base | takes | is |
|---|---|---|
| `/v1` | OAuth tokens | the portal: no models, no embeddings |
| `/compatible-mode/v1` | `sk-demo-qwen-…` | standard keys |
| `/coding/v1` | `sk-sp-demo-qwen-…` | the Coding Plan, for coding agents only |
"""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
from aiohttp import web

from a2a.clock import hex_id
from a2a.demo import brain
from a2a.demo.catalog import CREATED
from a2a.demo.faults import Fault, in_prompt
from a2a.demo.qwen import frames, rules, tokens
from a2a.demo.qwen.errors import VOICE, bad
from a2a.demo.qwen.models import QWEN, Plan
from a2a.demo.qwen.state import QWEN_STATE, QwenAccount
from a2a.demo.qwen.view import view_of
from a2a.demo.wire import SSE_HEADERS, Refusal, deliver, dumps, early, guarded, shape_errors, whole
from a2a.demo.world import SEEN, WORLD

API = "qwen"
KEYS = ("sk-demo-qwen-1", "sk-demo-qwen-2")
CODING_KEYS = ("sk-sp-demo-qwen-1",)
"""Invented keys, one account each."""

_BASES: dict[str, Plan] = {"/v1": "oauth", "/compatible-mode/v1": "standard", "/coding/v1": "coding"}
_AGENTS = ("qwencode", "claude-cli", "codex", "opencode", "cline")
_AUTH_TYPES = {"oauth": (None, "qwen-oauth"), "standard": (None, "openai"), "coding": (None, "openai")}


def routes(prefix: str) -> list[web.RouteDef]:
    """`prefix`: what stands before `/v1` and `/api/v1/oauth2`."""
    found = [
        web.post(f"{prefix}/api/v1/oauth2/device/code", tokens.device_code),
        web.post(f"{prefix}/api/v1/oauth2/token", tokens.token),
        web.get(f"{prefix}/authorize", tokens.device_page),
        web.post(f"{prefix}/authorize", tokens.device_page),
        web.get(f"{prefix}/compatible-mode/v1/models", guarded(VOICE, _models)),
    ]
    for base, plan in _BASES.items():
        found.append(web.post(f"{prefix}{base}/chat/completions", guarded(VOICE, partial(_chat, plan=plan))))
    return [*found, web.route("*", f"{prefix}/{{rest:.*}}", guarded(VOICE, _unknown))]


def _authorize(request: web.Request, plan: Plan) -> str:
    """The account of the bearer: each host knows its own kind of credential only."""
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    if plan == "oauth":
        state = request.app[QWEN_STATE]
        owner = state.owner_of(bearer)
        if owner is None or state.flags.closed:
            raise Refusal(401, "invalid access token or token expired", code="invalid_api_key")
        _check_standing(owner)
        account = owner.name
    elif bearer in (CODING_KEYS if plan == "coding" else KEYS):
        account = bearer
    else:
        raise Refusal(401, "Incorrect API key provided.", code="invalid_api_key")
    request[SEEN].account = account
    return account


def _check_standing(account: QwenAccount) -> None:
    if account.suspended:
        raise Refusal(403, "Access denied.", code="access_denied")
    if account.out_of_credits:
        raise Refusal(429, "Free allocated quota exceeded.", code="insufficient_quota")


def _check_client(request: web.Request, plan: Plan) -> None:
    agent = request.headers.get("user-agent", "").lower()
    if plan == "coding" and not any(name in agent for name in _AGENTS):
        raise Refusal(405, "Coding Plan is currently only available for Coding Agents", type="string")
    if request.headers.get("x-dashscope-authtype") not in _AUTH_TYPES[plan]:
        raise Refusal(401, "invalid access token or token expired", code="invalid_api_key")


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(await request.read())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise bad("Required body invalid, please check the request body format.") from error
    if not isinstance(body, dict):
        raise bad("Required body invalid, please check the request body format.")
    return body


async def _chat(request: web.Request, *, plan: Plan) -> web.StreamResponse:
    account = _authorize(request, plan)
    body = await _body(request)
    world = request.app[WORLD]
    faults = world.faults.take(API, account) + _asked_faults(body)
    if (answered := await early(faults, VOICE)) is not None:
        return answered
    _check_client(request, plan)
    with shape_errors():
        reply = _reply(request, account, body, plan)
    headers = {"x-request-id": hex_id("", 32)}
    if not body.get("stream"):
        return await whole(request, headers, frames.whole(reply), faults, VOICE)
    with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
    return await deliver(request, SSE_HEADERS | headers, frames.stream(reply, with_usage=with_usage), faults, VOICE)


def _reply(request: web.Request, account: str, body: dict[str, Any], plan: Plan) -> frames.Reply:
    world = request.app[WORLD]
    model = rules.check(body, plan)
    view = view_of(body, model)
    if view.input_tokens > model.window:
        raise bad(f"Range of input length should be [1, {model.window}]", "InvalidParameter")
    marked = request.headers.get("x-dashscope-cachecontrol") == "enable" and b'"cache_control"' in dumps(body)
    return frames.Reply(
        model=model,
        view=view,
        answer=brain.answer(view),
        cached=world.cache.hit(account, view.pieces) if marked else 0,
        created=int(world.clock.now()),
        id=hex_id("chatcmpl-"),
        quirks=request.app[QWEN_STATE].flags.quirks | frames.asked_quirks(view.text),
    )


def _asked_faults(body: dict[str, Any]) -> list[Fault]:
    """Faults that the last message asks for; read before any rule, so that nothing else may be wrong."""
    messages = body.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    try:
        return in_prompt(str(last.get("content"))) if isinstance(last, dict) and last.get("role") == "user" else []
    except ValueError as error:
        raise bad(str(error)) from error


async def _models(request: web.Request) -> web.StreamResponse:
    _authorize(request, "standard")
    data = [
        {"id": model.id, "object": "model", "created": CREATED, "owned_by": "a2a-demo"}
        for model in QWEN.values()
        if "standard" in model.plans
    ]
    return web.Response(body=dumps({"object": "list", "data": data}), content_type="application/json")


async def _unknown(request: web.Request) -> web.StreamResponse:
    raise Refusal(404, f"No static resource {request.path}.", type="native", code="NotFound")
