"""Tools and tool choice of a Chat request (specs/conversion.md 6.1, 6.3, 6.7).

Accepted besides the official shape: the flat one of Responses (Cursor and IDE plug-ins send it), the legacy
`functions` and `function_call`. `web_search_options` is a hosted tool here; its `raw` has no `type`.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Raw

from a2a.messages import CacheHint, Ext, Tool, ToolChoice
from a2a.protocols.openai_parts import extras
from a2a.protocols.wire import Fields, WireError, kind_of, parse, string

WEB_SEARCH = "web_search"
_MODES: dict[str, Literal["auto", "none", "required"]] = {
    "auto": "auto",
    "none": "none",
    "required": "required",
    "any": "required",
}


def parse_tools(fields: Fields) -> list[Tool]:
    """Takes `tools`, `functions` and `web_search_options`. Raises WireError."""
    tools = [_tool(raw, f"{fields.at('tools')}[{n}]") for n, raw in enumerate(fields.list("tools") or [])]
    for number, raw in enumerate(fields.list("functions") or []):
        tools.append(_function(parse(raw, f"{fields.at('functions')}[{number}]")))
    search = fields.raw("web_search_options")
    if search is not None:
        tools.append(Tool(name=WEB_SEARCH, kind="hosted", hosted=WEB_SEARCH, raw=search))
    return tools


def parse_choice(fields: Fields, kept: Ext) -> ToolChoice | None:
    """Takes `tool_choice`, `function_call` and `parallel_tool_calls`; a word nobody knows is kept. Raises WireError."""
    raw, path = fields.raw("tool_choice"), fields.at("tool_choice")
    if raw is None:
        raw, path = fields.raw("function_call"), fields.at("function_call")
    else:
        fields.drop("function_call")
    parallel = fields.bool("parallel_tool_calls")
    if raw is None:
        return None if parallel is None else ToolChoice(parallel=parallel)
    if kind_of(raw) == "string":
        word = string(raw, path)
        if word not in _MODES:
            kept["tool_choice"] = raw
            return None
        return ToolChoice(mode=_MODES[word], parallel=parallel)
    return _choice(parse(raw, path), parallel)


def _choice(fields: Fields, parallel: bool | None) -> ToolChoice:
    kind = fields.str("type")
    if kind == "allowed_tools":
        inner = fields.obj("allowed_tools") or fields
        listed = inner.list("tools") or []
        entries = [parse(raw, f"{inner.at('tools')}[{n}]") for n, raw in enumerate(listed)]
        names = tuple(_named(entry, entry.str("type")) for entry in entries)
        return ToolChoice(mode="allowed", names=names, must=inner.str("mode") == "required", parallel=parallel)
    if kind in _MODES:
        return ToolChoice(mode=_MODES[kind], parallel=parallel)
    return ToolChoice(mode="tool", names=(_named(fields, kind),), parallel=parallel)


def _named(fields: Fields, kind: str | None) -> str:
    """The tool that a choice points at: nested under its kind, flat, or a hosted type alone."""
    inner = fields.obj("function") or fields.obj("custom") or fields
    name = inner.str("name")
    if name is None and kind in (None, "function", "custom"):
        raise WireError(inner.at("name"), "is required and must be a string")
    return name or kind or ""


def _tool(raw: Raw, path: str) -> Tool:
    fields = parse(raw, path)
    kind = fields.str("type") or "function"
    cache = fields.obj("cache_control")
    hint = CacheHint(cache.str("ttl")) if cache is not None else None
    if kind == "function":
        tool = _function(fields.obj("function") or fields)
        tool.cache, tool.ext = hint, extras(fields) or tool.ext
        return tool
    if kind == "custom":
        inner = fields.obj("custom") or fields
        return Tool(
            name=inner.need_str("name"), kind="custom", description=inner.str("description"), raw=raw, cache=hint
        )
    inner = fields.obj("function") or fields  # Kimi: {"type": "builtin_function", "function": {"name": "$web_search"}}
    return Tool(name=inner.str("name") or kind, kind="hosted", hosted=kind, raw=raw, cache=hint)


def _function(fields: Fields) -> Tool:
    return Tool(
        name=fields.need_str("name"),
        description=fields.str("description"),
        schema=_schema(fields),
        strict=fields.bool("strict"),
        ext=extras(fields),
    )


def _schema(fields: Fields) -> Raw | None:
    """`parameters`; `input_schema` comes from tools written for Claude. Must be an object."""
    for key in ("parameters", "input_schema"):
        raw = fields.raw(key)
        if raw is not None:
            if kind_of(raw) != "object":
                raise WireError(fields.at(key), "must be a JSON schema object")
            return raw
    return None
