"""`[aliases]` and `[models]` of config.toml, and the fallback chains: names of models and where requests for them go.

Whether a model exists is known only while serving, so a target is checked for its form. A target that names no
provider though it nearly does is remarked upon, not refused: `vendor/model` may be one upstream's own name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from a2a.config import mistakes, parameters
from a2a.config.declare import AliasDecl, ModelDecl
from a2a.config.names import PROVIDER_SHORT, did_you_mean, near
from a2a.config.tables import absolute, one_prompt
from a2a.config.toml_file import KeyPath, TomlFile
from a2a.errors import ConfigError

_Decl = TypeVar("_Decl", AliasDecl, ModelDecl)


def aliases_of(file: TomlFile) -> dict[str, AliasDecl]:
    """Raises ConfigError."""
    return {name: _alias(file, name, given) for name, given in _table(file, "aliases").items()}


def models_of(file: TomlFile) -> dict[str, ModelDecl]:
    """Raises ConfigError."""
    return {name: _model(file, name, given) for name, given in _table(file, "models").items()}


def remarks(file: TomlFile) -> list[str]:
    """Targets that look like a misspelt provider, of aliases and of every `fallback`. Raises ConfigError."""
    said: list[str] = []
    for path, target in _targets(file):
        head, slash, _ = target.partition("/")
        known = {*PROVIDER_SHORT, *PROVIDER_SHORT.values()}
        if slash and head.lower() not in {word.lower() for word in known} and (hit := near(head, known)):
            said.append(f"{file.place(path)}: {target!r} names no provider: did you mean {hit}{target[len(head) :]}?")
    return said


def _targets(file: TomlFile) -> Iterator[tuple[KeyPath, str]]:
    """Every target with its place; what is no text has been refused elsewhere."""
    for name, alias in aliases_of(file).items():
        yield from ((("aliases", name), target) for target in alias.targets)
    for table in ("models", "providers"):
        for name, values in _table(file, table).items():
            chain = values.get("fallback", []) if isinstance(values, dict) else []
            texts = [target for target in chain if isinstance(target, str)] if isinstance(chain, list) else []
            _check_targets(file, (table, name, "fallback"), texts)
            yield from (((table, name, "fallback"), target) for target in texts)


def _table(file: TomlFile, table: str) -> dict[str, Any]:
    given = file.data.get(table, {})
    if not isinstance(given, dict):
        example = '[models."gpt-5"]' if table == "models" else f"[{table}]"
        raise ConfigError(f"{file.place((table,))}: {table} must be a table", hint=f"write {example}")
    if any(not name.strip() for name in given):
        raise ConfigError(f"{file.place((table,))}: a name in [{table}] is empty")
    return given


def _alias(file: TomlFile, name: str, given: Any) -> AliasDecl:
    place: KeyPath = ("aliases", name)
    match given:
        case str():
            alias = AliasDecl(targets=[given])
        case list():
            alias = _converted(file, place, {"targets": given}, AliasDecl)
        case dict():
            alias = _converted(file, place, given, AliasDecl)
        case _:
            raise ConfigError(
                f"{file.place(place)}: an alias is a model, a list of models or a table",
                hint='for example fast = "openai/gpt-5-mini"',
            )
    if not alias.targets:
        raise ConfigError(f"{file.place(place)}: the alias {name!r} has no target", hint="name a model, or remove it")
    _check_targets(file, place, alias.targets)
    return alias


def _model(file: TomlFile, name: str, given: Any) -> ModelDecl:
    place: KeyPath = ("models", name)
    if not isinstance(given, dict):
        raise ConfigError(f"{file.place(place)}: [models] holds one table per model", hint=f'write [models."{name}"]')
    if "parameters" in given:
        parameters.check(file, (*place, "parameters"), given["parameters"])
    model = _converted(file, place, given, ModelDecl)
    _check_targets(file, (*place, "fallback"), model.fallback or [])
    one_prompt(file.place(place), model)
    model.system_prompt_file = absolute(file, model.system_prompt_file)
    return model


def _check_targets(file: TomlFile, path: KeyPath, targets: list[str]) -> None:
    for target in targets:
        if not target.strip("/ ") or target != target.strip() or "*" in target:
            hint = "write provider/model, or model as a2a models lists it"
            raise ConfigError(f"{file.place(path)}: {target!r} is no model", hint=hint)


def _converted(file: TomlFile, place: KeyPath, given: dict[str, Any], kind: type[_Decl]) -> _Decl:
    """`given` as the declared type; a wrong key or value is named with its line."""
    known = kind.__struct_fields__
    table = f'[{place[0]}."{place[1]}"]'
    for key in given:
        if key not in known:
            raise ConfigError(
                f"{file.place((*place, key))}: {table} has no key {key!r}",
                hint=did_you_mean(key, known, "keys: " + ", ".join(known)),
            )
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as exc:
        inner = str(exc).rpartition("`$.")[2].rstrip("`") if "`$." in str(exc) else ""
        keys: KeyPath = tuple(part.partition("[")[0] for part in inner.split(".") if part)
        raise ConfigError(f"{file.place((*place, *keys))}: {table}: {mistakes.of_value(str(exc))}") from None
