"""Kiro's browser login through the portal, where the person chooses who vouches for them (specs/kiro.md 4.4).

The portal only says how to go on: Google and GitHub give a code at once, AWS and an organisation's own identity
provider take a second login. Its answer counts with our `state` only; what it names (region, issuer) is checked where
it is used.
"""

from __future__ import annotations

from urllib.parse import urlencode

import httpx
from msgspec import structs

from a2a.auth.endpoint import AuthUrls, origin, post
from a2a.auth.kiro_region import DEFAULT, at
from a2a.auth.login import kiro_browser, kiro_device, kiro_idp, kiro_social
from a2a.auth.login.kiro_answer import AGAIN, BROWSER_S, PASTE, code_of, failure, granted
from a2a.auth.login.loopback import Callback, listen
from a2a.auth.login.person import Person
from a2a.auth.login.pkce import Pkce, new_pkce, new_state
from a2a.auth.records import KiroToken
from a2a.clock import Clock
from a2a.errors import LoginFailed

PORTS = (3128, 4649, 6588, 8008, 9091, 49153, 50153, 51153, 52153, 53153)
"""Only these are registered with the portal."""

PATHS = ("/oauth/callback", "/signin/callback")

_SOCIAL: dict[str, kiro_social.Idp] = {"google": "Google", "github": "Github"}
_AWS = {"builderid": "BuilderId", "awsidc": "Enterprise", "internal": "Internal"}
"""`login_option` -> `KiroToken.idp`."""


async def log_in(
    urls: AuthUrls, person: Person, *, client: httpx.AsyncClient, clock: Clock, browser: bool
) -> KiroToken:
    """A new token of whatever kind the person chooses. `browser`: pages open here; else the person opens them, pastes
    where the browser ends, and logs in to AWS by a device code.

    Raises LoginFailed (refused, no answer in 10 minutes, an issuer that is not allowed, no free port), UpstreamError.
    """
    pkce, state, expires_at = new_pkce(), new_state(), clock.now() + BROWSER_S
    async with listen(PATHS, state, person, ports=PORTS) as listener:
        base = f"http://localhost:{listener.port}"
        page = f"{urls.portal_url.rstrip('/')}/signin?{_query(base, state, pkce)}"
        person.show_page(page, opens=browser, paste=PASTE, expires_at=expires_at)
        callback = await listener.answer(clock=clock, expires_at=expires_at)
    option = callback.query.get("login_option", "").lower()
    if option in _SOCIAL or "error" in callback.query:
        return await _exchange(urls, callback, base, pkce, client=client, clock=clock)
    if option in _AWS:
        return await _aws(urls, person, callback, client=client, clock=clock, browser=browser)
    if option == "external_idp":
        asked = kiro_idp.asked_by(callback.query)
        return await kiro_idp.log_in(urls, person, asked, client=client, clock=clock, browser=browser)
    raise LoginFailed("the portal chose a way to log in that a2a does not know", hint="a2a login kiro --method idc")


def _query(base: str, state: str, pkce: Pkce) -> str:
    return urlencode(
        {
            "state": state,
            "code_challenge": pkce.challenge,
            "code_challenge_method": "S256",
            "redirect_uri": base,
            "redirect_from": "KiroIDE",
        }
    )


async def _exchange(
    urls: AuthUrls, callback: Callback, base: str, pkce: Pkce, *, client: httpx.AsyncClient, clock: Clock
) -> KiroToken:
    """Code for tokens; the redirect URI must have the path and the option, or the exchange fails."""
    code = code_of(callback)
    option = callback.query["login_option"]
    body = {
        "code": code.reveal(),
        "code_verifier": pkce.verifier.reveal(),
        "redirect_uri": f"{base}{callback.path}?{urlencode({'login_option': option})}",
    }
    response = await post(client, f"{at(urls.auth_url, DEFAULT)}/oauth/token", body, urls, form=False)
    if response.status_code == 500:
        # Its word for a used code or a foreign redirect URI, seen as 500 "Oops, something went wrong."
        raise LoginFailed(f"the code was refused: {origin(urls.auth_url)} answered 500", hint=AGAIN)
    if response.status_code != 200:
        raise failure(response)
    return kiro_social.token(_SOCIAL[option.lower()], granted(response), clock.now())


async def _aws(
    urls: AuthUrls,
    person: Person,
    callback: Callback,
    *,
    client: httpx.AsyncClient,
    clock: Clock,
    browser: bool,
) -> KiroToken:
    option = callback.query["login_option"].lower()
    start_url, region = callback.query.get("issuer_url") or None, callback.query.get("idc_region") or None
    if start_url is None and option != "builderid":
        raise LoginFailed("the portal did not name the organisation's start URL", hint="a2a login kiro --method idc")
    flow = kiro_browser.log_in if browser else kiro_device.log_in
    token = await flow(urls, person, client=client, clock=clock, start_url=start_url, region=region)
    return structs.replace(token, idp="Internal") if option == "internal" else token
