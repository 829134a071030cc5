"""Kiro's device login by AWS Builder ID or IAM Identity Center (specs/kiro.md 4.1): no local port, good over SSH.

Pending is an HTTP 400 here, and all times are seconds: the other device login (`kiro_social`) has neither.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx

from a2a.auth.endpoint import AuthUrls, error_code, post
from a2a.auth.kiro_region import at
from a2a.auth.login import kiro_oidc
from a2a.auth.login.device import Poll, poll
from a2a.auth.login.kiro_answer import Granted, failure, granted
from a2a.auth.login.person import Person
from a2a.auth.records import KiroToken
from a2a.clock import Clock

_WAITING: dict[str, Poll] = {"authorization_pending": "pending", "slow_down": "slow_down"}


async def log_in(
    urls: AuthUrls,
    person: Person,
    *,
    client: httpx.AsyncClient,
    clock: Clock,
    start_url: str | None = None,
    region: str | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> KiroToken:
    """A new token. `start_url` None: Builder ID; `region` None: its region is looked for.

    Raises LoginFailed (refused, expired, an unknown start URL) and UpstreamError.
    """
    home = kiro_oidc.directory(urls, start_url)
    begun = await kiro_oidc.begin(urls, home, kiro_oidc.checked_region(region, home), person, client=client)
    expires_at = clock.now() + begun.started.expires_in_s
    person.show_code(begun.started.shown(home.service, expires_at))

    async def ask() -> Granted | Poll:
        return await _ask(urls, begun, client)

    tokens = await poll(ask, interval_s=begun.started.interval_s, expires_at=expires_at, clock=clock, sleep=sleep)
    return kiro_oidc.token(home, begun.region, begun.registration, tokens, clock.now())


async def _ask(urls: AuthUrls, begun: kiro_oidc.Begun, client: httpx.AsyncClient) -> Granted | Poll:
    body = begun.registration.fields() | {
        "deviceCode": begun.started.device_code.reveal(),
        "grantType": kiro_oidc.DEVICE_GRANT,
    }
    response = await post(client, f"{at(urls.oidc_url, begun.region)}/token", body, urls, form=False)
    if response.status_code == 200:
        return granted(response)
    waiting = _WAITING.get(error_code(response))
    if waiting is None:
        raise failure(response)
    return waiting
