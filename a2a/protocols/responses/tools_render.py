"""Tools and tool choice in the shape of Responses (specs/conversion.md 6.1, 6.3, 6.6, 6.7).

`definitions` serves the upstream's request and the echo in a client's answer: the client's own words where it spoke
this protocol, everything else spelled out, `strict` above all, whose default here is true.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Raw

from a2a.messages import Request, Tool, ToolChoice
from a2a.protocols.base import Conversion
from a2a.protocols.responses.grammar import as_words, custom_tool
from a2a.protocols.responses.parts_render import JsonObject
from a2a.protocols.responses.words import NAMESPACE_DESCRIPTION
from a2a.protocols.schema import object_schema
from a2a.protocols.wire import kind_of, merge_ext

WEB_SEARCH = "web_search"
_CUSTOM_SCHEMA = Raw(
    b'{"type":"object","properties":{"input":{"type":"string","description":"The whole input, as plain text."}},'
    b'"required":["input"],"additionalProperties":false}'
)
_LOCATION_KEYS = ("city", "country", "region", "timezone")
_SEARCH_KEYS = frozenset(
    ("type", "name", "allowed_domains", "blocked_domains", "search_context_size", "user_location", "cache_control")
)
"""What is read of another vendor's web search; its name and breakpoint say nothing here."""


def render_tools(req: Request, conv: Conversion) -> JsonObject:
    """The keys `tools`, `tool_choice` and `parallel_tool_calls`, as far as they apply."""
    tools, choice, same = req.tools, req.choice, req.proto == "responses"
    if choice is not None and choice.mode == "allowed" and not same and conv.profile.family != "openai":
        tools = [tool for tool in tools if tool.name in choice.names]
        choice = ToolChoice(mode="required" if choice.must else "auto", parallel=choice.parallel)
        conv.note("tool_choice", "mapped", "allowed tools: only these are offered")
    if not tools:
        if choice is not None and choice.mode not in ("auto", "none"):
            conv.note("tool_choice", "dropped", "there are no tools")
        return {}
    wired = [_upstream_form(tool, req, conv) for tool in tools]
    out: JsonObject = {"tools": definitions(wired, same=same)}
    if choice is not None:
        if choice.mode in ("required", "tool") and not conv.profile.forced_tool:
            conv.note("tool_choice", "dropped", "the upstream cannot be forced to call a tool")
            choice = ToolChoice(parallel=choice.parallel)
        out["tool_choice"] = choice_value(choice, wired)
        if choice.parallel is not None:
            out["parallel_tool_calls"] = choice.parallel
    return out


def definitions(tools: Iterable[Tool], *, same: bool) -> list[object]:
    """The tools as a list of definitions; those of one namespace stand together where its first one stood.

    `same`: they came in this protocol, so a missing `strict` is the client's own word and its other keys go back.
    """
    out: list[object] = []
    groups: dict[str, list[object]] = {}
    for tool in tools:
        entry = _definition(tool, same)
        if tool.namespace is None:
            out.append(entry)
        elif tool.namespace in groups:
            groups[tool.namespace].append(entry)
        else:
            members = groups[tool.namespace] = [entry]
            about = (tool.ext or {}).get(NAMESPACE_DESCRIPTION, "")
            out.append({"type": "namespace", "name": tool.namespace, "description": about, "tools": members})
    return out


def choice_value(choice: ToolChoice, tools: Sequence[Tool]) -> object:
    """The value of `tool_choice`."""
    kinds = {tool.name: tool.kind for tool in tools}
    named = [_reference(name, kinds.get(name, "function")) for name in choice.names]
    match choice.mode:
        case "tool":
            return named[0]
        case "allowed":
            return {"type": "allowed_tools", "mode": "required" if choice.must else "auto", "tools": named}
        case mode:
            return mode


def _reference(name: str, kind: str) -> JsonObject:
    return {"type": name} if kind == "hosted" else {"type": kind, "name": name}


