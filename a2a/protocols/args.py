"""Arguments of tool calls: text as models really produce it, and the object other protocols want.

Source: specs/conversion.md 6.4. A call keeps its arguments as text; numbers, key order and escapes survive because the
text is embedded as it is and never rebuilt from values.
"""

from __future__ import annotations

import re

import msgspec
from msgspec import Raw

from a2a.protocols.wire import compact, dumps

_EMPTY = ("", "null")
_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_ANY = msgspec.json.Decoder(Raw)
_STRING = msgspec.json.Decoder(str)
_HUGE = re.compile(r"[eE]\+?\d{3}")
"""What a number no reader has room for holds."""


def usable(text: str) -> str | None:
    """The arguments as the text of a JSON object, None when they are cut, doubled or no JSON at all.

    Nothing and null become `{}`; an object stays verbatim; an object inside a JSON string is unwrapped once; arrays
    and scalars become `{"value": …}`.
    """
    bare = text.strip()
    if bare in _EMPTY:
        return "{}"
    try:
        if bare[0] == "{":
            _OBJECT.decode(bare)
            return text
        _ANY.decode(bare)
        return _unwrap(bare) if bare[0] == '"' else _boxed(bare)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def as_object(text: str, custom: bool = False) -> Raw:
    """The arguments as one line of JSON for a history: unusable text becomes `{"_raw": text}`, so that the call still
    pairs with its result; the free text of a custom tool becomes `{"input": text}`.
    """
    if custom:
        return Raw(dumps({"input": text}))
    good = usable(text)
    if good is not None and _HUGE.search(good) and not _readable(good):
        good = None
    return Raw(dumps({"_raw": text})) if good is None else Raw(compact(good))


def _readable(text: str) -> bool:
    """Whether a reader of values takes it: 1e400 is JSON, but most upstreams refuse the whole body for it."""
    try:
        msgspec.json.decode(text)
    except msgspec.MsgspecError:
        return False
    return True


def _unwrap(quoted: str) -> str | None:
    """A JSON string that holds an object or nothing; any other string is a value of its own."""
    inner = _STRING.decode(quoted).strip()
    if inner in _EMPTY:
        return "{}"
    if inner[0] != "{":
        return _boxed(quoted)
    _OBJECT.decode(inner)
    return inner


def _boxed(value: str) -> str:
    return f'{{"value":{value}}}'
