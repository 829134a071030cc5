"""Structured output: native, through one forced tool, or through words in the prompt (specs/conversion.md 8.1).

The emulations leave a mark in `Conversion.extra`, by which the answer side turns the call back into text or takes a
Markdown fence off.
"""

from __future__ import annotations

import re

from msgspec import Raw

from a2a.messages import OutFormat, Request
from a2a.protocols.base import Conversion
from a2a.protocols.claude.content_out import Block
from a2a.protocols.names import safe_name
from a2a.protocols.schema import for_claude, for_claude_answer

TOOL_MARK = "claude.answer_tool"
"""`Conversion.extra`: name of the tool whose arguments are the answer."""
FENCE_MARK = "claude.strip_fence"
"""`Conversion.extra`: the answer is JSON text that may come inside a Markdown fence."""

_FENCE = re.compile(r"\s*```[A-Za-z]*\s*\n(.*?)\n?\s*```\s*", re.DOTALL)
_JSON = "Answer with one JSON object and nothing else: no explanation, no Markdown fence."


def apply_format(output: OutFormat, body: Block, req: Request, conv: Conversion, *, thinking: bool) -> None:
    """Writes the format into the body. `thinking`: a forced tool is out of the question then."""
    if output.verbosity is not None:
        conv.note("verbosity", "dropped", "not a Claude setting")
    if output.kind == "text":
        return
    if output.kind == "schema" and output.schema is not None and conv.profile.structured == "native":
        schema = for_claude_answer(output.schema)
        if schema is not None:
            _as_format(schema, output.schema, body, conv)
            return
    free = not req.tools and not thinking and conv.profile.forced_tool
    if output.kind == "schema" and output.schema is not None and conv.profile.structured == "tool" and free:
        _as_tool(output, body, conv)
    else:
        _as_words(output, body, conv)


def _as_format(schema: Raw, asked: Raw, body: Block, conv: Conversion) -> None:
    body.setdefault("output_config", {})["format"] = {"type": "json_schema", "schema": schema}
    if schema is not asked:
        conv.note("response_format.schema", "mapped", "its objects take no further properties: Claude demands it")


def _as_tool(output: OutFormat, body: Block, conv: Conversion) -> None:
    name = safe_name(output.name or "answer")
    about = output.description or "Give the final answer by calling this tool once."
    body["tools"] = [{"name": name, "description": about, "input_schema": for_claude(output.schema)}]
    body["tool_choice"] = {"type": "tool", "name": name, "disable_parallel_tool_use": True}
    conv.extra[TOOL_MARK] = name
    conv.note("response_format", "emulated", "through a forced tool")


def _as_words(output: OutFormat, body: Block, conv: Conversion) -> None:
    text = _JSON
    if output.schema is not None:
        text += f"\nIt must match this JSON Schema:\n{bytes(output.schema).decode()}"
    body.setdefault("system", []).append({"type": "text", "text": text})
    conv.extra[FENCE_MARK] = "1"
    conv.note("response_format", "emulated", "through an instruction")


def unfenced(text: str) -> str:
    """The inside of a text that is one Markdown code fence, other text as it is."""
    found = _FENCE.fullmatch(text)
    return found.group(1) if found else text
