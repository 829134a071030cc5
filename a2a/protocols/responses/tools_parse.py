"""Tools and tool choice of a Responses request (specs/conversion.md 6.1, 6.3, 6.7).

Definitions are flat; the nested shape of Chat is accepted too. A `namespace` becomes one neutral tool per nested tool.
Whatever is neither function nor custom nor namespace is a hosted tool, with or without a name, kept byte for byte.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Raw

from a2a.messages import CacheHint, Ext, Tool, ToolChoice
from a2a.protocols.openai_parts import extras
from a2a.protocols.responses.words import NAMESPACE_DESCRIPTION
from a2a.protocols.wire import Fields, WireError, dumps, kind_of, parse, string

_MODES: dict[str, Literal["auto", "none", "required"]] = {
    "auto": "auto",
    "none": "none",
    "required": "required",
    "any": "required",
}


def parse_tools(raws: list[Raw], path: str) -> list[Tool]:
    """The tools of a list of definitions, also of an `additional_tools` item. Raises WireError."""
    return [tool for number, raw in enumerate(raws) for tool in _tools(raw, f"{path}[{number}]")]


def parse_choice(fields: Fields, kept: Ext) -> ToolChoice | None:
    """Takes `tool_choice` and `parallel_tool_calls`; what the neutral form cannot say is kept. Raises WireError."""
    raw, path = fields.raw("tool_choice"), fields.at("tool_choice")
    parallel = fields.bool("parallel_tool_calls")
    if raw is not None and kind_of(raw) == "string":
        word = string(raw, path)
        if word in _MODES:
            return ToolChoice(mode=_MODES[word], parallel=parallel)
        kept["tool_choice"] = raw
    elif raw is not None:
        choice = _choice(parse(raw, path), parallel)
        if choice is not None:
            return choice
        kept["tool_choice"] = raw
    return None if parallel is None else ToolChoice(parallel=parallel)


def _choice(fields: Fields, parallel: bool | None) -> ToolChoice | None:
    """None for a choice with keys of its own, such as a tool of an MCP server."""
    kind = fields.str("type")
    if kind == "allowed_tools":
        inner = fields.obj("allowed_tools") or fields
        listed = inner.list("tools") or []
        entries = [parse(raw, f"{inner.at('tools')}[{n}]") for n, raw in enumerate(listed)]
        names = tuple(_named(entry, entry.str("type")) for entry in entries)
        return ToolChoice(mode="allowed", names=names, must=inner.str("mode") == "required", parallel=parallel)
    if kind in _MODES:
        return ToolChoice(mode=_MODES[kind], parallel=parallel)
    name = _named(fields, kind)
    fields.drop("namespace")
    return None if fields.rest() else ToolChoice(mode="tool", names=(name,), parallel=parallel)


def _named(fields: Fields, kind: str | None) -> str:
    """The tool that a choice points at: flat, nested under its kind, or a hosted type alone."""
    inner = fields.obj("function") or fields.obj("custom") or fields
    if kind not in (None, "function", "custom"):
        return kind
    return inner.need_str("name")


def _tools(raw: Raw, path: str) -> list[Tool]:
    fields = parse(raw, path)
    kind = fields.str("type") or "function"
    if kind == "namespace":
        return _namespace(fields)
    return [_tool(fields, kind, raw)]


def _namespace(fields: Fields) -> list[Tool]:
    """The nested tools, each with the namespace's name; its description travels with the first one."""
    name, description = fields.need_str("name"), fields.str("description")
    tools = parse_tools(fields.list("tools") or [], fields.at("tools"))
    for tool in tools:
        tool.namespace = name
    if tools and description is not None:
        tools[0].ext = {**(tools[0].ext or {}), NAMESPACE_DESCRIPTION: Raw(dumps(description))}
    return tools


def _tool(fields: Fields, kind: str, raw: Raw) -> Tool:
    if kind == "function":
        return _function(fields.obj("function") or fields)
    if kind == "custom":
        inner = fields.obj("custom") or fields
        inner.drop("format")  # read from `raw` where it is wanted
        return Tool(
            name=inner.need_str("name"),
            kind="custom",
            description=inner.str("description"),
            deferred=inner.bool("defer_loading") or False,
            raw=raw,
            ext=extras(inner),
        )
    deferred = fields.bool("defer_loading") or False
    return Tool(name=kind, kind="hosted", hosted=kind, deferred=deferred, raw=raw)


def _function(fields: Fields) -> Tool:
    schema = fields.raw("parameters")
    if schema is not None and kind_of(schema) != "object":
        raise WireError(fields.at("parameters"), "must be a JSON schema object")
    cache = fields.obj("cache_control")
    return Tool(
        name=fields.need_str("name"),
        description=fields.str("description"),
        schema=schema,
        strict=fields.bool("strict"),
        deferred=fields.bool("defer_loading") or False,
        cache=None if cache is None else CacheHint(cache.str("ttl")),
        ext=extras(fields),
    )
