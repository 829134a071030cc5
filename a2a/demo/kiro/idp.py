"""The identity provider of a company: discovery, authorization code with PKCE, refresh (specs/kiro.md 3.3, 4.4).

One public client is known, without a secret. Only who asks for `offline_access` gets a refresh token.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from a2a.demo import pages
from a2a.demo.kiro.accounts import EXT_CLIENT, KiroAccount
from a2a.demo.kiro.logins import Flags
from a2a.demo.kiro.oauth import (
    CHALLENGE,
    DENIED,
    OAUTH,
    answer,
    back,
    blocked,
    fault,
    fields,
    granted,
    refuse,
    root_of,
)
from a2a.demo.kiro.state import KIRO
from a2a.demo.logins import TokenFlags
from a2a.demo.pages import page
from a2a.demo.pkce import challenge_of
from a2a.demo.wire import guarded

SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
_FORM = "application/x-www-form-urlencoded"
_TITLE = "Sign in to the demo company"
_REDIRECTS = ("http://localhost:3128/oauth/callback", "kiro://kiro.oauth/callback")
_ANY_PORT = re.compile(r"http://localhost:\d{1,5}/oauth/callback")


def routes(prefix: str) -> list[web.RouteDef]:
    """`prefix` is the issuer."""
    return [
        web.get(f"{prefix}/.well-known/openid-configuration", discovery),
        web.get(f"{prefix}/authorize", consent),
        web.post(f"{prefix}/authorize", consent),
        web.post(f"{prefix}/token", guarded(OAUTH, token)),
    ]


async def discovery(request: web.Request) -> web.StreamResponse:
    """`GET /.well-known/openid-configuration` (OpenID Connect Discovery 1.0, section 3)."""
    issuer = f"{root_of(request)}/idp"
    return answer(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/keys",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": sorted(SCOPES),
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
        }
    )


def _fault_in(flags: Flags, query: Mapping[str, str]) -> str | None:
    """Why the browser cannot be sent back to the client."""
    redirect_uri = query.get("redirect_uri", "")
    if query.get("client_id") != EXT_CLIENT:
        return "The application is not known in this company."
    if redirect_uri not in _REDIRECTS and not (flags.idp_any_port and _ANY_PORT.fullmatch(redirect_uri)):
        return "The redirect_uri is not one of the application's."
    if not query.get("state"):
        return "The state is missing."
    return None


def _error_in(query: Mapping[str, str]) -> tuple[str, str] | None:
    """What is wrong with a link whose redirect address is right: error, description."""
    scopes = set(query.get("scope", "").split())
    if query.get("response_type") != "code" or query.get("response_mode", "query") != "query":
        return "unsupported_response_type", "Only a code in the query is supported."
    if query.get("code_challenge_method") != "S256" or CHALLENGE.fullmatch(query.get("code_challenge", "")) is None:
        return "invalid_request", "code_challenge with method S256 is required."
    if "openid" not in scopes or not scopes <= SCOPES:
        return "invalid_scope", "Unknown scope, or openid is missing."
    return None


async def consent(request: web.Request) -> web.StreamResponse:
    """`/authorize`: at once back to the client, or a page where a person decides (GET), or the decision (POST)."""
    query, logins = await fields(request), request.app[KIRO].logins
    if (text := _fault_in(logins.flags, query)) is not None:
        return blocked(text)
    redirect_uri, state = query["redirect_uri"], query["state"]
    if (error := _error_in(query)) is not None:
        return back(redirect_uri, state, dict(zip(("error", "error_description"), error, strict=True)))
    if logins.flags.approval == "page" and "decision" not in query:
        form = pages.ask(query, "decision", {"approve": "Accept", "deny": "Cancel"})
        return page(_TITLE, f"Sign in as {query.get('login_hint', 'user@example.com')}.", form)
    if logins.flags.approval == "deny" or query.get("decision") == "deny":
        return back(redirect_uri, state, DENIED)
    scopes = frozenset(query["scope"].split())
    code = logins.new_code("idp", EXT_CLIENT, redirect_uri, query["code_challenge"], scopes=scopes)
    return back(redirect_uri, state, {"code": code}, thief=logins.flags.approval == "wrong_state")


async def token(request: web.Request) -> web.StreamResponse:
    """`POST /token`, form encoded."""
    if request.content_type != _FORM:
        raise refuse("invalid_request", "The body must be form encoded.")
    form, state = await fields(request), request.app[KIRO]
    owner = state.owner_of(form.get("refresh_token", ""))
    if (answered := await fault(request, owner, OAUTH)) is not None:
        return answered
    if "client_secret" in form:
        raise refuse("invalid_client", "A public client must not send a secret.", 401)
    match form.get("grant_type"):
        case "refresh_token":
            return await _refresh(request, owner, form)
        case "authorization_code":
            return await _exchange(request, form)
        case _:
            raise refuse("unsupported_grant_type", "Unknown grant_type.")


async def _refresh(request: web.Request, owner: KiroAccount | None, form: Mapping[str, str]) -> web.StreamResponse:
    if not form.get("scope"):
        raise refuse("invalid_request", "A required parameter is missing.")
    state = request.app[KIRO]
    mine = owner is not None and owner.kind == "external_idp" and form.get("client_id") == owner.client_id
    if owner is not None and not mine:
        raise refuse("invalid_grant", "The refresh token is invalid.")
    outcome, account = state.refresh(form.get("refresh_token", ""))
    if outcome != "ok" or account is None:
        raise refuse("invalid_grant", "The refresh token is invalid.")
    return await _granted(request, account, form["scope"], state.logins.flags)


async def _exchange(request: web.Request, form: Mapping[str, str]) -> web.StreamResponse:
    state = request.app[KIRO]
    code = state.logins.take_code("idp", form.get("code", ""))
    if code is None or form.get("client_id") != code.client:
        raise refuse("invalid_grant", "The code is unknown, too old or was used before.")
    if form.get("redirect_uri") != code.redirect_uri or challenge_of(form.get("code_verifier", "")) != code.challenge:
        raise refuse("invalid_grant", "The redirect_uri or the code_verifier does not fit the code.")
    account = state.new_external(code.client, offline="offline_access" in code.scopes)
    return await _granted(request, account, " ".join(sorted(code.scopes)), None)


async def _granted(
    request: web.Request, account: KiroAccount, scope: str, refreshed: TokenFlags | None
) -> web.StreamResponse:
    """`refreshed`: the flags a refresh went by; when tokens do not rotate, its answer has no refresh token."""
    with_refresh = account.renewable and (refreshed is None or refreshed.rotate)
    tokens: dict[str, Any] = {
        "access_token": account.access_token,
        "token_type": "Bearer",
        "expires_in": request.app[KIRO].life_s(account.kind),
        "scope": scope,
        "refresh_token": account.refresh_token if with_refresh else None,
    }
    return await granted(request, account, tokens)
