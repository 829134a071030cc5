"""The OAuth endpoints of the emulated portal: device code, polling, refresh, and the page where a person decides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, assert_never

from aiohttp import web

from a2a.demo import pages
from a2a.demo.logins import dawdle, verdict
from a2a.demo.pkce import challenge_of
from a2a.demo.qwen.state import CLIENT_ID, QWEN_STATE, SCOPE, Flags, QwenAccount
from a2a.demo.wire import Refusal, Voice, dumps, early
from a2a.demo.world import SEEN, WORLD

FAULTS = "qwen-auth"
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_FORM = "application/x-www-form-urlencoded"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")

_TITLE = "Sign in to the Qwen demo"
_EDGE = "<html><head><title>504 Gateway Time-out</title></head><body><h1>504 Gateway Time-out</h1></body></html>"


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, body=dumps(value), content_type="application/json")


def _error(status: int, error: str, text: str) -> web.Response:
    return _json({"error": error, "error_description": text}, status)


def _say(refusal: Refusal) -> web.Response:
    response = _error(refusal.status, refusal.code or "server_error", refusal.message)
    response.headers.update(refusal.headers)
    return response


_VOICE = Voice(_say, lambda refusal: b"")


async def _form(request: web.Request) -> Mapping[str, str] | None:
    """The fields of a form; None for any other content type."""
    if request.content_type != _FORM:
        return None
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


async def device_code(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/oauth2/device/code`."""
    if (answered := await early(request.app[WORLD].faults.take(FAULTS, None), _VOICE)) is not None:
        return answered
    form = await _form(request)
    if form is None:
        return _error(400, "invalid_request", "The body must be form encoded.")
    if form.get("client_id") != CLIENT_ID:
        return _error(400, "invalid_client", "Unknown client_id.")
    if form.get("scope") != SCOPE:
        return _error(400, "invalid_scope", "The requested scope is not allowed.")
    if form.get("code_challenge_method") != "S256" or _CHALLENGE.fullmatch(form.get("code_challenge", "")) is None:
        return _error(400, "invalid_request", "code_challenge with method S256 is required.")
    state = request.app[QWEN_STATE]
    code, login = state.start(form["code_challenge"])
    page = f"{request.url.origin()}/qwen/authorize"
    return _json(
        {
            "device_code": code,
            "user_code": login.user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={login.user_code}&client=qwen-code",
            "expires_in": int(login.expires_at - state.clock.now()),
            "interval": state.flags.interval_s,
        }
    )


async def token(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/oauth2/token`: polling and refresh."""
    form = await _form(request)
    if form is None:
        return _error(400, "invalid_request", "The body must be form encoded.")
    if form.get("grant_type") == "refresh_token":
        return await _refresh(request, form)
    if (answered := await early(request.app[WORLD].faults.take(FAULTS, None), _VOICE)) is not None:
        return answered
    if form.get("grant_type") != _DEVICE_GRANT:
        return _error(400, "unsupported_grant_type", "Unknown grant type.")
    if request.app[QWEN_STATE].flags.poll_504:
        return web.Response(status=504, text=_EDGE, content_type="text/html")
    return await _poll(request, form)


async def _refresh(request: web.Request, form: Mapping[str, str]) -> web.StreamResponse:
    state = request.app[QWEN_STATE]
    old = form.get("refresh_token", "")
    owner = state.refreshing(old)
    faults = request.app[WORLD].faults.take(FAULTS, owner.name if owner else None)
    if (answered := await early(faults, _VOICE)) is not None:
        return answered
    account = state.refresh(old) if old and form.get("client_id") == CLIENT_ID else None
    if account is None:
        return _error(400, "invalid_request", "Invalid refresh token or client_id")
    request[SEEN].account = account.name
    request.app[WORLD].faults.refreshed(account.name)
    return await _granted(request, account, with_url=not state.flags.omit_resource_url)


async def _granted(request: web.Request, account: QwenAccount, *, with_url: bool = True) -> web.Response:
    state = request.app[QWEN_STATE]
    answer: dict[str, Any] = {
        "access_token": account.access_token,
        "refresh_token": account.refresh_token,
        "token_type": "Bearer",
        "expires_in": state.life_s,
        "scope": SCOPE,
    }
    if with_url:
        answer["resource_url"] = f"{request.url.origin()}/qwen"
    await dawdle(state.flags, request.app[WORLD].book)
    return _json(answer)


async def _poll(request: web.Request, form: Mapping[str, str]) -> web.Response:
    state = request.app[QWEN_STATE]
    code, verifier, now = form.get("device_code", ""), form.get("code_verifier", ""), state.clock.now()
    login = state.logins.get(code)
    if login is None or form.get("client_id") != CLIENT_ID:
        return _error(400, "invalid_grant", "The device code is unknown or was used before.")
    if now < login.expires_at and (_VERIFIER.fullmatch(verifier) is None or challenge_of(verifier) != login.challenge):
        return _error(400, "invalid_grant", "The code verifier does not match the challenge.")
    match verdict(login, state.flags, now):
        case "expired":
            return _dead(state.flags)
        case "slow_down":
            return _error(429, "slow_down", "Polling too fast.")
        case "denied":
            del state.logins[code]
            return _error(400, "access_denied", "The user refused.")
        case "pending":
            return _pending(state.flags)
        case "approved":
            account = state.finish(code)
            request[SEEN].account = account.name
            return await _granted(request, account)
        case never:
            assert_never(never)


def _dead(flags: Flags) -> web.Response:
    if flags.dead_code_401:
        return web.Response(status=401)
    return _error(400, "expired_token", "The device code has expired.")


def _pending(flags: Flags) -> web.Response:
    if flags.status_pending:
        return _json({"status": "pending"})
    if flags.null_pending:
        return _json({"access_token": None, "refresh_token": None})
    return _error(400, "authorization_pending", "The user has not decided yet.")


async def device_page(request: web.Request) -> web.StreamResponse:
    """`/authorize?user_code=…`: what opens in the browser, and what was decided there."""
    login = request.app[QWEN_STATE].by_user_code(await pages.user_code(request))
    return await pages.device(request, _TITLE, login)
