"""`tools` and `toolConfig` to neutral tools and choice (specs/conversion.md 6.1, 6.3, 6.7)."""

from __future__ import annotations

from msgspec import Raw

from a2a.messages import Ext, Tool, ToolChoice
from a2a.protocols.gemini.objects import inner, leftover, opened, several
from a2a.protocols.gemini.words import HOSTED_IN
from a2a.protocols.schema import from_gemini
from a2a.protocols.wire import Fields, WireError, dumps, kind_of, string


def read_tools(fields: Fields, *, strict: bool) -> list[Tool]:
    """Functions and server tools in order. `strict`: the mode VALIDATED was asked for. Raises WireError."""
    tools: list[Tool] = []
    for n, raw in enumerate(several(fields, "tools")):
        entry = opened(raw, f"tools[{n}]")
        path = entry.at("functionDeclarations")
        for k, item in enumerate(several(entry, "functionDeclarations")):
            tools.append(_function(opened(item, f"{path}[{k}]"), strict=strict))
        for key, value in (entry.rest() or {}).items():
            raw_tool = Raw(dumps({key: value}))
            tools.append(Tool(name=key, kind="hosted", hosted=HOSTED_IN.get(key, key), raw=raw_tool))
    return tools


def _function(fields: Fields, *, strict: bool) -> Tool:
    """The schema comes as JSON Schema or in Google's own notation, never in both."""
    schema, own = fields.raw("parametersJsonSchema"), fields.raw("parameters")
    if schema is None and own is not None:
        if kind_of(own) != "object":
            raise WireError(fields.at("parameters"), "must be an object")
        schema = from_gemini(own)
    return Tool(
        name=fields.need_str("name"),
        description=fields.str("description"),
        schema=schema,
        strict=True if strict else None,
        ext=fields.rest(),
    )


class Calling:
    """`toolConfig`, read. `strict`: mode VALIDATED; `ext`: what it says besides."""

    def __init__(self, fields: Fields | None) -> None:
        self.choice: ToolChoice | None = None
        self.strict = False
        self.ext: Ext | None = None
        if fields is None:
            return
        config = inner(fields, "functionCallingConfig")
        if config is not None:
            mode = config.str("mode") or "AUTO"
            path = config.at("allowedFunctionNames")
            allowed = config.list("allowedFunctionNames") or []
            names = tuple(string(raw, f"{path}[{n}]") for n, raw in enumerate(allowed))
            self.strict = mode == "VALIDATED"
            self.choice = _choice(mode, names)
        self.ext = leftover(fields, functionCallingConfig=config)


def _choice(mode: str, names: tuple[str, ...]) -> ToolChoice:
    """An unknown mode leaves the choice to the model."""
    if mode == "NONE":
        return ToolChoice("none")
    if mode == "ANY":
        if len(names) == 1:
            return ToolChoice("tool", names)
        return ToolChoice("allowed", names, must=True) if names else ToolChoice("required")
    return ToolChoice("allowed", names) if names else ToolChoice()
