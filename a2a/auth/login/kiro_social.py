"""Kiro's device login by Google or GitHub, kiro-cli's own (specs/kiro.md 4.2).

Two traps beside the OIDC one (`kiro_device`): times are milliseconds, and pending comes with status 200.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

import httpx

from a2a.auth.endpoint import Answered, AuthUrls, post
from a2a.auth.kiro_region import DEFAULT, at
from a2a.auth.login.device import HINT, Poll, expired, poll
from a2a.auth.login.kiro_answer import Granted, Started, failure, fields_of, granted, page_of, read
from a2a.auth.login.person import Person
from a2a.auth.records import KiroToken
from a2a.auth.token_file import text_at
from a2a.clock import Clock
from a2a.errors import BadUpstream, LoginFailed
from a2a.secret import Secret

Idp = Literal["Google", "Github"]

CLIENT_ID = "kiro-cli"
"""A public client: there is no secret."""

_NAMES: dict[Idp, str] = {"Google": "Google", "Github": "GitHub"}
_INTERVAL_MS = 5000.0


class _Device(Answered, rename="camel"):
    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str | None = None
    expires_in_milliseconds: float = 300_000.0
    interval_in_milliseconds: float = _INTERVAL_MS


async def log_in(
    urls: AuthUrls,
    person: Person,
    *,
    client: httpx.AsyncClient,
    clock: Clock,
    idp: Idp,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> KiroToken:
    """A new token. Raises LoginFailed (refused, expired) and UpstreamError."""
    started = await _start(urls, idp, client)
    expires_at = clock.now() + started.expires_in_s
    person.show_code(started.shown(f"Kiro ({_NAMES[idp]})", expires_at))

    async def ask() -> Granted | Poll:
        return await _ask(urls, started, client)

    tokens = await poll(ask, interval_s=started.interval_s, expires_at=expires_at, clock=clock, sleep=sleep)
    return token(idp, tokens, clock.now())


def token(idp: Idp, tokens: Granted, now: float) -> KiroToken:
    """The record of a login. `now`: Unix seconds."""
    return KiroToken(
        kind="social",
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_at=now + tokens.expires_in_s,
        issued_at=now,
        idp=idp,
        profile_arn=tokens.profile_arn,
        auth_region=DEFAULT,
    )


async def _start(urls: AuthUrls, idp: Idp, client: httpx.AsyncClient) -> Started:
    url = f"{at(urls.auth_url, DEFAULT)}/oauth/device/authorization"
    response = await post(client, url, {"clientId": CLIENT_ID, "loginProvider": idp}, urls, form=False)
    if response.status_code != 200:
        raise failure(response)
    found = read(response, _Device)
    complete, interval_ms = found.verification_uri_complete, found.interval_in_milliseconds
    return Started(
        device_code=Secret(found.device_code),
        user_code=found.user_code,
        url=page_of(found.verification_uri, response),
        complete_url=page_of(complete, response) if complete else None,
        expires_in_s=found.expires_in_milliseconds / 1000,
        interval_s=(interval_ms if interval_ms > 0 else _INTERVAL_MS) / 1000,
    )


async def _ask(urls: AuthUrls, started: Started, client: httpx.AsyncClient) -> Granted | Poll:
    url = f"{at(urls.auth_url, DEFAULT)}/oauth/device/poll"
    body = {"clientId": CLIENT_ID, "deviceCode": started.device_code.reveal()}
    response = await post(client, url, body, urls, form=False)
    fields = fields_of(response)
    if response.status_code == 200 and "accessToken" in fields:
        return granted(response)
    status = (text_at(fields, "status") or text_at(fields, "error")).lower()
    if "pending" in status:
        return "pending"
    if "slow_down" in status:
        return "slow_down"
    if "expired" in status:
        raise expired()
    if "denied" in status:
        raise LoginFailed("the login was refused on its page", hint=HINT)
    if response.status_code != 200:
        raise failure(response)
    raise BadUpstream("the login did not come about: the poll was answered with neither a token nor a known status")
