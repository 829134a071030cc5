"""Items of a Responses conversation as neutral parts; the same readers serve requests and answers.

Source: specs/conversion.md 5.1, 6.4, 6.5, 7.2, 12. An item that only this protocol knows is a `Foreign` part whose
`raw` is always a whole item: a content part nobody knows is wrapped into a message of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec
from msgspec import Raw

from a2a.messages import Foreign, Media, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from a2a.protocols.args import usable
from a2a.protocols.openai_parts import extras
from a2a.protocols.responses.parts_parse import content, part
from a2a.protocols.responses.token import read_token
from a2a.protocols.wire import Fields, compact, dumps, items, kind_of, parse, string

Role = Literal["user", "assistant"]

_PARAGRAPH = "\n\n"
_READABLE: dict[str, tuple[str, ...]] = {
    "code_interpreter_call": ("code", "logs"),
    "file_search_call": ("filename", "text"),
    "local_shell_call_output": ("output",),
    "shell_call_output": ("stdout", "stderr"),
    "apply_patch_call_output": ("output",),
    "computer_call_output": ("text",),
    "mcp_call": ("output", "error"),
    "tool_search_output": ("name",),
    "program_output": ("output", "result"),
}
"""Item type -> keys of strings that a person can read, wherever they stand in the item."""
_USER_ITEMS = ("_output", "_response", "additional_tools", "compaction_trigger", "configuration_update")
"""Ends of the types of items that come from the client's side; all others are the model's."""


def item_kind(fields: Fields) -> str:
    """The type of an item; one without a type is a message, or the reference that an id alone stands for."""
    kind = fields.str("type")
    if kind is not None:
        return kind
    return "message" if fields.has("role") or not fields.has("id") else "item_reference"


def message_parts(fields: Fields, role: str) -> list[Part]:
    """The content of a message item. `phase` is noted on its texts; id and status are left out. Raises WireError."""
    phase = fields.str("phase")
    return _phased(content(fields.raw("content"), fields.at("content")), phase, role)


def _phased(parts: list[Part], phase: str | None, role: str) -> list[Part]:
    """The parts as those of one message: texts know its phase, foreign ones are items of their own."""
    for each in parts:
        if isinstance(each, Text):
            each.phase = phase
    return [_wrapped(each, role) if isinstance(each, Foreign) else each for each in parts]


def reasoning(fields: Fields) -> Reasoning:
    """Summary texts joined by blank lines, else the raw chain of open models. Raises WireError."""
    summary = _texts(fields, "summary")
    raw = fields.raw("content") if summary else None
    chain = "" if summary else "".join(_texts(fields, "content"))
    token = fields.str("encrypted_content")
    fields.drop("status")
    thought = Reasoning(
        text=_PARAGRAPH.join(summary) or chain,
        summary=not chain,
        opaque=[read_token(token)] if token else [],
        item_id=fields.str("id"),
        ext=extras(fields),
    )
    if raw is not None and bytes(raw) != b"[]":
        thought.ext = {**(thought.ext or {}), "content": raw}
    return thought


def function_call(fields: Fields) -> ToolCall:
    """`args` is the text as sent, even when it is no JSON; an object in its place is accepted. Raises WireError."""
    given = fields.raw("arguments")
    args = ""
    if given is not None:
        args = string(given, fields.at("arguments")) if kind_of(given) == "string" else compact(given)
    return _call(fields, usable(args) or args, custom=False)


def custom_call(fields: Fields) -> ToolCall:
    """`args` is the free text. Raises WireError."""
    return _call(fields, fields.str("input") or "", custom=True)


def _call(fields: Fields, args: str, *, custom: bool) -> ToolCall:
    fields.drop("status")
    return ToolCall(
        id=fields.str("call_id") or fields.need_str("id"),
        name=fields.need_str("name"),
        args=args,
        custom=custom,
        namespace=fields.str("namespace"),
        item_id=fields.str("id"),
        ext=extras(fields),
    )


def tool_result(fields: Fields, *, custom: bool) -> ToolResult:
    """An output item: a string, or a list of texts, images and files. Raises WireError."""
    call_id = fields.need_str("call_id")
    given = fields.raw("output")
    if given is not None and kind_of(given) not in ("string", "array"):
        parts: list[Part] = [Text(text=compact(given))]
    else:
        parts = content(given, fields.at("output"))
    fields.drop("id", "status")
    kept = [each for each in parts if isinstance(each, Text | Media | Foreign)]
    name = fields.str("name")
    return ToolResult(call_id=call_id, parts=kept, name=name, custom=custom, ext=extras(fields))


def foreign_item(kind: str, raw: Raw) -> Foreign:
    """An item for which there is no neutral part."""
    return Foreign(proto="responses", wire_type=kind, raw=raw, as_text=_readable(kind, raw))


def side_of(kind: str) -> Role:
    """Whose turn a foreign item belongs to."""
    return "user" if kind.endswith(_USER_ITEMS) else "assistant"


def output_parts(raw: Raw, path: str) -> list[tuple[int, Part]]:
    """(content_index, part) for everything that one item of an answer stands for. Raises WireError."""
    fields = parse(raw, path)
    kind = item_kind(fields)
    if kind == "message":
        return _numbered_parts(fields)
    reader = MODEL_ITEMS.get(kind)
    return [(0, reader(fields) if reader is not None else foreign_item(kind, raw))]


def _numbered_parts(fields: Fields) -> list[tuple[int, Part]]:
    phase = fields.str("phase")
    raw, path = fields.raw("content"), fields.at("content")
    if raw is None or kind_of(raw) != "array":
        return list(enumerate(_phased(content(raw, path), phase, "assistant")))
    numbered: list[tuple[int, Part]] = []
    for number, item in enumerate(items(raw, path)):
        said = _phased([part(item, f"{path}[{number}]")], phase, "assistant")
        numbered += [(number, each) for each in said if not isinstance(each, Text | Refusal) or each.text]
    return numbered


MODEL_ITEMS: dict[str, Callable[[Fields], Part]] = {
    "reasoning": reasoning,
    "function_call": function_call,
    "custom_tool_call": custom_call,
}
"""Items that are one part of an assistant turn."""


def _texts(fields: Fields, key: str) -> list[str]:
    """The texts of `[{type, text}, …]`; a plain string counts as one."""
    raw, path = fields.raw(key), fields.at(key)
    if raw is None:
        return []
    if kind_of(raw) == "string":
        return [string(raw, path)]
    listed = [parse(item, f"{path}[{n}]").str("text") for n, item in enumerate(items(raw, path))]
    return [text for text in listed if text]


def _wrapped(part: Foreign, role: str) -> Foreign:
    item = {"type": "message", "role": role, "content": [part.raw]}
    return Foreign(proto="responses", wire_type=part.wire_type, raw=Raw(dumps(item)), as_text=part.as_text)


def _readable(kind: str, raw: Raw) -> str | None:
    keys = _READABLE.get(kind)
    return None if keys is None else "\n".join(_strings(msgspec.json.decode(raw), keys)) or None


def _strings(node: Any, keys: tuple[str, ...]) -> Iterator[str]:
    """Non-empty strings under the keys, depth first. `node` is JSON of the wire, hence Any."""
    if isinstance(node, list):
        for inner in node:
            yield from _strings(inner, keys)
    elif isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, str):
                if key in keys and value:
                    yield value
            else:
                yield from _strings(value, keys)
