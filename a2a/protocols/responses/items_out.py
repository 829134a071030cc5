"""Parts of an answer as output items for a client (specs/conversion.md 5.2, 7.2, 10.1, 12).

One part is one item. The same functions serve whole answers and streams, so both tell the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw

from a2a.messages import Foreign, Inline, Media, Part, Reasoning, Refusal, Text, ToolCall
from a2a.protocols.args import usable
from a2a.protocols.responses.token import client_token
from a2a.protocols.responses.words import ITEM_IDS
from a2a.protocols.wire import items, kind_of

JsonObject = dict[str, Any]

_ANNOTATIONS = ("url_citation", "file_citation", "container_file_citation", "file_path")


def output_item(part: Part, new_id: Callable[[str], str], logprobs: Raw | None = None) -> object | None:
    """The finished item of a part; None for what has no place in an answer.

    `logprobs`: of the whole text. `new_id`: mints the item's id where the part brings none.
    """
    part = readable(part)
    if isinstance(part, Foreign):
        return part.raw if part.proto == "responses" else None
    shell = item_shell(part, new_id)
    return None if shell is None else finished(shell, part, logprobs)


def readable(part: Part) -> Part:
    """Another protocol's own block as the text a reader can use, where it has one; any other part as it is."""
    if isinstance(part, Foreign) and part.proto != "responses" and part.as_text:
        return Text(text=part.as_text)
    return part


def item_shell(part: Part, new_id: Callable[[str], str]) -> JsonObject | None:
    """The item as it is announced, still empty; None for a part that is only told when it is whole."""
    match part:
        case Text() | Refusal():
            shell: JsonObject = {"id": new_id(ITEM_IDS["message"]), "type": "message", "role": "assistant"}
            if isinstance(part, Text) and part.phase is not None:
                shell["phase"] = part.phase
            return {**shell, "status": "in_progress", "content": []}
        case Reasoning():
            item_id = part.item_id or new_id(ITEM_IDS["reasoning"])
            return {"id": item_id, "type": "reasoning", "summary": [], "status": "in_progress"}
        case ToolCall():
            return _call_shell(part, new_id)
        case Media() if part.kind == "image" and isinstance(part.source, Inline):
            return {"id": new_id("ig_"), "type": "image_generation_call", "status": "in_progress", "result": None}
    return None


def finished(shell: JsonObject, part: Part, logprobs: Raw | None = None) -> JsonObject:
    """The announced item with everything the part says."""
    item = {**shell, "status": "completed"}
    match part:
        case Text() | Refusal():
            item["content"] = [content_part(part, logprobs)]
        case Reasoning():
            item |= _reasoning(part)
        case ToolCall(custom=True):
            item["input"] = part.args
        case ToolCall():
            args = usable(part.args)
            item["arguments"] = part.args if args is None else args
            if args is None:  # cut by the output limit: no client should run it
                item["status"] = "incomplete"
        case Media(source=Inline(data=data)):
            item["result"] = data
    return item


def content_part(part: Text | Refusal, logprobs: Raw | None = None) -> JsonObject:
    """The content of a message item."""
    if isinstance(part, Refusal):
        return {"type": "refusal", "refusal": part.text}
    said = [] if logprobs is None else logprobs
    return {"type": "output_text", "text": part.text, "annotations": cited(part), "logprobs": said}


def cited(part: Text) -> list[Raw]:
    """Citations in the spelling of this protocol; those of other vendors point into documents it does not have."""
    if part.citations is None or kind_of(part.citations) != "array":
        return []
    return [raw for raw in items(part.citations, "citations") if _type_of(raw) in _ANNOTATIONS]


def is_raw_chain(part: Reasoning) -> bool:
    """Whether the text goes out as raw reasoning: only from an upstream of this protocol that said so itself.

    The chains of other vendors are shown as a summary, the only kind that clients display (7.2).
    """
    return not part.summary and part.item_id is not None


def _reasoning(part: Reasoning) -> JsonObject:
    out: JsonObject = {}
    if part.text and is_raw_chain(part):
        out["content"] = [{"type": "reasoning_text", "text": part.text}]
    elif part.text:
        out["summary"] = [{"type": "summary_text", "text": part.text}]
    token = client_token(part.opaque)
    if token is not None:
        out["encrypted_content"] = token
    return out


def _call_shell(call: ToolCall, new_id: Callable[[str], str]) -> JsonObject:
    kind, text = ("custom_tool_call", "input") if call.custom else ("function_call", "arguments")
    item_id = call.item_id or new_id(ITEM_IDS[kind])
    call_id = call.id or new_id("call_")
    shell: JsonObject = {"id": item_id, "type": kind, "call_id": call_id, "name": call.name, text: ""}
    if call.namespace is not None:
        shell["namespace"] = call.namespace
    return {**shell, "status": "in_progress"}


def _type_of(raw: Raw) -> object:
    value = msgspec.json.decode(raw)
    return value.get("type") if isinstance(value, dict) else None
