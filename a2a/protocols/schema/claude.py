"""What Claude demands of an answer's schema: every object names all it may hold (specs/conversion.md 8.1)."""

from __future__ import annotations

from a2a.protocols.schema.node import Node, each


def closed(node: Node) -> Node:
    """Every object says `additionalProperties: false`: what its schema does not name was never asked for."""
    node = each(node, closed)
    return {**node, "additionalProperties": False} if _is_object(node) else node


def holds_a_map(root: Node) -> bool:
    """Some object takes names that its schema does not know: a closed one could not say that."""
    waiting = [root]

    def later(node: Node) -> Node:
        waiting.append(node)
        return node

    while waiting:
        node = waiting.pop()
        if isinstance(node.get("additionalProperties"), dict) or node.get("patternProperties"):
            return True
        each(node, later)
    return False


def _is_object(node: Node) -> bool:
    kind = node.get("type")
    return kind == "object" or (isinstance(kind, list) and "object" in kind)
