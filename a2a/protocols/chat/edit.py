"""Where a Chat body has its system prompt and its parameters (specs/conversion.md 4.1, 5.1).

The system prompt is the leading system and developer messages; later ones belong to the conversation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from a2a.protocols.editing import GAP, Slot, Top, behind, instead, slots
from a2a.protocols.wire import WireError, client_side, dumps, items, kind_of, string

_LEADING = ("system", "developer")
_OBJECT = msgspec.json.Decoder(dict[str, Raw])


class _Head(Struct):
    role: Any = None


_HEAD = msgspec.json.Decoder(_Head)


class ChatEditor:
    blank: Mapping[str, object] = {"messages": [{"role": "user", "content": "-"}]}
    slots = (
        *slots("temperature", "top_p", "top_k", "stop", "seed", "presence_penalty", "frequency_penalty"),
        *slots("reasoning_effort"),
        Slot(("max_completion_tokens", "max_tokens"), synonyms=True),
    )
    history = b""

    def refuses(self, name: str, headers: Mapping[str, str]) -> str | None:
        return None

    def system(self, top: Top, text: str, *, append: bool, role: str) -> bool:
        with client_side():
            messages = items(top.get("messages", Raw(b"[]")), "messages")
            if not messages:
                raise WireError("messages", "must not be empty")
            count = _leading(messages)
            had = any(_says(message) for message in messages[:count])
            if append and count:
                messages[count - 1] = _appended(messages[count - 1], text)
            else:
                messages[:count] = [_instead(messages[:count], text, role)]
            top["messages"] = Raw(dumps(messages))
        return had


def _leading(messages: list[Raw]) -> int:
    for index, message in enumerate(messages):
        if _HEAD.decode(message).role not in _LEADING:
            return index
    return len(messages)


def _says(message: Raw) -> bool:
    """Whether there is anything in it: an empty one is no prompt of the client's."""
    content = _OBJECT.decode(message).get("content", Raw(b"null"))
    match kind_of(content):
        case "string":
            return bool(string(content, "content"))
        case "array":
            return bool(items(content, "content"))
        case _:
            return False


def _appended(message: Raw, text: str) -> Raw:
    fields = _OBJECT.decode(message)
    content = fields.get("content", Raw(b"null"))
    match kind_of(content):
        case "string":
            own = string(content, "content")
            fields["content"] = Raw(dumps(own + GAP + text if own else text))
        case "array":
            fields["content"] = Raw(dumps(behind(items(content, "content"), {"type": "text", "text": text})))
        case _:
            fields["content"] = Raw(dumps(text))
    return Raw(dumps(fields))


def _instead(messages: list[Raw], text: str, role: str) -> Raw:
    """One message; in parts only where a part held the mark of a cached prefix."""
    heads = [_OBJECT.decode(message) for message in messages]
    contents = [head["content"] for head in heads if "content" in head]
    parts = [part for content in contents if kind_of(content) == "array" for part in items(content, "content")]
    part = instead(parts, {"type": "text", "text": text})
    plain = bytes(part[0]) == dumps({"type": "text", "text": text})
    own = heads[0]["role"] if heads else role
    return Raw(dumps({"role": own, "content": text if plain else part}))


editor = ChatEditor()
