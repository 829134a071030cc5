"""Tools and choice on the wire (specs/conversion.md 6.1, 6.3, 6.6, 6.7)."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from a2a.messages import Request, Tool, ToolChoice
from a2a.protocols.base import Conversion
from a2a.protocols.gemini.objects import JsonObject, merge
from a2a.protocols.gemini.words import HOSTED_OUT
from a2a.protocols.schema import for_gemini_json, for_gemini_openapi

_FREE_TEXT = Raw(b'{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}')
_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY", "tool": "ANY"}


def uses_openapi(conv: Conversion) -> bool:
    """Whether this upstream wants schemas in Google's older notation."""
    return conv.profile.wire.get("schema") == "openapi"


def wire_tools(req: Request, conv: Conversion) -> list[JsonObject]:
    """All functions in one entry, each server tool in its own. With a choice among some, only those are declared."""
    choice = req.choice
    functions: list[JsonObject] = []
    hosted: list[JsonObject] = []
    for tool in req.tools:
        if tool.kind == "hosted":
            hosted += _hosted(tool, conv, native=req.proto == "gemini")
        elif choice is None or choice.mode != "allowed" or choice.must or tool.name in choice.names:
            functions.append(_declaration(tool, conv, native=req.proto == "gemini"))
    return ([{"functionDeclarations": functions}] if functions else []) + hosted


def _declaration(tool: Tool, conv: Conversion, *, native: bool) -> JsonObject:
    entry: JsonObject = {"name": tool.name}
    description, schema = tool.description, tool.schema
    if tool.kind == "custom":
        description = "\n\n".join(text for text in (description, _grammar(tool.raw)) if text)
        schema = _FREE_TEXT
        conv.note(f"tools.{tool.name}", "mapped", "free-form tool as a function with one text argument")
    if description:
        entry["description"] = description
    if schema is not None:
        entry |= _parameters(schema, openapi=uses_openapi(conv))
    return merge(entry, tool.ext) if native else entry


def _parameters(schema: Raw, *, openapi: bool) -> JsonObject:
    """One notation or the other, never both; the older one refuses an object without properties."""
    if not openapi:
        return {"parametersJsonSchema": for_gemini_json(schema)}
    written = for_gemini_openapi(schema)
    return {"parameters": written} if msgspec.json.decode(written).get("properties") else {}


def _grammar(raw: Raw | None) -> str | None:
    """What a free-form tool's text must look like, in words."""
    form: Any = None if raw is None else msgspec.json.decode(raw)
    while isinstance(form, dict) and not isinstance(form.get("definition"), str):
        form = next((form[key] for key in ("custom", "format", "grammar") if isinstance(form.get(key), dict)), None)
    if form is None:
        return None
    return f"Write the input in this {form.get('syntax') or 'lark'} grammar:\n{form['definition']}"


def _hosted(tool: Tool, conv: Conversion, *, native: bool) -> list[JsonObject]:
    """A Gemini client's own definition as it came; of another vendor's tools those that exist here too."""
    if native and tool.raw is not None:
        return [dict(msgspec.json.decode(tool.raw, type=dict[str, Raw]))]
    key = next((key for word, key in HOSTED_OUT if (tool.hosted or "").startswith(word)), None)
    if key is None:
        conv.note(f"tools.{tool.name}", "dropped", "a server tool of another vendor")
        return []
    conv.note(f"tools.{tool.name}", "mapped", f"to {key}, its settings are lost")
    return [{key: {}}]


def wire_choice(req: Request, conv: Conversion) -> JsonObject | None:
    """`toolConfig`, None where nothing is said or there is no function to choose."""
    choice = req.choice
    functions = [tool for tool in req.tools if tool.kind != "hosted"]
    if choice is None or not functions:
        if choice is not None and req.tools and choice.mode not in ("auto", "none"):
            conv.note("tool_choice", "dropped", "a server tool cannot be forced")
        return None
    if choice.parallel is False:
        conv.note("parallel_tool_calls", "dropped", "Gemini has no such switch")
    return {"functionCallingConfig": _calling(choice, functions, req, conv)}


def _calling(choice: ToolChoice, functions: list[Tool], req: Request, conv: Conversion) -> JsonObject:
    mode = "ANY" if choice.mode == "allowed" and choice.must else _MODES.get(choice.mode, "AUTO")
    if mode == "ANY" and not conv.profile.forced_tool:
        conv.note("tool_choice", "mapped", "the model does not take a forced choice")
        return {"mode": "AUTO"}
    if mode == "ANY" and choice.names:
        return {"mode": mode, "allowedFunctionNames": list(choice.names)}
    validates = req.proto == "gemini" or conv.profile.wire.get("validated") == "1"
    if mode == "AUTO" and validates and all(tool.strict for tool in functions):
        mode = "VALIDATED"
    return {"mode": mode}
