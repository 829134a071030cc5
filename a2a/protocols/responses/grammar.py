"""Free-form (`custom`) tools and the grammar of their input (specs/conversion.md 6.1).

Chat nests what Responses writes flat: `custom: {format: {grammar: {syntax, definition}}}`. Both are read here.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from a2a.messages import Tool
from a2a.protocols.wire import BAD_JSON


class _Grammar(Struct):
    syntax: str = ""
    definition: str = ""


class _Format(_Grammar):
    type: str = ""
    grammar: _Grammar | None = None


class _Body(Struct):
    name: str = ""
    format: _Format | None = None


class _Wire(_Body):
    custom: _Body | None = None


def custom_tool(tool: Tool, *, same: bool) -> object:
    """The definition; the client's own bytes where it wrote them in this protocol under the same name."""
    if same and tool.raw is not None and _wire(tool.raw).name == tool.name:
        return tool.raw
    out: dict[str, object] = {"type": "custom", "name": tool.name}
    if tool.description is not None:
        out["description"] = tool.description
    grammar = _grammar(tool)
    if grammar is not None:
        out["format"] = {"type": "grammar", "syntax": grammar.syntax, "definition": grammar.definition}
    if tool.deferred:
        out["defer_loading"] = True
    return out


def as_words(tool: Tool) -> str | None:
    """The description with the grammar behind it, for models that only know functions."""
    grammar = _grammar(tool)
    if grammar is None:
        return tool.description
    head = f"{tool.description}\n\n" if tool.description else ""
    return f"{head}The input must match this {grammar.syntax} grammar:\n{grammar.definition}"


def _wire(raw: Raw) -> _Wire:
    """What is read of a definition; a nested one has no name of its own."""
    try:
        return msgspec.json.decode(raw, type=_Wire)
    except BAD_JSON:
        return _Wire()


def _grammar(tool: Tool) -> _Grammar | None:
    wire = _wire(tool.raw) if tool.raw is not None else _Wire()
    found = (wire.custom or wire).format
    if found is None or found.type != "grammar":
        return None
    return found.grammar or found
