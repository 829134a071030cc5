"""Tools and tool choice for a Chat upstream (specs/conversion.md 6.1, 6.3, 6.6, 6.7)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Raw

from a2a.messages import Request, Tool, ToolChoice
from a2a.protocols.base import Conversion
from a2a.protocols.chat.parts_render import JsonObject
from a2a.protocols.chat.tools_parse import WEB_SEARCH
from a2a.protocols.schema import object_schema
from a2a.protocols.wire import merge_ext

_CUSTOM_SCHEMA = Raw(
    b'{"type":"object","properties":{"input":{"type":"string","description":"The whole input, as plain text."}},'
    b'"required":["input"],"additionalProperties":false}'
)
CACHE_CONTROL = "cache_control"
_SEARCH_KEYS = ("search_context_size", "user_location")
_LOCATION_KEYS = ("city", "country", "region", "timezone")


def render_tools(req: Request, conv: Conversion) -> JsonObject:
    """The keys `tools`, `web_search_options`, `tool_choice` and `parallel_tool_calls`, as far as they apply."""
    out: JsonObject = {}
    tools, choice = req.tools, req.choice
    if choice is not None and choice.mode == "allowed" and conv.profile.family != "openai":
        tools = [tool for tool in tools if tool.name in choice.names]
        choice = ToolChoice(mode="required" if choice.must else "auto", parallel=choice.parallel)
        conv.note("tool_choice", "mapped", "allowed tools: only these are offered")
    listed = [_tool(tool, req, conv) for tool in tools if not _is_search(tool, req)]
    search = next((tool for tool in tools if _is_search(tool, req)), None)
    if search is not None:
        out["web_search_options"] = _search_options(search)
    if listed:
        out["tools"] = listed
        out.update(_choice(choice, tools, conv))
    elif choice is not None and choice.mode not in ("auto", "none"):
        conv.note("tool_choice", "dropped", "there are no tools")
    return out


def _tool(tool: Tool, req: Request, conv: Conversion) -> object:
    same = req.proto == "chat"
    if tool.kind == "hosted":
        return tool.raw if tool.raw is not None else {"type": tool.hosted or tool.name}
    if tool.kind == "custom" and conv.profile.custom_tools:
        return tool.raw if same and tool.raw is not None and tool.name in _names_in(tool.raw) else _custom(tool)
    function: JsonObject = {"name": tool.name}
    description, schema = tool.description, object_schema(tool.schema)
    if tool.kind == "custom":
        description, schema = _with_grammar(tool), _CUSTOM_SCHEMA
        conv.note(f"tool {tool.name}", "emulated", "free-form tool declared as a function")
    if description is not None:
        function["description"] = description
    function["parameters"] = schema
    strict = _strict(tool, req, conv)
    if strict is not None:
        function["strict"] = strict
    entry: JsonObject = {"type": "function", "function": merge_ext(function, tool.ext if same else None)}
    return {**entry, **_breakpoint(tool, conv, same=same)}


def _breakpoint(tool: Tool, conv: Conversion, *, same: bool) -> JsonObject:
    """A cache breakpoint on a definition: only the spelling that came from Claude stands on tools."""
    if tool.cache is None:
        return {}
    if conv.profile.wire.get("cache", CACHE_CONTROL if same else "") != CACHE_CONTROL:
        conv.note(CACHE_CONTROL, "dropped", "the upstream caches on its own")
        return {}
    return {CACHE_CONTROL: {"type": "ephemeral", **({"ttl": tool.cache.ttl} if tool.cache.ttl else {})}}


def _strict(tool: Tool, req: Request, conv: Conversion) -> bool | None:
    """Strict schemas of other vendors follow other rules: kept only when OpenAI would take this one too."""
    if not tool.strict or req.proto in ("chat", "responses") or _strict_ready(tool.schema):
        return tool.strict
    conv.note(f"tool {tool.name} strict", "dropped", "the schema is outside of strict mode's rules")
    return False


def _strict_ready(schema: Raw | None) -> bool:
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
    if node.get("type") == "object" or isinstance(properties, dict):
        names = set(properties) if isinstance(properties, dict) else set()
        if node.get("additionalProperties") is not False or names != set(node.get("required") or ()):
            return False
    below: Iterable[object] = (
        *(properties.values() if isinstance(properties, dict) else ()),
        *(node[key] for key in ("items", "anyOf", "allOf") if key in node),
        *(node.get("$defs") or {}).values(),
    )
    return all(_closed(child) for child in below)


class _Grammar(msgspec.Struct):
    syntax: str = ""
    definition: str = ""


class _Format(msgspec.Struct):
    type: str = ""
    syntax: str = ""
    definition: str = ""
    grammar: _Grammar | None = None


class _CustomBody(msgspec.Struct):
    name: str = ""
    format: _Format | None = None


class _CustomWire(_CustomBody):
    """A custom tool as Chat (nested) or Responses (flat) defines it."""

    custom: _CustomBody | None = None


def _wire(raw: Raw | None) -> _CustomBody:
    try:
        whole = msgspec.json.decode(raw, type=_CustomWire) if raw is not None else _CustomWire()
    except msgspec.MsgspecError:
        return _CustomBody()
    return whole.custom or whole


def _names_in(raw: Raw) -> tuple[str, ...]:
    return (_wire(raw).name,)


def _grammar(tool: Tool) -> _Grammar | None:
    found = _wire(tool.raw).format
    if found is None or found.type != "grammar":
        return None
    return found.grammar or _Grammar(found.syntax, found.definition)


def _custom(tool: Tool) -> JsonObject:
    body: JsonObject = {"name": tool.name}
    if tool.description is not None:
        body["description"] = tool.description
    grammar = _grammar(tool)
    if grammar is not None:
        body["format"] = {"type": "grammar", "grammar": grammar}
    return {"type": "custom", "custom": body}


def _with_grammar(tool: Tool) -> str | None:
    grammar = _grammar(tool)
    if grammar is None:
        return tool.description
    head = f"{tool.description}\n\n" if tool.description else ""
    return f"{head}The input must match this {grammar.syntax} grammar:\n{grammar.definition}"


def _is_search(tool: Tool, req: Request) -> bool:
    """Whether the tool leaves as `web_search_options`: everything but a tool entry the Chat client wrote itself."""
    if tool.kind != "hosted" or tool.hosted is None or not tool.hosted.startswith(WEB_SEARCH):
        return False
    return req.proto != "chat" or b'"type"' not in _head(tool.raw)


def _head(raw: Raw | None) -> bytes:
    """The keys of the top level only, as JSON."""
    keys = msgspec.json.decode(raw, type=dict[str, Raw]) if raw is not None else {}
    return msgspec.json.encode(list(keys))


def _search_options(tool: Tool) -> JsonObject:
    """Options of any vendor's web search in Chat's shape; domain filters have no place there."""
    given = msgspec.json.decode(tool.raw, type=dict[str, Raw]) if tool.raw is not None else {}
    out: JsonObject = {key: given[key] for key in _SEARCH_KEYS if key in given}
    location = msgspec.json.decode(given["user_location"]) if "user_location" in given else None
    if isinstance(location, dict) and "approximate" not in location:
        place = {key: location[key] for key in _LOCATION_KEYS if location.get(key) is not None}
        out["user_location"] = {"type": "approximate", "approximate": place}
    return out


def _choice(choice: ToolChoice | None, tools: list[Tool], conv: Conversion) -> JsonObject:
    if choice is None:
        return {}
    out: JsonObject = {"tool_choice": _choice_value(choice, tools, conv)}
    if choice.parallel is not None:
        out["parallel_tool_calls"] = choice.parallel
    return out


def _choice_value(choice: ToolChoice, tools: list[Tool], conv: Conversion) -> object:
    forced = choice.mode in ("required", "tool")
    if forced and not conv.profile.forced_tool:
        conv.note("tool_choice", "dropped", "the upstream cannot be forced to call a tool")
        return "auto"
    custom = {tool.name for tool in tools if tool.kind == "custom"} if conv.profile.custom_tools else set()
    named = [_reference(name, "custom" if name in custom else "function") for name in choice.names]
    match choice.mode:
        case "tool":
            return named[0]
        case "allowed":
            mode = "required" if choice.must else "auto"
            return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": named}}
        case mode:
            return mode


def _reference(name: str, kind: str) -> JsonObject:
    return {"type": kind, kind: {"name": name}}
