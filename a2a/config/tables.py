"""`[[accounts]]` and `[[clients]]` of config.toml: checked entry by entry, each mistake with its line.

Paths come out absolute: `~` is the user's home, a relative one counts from the file's own folder.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from a2a.config import mistakes, parameters, proxies, urls
from a2a.config.declare import AccountDecl, ClientDecl, ModelDecl, ProviderSettings
from a2a.config.names import CREDENTIAL_KIND, OWN_KEYS, SPECIAL_KEYS, CredentialKind, did_you_mean, provider_id
from a2a.config.toml_file import TomlFile
from a2a.errors import ConfigError

ALIAS = re.compile(r"[A-Za-z0-9._@+-]+")
"""What an account may be called (contract section 1)."""

_KEY_REFERENCES = ("api_key_env", "api_key_file")
_TOKEN_REFERENCES = ("credentials_file", "credentials_env")
_REFERENCES: dict[CredentialKind, tuple[str, ...]] = {
    "api_key": _KEY_REFERENCES,
    "google": _TOKEN_REFERENCES,
    "kiro": _TOKEN_REFERENCES,
    "qwen": (*_KEY_REFERENCES, *_TOKEN_REFERENCES),
}
_PLAIN_SECRETS = frozenset({"api_key", "key", "token", "secret", "password", "credentials", "refresh_token"})

_URLS = tuple(name for name in AccountDecl.__struct_fields__ if name.endswith("_url"))

_Decl = TypeVar("_Decl", AccountDecl, ClientDecl)


def accounts_of(file: TomlFile) -> list[AccountDecl]:
    """Raises ConfigError."""
    accounts: list[AccountDecl] = []
    names: set[tuple[str, str]] = set()
    for number, entry in enumerate(_entries(file, "accounts")):
        place = file.place(("accounts", number))
        decl = _decl(file, "accounts", number, entry, AccountDecl)
        try:
            decl.provider = provider_id(decl.provider)
        except ConfigError as exc:
            raise ConfigError(f"{file.place(('accounts', number, 'provider'))}: {exc.message}", hint=exc.hint) from None
        _check_account(place, entry, decl)
        if decl.name:
            if (decl.provider, decl.name) in names:
                raise ConfigError(f"{place}: {decl.provider} already has an account called {decl.name!r}")
            names.add((decl.provider, decl.name))
        if decl.proxy and (told := proxies.trouble(decl.proxy)):
            raise ConfigError(f"{file.place(('accounts', number, 'proxy'))}: {told}", hint=proxies.HINT)
        for key in _URLS:
            if (url := getattr(decl, key)) and (told := urls.trouble(url)):
                raise ConfigError(f"{file.place(('accounts', number, key))}: {told}", hint=urls.HINT)
        decl.api_key_file = absolute(file, decl.api_key_file)
        decl.credentials_file = absolute(file, decl.credentials_file)
        accounts.append(decl)
    return accounts


def clients_of(file: TomlFile) -> list[ClientDecl]:
    """Raises ConfigError."""
    clients: list[ClientDecl] = []
    for number, entry in enumerate(_entries(file, "clients")):
        place = file.place(("clients", number))
        if "parameters" in entry:
            parameters.check(file, ("clients", number, "parameters"), entry["parameters"])
        decl = _decl(file, "clients", number, entry, ClientDecl)
        if any(decl.name == other.name for other in clients):
            raise ConfigError(f"{place}: there are two clients called {decl.name!r}")
        _one_reference(place, decl, ("key_env", "key_file"))
        decl.key_file = absolute(file, decl.key_file)
        one_prompt(place, decl)
        decl.system_prompt_file = absolute(file, decl.system_prompt_file)
        clients.append(decl)
    return clients


def _entries(file: TomlFile, table: str) -> list[dict[str, Any]]:
    entries = file.data.get(table, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError(f"{file.place((table,))}: {table} is a list of tables", hint=f"write [[{table}]]")
    return entries


def _decl(file: TomlFile, table: str, number: int, entry: dict[str, Any], kind: type[_Decl]) -> _Decl:
    known = kind.__struct_fields__
    for key in entry:
        if key in _PLAIN_SECRETS:
            references = " or ".join(name for name in known if name.endswith(("_env", "_file")))
            raise ConfigError(
                f"{file.place((table, number, key))}: secrets are not written into the file", hint=f"use {references}"
            )
        if key not in known:
            raise ConfigError(
                f"{file.place((table, number, key))}: [[{table}]] has no key {key!r}",
                hint=did_you_mean(key, known, "keys: " + ", ".join(known)),
            )
    try:
        return msgspec.convert(entry, kind)
    except msgspec.ValidationError as exc:
        key = str(exc).rpartition("`$.")[2].rstrip("`")
        raise ConfigError(f"{file.place((table, number, key))}: {mistakes.of_value(str(exc))}") from None


def _check_account(place: str, entry: dict[str, Any], decl: AccountDecl) -> None:
    kind = CREDENTIAL_KIND[decl.provider]
    if decl.name is not None and not ALIAS.fullmatch(decl.name):
        raise ConfigError(f"{place}: {decl.name!r} is no account name", hint="letters, digits and . _ @ + - only")
    others = SPECIAL_KEYS - OWN_KEYS.get(decl.provider, frozenset())
    others |= {*_KEY_REFERENCES, *_TOKEN_REFERENCES} - {*_REFERENCES[kind]}
    if kind != "api_key":
        others |= {"preset"}
    if wrong := sorted(others & entry.keys()):
        raise ConfigError(f"{place}: {wrong[0]} means nothing for {decl.provider}")
    if decl.preset and decl.base_url:
        raise ConfigError(f"{place}: preset and base_url exclude each other")
    _one_reference(place, decl, _REFERENCES[kind])


def _one_reference(place: str, decl: AccountDecl | ClientDecl, names: tuple[str, ...]) -> None:
    if sum(bool(getattr(decl, name)) for name in names) != 1:
        raise ConfigError(f"{place}: exactly one of {', '.join(names[:-1])} and {names[-1]} is needed")


def one_prompt(place: str, decl: ClientDecl | ModelDecl | ProviderSettings) -> None:
    """Raises ConfigError for a prompt that is given twice."""
    if decl.system_prompt is not None and decl.system_prompt_file is not None:
        raise ConfigError(f"{place}: system_prompt and system_prompt_file exclude each other", hint="keep one of them")


def absolute(file: TomlFile, name: str | None) -> str | None:
    """A path of the file, which may be relative to its folder."""
    if not name:
        return None
    path = Path(name).expanduser()
    return str(path if path.is_absolute() else file.path.parent / path)
