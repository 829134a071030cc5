"""One renewal of one account's token: all that happens between taking its lock and having the new token stored.

Rules (contract section 7; specs/kiro.md 3.4), the same for every kind of token (`kinds`):
- One renewal per account at a time between processes: a file lock. Inside it the store is read again, and what another
  process renewed is taken instead of renewing twice.
- A renewed token is stored before anybody gets it: upstreams rotate refresh tokens, and a lost one is a lost account.
- An imported login's source is read again before the token is declared dead.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from msgspec import Struct

from a2a.auth.codec import decode_credential, encode_credential
from a2a.auth.endpoint import AuthUrls, http_client
from a2a.auth.kinds import KINDS, kind_of, renewable
from a2a.auth.locks import hold_async
from a2a.auth.records import Account, ApiKey, Credential, Token
from a2a.auth.store import CredentialStore
from a2a.clock import Clock
from a2a.config import PROVIDER_SHORT
from a2a.errors import AccountError, NeedsAction, NeedsLogin, StoreError, UpstreamError, UpstreamTimeout, UsageError
from a2a.secret import Secret

LEAD_S = 300.0
"""A request renews a token that expires within this, but never before the last quarter of its life."""

_log = logging.getLogger(__name__)

_RENEWAL_S = 60.0
"""An endpoint that sends byte after byte is given up then."""
_LOCK_DEADLINE_S = 60.0


class Job(Struct, frozen=True, kw_only=True):
    """What to renew. `stale` was refused or is about to end; `known` is the same, or of a declared account what its
    file holds now. `newer`: `known` never reached the store, which still has a spent one.
    """

    account: Account
    known: Credential
    stale: Credential
    urls: AuthUrls
    newer: bool = False


class Renewed(Struct, frozen=True, kw_only=True):
    """`unsaved`: why the store did not take it; the caller keeps it and tries again. `not_written_back`: why its source
    does not have it, where it should."""

    credential: Credential
    unsaved: str | None = None
    not_written_back: str | None = None


Renew = Callable[[Job], Awaitable[Renewed]]
"""Raises AccountError (NeedsLogin where only a person helps) and UpstreamError; none carries a token."""


class Renewal:
    """Renews in this process."""

    def __init__(self, store: CredentialStore, locks: Path, clock: Clock) -> None:
        self._store = store
        self._locks = locks
        self._clock = clock

    async def __call__(self, job: Job) -> Renewed:
        account = job.account
        lock = self._locks / f"{store_key(account, job.known)}.lock"
        try:
            async with hold_async(lock, deadline_s=_LOCK_DEADLINE_S):
                otherwise = fallback(account, job.known)
                latest = job.known if job.newer else await stored(self._store, account, otherwise)
                if (taken := usable(account, latest, job.stale, self._clock.now())) is not None:
                    return Renewed(credential=taken)
                token = renewable(latest)
                assert token is not None  # `usable` has answered for a key
                return await self._renewed(job, token)
        except StoreError as exc:
            raise AccountError(f"{account.name}: {exc.message}", hint=exc.hint) from exc

    async def _renewed(self, job: Job, token: Token) -> Renewed:
        try:
            fresh = await self._ask(job, token)
        except NeedsLogin as dead:
            fresh = await self._from_source(job, token, dead)
        key = store_key(job.account, fresh)
        try:
            await asyncio.to_thread(self._store.put, key, encode_credential(fresh))
        except StoreError as exc:
            return Renewed(credential=fresh, unsaved=exc.message)
        return Renewed(credential=fresh, not_written_back=await asyncio.to_thread(_write_back, job, token, fresh))

    async def _ask(self, job: Job, token: Token) -> Token:
        account, urls, now = job.account, job.urls, self._clock.now()
        try:
            async with asyncio.timeout(_RENEWAL_S), http_client(urls.proxy) as client:
                return await KINDS[type(token)].refresh(token, urls, client=client, now=now)
        except TimeoutError as exc:
            raise UpstreamTimeout(f"{account.name}: the token endpoint took over {_RENEWAL_S:g} s") from exc
        except NeedsAction as exc:
            raise NeedsAction(f"{account.name}: {exc.message}", reason=exc.reason, hint=exc.hint) from exc
        except NeedsLogin as exc:
            raise NeedsLogin(f"{account.name}: {exc.message}", hint=exc.hint or login_again(account)) from exc
        except UpstreamError as exc:  # the login may be as good as ever
            hint = exc.hint or "a2a tries again by itself; if it lasts, check the network and the proxy"
            raise type(exc)(f"{account.name}: {exc.message}", hint=hint) from exc

    async def _from_source(self, job: Job, token: Token, dead: NeedsLogin) -> Token:
        """The imported file may have moved on: its owner logged in again, or renewed it. Raises `dead` if not."""
        theirs = await asyncio.to_thread(reread, job.account)
        if theirs is None or theirs.source_fingerprint == token.source_fingerprint or not _same(theirs, token):
            raise dead
        if self._clock.now() < renewal_due_at(theirs):
            return theirs
        return await self._ask(job, theirs)


def _write_back(job: Job, was: Token, fresh: Token) -> str | None:
    """Into the source, where that is wished; why it did not happen."""
    write, source = KINDS[type(fresh)].write_back, job.account.source
    if not job.urls.write_back or write is None or not source or not Path(source).is_absolute():
        return None
    try:
        return None if write(Path(source), fresh, was=was) else f"{source} holds another login, or a newer token"
    except (UsageError, StoreError) as exc:
        return exc.message


def renewal_due_at(token: Token, lead_s: float = LEAD_S) -> float:
    """Unix seconds from which the token is renewed: `lead_s` before its end, or its last quarter if that is later."""
    due = token.expires_at - lead_s
    if token.issued_at:
        due = max(due, token.expires_at - (token.expires_at - token.issued_at) / 4)
    return due


def store_key(account: Account, credential: Credential) -> str:
    """Where the account's credential lies: under its id, or for a declared one under the fingerprint of its source."""
    if account.origin == "login" or isinstance(credential, ApiKey) or not credential.source_fingerprint:
        return account.id
    return f"src_{credential.source_fingerprint[:40]}"


