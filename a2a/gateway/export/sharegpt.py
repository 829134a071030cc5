"""A conversation as a line of ShareGPT, as its loaders read it today (LLaMA-Factory and those that follow it):

    {"conversations": [{"from": "human", "value": …}, …], "tools": "<JSON>", "images": […]}

`human` and `observation` stand at even places, `gpt` and `function_call` at odd ones, behind an optional `system`. So a
turn is one entry: several calls are one `function_call` holding a list, their results one `observation` holding a list.
Text beside calls stands in front of `<tool_call>…</tool_call>`, reasoning in `<think>…</think>` in front of everything.
A picture is `<image>` in the text and its address, or a data URL, in `images`; `audios` and `videos` likewise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec

from a2a.gateway.export.conversation import EMPTY_SCHEMA, Conversation
from a2a.gateway.export.lost import Lost
from a2a.gateway.export.openai import link
from a2a.messages import Foreign, Media, Message, Part, Reasoning, Refusal, Text, Tool, ToolCall, ToolResult
from a2a.protocols.args import as_object
from a2a.protocols.names import flat_name

Json = dict[str, Any]
Shown = dict[str, list[str]]

_PLACES = {"image": ("images", "<image>"), "audio": ("audios", "<audio>"), "video": ("videos", "<video>")}
"""Kind of medium -> the column it goes to, and what stands for it in the text."""


def line(said: Conversation, lost: Lost) -> Json:
    """One value of the file."""
    shown: Shown = {}
    turns = list(_turns(said.messages, shown, lost))
    system = "\n\n".join(text.text for text in said.system)
    head = [{"from": "system", "value": system}] if system else []
    out: Json = {"conversations": [*head, *turns]}
    tools = [entry for tool in said.tools if (entry := _tool(tool, lost)) is not None]
    if tools:
        out["tools"] = msgspec.json.encode(tools).decode()
    return {**out, **shown}


def _turns(messages: Sequence[Message], shown: Shown, lost: Lost) -> Iterator[Json]:
    """The two sides by turns; a system message in mid-conversation is on the user's."""
    for assistant, run in groupby(messages, key=lambda message: message.role == "assistant"):
        parts = [part for message in run for part in message.parts]
        yield _assistant(parts, shown, lost) if assistant else _user(parts, shown, lost)


def _assistant(parts: Sequence[Part], shown: Shown, lost: Lost) -> Json:
    thought = "\n\n".join(part.text for part in parts if isinstance(part, Reasoning) and part.text)
    said = _text([part for part in parts if not isinstance(part, Reasoning | ToolCall)], "", shown, lost)
    calls = [_call(part) for part in parts if isinstance(part, ToolCall)]
    head = f"<think>\n{thought}\n</think>\n\n" if thought else ""
    if not calls:
        return {"from": "gpt", "value": head + said}
    listed = _json(calls[0] if len(calls) == 1 else calls)
    if said:
        listed = f"{said}\n<tool_call>\n{listed}\n</tool_call>"
    return {"from": "function_call", "value": head + listed}


def _call(call: ToolCall) -> Json:
    return {"name": flat_name(call.name, call.namespace), "arguments": as_object(call.args, call.custom)}


def _user(parts: Sequence[Part], shown: Shown, lost: Lost) -> Json:
    results = [_result(part, shown, lost) for part in parts if isinstance(part, ToolResult)]
    said = _text([part for part in parts if not isinstance(part, ToolResult)], "\n", shown, lost)
    if not results:
        return {"from": "human", "value": said}
    observed = results[0] if len(results) == 1 else _json(results)
    return {"from": "observation", "value": f"{observed}\n\n{said}" if said else observed}


def _result(result: ToolResult, shown: Shown, lost: Lost) -> str:
    text = _text(result.parts, "\n", shown, lost)
    return f"[tool error] {text}" if result.is_error else text


def _text(parts: Sequence[Part], joint: str, shown: Shown, lost: Lost) -> str:
    pieces: list[str] = []
    for part in parts:
        match part:
            case Text() | Refusal():
                pieces.append(part.text)
            case Foreign(as_text=str(text)):
                pieces.append(text)
            case Foreign():
                lost[part.wire_type] += 1
            case Media():
                pieces += _media(part, shown, lost)
    return joint.join(pieces)


def _media(media: Media, shown: Shown, lost: Lost) -> list[str]:
    """What stands for it in the text, and its address in its column."""
    place, address = _PLACES.get(media.kind), link(media)
    if place is None or not address:
        lost[media.kind] += 1
        return []
    column, mark = place
    shown.setdefault(column, []).append(address)
    return [mark]


def _tool(tool: Tool, lost: Lost) -> Json | None:
    if tool.kind == "hosted":
        lost[f"the server tool {tool.hosted or tool.name}"] += 1
        return None
    entry: Json = {"name": flat_name(tool.name, tool.namespace), "description": tool.description or ""}
    return {**entry, "parameters": tool.schema or EMPTY_SCHEMA}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
