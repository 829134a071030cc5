"""Saying no: the one exception of a check, and the strict readers that raise it."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_SHOWN_CHARS = 160


class Wrong(Exception):
    """An answer is not what its protocol, or the question, demands. The message is the reason shown to the user."""


def need(true: bool, otherwise: str) -> None:
    """Raises Wrong with these words."""
    if not true:
        raise Wrong(otherwise)


def same(found: object, due: object, what: str) -> None:
    """Raises Wrong naming both values."""
    if found != due:
        raise Wrong(f"{what} is {short(found)}, not {short(due)}")


def short(value: object) -> str:
    """A value for a message, cut where it gets long."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…"


def decode(data: bytes | str, kind: type[T], what: str) -> T:
    """JSON of exactly this shape. Raises Wrong naming the path of what does not fit."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        text = data if isinstance(data, str) else data.decode("utf-8", "replace")
        raise Wrong(f"{what}: {error}: {short(text)}") from error


def json_object(text: str, what: str) -> dict[str, Any]:
    """The arguments of a call. Raises Wrong."""
    return decode(text, dict[str, Any], what)
