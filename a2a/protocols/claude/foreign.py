"""Blocks that only the Messages API knows: kept byte for byte, with the text a reader elsewhere can use.

Covers search results, server tool calls and their results, tool references, compaction and whatever comes next
(specs/conversion.md 5.2, 6.7 rule 5).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw

from a2a.messages import Foreign

_CALLS = ("server_tool_use", "mcp_tool_use", "container_upload")
"""Blocks without readable content: elsewhere they are dropped."""
_WORDS = ("title", "source", "url", "tool_name", "text", "stdout", "stderr", "data")
"""Keys whose string value a person can read, in reading order. `encrypted_content` and ids are not among them."""
_NESTED = ("content", "source", "tool_references")
_BINARY = ("base64", "file")


def foreign(wire_type: str, raw: Raw) -> Foreign:
    """The block as a part of its own protocol."""
    return Foreign(proto="claude", wire_type=wire_type, raw=raw, as_text=readable(wire_type, raw))


def readable(wire_type: str, raw: Raw) -> str | None:
    """The text inside a block, None when there is none."""
    if wire_type in _CALLS:
        return None
    return "\n".join(_texts(msgspec.json.decode(raw))) or None


def _texts(node: Any) -> Iterator[str]:
    """Readable strings of a decoded block, depth first. `node` is JSON of the wire, hence Any."""
    if isinstance(node, str):
        if node:
            yield node
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, dict) and node.get("type") not in _BINARY:
        yield from (node[key] for key in _WORDS if isinstance(node.get(key), str) and node[key])
        for key in _NESTED:
            if key == "content" or not isinstance(node.get(key), str):
                yield from _texts(node.get(key))
