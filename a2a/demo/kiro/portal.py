"""Kiro's sign-in portal in the browser: which kind of account, then back to the client's port (specs/kiro.md 4.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args
from urllib.parse import urlencode

from aiohttp import web

from a2a.demo import pages
from a2a.demo.kiro.accounts import EXT_CLIENT, ORGANISATIONS
from a2a.demo.kiro.logins import PORTS, PROVIDERS, Logins, Option
from a2a.demo.kiro.oauth import CHALLENGE, DENIED, back, blocked, fields, root_of
from a2a.demo.kiro.state import KIRO
from a2a.demo.pages import page

_TITLE = "Sign in to the Kiro demo"
_CLIENT = "the Kiro portal"
_BASE = re.compile(rf"http://localhost:(?:{'|'.join(map(str, PORTS))})")
_BUTTONS = {
    "google": "Sign in with Google",
    "github": "Sign in with GitHub",
    "builderid": "Sign in with AWS Builder ID",
    "awsidc": "Sign in with your organisation",
    "external_idp": "Sign in with your company's identity provider",
    "deny": "Cancel",
}
_IDPS = {"BuilderId": "builderid", "Enterprise": "awsidc", "Internal": "internal"}
_STARTS = {_IDPS[home.idp]: (start_url, home.region) for start_url, home in ORGANISATIONS.items()}
"""Login option -> start URL and region that the client is told to go on with."""


def routes(prefix: str) -> list[web.RouteDef]:
    """`prefix` stands for the host."""
    return [web.get(f"{prefix}/signin", sign_in), web.post(f"{prefix}/signin", sign_in)]


def _fault_in(query: Mapping[str, str]) -> str | None:
    """Why the portal does not even show its buttons. It knows the clients' ports, not paths."""
    if _BASE.fullmatch(query.get("redirect_uri", "")) is None:
        return "redirect_uri must be http://localhost with one of the registered ports, and no path."
    if not query.get("state") or query.get("redirect_from") != "KiroIDE":
        return "state and redirect_from=KiroIDE are required."
    if query.get("code_challenge_method") != "S256" or CHALLENGE.fullmatch(query.get("code_challenge", "")) is None:
        return "code_challenge with method S256 is required."
    return None


async def sign_in(request: web.Request) -> web.StreamResponse:
    """`/signin`: at once back to the client, or a page where a person picks (GET), or what was picked (POST)."""
    query, logins = await fields(request), request.app[KIRO].logins
    if (text := _fault_in(query)) is not None:
        return blocked(text)
    if logins.flags.approval == "page" and "option" not in query:
        method = query.get("signin_methods", "")
        first = {method: _BUTTONS[method]} if method in _BUTTONS else {}
        return page(_TITLE, "How do you want to sign in?", pages.ask(query, "option", first | _BUTTONS))
    option = query.get("option") or query.get("signin_methods") or logins.flags.option
    address = query["redirect_uri"] + ("/signin/callback" if logins.flags.signin_callback else "/oauth/callback")
    if option == "deny" or logins.flags.approval == "deny":
        return back(address, query["state"], DENIED)
    if option not in get_args(Option):
        return blocked(f"There is no sign-in method {option}.")
    said = {"login_option": option, **_told(option, address, query["code_challenge"], logins, root_of(request))}
    return back(address, query["state"], said, thief=logins.flags.approval == "wrong_state")


def _told(option: str, address: str, challenge: str, logins: Logins, root: str) -> dict[str, str]:
    """What the client needs for its next step."""
    if option in PROVIDERS:
        redirect_uri = f"{address}?{urlencode({'login_option': option})}"
        return {"code": logins.new_code("social", _CLIENT, redirect_uri, challenge, PROVIDERS[option])}
    if option in _STARTS:
        start_url, region = _STARTS[option]
        return {"issuer_url": start_url, "idc_region": region}
    return {
        "issuer_url": f"{root}/idp",
        "client_id": EXT_CLIENT,
        "scopes": "openid profile email",
        "login_hint": "user@example.com",
        "audience": "api://kiro-demo",
    }
