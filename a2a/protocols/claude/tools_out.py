"""Tool definitions and the tool choice on the wire (specs/conversion.md 6.1, 6.3, 6.7)."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from a2a.messages import Request, Tool, ToolChoice
from a2a.protocols.base import Conversion
from a2a.protocols.claude.content_out import Block, cache_control, merge
from a2a.protocols.schema import for_claude

_FREE_TEXT: Block = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
_MODES = {"auto": "auto", "none": "none", "required": "any", "tool": "tool"}


def wire_tools(req: Request, conv: Conversion) -> list[Block]:
    """Definitions in order; with an `allowed` choice only the allowed ones (the choice has no such form here)."""
    tools = req.tools
    if req.choice is not None and req.choice.mode == "allowed":
        tools = [tool for tool in tools if tool.name in req.choice.names]
    native = req.proto == "claude"
    return [block for tool in tools if (block := _tool(tool, conv, native)) is not None]


def _tool(tool: Tool, conv: Conversion, native: bool) -> Block | None:
    if tool.kind == "hosted":
        return _hosted(tool, conv, native)
    block: Block = {"name": tool.name}
    description = tool.description
    if tool.kind == "custom":
        description = "\n\n".join(text for text in (description, _grammar(tool.raw)) if text)
        conv.note(f"tools.{tool.name}", "mapped", "free-form tool as a function with one text argument")
    if description:
        block["description"] = description
    block["input_schema"] = _FREE_TEXT if tool.kind == "custom" else for_claude(tool.schema)
    if tool.strict is not None and (tool.strict or native):
        block["strict"] = tool.strict
    if tool.deferred:
        block["defer_loading"] = True
    return _finish(block, tool, native)


def _finish(block: Block, tool: Tool, native: bool) -> Block:
    if tool.cache is not None:
        block["cache_control"] = cache_control(tool.cache)
    return merge(block, tool.ext) if native else block


def _hosted(tool: Tool, conv: Conversion, native: bool) -> Block | None:
    """The client's own definition, byte for byte but for its breakpoint; of another vendor there is none."""
    if not native or tool.raw is None:
        conv.note(f"tools.{tool.name}", "dropped", "a server tool of another vendor")
        return None
    return dict(msgspec.json.decode(tool.raw, type=dict[str, Raw]))


def _grammar(raw: Raw | None) -> str | None:
    """The grammar of a free-form tool as words; the two OpenAI shapes nest it differently."""
    form: Any = msgspec.json.decode(raw) if raw is not None else {}
    for key in ("custom", "format", "grammar"):
        if isinstance(form, dict) and isinstance(form.get(key), dict):
            form = form[key]
    if not isinstance(form, dict) or not isinstance(form.get("definition"), str):
        return None
    return f"The input must follow this {form.get('syntax', 'lark')} grammar:\n{form['definition']}"


def wire_choice(choice: ToolChoice, conv: Conversion, *, manual_thinking: bool) -> Block:
    """A forced choice becomes `auto` where the model, or manual thinking, does not allow it."""
    mode, names = choice.mode, choice.names
    if mode == "allowed":
        mode, names = ("required" if choice.must else "auto"), ()
    if mode in ("required", "tool") and (manual_thinking or not conv.profile.forced_tool):
        why = "incompatible with thinking" if manual_thinking else "the model does not take a forced choice"
        conv.note("tool_choice", "mapped", f"{_MODES[mode]} to auto: {why}")
        mode = "auto"
    block: Block = {"type": _MODES[mode]}
    if mode == "tool":
        block["name"] = names[0]
    if choice.parallel is False and mode != "none":
        block["disable_parallel_tool_use"] = True
    return block
