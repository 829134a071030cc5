"""JSON as rows that people read: no commas, keys without quotes, strings of several lines as lines, small things short.

What is shown is not JSON any more, so copying and the editor get the recorded text. A text whose end was cut off is
closed where it ended. Characters that a terminal would obey or hide are spelled out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from a2a.tui.ink import Piece, Tone
from a2a.tui.inspect.sheet import LONGEST, Line, Row, line
from a2a.tui.words import size

INDENT = 2
"""Cells for each level."""

SHORT = 48
"""Characters up to which an object or array of plain values stays on one line."""

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
"""Control characters, direction marks, and halves of surrogate pairs, which no terminal can be sent."""

_DATA = re.compile(r"(?:data:[\w/+.;=-]+;base64,)?[A-Za-z0-9+/_-]{300,}={0,2}")
"""A file in a string: nobody reads it."""

_TOKEN = re.compile(
    r'"[^"\\]*(?:\\.[^"\\]*)*(?P<closed>")?|(?P<open>[{\[])|(?P<close>[}\]])|(?P<sign>[,:])|[^\s{}\[\],:"]+', re.DOTALL
)
_HALF_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?$")


class Number(Struct, frozen=True, gc=False):
    """A number as it was written: `1.0` is not `1`, and no digit is lost."""

    text: str


class Printed(Struct, frozen=True, gc=False):
    """A line of a value. `size`: lines behind it that fold into it, `brief`: what it says then, `closed`: starts so."""

    line: Line
    size: int = 0
    brief: str = ""
    closed: bool = False


def parse(text: str) -> Any:
    """The value, with every number a `Number`. Raises ValueError where it is no JSON, or too deep to read."""
    try:
        return json.loads(text, parse_int=Number, parse_float=Number, strict=False)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def parse_cut(text: str) -> Any:
    """The value of a text that ends too early: what is open is closed. Raises ValueError as `parse`."""
    return parse(mended(text))


def mended(text: str) -> str:
    """The text up to its last whole value, with what is open closed; half a string is kept."""
    closers: list[str] = []
    safe, key_next = 0, False
    for token in _TOKEN.finditer(text):
        head = token[0][0]
        if head == '"' and not token["closed"]:
            if key_next:
                break
            return _HALF_ESCAPE.sub("", text) + '"' + "".join(reversed(closers))
        if token["open"]:
            closers.append("}" if head == "{" else "]")
        elif token["close"] and closers:
            closers.pop()
        if token["sign"] or token["open"]:
            key_next = bool(closers) and closers[-1] == "}" and head != ":"
            safe = token.end() if token["open"] else safe
        elif token["close"] or (not key_next and (head == '"' or token.end() < len(text))):
            safe = token.end()
    return text[:safe] + "".join(reversed(closers))


def cleaned(text: str) -> str:
    """One line without anything a terminal obeys; tabs are four blanks."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text).replace("\t", "    ").replace("\n", "\\n")


def text_lines(text: str) -> Iterator[str]:
    """A text as lines of at most `LONGEST` characters, clean."""
    for each in text.split("\n"):
        whole = cleaned(each.removesuffix("\r"))
        yield whole[:LONGEST]
        for at in range(LONGEST, len(whole), LONGEST):
            yield whole[at : at + LONGEST]


def text_rows(text: str, tone: Tone = "plain") -> list[Row]:
    """Any text, a row for each line."""
    return [Row(line(each, tone)) for each in text_lines(text)]


def printed(value: Any, depth: int = 0, key: str | None = None) -> list[Printed]:
    """The lines of one value, `key: ` before the first. Raises RecursionError for one that is nested too deep."""
    match value:
        case dict() | list() if not value or _is_short(value):
            return [Printed(_line(depth, key, [*_short(value)]))]
        case dict():
            inner = [each for name, item in value.items() for each in printed(item, depth + 1, name)]
            return _container(depth, key, "{", inner, f" … {_count(len(value), 'key')} }}")
        case list():
            inner = [each for item in value for each in printed(item, depth + 1)]
            return _container(depth, key, "[", inner, f" … {_count(len(value), 'item')} ]")
        case str():
            return _string(value, depth, key)
        case _:
            return [Printed(_line(depth, key, [*_short(value)]))]


