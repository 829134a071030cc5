"""`allOf`, `anyOf`, `oneOf` and `$ref` folded into one object, for roots that must not be a composition."""

from __future__ import annotations

from typing import Any

from a2a.protocols.schema.node import COMPOSED, Node, Refs, hinted

_UNIONS = ("anyOf", "oneOf")


def rooted(node: Node, refs: Refs | None = None, seen: tuple[str, ...] = ()) -> Node:
    """One object instead of a composition: `allOf` folded in, alternatives united, what is lost told in a hint."""
    refs = refs or Refs(node)
    if not COMPOSED & node.keys():
        return node
    merged = {key: value for key, value in node.items() if key not in COMPOSED}
    ref = node.get("$ref")
    if isinstance(ref, str) and ref not in seen:
        seen = (*seen, ref)
        absorb(merged, rooted(refs.find(ref) or {}, refs, seen))
    for branch in branches_of(node, "allOf"):
        absorb(merged, rooted(branch, refs, seen))
    for union in _UNIONS:
        branches = [rooted(branch, refs, seen) for branch in branches_of(node, union)]
        merged = _united(merged, [branch for branch in branches if "properties" in branch or "required" in branch])
    return merged


def branches_of(node: Node, key: str) -> list[Node]:
    """The nodes under `anyOf`, `oneOf` or `allOf`."""
    value = node.get(key)
    return [branch for branch in value if isinstance(branch, dict)] if isinstance(value, list) else []


def absorb(target: Node, branch: Node) -> None:
    """Adds an `allOf` branch to a fresh node: both must hold, so properties and `required` add up."""
    for key, value in branch.items():
        if key == "properties":
            target[key] = {**value, **target.get(key, {})}
        elif key == "required":
            target[key] = list(dict.fromkeys([*target.get(key, []), *value]))
        else:
            target.setdefault(key, value)


def _united(node: Node, branches: list[Node]) -> Node:
    """Any branch may hold: all properties, only what every branch requires, the choice as a hint."""
    if not branches:
        return node
    own = node.get("properties", {})
    found: dict[str, list[Any]] = {}
    for branch in branches:
        for name, schema in branch.get("properties", {}).items():
            variants = found.setdefault(name, [])
            if schema not in variants:
                variants.append(schema)
    united = {name: many[0] if len(many) == 1 else {"anyOf": many} for name, many in found.items()}
    needs = [branch.get("required", []) for branch in branches]
    common = [name for name in needs[0] if all(name in need for need in needs)]
    required = list(dict.fromkeys([*node.get("required", []), *common]))
    groups = [", ".join(name for name in need if name not in common) for need in needs]
    node = {**node, "properties": {**united, **own}}
    if required:
        node["required"] = required
    return hinted(node, [f"exactly one group: {' | '.join(groups)}"] if all(groups) and len(groups) > 1 else [])
