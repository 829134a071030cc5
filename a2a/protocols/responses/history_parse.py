"""The `input` of a Responses request as neutral messages (specs/conversion.md 5.1, 12).

Input is a flat list of items. Neighbours of one side become one message: what the model produced is an assistant turn,
outputs and user messages are a user turn. Leading system and developer messages are `Request.system`, unless the input
continues an earlier conversation: then nothing in it is leading.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Raw

from a2a.messages import Message, Part, Text, Tool
from a2a.protocols.responses.items_parse import (
    MODEL_ITEMS,
    Role,
    foreign_item,
    item_kind,
    message_parts,
    side_of,
    tool_result,
)
from a2a.protocols.responses.tools_parse import parse_tools
from a2a.protocols.wire import Fields, WireError, items, kind_of, parse, string


class History:
    """The conversation while it is read. `tools`: definitions that came as items."""

    def __init__(self, *, continued: bool) -> None:
        self.system: list[Text] = []
        self.messages: list[Message] = []
        self.tools: list[Tool] = []
        self._leading = not continued

    def read(self, raw: Raw, path: str = "input") -> None:
        """A string, or a list of items. Raises WireError."""
        if kind_of(raw) == "string":
            text = string(raw, path)
            self._add("user", [Text(text=text)] if text else [])
            return
        for number, item in enumerate(items(raw, path)):
            self._item(item, f"{path}[{number}]")

    def _item(self, raw: Raw, path: str) -> None:
        fields = parse(raw, path)
        kind = item_kind(fields)
        reader = _READERS.get(kind)
        if reader is not None:
            reader(self, fields)
        elif (model_item := MODEL_ITEMS.get(kind)) is not None:
            self._add("assistant", [model_item(fields)])
        else:
            self._add(side_of(kind), [foreign_item(kind, raw)])

    def read_message(self, fields: Fields) -> None:
        role = fields.need_str("role")
        path = fields.at("role")
        parts = message_parts(fields, role)
        if role in ("user", "assistant"):
            self._add("user" if role == "user" else "assistant", parts)
        elif role in ("system", "developer"):
            self._system(parts)
        else:
            raise WireError(path, f"unknown role {role!r}")

    def read_output(self, fields: Fields) -> None:
        self._add("user", [tool_result(fields, custom=False)])

    def read_custom_output(self, fields: Fields) -> None:
        self._add("user", [tool_result(fields, custom=True)])

    def read_tools(self, fields: Fields) -> None:
        """Codex hands in further tools as an item of the conversation."""
        self.tools += parse_tools(fields.list("tools") or [], fields.at("tools"))

    def _system(self, parts: list[Part]) -> None:
        texts = [part for part in parts if isinstance(part, Text)]
        if self._leading and len(texts) == len(parts):
            self.system += texts
        else:
            self.messages.append(Message(role="system", parts=parts))

    def _add(self, role: Role, parts: list[Part]) -> None:
        self._leading = False
        last = self.messages[-1] if self.messages else None
        if last is not None and last.role == role:
            last.parts += parts
        else:
            self.messages.append(Message(role=role, parts=parts))


_READERS: dict[str, Callable[[History, Fields], None]] = {
    "message": History.read_message,
    "function_call_output": History.read_output,
    "custom_tool_call_output": History.read_custom_output,
    "additional_tools": History.read_tools,
}
