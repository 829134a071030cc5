"""The Gemini CLI's login (specs/gemini-cli.md 2 and 3): the browser returns to a loopback port, or a code is pasted.

Both ways carry PKCE, `state` and `prompt=consent`, without which a second login gets no refresh token. Of what Google
answers only the OAuth error code is ever shown.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import httpx
from msgspec import Struct

from a2a.auth import google
from a2a.auth.endpoint import AuthUrls, post
from a2a.auth.google_client import CLI_CLIENT_ID, OAuthClient, client_for
from a2a.auth.login.loopback import HOST, listen
from a2a.auth.login.person import Person
from a2a.auth.login.pkce import Pkce, new_pkce, new_state
from a2a.auth.outward import TIMEOUT
from a2a.auth.records import GoogleToken
from a2a.auth.token_file import text_at
from a2a.clock import Clock
from a2a.errors import LoginFailed, NeedsLogin
from a2a.secret import Secret

SCOPES = (
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/userinfo.email",
    "https://www.googleapis.com/auth/userinfo.profile",
)
_NEEDED = SCOPES[0]
"""Google's page lets the person leave single scopes out; the other two only name the account."""

CONSENT_PATH = "/o/oauth2/v2/auth"
CALLBACK_PATH = "/oauth2callback"
USERINFO_PATH = "/oauth2/v2/userinfo"
PATIENCE_S = 300.0
"""As the CLI waits (specs/gemini-cli.md 2)."""

_TRIES = 3
_AGAIN = "start the login again"


class _Asked(Struct, frozen=True):
    """One authorization request: what its answer must match, and what the exchange repeats."""

    oauth: OAuthClient
    redirect: str
    state: Secret
    pkce: Pkce

    def page(self, urls: AuthUrls) -> str:
        """The consent page's address (specs/gemini-cli.md 2)."""
        query = {
            "client_id": self.oauth.id,
            "redirect_uri": self.redirect,
            "response_type": "code",
            "scope": " ".join(SCOPES),
            "access_type": "offline",
            "prompt": "consent",
            "state": self.state.reveal(),
            "code_challenge": self.pkce.challenge,
            "code_challenge_method": "S256",
        }
        return f"{urls.auth_url.rstrip('/')}{CONSENT_PATH}?{urlencode(query)}"


async def log_in(
    urls: AuthUrls, person: Person, *, client: httpx.AsyncClient, clock: Clock, browser: bool
) -> GoogleToken:
    """A new token. `browser`: it opens here and returns to a loopback port; else the person pastes a code.

    Raises NeedsAction before anything is shown where the OAuth client's secret is unknown, LoginFailed and
    UpstreamError.
    """
    oauth = await asyncio.to_thread(client_for, GoogleToken(access_token=Secret("")), urls)
    exchange = _Exchange(urls, client, clock)
    if browser:
        return await _by_loopback(oauth, exchange, person)
    return await _by_paste(oauth, exchange, person)


async def _by_loopback(oauth: OAuthClient, exchange: _Exchange, person: Person) -> GoogleToken:
    state, expires_at = new_state(), exchange.clock.now() + PATIENCE_S
    async with listen([CALLBACK_PATH], state, person) as listener:
        asked = _Asked(oauth, f"http://{HOST}:{listener.port}{CALLBACK_PATH}", Secret(state), new_pkce())
        person.show_page(
            asked.page(exchange.urls),
            opens=True,
            paste="the address at which the browser ends",
            expires_at=expires_at,
        )
        callback = await listener.answer(clock=exchange.clock, expires_at=expires_at)
        return await exchange(asked, _code_of(callback.query))


async def _by_paste(oauth: OAuthClient, exchange: _Exchange, person: Person) -> GoogleToken:
    expires_at = exchange.clock.now() + PATIENCE_S
    asked = _Asked(oauth, exchange.urls.paste_url, Secret(new_state()), new_pkce())
    person.show_page(
        asked.page(exchange.urls), opens=False, paste="the code that the page shows", expires_at=expires_at
    )
    for left in reversed(range(_TRIES)):
        line = await _pasted(person, expires_at - exchange.clock.now())
        try:
            return await exchange(asked, _code_in(line, asked.state))
        except _BadCode as exc:
            if not left:
                raise LoginFailed(f"{exc.message}, for the third time", hint=_AGAIN) from None
            person.remark(f"{exc.message}; paste the code that the page shows")
    raise AssertionError("unreachable")


