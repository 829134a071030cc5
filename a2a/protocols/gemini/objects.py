"""JSON objects of Google's API: read under either spelling of their keys, written back with what nobody modelled.

google-genai mixes camelCase and snake_case in one body, litellm sends snake_case (golden vector `gemini-sdk-wire`,
clients.md). Protobuf's JSON takes both, so does this: inside the codec every key is camelCase. Maps of the user's own
names (arguments, responses, schemas, labels) are never opened here.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
from msgspec import Raw

from a2a.messages import Ext
from a2a.protocols.wire import Fields, dumps, items, kind_of, parse

JsonObject = dict[str, Any]
"""A body in the making; nested values may be `Raw`."""

_JOINT = re.compile(r"(?<=[A-Za-z0-9])_([a-z0-9])")
_OBJECT = msgspec.json.Decoder(dict[str, Raw])


def camel(key: str) -> str:
    """`function_call` as `functionCall`; a key without an inner underscore as it is."""
    return _JOINT.sub(lambda found: found[1].upper(), key) if "_" in key else key


def opened(body: bytes | Raw, path: str = "") -> Fields:
    """The fields of an object, keys in camelCase, null counting as missing.

    Raises WireError for any other JSON, msgspec.DecodeError for no JSON.
    """
    try:
        values = parse(body, path).rest() or {}
    except msgspec.DecodeError as error:
        values = parse(_mended(body, error), path).rest() or {}
    fields: Ext = {}
    for key, value in values.items():
        if kind_of(value) != "null" and (key == (name := camel(key)) or name not in values):
            fields[name] = value
    return Fields(fields, path)


def _mended(body: bytes | Raw, error: msgspec.DecodeError) -> bytes:
    """The JSON with halves of surrogate pairs (an emoji cut by its sender), which msgspec refuses, as U+FFFD."""
    try:
        text = json.dumps(json.loads(bytes(body)), ensure_ascii=False)
    except ValueError:
        raise error from None
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def inner(fields: Fields, key: str) -> Fields | None:
    """The fields of a nested object. Raises WireError."""
    raw = fields.raw(key)
    return None if raw is None else opened(raw, fields.at(key))


def several(fields: Fields, key: str) -> list[Raw]:
    """The elements of a list; an object alone is a list of one. Raises WireError.

    Google's API takes both, and its own samples for curl write `"contents": {"parts": {"text": …}}`
    (ai.google.dev/api/generate-content, system instructions, 2026-11).
    """
    raw = fields.raw(key)
    return [] if raw is None else elements(raw, fields.at(key))


def elements(raw: Raw, path: str) -> list[Raw]:
    """As `several`, of the value itself."""
    return [raw] if kind_of(raw) == "object" else items(raw, path)


def leftover(fields: Fields, **nested: Fields | None) -> Ext | None:
    """`ext` of a node: keys nobody took, and under the name of an opened object the keys inside it nobody took."""
    ext = dict(fields.rest() or {})
    for key, opened_object in nested.items():
        left = None if opened_object is None else opened_object.rest()
        if left:
            ext[key] = Raw(dumps(left))
    return ext or None


def merge(obj: JsonObject, ext: Ext | None) -> JsonObject:
    """Adds the unmodelled keys, also inside modelled objects, never overriding; returns `obj`."""
    for key, value in (ext or {}).items():
        held = obj.setdefault(key, value)
        if isinstance(held, dict) and kind_of(value) == "object":
            merge(held, _OBJECT.decode(value))
    return obj
