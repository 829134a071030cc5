"""Kiro's browser login by AWS Builder ID or IAM Identity Center, as the IDE does it (specs/kiro.md 4.3)."""

from __future__ import annotations

from urllib.parse import urlencode

import httpx

from a2a.auth.endpoint import AuthUrls, post
from a2a.auth.kiro_region import at
from a2a.auth.login import kiro_oidc
from a2a.auth.login.kiro_answer import BROWSER_S, PASTE, code_of, failure, granted
from a2a.auth.login.loopback import HOST, listen
from a2a.auth.login.person import Person
from a2a.auth.login.pkce import Pkce, new_pkce, new_state
from a2a.auth.records import KiroToken
from a2a.clock import Clock

PATH = "/oauth/callback"
REDIRECT = f"http://{HOST}{PATH}"
"""As registered: without a port any port is allowed."""


async def log_in(
    urls: AuthUrls,
    person: Person,
    *,
    client: httpx.AsyncClient,
    clock: Clock,
    start_url: str | None = None,
    region: str | None = None,
) -> KiroToken:
    """A new token. `start_url` None: Builder ID; `region` None: its region is looked for.

    Raises LoginFailed (refused, no answer in 10 minutes, an unknown start URL) and UpstreamError.
    """
    home = kiro_oidc.directory(urls, start_url)
    found = kiro_oidc.checked_region(region, home)
    if found is None:
        # Only the device login says whether a region knows the start URL; what it began there is left to expire.
        found = (await kiro_oidc.begin(urls, home, None, person, client=client)).region
    root = at(urls.oidc_url, found)
    registration = await kiro_oidc.register(
        urls,
        found,
        kiro_oidc.CODE_GRANT,
        client=client,
        more={"redirectUris": [REDIRECT], "issuerUrl": home.start_url},
    )
    pkce, state, expires_at = new_pkce(), new_state(), clock.now() + BROWSER_S
    async with listen([PATH], state, person) as listener:
        redirect = f"http://{HOST}:{listener.port}{PATH}"
        page = f"{root}/authorize?{_query(registration.client_id, redirect, state, pkce)}"
        person.show_page(page, opens=True, paste=PASTE, expires_at=expires_at)
        callback = await listener.answer(clock=clock, expires_at=expires_at)
    body = registration.fields() | {
        "grantType": kiro_oidc.CODE_GRANT,
        "redirectUri": redirect,
        "code": code_of(callback).reveal(),
        "codeVerifier": pkce.verifier.reveal(),
    }
    response = await post(client, f"{root}/token", body, urls, form=False)
    if response.status_code != 200:
        raise failure(response)
    return kiro_oidc.token(home, found, registration, granted(response), clock.now())


def _query(client_id: str, redirect: str, state: str, pkce: Pkce) -> str:
    return urlencode(
        {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect,
            "scopes": kiro_oidc.joined(),
            "state": state,
            "code_challenge": pkce.challenge,
            "code_challenge_method": "S256",
        }
    )
