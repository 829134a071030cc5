"""What a user can do to an account, each action once: the command line and the control API both call these.

An action changes a record (of a declared account: its override), the store or the health, and then lets the engine look
again, so that the pool works with exactly what lies on disk. Errors are of our family and name the next command.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

from msgspec import UNSET, Struct, structs

from a2a.auth.export import document
from a2a.auth.kinds import renewable
from a2a.auth.locks import hold_async
from a2a.auth.migrate import migrate as move_secrets
from a2a.auth.overrides import Overrides, changed
from a2a.auth.records import Account
from a2a.auth.renewal import stored
from a2a.config import proxies
from a2a.control.types import (
    AccountSettings,
    Acted,
    Export,
    ExportWish,
    Migrated,
    MigrateWish,
    NewName,
    Nothing,
    Reloaded,
    Standing,
)
from a2a.errors import A2AError, NeedsAction, NeedsLogin, UpstreamTimeout, UsageError
from a2a.gateway.engine import Engine
from a2a.pool.account import PoolAccount
from a2a.providers import probing

TEST_TIMEOUT_S = 180.0
"""How long one account's probe may take: the first set-up of a Google account is allowed two minutes."""
_LOCK_DEADLINE_S = 15.0


class Action(Struct, frozen=True):
    """`act` gets the engine, the account and its body of type `body`."""

    act: Callable[[Engine, PoolAccount, Any], Awaitable[Acted | Export]]
    body: type[Struct] = Nothing


def _switch(name: str, message: str, **fields: bool) -> Action:
    async def act(engine: Engine, member: PoolAccount, _: Nothing) -> Acted:
        await _change(engine, member.account, lambda account: structs.replace(account, **fields))
        return _done(engine, member, name, message)

    return Action(act)


async def _pin(engine: Engine, member: PoolAccount, _: Nothing) -> Acted:
    """The others first: a crash in between leaves none pinned instead of two."""
    for other in engine.pool.members(member.account.provider):
        if other.account.pinned and other is not member:
            await _write(engine, other.account, lambda account: structs.replace(account, pinned=False))
    await _change(engine, member.account, lambda account: structs.replace(account, pinned=True))
    return _done(engine, member, "pin", f"takes every {member.provider.short} request while it can serve")


async def _set(engine: Engine, member: PoolAccount, settings: AccountSettings) -> Acted:
    """Raises UsageError for a proxy that is no URL, and where nothing is to change."""
    if settings == AccountSettings():
        raise UsageError("there is nothing to set", hint="a2a accounts set --help")
    if isinstance(settings.proxy, str):
        _check_proxy(settings.proxy)
    await _change(engine, member.account, lambda account: changed(account, settings))
    names = [name for name, value in structs.asdict(settings).items() if value is not UNSET]
    return _done(engine, member, "set", f"changed: {', '.join(names)}")


def _check_proxy(url: str) -> None:
    if told := proxies.trouble(url):
        raise UsageError(told, hint=proxies.HINT)


async def _rename(engine: Engine, member: PoolAccount, wanted: NewName) -> Acted:
    """Raises UsageError for a name that is taken or cannot be one, and for an account that is declared."""
    _only_logged_in(engine, member.account, "rename it")
    for other in engine.pool.members(member.account.provider):  # a declared one too, which no record knows of
        if other is not member and other.account.alias == wanted.name:
            raise UsageError(f"there is already an account {other.name}", hint="choose another name")
    await _change(engine, member.account, lambda account: structs.replace(account, alias=wanted.name))
    return _done(engine, member, "rename", f"is called {member.name} now")


async def _refresh(engine: Engine, member: PoolAccount, _: Nothing) -> Acted:
    """Raises UsageError for a key, NeedsLogin for a dead token, NeedsAction, UpstreamError."""
    account = member.account
    try:
        stale = await engine.keeper.current(account, lead_s=0.0)
        if renewable(stale) is None:
            raise UsageError(f"{member.name} has a key, which is not renewed", hint=f"a2a accounts test {member.name}")
        fresh = await engine.keeper.refresh(account, stale=stale)
    except NeedsLogin as error:
        member.hold("needs_login", "needs_login", error.message, error.hint)
        await engine.save_health()
        raise
    except NeedsAction as error:
        member.hold("needs_action", error.reason, error.message, error.hint)
        await engine.save_health()
        raise
    engine.note_expiry(member, fresh)
    if member.state == "needs_login":
        member.reset()
    return await _saved(engine, member, "refresh", "has a new token")


async def _test(engine: Engine, member: PoolAccount, _: Nothing) -> Acted:
    """Raises UpstreamError when nobody answers: then nothing is known, and nothing changed."""
    standing = await _standing(engine, member)
    member.stand(standing)
    return structs.replace(await _saved(engine, member, "test", standing.message), standing=standing)


async def _standing(engine: Engine, member: PoolAccount) -> Standing:
    try:
        async with asyncio.timeout(TEST_TIMEOUT_S):
            found = await probing.standing(member.provider, engine.keeper, member.account, engine.egress)
    except TimeoutError as error:
        raise UpstreamTimeout(f"{member.name} did not answer within {TEST_TIMEOUT_S:g} s") from error
    with contextlib.suppress(A2AError):  # what the probe says of it is what counts
        engine.note_expiry(member, await engine.keeper.current(member.account))
    return found


