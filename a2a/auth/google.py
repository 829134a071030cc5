"""Google tokens of the Gemini CLI: its credential file, and the refresh (specs/gemini-cli.md 4).

The CLI's file is read, never written. Files of gateways are taken too: the same fields under `token`, an expiry in
RFC 3339, a client of their own.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import structs

from a2a.auth.endpoint import Answered, AuthUrls, error_code, origin, post
from a2a.auth.google_client import HINT, client_for
from a2a.auth.records import GoogleToken
from a2a.auth.token_file import fingerprint, object_in, object_of, parse_time, read_text, text_at
from a2a.errors import BadUpstream, NeedsAction, NeedsLogin, UpstreamError, UsageError
from a2a.secret import Secret

if TYPE_CHECKING:
    import httpx

CLI_FILE = "~/.gemini/oauth_creds.json"
ACCOUNTS_FILE = "google_accounts.json"
"""Beside the credentials: the e-mail of the active account."""

_BAD_CLIENT = frozenset({"invalid_client", "unauthorized_client"})
_REAUTH = ("reauth", "invalid_rapt")


class Answer(Answered):
    """What the token endpoint gives for a code or a refresh token. `expires_in`: seconds."""

    access_token: str
    expires_in: float = 3600.0
    refresh_token: str | None = None
    scope: str | None = None
    id_token: str | None = None


def read_token_file(path: Path) -> GoogleToken:
    """The token of the CLI's file, with the e-mail of the file beside it. Raises UsageError."""
    text = read_text(path, "Gemini credential file", "log in with the Gemini CLI first")
    token = _parse(object_of(text, str(path)), str(path))
    return token if token.email else structs.replace(token, email=_active(path.parent / ACCOUNTS_FILE))


def parse_token_text(text: str, source: str) -> GoogleToken:
    """The same from JSON text or its base64; `source` names it in messages. Raises UsageError."""
    return _parse(object_in(text, source), source)


def _parse(data: dict[str, Any], source: str) -> GoogleToken:
    nested = data.get("token")
    fields = {**data, **nested} if isinstance(nested, dict) else data
    access = text_at(fields, "access_token") or (nested.strip() if isinstance(nested, str) else "")
    refresh = text_at(fields, "refresh_token")
    if not refresh:
        raise UsageError(
            f"{source} holds no refresh_token",
            hint="log in with the Gemini CLI once more (it may keep its credentials in the keychain)",
        )
    expiry = fields.get("expiry_date") or fields.get("expiry") or fields.get("expires_at")
    token = GoogleToken(
        access_token=Secret(access),
        refresh_token=Secret(refresh),
        expires_at=parse_time(expiry) if access else 0.0,
        scope=text_at(fields, "scope") or None,
        email=text_at(fields, "email") or email_in(text_at(fields, "id_token")),
        client_id=text_at(fields, "client_id") or None,
        client_secret=Secret(text_at(fields, "client_secret")),
    )
    return structs.replace(token, source_fingerprint=fingerprint(token.refresh_token))


def email_in(id_token: str) -> str | None:
    """The e-mail claim of a JWT, unverified: it only names the account."""
    pieces = id_token.split(".")
    if len(pieces) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(pieces[1] + "=" * (-len(pieces[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    return text_at(claims, "email") or None if isinstance(claims, dict) else None


def _active(path: Path) -> str | None:
    try:
        return text_at(object_of(path.read_text(encoding="utf-8"), str(path)), "active") or None
    except (OSError, UnicodeDecodeError, UsageError):
        return None


def same_login(one: GoogleToken, other: GoogleToken) -> bool:
    """Whether both belong to one user, as far as the fields tell."""
    return one.client_id == other.client_id and (not one.email or not other.email or one.email == other.email)


async def refresh(token: GoogleToken, urls: AuthUrls, *, client: httpx.AsyncClient, now: float) -> GoogleToken:
    """The renewed token, with everything else kept. `now`: Unix seconds.

    Raises NeedsLogin, NeedsAction (the OAuth client) and UpstreamError; none carries a token.
    """
    if not token.refresh_token:
        raise NeedsLogin("there is no refresh token")
    oauth = await asyncio.to_thread(client_for, token, urls)
    url = token_url(urls)
    form = {
        "grant_type": "refresh_token",
        "refresh_token": token.refresh_token.reveal(),
        "client_id": oauth.id,
        "client_secret": oauth.secret.reveal(),
    }
    response = await post(client, url, form, urls)
    if response.status_code != 200:
        raise failure(response, url, "the token could not be renewed", hint="a2a tries again by itself")
    answer = decode_answer(response, url)
    return structs.replace(
        token,
        access_token=Secret(answer.access_token),
        refresh_token=Secret(answer.refresh_token) if answer.refresh_token else token.refresh_token,
        expires_at=now + answer.expires_in,
        issued_at=now,
        scope=answer.scope or token.scope,
    )


def token_url(urls: AuthUrls) -> str:
    """Where codes are exchanged and tokens renewed."""
    return f"{urls.token_url.rstrip('/')}/token"


def decode_answer(response: httpx.Response, url: str) -> Answer:
    """The tokens of a 200. Raises BadUpstream."""
    try:
        answer = msgspec.json.decode(response.content, type=Answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadUpstream(f"the token endpoint {origin(url)} answered 200 without a token") from None
    if not answer.access_token:
        raise BadUpstream(f"the token endpoint {origin(url)} answered 200 with an empty token")
    return answer


def failure(response: httpx.Response, url: str, undone: str, *, hint: str) -> NeedsLogin | NeedsAction | UpstreamError:
    """The list of gemini-cli.md 4. Of the upstream's words only its error code is repeated.

    `undone`: what did not come about, in words; `hint`: what helps when the endpoint is at fault for a while.
    """
    status, code = response.status_code, error_code(response)
    told = f"{origin(url)} answered {status}" + (f" {code}" if code else "")
    if status == 429 or status >= 500:
        return UpstreamError(f"{undone}: {told}", hint=hint)
    if code in _BAD_CLIENT:
        return NeedsAction(f"Google does not know the OAuth client: {told}", reason="bad_oauth_client", hint=HINT)
    if code == "invalid_grant":
        if any(word in response.text.lower() for word in _REAUTH):
            return NeedsLogin(f"the organisation demands a new login: {told}")
        return NeedsLogin(f"the login is no longer valid: {told}")
    return BadUpstream(f"{undone}: {told}")
