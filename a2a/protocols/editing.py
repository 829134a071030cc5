"""Changing a client's body on the byte path: its system prompt and single parameters, all other bytes verbatim.

Each codec says where its protocol has them (`Editor`); here is what is the same for all: reading and writing a value
by its path, and putting a text behind another. Values are JSON bytes (`Raw`), objects are opened one level at a time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec
from msgspec import Raw, Struct

from a2a.protocols.wire import dumps, kind_of

GAP = "\n\n"
"""Between a client's system text and ours, where both are one string."""
_MARKS = ("cache_control", "prompt_cache_breakpoint")
"""Keys by which a content part is the end of a cached prefix."""
_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z])")
_OBJECT = msgspec.json.Decoder(dict[str, Raw])

Top = dict[str, Raw]


class Slot(Struct, frozen=True):
    """One value of a body: dotted paths of which a body holds one at most.

    `synonyms`: they mean the same, so that the client's own spelling stays.
    """

    places: tuple[str, ...]
    synonyms: bool = False


class Editor(Protocol):
    """What one protocol's bodies are edited by. `blank`: the smallest body, `slots`: every parameter rules may touch.

    `history`: bytes in a body whose turns have to be looked at before its reasoning may change; b"" for none.
    """

    blank: Mapping[str, object]
    slots: tuple[Slot, ...]
    history: bytes

    def refuses(self, name: str, headers: Mapping[str, str]) -> str | None:
        """Why a request with these headers cannot have a parameter of that name (a2a's own); None where it can."""
        ...

    def system(self, top: Top, text: str, *, append: bool, role: str) -> bool:
        """Put the system prompt in place; whether the client had one. `role`: of a message that has to be added.

        Raises RequestError for a body that is not of the protocol.
        """
        ...


def slots(*places: str) -> tuple[Slot, ...]:
    """Slots of one place each."""
    return tuple(Slot((place,)) for place in places)


def get(top: Mapping[str, Raw], place: str) -> Raw | None:
    """The value there, in camelCase or snake_case; None where there is none."""
    head, _, rest = place.partition(".")
    value = top.get(_spelled(top, head))
    if value is None or kind_of(value) == "null":
        return None
    if not rest:
        return value
    return get(_OBJECT.decode(value), rest) if kind_of(value) == "object" else None


def put(top: Top, place: str, value: Raw | None) -> None:
    """Set the value there, or take it away; objects on the way are made, and go when they are empty."""
    head, _, rest = place.partition(".")
    key = _spelled(top, head)
    if rest:
        held = top.get(key)
        inner = _OBJECT.decode(held) if held is not None and kind_of(held) == "object" else {}
        put(inner, rest, value)
        value = Raw(dumps(inner)) if inner else None
    if value is None:
        top.pop(key, None)
    else:
        top[key] = value


def move(slot: Slot, before: Mapping[str, Raw], after: Mapping[str, Raw], top: Top) -> bool:
    """Do to `top` what happened to the slot between two renderings; whether anything had."""
    new = [(place, value) for place in slot.places if (value := get(after, place)) is not None]
    if [get(before, place) for place in slot.places] == [get(after, place) for place in slot.places]:
        return False
    own = next((place for place in slot.places if get(top, place) is not None), None) if slot.synonyms else None
    for place in slot.places:
        put(top, place, None)
    for place, value in new:
        put(top, own or place, value)
    return True


def heads(slots_of: Sequence[Slot], top: Mapping[str, Raw]) -> Top:
    """The top-level keys of the body that hold parameters."""
    keys = {_spelled(top, place.partition(".")[0]) for slot in slots_of for place in slot.places}
    return {key: value for key, value in top.items() if key in keys}


def behind(parts: Sequence[Raw], part: dict[str, object]) -> list[Raw]:
    """`part` behind the others. A cached prefix that ended with them ends with it now."""
    if not parts or kind_of(parts[-1]) != "object":
        return [*parts, Raw(dumps(part))]
    last = _OBJECT.decode(parts[-1])
    marks = {key: last.pop(key) for key in _MARKS if key in last}
    return [*parts[:-1], Raw(dumps(last)) if marks else parts[-1], Raw(dumps({**part, **marks}))]


def instead(parts: Sequence[Raw], part: dict[str, object]) -> list[Raw]:
    """`part` instead of them, with the last mark of a cached prefix that one of them had."""
    marks: dict[str, object] = {}
    for each in parts:
        held = _OBJECT.decode(each) if kind_of(each) == "object" else {}
        marks |= {key: held[key] for key in _MARKS if key in held}
    return [Raw(dumps({**part, **marks}))]


def _spelled(top: Mapping[str, Raw], name: str) -> str:
    """The key as this body spells it."""
    if name in top:
        return name
    snake = _HUMP.sub(lambda found: "_" + found[1].lower(), name)
    return snake if snake in top else name
