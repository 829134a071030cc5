"""JSON schemas of tools and answers, cleaned for each target (specs/conversion.md 6.6; kiro.md 6.7).

One schema at a time, walked with knowledge of position: a *schema node*, a *map* of property names to nodes, or *data*
(values of `enum`, `const`, `default`, `examples`). Keyword names are legal property names, so nothing here ever looks
for a key without knowing where it stands. The client's value is never changed; a schema that needs no change leaves as
the very bytes it came in.
"""

from __future__ import annotations

from functools import partial

import msgspec
from msgspec import Raw

from a2a.errors import RequestError
from a2a.protocols.schema.claude import closed, holds_a_map
from a2a.protocols.schema.compose import rooted
from a2a.protocols.schema.gemini import json_root, openapi_root, standard
from a2a.protocols.schema.kiro import kiro_root
from a2a.protocols.schema.node import Node, Visit, sound, sound_root
from a2a.protocols.wire import dumps


def object_schema(schema: Raw | None) -> Raw:
    """The rules for every target: the root is an object with `properties`, `required` is a list of known names."""
    return _clean(schema, lambda root: root)


def for_claude(schema: Raw | None) -> Raw:
    """Without `anyOf`, `oneOf`, `allOf` at the root, which Claude rejects; deeper levels pass."""
    return _clean(schema, rooted)


def for_claude_answer(schema: Raw) -> Raw | None:
    """For `output_config.format`: its objects are closed; None for a schema that needs open ones."""
    node = _decoded(schema)
    return None if holds_a_map(node) else _encoded(schema, closed, node)


def for_kiro(schema: Raw | None, *, strict: bool = False) -> Raw:
    """What the Kiro back ends take. `strict`: the smallest set, for the retry after TOOL_SCHEMA_INVALID."""
    return _clean(schema, partial(kiro_root, strict=strict))


def for_gemini_json(schema: Raw | None, *, answer: bool = False) -> Raw:
    """For `parametersJsonSchema`, or with `answer` for `responseJsonSchema`, whose root may be of any type.

    Unsupported keywords become words in the description.
    """
    return _clean(schema, json_root, answer)


def for_gemini_openapi(schema: Raw | None, *, answer: bool = False) -> Raw:
    """For `parameters`, or with `answer` for `responseSchema`: upper-case types, `nullable`, no references."""
    return _clean(schema, openapi_root, answer)


def from_gemini(schema: Raw) -> Raw:
    """Google's `Schema` object as JSON Schema: lower-case types, no `nullable`, counts as numbers, camelCase keys."""
    return _encoded(schema, standard, _decoded(schema))


def _clean(schema: Raw | None, rules: Visit, answer: bool = False) -> Raw:
    def whole(root: Node) -> Node:
        return rules(sound(root) if answer else sound_root(root))

    return _encoded(schema, whole, _decoded(schema))


def _decoded(schema: Raw | None) -> Node:
    """The root node; anything but an object says nothing about arguments."""
    if schema is None:
        return {}
    try:
        value = msgspec.json.decode(schema)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise RequestError(f"a JSON schema is unreadable: {error}") from error
    return value if isinstance(value, dict) else {}


def _encoded(schema: Raw | None, rules: Visit, node: Node) -> Raw:
    try:
        cleaned = rules(node)
    except RecursionError as error:
        raise RequestError("a JSON schema is nested too deeply") from error
    return schema if schema is not None and node and cleaned == node else Raw(dumps(cleaned))
