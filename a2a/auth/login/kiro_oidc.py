"""What the logins by AWS SSO OIDC share: client registration, the device code, the region of a start URL.

Sources: specs/kiro.md 4.1 and 4.3. Registrations are made anew for each login: they are free, and live 90 days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
from msgspec import Struct

from a2a.auth.endpoint import Answered, AuthUrls, post
from a2a.auth.kiro_region import DEFAULT, PROBED, at, is_region
from a2a.auth.login.kiro_answer import Granted, Started, failure, page_of, read
from a2a.auth.login.person import Person
from a2a.auth.records import KiroToken
from a2a.errors import LoginFailed, UpstreamError
from a2a.secret import Secret

SCOPES = (
    "codewhisperer:completions",
    "codewhisperer:analysis",
    "codewhisperer:conversations",
    "codewhisperer:transformations",
    "codewhisperer:taskassist",
)
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CODE_GRANT = "authorization_code"
_CLIENT_NAME = "a2a"
"""Shown on the consent page."""

_INTERVAL_S = 5.0
"""RFC 8628 3.2, where the answer names none."""


class Registration(Struct, frozen=True):
    """A client of one region. `expires_at`: Unix seconds, None where it was not told."""

    client_id: str
    client_secret: Secret
    expires_at: float | None

    def fields(self) -> dict[str, str]:
        return {"clientId": self.client_id, "clientSecret": self.client_secret.reveal()}


class Directory(Struct, frozen=True):
    """Whose users log in: AWS Builder ID, or an organisation's IAM Identity Center."""

    start_url: str
    builder: bool

    @property
    def service(self) -> str:
        return "AWS Builder ID" if self.builder else "AWS IAM Identity Center"


class Begun(Struct, frozen=True):
    """A device login in the region that knows the start URL."""

    region: str
    registration: Registration
    started: Started


class _Registered(Answered, rename="camel"):
    client_id: str
    client_secret: str
    client_secret_expires_at: float | None = None


class _Device(Answered, rename="camel"):
    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str | None = None
    expires_in: float = 600.0
    interval: float = _INTERVAL_S


def directory(urls: AuthUrls, start_url: str | None) -> Directory:
    """Of a start URL as people copy it, None for Builder ID. Raises LoginFailed for what is no URL."""
    builder = urls.start_url.rstrip("/")
    if not start_url:
        return Directory(builder, builder=True)
    text = start_url.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        plain = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}" if parts.port != 0 else ""
    except ValueError:
        plain = ""
    if not plain.startswith(("https://", "http://")) or not parts.hostname or parts.username is not None:
        raise LoginFailed("the start URL is not a web address", hint="it looks like https://acme.awsapps.com/start")
    return Directory(plain, builder=plain == builder)


def checked_region(region: str | None, home: Directory) -> str | None:
    """The region to ask; None where it has to be found. Raises LoginFailed: the name becomes part of a host's."""
    if region is None:
        return DEFAULT if home.builder else None
    if not is_region(region):
        raise LoginFailed("the region is not the name of an AWS region", hint="for example us-east-1")
    return region


async def register(
    urls: AuthUrls, region: str, grant: str, *, client: httpx.AsyncClient, more: Mapping[str, Any] | None = None
) -> Registration:
    """Register a2a for logins by `grant` and their renewal. `more`: further members.

    Raises LoginFailed and UpstreamError.
    """
    body: dict[str, Any] = {
        "clientName": _CLIENT_NAME,
        "clientType": "public",
        "scopes": list(SCOPES),
        "grantTypes": [grant, "refresh_token"],
    }
    response = await post(
        client, f"{at(urls.oidc_url, region)}/client/register", body | dict(more or {}), urls, form=False
    )
    if response.status_code != 200:
        raise failure(response)
    found = read(response, _Registered)
    return Registration(found.client_id, Secret(found.client_secret), found.client_secret_expires_at or None)


async def begin(
    urls: AuthUrls, home: Directory, region: str | None, person: Person, *, client: httpx.AsyncClient
) -> Begun:
    """Start a device login; `region` None: in the first region that knows the start URL (kiro.md 4.1, 2).

    Raises LoginFailed when none does, UpstreamError.
    """
    if region is not None:
        try:
            return await _begin_in(urls, home, region, client)
        except LoginFailed as exc:
            hint = "try again" if home.builder else "check --start-url, and --region (without it, it is looked for)"
            raise LoginFailed(f"{home.service} did not start the login: {exc.message}", hint=hint) from exc
    return await _probe(urls, home, person, client)


async def _probe(urls: AuthUrls, home: Directory, person: Person, client: httpx.AsyncClient) -> Begun:
    person.remark(f"looking for the region of {home.start_url}")
    silent: list[str] = []
    last: UpstreamError | None = None
    for region in PROBED:
        try:
            begun = await _begin_in(urls, home, region, client)
        except LoginFailed:
            continue
        except UpstreamError as exc:
            silent.append(region)
            last = exc
            continue
        person.remark(f"it is {region}")
        return begun
    if last is not None and len(silent) == len(PROBED):
        raise last
    unheard = f" ({', '.join(silent)} did not answer)" if silent else ""
    raise LoginFailed(
        f"no region knows the start URL {home.start_url}{unheard}",
        hint="check it, or name its region: --region, one of the AWS access portal's settings",
    )


async def _begin_in(urls: AuthUrls, home: Directory, region: str, client: httpx.AsyncClient) -> Begun:
    registration = await register(urls, region, DEVICE_GRANT, client=client)
    body = registration.fields() | {"startUrl": home.start_url}
    response = await post(client, f"{at(urls.oidc_url, region)}/device_authorization", body, urls, form=False)
    if response.status_code != 200:
        raise failure(response)
    found = read(response, _Device)
    complete = found.verification_uri_complete
    return Begun(
        region,
        registration,
        Started(
            device_code=Secret(found.device_code),
            user_code=found.user_code,
            url=page_of(found.verification_uri, response),
            complete_url=page_of(complete, response) if complete else None,
            expires_in_s=found.expires_in,
            interval_s=found.interval if found.interval > 0 else _INTERVAL_S,
        ),
    )


def token(home: Directory, region: str, registration: Registration, tokens: Granted, now: float) -> KiroToken:
    """The record of a login. `now`: Unix seconds."""
    return KiroToken(
        kind="idc",
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_at=now + tokens.expires_in_s,
        issued_at=now,
        idp="BuilderId" if home.builder else "Enterprise",
        profile_arn=tokens.profile_arn,
        auth_region=region,
        start_url=home.start_url,
        client_id=registration.client_id,
        client_secret=registration.client_secret,
        client_secret_expires_at=registration.expires_at,
    )


def joined(scopes: Sequence[str] = SCOPES) -> str:
    """As the authorization page takes them: `scopes`, plural, joined by commas (kiro.md 4.3)."""
    return ",".join(scopes)
