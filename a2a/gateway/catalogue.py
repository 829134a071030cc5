"""Who serves which model: what providers know by themselves, and what each account's upstream has listed.

Lists are read from the cache folder at start and refreshed in the background, never inside a request
(conversion.md 13.2). One JSON file per account; a broken one is forgotten.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

import msgspec

from a2a.auth.records import Account
from a2a.control.types import ModelView
from a2a.paths import Folders, atomic_write
from a2a.protocols.wire import BAD_JSON
from a2a.providers.base import ModelInfo, Provider

_DATE = re.compile(r"-\d{8}$")


def plain(name: str) -> str:
    """A model name without a date and without Claude Code's `[1m]`, for lookup (conversion.md 14.1)."""
    return _DATE.sub("", name.removesuffix("[1m]"))


class Catalogue:
    """Names to providers and accounts. Cheap to ask; learning replaces an account's whole list."""

    def __init__(self, providers: Mapping[str, Provider], folders: Folders | None = None) -> None:
        self._providers = providers
        self._folder = folders.cache / "models" if folders is not None else None
        self._listed: dict[str, tuple[ModelInfo, ...]] = {}  # account id -> its upstream's list
        self._accounts: dict[str, Account] = {}
        self._index: dict[str, dict[str, ModelInfo]] = {}  # provider id -> name or alias -> entry
        self.version = 0
        self._own: dict[tuple[str, str], ModelInfo] = {}  # (account id, model) -> entry

    def use(self, accounts: Iterable[Account]) -> None:
        """The accounts there are; their cached lists are read."""
        self._accounts = {account.id: account for account in accounts if account.provider in self._providers}
        for account_id in self._accounts:
            if account_id not in self._listed and (cached := self._read(account_id)):
                self._listed[account_id] = cached
        self._rebuild()

    def learn(self, account_id: str, models: tuple[ModelInfo, ...]) -> None:
        """An upstream's fresh list."""
        self._listed[account_id] = models
        self._rebuild()

    def save(self, account_id: str) -> None:
        """Keep the account's list for the next start. Raises StoreError."""
        if self._folder is not None:
            atomic_write(self._folder / f"{account_id}.json", msgspec.json.encode(self._listed[account_id]))

    def unlisted(self) -> list[str]:
        """Accounts whose upstream has not been asked yet."""
        return [account_id for account_id in self._accounts if account_id not in self._listed]

    def _read(self, account_id: str) -> tuple[ModelInfo, ...]:
        if self._folder is None:
            return ()
        try:
            return msgspec.json.decode((self._folder / f"{account_id}.json").read_bytes(), type=tuple[ModelInfo, ...])
        except (OSError, *BAD_JSON):
            return ()

    def _rebuild(self) -> None:
        built: dict[str, dict[str, ModelInfo]] = {}  # put in place whole: a request may look while a thread rebuilds
        self._own = {(account_id, info.id): info for account_id, models in self._listed.items() for info in models}
        for account in self._accounts.values():
            index = built.setdefault(account.provider, {})
            for info in (*self._providers[account.provider].catalogue(), *self._listed.get(account.id, ())):
                index.setdefault(info.id, info)
                for alias in info.aliases:
                    index.setdefault(alias, info)
        self._index = built
        self.version += 1

    def has_account(self, provider_id: str, alias: str | None = None) -> bool:
        """Whether the provider has an account (of that alias)."""
        return any(
            account.provider == provider_id and (alias is None or account.alias == alias)
            for account in self._accounts.values()
        )

    def lists(self, name: str) -> bool:
        """Whether any provider with an account lists this very name."""
        return any(name in index for index in self._index.values())

    def find(self, name: str) -> list[tuple[str, str]]:
        """(provider id, upstream name) of everyone who serves it, in no particular order."""
        found: list[tuple[str, str]] = []
        for provider_id, index in self._index.items():
            for wanted in (name, plain(name), self._providers[provider_id].resolve(name)):
                if wanted in index:
                    found.append((provider_id, index[wanted].id))
                    break
        return found

    def info(self, account_id: str, model: str) -> ModelInfo | None:
        """The account's own entry of a model, from its upstream's list."""
        return self._own.get((account_id, model))

    def serving(self, provider_id: str, model: str) -> frozenset[str] | None:
        """Ids of the accounts to ask for `model`; None when no list says anything, so that all may be asked.

        A name that no list has is nothing for accounts with a closed one.
        """
        mine = [account_id for account_id, account in self._accounts.items() if account.provider == provider_id]
        listing = {account_id for account_id in mine if (account_id, model) in self._own}
        if not listing:
            if model in self._index.get(provider_id, {}):
                return None
            closed = {a for a in mine if self._providers[provider_id].closed_to(model, self._accounts[a])}
            return frozenset(mine) - closed if closed else None
        return frozenset(listing | {a for a in mine if a not in self._listed})

    def near(self, name: str) -> list[str]:
        """Up to three names that look like it."""
        names = {known for index in self._index.values() for known in index}
        return difflib.get_close_matches(name, sorted(names), n=3, cutoff=0.5)

    def first(self, provider_id: str) -> str | None:
        """The first model of a provider's list, as its default of last resort."""
        return next((info.id for info in self._index.get(provider_id, {}).values()), None)

    def views(self) -> list[ModelView]:
        """Every model reachable now, by provider and name."""
        rows: list[ModelView] = []
        for provider_id, index in self._index.items():
            mine = [account for account in self._accounts.values() if account.provider == provider_id]
            short = self._providers[provider_id].short
            for info in {entry.id: entry for entry in index.values()}.values():
                asked = self.serving(provider_id, info.id)
                able = [f"{short}/{a.alias}" for a in mine if asked is None or a.id in asked]
                rows.append(
                    ModelView(
                        id=info.id,
                        name=info.name or info.id,
                        provider=provider_id,
                        aliases=list(info.aliases),
                        accounts=able,
                        context=info.context,
                        max_output=info.max_output,
                        created=info.created,
                    )
                )
        return rows
