"""The shape of that data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PDF = "JVBERi0xLjQKenEtcGRmCg=="
WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEA"
MP4 = "AAAAGGZ0eXBtcDQyenEtdmlkZW8="
SCHEMA = {"type": "object", "properties": {"zq_city": {"type": "string"}}, "required": ["zq_city"]}
OTHER_SCHEMA = {"type": "object", "properties": {"zq_town": {"type": "string", "description": "zq-place"}}}
CLOSED = {**SCHEMA, "additionalProperties": False}

STRICT = "always strict here"
TO_KIRO = "what it does anyway"


class Field(Struct, frozen=True):
    """`name`: as the documentation of its protocol spells it. `value`: what the body gets at `at`, a path of keys and
    indexes with dots, relative to the group's (`+1` inserts; several paths with blanks between); `name` when empty.
    `also`: what else has to be set, by path. `says`: by target, where nothing of the field goes and no note is due,
    what becomes of it; `*`: every target but the field's own protocol.
    """

    name: str
    value: Any
    at: str = ""
    also: Mapping[str, Any] = {}
    says: Mapping[str, str] = {}


class Group(Struct, frozen=True):
    """Fields of one subject in one body. `prefix` goes before their names in the table, `at` before their paths.

    `header`: the fields are request headers.
    """

    title: str
    fields: tuple[Field, ...]
    body: Mapping[str, Any] = field(default_factory=dict)
    prefix: str = ""
    at: str = ""
    header: bool = False
