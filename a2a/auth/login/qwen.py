"""The device login of Qwen Code (specs/qwen.md 1): RFC 8628 with PKCE, against an endpoint that is often not there.

The free tier behind it closed on 2026-04-15 (specs/qwen.md 0): firewalls answer with HTML, the edge with 504. So
nothing is taken for JSON, and every end names the way that works.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import msgspec

from a2a.auth.endpoint import Answered, AuthUrls, error_code, origin, post
from a2a.auth.login import device
from a2a.auth.login.device import Poll
from a2a.auth.login.person import DeviceCode, Person
from a2a.auth.login.pkce import Pkce, new_pkce
from a2a.auth.qwen import CLIENT_ID, DEFAULT_LIFE_S, TOKEN_PATH, Answer, decode_answer
from a2a.auth.records import QwenToken
from a2a.clock import Clock
from a2a.errors import BadUpstream, LoginFailed, UpstreamError
from a2a.secret import Secret

DEVICE_PATH = "/api/v1/oauth2/device/code"
SCOPE = "openid profile email model.completion"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"

HINT = "Qwen closed its free login on 2026-04-15; a key works: `a2a login qwen --api-key-stdin --plan standard`"

_INTERVAL_S = 5.0
_LEAST_INTERVAL_S = 1.0
_LIFE_S = 900.0
_MOST_SHOWN = 200

_WAITS: dict[str, Poll] = {"authorization_pending": "pending", "slow_down": "slow_down"}
"""By OAuth error code, whatever the status: Qwen says slow_down with 429, the RFC with 400."""


class _Started(Answered):
    """The device endpoint's answer; times in seconds."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str | None = None
    expires_in: float | None = None
    interval: float | None = None


async def log_in(
    urls: AuthUrls,
    person: Person,
    *,
    client: httpx.AsyncClient,
    clock: Clock,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> QwenToken:
    """A new token. Raises LoginFailed and UpstreamError, which carry neither codes nor tokens."""
    pkce, asked_at = new_pkce(), clock.now()
    started = await _start(urls, client, pkce)
    expires_at = asked_at + (_LIFE_S if started.expires_in is None else started.expires_in)
    person.show_code(_shown(started, expires_at))
    form = {
        "grant_type": GRANT,
        "client_id": CLIENT_ID,
        "device_code": started.device_code,
        "code_verifier": pkce.verifier.reveal(),
    }
    url = urls.auth_url.rstrip("/") + TOKEN_PATH

    async def ask() -> QwenToken | Poll:
        now = clock.now()
        return _read(await post(client, url, form, urls), form, now)

    interval_s = max(_INTERVAL_S if started.interval is None else started.interval, _LEAST_INTERVAL_S)
    return await device.poll(ask, interval_s=interval_s, expires_at=expires_at, clock=clock, sleep=sleep)


async def _start(urls: AuthUrls, client: httpx.AsyncClient, pkce: Pkce) -> _Started:
    """Ask for a code: success is a `device_code`, whatever the status (specs/qwen.md 1). Raises UpstreamError."""
    url = urls.auth_url.rstrip("/") + DEVICE_PATH
    form = {
        "client_id": CLIENT_ID,
        "scope": SCOPE,
        "code_challenge": pkce.challenge,
        "code_challenge_method": "S256",
    }
    response = await post(client, url, form, urls, extra={"x-request-id": str(uuid4())})
    try:
        started = msgspec.json.decode(response.content, type=_Started)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _no_code(response) from None
    if response.status_code >= 300 or not started.device_code or not started.user_code:
        raise _no_code(response)
    return started


def _no_code(response: httpx.Response) -> UpstreamError:
    told = f"Qwen gave no device code: {_told(response)}"
    if response.status_code == 429:
        return UpstreamError(f"{told} (too many logins)", hint="wait some minutes, then start the login again")
    if response.status_code >= 500:
        return UpstreamError(told, hint=HINT)
    return BadUpstream(told, hint=HINT)


def _shown(started: _Started, expires_at: float) -> DeviceCode:
    """What the person sees, and a browser may open: web pages only, no control characters. Raises BadUpstream."""
    code, url, complete_url = started.user_code, started.verification_uri, started.verification_uri_complete
    if not _is_page(url) or not code.isprintable() or len(code) > 64:
        raise BadUpstream("Qwen gave a device code that cannot be shown", hint=HINT)
    return DeviceCode(
        service="Qwen",
        user_code=code,
        url=url,
        complete_url=complete_url if complete_url and _is_page(complete_url) else None,
        expires_at=expires_at,
    )


def _is_page(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable() and " " not in url


def _read(response: httpx.Response, form: dict[str, str], now: float) -> QwenToken | Poll:
    """The table of specs/qwen.md 1. An UpstreamError is transient, a LoginFailed the end."""
    answer = decode_answer(response)
    if answer is not None:
        return _token(answer, now) if answer.access_token else "pending"
    status, code = response.status_code, error_code(response)
    if code in _WAITS:
        return _WAITS[code]
    if code == "expired_token" or status == 401:
        raise device.expired()
    if code == "access_denied":
        raise LoginFailed("the login was refused on Qwen's page", hint="start the login again and allow the access")
    if status == 429:
        raise LoginFailed(
            f"Qwen limits the logins: {_told(response)}", hint="wait some minutes, then start the login again"
        )
    if status >= 500 or not code:
        raise UpstreamError(f"Qwen's login is down or discontinued: {_told(response)}", hint=HINT)
    raise LoginFailed(f"Qwen refused the login: {_told(response)}{_description(response, form)}", hint=device.HINT)


def _token(answer: Answer, now: float) -> QwenToken:
    return QwenToken(
        access_token=Secret(answer.access_token or ""),
        refresh_token=Secret(answer.refresh_token or ""),
        expires_at=now + (DEFAULT_LIFE_S if answer.expires_in is None else answer.expires_in),
        issued_at=now,
        resource_url=answer.resource_url or None,
    )


def _told(response: httpx.Response) -> str:
    code = error_code(response)
    return f"{origin(str(response.request.url))} answered {response.status_code}" + (f" {code}" if code else "")


def _description(response: httpx.Response, form: dict[str, str]) -> str:
    """`error_description` in brackets; nothing where it holds what we sent, or what no terminal should get."""
    body: Any = response.json()
    text = body.get("error_description")
    if not isinstance(text, str) or not text.isprintable() or not text:
        return ""
    if any(form[name] in text for name in ("device_code", "code_verifier")):
        return ""
    return f" ({text[:_MOST_SHOWN]})"
