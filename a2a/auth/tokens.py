"""`TokenKeeper`: the credential an account can be called with now, renewed before anybody has to think about it.

Rules (contract sections 3, 5 and 7; specs/kiro.md 3.4), the same for every kind of token (`kinds`):
- One refresh per account at a time, in the process (a shared task) and between processes (a file lock).
- Inside the lock the store is read again: what another process renewed is taken instead of renewing twice.
- A renewed token is stored before anybody gets it: upstreams rotate refresh tokens, and a lost one is a lost account.
- The source is read again: of a declared account at each refresh, of an imported one before it is declared dead.
- A token that still works is served although its renewal failed or drags on; the next try waits 30 s to 10 min.
- A caller who leaves does not cancel the refresh for the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
from msgspec import Struct, structs

from a2a.auth.accounts import AccountStore
from a2a.auth.codec import decode_credential, encode_credential
from a2a.auth.endpoint import TIMEOUT, AuthUrls
from a2a.auth.kinds import KINDS, kind_of, renewable
from a2a.auth.locks import hold_async
from a2a.auth.records import Account, ApiKey, Credential, Token
from a2a.auth.store import CredentialStore
from a2a.clock import Clock
from a2a.config import PROVIDER_SHORT
from a2a.errors import (
    A2AError,
    AccountError,
    NeedsAction,
    NeedsLogin,
    StoreError,
    UpstreamError,
    UpstreamTimeout,
    UsageError,
)
from a2a.paths import Folders
from a2a.secret import Secret

LEAD_S = 300.0
"""A request renews a token that expires within this, but never before the last quarter of its life."""

_log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 30.0
_LONGEST_PAUSE_S = 600.0
_PATIENCE_S = 5.0
"""How long a request waits for a renewal while its token still works."""
_WAIT_S = 15.0
"""How long it waits when the token does not: then another account is asked, while the renewal goes on."""
_RENEWAL_S = 60.0
"""An endpoint that sends byte after byte is given up then."""
_LOCK_DEADLINE_S = 60.0
_CLOSE_DEADLINE_S = 10.0


class _Held(Struct):
    """What the keeper knows of one account. Times are monotonic."""

    credential: Credential
    failures: int = 0
    retry_at: float = 0.0


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


class TokenKeeper:
    """Hands out credentials. `urls`: the refresh settings of an account, from its provider.

    `seeds`: credentials of declared and flag-given accounts by account id, stored only once they are renewed.
    `accounts`: where the new expiry of a logged-in account is noted.
    """

    def __init__(
        self,
        store: CredentialStore,
        *,
        folders: Folders,
        urls: Callable[[Account], AuthUrls],
        clock: Clock,
        seeds: Mapping[str, Credential] | None = None,
        accounts: AccountStore | None = None,
    ) -> None:
        self._store = store
        self._locks = folders.locks
        self._urls = urls
        self._clock = clock
        self._seeds = dict(seeds or {})
        self._accounts = accounts
        self._held: dict[str, _Held] = {}
        self._refreshes: dict[str, asyncio.Task[Credential]] = {}
        self._clients: dict[str | None, httpx.AsyncClient] = {}
        self._unsaved: dict[str, tuple[str, Credential]] = {}
        """By account id: store key and credential that the store did not take."""

    async def current(self, account: Account, *, lead_s: float = LEAD_S) -> Credential:
        """A credential that is good now, renewed if it ends within `lead_s` (the background task asks for more).

        Raises AccountError (NeedsLogin where only a person helps) and UpstreamError.
        """
        held = await self._load(account)
        credential = held.credential
        token = renewable(credential)
        now = self._clock.now()
        if token is None or now < renewal_due_at(token, lead_s):
            return credential
        if now >= token.expires_at:
            return await self.refresh(account, stale=credential)
        if self._clock.monotonic() < held.retry_at:
            return credential
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self.refresh(account, stale=credential)
        except (A2AError, TimeoutError):
            return credential

    async def refresh(self, account: Account, *, stale: Credential) -> Credential:
        """A credential other than `stale`, which was refused or is about to end. Callers at the same time share one
        refresh. Raises AccountError (NeedsLogin where only a person helps) and UpstreamError; UpstreamTimeout when it
        takes long, which does not end it."""
        held = self._held.get(account.id)
        if held and held.credential != stale:
            return held.credential
        task = self._refreshes.get(account.id)
        if task is None:
            task = asyncio.create_task(self._refresh(account, stale), name=f"refresh {account.name}")
            self._refreshes[account.id] = task
            task.add_done_callback(lambda done: self._finished(account.id, done))
        try:
            async with asyncio.timeout(_WAIT_S):
                return await asyncio.shield(task)
        except TimeoutError as exc:
            raise UpstreamTimeout(f"{account.name}: its token could not be renewed within {_WAIT_S:g} s") from exc

    async def aclose(self) -> None:
        """Let running refreshes end, in bounded time: one cut off after the upstream rotated would lose the token."""
        if self._refreshes:
            _, late = await asyncio.wait(self._refreshes.values(), timeout=_CLOSE_DEADLINE_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        for account_id, (key, credential) in list(self._unsaved.items()):
            await self._save(account_id, key, credential)
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()

    def _finished(self, account_id: str, task: asyncio.Task[Credential]) -> None:
        self._refreshes.pop(account_id, None)
        if not task.cancelled():
            task.exception()  # seen here too: the last caller may have left

    async def _load(self, account: Account) -> _Held:
        held = self._held.get(account.id)
        if held is None:
            credential = await self._stored(account, self._seeds.get(account.id))
            # Another caller may have loaded, and even renewed, while this one waited for the store.
            held = self._held.setdefault(account.id, _Held(credential))
        return held

    async def _stored(self, account: Account, otherwise: Credential | None) -> Credential:
        """What the store holds, else `otherwise`. Raises NeedsLogin where neither is, AccountError."""
        key = store_key(account, otherwise) if otherwise else account.id
        try:
            content = await asyncio.to_thread(self._store.get, key)
            if content is not None:
                return decode_credential(content, account.name)
        except StoreError as exc:
            raise AccountError(f"{account.name}: {exc.message}", hint=exc.hint) from exc
        if otherwise is None:
            raise NeedsLogin(f"{account.name}: its credential is gone", hint=_login(account))
        return otherwise

    async def _refresh(self, account: Account, stale: Credential) -> Credential:
        try:
            known = await self._known(account, stale)
            async with hold_async(self._locks / f"{store_key(account, known)}.lock", deadline_s=_LOCK_DEADLINE_S):
                fresh = await self._renew(account, known, stale)
                self._held[account.id] = _Held(fresh)
        except (AccountError, UpstreamError):
            self._pause(account.id)
            raise
        except StoreError as exc:
            self._pause(account.id)
            raise AccountError(f"{account.name}: {exc.message}", hint=exc.hint) from exc
        await self._note_expiry(account, fresh)
        return fresh

    async def _known(self, account: Account, stale: Credential) -> Credential:
        """`stale`, or of a declared account what its file holds now, if that is another login or a newer token."""
        if account.origin == "login" or isinstance(stale, ApiKey):
            return stale
        theirs = await asyncio.to_thread(_reread, account)
        return theirs if theirs and theirs.source_fingerprint != stale.source_fingerprint else stale

    async def _renew(self, account: Account, known: Credential, stale: Credential) -> Credential:
        """Inside the lock: take what somebody else renewed, else renew and store. Not cancelled half-way: only
        `aclose` cancels, after its deadline."""
        latest = await self._stored(account, known)
        token = renewable(latest)
        if token is None:
            if latest == stale:
                raise NeedsLogin(f"{account.name}: its key was refused", hint=_login(account))
            return latest
        if token.access_token != _access(stale) and self._clock.now() < renewal_due_at(token):
            return token
        try:
            fresh = await self._ask(account, token)
        except NeedsLogin as dead:
            fresh = await self._from_source(account, token, dead)
        await self._save(account.id, store_key(account, fresh), fresh)
        return fresh

    async def _ask(self, account: Account, token: Token) -> Token:
        urls = self._urls(account)
        client, now = self._client(urls.proxy), self._clock.now()
        try:
            async with asyncio.timeout(_RENEWAL_S):
                return await KINDS[type(token)].refresh(token, urls, client=client, now=now)
        except TimeoutError as exc:
            raise UpstreamTimeout(f"{account.name}: the token endpoint took over {_RENEWAL_S:g} s") from exc
        except NeedsAction as exc:
            raise NeedsAction(f"{account.name}: {exc.message}", reason=exc.reason, hint=exc.hint) from exc
        except (NeedsLogin, UpstreamError) as exc:
            raise type(exc)(f"{account.name}: {exc.message}", hint=exc.hint or _login(account)) from exc

    async def _from_source(self, account: Account, token: Token, dead: NeedsLogin) -> Token:
        """The imported file may have moved on: its owner logged in again, or renewed it. Raises `dead` if not."""
        theirs = await asyncio.to_thread(_reread, account)
        if theirs is None or theirs.source_fingerprint == token.source_fingerprint or not _same(theirs, token):
            raise dead
        if self._clock.now() < renewal_due_at(theirs):
            return theirs
        return await self._ask(account, theirs)

    async def _save(self, account_id: str, key: str, credential: Credential) -> None:
        """Store before use. A store that fails must not cost the account: the token stays in memory, and is tried
        again at the end."""
        try:
            await asyncio.to_thread(self._store.put, key, encode_credential(credential))
        except StoreError as exc:
            self._unsaved[account_id] = (key, credential)
            _log.error("credential_not_stored account=%s reason=%s", account_id, exc)
        else:
            self._unsaved.pop(account_id, None)

    async def _note_expiry(self, account: Account, fresh: Credential) -> None:
        if self._accounts is None or account.origin != "login" or isinstance(fresh, ApiKey):
            return
        expires_at = fresh.expires_at
        try:
            await asyncio.to_thread(
                self._accounts.update, account.id, lambda found: structs.replace(found, expires_at=expires_at)
            )
        except A2AError as exc:
            _log.warning("expiry_not_noted account=%s reason=%s", account.name, exc)

    def _pause(self, account_id: str) -> None:
        held = self._held.get(account_id)
        if held:
            held.retry_at = self._clock.monotonic() + min(_FIRST_PAUSE_S * 2**held.failures, _LONGEST_PAUSE_S)
            held.failures = min(held.failures + 1, 10)

    def _client(self, proxy: str | None) -> httpx.AsyncClient:
        if proxy not in self._clients:
            self._clients[proxy] = httpx.AsyncClient(proxy=proxy, trust_env=False, timeout=TIMEOUT)
        return self._clients[proxy]


def _login(account: Account) -> str:
    """The command that brings the account back."""
    if account.origin != "login":
        return f"give it a new one in {account.source or 'its flag or variable'}"
    return f"log in again: a2a login {PROVIDER_SHORT[account.provider]} --name {account.alias}"


def _access(credential: Credential) -> Secret | None:
    return None if isinstance(credential, ApiKey) else credential.access_token


def _reread(account: Account) -> Token | None:
    """The token of an import source that is a file, None for anything else or when it is gone."""
    if not account.source or not Path(account.source).is_absolute():
        return None
    try:
        return kind_of(account.provider).read(Path(account.source))
    except UsageError:
        return None


def _same(one: Token, other: Token) -> bool:
    return type(one) is type(other) and KINDS[type(one)].same_login(one, other)
