"""Reading and writing JSON objects with the bytes of nested values kept (specs/conversion.md 2.2).

An object is decoded one level deep; a codec *takes* the keys it models and puts the rest into `ext`, byte for byte.
Tagged unions of msgspec are not used for wire data: an unknown tag would be an error and unknown keys would vanish.

A wrong type raises WireError with the JSON path. `client_side()` and `upstream_side()` are the two borders that turn it
into the error of the side at fault; nothing else leaves a codec.
"""

from __future__ import annotations

import builtins
import json
import re
from types import TracebackType
from typing import Literal

import msgspec
from msgspec import MsgspecError, Raw

from a2a.errors import A2AError, BadUpstream, RequestError
from a2a.messages import Ext

Kind = Literal["object", "array", "string", "number", "bool", "null"]

_KINDS: dict[int, Kind] = {0x7B: "object", 0x5B: "array", 0x22: "string", 0x74: "bool", 0x66: "bool", 0x6E: "null"}
_NAMES: dict[Kind, str] = {"object": "an object", "array": "an array", "null": "null"}
_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_ARRAY = msgspec.json.Decoder(list[Raw])
_STRING = msgspec.json.Decoder(str)
_INT = msgspec.json.Decoder(int)
_FLOAT = msgspec.json.Decoder(float)
_BOOL = msgspec.json.Decoder(bool)
_ENCODER = msgspec.json.Encoder()
_ESCAPES = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)", re.DOTALL)
"""Every escape, so that none is read from its middle: a pair, half a pair (group 1), any other."""


BAD_JSON = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""What msgspec raises for bytes that are no JSON of the wanted shape: also for invalid UTF-8 and endless nesting."""


class WireError(ValueError):
    """A value of the wrong shape. `path`: where, as `messages[2].content`; "" is the body itself."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.message = message


class _Border:
    """Context manager that translates the errors of reading; it holds no state and is shared."""

    __slots__ = ("_client",)

    def __init__(self, *, client: bool) -> None:
        self._client = client

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if isinstance(error, WireError):
            raise self._translated(str(error), error.path) from error
        if isinstance(error, MsgspecError | UnicodeError):
            raise self._translated(f"not valid JSON: {error}", "") from error
        if isinstance(error, RecursionError):
            raise self._translated("not valid JSON: nested too deeply", "") from error

    def _translated(self, message: str, path: str) -> A2AError:
        if self._client:
            return RequestError(message, param=path or None)
        return BadUpstream(f"the upstream's answer is unreadable: {message}")


_CLIENT = _Border(client=True)
_UPSTREAM = _Border(client=False)


def client_side() -> _Border:
    """`with client_side():` nonsense inside becomes RequestError with the JSON path in `param`."""
    return _CLIENT


def upstream_side() -> _Border:
    """`with upstream_side():` nonsense inside becomes BadUpstream with the JSON path in its message."""
    return _UPSTREAM


def kind_of(raw: Raw) -> Kind:
    """JSON type by the first byte; whitespace before it is not expected (decoding leaves none)."""
    view = memoryview(raw)
    return _KINDS.get(view[0], "number") if len(view) else "null"


def parse(body: bytes | Raw, path: str = "") -> Fields:
    """The fields of a JSON object. Raises WireError for any other JSON, msgspec.DecodeError for no JSON."""
    try:
        return Fields(_OBJECT.decode(body), path)
    except msgspec.ValidationError as error:
        raise _wrong(body, path, "an object") from error


def items(raw: Raw, path: str) -> list[Raw]:
    """The elements of a JSON array, undecoded. Raises WireError."""
    try:
        return _ARRAY.decode(raw)
    except msgspec.ValidationError as error:
        raise _wrong(raw, path, "an array") from error


def string(raw: Raw, path: str) -> str:
    """A JSON string; half a surrogate pair (cut emoji, legal in JSON escapes) becomes U+FFFD. Raises WireError."""
    try:
        return _STRING.decode(raw)
    except msgspec.ValidationError as error:
        raise _wrong(raw, path, "a string") from error
    except msgspec.DecodeError as error:
        return _mended(raw, path, error)


def whole_pairs(body: bytes) -> bytes:
    """JSON whose halves of surrogate pairs (an emoji cut by its sender) are U+FFFD; all other bytes stay.

    Such escapes are legal JSON, but msgspec refuses a body that holds one anywhere.
    """
    return _ESCAPES.sub(lambda found: rb"\ufffd" if found[1] else found[0], body)


