"""A conversation as a line of Anthropic's messages: `{"system": …, "messages": …, "tools": …}`.

Source: the `anthropic` SDK's `MessageParam`, `TextBlockParam` and `ToolParam`. Reasoning of another vendor has no
signature; it is written with an empty one, as a2a's own Claude front shows it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Raw

from a2a.gateway.export.conversation import EMPTY_SCHEMA, Conversation
from a2a.gateway.export.lost import Lost
from a2a.messages import (
    FileRef,
    Foreign,
    Inline,
    Media,
    Message,
    Part,
    Reasoning,
    Refusal,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Url,
)
from a2a.protocols.args import as_object
from a2a.protocols.media import sniff
from a2a.protocols.names import flat_name

Json = dict[str, Any]

_FREE_FORM = Raw(b'{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}')
"""Of a tool whose input is plain text: its calls hold it under `input`."""
_REMINDER = "<system-reminder>\n{}\n</system-reminder>"


def line(said: Conversation, lost: Lost) -> Json:
    """One value of the file."""
    out: Json = {}
    if said.system:
        out["system"] = _plain(_blocks(said.system, lost))
    out["messages"] = [_message(message, lost) for message in said.messages]
    tools = [entry for tool in said.tools if (entry := _tool(tool, lost)) is not None]
    return {**out, "tools": tools} if tools else out


def _message(message: Message, lost: Lost) -> Json:
    """A system message in mid-conversation is the user's, in the tags that Claude's own clients use."""
    match message.role:
        case "assistant":
            return {"role": "assistant", "content": _blocks(message.parts, lost)}
        case "system":
            text = "\n\n".join(part.text for part in message.parts if isinstance(part, Text))
            return {"role": "user", "content": _REMINDER.format(text)}
        case "user":
            parts = sorted(message.parts, key=lambda part: not isinstance(part, ToolResult))
            return {"role": "user", "content": _plain(_blocks(parts, lost))}


def _plain(blocks: list[Json]) -> object:
    """A single bare text as a string."""
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        return blocks[0]["text"]
    return blocks


def _blocks(parts: Iterable[Part], lost: Lost) -> list[Json]:
    return [block for part in parts if (block := _block(part, lost)) is not None]


def _block(part: Part, lost: Lost) -> Json | None:
    match part:
        case Text() | Refusal():
            return _text(part)
        case Reasoning():
            return _reasoning(part)
        case ToolCall():
            name = flat_name(part.name, part.namespace)
            return {"type": "tool_use", "id": part.id, "name": name, "input": as_object(part.args, part.custom)}
        case ToolResult():
            return _result(part, lost)
        case Media():
            return _media(part, lost)
        case Foreign(proto="claude", raw=raw):
            block: Json = msgspec.json.decode(raw)
            return block
        case Foreign(as_text=str(text)):
            return {"type": "text", "text": text}
        case Foreign():
            lost[part.wire_type] += 1
            return None


def _text(part: Text | Refusal) -> Json | None:
    if not part.text:
        return None
    block: Json = {"type": "text", "text": part.text}
    if isinstance(part, Text) and part.citations is not None and b'"type"' in bytes(part.citations):
        block["citations"] = part.citations
    return block


def _reasoning(part: Reasoning) -> Json | None:
    token = next((one for one in part.opaque if one.family == "anthropic"), None)
    if token is not None and token.kind == "redacted":
        return {"type": "redacted_thinking", "data": token.data}
    if not part.text and token is None:
        return None
    return {"type": "thinking", "thinking": part.text, "signature": "" if token is None else token.data}


def _result(result: ToolResult, lost: Lost) -> Json:
    block: Json = {"type": "tool_result", "tool_use_id": result.call_id}
    content = _plain(_blocks(result.parts, lost))
    if content:
        block["content"] = content
    if result.is_error:
        block["is_error"] = True
    return block


def _media(media: Media, lost: Lost) -> Json | None:
    if media.kind in ("image", "document"):
        source = _source(media)
        if source is not None:
            title = {"title": media.name} if media.name and media.kind == "document" else {}
            return {"type": media.kind, "source": source, **title}
    lost[media.kind] += 1
    return None


def _source(media: Media) -> Json | None:
    """None for what Claude cannot read."""
    match media.source:
        case Url(url=url):
            return {"type": "url", "url": url}
        case FileRef(id=file_id, family="anthropic"):
            return {"type": "file", "file_id": file_id}
        case FileRef():
            return None
        case Inline(data=data):
            mime = media.mime or sniff(data) or ""
            if media.kind == "document" and mime != "application/pdf":
                text = _utf8(data)
                return None if text is None else {"type": "text", "media_type": "text/plain", "data": text}
            return {"type": "base64", "media_type": mime, "data": data}


def _utf8(data: str) -> str | None:
    try:
        return base64.b64decode(data).decode("utf-8-sig")
    except (binascii.Error, UnicodeDecodeError):
        return None


def _tool(tool: Tool, lost: Lost) -> Json | None:
    if tool.kind == "hosted":
        if tool.raw is not None and _is_claude(tool.raw):
            hosted: Json = msgspec.json.decode(tool.raw)
            hosted.pop("cache_control", None)
            return hosted
        lost[f"the server tool {tool.hosted or tool.name}"] += 1
        return None
    entry: Json = {"name": flat_name(tool.name, tool.namespace)}
    if tool.description is not None:
        entry["description"] = tool.description
    entry["input_schema"] = _FREE_FORM if tool.kind == "custom" else tool.schema or EMPTY_SCHEMA
    if tool.strict is not None:
        entry["strict"] = tool.strict
    return entry


def _is_claude(raw: Raw) -> bool:
    """Whether a server tool is one of Anthropic's: those alone have both a dated type and a name."""
    form = msgspec.json.decode(raw)
    return isinstance(form, dict) and {"type", "name"} <= form.keys()
