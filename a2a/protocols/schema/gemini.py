"""Google's two dialects, JSON Schema with few keywords and the older OpenAPI subset, and the way back.

Source: specs/conversion.md 6.6. The JSON form comes first for both; the OpenAPI form is made of it.
"""

from __future__ import annotations

from a2a.protocols.schema.compose import absorb, branches_of
from a2a.protocols.schema.node import (
    Node,
    Refs,
    each,
    enum_of_const,
    hint,
    hinted,
    inlined,
    spelled_out,
    words,
)
from a2a.protocols.wire import dumps

_KEPT = words(
    "type properties required additionalProperties items prefixItems enum anyOf oneOf minItems maxItems minimum "
    "maximum description $ref $defs propertyOrdering"
)
_HINTS = words(
    "format pattern minLength maxLength exclusiveMinimum exclusiveMaximum multipleOf default not uniqueItems "
    "minProperties maxProperties"
)

_FREE = hint("type", "object")


def json_root(root: Node) -> Node:
    """A sound root in Google's JSON Schema."""
    return _json(root, Refs(root))


def openapi_root(root: Node) -> Node:
    """A sound root in Google's own `Schema`."""
    root = json_root(root)
    return _openapi(inlined(root, Refs(root)))


def _json(node: Node, refs: Refs) -> Node:
    """The kept keywords; those that only narrow become a hint; the rest is dropped."""
    node = _merged_all(enum_of_const(_modern(node)), refs)
    kept = {key: value for key, value in node.items() if key in _KEPT}
    hints = [hint(key, value) for key, value in node.items() if key in _HINTS]
    kept = hinted(each(kept, lambda child: _json(child, refs)), hints)
    if "$ref" in kept and any(not key.startswith("$") for key in kept):
        kept["anyOf"] = [{"$ref": kept.pop("$ref")}]  # Google allows nothing beside a reference
    return kept


def _modern(node: Node) -> Node:
    """Older spellings: `definitions`, a list under `items`, `nullable`, boolean items."""
    node = dict(node)
    if isinstance(old := node.pop("definitions", None), dict):
        node["$defs"] = {**old, **node.get("$defs", {})}
    if isinstance(ref := node.get("$ref"), str):
        node["$ref"] = ref.replace("#/definitions/", "#/$defs/", 1)
    items = node.get("items")
    if isinstance(items, list):
        node["prefixItems"] = node.pop("items")
    elif isinstance(items, bool):
        node["items"] = spelled_out(items)
    if node.pop("nullable", None) is True:
        node = _nullable(node)
    return node


def _merged_all(node: Node, refs: Refs) -> Node:
    """`allOf` folded in; a lone reference stays a reference."""
    branches = branches_of(node, "allOf")
    if not branches:
        return {key: value for key, value in node.items() if key != "allOf"}
    merged = {key: value for key, value in node.items() if key != "allOf"}
    if len(branches) == 1 and "$ref" in branches[0]:
        return {**_modern(branches[0]), **merged}
    for branch in branches:
        if isinstance(ref := branch.get("$ref"), str):
            branch = {**(refs.find(ref) or {}), **{key: value for key, value in branch.items() if key != "$ref"}}
        absorb(merged, _modern(branch))
    return _merged_all(merged, refs) if "allOf" in merged else merged


def _openapi(node: Node) -> Node:
    """A node of Google's own `Schema`: JSON Schema cleaned and inlined before."""
    node = {key: value for key, value in node.items() if key not in ("additionalProperties", "$defs")}
    if "oneOf" in node:
        node["anyOf"] = [*branches_of(node, "anyOf"), *branches_of(node, "oneOf")]
        del node["oneOf"]
    node = _single(_typed(each(node, lambda child: _filled(_openapi(child)))))
    values = node.get("enum")
    if not isinstance(values, list):
        return node
    if node.get("type", "STRING") == "STRING":
        return {
            **node,
            "enum": [one if isinstance(one, str) else dumps(one).decode() for one in values if one is not None],
        }
    del node["enum"]
    return hinted(node, [hint("enum", values)])


def _filled(node: Node) -> Node:
    """Google's `Schema` refuses an object without properties and an array without items: untyped, any value passes."""
    kind = node.get("type")
    if kind == "OBJECT" and not node.get("properties"):
        return hinted({key: value for key, value in node.items() if key not in ("type", "properties")}, [_FREE])
    return {**node, "items": {}} if kind == "ARRAY" and "items" not in node else node


def _typed(node: Node) -> Node:
    """Type names in upper case; null becomes `nullable`, several types become alternatives."""
    kinds = node.get("type")
    if isinstance(kinds, str):
        return {**node, "type": kinds.upper()}
    if not isinstance(kinds, list):
        return node
    named = [kind.upper() for kind in kinds if isinstance(kind, str) and kind != "null"]
    node = {key: value for key, value in node.items() if key != "type"}
    if len(named) == 1:
        node["type"] = named[0]
    elif named:
        node["anyOf"] = [{"type": kind} for kind in named]
    return {**node, "nullable": True} if "null" in kinds else node


def _single(node: Node) -> Node:
    """`anyOf` without its null branch; a single remaining one takes the node's place."""
    branches = branches_of(node, "anyOf")
    if not branches:
        return node
    real = [branch for branch in branches if branch.get("type") != "NULL"]
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    if len(real) < len(branches):
        rest["nullable"] = True
    if len(real) == 1:
        return {**real[0], **rest}
    return {**rest, "anyOf": real} if real else rest


_SNAKE = {
    "any_of": "anyOf",
    "min_items": "minItems",
    "max_items": "maxItems",
    "min_length": "minLength",
    "max_length": "maxLength",
    "min_properties": "minProperties",
    "max_properties": "maxProperties",
    "prefix_items": "prefixItems",
    "additional_properties": "additionalProperties",
    "property_ordering": "propertyOrdering",
}
"""google-genai sends either spelling (golden vector gemini-sdk-wire)."""
_COUNTS = words("minItems maxItems minLength maxLength minProperties maxProperties")


def standard(node: Node) -> Node:
    """A node of Google's `Schema` as JSON Schema."""
    node = each({_SNAKE.get(key, key): value for key, value in node.items()}, standard)
    for key in _COUNTS & node.keys():
        if isinstance(node[key], str) and node[key].isdecimal():
            node[key] = int(node[key])
    kind = node.get("type")
    if isinstance(kind, str):
        node["type"] = kind.lower()
        if kind == "TYPE_UNSPECIFIED":
            del node["type"]
    return _nullable(node) if node.pop("nullable", None) is True else node


def _nullable(node: Node) -> Node:
    """The node that also takes null."""
    kind = node.get("type")
    if isinstance(node.get("enum"), list) and None not in node["enum"]:
        node = {**node, "enum": [*node["enum"], None]}
    if isinstance(kind, str):
        return {**node, "type": [kind, "null"]}
    if isinstance(node.get("anyOf"), list):
        return {**node, "anyOf": [*node["anyOf"], {"type": "null"}]}
    return node
