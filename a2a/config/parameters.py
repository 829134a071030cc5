"""Parameter rules: what a request gets where its client says nothing, whatever it says, and what it must not say.

A table `parameters` of `[providers.<id>]`, `[models."…"]` or `[[clients]]` holds `default`, `override` and `remove`.
The names are a2a's own; what a protocol calls them, its codec knows.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta, Struct, structs

from a2a.config import mistakes
from a2a.config.toml_file import KeyPath, TomlFile
from a2a.errors import ConfigError

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
ParameterName = Literal[
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "stop",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "reasoning_effort",
]
Penalty = Annotated[float, Meta(ge=-2, le=2)]


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Values by name, None = not said. `max_tokens`: of the answer."""

    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_k: Annotated[int, Meta(ge=1)] | None = None
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    stop: list[str] | None = None
    seed: int | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    reasoning_effort: Effort | None = None

    def given(self) -> dict[str, Any]:
        """What is said, by name."""
        return {name: value for name, value in structs.asdict(self).items() if value is not None}


class ParameterRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`default`: where the client says nothing. `override`: whatever it says. `remove`: whatever it says, nothing."""

    default: Parameters = Parameters()
    override: Parameters = Parameters()
    remove: list[ParameterName] = []


NAMES = Parameters.__struct_fields__
_KINDS = ParameterRules.__struct_fields__


def check(file: TomlFile, place: KeyPath, given: Any) -> None:
    """Refuse unknown names with the nearest known one, values that a parameter cannot have, and a name that two rules
    of one table fight over.

    `given`: the value of `parameters`; `place`: where it stands. Raises ConfigError with the line of the rule.
    """
    table = _table(file, place, given)
    _known(file, place, table, _KINDS)
    said: dict[str, str] = {}
    for kind in _KINDS:
        if kind not in table:
            continue
        inner = table[kind]
        if kind == "remove":
            if not isinstance(inner, list):
                raise ConfigError(f"{file.place((*place, kind))}: remove must be a list", hint='remove = ["seed"]')
            names = [name for name in inner if isinstance(name, str)]
        else:
            names = list(_table(file, (*place, kind), inner))
        _known(file, (*place, kind), names, NAMES)
        if kind != "remove":
            _fit(file, (*place, kind), inner)
        for name in names:
            if name in said:
                where = file.place((*place, kind))
                raise ConfigError(f"{where}: {name} stands in {said[name]} and in {kind}", hint="keep one of them")
            said[name] = kind


def _fit(file: TomlFile, place: KeyPath, values: dict[str, Any]) -> None:
    for name, value in values.items():
        try:
            msgspec.convert({name: value}, Parameters)
        except msgspec.ValidationError as error:
            efforts = "it may be " + ", ".join(get_args(Effort)) if name == "reasoning_effort" else None
            message = f"{file.place((*place, name))}: {mistakes.of_value(str(error))}"
            raise ConfigError(message, hint=efforts) from error


def _table(file: TomlFile, place: KeyPath, given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise ConfigError(f"{file.place(place)}: {place[-1]} must be a table")
    return given


def _known(file: TomlFile, place: KeyPath, given: Any, known: tuple[str, ...]) -> None:
    from a2a.config.names import did_you_mean  # deferred: names reads the declaration, which reads this module

    for name in given:
        if name not in known:
            raise ConfigError(
                f"{file.place((*place, name))}: {place[-1]} has no {name!r}",
                hint=did_you_mean(name, known, "it may hold " + ", ".join(known)),
            )