def fallback(account: Account, known: Credential) -> Credential | None:
    """What counts where the store has nothing: of a logged-in account nothing, for then it has been removed."""
    return None if account.origin == "login" else known


async def stored(store: CredentialStore, account: Account, otherwise: Credential | None) -> Credential:
    """What the store holds for the account, else `otherwise`. Raises NeedsLogin where neither is, AccountError."""
    key = store_key(account, otherwise) if otherwise else account.id
    try:
        content = await asyncio.to_thread(store.get, key)
    except StoreError as exc:
        raise AccountError(f"{account.name}: {exc.message}", hint=exc.hint) from exc
    if content is not None:
        try:
            return decode_credential(content, account.name)
        except StoreError as exc:
            raise NeedsLogin(exc.message, hint=login_again(account)) from exc
    if otherwise is None:
        raise NeedsLogin(f"{account.name}: its credential is gone", hint=login_again(account))
    return otherwise


def usable(account: Account, latest: Credential, stale: Credential, now: float) -> Credential | None:
    """`latest` if it is another one than `stale` and good for a while: somebody else renewed it. None: renew it.

    Raises NeedsLogin for a key that was refused: there is nothing to renew.
    """
    token = renewable(latest)
    if token is None:
        if latest == stale:
            raise NeedsLogin(f"{account.name}: its key was refused", hint=login_again(account))
        return latest
    return token if token.access_token != _access(stale) and now < renewal_due_at(token) else None


def login_again(account: Account) -> str:
    """The command, or the deed, that brings the account back."""
    if account.origin != "login":
        what = "key" if account.kind == "api_key" else "login"
        where = account.source or "its flag or variable"
        return f"it is declared: put a new {what} into {where} (a variable is read when a2a starts)"
    plan = f" --plan {account.plan}" if account.plan and account.kind == "api_key" else ""
    return f"log in again: a2a login {PROVIDER_SHORT[account.provider]} --name {account.alias}{plan}"


def reread(account: Account) -> Token | None:
    """The token of an import source that is a file, None for anything else or when it is gone."""
    if not account.source or not Path(account.source).is_absolute():
        return None
    try:
        return kind_of(account.provider).read(Path(account.source))
    except UsageError:
        return None


def _access(credential: Credential) -> Secret | None:
    return None if isinstance(credential, ApiKey) else credential.access_token


def _same(one: Token, other: Token) -> bool:
    return type(one) is type(other) and KINDS[type(one)].same_login(one, other)
