"""JSON read the way Google's front end reads it: against message tables, both spellings of a name, strict kinds.

A table says what each field of a message holds: `string`, `bool`, `int`, `number`, `bytes`, `struct` (any object),
`value` (anything), an enum (`Mode`), a message (`Part`), a list (`[Part]`) or a map (`{Schema}`). What comes out has
camel-case names and no nulls; data inside `struct` and `value` stays as it is. Paths in error texts are snake case.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

from a2a.demo.gemini.errors import GoogleRefusal, bad

Table = Mapping[str, str]

_HUMP = re.compile(r"(?<!^)(?=[A-Z])")
_SNAKE = re.compile(r"_([a-z0-9])")
_STANDARD = str.maketrans("-_", "+/")


def table(text: str) -> dict[str, str]:
    """`name=kind` pairs, separated by blanks."""
    return dict(pair.split("=", 1) for pair in text.split())


def snake(name: str) -> str:
    return _HUMP.sub("_", name).lower()


def unknown(name: str, at: str) -> GoogleRefusal:
    where = f" at '{at}'" if at else ""
    return bad(f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.', at or name)


def decode_bytes(text: str) -> bytes:
    """Standard or URL-safe base64, padded or not. Raises ValueError."""
    plain = text.translate(_STANDARD).rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


class Reader:
    """Reads values by the tables of one API surface."""

    def __init__(self, messages: Mapping[str, Table], enums: Mapping[str, frozenset[str]]) -> None:
        self._messages = messages
        self._enums = enums
        self._scalars: dict[str, Callable[[Any, str], Any]] = {
            "string": _string,
            "bool": _bool,
            "int": _int,
            "number": _number,
            "bytes": _bytes,
            "struct": _struct,
            "value": lambda value, at: value,
        }

    def read(self, value: Any, kind: str, at: str = "") -> Any:
        """`value` as a `kind`. Raises GoogleRefusal (400)."""
        if kind.startswith("["):
            return self._list(value, kind[1:-1], at)
        if kind.startswith("{"):
            return self._map(value, kind[1:-1], at)
        if kind in self._scalars:
            return self._scalars[kind](value, at)
        if kind in self._enums:
            return self._enum(value, kind, at)
        return self._message(value, kind, at)

    def _list(self, value: Any, kind: str, at: str) -> list[Any]:
        """Google's own samples write `"contents": {"parts": {"text": …}}`: a message alone is a list of one."""
        if isinstance(value, dict) and kind in self._messages:
            return [self._message(value, kind, at)]
        if not isinstance(value, list):
            raise _wrong(kind, value, at)
        return [self.read(one, kind, f"{at}[{number}]") for number, one in enumerate(value)]

    def _map(self, value: Any, kind: str, at: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong(kind, value, at)
        return {name: self.read(one, kind, f"{at}[{number}].value") for number, (name, one) in enumerate(value.items())}

    def _enum(self, value: Any, kind: str, at: str) -> str:
        _refuse_list(value, at)
        if not isinstance(value, str) or value.upper() not in self._enums[kind]:
            raise bad(f"Invalid value at '{at}' ({kind}), \"{value}\"", at)
        return value.upper()

    def _message(self, value: Any, kind: str, at: str) -> dict[str, Any]:
        _refuse_list(value, at)
        if not isinstance(value, dict):
            raise _wrong(kind, value, at)
        fields, read = self._messages[kind], dict[str, Any]()
        for given, inner in value.items():
            name = _SNAKE.sub(lambda match: match.group(1).upper(), given)
            if name not in fields:
                raise unknown(given, at)
            if inner is not None:
                read[name] = self.read(inner, fields[name], f"{at}.{snake(name)}" if at else snake(name))
        return read


def _wrong(kind: str, value: Any, at: str) -> GoogleRefusal:
    return bad(f"Invalid value at '{at}' ({kind}), {value!r}", at)


def _refuse_list(value: Any, at: str) -> None:
    if isinstance(value, list):
        raise bad(f"Invalid value at '{at}': Proto field is not repeating, cannot start list.", at)


def _string(value: Any, at: str) -> str:
    _refuse_list(value, at)
    if not isinstance(value, str):
        raise _wrong("TYPE_STRING", value, at)
    return value


def _bool(value: Any, at: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong("TYPE_BOOL", value, at)
    return value


def _int(value: Any, at: str) -> int:
    """64-bit integers may travel as text."""
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
        raise _wrong("TYPE_INT64", value, at)
    return int(value)


def _number(value: Any, at: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong("TYPE_DOUBLE", value, at)
    return value


def _bytes(value: Any, at: str) -> str:
    """Stays text: what was sent is compared with what was issued."""
    text = _string(value, at)
    try:
        decode_bytes(text)
    except (binascii.Error, ValueError) as error:
        raise bad(f"Invalid value at '{at}' (TYPE_BYTES), Base64 decoding failed for \"{text[:40]}\"", at) from error
    return text


def _struct(value: Any, at: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong("type.googleapis.com/google.protobuf.Struct", value, at)
    return value
