"""What `a2a config show` prints: each value with its origin, secrets masked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct, structs

from a2a.config.declare import AccountDecl, AliasDecl, ClientDecl, ModelDecl, Settings
from a2a.secret import Secret

_USERINFO = re.compile(r"(?<=://)[^/\s]+(?=@)")
"""Name and password of a URL (a proxy's, mostly)."""


class SettingView(Struct, frozen=True):
    """One line. `value` is plain JSON; a secret that is set reads `***`."""

    name: str
    value: Any
    origin: str


def describe(settings: Settings) -> list[SettingView]:
    """Every setting of `[server]`, what is set per provider, what the file declares by name, the folders."""
    rows = [_view(settings, f"server.{f.name}", getattr(settings.server, f.name)) for f in _fields(settings.server)]
    for provider, table in settings.providers.items():
        rows += [
            _view(settings, f"providers.{provider}.{f.name}", getattr(table, f.name))
            for f in _fields(table)
            if f"providers.{provider}.{f.name}" in settings.origins
        ]
    rows += _entries(settings, "accounts", settings.accounts) + _entries(settings, "clients", settings.clients)
    for name, alias in settings.aliases.items():
        rows.append(SettingView(f"aliases.{name}", _alias(alias), settings.origins[f"aliases.{name}"]))
    for name, model in settings.models.items():
        rows.append(SettingView(f"models.{name}", _set_keys(model), settings.origins[f"models.{name}"]))
    rows.append(_view(settings, "credential_store", settings.credential_store))
    rows.append(_view(settings, "url", settings.url))
    origin = "A2A_HOME" if settings.folders.home else "default"
    rows += [SettingView(f"folder.{n}", str(getattr(settings.folders, n)), origin) for n in _FOLDERS]
    return rows


def in_words(value: Any) -> str:
    """A value of a line as people read it: `-` for none, lists with commas."""
    match value:
        case None:
            return "-"
        case bool():
            return "true" if value else "false"
        case list():
            return ", ".join(map(str, value)) or "-"
        case dict():
            return ", ".join(f"{key}={item}" for key, item in value.items())
        case _:
            return str(value)


_FOLDERS = ("config", "data", "state", "cache")


def _fields(value: Struct) -> tuple[structs.FieldInfo, ...]:
    return structs.fields(value)


def _view(settings: Settings, name: str, value: Any) -> SettingView:
    return SettingView(name, mask(value), settings.origins.get(name, "default"))


def _entries(settings: Settings, kind: str, entries: Sequence[AccountDecl | ClientDecl]) -> list[SettingView]:
    names = [f"{kind}[{n}]" for n in range(len(entries))]
    return [SettingView(name, _set_keys(e), settings.origins[name]) for name, e in zip(names, entries, strict=True)]


def _alias(alias: AliasDecl) -> Any:
    """As short as the file may have it."""
    if alias.strategy != "in-order":
        return {"targets": alias.targets, "strategy": alias.strategy}
    return alias.targets if len(alias.targets) > 1 else alias.targets[0]


def _set_keys(entry: AccountDecl | ClientDecl | ModelDecl) -> dict[str, Any]:
    """The keys that differ from the default; references are names, not secrets."""
    return {f.name: mask(getattr(entry, f.name)) for f in structs.fields(entry) if getattr(entry, f.name) != f.default}


def mask(value: Any) -> Any:
    """The value as JSON without what must not be shown."""
    match value:
        case Secret():
            return "***" if value else ""
        case str():
            return _USERINFO.sub("***", value)
        case Struct():
            inner = {name: mask(given) for name, given in structs.asdict(value).items() if given is not None}
            return {name: shown for name, shown in inner.items() if shown not in ({}, [])}
        case list():
            return [mask(item) for item in value]
        case _:
            return value
