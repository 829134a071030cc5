"""`TokenKeeper`: the credential an account can be called with now, renewed before anybody has to think about it.

Rules (contract sections 3, 5 and 7), the same for every kind of token:
- One refresh per account at a time in the process, a shared task; between processes see `renewal`.
- The source of a declared account is read again at each refresh.
- A token that still works is served although its renewal failed or drags on; the next try waits 30 s to 10 min.
- A caller who leaves does not cancel the refresh for the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from msgspec import Struct, structs

from a2a.auth.accounts import AccountStore
from a2a.auth.codec import decode_credential, encode_credential
from a2a.auth.endpoint import AuthUrls
from a2a.auth.kinds import renewable
from a2a.auth.locks import hold_async
from a2a.auth.records import Account, ApiKey, Credential, Token
from a2a.auth.renewal import (
    LEAD_S,
    Job,
    Renew,
    Renewal,
    fallback,
    renewal_due_at,
    reread,
    store_key,
    stored,
    usable,
)
from a2a.auth.store import CredentialStore
from a2a.clock import Clock
from a2a.errors import A2AError, AccountError, StoreError, UpstreamError, UpstreamTimeout
from a2a.paths import Folders

_log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 30.0
_LONGEST_PAUSE_S = 600.0
_PATIENCE_S = 5.0
"""How long a request waits for a renewal while its token still works."""
_WAIT_S = 15.0
"""How long it waits when the token does not: then another account is asked, while the renewal goes on."""
_CLOSE_DEADLINE_S = 10.0
_SAVE_DEADLINE_S = 5.0


_SHARED = "whoever renews it second may be logged out: a login of its own is safer (a2a login), or write_back for kiro"


class _Held(Struct):
    """What the keeper knows of one account. Times are monotonic."""

    credential: Credential
    failures: int = 0
    retry_at: float = 0.0


class _Unsaved(Struct, frozen=True):
    """What the store did not take. `key`: where it belongs. `sources`: of the logins it was renewed from."""

    account: Account
    key: str
    credential: Token
    sources: frozenset[str | None]

    def outdone_by(self, stored: Credential) -> bool:
        """Whether what lies in the store is a later login than those."""
        if isinstance(stored, ApiKey) or stored.source_fingerprint not in self.sources:
            return True
        same = stored.source_fingerprint == self.credential.source_fingerprint
        return same and stored.issued_at > self.credential.issued_at


class TokenKeeper:
    """Hands out credentials. `urls`: the login settings of an account, from its provider. `renew`: where renewals are
    done, by default in this process.

    `seeds`: credentials of declared and flag-given accounts by account id, stored only once they are renewed; whoever
    made the mapping may change it, and calls `forget`.
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
        renew: Renew | None = None,
    ) -> None:
        self._store = store
        self._locks = folders.locks
        self._renew = renew or Renewal(store, folders.locks, clock)
        self._urls = urls
        self._clock = clock
        self._seeds: Mapping[str, Credential] = {} if seeds is None else seeds
        self._accounts = accounts
        self._held: dict[str, _Held] = {}
        self._refreshes: dict[str, asyncio.Task[Credential]] = {}
        self._unsaved: dict[str, _Unsaved] = {}
        """By account id."""
        self._shared: set[str] = set()
        """Ids of accounts whose file another program may renew too, which was said."""

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
        await self.save_left()

    async def save_left(self) -> None:
        """Try again to store what the store did not take."""
        for unsaved in list(self._unsaved.values()):
            await self._save(unsaved)

    def forget(self, account_id: str) -> None:
        """Its credential may have been replaced by somebody else: read it again when it is next asked for."""
        if account_id not in self._unsaved:
            self._held.pop(account_id, None)

    def _finished(self, account_id: str, task: asyncio.Task[Credential]) -> None:
        self._refreshes.pop(account_id, None)
        if not task.cancelled():
            task.exception()  # seen here too: the last caller may have left

    async def _load(self, account: Account) -> _Held:
        held = self._held.get(account.id)
        if held is None:
            credential = await stored(self._store, account, self._seeds.get(account.id))
            # Another caller may have loaded, and even renewed, while this one waited for the store.
            held = self._held.setdefault(account.id, _Held(credential))
        return held

    async def _refresh(self, account: Account, stale: Credential) -> Credential:
        try:
            if account.id in self._unsaved:
                await self._save(self._unsaved[account.id])
            newer = account.id in self._unsaved
            known = stale if newer else await self._known(account, stale)
            latest = known if newer else await stored(self._store, account, fallback(account, known))
            fresh = usable(account, latest, stale, self._clock.now())
            if fresh is None:
                job = Job(account=account, known=known, stale=stale, urls=self._urls(account), newer=newer)
                done = await self._renew(job)
                fresh = done.credential
                self._note_saved(account, latest, fresh, done.unsaved)
                if done.not_written_back:
                    _log.warning("not_written_back account=%s reason=%s", account.name, done.not_written_back)
            self._held[account.id] = _Held(fresh)
        except (AccountError, UpstreamError):
            self._pause(account.id)
            raise
        await self._note_expiry(account, fresh)
        return fresh

    async def _known(self, account: Account, stale: Credential) -> Credential:
        """`stale`, or of a declared account what its file holds now, if that is another login or a newer token."""
        if account.origin == "login" or isinstance(stale, ApiKey):
            return stale
        theirs = await asyncio.to_thread(reread, account)
        if theirs is not None and account.id not in self._shared and not self._urls(account).write_back:
            self._shared.add(account.id)
            _log.warning("login_is_shared account=%s file=%s hint=%s", account.name, account.source, _SHARED)
        return theirs if theirs and theirs.source_fingerprint != stale.source_fingerprint else stale

    async def _save(self, unsaved: _Unsaved) -> None:
        """Store it, unless the account was removed or logged in to again since: then it is of no use any more."""
        account, trouble = unsaved.account, None
        try:
            async with hold_async(self._locks / f"{unsaved.key}.lock", deadline_s=_SAVE_DEADLINE_S):
                if wanted := await asyncio.to_thread(self._wanted, unsaved):
                    await asyncio.to_thread(self._store.put, unsaved.key, encode_credential(unsaved.credential))
        except StoreError as exc:
            trouble = exc.message
        if trouble is not None:
            _log.error("credential_not_stored account=%s reason=%s", account.name, trouble)
            return
        self._unsaved.pop(account.id, None)
        if not wanted:
            self._held.pop(account.id, None)

    def _wanted(self, unsaved: _Unsaved) -> bool:
        """Blocks. Raises StoreError."""
        account = unsaved.account
        if account.origin == "login" and self._accounts is not None and self._accounts.get(account.id) is None:
            return False
        content = self._store.get(unsaved.key)
        return content is None or not unsaved.outdone_by(decode_credential(content, account.name))

    def _note_saved(self, account: Account, was: Credential, fresh: Credential, trouble: str | None) -> None:
        """A store that fails must not cost the account: the token stays in memory, and is tried again."""
        before = self._unsaved.pop(account.id, None)
        if trouble is None or isinstance(fresh, ApiKey):
            return
        sources = {each.source_fingerprint for each in (was, fresh) if not isinstance(each, ApiKey)}
        known = before.sources if before else frozenset()
        self._unsaved[account.id] = _Unsaved(account, store_key(account, fresh), fresh, known | sources)
        _log.error("credential_not_stored account=%s reason=%s", account.name, trouble)

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