async def _pasted(person: Person, wait_s: float) -> str:
    """The next line without any white space: a terminal may have wrapped it."""
    try:
        async with asyncio.timeout(max(0.0, wait_s)) as limit:
            return "".join((await person.pasted()).split())
    except TimeoutError:
        if not limit.expired():
            raise
        raise LoginFailed("no code was pasted in time", hint=_AGAIN) from None


class _BadCode(LoginFailed):
    """What was pasted is not the code; another try may be better."""


def _code_in(text: str, state: Secret) -> str:
    """The code of a pasted line: bare, percent-encoded, or in the address or query of the page that shows it."""
    if not text:
        raise _BadCode("nothing was pasted")
    if "code=" not in text and "error=" not in text and "://" not in text:
        return unquote(text)
    try:
        query = dict(parse_qsl(urlsplit(text).query if "://" in text else text.removeprefix("?")))
    except ValueError:
        query = {}
    if "state" in query and not state.matches(query["state"]):
        raise _BadCode("that is the answer of another login")
    if "code" not in query and "error" not in query:
        raise _BadCode("there is no code in that address")
    return _code_of(query)


def _code_of(query: dict[str, str]) -> str:
    """The code of a callback that is ours. Raises LoginFailed where it brings an error instead."""
    error = query.get("error", "")
    if error == "access_denied":
        raise LoginFailed("the login was refused on Google's page", hint=f"{_AGAIN} and allow the access")
    if error or not query.get("code"):
        shown = error if error.replace("_", "").isalnum() and error.isascii() and len(error) <= 64 else ""
        raise LoginFailed("Google ended the login without a code" + (f": {shown}" if shown else ""), hint=_AGAIN)
    return query["code"]


class _Exchange(Struct, frozen=True):
    """Code for tokens, tokens for the user's name."""

    urls: AuthUrls
    client: httpx.AsyncClient
    clock: Clock

    async def __call__(self, asked: _Asked, code: str) -> GoogleToken:
        """Raises _BadCode for `invalid_grant`, LoginFailed, NeedsAction and UpstreamError."""
        url, now = google.token_url(self.urls), self.clock.now()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": asked.redirect,
            "client_id": asked.oauth.id,
            "client_secret": asked.oauth.secret.reveal(),
            "code_verifier": asked.pkce.verifier.reveal(),
        }
        response = await post(self.client, url, form, self.urls)
        if response.status_code != 200:
            undone = "the login was not completed"
            fault = google.failure(response, url, undone, hint="try the login again in a minute")
            if isinstance(fault, NeedsLogin):
                raise _BadCode("Google does not take this code (mistyped, used or too old)", hint=_AGAIN)
            raise fault
        answer = google.decode_answer(response, url)
        _check(answer)
        return GoogleToken(
            access_token=Secret(answer.access_token),
            refresh_token=Secret(answer.refresh_token or ""),
            expires_at=now + answer.expires_in,
            issued_at=now,
            scope=answer.scope,
            email=await self._email(answer.access_token) or google.email_in(answer.id_token or ""),
            client_id=None if asked.oauth.id == CLI_CLIENT_ID else asked.oauth.id,
        )

    async def _email(self, access_token: str) -> str | None:
        """What user info says (specs/gemini-cli.md 1). It only names the account: a failure is none of the login."""
        url = self.urls.userinfo_url.rstrip("/") + USERINFO_PATH
        headers = {
            "authorization": f"Bearer {access_token}",
            "accept": "application/json",
            "user-agent": self.urls.user_agent,
        }
        try:
            response = await self.client.get(url, headers=headers, timeout=TIMEOUT)
            body: Any = response.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            return None
        return text_at(body, "email") or None if response.status_code == 200 and isinstance(body, dict) else None


def _check(answer: google.Answer) -> None:
    """Whether the account can be of use at all. Raises LoginFailed."""
    if answer.scope is not None and _NEEDED not in answer.scope.split():
        raise LoginFailed(
            "the access to Google Cloud was not granted", hint=f"{_AGAIN} and tick every box on Google's page"
        )
    if not answer.refresh_token:
        raise LoginFailed(
            "Google gave no refresh token, so the login would end within the hour",
            hint=f"remove the app at https://myaccount.google.com/connections, then {_AGAIN}",
        )
