"""The words of an exchange that a search finds: of its names, its messages and its recorded bodies.

The same text is made when a row is written and when it goes, so that the index forgets exactly what it learned: what
`text_of` makes of a stored exchange must not change without a new version of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from a2a.control.bodies import is_binary
from a2a.control.types import Bodies, Exchange

_WIDE = re.compile(r"([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff])")
"""Scripts written without spaces: each character counts as a word."""

_BLOB = re.compile(r"[A-Za-z0-9+/_=-]{200,}")
"""Encoded bytes: nobody looks for a word in them."""

_FRAME = re.compile(r"^data: ?(.*)$", re.MULTILINE)
"""One data line of an event stream."""

_WORD = re.compile(r"\w")


def text_of(exchange: Exchange, bodies: Bodies | None) -> str:
    """Everything that can be found, one piece a line."""
    pieces = [*_names(exchange), *_messages(exchange)]
    if bodies is not None:
        pieces += _said(bodies)
    return spaced("\n".join(piece for piece in pieces if piece))


def spaced(text: str) -> str:
    """With characters of scripts without spaces set apart."""
    return text if text.isascii() else _WIDE.sub(r" \1 ", text)


def query_of(wanted: str) -> str:
    """FTS5's own form of "all of these words": each as a phrase, whose last word may go on. "" where there is none."""
    words = [spaced(word).strip().replace('"', '""') for word in wanted.split() if _WORD.search(word)]
    return " ".join(f'"{word}"*' for word in words)


def _names(exchange: Exchange) -> Iterator[str | None]:
    yield from (exchange.id, exchange.client, exchange.front, exchange.path, exchange.agent, exchange.session)
    yield from (exchange.state, exchange.stop, exchange.asked)
    if (route := exchange.route) is not None:
        yield from (route.asked, route.provider, route.model)
    for one in exchange.attempts:
        yield from (one.provider, one.account, one.model, one.upstream_id)


def _messages(exchange: Exchange) -> Iterator[str | None]:
    for fault in (exchange.fault, *(one.fault for one in exchange.attempts)):
        if fault is not None:
            yield from (fault.kind, fault.code, fault.message)
    for note in exchange.notes:
        yield from (note.field, note.action, note.why)


def _said(bodies: Bodies) -> Iterator[str]:
    """What the client sent and got; of the attempts only the answers that did not become the client's."""
    answers = [bodies.answer, *(one.answer for one in bodies.attempts[:-1])]
    for body in (bodies.request, *answers):
        if body:
            yield from _strings(body)


def _strings(body: str) -> Iterator[str]:
    if is_binary(body):
        return
    gathered = _Gathered()
    frames = [body] if body.lstrip()[:1] in ("{", "[") else _FRAME.findall(body)
    for frame in frames:
        try:
            gathered.add(_decode(frame))
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            continue
    if not gathered.texts:
        yield _without_blobs(body)  # cut, or no JSON: its words as they stand
    for pieces in gathered.texts:
        yield _without_blobs("".join(pieces))


def _without_blobs(text: str) -> str:
    return _BLOB.sub(" ", text) if _BLOB_PART.search(text[::_EACH]) else text


_EACH = 5
_BLOB_PART = re.compile(r"[A-Za-z0-9+/_=-]{40}")
"""Of each fifth character, what a `_BLOB` has at least: a fraction of the search where there is none."""


class _Place(Struct):
    """Where strings may stand. `label`: they are words of the protocol; `pieces`: those that stood there."""

    path: str
    label: bool
    pieces: list[str] = []
    behind: dict[str | int, _Place] = {}


class _Gathered:
    """Strings by their path: the pieces of a stream's text, which share one, come together as they were said.

    Asked of every frame of every stream: a place is looked up by one key from the place before it, and its path, which
    may be that of another ("a.b" or "b" in "a"), is put together once.
    """

    def __init__(self) -> None:
        self.texts: list[list[str]] = []
        """In the order of their first strings."""
        self._places: dict[str, _Place] = {}
        self._root = _Place("", label=False)

    def add(self, value: Any) -> None:
        """A decoded frame."""
        self._add([value], self._root)

    def _add(self, values: Any, place: _Place) -> None:
        """Of an array or an object."""
        behind = place.behind
        for key, one in enumerate(values) if type(values) is list else values.items():
            kind = type(one)
            if kind is str:
                there = behind.get(key) or self._behind(place, key)
                pieces = there.pieces
                if not pieces:
                    self.texts.append(pieces)
                    pieces.append(one)
                elif pieces[-1] != one or (len(one) < _REPEATED and not there.label):
                    pieces.append(one)
            elif kind is dict or kind is list:
                self._add(one, behind.get(key) or self._behind(place, key))

    def _behind(self, place: _Place, key: str | int) -> _Place:
        path = f"{place.path}.{key}"
        known = self._places.get(path)
        if known is None:
            known = self._places[path] = _Place(path, path.rpartition(".")[2] in _LABELS)
        place.behind[key] = known
        return known


_decode = msgspec.json.Decoder().decode

_REPEATED = 12
"""A longer string that comes again is an id of every frame, not a token said twice."""

_LABELS = frozenset({"type", "object", "role", "id", "model", "status", "finish_reason", "stop_reason"})
"""Keys whose value is a word of the protocol."""
