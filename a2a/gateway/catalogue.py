"""Who serves which model: what providers know by themselves, what each account's upstream has listed, and what
`[models]` in the settings adds. What a model is comes from the settings, else the upstream's list, else `a2a.catalog`.

Lists are read from the cache folder at start and refreshed in the background, never inside a request
(conversion.md 13.2). One JSON file per account; a broken one is forgotten.
"""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec import Struct, structs

from a2a import catalog
from a2a.auth.records import Account
from a2a.config import PROVIDER_SHORT, ModelDecl, ModelPrice
from a2a.control.types import ModelView, Price
from a2a.paths import Folders, atomic_write
from a2a.protocols.wire import BAD_JSON
from a2a.providers.base import ModelInfo, Provider

_DATE = re.compile(r"-\d{8}$")


def plain(name: str) -> str:
    """A model name without a date and without Claude Code's `[1m]`, for lookup (conversion.md 14.1)."""
    return _DATE.sub("", name.removesuffix("[1m]"))


class Facts(Struct, frozen=True, kw_only=True):
    """What is known of a model at one provider. `context`: most input tokens; `input`: kinds of content it reads."""

    context: int | None = None
    max_output: int | None = None
    input: tuple[str, ...] = ()
    price: Price | None = None


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
        self._declared: dict[tuple[str | None, str], ModelDecl] = {}  # (provider id or None, model) -> settings

    def declare(self, models: Mapping[str, ModelDecl]) -> None:
        """`[models]` of the settings, by `model` or `provider/model`. A model with its provider is one it serves."""
        ids = {word: known for known, short in PROVIDER_SHORT.items() for word in (known.lower(), short)}
        self._declared = {}
        for name, decl in models.items():
            head, slash, rest = name.partition("/")
            if slash and rest and (provider := ids.get(head.lower())):
                self._declared[provider, rest] = decl
            self._declared[None, name] = decl
        self._rebuild()

    def declared(self, provider_id: str, model: str, asked: str = "") -> Iterator[ModelDecl]:
        """What the settings say of it, the most particular first."""
        for key in ((provider_id, model), (None, model), (None, asked)):
            if key in self._declared:
                yield self._declared[key]

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

    def remove(self, account_id: str) -> None:
        """The account is gone for good, and its list; blocks. A file that cannot go is one that nobody reads."""
        self._listed.pop(account_id, None)
        if self._folder is not None:
            with contextlib.suppress(OSError):
                (self._folder / f"{account_id}.json").unlink()

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
        for (provider_id, model), decl in self._declared.items():
            if provider_id is not None and provider_id in built:
                entry = ModelInfo(id=model, context=decl.context, max_output=decl.max_output)
                built[provider_id].setdefault(model, entry)
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
        served = ((provider_id, self.found(provider_id, name)) for provider_id in self._index)
        return [(provider_id, model) for provider_id, model in served if model is not None]

    def found(self, provider_id: str, name: str) -> str | None:
        """The upstream's name of a model this provider serves."""
        index = self._index.get(provider_id, {})
        for wanted in (name, plain(name), self._providers[provider_id].resolve(name)):
            if wanted in index:
                return index[wanted].id
        return None

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

    def near(self, name: str, others: Iterable[str] = ()) -> list[str]:
        """Up to three names that look like it, of models and of the `others`."""
        names = {known for index in self._index.values() for known in index}
        return difflib.get_close_matches(name, sorted(names | set(others)), n=3, cutoff=0.5)

    def able(self, provider_id: str, model: str, alias: str | None = None) -> list[str]:
        """Names of the accounts (of that alias) that are asked for `model`."""
        asked = self.serving(provider_id, model)
        short = self._providers[provider_id].short
        return [
            f"{short}/{account.alias}"
            for account in self._accounts.values()
            if account.provider == provider_id
            and (asked is None or account.id in asked or alias is not None)
            and alias in (None, account.alias)
        ]

    def facts(self, account: Account, model: str) -> Facts:
        """What is known of a model as this account gets it: settings, the upstream's list, the packaged catalog."""
        provider = self._providers[account.provider]
        listed = self._own.get((account.id, model)) or self._index.get(account.provider, {}).get(model)
        packaged = catalog.known(provider.base_url(account), model)
        found = Facts(
            context=_either(listed.context if listed else None, packaged.context if packaged else None),
            max_output=_either(listed.max_output if listed else None, packaged.max_output if packaged else None),
            input=packaged.input if packaged else (),
            price=_packaged_price(packaged),
        )
        for decl in reversed([*self.declared(account.provider, model)]):
            found = Facts(
                context=_either(decl.context, found.context),
                max_output=_either(decl.max_output, found.max_output),
                input=tuple(decl.input) if decl.input is not None else found.input,
                price=_own_price(decl.price, decl.price_date) if decl.price is not None else found.price,
            )
        return found

    def first(self, provider_id: str) -> str | None:
        """The first model of a provider's list, as its default of last resort."""
        return next((info.id for info in self._index.get(provider_id, {}).values()), None)

    def views(self) -> list[ModelView]:
        """Every model reachable now, by provider and name."""
        return [
            self._view(provider_id, info)
            for provider_id, index in self._index.items()
            for info in {entry.id: entry for entry in index.values()}.values()
        ]

    def _view(self, provider_id: str, info: ModelInfo) -> ModelView:
        asked = self.serving(provider_id, info.id)
        mine = [account for account in self._accounts.values() if account.provider == provider_id]
        facts = self.facts(next((a for a in mine if asked is None or a.id in asked), mine[0]), info.id)
        return ModelView(
            id=info.id,
            name=info.name or info.id,
            provider=provider_id,
            aliases=list(info.aliases),
            accounts=self.able(provider_id, info.id),
            context=facts.context,
            max_output=facts.max_output,
            created=info.created,
            input=list(facts.input),
            price=facts.price,
        )


def _either(first: int | None, second: int | None) -> int | None:
    return second if first is None else first


def _packaged_price(model: catalog.Model | None) -> Price | None:
    if model is None or model.price is None:
        return None
    known = model.price
    return Price(
        input=known.input,
        cached_input=known.cached_input,
        cache_write=known.cache_write,
        output=known.output,
        basis=catalog.packaged().price_date,
    )


def _own_price(price: ModelPrice, date: str | None) -> Price:
    return Price(**structs.asdict(price), basis=date or "config.toml")
