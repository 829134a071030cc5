"""A login with a key: preset or base URL, one cheap check, then the store."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from msgspec import Struct, structs

from a2a.auth.accounts import free_alias
from a2a.auth.key_check import KeyCheck, check_key
from a2a.auth.records import Account, ApiKey
from a2a.clock import hex_id
from a2a.config import PROVIDER_SHORT, did_you_mean, mask
from a2a.control.types import LoginWish, Standing
from a2a.errors import NeedsLogin, UsageError
from a2a.gateway.logins.keeping import Done, Place, held, keep, named, peers
from a2a.gateway.logins.probe import probe
from a2a.providers.plans import CODING_KEYS, DEFAULT_REGION, plan_url
from a2a.providers.presets import PRESETS, Preset
from a2a.providers.registry import build
from a2a.secret import Secret

Wish = TypeVar("Wish", bound=LoginWish)


class Draft(Struct, frozen=True, kw_only=True):
    """A key that is not stored yet; `same`: the account it renews."""

    account: Account
    key: ApiKey
    same: Account | None


class Checked(Struct, frozen=True, kw_only=True):
    """What the check found. `account`: with the base URL that answered."""

    account: Account
    note: str
    standing: Standing | None = None


async def log_in(place: Place, wish: LoginWish, key: str) -> Done:
    """Raises UsageError, NeedsLogin for a refused key, Unreachable and UpstreamTimeout where it cannot be checked."""
    draft = await asyncio.to_thread(draft_of, place, wish, key)
    return await asyncio.to_thread(store, place, wish, draft, await check(place, draft))


def bare(text: str) -> str:
    """A key without what editors and shells put around it: a byte order mark, blanks, a line end, quotes.

    Raises UsageError for what cannot be a key.
    """
    key = text.removeprefix("\ufeff").strip().strip("\"'")
    if not key:
        raise UsageError("the key is empty", hint="a2a login PROVIDER asks for it, --api-key-stdin reads it")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError("this is no API key: it holds characters that no key has", hint="copy it again")
    return key


def preset_of(wish: LoginWish) -> Preset | None:
    """Raises UsageError for a preset that is unknown or another provider's."""
    if wish.preset is None:
        return None
    preset = PRESETS.get(wish.preset.lower())
    if preset is None:
        hint = did_you_mean(wish.preset, PRESETS, "presets: " + ", ".join(PRESETS))
        raise UsageError(f"no preset is called {wish.preset!r}", hint=hint)
    if preset.provider != wish.provider:
        short = PROVIDER_SHORT[preset.provider]
        raise UsageError(f"{preset.name} is a preset of {short}", hint=f"a2a login {short} --preset {preset.name}")
    return preset


def of_plan(place: Place, wish: Wish) -> Wish:
    """The wish for a Qwen key with its plan and region, which choose the host and are kept with the account.

    A new key for an account that has one stays on its plan. Raises UsageError. Blocks.
    """
    same = named(place, wish)
    if same is not None and same.kind == "api_key":
        wish = structs.replace(wish, plan=wish.plan or same.plan, region=wish.region or same.region)
    plan = wish.plan or "standard"
    region = wish.region or place.settings.provider(wish.provider).region or DEFAULT_REGION
    plan_url(plan, region)
    return structs.replace(wish, plan=plan, region=region)


def draft_of(place: Place, wish: LoginWish, key: str) -> Draft:
    """`key` is "" for a local server that needs none. Raises UsageError. Blocks."""
    if wish.plan == "coding" and not key.startswith(CODING_KEYS):
        raise UsageError(f"keys of this plan begin with {CODING_KEYS}", hint="this key belongs to another --plan")
    preset, same, secret = preset_of(wish), named(place, wish), ApiKey(Secret(key))
    url = wish.base_url or (preset.base_url if preset else None)
    others = peers(place, wish.provider)
    if same is None and wish.name is None:
        same = next((a for a in others if held(place, a) == secret and url in (None, a.urls.get("base_url"))), None)
    account = Account(
        id=hex_id("acc_"),
        provider=wish.provider,
        alias=wish.name or free_alias([preset.name if preset else None], [a.alias for a in others]),
        preset=preset.name if preset else None,
        urls={"base_url": url} if url else dict(same.urls) if same and same.kind == "api_key" else {},
        plan=wish.plan,
        region=wish.region,
        proxy=wish.proxy or (same.proxy if same else None),
    )
    return Draft(account=account, key=secret, same=same)


async def check(place: Place, draft: Draft) -> Checked:
    """The model list, or where there is none the provider's own probe.

    Raises UsageError for what is no URL, NeedsLogin, Unreachable and UpstreamTimeout.
    """
    account, key = draft.account, draft.key
    provider = build(place.settings)[account.provider]
    urls = provider.check_urls(account.urls.get("base_url") or provider.base_url(account))
    target = provider.target(account, key, "models", stream=False)
    found = await check_key(urls, target.headers, proxy=provider.proxy(account, urls[0]))
    account = _at(account, found.base_url)
    if found.verdict == "good":
        return Checked(account=account, note=_found(found))
    standing = await probe(place, account, key)
    if standing is not None and standing.state == "needs_login":
        raise NeedsLogin(standing.message, hint=standing.remedy)
    return Checked(account=account, note="", standing=standing)


def unchecked(place: Place, draft: Draft) -> Checked:
    """For a person who wants it stored all the same. Raises UsageError for what is no URL."""
    provider = build(place.settings)[draft.account.provider]
    urls = provider.check_urls(draft.account.urls.get("base_url") or provider.base_url(draft.account))
    return Checked(account=_at(draft.account, urls[0]), note="not checked: no connection")


def store(place: Place, wish: LoginWish, draft: Draft, checked: Checked) -> Done:
    """Raises UsageError, StoreError. Blocks."""
    done = keep(place, wish, checked.account, draft.key, same=draft.same, note=checked.note)
    return structs.replace(done, standing=checked.standing)


def _at(account: Account, base_url: str) -> Account:
    """With this base URL, where one was given; the provider's default stays a default."""
    return structs.replace(account, urls={"base_url": base_url}) if account.urls.get("base_url") else account


def _found(check: KeyCheck) -> str:
    return f"{check.models} model{'' if check.models == 1 else 's'} at {mask(check.base_url)}"
