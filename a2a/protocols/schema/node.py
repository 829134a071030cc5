"""A schema node and its position: the walk, the rules for every target, references (specs/conversion.md 6.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from a2a.protocols.wire import dumps

Node = dict[str, Any]
"""A decoded schema node; JSON of the client, hence Any."""
Visit = Callable[[Node], Node]


def words(text: str) -> frozenset[str]:
    """A set of keywords."""
    return frozenset(text.split())


_NODES = words(
    "items additionalItems contains additionalProperties unevaluatedItems unevaluatedProperties not if then else "
    "propertyNames anyOf oneOf allOf prefixItems"
)
"""Keywords whose value is a node or a list of nodes."""
_MAPS = words("properties patternProperties $defs definitions dependentSchemas")
"""Keywords whose value maps names to nodes."""
_OBJECT: Node = {"type": "object"}
COMPOSED = frozenset(("allOf", "anyOf", "oneOf", "$ref"))
"""Keywords by which a node consists of others."""
_MAX_EXPANSIONS = 500
"""References written out in one schema; what comes after is a plain object (kiro.md 6.7: depth guard)."""


def each(node: Node, visit: Visit) -> Node:
    """A copy with every directly nested node visited; data and booleans stay as they are."""
    return {key: _child(key, value, visit) for key, value in node.items()}


def _child(key: str, value: Any, visit: Visit) -> Any:
    if key in _NODES:
        if isinstance(value, list):
            return [visit(one) if isinstance(one, dict) else one for one in value]
        return visit(value) if isinstance(value, dict) else value
    if key in _MAPS and isinstance(value, dict):
        return {name: visit(one) if isinstance(one, dict) else one for name, one in value.items()}
    return value


def hinted(node: Node, hints: list[str]) -> Node:
    """The node with what it can no longer say put into words behind its description."""
    if not hints:
        return node
    said = node.get("description")
    told = f"({'; '.join(hints)})"
    return {**node, "description": f"{said} {told}" if isinstance(said, str) and said else told}


def hint(key: str, value: Any) -> str:
    """A keyword as words."""
    return f"{key}: {value if isinstance(value, str) else dumps(value).decode()}"


def sound_root(root: Node) -> Node:
    """A sound root that is an object with `properties`."""
    return {"type": "object", "properties": {}, **sound(root), **_OBJECT}


def sound(node: Node) -> Node:
    """Maps that are maps, and `required` as a list of known names.

    Careless MCP servers write a boolean `required` on a property: it moves into the parent's list.
    """
    node = {key: value for key, value in node.items() if key not in _MAPS or isinstance(value, dict)}
    known: Node = node.get("properties", {})
    listed = node.get("required")
    wanted = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
    for name, prop in known.items():
        if isinstance(prop, dict) and prop.get("required") is True and name not in wanted:
            wanted.append(name)
    if (known or node.get("type") == "object") and not COMPOSED & node.keys():
        wanted = [name for name in wanted if name in known]
    fixed = each(node, sound)
    if known:
        fixed["properties"] = {name: spelled_out(one) for name, one in fixed["properties"].items()}
    fixed.pop("required", None)
    return {**fixed, "required": wanted} if wanted or listed == [] else fixed


def spelled_out(schema: Any) -> Any:
    """The boolean schemas as objects: many validators know only those."""
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    return schema


class Refs:
    """Local references (`#/$defs/P`) of one schema; the number of look-ups is bounded."""

    __slots__ = ("_left", "_root")

    def __init__(self, root: Node) -> None:
        self._root = root
        self._left = _MAX_EXPANSIONS

    def find(self, ref: str) -> Node | None:
        """The node behind a JSON pointer, None when it lies elsewhere, does not exist or the bound is reached."""
        if not ref.startswith("#") or not self._left:
            return None
        self._left -= 1
        at: Any = self._root
        for step in ref[1:].split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            at = at.get(key) if isinstance(at, dict) else None
        return sound(at) if isinstance(at, dict) else None


def inlined(node: Node, refs: Refs, seen: tuple[str, ...] = ()) -> Node:
    """References written out; one that leads back to itself becomes a plain object with a hint."""
    ref = node.get("$ref")
    if not isinstance(ref, str):
        plain = {key: value for key, value in node.items() if key not in ("$defs", "definitions")}
        return each(plain, lambda child: inlined(child, refs, seen))
    beside = {key: value for key, value in node.items() if key != "$ref"}
    found = None if ref in seen else refs.find(ref)
    if found is None:
        return hinted({"type": "object", **beside}, [hint("$ref", ref)])
    return inlined({**found, **beside}, refs, (*seen, ref))


def enum_of_const(node: Node) -> Node:
    """`const` as an `enum` of one, with the type it implies."""
    if "const" not in node:
        return node
    value = node["const"]
    rest = {key: other for key, other in node.items() if key != "const"}
    return {"enum": [value], "type": _TYPE_NAMES.get(type(value), "object"), **rest}


_TYPE_NAMES: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    type(None): "null",
}
