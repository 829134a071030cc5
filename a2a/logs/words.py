"""The words of an exchange that a search finds: of its names, its messages and its recorded bodies.

The same text is made when a row is written and when it goes, so that the index forgets exactly what it learned: what
`text_of` makes of a stored exchange must not change without a new version of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

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
    parts: dict[str, list[str]] = {}
    frames = [body] if body.lstrip()[:1] in ("{", "[") else _FRAME.findall(body)
    for frame in frames:
        try:
            value = msgspec.json.decode(frame)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            continue
        _gather(value, "", parts)
    if not parts:
        yield _BLOB.sub(" ", body)  # cut, or no JSON: its words as they stand
    for path in parts.values():
        yield _BLOB.sub(" ", "".join(path))


def _gather(value: Any, path: str, parts: dict[str, list[str]]) -> None:
    """Strings by their path: the pieces of a stream's text, which share one, come together as they were said."""
    if isinstance(value, str):
        known = parts.setdefault(path, [])
        if not known or known[-1] != value or (len(value) < _REPEATED and path.rpartition(".")[2] not in _LABELS):
            known.append(value)
    elif isinstance(value, dict):
        for key, one in value.items():
            _gather(one, f"{path}.{key}", parts)
    elif isinstance(value, list):
        for at, one in enumerate(value):
            _gather(one, f"{path}.{at}", parts)


_REPEATED = 12
"""A longer string that comes again is an id of every frame, not a token said twice."""

_LABELS = frozenset({"type", "object", "role", "id", "model", "status", "finish_reason", "stop_reason"})
"""Keys whose value is a word of the protocol."""