def _upstream_form(tool: Tool, req: Request, conv: Conversion) -> Tool:
    """The tool as this upstream takes it: free-form ones as functions, `strict` only where its rules are kept."""
    same = req.proto == "responses"
    if tool.kind == "hosted":
        return tool if same else msgspec.structs.replace(tool, raw=_web_search(tool, conv))
    if tool.kind == "custom" and not (same or conv.profile.custom_tools):
        conv.note(f"tool {tool.name}", "emulated", "free-form tool declared as a function")
        return Tool(name=tool.name, description=as_words(tool), schema=_CUSTOM_SCHEMA, strict=False)
    if tool.strict and not same and req.proto != "chat" and not _strict_ready(tool.schema):
        conv.note(f"tool {tool.name} strict", "dropped", "the schema is outside of strict mode's rules")
        return msgspec.structs.replace(tool, strict=False)
    return tool


def _definition(tool: Tool, same: bool) -> object:
    if tool.kind == "hosted":
        return tool.raw if tool.raw is not None else {"type": tool.hosted or tool.name}
    if tool.kind == "custom":
        return custom_tool(tool, same=same)
    entry: JsonObject = {"type": "function", "name": tool.name}
    if tool.description is not None:
        entry["description"] = tool.description
    entry["parameters"] = object_schema(tool.schema)
    if tool.strict is not None or not same:
        entry["strict"] = tool.strict or False
    if tool.deferred:
        entry["defer_loading"] = True
    return merge_ext(entry, _own_keys(tool) if same else None)


def _own_keys(tool: Tool) -> dict[str, Raw]:
    return {key: value for key, value in (tool.ext or {}).items() if key != NAMESPACE_DESCRIPTION}


def _web_search(tool: Tool, conv: Conversion) -> Raw:
    """Another vendor's web search with its domain filter and location; what has no place here is noted (6.7)."""
    given = msgspec.json.decode(tool.raw, type=dict[str, Raw]) if tool.raw is not None else {}
    for key in given.keys() - _SEARCH_KEYS:
        if kind_of(given[key]) != "object":  # Gemini has its settings inside of the one key that names the tool
            conv.note(f"tools.{tool.name}.{key}", "dropped", "not a setting of this web search")
    out: JsonObject = {"type": WEB_SEARCH}
    filters = {key: given[key] for key in ("allowed_domains", "blocked_domains") if key in given}
    if filters:
        out["filters"] = filters
    if "search_context_size" in given:
        out["search_context_size"] = given["search_context_size"]
    location = msgspec.json.decode(given["user_location"]) if "user_location" in given else None
    if isinstance(location, dict):
        place = location.get("approximate", location)
        known = {key: place[key] for key in _LOCATION_KEYS if isinstance(place, dict) and place.get(key) is not None}
        out["user_location"] = {"type": "approximate", **known}
    return Raw(msgspec.json.encode(out))


def _strict_ready(schema: Raw | None) -> bool:
    """Whether OpenAI's strict mode would take the schema as it is."""
    decoded = msgspec.json.decode(schema) if schema is not None else {}
    return isinstance(decoded, dict) and decoded.get("type") == "object" and _closed(decoded)


def _closed(node: object) -> bool:
    """Every object forbids other keys and requires all of its own; no oneOf, no defaults."""
    if isinstance(node, list):
        return all(_closed(item) for item in node)
    if not isinstance(node, dict):
        return True
    if "oneOf" in node or "default" in node:
        return False
    properties = node.get("properties")
    known = properties if isinstance(properties, dict) else {}
    if node.get("type") == "object" or known:
        required = node.get("required")
        if node.get("additionalProperties") is not False or not isinstance(required, list):
            return False
        if set(known) != set(required):
            return False
    defs = node.get("$defs")
    below = [*known.values(), *(defs.values() if isinstance(defs, dict) else ())]
    return all(_closed(child) for child in (*below, *(node.get(key) for key in ("items", "anyOf", "allOf"))))
