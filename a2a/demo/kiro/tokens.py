"""Token refresh at the three authorities: social, AWS SSO OIDC, external IdP (specs/kiro.md section 3).

A refresh token works once. What each authority says to a used one is its own: 401 `Bad credentials`, 400
`invalid_grant`.
"""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from a2a.demo.kiro.accounts import LIFE_S, KiroAccount
from a2a.demo.kiro.errors import exception_frame
from a2a.demo.kiro.state import KIRO
from a2a.demo.wire import Refusal, Voice, dumps, early
from a2a.demo.world import SEEN, WORLD


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, body=dumps(value), content_type="application/json")


def _oauth_error(status: int, error: str, text: str) -> web.Response:
    name = "".join(word.title() for word in error.split("_")) + "Exception"
    response = _json({"error": error, "error_description": text}, status)
    response.headers["x-amzn-errortype"] = name
    return response


async def _body(request: web.Request) -> dict[str, Any] | None:
    try:
        body = msgspec.json.decode(await request.read())
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return body if isinstance(body, dict) else None


async def _fault(request: web.Request, account: KiroAccount | None, voice: Voice) -> web.Response | None:
    """Play a fault set for `kiro-auth`; the answer if it is the whole answer."""
    return await early(request.app[WORLD].faults.take("kiro-auth", account.name if account else None), voice)


def _say_social(refusal: Refusal) -> web.Response:
    return _json({"message": refusal.message}, refusal.status)


def _say_oauth(refusal: Refusal) -> web.Response:
    return _oauth_error(refusal.status, refusal.code or "server_error", refusal.message)


_SOCIAL = Voice(_say_social, exception_frame)
_OAUTH = Voice(_say_oauth, exception_frame)


async def social(request: web.Request) -> web.StreamResponse:
    """`POST /auth/refreshToken`."""
    body = await _body(request)
    token = body.get("refreshToken") if body else None
    if not isinstance(token, str) or not token:
        return _json({"message": "Improperly formed request."}, 400)
    state = request.app[KIRO]
    owner = state.owner_of(token)
    if (answered := await _fault(request, owner, _SOCIAL)) is not None:
        return answered
    if owner is not None and owner.kind != "social":
        return _json({"message": "Bad credentials"}, 401)
    outcome, account = state.refresh(token)
    if outcome != "ok" or account is None:
        return _json({"message": "Bad credentials"}, 401)
    _renewed(request, account)
    return _json(
        {
            "accessToken": account.access_token,
            "refreshToken": account.refresh_token,
            "expiresIn": LIFE_S[account.kind],
            "profileArn": account.arn,
        }
    )


async def oidc(request: web.Request) -> web.StreamResponse:
    """`POST /oidc/token` with `grantType: refresh_token`: the client's secret and region are checked first."""
    if request.content_type != "application/json":
        return _oauth_error(400, "invalid_request", "The body must be JSON.")
    body = await _body(request) or {}
    if body.get("grantType") != "refresh_token":
        return _oauth_error(400, "unsupported_grant_type", "Only refresh_token is supported here.")
    if not all(isinstance(body.get(key), str) and body[key] for key in ("clientId", "clientSecret", "refreshToken")):
        return _oauth_error(400, "invalid_request", "A required member is missing.")
    state = request.app[KIRO]
    clients = [account for account in state.accounts.values() if account.client_id == body["clientId"]]
    if not clients or body["clientSecret"] != clients[0].client_secret:
        return _oauth_error(401, "invalid_client", "Invalid client provided")
    if (answered := await _fault(request, clients[0], _OAUTH)) is not None:
        return answered
    region = request.match_info.get("region", "").strip("/")
    if region and region != clients[0].region:
        return _oauth_error(400, "invalid_request", "Invalid request")
    owner = state.owner_of(body["refreshToken"])
    if owner is not None and owner is not clients[0]:
        return _oauth_error(400, "invalid_grant", "Invalid refresh token provided")
    outcome, account = state.refresh(body["refreshToken"])
    if outcome != "ok" or account is None:
        return _oauth_error(400, "invalid_grant", "Invalid refresh token provided")
    _renewed(request, account)
    return _json(
        {
            "accessToken": account.access_token,
            "tokenType": "Bearer",
            "expiresIn": LIFE_S[account.kind],
            "refreshToken": account.refresh_token,
        }
    )


async def idp(request: web.Request) -> web.StreamResponse:
    """`POST /idp/token`, form encoded."""
    form = await request.post()
    state = request.app[KIRO]
    token = str(form.get("refresh_token", ""))
    owner = state.owner_of(token)
    if form.get("grant_type") != "refresh_token" or not form.get("scope"):
        return _oauth_error(400, "invalid_request", "A required parameter is missing.")
    if owner is None or owner.kind != "external_idp" or form.get("client_id") != owner.client_id:
        state.refresh(token if owner is None else "")
        return _oauth_error(400, "invalid_grant", "The refresh token is invalid.")
    state.refresh(token)
    _renewed(request, owner)
    return _json(
        {
            "access_token": owner.access_token,
            "token_type": "Bearer",
            "expires_in": LIFE_S[owner.kind],
            "refresh_token": owner.refresh_token,
        }
    )


def _renewed(request: web.Request, account: KiroAccount) -> None:
    request[SEEN].account = account.name
    request.app[WORLD].faults.refreshed(account.name)
