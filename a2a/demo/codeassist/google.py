"""Google's sign-in: consent page, code exchange, refresh, token info, revocation, user info (specs/gemini-cli.md 1-4).

Only `client` below is known. PKCE is optional as at Google, but what was promised is checked.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import BasicAuth, web

from a2a.demo import pages
from a2a.demo.codeassist.accounts import GoogleAccount
from a2a.demo.codeassist.state import (
    CLIENT_ID,
    CLIENT_SECRET,
    CODEASSIST,
    SCOPES,
    CodeAssistState,
    id_token,
)
from a2a.demo.logins import dawdle
from a2a.demo.pages import page
from a2a.demo.pkce import challenge_of
from a2a.demo.wire import Refusal, Voice, dumps, early
from a2a.demo.world import SEEN, WORLD

FAULTS = "codeassist-auth"
_FORM = "application/x-www-form-urlencoded"
_LOOPBACK = re.compile(r"http://(?:127\.0\.0\.1|localhost|\[::1\]):\d+(?:/[^?#]*)?")
_PASTE = "https://codeassist.google.com/authcode"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


def routes(prefix: str) -> list[web.RouteDef]:
    """`prefix` stands for all of Google's hosts."""
    return [
        web.get(f"{prefix}/o/oauth2/v2/auth", consent),
        web.post(f"{prefix}/o/oauth2/v2/auth", decide),
        web.get(f"{prefix}/authcode", show_code),
        web.post(f"{prefix}/token", token),
        web.route("*", f"{prefix}/tokeninfo", token_info),
        web.post(f"{prefix}/revoke", revoke),
        web.get(f"{prefix}/oauth2/v2/userinfo", user_info),
    ]


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, body=dumps(value), content_type="application/json")


def _error(status: int, error: str, text: str, **more: str) -> web.Response:
    return _json({"error": error, "error_description": text, **more}, status)


def _say(refusal: Refusal) -> web.Response:
    response = _error(refusal.status, refusal.code or "internal_failure", refusal.message)
    response.headers.update(refusal.headers)
    return response


_VOICE = Voice(_say, lambda refusal: b"")


def _fault_in(query: Mapping[str, str], own_paste: str) -> str | None:
    """Why Google shows an error page instead of asking for consent."""
    if query.get("client_id") != CLIENT_ID:
        return "Error 401: invalid_client. The OAuth client was not found."
    redirect = query.get("redirect_uri", "")
    if _LOOPBACK.fullmatch(redirect) is None and redirect not in (_PASTE, own_paste):
        return "Error 400: redirect_uri_mismatch"
    if query.get("response_type") != "code":
        return "Error 400: invalid_request. Parameter response_type must be code."
    if missing := set(SCOPES) - set(query.get("scope", "").split()):
        return f"Error 400: invalid_scope. This application needs {min(missing)}."
    if "code_challenge" in query and (
        query.get("code_challenge_method") != "S256" or _CHALLENGE.fullmatch(query["code_challenge"]) is None
    ):
        return "Error 400: invalid_request. code_challenge must be S256 and 43 characters long."
    return None


def _own_paste(request: web.Request) -> str:
    """The page of this emulator that shows a code to copy."""
    return str(request.url.origin()) + request.path.removesuffix("/o/oauth2/v2/auth") + "/authcode"


async def consent(request: web.Request) -> web.StreamResponse:
    """`GET /o/oauth2/v2/auth`: at once back to the client, or a page where a person picks an account."""
    if (answered := await early(request.app[WORLD].faults.take(FAULTS, None), _VOICE)) is not None:
        return answered
    state = request.app[CODEASSIST]
    if (fault := _fault_in(request.query, _own_paste(request))) is not None:
        return page("Access blocked", fault, status=400)
    if state.flags.approval != "page":
        return _leave(state, request.query, request.query.get("login_hint") or state.flags.login_as)
    accounts = pages.choice("account", state.accounts)
    form = pages.ask(request.query, "decision", {"allow": "Allow", "deny": "Cancel"}, accounts)
    return page("Sign in with the Google demo", "The client wants access to Code Assist.", form)


async def decide(request: web.Request) -> web.StreamResponse:
    """What the person answered on the page."""
    form = {name: str(value) for name, value in (await request.post()).items()}
    state = request.app[CODEASSIST]
    if (fault := _fault_in(form, _own_paste(request))) is not None:
        return page("Access blocked", fault, status=400)
    if form.get("decision") != "allow":
        return _back(form, {"error": "access_denied"})
    return _leave(state, form, form.get("account", ""))


def _leave(state: CodeAssistState, query: Mapping[str, str], who: str) -> web.Response:
    name = who.removesuffix("@example.com")
    if state.flags.approval == "deny":
        return _back(query, {"error": "access_denied"})
    if name not in state.accounts:
        return page("Could not find your account", who, status=400)
    code = state.new_code(name, query)
    given = {**query, "state": "another-state"} if state.flags.approval == "wrong_state" else query
    return _back(given, {"code": code, "scope": query["scope"]})


def _back(query: Mapping[str, str], answer: dict[str, str]) -> web.Response:
    """Send the browser to the client, its `state` along."""
    if "state" in query:
        answer = {"state": query["state"], **answer}
    return web.Response(status=302, headers={"location": f"{query['redirect_uri']}?{urlencode(answer)}"})


