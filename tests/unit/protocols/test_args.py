"""args: argument text as providers really send it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from a2a.protocols.args import as_object, usable


def test_vector_empty_and_broken_args(vectors: dict[str, Any]) -> None:
    vector = next(one for one in vectors["edges"]["vectors"] if one["id"] == "empty-and-broken-args")
    got = [usable(case) for case in vector["in"]["cases"]]
    assert [None if text is None else json.loads(text) for text in got] == vector["out"]["claude"]["inputs"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  ", "{}"),
        ('{"b" : 1.50, "a": 1e5}', '{"b" : 1.50, "a": 1e5}'),
        ("[1, 2]", '{"value":[1, 2]}'),
        ("5", '{"value":5}'),
        ('"plain"', '{"value":"plain"}'),
        ('"{\\"a\\": 1.50}"', '{"a": 1.50}'),
        ('""', "{}"),
        ('"{\\"a\\": "', None),
        ("not json", None),
        ("{'a': 1}", None),
        ("[" * 100_000, None),
    ],
)
def test_usable(text: str, expected: str | None) -> None:
    assert usable(text) == expected


def test_an_object_for_a_history_is_one_line_with_its_numbers() -> None:
    assert bytes(as_object('{\n "a" : 1.50\n}')) == b'{"a":1.50}'


def test_unusable_text_stays_with_its_call() -> None:
    assert json.loads(bytes(as_object('{"a": 1'))) == {"_raw": '{"a": 1'}


def test_free_text_of_a_custom_tool() -> None:
    assert json.loads(bytes(as_object('{"a": 1}', custom=True))) == {"input": '{"a": 1}'}


@pytest.mark.parametrize(("text", "kept"), [('{"a":1e400}', False), ('{"a":1e300,"b":"2e999"}', True)])
def test_a_number_nobody_can_read_stays_as_text(text: str, kept: bool) -> None:
    made = bytes(as_object(text)).decode()
    assert made == text if kept else json.loads(made) == {"_raw": text}