async def _reset(engine: Engine, member: PoolAccount, _: Nothing) -> Acted:
    member.reset()
    member.provider.forget(member.account)
    return await _saved(engine, member, "reset", "starts afresh: no cooldown, no hold, no blocked model")


async def _remove(engine: Engine, member: PoolAccount, _: Nothing) -> Acted:
    """The secret first: if that fails the account is still there to try again. Calls in flight end in peace."""
    account = member.account
    _only_logged_in(engine, account, "remove it")
    locks = engine.settings.folders.locks
    async with hold_async(locks / f"{account.id}.lock", deadline_s=_LOCK_DEADLINE_S):  # a renewal would store it again
        await asyncio.to_thread(engine.store.delete, account.id)
        await asyncio.to_thread(engine.records.delete, account.id)
        await engine.reload_accounts()
    await engine.health.drop(account.id)
    await member.provider.removed(account)
    await asyncio.to_thread(engine.catalogue.remove, account.id)
    return Acted(action="remove", id=account.id, account=account.name, message="removed, with its secret")


async def _export(engine: Engine, member: PoolAccount, wish: ExportWish) -> Export:
    return await export(engine, [member], wish)


ACTIONS: Mapping[str, Action] = {
    "enable": _switch("enable", "serves", enabled=True, draining=False),
    "disable": _switch("disable", "gets no more requests; those in flight end", enabled=False, draining=False),
    "drain": _switch("drain", "keeps its conversations; new ones go elsewhere", enabled=True, draining=True),
    "pin": Action(_pin),
    "unpin": _switch("unpin", "takes its turn again", pinned=False),
    "set": Action(_set, AccountSettings),
    "rename": Action(_rename, NewName),
    "refresh": Action(_refresh),
    "test": Action(_test),
    "reset": Action(_reset),
    "remove": Action(_remove),
    "export": Action(_export, ExportWish),
}
"""Actions on one account."""


async def reload(engine: Engine, _: Nothing) -> Reloaded:
    """Raises StoreError."""
    problems = await engine.reload_accounts()
    return Reloaded(accounts=len(engine.accounts), problems=problems)


async def probe_all(engine: Engine, _: Nothing) -> list[Acted]:
    """All accounts at once; one that cannot be tested says so in its message, and has no standing."""
    return list(await asyncio.gather(*(_tested(engine, member) for member in engine.pool.members())))


async def _tested(engine: Engine, member: PoolAccount) -> Acted:
    try:
        return await _test(engine, member, Nothing())
    except A2AError as error:
        return _done(engine, member, "test", error.message)


async def export_all(engine: Engine, wish: ExportWish) -> Export:
    return await export(engine, engine.pool.members(), wish)


async def export(engine: Engine, members: Sequence[PoolAccount], wish: ExportWish) -> Export:
    """Records and credentials, as the store holds them or their declaration names them. Raises UsageError without
    `with_secrets`, AccountError for a credential that cannot be had."""
    if not wish.with_secrets:
        hint = 'add --with-secrets ("with_secrets": true) if you want that'
        raise UsageError("an export holds keys and tokens in the clear", hint=hint)
    accounts = [member.account for member in members]
    return document(
        [(account, await stored(engine.store, account, engine.roster.seeds.get(account.id))) for account in accounts]
    )


async def migrate(engine: Engine, wish: MigrateWish) -> Migrated:
    """All secrets of this home, the server's key among them. Raises StoreError."""
    return await asyncio.to_thread(move_secrets, wish.to, engine.settings.folders)


class HomeAction(Struct, frozen=True):
    """An action on all accounts of a home."""

    act: Callable[[Engine, Any], Awaitable[Reloaded | Migrated | Export | list[Acted]]]
    body: type[Struct] = Nothing


HOME_ACTIONS: Mapping[str, HomeAction] = {
    "reload": HomeAction(reload),
    "test": HomeAction(probe_all),
    "export": HomeAction(export_all, ExportWish),
    "migrate": HomeAction(migrate, MigrateWish),
}


async def _change(engine: Engine, account: Account, change: Callable[[Account], Account]) -> None:
    await _write(engine, account, change)
    await engine.reload_accounts()


async def _write(engine: Engine, account: Account, change: Callable[[Account], Account]) -> None:
    """Into the record, or the override of a declared account. Raises UsageError when it is gone, StoreError."""
    declared = engine.roster.declared.get(account.id)
    if declared is not None:
        await asyncio.to_thread(Overrides(engine.settings.folders).put, declared, change(account))
    elif await asyncio.to_thread(engine.records.update, account.id, change) is None:
        raise UsageError(f"{account.name} is gone", hint="a2a accounts")


def _only_logged_in(engine: Engine, account: Account, what: Literal["rename it", "remove it"]) -> None:
    if account.origin == "login":
        return
    where = "config.toml" if account.origin == "config" else "a flag or variable"
    raise UsageError(
        f"{engine.providers[account.provider].short}/{account.alias} comes from {where}, not from a login",
        hint=f"{what} there",
    )


async def _saved(engine: Engine, member: PoolAccount, action: str, message: str) -> Acted:
    """At once on disk: other processes look there."""
    await engine.save_health()
    return _done(engine, member, action, message)


def _done(engine: Engine, member: PoolAccount, action: str, message: str) -> Acted:
    now = engine.pool.member(member.account.id) or member
    account = now.account
    return Acted(action=action, id=account.id, account=account.name, message=message, view=now.view())
