"""What is wrong with a value or a file, for people who do not know Python's types and its TOML reader."""

from __future__ import annotations

import re

_TYPE = re.compile(r"`(\w+)(?: \| null)?`")
_TYPES = {
    "float": "a number",
    "int": "a whole number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}
_PHRASES = (
    (re.compile(r"^Expected"), "expected"),
    (re.compile(r"^Invalid enum value ('.*'|\S+)"), r"there is no \1"),
    (re.compile(r"^Object missing required field `(\w+)`"), r"\1 is missing"),
    (re.compile(r"^Object contains unknown field `(\w+)`"), r"there is no field \1"),
    (re.compile(r"^(Input data was truncated|JSON is malformed)"), r"this is no JSON: \1"),
)
_TWICE = re.compile(r"Cannot declare \((.+?),?\) twice")
_HINTS = {
    "Invalid value": 'text stands in quotes: strategy = "weighted"; numbers, true and false do not',
    "Cannot overwrite a value": "that key stands there twice",
}
"""What `tomllib` says -> what it mostly means."""


def of_value(message: str) -> str:
    """What msgspec says of a value: ``expected a whole number, got text``, behind its key where it names one."""
    told, _, place = message.partition(" - at `$")
    for pattern, plain in _PHRASES:
        told = pattern.sub(plain, told)
    words = _TYPE.sub(lambda found: _TYPES.get(found[1], found[0]), told)
    key = place.rstrip("`").lstrip(".")
    return f"{key}: {words}" if key else words


def of_syntax(message: str) -> tuple[str, str | None]:
    """What `tomllib` says of a file, and the hint."""
    if twice := _TWICE.fullmatch(message):
        table = ".".join(name.strip().strip("'\"") for name in twice[1].split(","))
        return f"the table [{table}] is declared twice", "its keys go under one heading"
    return message, _HINTS.get(message)
