"""Account records: one JSON file each in `data/accounts`, without secrets, written whole or not at all.

A file that cannot be read is reported by name and skipped: one broken record never takes the others down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct, structs

from a2a.auth.locks import hold
from a2a.auth.records import Account
from a2a.config import ALIAS, PROVIDER_SHORT, did_you_mean, provider_id
from a2a.errors import ConfigError, StoreError, UsageError
from a2a.paths import Folders, atomic_write


class Named(Protocol):
    """What has a place in the list of accounts: a record, or a view of one."""

    @property
    def provider(self) -> str: ...

    @property
    def alias(self) -> str: ...


N = TypeVar("N", bound=Named)


class Scan(Struct, frozen=True):
    """What the folder holds; `problems`: a sentence per file that cannot be used."""

    accounts: list[Account]
    problems: list[str]


class AccountStore:
    """The records that `a2a login` writes; accounts declared in config.toml or by flags are not among them."""

    def __init__(self, folders: Folders) -> None:
        self._folder = folders.accounts
        self._lock = folders.locks / "accounts.lock"

    def scan(self) -> Scan:
        """All records, by provider and alias. Raises StoreError when the folder itself cannot be read."""
        accounts: list[Account] = []
        problems: list[str] = []
        try:
            paths = sorted(self._folder.glob("*.json"))
        except OSError as exc:
            raise StoreError(f"cannot read {self._folder}: {exc.strerror or exc}") from exc
        for path in paths:
            try:
                accounts.append(_read(path))
            except StoreError as exc:
                problems.append(str(exc))
        return Scan(sorted(accounts, key=lambda a: (list(PROVIDER_SHORT).index(a.provider), a.alias)), problems)

    def list(self) -> list[Account]:
        """The usable records."""
        return self.scan().accounts

    def get(self, account_id: str) -> Account | None:
        """Raises StoreError for a broken file."""
        path = self._path(account_id)
        return _read(path) if path.exists() else None

    def put(self, account: Account) -> None:
        """Add or replace. Raises UsageError when another account of the provider has the alias, StoreError."""
        with hold(self._lock):
            self._check_alias(account)
            self._write(account)

    def add(self, account: Account, taken: Iterable[str] = ()) -> Account:
        """Add it under its alias, or under the next number where another login was faster; gives what was written.

        `taken`: aliases that no record shows. Raises StoreError.
        """
        with hold(self._lock):
            others = (one.alias for one in self.list() if one.provider == account.provider and one.id != account.id)
            added = structs.replace(account, alias=free_alias([account.alias], [*others, *taken]))
            self._write(added)
            return added

    def update(self, account_id: str, change: Callable[[Account], Account]) -> Account | None:
        """Read, change and write one record as one step between processes; None when it is gone."""
        with hold(self._lock):
            account = self.get(account_id)
            if account is None:
                return None
            changed = change(account)
            if changed != account:
                self._check_alias(changed)
                self._write(changed)
            return changed

    def delete(self, account_id: str) -> None:
        """An absent record is no error. An `update` on its way ends first, or it would write the record again."""
        with hold(self._lock):
            try:
                self._path(account_id).unlink(missing_ok=True)
            except OSError as exc:
                raise StoreError(f"cannot remove {self._path(account_id)}: {exc.strerror or exc}") from exc

    def _path(self, account_id: str) -> Path:
        return self._folder / f"{account_id}.json"

    def _write(self, account: Account) -> None:
        atomic_write(self._path(account.id), msgspec.json.format(msgspec.json.encode(account)) + b"\n")

    def _check_alias(self, account: Account) -> None:
        check_alias(account.alias)
        for other in self.list():
            same = other.provider == account.provider and other.alias == account.alias
            if same and other.id != account.id:
                raise UsageError(f"there is already an account {account.name}", hint="choose another --name")


def _read(path: Path) -> Account:
    """Raises StoreError naming the file."""
    try:
        account = msgspec.json.decode(path.read_bytes(), type=Account)
    except OSError as exc:
        raise StoreError(f"cannot read {path}: {exc.strerror or exc}") from exc
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise StoreError(f"{path} is not an account record ({exc})", hint="remove the file and log in again") from exc
    if account.id != path.stem or account.provider not in PROVIDER_SHORT or not ALIAS.fullmatch(account.alias):
        raise StoreError(f"{path} is not an account record of this version", hint="remove the file and log in again")
    return account


def check_alias(alias: str) -> None:
    """Contract section 1. Raises UsageError."""
    if not ALIAS.fullmatch(alias):
        raise UsageError(f"{alias!r} cannot be an account's name", hint="use letters, digits and . _ @ + - only")


def free_alias(wanted: Iterable[str | None], taken: Iterable[str]) -> str:
    """The first wanted alias that is valid and free, else `1`, `2` …: without `--name` an alias is found, not asked."""
    used = set(taken)
    for alias in wanted:
        if alias and ALIAS.fullmatch(alias) and alias not in used:
            return alias
    number = 1
    while str(number) in used:
        number += 1
    return str(number)


def find(name: str, accounts: Sequence[N]) -> N:
    """The account that `kiro/work`, `claude-kiro-oauth/work` or, where it is unique, `work` or `kiro` names.

    Raises UsageError naming near ones.
    """
    provider, slash, alias = name.rpartition("/")
    hits = [a for a in accounts if a.alias == (alias if slash else name) and (not slash or _is(provider, a))]
    if not hits and not slash:
        hits = [a for a in accounts if name.lower() in (a.provider.lower(), PROVIDER_SHORT[a.provider])]
    if len(hits) == 1:
        return hits[0]
    names = [f"{PROVIDER_SHORT[a.provider]}/{a.alias}" for a in (hits or accounts)]
    if hits:
        raise UsageError(f"{name!r} names {len(hits)} accounts", hint="say which: " + ", ".join(names))
    if not accounts:
        raise UsageError(f"there is no account {name!r}, and no other", hint="add one: a2a login openai")
    guess = did_you_mean(name, names) or did_you_mean(alias, [a.alias for a in accounts])
    raise UsageError(f"there is no account {name!r}", hint=guess or "accounts: " + ", ".join(names))


def _is(provider: str, account: Named) -> bool:
    try:
        return provider_id(provider) == account.provider
    except ConfigError as exc:
        raise UsageError(exc.message, hint=exc.hint) from None
