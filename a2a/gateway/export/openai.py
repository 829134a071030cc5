"""A conversation as a line of OpenAI's fine-tuning file: `{"messages": …, "tools": …, "parallel_tool_calls": …}`.

Source: the `openai` SDK's `ChatCompletionMessageParam` and `ChatCompletionToolUnionParam`. Beside them stand two keys
that other trainers read and OpenAI's own types do not name: `reasoning_content` of an assistant's message, and `images`
for pictures the model made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

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
from a2a.protocols.names import flat_name

Json = dict[str, Any]

_AUDIO = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3"}


def line(said: Conversation, lost: Lost) -> Json:
    """One value of the file."""
    out: Json = {"messages": [*_system(said.system), *_messages(said.messages, lost)]}
    tools = [entry for tool in said.tools if (entry := _tool(tool, lost)) is not None]
    if tools:
        out["tools"] = tools
        choice = said.request.choice
        if choice is not None and choice.parallel is not None:
            out["parallel_tool_calls"] = choice.parallel
    return out


def _system(texts: Sequence[Text]) -> list[Json]:
    return [{"role": "system", "content": _texts(texts)}] if texts else []


def _texts(texts: Sequence[Text]) -> object:
    """One text as a string, several as parts, so that none runs into the next."""
    if len(texts) == 1:
        return texts[0].text
    return [{"type": "text", "text": text.text} for text in texts]


def _messages(messages: Sequence[Message], lost: Lost) -> list[Json]:
    made: list[Json] = []
    for message in messages:
        match message.role:
            case "assistant":
                made.append(_named(message, _assistant(message.parts, lost)))
            case "system":
                made.append(_named(message, {"role": "system", "content": _texts(_readable(message.parts, lost))}))
            case "user":
                made += _user(message, lost)
    return made


def _named(message: Message, entry: Json) -> Json:
    return entry if message.name is None else {**entry, "name": message.name}


def _user(message: Message, lost: Lost) -> list[Json]:
    """Results as messages of their own, then what the user says; pictures in results go there too, with their call."""
    made: list[Json] = []
    rest: list[Part] = []
    for part in message.parts:
        if isinstance(part, ToolResult):
            made.append(_result(part, lost))
            shown = [one for one in part.parts if isinstance(one, Media)]
            rest += [Text(text=f"[shown by {part.call_id}]"), *shown] if shown else []
    rest += [part for part in message.parts if not isinstance(part, ToolResult)]
    if rest or not made:
        made.append(_named(message, {"role": "user", "content": _content(rest, lost)}))
    return made


def _result(result: ToolResult, lost: Lost) -> Json:
    texts = _readable(result.parts, lost)
    if result.is_error:
        texts = [Text(text="[tool error]"), *texts]
    return {"role": "tool", "tool_call_id": result.call_id, "content": _texts(texts) if texts else ""}


def _readable(parts: Sequence[Part], lost: Lost) -> list[Text]:
    """The texts among the parts. Media are shown elsewhere."""
    found: list[Text] = []
    for part in parts:
        match part:
            case Text():
                found.append(part)
            case Foreign(as_text=str(text)):
                found.append(Text(text=text))
            case Foreign():
                lost[part.wire_type] += 1
    return found


def _content(parts: Sequence[Part], lost: Lost) -> object:
    """A string for one bare text, else content parts."""
    if not parts:
        return ""
    if len(parts) == 1 and isinstance(parts[0], Text):
        return parts[0].text
    return [entry for part in parts if (entry := _part(part, lost)) is not None]


def _part(part: Part, lost: Lost) -> Json | None:
    match part:
        case Text():
            return {"type": "text", "text": part.text}
        case Media():
            return _media(part, lost)
        case Foreign(as_text=str(text)):
            return {"type": "text", "text": text}
        case Foreign():
            lost[part.wire_type] += 1
    return None


def _media(media: Media, lost: Lost) -> Json | None:
    source = media.source
    match media.kind, source:
        case "image", Inline() | Url():
            detail = {} if media.detail is None else {"detail": media.detail}
            return {"type": "image_url", "image_url": {"url": link(media), **detail}}
        case "audio", Inline(data=data) if media.mime in _AUDIO:
            return {"type": "input_audio", "input_audio": {"data": data, "format": _AUDIO[media.mime or ""]}}
        case "document", Inline():
            name = media.name or ("document.pdf" if _type(media) == "application/pdf" else "document")
            return {"type": "file", "file": {"file_data": link(media), "filename": name}}
        case "document", FileRef(id=file_id):
            return {"type": "file", "file": {"file_id": file_id}}
    lost[media.kind] += 1
    return None


def link(media: Media) -> str:
    """Its address, or a data URL; "" for a file that only its vendor can read."""
    match media.source:
        case Url(url=url):
            return url
        case Inline(data=data):
            return f"data:{_type(media)};base64,{data}"
        case FileRef():
            return ""


def _type(media: Media) -> str:
    return media.mime or {"image": "image/png", "document": "application/pdf"}.get(media.kind, "")


def _assistant(parts: Sequence[Part], lost: Lost) -> Json:
    texts = [text.text for text in _readable(parts, lost)]
    refusal = "".join(part.text for part in parts if isinstance(part, Refusal))
    thought = "\n\n".join(part.text for part in parts if isinstance(part, Reasoning) and part.text)
    calls = [_call(part) for part in parts if isinstance(part, ToolCall)]
    images = [part for part in parts if isinstance(part, Media) and part.kind == "image" and link(part)]
    entry: Json = {"role": "assistant", "content": "".join(texts) or (None if calls or refusal else "")}
    if thought:
        entry["reasoning_content"] = thought
    if refusal:
        entry["refusal"] = refusal
    if calls:
        entry["tool_calls"] = calls
    if images:
        entry["images"] = [{"type": "image_url", "image_url": {"url": link(image)}} for image in images]
    return entry


def _call(call: ToolCall) -> Json:
    name = flat_name(call.name, call.namespace)
    if call.custom:
        return {"id": call.id, "type": "custom", "custom": {"name": name, "input": call.args}}
    return {"id": call.id, "type": "function", "function": {"name": name, "arguments": call.args or "{}"}}


def _tool(tool: Tool, lost: Lost) -> Json | None:
    name = flat_name(tool.name, tool.namespace)
    described = {} if tool.description is None else {"description": tool.description}
    match tool.kind:
        case "hosted":
            lost[f"the server tool {tool.hosted or tool.name}"] += 1
            return None
        case "custom":
            return {"type": "custom", "custom": {"name": name, **described, **_grammar(tool)}}
        case "function":
            function: Json = {"name": name, **described, "parameters": tool.schema or EMPTY_SCHEMA}
            if tool.strict is not None:
                function["strict"] = tool.strict
            return {"type": "function", "function": function}


def _grammar(tool: Tool) -> Json:
    """The format of a free-form tool; Responses writes a grammar flat, Chat under a key of its own."""
    form: Any = msgspec.json.decode(tool.raw) if tool.raw is not None else {}
    if isinstance(form.get("custom"), dict):
        form = form["custom"]
    given = form.get("format")
    if not isinstance(given, dict) or given.get("type") != "grammar":
        return {}
    grammar = given.get("grammar") or {key: given[key] for key in ("syntax", "definition") if key in given}
    return {"format": {"type": "grammar", "grammar": grammar}}
