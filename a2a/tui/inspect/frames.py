"""An answer as its frames: server-sent events, the AWS event stream that Kiro speaks, or one JSON value a line.

Only for showing: what is damaged or was cut off comes as far as it goes, and nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from a2a.control.bodies import decoded, is_binary

_FIELD = re.compile(r"^(?:data|event|id|retry)?:", re.MULTILINE)
_WIDTHS = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Type of an event-stream header -> bytes of its value; 6 and 7 have a length of their own."""
_LONGEST_FRAME = 16 * 1024 * 1024
"""Of an event stream, by its specification."""


class Frame(Struct, frozen=True, gc=False):
    """One event. `name`: its type, "" where it has none; `data`: its payload as text."""

    name: str
    data: str


def raw(body: str) -> bytes:
    """The bytes that were recorded; what cannot be decoded is left out."""
    try:
        return decoded(body)
    except ValueError:
        return b""


def frames(body: str) -> list[Frame]:
    """The frames of a stream; empty for anything else, such as one JSON document."""
    if is_binary(body):
        return list(event_stream(raw(body)))
    start = body.lstrip()[:2048]
    if _FIELD.match(start):
        return list(_server_sent(body))
    if start.startswith("{") and "}\n{" in start:
        return [Frame("", line) for line in body.splitlines() if line.strip()]
    return []


def _server_sent(body: str) -> Iterator[Frame]:
    for block in re.split(r"\r?\n\r?\n", body):
        name, data, comments = "", [], []
        for line in block.splitlines():
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "data":
                data.append(value)
            elif not field:
                comments.append(value)
        if data or name:
            yield Frame(name, "\n".join(data))
        elif comments:
            yield Frame("comment", "\n".join(comments))


def event_stream(data: bytes) -> Iterator[Frame]:
    """`application/vnd.amazon.eventstream`: prelude of three words, headers, payload, checksum (not checked here)."""
    at = 0
    while at + 16 <= len(data):
        whole = int.from_bytes(data[at : at + 4])
        length = int.from_bytes(data[at + 4 : at + 8])
        if not 16 <= whole <= _LONGEST_FRAME or length > whole - 16:
            return
        head = at + 12
        fields = _headers(data[head : head + length])
        payload = data[head + length : min(at + whole - 4, len(data))]
        name = fields.get(":event-type") or fields.get(":exception-type") or fields.get(":message-type", "")
        yield Frame(name, payload.decode("utf-8", "replace"))
        at += whole


def _headers(data: bytes) -> dict[str, str]:
    """The headers that are strings."""
    found: dict[str, str] = {}
    at = 0
    while at < len(data):
        length = data[at]
        name = data[at + 1 : at + 1 + length].decode("utf-8", "replace")
        at += 1 + length
        kind = data[at] if at < len(data) else 0
        at += 1
        if kind in (6, 7):
            width = int.from_bytes(data[at : at + 2])
            at += 2
            if kind == 7:
                found[name] = data[at : at + width].decode("utf-8", "replace")
        elif kind in _WIDTHS:
            width = _WIDTHS[kind]
        else:
            return found
        at += width
    return found
