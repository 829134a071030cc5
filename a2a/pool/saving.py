"""When health is written: only what changed, off the hot path, and never over what a person has set meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping

from msgspec import Struct, structs

from a2a.control.types import AccountCounts
from a2a.errors import StoreError
from a2a.paths import Folders
from a2a.pool.account import PoolAccount
from a2a.pool.health import Health, HealthStore, mended

_log = logging.getLogger(__name__)


class _Mark(Struct, frozen=True):
    """What of one account is on disk."""

    lessons: int
    counts: AccountCounts


class _Work(Struct, frozen=True):
    """One account to write. `learned`: its health is news, not its counts alone. `mark`: it, once written."""

    member: PoolAccount
    health: Health
    before: AccountCounts
    learned: bool
    mark: _Mark


class HealthSaver:
    """Between the pool's accounts and their files, for one process."""

    def __init__(self, folders: Folders) -> None:
        self._store = HealthStore(folders)
        self._marks: dict[str, _Mark] = {}
        self._writing = asyncio.Lock()
        self._failing = False

    async def restore(self, members: Iterable[PoolAccount], credentials: Mapping[str, str]) -> list[PoolAccount]:
        """New accounts learn what the last run knew, known ones what a person has set since; gives those that did.

        `credentials`: fingerprint by account id, of declared ones. Holds of another credential do not come back.
        """
        asked = list(members)
        found = await asyncio.to_thread(lambda: [self._store.read(member.account.id) for member in asked])
        pairs = zip(asked, found, strict=True)
        return [one for one, disk in pairs if self._restored(one, disk, credentials.get(one.account.id))]

    def _restored(self, member: PoolAccount, disk: Health, credential: str | None) -> bool:
        """Whether a known account took over something."""
        new = member.account.id not in self._marks
        if new:
            member.counts, member.last_used_at = structs.replace(disk.counts), disk.last_used_at
            self._marks[member.account.id] = _Mark(member.lessons, disk.counts)
        other = disk.credential if new else member.credential
        replaced = credential is not None and other not in (None, credential)
        member.credential = credential
        if not new and disk.set_at <= member.set_at and not replaced:
            return False
        health = disk if new or disk.set_at > member.set_at else member.health()
        member.restore(mended(health) if replaced else health)
        member.lessons += replaced
        return not new

    async def save(self, members: Iterable[PoolAccount]) -> list[PoolAccount]:
        """Write what changed; gives the accounts that took over what a person had set. A store that fails is told in
        the log once, and tried again."""
        async with self._writing:
            work = [one for member in members if (one := self._work(member)) is not None]
            if not work:
                return []
            try:
                written = await asyncio.to_thread(lambda: [self._write(one) for one in work])
            except StoreError as error:
                if not self._failing:
                    _log.warning("health_not_saved reason=%s", error)
                self._failing = True
                return []
            self._failing = False
            took: list[PoolAccount] = []
            for one, health in zip(work, written, strict=True):
                self._marks[one.member.account.id] = one.mark
                if health.set_at > one.member.set_at:
                    one.member.restore(health)
                    took.append(one.member)
            return took

    async def drop(self, account_id: str) -> None:
        """Forget a removed account. Raises StoreError."""
        async with self._writing:
            self._marks.pop(account_id, None)
            await asyncio.to_thread(self._store.delete, account_id)

    def _work(self, member: PoolAccount) -> _Work | None:
        mark = self._marks.get(member.account.id) or _Mark(0, AccountCounts())
        learned = member.lessons != mark.lessons
        if not learned and member.counts == mark.counts:
            return None
        health = member.health()
        return _Work(member, health, mark.counts, learned, _Mark(member.lessons, health.counts))

    def _write(self, work: _Work) -> Health:
        return self._store.update(work.member.account.id, lambda disk: _merged(disk, work))


def _merged(disk: Health, work: _Work) -> Health:
    mine = work.health
    base = mine if work.learned and disk.set_at <= mine.set_at else disk
    used = [at for at in (disk.last_used_at, mine.last_used_at) if at is not None]
    return structs.replace(
        base,
        counts=_sum(disk.counts, mine.counts, work.before),
        last_used_at=max(used, default=None),
        credential=mine.credential,
    )


def _sum(disk: AccountCounts, mine: AccountCounts, before: AccountCounts) -> AccountCounts:
    """What lies there and what came to ours since it was last written: other processes count too."""
    names = AccountCounts.__struct_fields__
    return AccountCounts(**{n: getattr(disk, n) + getattr(mine, n) - getattr(before, n) for n in names})
