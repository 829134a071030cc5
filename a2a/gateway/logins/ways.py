"""A whole login by the way that was wished for, with a person who may sit anywhere: nothing is opened or asked here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from a2a.auth.endpoint import AuthUrls
from a2a.auth.login import google, qwen
from a2a.auth.login.person import Person
from a2a.auth.records import Token
from a2a.clock import Clock
from a2a.control.types import LoginWish
from a2a.errors import Unreachable, UpstreamTimeout, UsageError
from a2a.gateway.logins import key, kiro, oauth
from a2a.gateway.logins.keeping import Done, Place
from a2a.gateway.logins.methods import GEMINI, KEY, KIRO, QWEN, Way
from a2a.gateway.logins.oauth import Flow

if TYPE_CHECKING:
    from a2a.auth.endpoint import HttpClient


async def log_in(place: Place, wish: LoginWish, way: Way, person: Person) -> Done:
    """From the first question to the account in the store.

    Raises UsageError, NeedsLogin for a refused key, LoginFailed, NeedsAction, UpstreamError, StoreError.
    """
    steps: dict[str, Callable[[], Awaitable[Done]]] = {
        KIRO: lambda: _kiro(place, wish, way, person),
        GEMINI: lambda: _gemini(place, wish, way, person),
        QWEN: lambda: _qwen(place, wish, way, person),
    }
    step = steps.get(way.provider)
    return await (step() if step is not None else _with_key(place, wish, person))


async def _kiro(place: Place, wish: LoginWish, way: Way, person: Person) -> Done:
    kiro.check_places(wish)
    if way.method == KEY:
        return await kiro.with_key(place, wish, key.bare(wish.api_key or ""))
    flow = kiro.flow_of(wish, way.method, browser=False)
    return await oauth.log_in(place, wish, person, flow, finish=kiro.finish_of(place, wish))


async def _gemini(place: Place, wish: LoginWish, way: Way, person: Person) -> Done:
    check_project(wish)
    return await oauth.log_in(place, wish, person, google_flow(browser=way.method == "browser"))


async def _qwen(place: Place, wish: LoginWish, way: Way, person: Person) -> Done:
    if way.method != KEY:
        return await oauth.log_in(place, wish, person, qwen.log_in)
    return await _with_key(place, await asyncio.to_thread(key.of_plan, place, wish), person)


async def _with_key(place: Place, wish: LoginWish, person: Person) -> Done:
    """A key that cannot be checked is stored if the person wants it so."""
    preset = key.preset_of(wish)
    keyless = wish.api_key is None and preset is not None and preset.key_env is None
    text = "" if keyless else key.bare(wish.api_key or "")
    draft = await asyncio.to_thread(key.draft_of, place, wish, text)
    try:
        checked = await key.check(place, draft)
    except (Unreachable, UpstreamTimeout) as error:
        if await person.choose(f"{error.message}. Store the key without a check?", ["no", "store it"]) == 0:
            raise
        checked = key.unchecked(place, draft)
    return await asyncio.to_thread(key.store, place, wish, draft, checked)


def google_flow(*, browser: bool) -> Flow:
    """`browser`: it comes back to a port of this machine, or its last address is pasted; else a code is."""

    async def flow(urls: AuthUrls, person: Person, *, client: HttpClient, clock: Clock) -> Token:
        return await google.log_in(urls, person, client=client, clock=clock, browser=browser)

    return flow


def check_project(wish: LoginWish) -> None:
    """Raises UsageError."""
    if wish.project_id is not None and wish.project_id.isdecimal():
        raise UsageError(f"{wish.project_id} is a project number", hint="give the project's id, as in acme-dev-1")