def dumps(value: object) -> bytes:
    """Compact JSON; `Raw` values inside are written verbatim."""
    return _ENCODER.encode(value)


def compact(raw: Raw | str) -> str:
    """The JSON without whitespace between tokens, on one line; numbers and escapes keep their spelling."""
    return msgspec.json.format(raw if isinstance(raw, str) else bytes(raw).decode(), indent=-1)


def merge_ext(obj: dict[str, object], ext: Ext | None) -> dict[str, object]:
    """Adds the unmodelled keys behind the modelled ones, never overriding; returns `obj` itself."""
    if ext:
        for key, value in ext.items():
            obj.setdefault(key, value)
    return obj


def _wrong(raw: bytes | Raw, path: str, wanted: str) -> WireError:
    kind = kind_of(raw if isinstance(raw, Raw) else Raw(raw.lstrip()))
    return WireError(path, f"must be {wanted}, not {_NAMES.get(kind, f'a {kind}')}")


def _number(raw: Raw, path: str) -> float:
    try:
        return _FLOAT.decode(raw)
    except msgspec.ValidationError as error:
        if kind_of(raw) == "number":
            raise WireError(path, "is out of range") from error
        raise _wrong(raw, path, "a number") from error


def _mended(raw: Raw, path: str, error: msgspec.DecodeError) -> str:
    """Reads what msgspec refuses, lone surrogates, with the standard library."""
    try:
        text = json.loads(bytes(raw))
    except ValueError:
        raise WireError(path, f"is not valid JSON: {error}") from error
    return str(text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Fields:
    """The keys of one JSON object. Every accessor *takes* its key: it no longer shows in `rest()`.

    Missing and null are both None; a wrong type raises WireError. `path`: where the object stands in the body.
    """

    __slots__ = ("_left", "path")

    def __init__(self, values: dict[str, Raw], path: str = "") -> None:
        self._left = values
        self.path = path

    def at(self, key: builtins.str) -> builtins.str:
        """The path of a key of this object, `messages[2].content`."""
        return f"{self.path}.{key}" if self.path else key

    def has(self, key: builtins.str) -> builtins.bool:
        """Whether the key is there and untaken, even as null."""
        return key in self._left

    def raw(self, key: builtins.str) -> Raw | None:
        """The bytes of any value but null."""
        value = self._left.pop(key, None)
        return None if value is None or kind_of(value) == "null" else value

    def str(self, key: builtins.str) -> builtins.str | None:
        value = self.raw(key)
        return None if value is None else string(value, self.at(key))

    def need_str(self, key: builtins.str) -> builtins.str:
        """A string that must be there."""
        value = self.str(key)
        if value is None:
            raise WireError(self.at(key), "is required and must be a string")
        return value

    def float(self, key: builtins.str) -> builtins.float | None:
        value = self.raw(key)
        return None if value is None else _number(value, self.at(key))

    def int(self, key: builtins.str) -> builtins.int | None:
        """A whole number; 3.0 counts as one, since some clients and Google's JSON write it so."""
        value = self.raw(key)
        if value is None:
            return None
        try:
            return _INT.decode(value)
        except msgspec.ValidationError:
            number = _number(value, self.at(key))
        if not number.is_integer():
            raise WireError(self.at(key), "must be a whole number")
        return int(number)

    def bool(self, key: builtins.str) -> builtins.bool | None:
        value = self.raw(key)
        if value is None:
            return None
        try:
            return _BOOL.decode(value)
        except msgspec.ValidationError as error:
            raise _wrong(value, self.at(key), "true or false") from error

    def obj(self, key: builtins.str) -> Fields | None:
        """The fields of a nested object."""
        value = self.raw(key)
        return None if value is None else parse(value, self.at(key))

    def list(self, key: builtins.str) -> builtins.list[Raw] | None:
        """The elements of an array, undecoded."""
        value = self.raw(key)
        return None if value is None else items(value, self.at(key))

    def drop(self, *keys: builtins.str) -> None:
        """Take and forget."""
        for key in keys:
            self._left.pop(key, None)

    def rest(self) -> Ext | None:
        """What nobody took, for `ext`; None when nothing is left."""
        return self._left or None
