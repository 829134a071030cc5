"""The OAuth endpoints of the emulated portal: device code, polling, refresh, and the page where a person decides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from aiohttp import web

from a2a.demo.pkce import challenge_of
from a2a.demo.qwen.state import CLIENT_ID, LIFE_S, QWEN_STATE, SCOPE, Login, QwenAccount
from a2a.demo.wire import Refusal, Voice, dumps, early
from a2a.demo.world import SEEN, WORLD

FAULTS = "qwen-auth"
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_FORM = "application/x-www-form-urlencoded"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Demo portal</title></head><body>
<h1>Sign in to the Qwen demo</h1><p>{message}</p>{form}</body></html>"""
_BUTTONS = """<form method="post"><input type="hidden" name="user_code" value="{code}">
<button name="decision" value="approve">Approve</button> <button name="decision" value="deny">Deny</button></form>"""


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
    return _poll(request, form)


async def _refresh(request: web.Request, form: Mapping[str, str]) -> web.StreamResponse:
    state = request.app[QWEN_STATE]
    old = form.get("refresh_token", "")
    owner = next((one.name for one in state.accounts.values() if old and one.refresh_token == old), None)
    if (answered := await early(request.app[WORLD].faults.take(FAULTS, owner), _VOICE)) is not None:
        return answered
    account = state.refresh(old) if old and form.get("client_id") == CLIENT_ID else None
    if account is None:
        return _error(400, "invalid_request", "Invalid refresh token or client_id")
    request[SEEN].account = account.name
    request.app[WORLD].faults.refreshed(account.name)
    return _json(_granted(request, account, with_url=not state.flags.omit_resource_url))


def _granted(request: web.Request, account: QwenAccount, *, with_url: bool = True) -> dict[str, Any]:
    answer = {
        "access_token": account.access_token,
        "refresh_token": account.refresh_token,
        "token_type": "Bearer",
        "expires_in": LIFE_S,
        "scope": SCOPE,
    }
    return answer | ({"resource_url": f"{request.url.origin()}/qwen"} if with_url else {})


def _poll(request: web.Request, form: Mapping[str, str]) -> web.Response:
    state = request.app[QWEN_STATE]
    code, verifier, now = form.get("device_code", ""), form.get("code_verifier", ""), state.clock.now()
    login = state.logins.get(code)
    if login is None or form.get("client_id") != CLIENT_ID:
        return _error(400, "invalid_grant", "The device code is unknown or was used before.")
    if now >= login.expires_at:
        return _error(400, "expired_token", "The device code has expired.")
    if _VERIFIER.fullmatch(verifier) is None or challenge_of(verifier) != login.challenge:
        return _error(400, "invalid_grant", "The code verifier does not match the challenge.")
    early_by = login.polled_at + state.flags.interval_s - now
    login.polled_at = now
    login.polls += 1
    if login.polls > 1 and early_by > 0:
        return _error(429, "slow_down", "Polling too fast.")
    if login.decision is False:
        del state.logins[code]
        return _error(400, "access_denied", "The user refused.")
    if login.decision is None or login.polls <= state.flags.pending_polls:
        return _pending(status=state.flags.status_pending)
    account = state.finish(code)
    request[SEEN].account = account.name
    return _json(_granted(request, account))


def _pending(*, status: bool) -> web.Response:
    if status:
        return _json({"status": "pending"})
    return _error(400, "authorization_pending", "The user has not decided yet.")


async def page(request: web.Request) -> web.StreamResponse:
    """`GET /authorize?user_code=…`: what opens in the browser."""
    login = request.app[QWEN_STATE].by_user_code(request.query.get("user_code", ""))
    if login is None:
        return _html("Enter the code that your client shows: add it to the address as user_code.", status=404)
    form = _BUTTONS.format(code=escape(login.user_code)) if login.decision is None else ""
    return _html(f"Code {escape(login.user_code)}: {_said(login)}", form)


async def decide(request: web.Request) -> web.StreamResponse:
    """`POST /authorize` with `user_code` and `decision`: approve or deny."""
    form = await request.post()
    login = request.app[QWEN_STATE].by_user_code(str(form.get("user_code")))
    if login is None or form.get("decision") not in ("approve", "deny"):
        return _html("Unknown code or decision.", status=400)
    login.decision = form["decision"] == "approve"
    return _html(f"Code {escape(login.user_code)}: {_said(login)}")


def _said(login: Login) -> str:
    words = {None: "waiting for you.", True: "approved. You may close this page.", False: "denied."}
    return words[login.decision]


def _html(message: str, form: str = "", *, status: int = 200) -> web.Response:
    return web.Response(status=status, text=_PAGE.format(message=message, form=form), content_type="text/html")
