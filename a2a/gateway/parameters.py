"""Parameter rules in the neutral form (docs/prompts.md): what a request says after `default`, `override`, `remove`.

One table knows how a request is asked for a parameter and how it is told one. What became of it at an upstream is the
codec's: it clamps and drops by its own rules, with notes of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from a2a.config.parameters import ParameterRules
from a2a.messages import Request, Think
from a2a.protocols.base import Note, NoteAction

RuleAction = Literal["default", "override", "remove"]


class Rule(Struct, frozen=True):
    """What happens to one parameter. `of`: the table that says so."""

    action: RuleAction
    value: Any
    of: str


Rules = Mapping[str, Rule]
"""By the parameter's name."""

Refuses = Callable[[str], str | None]
"""Why a request cannot have the parameter of that name; None where it can."""


class _Access(Struct, frozen=True):
    """`get` gives None where the request says nothing; `put` takes None for that."""

    get: Callable[[Request], Any]
    put: Callable[[Request, Any], Request]


def _sampling(field: str, kind: Callable[[Any], Any] = float) -> _Access:
    def put(request: Request, value: Any) -> Request:
        given = None if value is None else kind(value)
        return replace(request, sampling=replace(request.sampling, **{field: given}))

    return _Access(lambda request: getattr(request.sampling, field), put)


def _think(request: Request, effort: str | None) -> Request:
    """An effort that holds for every vendor: adaptive, so that it switches thinking on where that takes a word."""
    if effort is None:
        return replace(request, think=None)
    show = request.think.show if request.think is not None else None
    return replace(request, think=Think(effort=effort, adaptive=effort != "none", show=show))


_ACCESS: Mapping[str, _Access] = {
    "temperature": _sampling("temperature"),
    "top_p": _sampling("top_p"),
    "top_k": _sampling("top_k"),
    "max_tokens": _Access(
        lambda request: request.max_output, lambda request, value: replace(request, max_output=value)
    ),
    "stop": _Access(lambda request: request.stop or None, lambda request, value: replace(request, stop=value or [])),
    "seed": _sampling("seed", int),
    "presence_penalty": _sampling("presence"),
    "frequency_penalty": _sampling("frequency"),
    "reasoning_effort": _Access(lambda request: request.think, _think),
}
_NOTED: Mapping[RuleAction, NoteAction] = {"default": "added", "override": "overwritten", "remove": "dropped"}


def rules_of(levels: list[tuple[str, ParameterRules | None]]) -> dict[str, Rule]:
    """One rule per parameter. `levels`: (name of the table, its rules), the most particular first, which decides."""
    found: dict[str, Rule] = {}
    for of, given in reversed(levels):
        if given is None:
            continue
        found |= {name: Rule("default", value, of) for name, value in given.default.given().items()}
        found |= {name: Rule("override", value, of) for name, value in given.override.given().items()}
        found |= {name: Rule("remove", None, of) for name in given.remove}
    return found


def _takes(_: str) -> None:
    """Every parameter can be told."""


def apply(request: Request, rules: Rules, refuses: Refuses = _takes) -> tuple[Request, list[Note]]:
    """The request as the rules want it, a copy, and a note on each rule that changed something, or could not."""
    notes: list[Note] = []
    for name, rule in rules.items():
        access = _ACCESS[name]
        if rule.action != "remove" and (why := refuses(name)):
            notes.append(Note(name, "dropped", f"{rule.action} of {rule.of}: {why}"))
            continue
        said = access.get(request)
        if said is not None if rule.action == "default" else said is None and rule.action == "remove":
            continue
        changed = access.put(request, rule.value)
        if access.get(changed) != said:
            action: NoteAction = "added" if said is None else _NOTED[rule.action]
            notes.append(Note(name, action, f"{rule.action} of {rule.of}"))
            request = changed
    return request, notes
