"""How a record holds a body: as the text it is, or, where it is no UTF-8, as base64 behind a mark. And why not."""

from __future__ import annotations

import base64

from msgspec import Struct

from a2a.control.types import Exchange

BASE64 = "base64:"
"""Stands before a body that is no UTF-8."""


class Unrecorded(Struct, frozen=True):
    """Why an exchange has no bodies. `why`: behind "its bodies were not recorded"; `hint`: how others get theirs."""

    why: str
    hint: str


_NOT_WANTED = Unrecorded("", "a2a serve --log-bodies records them from then on")
_NO_ROOM = Unrecorded(": more came at that moment than could be written", "send the request again")


def unrecorded(exchange: Exchange) -> Unrecorded:
    """Of one without bodies."""
    return _NO_ROOM if exchange.bodies_lost else _NOT_WANTED


def is_binary(text: str) -> bool:
    return text.startswith(BASE64)


def decoded(text: str) -> bytes:
    """The bytes of a recorded body; of one that was cut, the whole ones. Raises ValueError where it is damaged."""
    if not is_binary(text):
        return text.encode("utf-8", "surrogatepass")
    whole = (len(text) - len(BASE64)) // 4 * 4
    return base64.b64decode(text[len(BASE64) :][:whole])


def encoded(data: bytes) -> str:
    """A body as a record holds it."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return BASE64 + base64.b64encode(data).decode()
