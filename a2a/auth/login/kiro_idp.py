"""The second leg of the portal's login: an organisation's own identity provider, by OIDC (specs/kiro.md 4.4 and 3.3).

The browser's answer names the issuer. It, and the endpoints that its discovery document names, must be on the list of
allowed hosts: a code or a refresh token goes nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

import httpx
from msgspec import Struct

from a2a.auth.endpoint import AuthUrls, origin, post
from a2a.auth.kiro import endpoint_allowed
from a2a.auth.login.kiro_answer import BROWSER_S, PASTE, code_of, failure, granted, read
from a2a.auth.login.loopback import listen
from a2a.auth.login.person import Person
from a2a.auth.login.pkce import Pkce, new_pkce, new_state
from a2a.auth.outward import TIMEOUT
from a2a.auth.records import KiroToken
from a2a.clock import Clock
from a2a.errors import BadUpstream, LoginFailed, Unreachable, UpstreamTimeout

PORT = 3128
PATH = "/oauth/callback"
REDIRECT = f"http://localhost:{PORT}{PATH}"
"""The only one that organisations register for Kiro."""

_OFFLINE = "offline_access"
_ALLOW_HINT = "if it is your organisation's, add its host to idp_allow in [providers.claude-kiro-oauth]"


class Asked(Struct, frozen=True):
    """What the portal says about the provider; `scopes` space separated."""

    issuer_url: str
    client_id: str
    scopes: str
    login_hint: str = ""
    audience: str = ""


class _Discovery(Struct):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str


def asked_by(query: Mapping[str, str]) -> Asked:
    """From the portal's callback, with `offline_access` among the scopes. Raises LoginFailed if it says too little."""
    issuer, client_id = query.get("issuer_url", ""), query.get("client_id", "")
    if not issuer or not client_id:
        raise LoginFailed("the portal did not name the organisation's identity provider", hint="start the login again")
    scopes = query.get("scopes", "").replace(",", " ").split()
    joined = " ".join(dict.fromkeys([*scopes, _OFFLINE]))
    return Asked(issuer, client_id, joined, query.get("login_hint", ""), query.get("audience", ""))


async def log_in(
    urls: AuthUrls, person: Person, asked: Asked, *, client: httpx.AsyncClient, clock: Clock, browser: bool
) -> KiroToken:
    """A new token. `browser`: the page opens here. Raises LoginFailed and UpstreamError."""
    found = await _discover(urls, asked.issuer_url, client)
    person.remark(f"your organisation's own sign-in follows, at {origin(found.authorization_endpoint)}")
    pkce, state, expires_at = new_pkce(), new_state(), clock.now() + BROWSER_S
    async with listen([PATH], state, person, ports=[PORT]) as listener:
        page = _page(found.authorization_endpoint, asked, state, pkce)
        person.show_page(page, opens=browser, paste=PASTE, expires_at=expires_at)
        callback = await listener.answer(clock=clock, expires_at=expires_at)
    form = {
        "grant_type": "authorization_code",
        "client_id": asked.client_id,
        "code": code_of(callback).reveal(),
        "redirect_uri": REDIRECT,
        "code_verifier": pkce.verifier.reveal(),
    }
    response = await post(client, found.token_endpoint, form, urls)
    if response.status_code != 200:
        raise failure(response)
    tokens, now = granted(response), clock.now()
    return KiroToken(
        kind="external_idp",
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_at=now + tokens.expires_in_s,
        issued_at=now,
        idp="ExternalIdp",
        client_id=asked.client_id,
        token_endpoint=found.token_endpoint,
        issuer_url=asked.issuer_url,
        scopes=asked.scopes,
    )


async def _discover(urls: AuthUrls, issuer: str, client: httpx.AsyncClient) -> _Discovery:
    """The provider's endpoints (OpenID Connect Discovery 1.0, 4), each allowed. Redirects are not followed."""
    _check(issuer, "the identity provider", urls)
    if urlsplit(issuer).query or urlsplit(issuer).fragment:
        raise LoginFailed("the portal named an identity provider with a query in its address", hint=_ALLOW_HINT)
    url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    response = await _get(client, url, urls)
    if response.status_code != 200:
        raise BadUpstream(f"{origin(url)} answered {response.status_code} to the question for its endpoints")
    found = read(response, _Discovery)
    # By origin: the document of Microsoft's multi-tenant issuer has `{tenantid}` in its own path.
    if origin(found.issuer) != origin(issuer):
        raise BadUpstream(f"{origin(issuer)} says that it is another identity provider")
    _check(found.authorization_endpoint, "the sign-in page", urls)
    _check(found.token_endpoint, "the token endpoint", urls)
    return found


def _check(endpoint: str, what: str, urls: AuthUrls) -> None:
    if not endpoint_allowed(endpoint, urls.idp_allow):
        raise LoginFailed(f"{what} {origin(endpoint)} is not on the list of allowed hosts", hint=_ALLOW_HINT)


async def _get(client: httpx.AsyncClient, url: str, urls: AuthUrls) -> httpx.Response:
    headers = {"accept": "application/json", "user-agent": urls.user_agent}
    try:
        return await client.get(url, headers=headers, timeout=TIMEOUT, follow_redirects=False)
    except httpx.TimeoutException as exc:
        raise UpstreamTimeout(f"the identity provider {origin(url)} did not answer in time") from exc
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise Unreachable(f"no connection to the identity provider {origin(url)} ({type(exc).__name__})") from exc


def _page(endpoint: str, asked: Asked, state: str, pkce: Pkce) -> str:
    """The sign-in page's address. `audience` is not of every provider: others must ignore it (RFC 6749 3.1)."""
    query = {
        "response_type": "code",
        "client_id": asked.client_id,
        "redirect_uri": REDIRECT,
        "scope": asked.scopes,
        "state": state,
        "code_challenge": pkce.challenge,
        "code_challenge_method": "S256",
        "response_mode": "query",
        "login_hint": asked.login_hint,
        "audience": asked.audience,
    }
    told = urlencode({key: value for key, value in query.items() if value})
    return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{told}"
