"""Which cassette a request means, and how the nearest differs where none does (docs/cassettes.md).

Two requests are the same when path, stream and body are: JSON is compared as values, without the fields of VOLATILE.
Where no cassette is the same, one counts that differs in VOLATILE_TEXT alone: an agent's prompt tells the date, and
names its session.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

from a2a.gateway.cassettes.form import Cassette
from a2a.protocols.wire import BAD_JSON

_BOOKS = ("user", "safety_identifier", "prompt_cache_key", "metadata")
VOLATILE: Mapping[str, tuple[str, ...]] = {
    "chat": _BOOKS,
    "responses": (*_BOOKS, "client_metadata"),
    "claude": ("metadata",),
    "gemini": (),
}
"""Top-level fields that name users and sessions, by front."""
VOLATILE_TEXT: tuple[tuple[re.Pattern[bytes], bytes], ...] = (
    (re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"), b"<uuid>"),
    (re.compile(rb"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"), b"<time>"),
    (
        re.compile(
            rb"(?:\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, )?"
            rb"\b(?:January|February|March|April|May|June|July|August|September|October|November|December)"
            rb" \d{1,2},? \d{4}"
        ),
        b"<date>",
    ),
    (re.compile(rb"\b\d{1,2}/\d{1,2}/\d{4}\b"), b"<date>"),
    (re.compile(rb"\b\d{1,2}:\d\d:\d\d(?:\.\d+)?\b(?: ?[AP]M)?"), b"<time>"),
    (re.compile(rb"\b1[5-9]\d{11}\b"), b"<ms>"),
    (re.compile(rb"\bChunk ID: [0-9a-f]{6}\b"), b"<chunk>"),  # of Codex, in what its shell gives
    (re.compile(rb"\bWall time: [\d.]+ seconds\b"), b"<time>"),
)
"""Ids of sessions and times of day, in any text."""
_BILLING = "x-anthropic-billing-header:"
"""How a system block of Claude Code begins that differs with every request (specs/conversion.md 14.1)."""
_SHOWN = 60
_BEFORE = 15
"""Characters of a differing text that are shown, and of the equal ones before."""
MOST_TOLD = 4
_MOST_COUNTED = 1000

Key = tuple[str, bool, bool, bytes]


class Asked(Struct, frozen=True):
    """A request as it is looked up."""

    front: str
    path: str
    stream: bool
    array: bool
    provider: str | None
    value: Any
    """The body without volatile fields; a body that is no JSON as its bytes."""

    @property
    def key(self) -> Key:
        return self.path, self.stream, self.array, _canonical(self.value)


class Difference(Struct, frozen=True):
    """`path`: JSON path in the body, or a part of the request. None: not there."""

    path: str
    recorded: Any
    sent: Any


def asked_of(cassette: Cassette) -> Asked:
    sent = cassette.request
    value = stable(sent.front, sent.content)
    return Asked(sent.front, sent.path, sent.stream, sent.array, sent.provider, value)


def stable(front: str, body: bytes) -> Any:
    """The JSON value of a body without what changes from run to run."""
    try:
        value = msgspec.json.decode(body)
    except BAD_JSON:
        return body.decode("utf-8", "replace")
    if not isinstance(value, dict):
        return value
    for field in VOLATILE.get(front, ()):
        value.pop(field, None)
    system = value.get("system")
    if front == "claude" and isinstance(system, list):
        value["system"] = [block for block in system if not _is_billing(block)]
    return value


def _is_billing(block: Any) -> bool:
    return isinstance(block, dict) and str(block.get("text", "")).startswith(_BILLING)


def loose(key: Key) -> Key:
    """The key without ids and times in its texts."""
    path, stream, array, body = key
    for pattern, word in VOLATILE_TEXT:
        body = pattern.sub(word, body)
    return path, stream, array, body


def _canonical(value: Any) -> bytes:
    return msgspec.json.encode(_plain(value), order="sorted")


def _plain(value: Any) -> Any:
    """1.0 is 1 in JSON's eyes."""
    match value:
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


def nearest(asked: Asked, recorded: Sequence[tuple[str, Asked]]) -> tuple[str, list[Difference]] | None:
    """(name, how it differs) of the cassette that differs least, of the same front and if possible path."""
    same_front = [one for one in recorded if one[1].front == asked.front]
    pool = [one for one in same_front if one[1].path == asked.path] or same_front
    best: tuple[str, list[Difference]] | None = None
    for name, other in pool:
        most = _MOST_COUNTED if best is None else len(best[1])
        found = list(islice(differences(other, asked), most))
        if best is None or len(found) < most:
            best = (name, found)
    return best


def differences(recorded: Asked, sent: Asked) -> Iterator[Difference]:
    """In the order of the body."""
    for field in ("path", "stream", "array"):
        if getattr(recorded, field) != getattr(sent, field):
            yield Difference(field, getattr(recorded, field), getattr(sent, field))
    yield from _differ("", recorded.value, sent.value)


def _differ(path: str, old: Any, new: Any) -> Iterator[Difference]:
    match old, new:
        case dict(), dict():
            for key in [*old, *(key for key in new if key not in old)]:
                yield from _differ(f"{path}.{key}" if path else str(key), old.get(key), new.get(key))
        case list(), list():
            for index in range(max(len(old), len(new))):
                both = (each[index] if index < len(each) else None for each in (old, new))
                yield from _differ(f"{path}[{index}]", *both)
        case _:
            if old != new and not (isinstance(old, str) and isinstance(new, str) and _scrubbed(old) == _scrubbed(new)):
                yield Difference(path or "body", old, new)


def _scrubbed(text: str) -> bytes:
    """Two texts that are the same so count as the same."""
    return loose(("", False, False, text.encode("utf-8", "surrogatepass")))[3]


def told(found: Sequence[Difference]) -> str:
    """The first differences in words."""
    shown = [f"{each.path}: {_sides(each.recorded, each.sent)}" for each in found[:MOST_TOLD]]
    if len(found) > MOST_TOLD:
        shown.append(f"and {len(found) - MOST_TOLD} more")
    return "; ".join(shown)


def _sides(recorded: Any, sent: Any) -> str:
    begin = 0
    if isinstance(recorded, str) and isinstance(sent, str):
        equal = next((n for n, (a, b) in enumerate(zip(recorded, sent, strict=False)) if a != b), None)
        begin = max(0, (min(len(recorded), len(sent)) if equal is None else equal) - _BEFORE)
    return f"recorded {_shown(recorded, begin)}, sent {_shown(sent, begin)}"


def _shown(value: Any, begin: int) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        piece = ("…" if begin else "") + value[begin : begin + _SHOWN]
        return msgspec.json.encode(piece + ("…" if len(value) > begin + _SHOWN else "")).decode()
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
