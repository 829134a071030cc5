"""A cassette: one exchange as a client saw it, in one JSON file that people can read and change (docs/cassettes.md).

What is JSON stands there as JSON. An answer whose bytes cannot be had again from that (another spacing than the usual
three) is kept as text instead, and what is no UTF-8 as base64: a client gets back exactly what it got.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from a2a.errors import ConfigError
from a2a.protocols.wire import BAD_JSON

VERSION = 1
Indent = Literal[-1, 0, 2]
"""How an answer's JSON is spaced, as `msgspec.json.format` says it: not at all, on one line, on lines of its own."""
_INDENTS: tuple[Indent, ...] = (-1, 0, 2)
_NONE = Raw(b"")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 60


class Sent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the client sent. `path`: without a provider's prefix; `provider`: what that, or the header, named.

    `array`: a Gemini stream as one JSON array. `body` or, where it is no JSON, `text` or `base64`.
    """

    front: str
    path: str
    method: str = "POST"
    provider: str | None = None
    model: str | None = None
    stream: bool = False
    array: bool = False
    headers: dict[str, str] = {}
    body: Raw = _NONE
    text: str | None = None
    base64: str | None = None

    @property
    def content(self) -> bytes:
        return _content(self.body, self.text, self.base64)


class Piece(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One write of a stream. `at_ms`: since the request arrived."""

    at_ms: float
    text: str | None = None
    base64: str | None = None

    @property
    def content(self) -> bytes:
        return _content(_NONE, self.text, self.base64)


class Got(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the client got: `pieces` of a stream, else `body` (spaced by `indent`), `text` or `base64`."""

    status: int
    headers: dict[str, str] = {}
    indent: Indent = -1
    body: Raw = _NONE
    text: str | None = None
    base64: str | None = None
    pieces: list[Piece] | None = None

    @property
    def content(self) -> bytes:
        if not bytes(self.body):
            return _content(_NONE, self.text, self.base64)
        return msgspec.json.format(bytes(self.body), indent=self.indent)


class Cassette(Struct, frozen=True, kw_only=True):
    """`recorded_at`: UTC, as `2026-11-22T17:33:20Z`. `served_by`: the provider that answered."""

    a2a_cassette: int
    exchange: str
    recorded_at: str
    served_by: str | None
    request: Sent
    answer: Got


class _Version(Struct):
    a2a_cassette: int | None = None


def encode(cassette: Cassette) -> bytes:
    """As the file has it."""
    return msgspec.json.format(msgspec.json.encode(cassette), indent=2) + b"\n"


def decode(content: bytes, name: str) -> Cassette:
    """`name`: of the file, for messages. Raises ConfigError."""
    try:
        version = msgspec.json.decode(content, type=_Version).a2a_cassette
        if version is None:
            raise ConfigError(f"{name} is no cassette of a2a", hint="the folder may hold cassettes only")
        if version > VERSION:
            raise ConfigError(f"{name} was recorded by a newer a2a (format {version})", hint="update a2a")
        cassette = msgspec.json.decode(content, type=Cassette)
        for held in (cassette.request, cassette.answer, *(cassette.answer.pieces or ())):
            held.content  # noqa: B018 (base64 that is none)
        return cassette
    except (*BAD_JSON, ValueError) as error:
        raise ConfigError(f"{name} is no cassette of a2a: {error}", hint="record it again, or remove it") from error


def read_folder(folder: Path) -> list[tuple[str, Cassette]]:
    """(path inside the folder, cassette) in the order of their names; blocks. Raises ConfigError."""
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}", hint=f"a2a serve --record {folder}")
    files = sorted(path for path in folder.rglob("*.json") if not path.name.startswith("."))
    if not files:
        raise ConfigError(f"there is no cassette in {folder}", hint=f"a2a serve --record {folder}")
    try:
        return [(path.relative_to(folder).as_posix(), decode(path.read_bytes(), str(path))) for path in files]
    except OSError as error:
        raise ConfigError(f"cannot read {error.filename}: {error.strerror or error}") from error


def file_name(cassette: Cassette) -> str:
    """Sorts by time: ids of exchanges do."""
    model = _NOT_IN_NAMES.sub("-", cassette.request.model or "").strip("-.")[:_LONGEST_NAME]
    return "-".join(filter(None, (cassette.exchange, cassette.request.front, model))) + ".json"


def body_fields(content: bytes) -> dict[str, object]:
    """`body`, or `text` or `base64`, with `indent` where it is not -1: such that the same bytes come out again."""
    try:
        for indent in _INDENTS:
            if content[:1] in b"{[" and msgspec.json.format(content, indent=indent) == content:
                return {"body": Raw(content), "indent": indent}
    except BAD_JSON:
        pass
    return text_fields(content)


def text_fields(content: bytes) -> dict[str, object]:
    """`text` or `base64`."""
    try:
        return {"text": content.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


def pieces_of(writes: Iterable[tuple[float, bytes]]) -> list[Piece]:
    """`writes`: (ms since the request arrived, bytes)."""
    return [msgspec.convert({"at_ms": round(at_ms, 1), **text_fields(data)}, Piece) for at_ms, data in writes]


def _content(body: Raw, text: str | None, encoded: str | None) -> bytes:
    if bytes(body):
        return bytes(body)
    if encoded is not None:
        return base64.b64decode(encoded)
    return (text or "").encode()
