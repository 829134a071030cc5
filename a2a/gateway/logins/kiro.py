"""Kiro's ways in: device codes, the portal, a key; and which profile a new login works with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from msgspec import structs

from a2a.auth.endpoint import AuthUrls
from a2a.auth.kiro_official import key_token
from a2a.auth.kiro_region import is_profile_arn, is_region
from a2a.auth.login import kiro_device, kiro_portal, kiro_social
from a2a.auth.login.person import Person
from a2a.auth.records import Account, KiroToken, Token
from a2a.clock import Clock
from a2a.control.types import LoginWish
from a2a.errors import LoginFailed, NeedsLogin, UpstreamError, UsageError
from a2a.gateway.logins.keeping import Done, Place, keep_token
from a2a.gateway.logins.oauth import Finish, Flow
from a2a.gateway.logins.probe import probe
from a2a.providers.http import Egress
from a2a.providers.kiro import KiroProvider
from a2a.secret import Secret

if TYPE_CHECKING:
    from a2a.auth.endpoint import HttpClient


def check_places(wish: LoginWish) -> None:
    """A region and a profile's region become the names of hosts that tokens go to. Raises UsageError."""
    if wish.region and not is_region(wish.region):
        raise UsageError(f"{wish.region!r} is no AWS region", hint="as in us-east-1")
    if wish.profile and not is_profile_arn(wish.profile):
        raise UsageError("--profile is no profile ARN", hint="as in arn:aws:codewhisperer:us-east-1:…:profile/…")


def flow_of(wish: LoginWish, method: str, *, browser: bool) -> Flow:
    """`browser`: pages open on this machine; else what the portal asks for is done by codes and pasted addresses."""

    async def flow(urls: AuthUrls, person: Person, *, client: HttpClient, clock: Clock) -> Token:
        known: dict[str, Callable[[], Awaitable[Token]]] = {
            "builder-id": lambda: kiro_device.log_in(urls, person, client=client, clock=clock),
            "idc": lambda: kiro_device.log_in(
                urls, person, client=client, clock=clock, start_url=wish.start_url, region=wish.region
            ),
            "google": lambda: kiro_social.log_in(urls, person, client=client, clock=clock, idp="Google"),
            "github": lambda: kiro_social.log_in(urls, person, client=client, clock=clock, idp="Github"),
            "portal": lambda: kiro_portal.log_in(urls, person, client=client, clock=clock, browser=browser),
        }
        return await known[method]()

    return flow


def finish_of(place: Place, wish: LoginWish) -> Finish:
    """Which profile the account works with: named, the only one, or chosen (specs/kiro.md 5)."""

    async def finish(account: Account, token: Any, person: Person) -> Token:
        kiro: KiroToken = token
        if wish.profile:
            return structs.replace(kiro, profile_arn=wish.profile)
        if kiro.profile_arn or kiro.idp == "BuilderId":
            return kiro
        egress = Egress(place.settings.server.connect_timeout_s)
        try:
            found = await KiroProvider(place.settings).profiles(account, kiro, egress)
        except UpstreamError as error:
            person.remark(f"its profiles could not be listed: {error.message}")
            return kiro
        finally:
            await egress.aclose()
        if len(found) < 2:
            return structs.replace(kiro, profile_arn=found[0].arn) if found else kiro
        try:
            at = await person.choose("Which profile?", [f"{one.name or 'unnamed'}  {one.arn}" for one in found])
        except LoginFailed:
            known = ", ".join(one.arn for one in found)
            raise LoginFailed("this account has several profiles", hint=f"add --profile, one of {known}") from None
        return structs.replace(kiro, profile_arn=found[at].arn)

    return finish


async def with_key(place: Place, wish: LoginWish, key: str) -> Done:
    """A key is tried, and stored if it is not refused (specs/kiro.md 2.5).

    Raises UsageError, NeedsLogin, StoreError.
    """
    token = key_token(Secret(key), region=wish.region)
    draft = Account(id="", provider=wish.provider, alias="new", kind="api_key", region=wish.region, proxy=wish.proxy)
    standing = await probe(place, draft, token)
    if standing is not None and standing.state == "needs_login":
        raise NeedsLogin(f"Kiro refuses this key: {standing.message}", hint="check the key, and --region")
    if standing is not None and standing.label:
        token = structs.replace(token, email=standing.label)
    return await asyncio.to_thread(keep_token, place, wish, token, source=None, what=in_words(token), standing=standing)


def in_words(token: Any) -> str:
    """What a token is."""
    kiro: KiroToken = token
    words = {"social": kiro.idp, "idc": f"{kiro.idp}, {kiro.auth_region}", "api_key": "API key"}
    return words.get(kiro.kind, kiro.kind)
