"""A login that makes a new token: the flow, the probe, and only then the store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Protocol

from msgspec import structs

from a2a.auth.accounts import free_alias
from a2a.auth.endpoint import AuthUrls, http_client
from a2a.auth.kinds import email_of, expiry_of, word_of
from a2a.auth.login.person import Person
from a2a.auth.records import Account, Token
from a2a.clock import Clock, SystemClock, hex_id
from a2a.control.types import LoginWish, Standing
from a2a.gateway.logins.keeping import Done, Place, keep, known_login, named, peers
from a2a.gateway.logins.probe import probe
from a2a.providers.registry import build

if TYPE_CHECKING:
    from a2a.auth.endpoint import HttpClient


class Flow(Protocol):
    """Raises LoginFailed, NeedsAction and UpstreamError."""

    def __call__(self, urls: AuthUrls, person: Person, *, client: HttpClient, clock: Clock) -> Awaitable[Token]: ...


class Finish(Protocol):
    """What is still to be found out about a new token, with the person's help."""

    def __call__(self, account: Account, token: Token, person: Person) -> Awaitable[Token]: ...


async def log_in(place: Place, wish: LoginWish, person: Person, flow: Flow, *, finish: Finish | None = None) -> Done:
    """Nothing is stored before the flow has ended well. Raises what the flow raises, UsageError and StoreError."""
    draft = await asyncio.to_thread(draft_of, place, wish)
    token = await obtain(place, draft, person, flow, finish=finish)
    standing = await asked(place, draft, token)
    return await asyncio.to_thread(store, place, wish, draft, token, standing)


def draft_of(place: Place, wish: LoginWish) -> Account:
    """The account as far as it is known before the login. Raises UsageError. Blocks."""
    same = named(place, wish)
    return Account(
        id=same.id if same else hex_id("acc_"),
        provider=wish.provider,
        alias=same.alias if same else "",
        urls=dict(same.urls) if same and same.kind != "api_key" else {},
        project_id=wish.project_id or (same.project_id if same else None),
        proxy=wish.proxy or (same.proxy if same else None),
        kind="oauth",
    )


async def obtain(place: Place, draft: Account, person: Person, flow: Flow, *, finish: Finish | None = None) -> Token:
    """A token that nobody has stored yet. Raises what the flow raises."""
    urls = build(place.settings)[draft.provider].auth_urls(draft)
    async with http_client(urls.proxy) as client:
        token = await flow(urls, person, client=client, clock=SystemClock())
        return token if finish is None else await finish(draft, token, person)


async def asked(place: Place, draft: Account, token: Token) -> Standing | None:
    """What the upstream says of it."""
    return await probe(place, structs.replace(draft, alias=draft.alias or "new"), token)


def store(place: Place, wish: LoginWish, draft: Account, token: Token, standing: Standing | None) -> Done:
    """The account of the token, new or renewed. Raises UsageError and StoreError. Blocks."""
    if standing is not None and standing.label and not token.email:
        token = structs.replace(token, email=standing.label)
    others = peers(place, wish.provider)
    same = named(place, wish)
    if same is None and wish.name is None:
        same = known_login(place, others, token)
    draft = structs.replace(
        draft,
        alias=wish.name or free_alias([email_of(token)], [a.alias for a in others]),
        kind=word_of(token),
        label=email_of(token),
        expires_at=expiry_of(token) or None,
    )
    done = keep(place, wish, draft, token, same=same, note=email_of(token) or "")
    return structs.replace(done, standing=standing)
