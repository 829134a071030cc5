"""Which schemas the Gemini API takes: its own `Schema` message, and the subset of JSON schema beside it.

Sources: specs/gemini-cli.md 6.2, specs/conversion.md 6.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from a2a.demo.catalog import words
from a2a.demo.gemini.errors import bad
from a2a.demo.gemini.proto import unknown

_JSON_KEYS = words(
    "$id $defs $ref $anchor type format title description enum items prefixItems minItems maxItems minimum maximum "
    "anyOf oneOf properties additionalProperties required propertyOrdering"
)
_TYPES = words("object array string number integer boolean null")
_DEEPEST = 32


def check_own(schema: dict[str, Any], at: str) -> None:
    """The rules on a `Schema` that its table cannot say: arrays have items, objects properties, only strings enums."""
    kind = schema.get("type")
    if kind == "ARRAY" and "items" not in schema:
        raise bad(f"* GenerateContentRequest.{at}.items: missing field.\n")
    if kind == "OBJECT" and not schema.get("properties"):
        raise bad(f"* GenerateContentRequest.{at}.properties: should be non-empty for OBJECT type\n")
    if schema.get("enum") and kind not in (None, "STRING"):
        raise bad(f"* GenerateContentRequest.{at}.enum: only allowed for STRING type\n")
    for name in schema.get("required") or ():
        if name not in (schema.get("properties") or {}):
            raise bad(f"* GenerateContentRequest.{at}.required: property is not defined: {name}\n")
    for name, sub in (schema.get("properties") or {}).items():
        check_own(sub, f"{at}.properties[{name}]")
    for number, sub in enumerate(schema.get("anyOf") or ()):
        check_own(sub, f"{at}.any_of[{number}]")
    if "items" in schema:
        check_own(schema["items"], f"{at}.items")


def check_json(schema: Any, at: str) -> None:
    """A JSON schema: known keywords only, and no cycle of references.

    `$schema` may stand at the root: Gemini CLI 0.61.0 sends it there (seen 2026-11-22).
    """
    if not isinstance(schema, dict):
        raise bad(f"Invalid value at '{at}': the schema must be an object.", at)
    _walk({key: value for key, value in schema.items() if key != "$schema"}, at)
    _resolve(schema, schema, (), at)


def _walk(schema: Any, at: str) -> None:
    """Every keyword of every schema node; property names and enum values are data."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        raise bad(f"Invalid value at '{at}': a schema must be an object.", at)
    for key in schema:
        if key not in _JSON_KEYS:
            raise unknown(key, at)
    kinds = schema.get("type", [])
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind not in _TYPES:
            raise bad(f"Invalid value at '{at}.type': \"{kind}\" is not a JSON schema type.", f"{at}.type")
    for path, sub in _children(schema):
        _walk(sub, f"{at}.{path}")
    for name, sub in (schema.get("$defs") or {}).items():
        _walk(sub, f"{at}.$defs[{name}]")


def _children(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The schemas that a value or a part of it is held against, each with its path."""
    for name, sub in (schema.get("properties") or {}).items():
        yield f"properties[{name}]", sub
    for key in ("anyOf", "oneOf", "prefixItems"):
        for number, sub in enumerate(schema.get(key) or ()):
            yield f"{key}[{number}]", sub
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield key, schema[key]


def _resolve(node: Any, root: dict[str, Any], path: tuple[str, ...], at: str, depth: int = 0) -> None:
    """Follow every reference: one that leads to itself is deeper than any limit."""
    if not isinstance(node, dict):
        return
    target = node.get("$ref")
    if depth > _DEEPEST or target in path:
        raise bad(f"The schema at '{at}' exceeds the maximum allowed nesting depth.", at)
    if isinstance(target, str):
        _resolve(_target(root, target, at), root, (*path, target), at, depth + 1)
    for _, sub in _children(node):
        _resolve(sub, root, path, at, depth + 1)


def _target(root: dict[str, Any], reference: str, at: str) -> Any:
    node: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        node = node.get(step) if isinstance(node, dict) and step else node
    if node is None or not reference.startswith("#"):
        raise bad(f"Invalid value at '{at}': reference \"{reference}\" to an undefined schema.", at)
    return node