def _container(depth: int, key: str | None, opener: str, inner: list[Printed], brief: str) -> list[Printed]:
    last = Printed(_line(depth, None, [("}" if opener == "{" else "]", "dim")]))
    return [Printed(_line(depth, key, [(opener, "dim")]), len(inner) + 1, brief), *inner, last]


def open_line(value: dict[str, Any] | list[Any], depth: int, key: str | None) -> tuple[Line, Line, str]:
    """The first and last line of an object or array whose inside is written by somebody else, and its brief."""
    whole = _container(depth, key, "{" if isinstance(value, dict) else "[", [], "")
    noun = "key" if isinstance(value, dict) else "item"
    return whole[0].line, whole[1].line, f" … {_count(len(value), noun)} {'}' if isinstance(value, dict) else ']'}"


def _line(depth: int, key: str | None, parts: list[Piece]) -> Line:
    head: list[Piece] = [(" " * (INDENT * depth), "plain")] if depth else []
    if key is not None:
        head += [(cleaned(key)[:LONGEST], "accent"), (": ", "dim")]
    return Line((*head, *parts), INDENT * (depth + 1))


def _is_short(value: Any) -> bool:
    """Whether it fits on one line: plain values only, few of them."""
    items = value.values() if isinstance(value, dict) else value
    if len(value) > 8 or any(isinstance(item, dict | list) for item in items):
        return False
    if any(isinstance(item, str) and (len(item) > SHORT or "\n" in item) for item in items):
        return False
    return sum(len(text) for text, _ in _short(value)) <= SHORT


def _short(value: Any) -> Iterator[Piece]:
    """A value on one line."""
    match value:
        case dict() | list():
            yield from _short_container(value)
        case str():
            yield f'"{cleaned(value)}"', "plain"
        case Number(text=text):
            yield text[:LONGEST], "info"
        case True | False:
            yield str(value).lower(), "info"
        case None:
            yield "null", "info"
        case _:  # NaN and infinities, which some upstreams write
            yield str(value), "info"


def _short_container(value: dict[str, Any] | list[Any]) -> Iterator[Piece]:
    named = isinstance(value, dict)
    pad = " " if named and value else ""
    yield ("{" if named else "[") + pad, "dim"
    pairs: Iterable[tuple[str | None, Any]] = value.items() if isinstance(value, dict) else ((None, x) for x in value)
    for number, (name, item) in enumerate(pairs):
        if number:
            yield ", ", "dim"
        if name is not None:
            yield cleaned(name), "accent"
            yield ": ", "dim"
        yield from _short(item)
    yield pad + ("}" if named else "]"), "dim"


def _string(value: str, depth: int, key: str | None) -> list[Printed]:
    if _DATA.fullmatch(value):
        return _data(value, depth, key)
    lines = string_lines(value)
    if len(lines) == 1:
        return [Printed(_line(depth, key, [(f'"{lines[0]}"', "plain")]))]
    brief = f' … {_count(len(lines), "line")}"'
    first = Printed(_line(depth, key, [(f'"{lines[0]}', "plain")]), len(lines) - 1, brief)
    rest = [Printed(continuation(each, depth)) for each in lines[1:-1]]
    return [first, *rest, Printed(continuation(lines[-1] + '"', depth))]


def string_lines(value: str) -> list[str]:
    """The lines of a string, clean."""
    return list(text_lines(value))


def continuation(text: str, depth: int) -> Line:
    """A further line of a string: the bar before it says that it is no line of the document."""
    indent = " " * (INDENT * (depth + 1))
    return Line(((indent, "plain"), ("┊ ", "dim"), (text, "plain")), len(indent) + 2)


def first_line(text: str, depth: int, key: str | None) -> Line:
    """The first line of a string that goes on."""
    return _line(depth, key, [(f'"{text}', "plain")])


def _data(value: str, depth: int, key: str | None) -> list[Printed]:
    rest = [Printed(continuation(each, depth)) for each in text_lines(value)]
    head = _line(depth, key, [(f'"{value[:40]}', "plain")])
    return [Printed(head, len(rest), f'…" {size(len(value))}', closed=True), *rest]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
