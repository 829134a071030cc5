"""Qwen OAuth tokens: the CLI's credential file and gateways' variants of it, and the refresh (specs/qwen.md 2, 3)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import structs

from a2a.auth.endpoint import Answered, AuthUrls, error_code, origin, post
from a2a.auth.records import QwenToken
from a2a.auth.token_file import fingerprint, object_in, object_of, parse_time, read_text, text_at
from a2a.errors import BadUpstream, NeedsLogin, UpstreamError, UsageError
from a2a.secret import Secret

if TYPE_CHECKING:
    import httpx

CLI_NAME = "oauth_creds.json"
CLI_FILE = f"~/.qwen/{CLI_NAME}"
CLIENT_ID = "f0304373b74a44d2b584a3fb70ca9e56"
"""A public client: there is no secret."""

TOKEN_PATH = "/api/v1/oauth2/token"  # noqa: S105
DEFAULT_LIFE_S = 3600.0


class Answer(Answered):
    """What the token endpoint gives; without `access_token` it is not done yet. `expires_in`: seconds."""

    access_token: str | None = None
    refresh_token: str | None = None
    expires_in: float | None = None
    resource_url: str | None = None


def read_token_file(path: Path) -> QwenToken:
    """The token of the CLI's file. Raises UsageError."""
    text = read_text(path, "Qwen credential file", "log in with Qwen Code first")
    return _parse(object_of(text, str(path)), str(path))


def parse_token_text(text: str, source: str) -> QwenToken:
    """The same from JSON text or its base64; `source` names it in messages. Raises UsageError."""
    return _parse(object_in(text, source), source)


def _parse(data: dict[str, Any], source: str) -> QwenToken:
    """Without an expiry the token counts as expired: it is renewed first."""
    refresh = text_at(data, "refresh_token")
    if not refresh:
        raise UsageError(f"{source} holds no refresh_token", hint="log in with Qwen Code once more")
    return QwenToken(
        access_token=Secret(text_at(data, "access_token")),
        refresh_token=Secret(refresh),
        expires_at=parse_time(data.get("expiry_date") or data.get("expired")),
        resource_url=text_at(data, "resource_url") or None,
        email=text_at(data, "email") or None,
        source_fingerprint=fingerprint(Secret(refresh)),
    )


def same_login(one: QwenToken, other: QwenToken) -> bool:
    """Whether both belong to one user, as far as the fields tell: Qwen names no user."""
    return not one.email or not other.email or one.email == other.email


async def refresh(token: QwenToken, urls: AuthUrls, *, client: httpx.AsyncClient, now: float) -> QwenToken:
    """The renewed token. `now`: Unix seconds. Raises NeedsLogin and UpstreamError; neither carries a token.

    An answer may leave out `refresh_token` and `resource_url`: what was known stays.
    """
    if not token.refresh_token:
        raise NeedsLogin("there is no refresh token")
    url = urls.auth_url.rstrip("/") + TOKEN_PATH
    form = {"grant_type": "refresh_token", "refresh_token": token.refresh_token.reveal(), "client_id": CLIENT_ID}
    response = await post(client, url, form, urls)
    answer = decode_answer(response)
    if answer is None or not answer.access_token:
        raise _failure(response, url)
    return structs.replace(
        token,
        access_token=Secret(answer.access_token),
        refresh_token=Secret(answer.refresh_token) if answer.refresh_token else token.refresh_token,
        expires_at=now + (DEFAULT_LIFE_S if answer.expires_in is None else answer.expires_in),
        issued_at=now,
        resource_url=answer.resource_url or token.resource_url,
    )


def decode_answer(response: httpx.Response) -> Answer | None:
    """The object of a 200 without an error code, None for all else: HTML, a list, an error."""
    if response.status_code != 200 or error_code(response):
        return None
    try:
        return msgspec.json.decode(response.content, type=Answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _failure(response: httpx.Response, url: str) -> NeedsLogin | UpstreamError:
    """400 and 401 mean a dead refresh token, whatever the body says; a 200 without a token is the edge's bad day."""
    status, code = response.status_code, error_code(response)
    told = f"{origin(url)} answered {status}" + (f" {code}" if code else "")
    if status in (400, 401):
        return NeedsLogin(f"the login is no longer valid: {told}")
    if status == 429 or status >= 500:
        return UpstreamError(f"the token could not be renewed: {told}", hint="a2a tries again by itself")
    return BadUpstream(f"the token could not be renewed: {told}" + ("" if code else " without a token"))
