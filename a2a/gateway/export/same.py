"""When two histories tell the same: turns as fingerprints, so that a conversation is found in the one that goes on.

Clients do not send back what they got letter by letter. What they are known to change does not count: blanks, how a
text is cut into parts, ids of calls, the order of keys in arguments, cache marks, tokens, and reasoning, which most
leave out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec

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
    ToolCall,
    ToolResult,
    Url,
)

Print = bytes
START: Print = b""
"""Of the history before its first turn."""

_BYTES = 16


def prints(messages: Sequence[Message], start: Print = START) -> list[Print]:
    """For each turn the fingerprint of the history up to and with it. Messages of one role in a row are one turn."""
    made: list[Print] = []
    for role, run in groupby(messages, key=lambda message: message.role):
        atoms = list(_atoms(part for message in run for part in message.parts))
        start = _digest(start + msgspec.json.encode([role, *atoms]))
        made.append(start)
    return made


def _digest(data: bytes) -> Print:
    return hashlib.blake2b(data, digest_size=_BYTES).digest()


def _atoms(parts: Iterable[Part]) -> Iterable[object]:
    """What a turn says: its whole text, then everything else in order."""
    text: list[str] = []
    rest: list[object] = []
    for part in parts:
        match part:
            case Text() | Refusal():
                text.append(part.text)
            case ToolCall():
                rest.append(("call", part.name, _arguments(part)))
            case ToolResult():
                rest.append(("result", list(_atoms(part.parts))))
            case Media():
                rest.append((part.kind, _source(part)))
            case Foreign():
                rest.append(("foreign", part.wire_type))
            case Reasoning():
                pass
    return ["".join("".join(text).split()), *rest]


def _arguments(call: ToolCall) -> str:
    if call.custom:
        return call.args
    try:
        return msgspec.json.encode(msgspec.json.decode(call.args), order="deterministic").decode()
    except (msgspec.MsgspecError, RecursionError):
        return call.args


def _source(media: Media) -> str:
    match media.source:
        case Inline(data=data):
            return _digest(data.encode()).hex()
        case Url(url=url):
            return url
        case FileRef(id=file_id):
            return file_id
