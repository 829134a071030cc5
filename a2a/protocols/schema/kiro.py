"""What the Kiro back ends take (specs/kiro.md 6.7)."""

from __future__ import annotations

from typing import Any

from a2a.protocols.schema.compose import rooted
from a2a.protocols.schema.node import Node, Refs, each, enum_of_const, inlined, words

_DROPPED = words("$schema $id additionalProperties $defs definitions $comment")
_STRICT = words(
    "type description properties required items enum anyOf minimum maximum minItems maxItems minLength maxLength"
)


def kiro_root(root: Node, *, strict: bool) -> Node:
    """A sound root without composition and references; `strict` leaves the smallest set of keywords."""
    refs = Refs(root)
    return _node(inlined(rooted(root, refs), refs), strict)


def _node(node: Node, strict: bool) -> Node:
    def keeps(key: str, value: Any) -> bool:
        return not (key in _DROPPED or (key == "required" and not value) or (strict and key not in _STRICT))

    const = enum_of_const(node)
    kept = {key: value for key, value in const.items() if keeps(key, value)}
    if isinstance(kept.get("type"), list):
        kept["type"] = next((kind for kind in kept["type"] if kind != "null"), "null")
    return each(kept, lambda child: _node(child, strict))
