"""Where a Responses body has its system prompt and its parameters (specs/conversion.md 4.1, 5.1).

The system prompt is `instructions` and the leading system and developer items of `input`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from a2a.protocols.editing import GAP, Top, slots
from a2a.protocols.wire import client_side, dumps, items, kind_of, string

_LEADING = ("system", "developer")


class _Item(Struct):
    role: Any = None


_ITEM = msgspec.json.Decoder(_Item)


class ResponsesEditor:
    blank: Mapping[str, object] = {"input": "-"}
    slots = slots("temperature", "top_p", "max_output_tokens", "reasoning.effort")
    history = b""

    def refuses(self, name: str, headers: Mapping[str, str]) -> str | None:
        return None

    def system(self, top: Top, text: str, *, append: bool, role: str) -> bool:
        with client_side():
            given = top.get("input", Raw(b"null"))
            listed = items(given, "input") if kind_of(given) == "array" else []
            count = _leading(listed)
            instructions = top.get("instructions", Raw(b"null"))
            own = string(instructions, "instructions") if kind_of(instructions) == "string" else ""
            if append and count:
                last = _ITEM.decode(listed[count - 1]).role
                listed.insert(count, _item(last, text))
            else:
                top["instructions"] = Raw(dumps(own + GAP + text if append and own else text))
                del listed[:count]
            if count:
                top["input"] = Raw(dumps(listed))
        return bool(own) or count > 0


def _leading(listed: list[Raw]) -> int:
    for index, item in enumerate(listed):
        if _ITEM.decode(item).role not in _LEADING:
            return index
    return len(listed)


def _item(role: str, text: str) -> Raw:
    return Raw(dumps({"type": "message", "role": role, "content": [{"type": "input_text", "text": text}]}))


editor = ResponsesEditor()