async def show_code(request: web.Request) -> web.StreamResponse:
    """The page of a login without a loopback: the person copies the code."""
    code = request.query.get("code")
    if code is None:
        return page("Sign-in failed", request.query.get("error", "no code"), status=400)
    return pages.shown_code("Copy this code into your terminal", code)


async def token(request: web.Request) -> web.StreamResponse:
    """`POST /token`: exchange of a code, and refresh."""
    if request.content_type != _FORM:
        return _error(400, "invalid_request", "The body must be form encoded.")
    form = {name: str(value) for name, value in (await request.post()).items()}
    state = request.app[CODEASSIST]
    owner = state.refreshing(form.get("refresh_token", ""))
    faults = request.app[WORLD].faults.take(FAULTS, owner.name if owner else None)
    if (answered := await early(faults, _VOICE)) is not None:
        return answered
    client_id, secret = _client(request, form)
    if client_id != CLIENT_ID:
        return _error(401, "invalid_client", "The OAuth client was not found.")
    if not hmac.compare_digest(secret.encode(), CLIENT_SECRET.encode()):
        return _error(401, "invalid_client", "Unauthorized")
    if form.get("grant_type") == "authorization_code":
        return await _exchange(request, form)
    if form.get("grant_type") == "refresh_token":
        return await _refresh(request, form)
    return _error(400, "unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type')}")


def _client(request: web.Request, form: Mapping[str, str]) -> tuple[str, str]:
    """Id and secret: in the form, or as Basic authentication, as Google's own Python library sends them for a code."""
    try:
        basic = BasicAuth.decode(request.headers.get("authorization", ""), encoding="utf-8")
    except ValueError:
        return form.get("client_id", ""), form.get("client_secret", "")
    return basic.login, basic.password


async def _exchange(request: web.Request, form: Mapping[str, str]) -> web.Response:
    state = request.app[CODEASSIST]
    code = state.take_code(form.get("code", ""))
    if code is None:
        return _error(400, "invalid_grant", "Malformed auth code.")
    if form.get("redirect_uri") != code.redirect_uri:
        return _error(400, "redirect_uri_mismatch", "Bad Request")
    if code.challenge is not None and challenge_of(form.get("code_verifier", "")) != code.challenge:
        return _error(400, "invalid_grant", "Invalid code verifier.")
    account = state.accounts[code.account]
    with_refresh = state.grants_refresh(code)
    state.issue(account, code.scope, fresh=with_refresh)
    return await _granted(request, account, with_refresh=with_refresh)


async def _granted(request: web.Request, account: GoogleAccount, *, with_refresh: bool) -> web.Response:
    state = request.app[CODEASSIST]
    request[SEEN].account = account.name
    request.app[WORLD].faults.refreshed(account.name)
    answer: dict[str, Any] = {
        "access_token": account.access_token,
        "expires_in": state.life_s,
        "scope": account.scope,
        "token_type": "Bearer",
        "id_token": id_token(account, state.clock.now(), state.life_s),
    }
    if with_refresh:
        answer["refresh_token"] = account.refresh_token
    await dawdle(state.flags, request.app[WORLD].book)
    return _json(answer)


async def _refresh(request: web.Request, form: Mapping[str, str]) -> web.Response:
    """A refresh brings no refresh token of its own, unless they rotate."""
    state = request.app[CODEASSIST]
    token = form.get("refresh_token", "")
    if state.flags.reauth and state.refreshing(token) is not None:
        return _error(400, "invalid_grant", "reauth related error (invalid_rapt)", error_subtype="invalid_rapt")
    account = state.refresh(token)
    if account is None:
        return _error(400, "invalid_grant", "Token has been expired or revoked.")
    return await _granted(request, account, with_refresh=state.flags.rotate)


def bearer_of(request: web.Request) -> str:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else ""


async def token_info(request: web.Request) -> web.StreamResponse:
    """`POST /tokeninfo` with the bearer, or with `access_token` in the query."""
    state = request.app[CODEASSIST]
    given = bearer_of(request) or request.query.get("access_token", "")
    account = state.owner_of(given)
    if account is None:
        return _error(400, "invalid_token", "Invalid Value")
    grant = state.grants[given]
    return _json(
        {
            "azp": CLIENT_ID,
            "aud": CLIENT_ID,
            "scope": grant.scope,
            "exp": str(int(grant.expires_at)),
            "expires_in": str(int(grant.expires_at - state.clock.now())),
            "email": account.email,
            "email_verified": "true",
            "access_type": "offline",
        }
    )


async def revoke(request: web.Request) -> web.StreamResponse:
    """`POST /revoke` with `token`: an access or a refresh token."""
    state = request.app[CODEASSIST]
    given = str((await request.post()).get("token") or request.query.get("token", ""))
    account = state.owner_of(given) or state.refreshing(given)
    if account is None:
        return _error(400, "invalid_token", "Token expired or revoked")
    state.revoke(account.name)
    return _json({})


async def user_info(request: web.Request) -> web.StreamResponse:
    """`GET /oauth2/v2/userinfo`."""
    account = request.app[CODEASSIST].owner_of(bearer_of(request))
    if account is None:
        message = "Request is missing required authentication credential."
        return _json({"error": {"code": 401, "message": message, "status": "UNAUTHENTICATED"}}, 401)
    return _json({"id": account.name, "email": account.email, "verified_email": True, "name": account.name})
