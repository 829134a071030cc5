"""What a login leaves: a secret in the store, a record of the account; and which account it renews."""

from __future__ import annotations

import time
from typing import Protocol

from msgspec import Struct, structs

from a2a.auth.accounts import AccountStore, check_alias, free_alias
from a2a.auth.codec import decode_credential, encode_credential
from a2a.auth.kinds import email_of, expiry_of, same_user, word_of
from a2a.auth.locks import hold
from a2a.auth.records import Account, Credential, Token
from a2a.auth.store import CredentialStore
from a2a.clock import hex_id
from a2a.config import PROVIDER_SHORT, Settings
from a2a.control.types import LoginWish, Standing
from a2a.errors import StoreError, UsageError
from a2a.pool.roster import read_roster

_LOCK_DEADLINE_S = 75.0
"""A renewal, which holds the lock, is given up after 60 s."""


class Place(Protocol):
    """Where a login is kept, and who hears what is to be said of it. `say` may be called in any thread."""

    @property
    def settings(self) -> Settings: ...

    @property
    def accounts(self) -> AccountStore: ...

    @property
    def secrets(self) -> CredentialStore: ...

    def say(self, text: str) -> None: ...


class Done(Struct, frozen=True, kw_only=True):
    """`replaced`: the account was there and has a new credential. `note`: what is known of it, in words. `standing`:
    what its probe found, None where nothing answered."""

    account: Account
    replaced: bool
    note: str
    standing: Standing | None = None


def keep(
    place: Place, wish: LoginWish, draft: Account, credential: Credential, *, same: Account | None, note: str
) -> Done:
    """Store secret and record; `same`: the account this login renews, whose id, name and settings stay.

    All within the lock that a renewal takes: one that is on its way ends first, the next one finds this login. A name
    that nobody asked for gives way to another login's. Raises UsageError and StoreError; then nothing is left behind.
    Blocks.
    """
    account_id = same.id if same else draft.id
    with hold(place.settings.folders.locks / f"{account_id}.lock", deadline_s=_LOCK_DEADLINE_S):
        place.secrets.put(account_id, encode_credential(credential))
        try:
            account = _renewed(place, same, draft) if same else _added(place, wish, draft)
        except Exception:
            if same is None:
                place.secrets.delete(account_id)
            raise
    if same and same.label and account.label != same.label:
        place.say(f"{PROVIDER_SHORT[account.provider]}/{account.alias} was {same.label} until now")
    return Done(account=account, replaced=same is not None, note=note)


def keep_token(
    place: Place, wish: LoginWish, token: Token, *, source: str | None, what: str, standing: Standing | None = None
) -> Done:
    """A token that was there before the login: the account of the same user, renewed, or a new one.

    `source`: the file it came from, for later looks; `what` it is, in words. Raises UsageError, StoreError. Blocks.
    """
    same = named(place, wish)
    others = peers(place, wish.provider)
    if same is None and wish.name is None:
        same = known_login(place, others, token)
    draft = Account(
        id=hex_id("acc_"),
        provider=wish.provider,
        alias=wish.name or free_alias([email_of(token)], [a.alias for a in others]),
        kind=word_of(token),
        label=email_of(token),
        region=wish.region,
        project_id=wish.project_id,
        expires_at=expiry_of(token) or None,
        source=source,
        proxy=wish.proxy,
    )
    done = keep(place, wish, draft, token, same=same, note=f"{what}, from {source}" if source else what)
    return structs.replace(done, standing=standing)


def _added(place: Place, wish: LoginWish, draft: Account) -> Account:
    account = structs.replace(draft, created_at=time.time())
    if wish.name is None:
        return place.accounts.add(account, declared_names(place, wish.provider))
    place.accounts.put(account)
    return account


def _renewed(place: Place, same: Account, draft: Account) -> Account:
    """The record as it is by now: its owner may have changed or removed it while the login went on."""
    changed = place.accounts.update(same.id, lambda found: _with_login(found, draft))
    if changed is None:
        changed = _with_login(same, draft)
        place.accounts.put(changed)
    return changed


def _with_login(found: Account, draft: Account) -> Account:
    """What belonged to a key means nothing for a token, and the reverse."""
    if (found.kind == "api_key") is not (draft.kind == "api_key"):
        found = structs.replace(found, label=None, preset=None, urls={}, region=None, plan=None, project_id=None)
    return structs.replace(
        found,
        kind=draft.kind,
        label=draft.label or found.label,
        preset=draft.preset or found.preset,
        urls={**found.urls, **draft.urls},
        region=draft.region or found.region,
        plan=draft.plan or found.plan,
        project_id=draft.project_id or found.project_id,
        expires_at=draft.expires_at,
        source=draft.source,
        proxy=draft.proxy or found.proxy,
    )


def peers(place: Place, provider: str) -> list[Account]:
    """The logged-in accounts of one provider."""
    return [account for account in place.accounts.list() if account.provider == provider]


def named(place: Place, wish: LoginWish) -> Account | None:
    """The account that the wished name means, if there is one: logging in to it again renews it.

    Raises UsageError, also for the name of an account that is declared.
    """
    if wish.name is None:
        return None
    check_alias(wish.name)
    if wish.name in declared_names(place, wish.provider):
        name = f"{PROVIDER_SHORT[wish.provider]}/{wish.name}"
        raise UsageError(f"{name} is declared in config.toml", hint="change it there, or choose another --name")
    return next((a for a in peers(place, wish.provider) if a.alias == wish.name), None)


def declared_names(place: Place, provider: str) -> list[str]:
    """The aliases that config.toml has taken; a login under one of them would push that account out."""
    try:
        found = read_roster(place.settings).declared.values()
    except UsageError:  # a variable names credentials that cannot be read: no concern of a login
        return []
    return [account.alias for account in found if account.provider == provider and account.origin == "config"]


def known_login(place: Place, others: list[Account], token: Token) -> Account | None:
    """The account of the same login: imported before, or of the same user. The same file proves nothing: the client
    may have been logged in as somebody else since."""
    for account in others:
        known = held(place, account)
        if type(known) is type(token) and same_user(known, token):
            return account
    return None


def held(place: Place, account: Account) -> Credential | None:
    """Its stored credential, None when there is none that can be read."""
    try:
        content = place.secrets.get(account.id)
        return decode_credential(content, account.name) if content else None
    except StoreError:
        return None
