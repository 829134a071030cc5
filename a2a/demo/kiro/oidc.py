"""AWS SSO OIDC: registration of clients, device and browser logins, tokens (specs/kiro.md 3.2, 4.1, 4.3).

JSON with camelCase members both ways. Where the address names a region, clients and start URLs of another are refused.
A mistake in a browser's link is a page; from a redirect address that is known on, errors go back to the client.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, assert_never

from aiohttp import web

from a2a.demo import pages
from a2a.demo.kiro import registration
from a2a.demo.kiro.accounts import ORGANISATIONS, KiroAccount
from a2a.demo.kiro.logins import CODE_GRANT, DEVICE_GRANT, REFRESH_GRANT, Client
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
    json_body,
    refuse,
    root_of,
    texts,
)
from a2a.demo.kiro.state import KIRO
from a2a.demo.logins import verdict
from a2a.demo.pages import page
from a2a.demo.pkce import challenge_of
from a2a.demo.wire import guarded

_TITLE = "Sign in to the AWS access portal of the demo"


def routes(prefix: str, region: str) -> list[web.RouteDef]:
    """`prefix` stands for the host, `region` is the pattern of its optional region. The page has no region."""
    at = f"{prefix}/oidc{region}"
    return [
        web.post(f"{at}/client/register", guarded(OAUTH, register)),
        web.post(f"{at}/device_authorization", guarded(OAUTH, authorize_device)),
        web.post(f"{at}/token", guarded(OAUTH, token)),
        web.get(f"{at}/authorize", consent),
        web.post(f"{at}/authorize", consent),
        web.get(f"{prefix}/device", device_page),
        web.post(f"{prefix}/device", device_page),
    ]


def _region(request: web.Request) -> str | None:
    return request.match_info.get("region", "").strip("/") or None


async def _body(request: web.Request) -> dict[str, Any]:
    body = await json_body(request)
    if not body:
        raise refuse("invalid_request", "The body must be a JSON object.")
    return body


def _client(request: web.Request, body: Mapping[str, Any]) -> Client:
    """The client that the body names. Raises Refusal: 401 for a wrong secret or one that is too old."""
    state = request.app[KIRO]
    given = texts(body, "clientId", "clientSecret")
    if given is None:
        raise refuse("invalid_request", "clientId and clientSecret are required.")
    client = state.logins.clients.get(given[0])
    if client is None or client.secret != given[1] or client.expires_at <= state.clock.now():
        raise refuse("invalid_client", "Invalid client provided", 401)
    return client


def _check_home(region: str | None, client: Client) -> None:
    """A client lives in the region where it was registered."""
    if region is not None and client.region not in (None, region):
        raise refuse("invalid_request", "Invalid request")


def _check_start(region: str | None, start_url: str) -> None:
    """A start URL is known in one region only (specs/kiro.md 4.1)."""
    home = ORGANISATIONS.get(start_url)
    if home is None or region not in (None, home.region):
        raise refuse("invalid_request", "Invalid startUrl provided")


async def register(request: web.Request) -> web.StreamResponse:
    """`POST /client/register`."""
    if (answered := await fault(request, None, OAUTH)) is not None:
        return answered
    asked = registration.read(await _body(request))
    region = _region(request)
    if asked.start_url is not None:
        _check_start(region, asked.start_url)
    made = request.app[KIRO].logins.register(region, asked.grants, asked.scopes, asked.redirect_uris, asked.start_url)
    return answer(
        {
            "clientId": made.id,
            "clientSecret": made.secret,
            "clientIdIssuedAt": int(made.issued_at),
            "clientSecretExpiresAt": int(made.expires_at),
            "authorizationEndpoint": None,
            "tokenEndpoint": None,
        }
    )


async def authorize_device(request: web.Request) -> web.StreamResponse:
    """`POST /device_authorization`. A start URL of another region fails here."""
    if (answered := await fault(request, None, OAUTH)) is not None:
        return answered
    body, region = await _body(request), _region(request)
    client = _client(request, body)
    _check_home(region, client)
    start = texts(body, "startUrl")
    if start is None:
        raise refuse("invalid_request", "startUrl is required.")
    if DEVICE_GRANT not in client.grants:
        raise refuse("unauthorized_client", "The client is not registered for this grant.")
    _check_start(region, start[0])
    logins = request.app[KIRO].logins
    code, login = logins.start("oidc", client.id, start[0])
    address = f"{root_of(request)}/device"
    return answer(
        {
            "deviceCode": code,
            "userCode": login.user_code,
            "verificationUri": address,
            "verificationUriComplete": f"{address}?user_code={login.user_code}",
            "expiresIn": logins.flags.code_life_s,
            "interval": logins.flags.interval_s,
        }
    )


async def device_page(request: web.Request) -> web.StreamResponse:
    """`/device?user_code=…`: what opens in the browser, and what was decided there."""
    login = request.app[KIRO].logins.by_user_code("oidc", await pages.user_code(request))
    return await pages.device(request, _TITLE, login)


def _fault_in(client: Client | None, query: Mapping[str, str]) -> str | None:
    """Why the browser cannot be sent back to the client."""
    if client is None:
        return "invalid_client: unknown client_id."
    if not registration.may_redirect(client, query.get("redirect_uri", "")):
        return "invalid_redirect_uri: this client did not register it."
    if not query.get("state"):
        return "invalid_request: state is required."
    return None


def _error_in(client: Client, query: Mapping[str, str]) -> tuple[str, str] | None:
    """What is wrong with a link whose redirect address is right: error, description."""
    asked = set(query.get("scopes", "").replace(",", " ").split())
    if query.get("response_type") != "code":
        return "unsupported_response_type", "response_type must be code."
    if query.get("code_challenge_method") != "S256" or CHALLENGE.fullmatch(query.get("code_challenge", "")) is None:
        return "invalid_request", "code_challenge with method S256 is required."
    if not asked or not asked <= client.scopes:
        return "invalid_scope", "scopes must be some of those the client registered."
    return None


async def consent(request: web.Request) -> web.StreamResponse:
    """`/authorize`: at once back to the client, or a page where a person decides (GET), or the decision (POST)."""
    query, logins = await fields(request), request.app[KIRO].logins
    client = logins.clients.get(query.get("client_id", ""))
    if (text := _fault_in(client, query)) is not None or client is None:
        return blocked(text or "")
    redirect_uri, state = query["redirect_uri"], query["state"]
    if (error := _error_in(client, query)) is not None:
        return back(redirect_uri, state, dict(zip(("error", "error_description"), error, strict=True)))
    if logins.flags.approval == "page" and "decision" not in query:
        form = pages.ask(query, "decision", {"approve": "Allow access", "deny": "Deny access"})
        return page(_TITLE, "The client wants to use Kiro.", form)
    if logins.flags.approval == "deny" or query.get("decision") == "deny":
        return back(redirect_uri, state, DENIED)
    code = logins.new_code("oidc", client.id, redirect_uri, query["code_challenge"], client.start_url or "")
    return back(redirect_uri, state, {"code": code}, thief=logins.flags.approval == "wrong_state")


async def token(request: web.Request) -> web.StreamResponse:
    """`POST /token`, for the three grants."""
    body = await _body(request)
    if (grant := _GRANTS.get(str(body.get("grantType")))) is None:
        raise refuse("unsupported_grant_type", "Unknown grantType.")
    client = _client(request, body)
    if (answered := await fault(request, _account_of(request, client, body), OAUTH)) is not None:
        return answered
    _check_home(_region(request), client)
    if body["grantType"] not in client.grants:
        raise refuse("unauthorized_client", "The client is not registered for this grant.")
    return await grant(request, client, body)


def _account_of(request: web.Request, client: Client, body: Mapping[str, Any]) -> KiroAccount | None:
    """Whose tokens this is about, as far as one can know: the refresh token's owner, else the client's only account."""
    state = request.app[KIRO]
    held = [one for one in state.accounts.values() if one.client_id == client.id]
    return state.owner_of(str(body.get("refreshToken", ""))) or (held[0] if len(held) == 1 else None)


async def _refresh(request: web.Request, client: Client, body: Mapping[str, Any]) -> web.StreamResponse:
    state, given = request.app[KIRO], texts(body, "refreshToken")
    if given is None:
        raise refuse("invalid_request", "refreshToken is required.")
    owner = state.owner_of(given[0])
    if owner is not None and owner.client_id != client.id:
        raise refuse("invalid_grant", "Invalid refresh token provided")
    outcome, account = state.refresh(given[0])
    if outcome != "ok" or account is None:
        raise refuse("invalid_grant", "Invalid refresh token provided")
    return await _granted(request, account, rotated=state.logins.flags.rotate)


async def _poll(request: web.Request, client: Client, body: Mapping[str, Any]) -> web.StreamResponse:
    state, given = request.app[KIRO], texts(body, "deviceCode")
    if given is None:
        raise refuse("invalid_request", "deviceCode is required.")
    login = state.logins.device("oidc", given[0], client.id)
    if login is None or login.used:
        raise refuse("invalid_grant", "Invalid device code provided")
    match verdict(login, state.logins.flags, state.clock.now()):
        case "expired":
            raise refuse("expired_token", "The device code has expired.")
        case "slow_down":
            raise refuse("slow_down", "Polling too fast.")
        case "denied":
            raise refuse("access_denied", "The user refused.")
        case "pending":
            raise refuse("authorization_pending", "The user has not decided yet.")
        case "approved":
            login.used = True
            return await _granted(request, state.new_sso(login.identity, client))
        case never:
            assert_never(never)


async def _exchange(request: web.Request, client: Client, body: Mapping[str, Any]) -> web.StreamResponse:
    state, given = request.app[KIRO], texts(body, "code", "redirectUri", "codeVerifier")
    if given is None:
        raise refuse("invalid_request", "code, redirectUri and codeVerifier are required.")
    text, redirect_uri, verifier = given
    code = state.logins.take_code("oidc", text)
    if code is None or code.client != client.id:
        raise refuse("invalid_grant", "Invalid authorization code provided")
    if redirect_uri != code.redirect_uri:
        raise refuse("invalid_grant", "The redirect URI is not that of the authorization.")
    if challenge_of(verifier) != code.challenge:
        raise refuse("invalid_grant", "The code verifier does not match the challenge.")
    return await _granted(request, state.new_sso(code.identity, client))


async def _granted(request: web.Request, account: KiroAccount, *, rotated: bool = True) -> web.StreamResponse:
    """`rotated` False: the refresh token stays what it was, and the answer has none."""
    return await granted(
        request,
        account,
        {
            "accessToken": account.access_token,
            "tokenType": "Bearer",
            "expiresIn": request.app[KIRO].life_s(account.kind),
            "refreshToken": account.refresh_token if rotated and account.renewable else None,
        },
    )


_GRANTS: dict[str, Callable[[web.Request, Client, Mapping[str, Any]], Awaitable[web.StreamResponse]]] = {
    REFRESH_GRANT: _refresh,
    DEVICE_GRANT: _poll,
    CODE_GRANT: _exchange,
}
