"""Tool definitions, and the forced choices that this upstream cannot express (specs/kiro.md 6.7 and 6.5 rule 7)."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Raw, Struct, field

from a2a.messages import Request, Tool, ToolChoice
from a2a.protocols.base import Conversion
from a2a.protocols.schema import for_kiro
from a2a.protocols.wire import parse

MAX_DESCRIPTION_CHARS = 10_000
STUB = "Tool"

_CUSTOM_SCHEMA = Raw(b'{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}')
_EMPTY_SCHEMA = Raw(b'{"type":"object","properties":{}}')
_CUT_MARK = " … (continued in the system text)"

_NO_CALL = "Answer with text only: do not call any tool in this turn."
_SOME_CALL = "Your answer to this turn must be a call of one of the available tools."
_ONE_CALL = "Your answer to this turn must be a call of the tool {name}."
_INSIST = "This is mandatory: an answer without that call is rejected."


class ToolPlan(Struct):
    """`wire`: the `tools` member. `texts`: what the system text has to say about them."""

    wire: list[dict[str, object]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def plan_tools(req: Request, conv: Conversion, used: Iterable[str]) -> ToolPlan:
    """Definitions of the tools that may be called, stubs for those that only the history names (`used`), hints.

    `conv.extra`: `repair` TOOL_SCHEMA_INVALID asks for the smallest schemas; `insist` for the stronger hint, after an
    answer without the forced call.
    """
    plan = ToolPlan()
    strict = conv.extra.get("repair") == "TOOL_SCHEMA_INVALID"
    offered = {tool.name: tool for tool in _offered(req, conv)}
    for tool in offered.values():
        plan.wire.append(_specification(tool, plan.texts, strict))
    stubs = [name for name in dict.fromkeys(used) if name not in offered]
    plan.wire += [_wrapped(name, STUB, _EMPTY_SCHEMA) for name in stubs]
    plan.texts += _hints(req.choice, conv, bool(offered))
    return plan


def _offered(req: Request, conv: Conversion) -> list[Tool]:
    """The tools that the choice leaves, without repeated names: the last definition counts."""
    tools: dict[str, Tool] = {}
    for tool in req.tools:
        if tool.kind == "hosted":
            conv.note(f"tools.{tool.name}", "dropped", "this upstream runs no tools of its own for clients")
            continue
        if tool.name in tools:
            conv.note(f"tools.{tool.name}", "dropped", "defined twice: the last definition counts")
        tools[tool.name] = tool
    choice = req.choice
    if choice is None or choice.mode in ("auto", "required"):
        return list(tools.values())
    if choice.mode == "none":
        return []
    return [tool for name, tool in tools.items() if name in choice.names]


def _hints(choice: ToolChoice | None, conv: Conversion, offered: bool) -> list[str]:
    """The choice in words; noted, because words do not bind."""
    if choice is None:
        return []
    if choice.parallel is False:
        conv.note("parallel_tool_calls", "dropped", "this upstream cannot switch parallel calls off")
    if choice.mode == "none":
        conv.note("tool_choice", "emulated", "the tools are withheld and the system text says so")
        return [_NO_CALL]
    forced = choice.mode in ("required", "tool") or (choice.mode == "allowed" and choice.must)
    if forced or choice.mode == "allowed":
        conv.note("tool_choice", "emulated", "only the allowed tools are offered and the system text asks for the call")
    if not forced or not offered:
        return []
    hint = _ONE_CALL.format(name=choice.names[0]) if len(choice.names) == 1 else _SOME_CALL
    return [f"{hint} {_INSIST}" if conv.extra.get("insist") == "1" else hint]


def _specification(tool: Tool, texts: list[str], strict: bool) -> dict[str, object]:
    schema = _CUSTOM_SCHEMA if tool.kind == "custom" else for_kiro(tool.schema, strict=strict)
    description = f"{tool.description or ''}\n\n{_grammar(tool)}".strip()
    if len(description) > MAX_DESCRIPTION_CHARS:
        texts.append(f"## Tool {tool.name}\n\n{description}")
        description = description[: MAX_DESCRIPTION_CHARS - len(_CUT_MARK)] + _CUT_MARK
    return _wrapped(tool.name, description or tool.name, schema)


def _grammar(tool: Tool) -> str:
    """What a free-text tool says about its input, for the description (conversion.md 6.1)."""
    if tool.kind != "custom" or tool.raw is None:
        return ""
    fields = parse(tool.raw, f"tools.{tool.name}")
    rule = (fields.obj("custom") or fields).obj("format")
    rule = rule and (rule.obj("grammar") or rule)  # Chat nests what Responses writes flat
    text = rule.str("definition") if rule is not None else None
    return f"`input` is free text of this grammar:\n{text}" if text else ""


def _wrapped(name: str, description: str, schema: Raw) -> dict[str, object]:
    return {"toolSpecification": {"name": name, "description": description, "inputSchema": {"json": schema}}}
