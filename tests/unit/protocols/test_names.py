"""names: legal for the target, the same every time, one to one."""

from __future__ import annotations

import re
from typing import Any

import pytest

from a2a.protocols.names import flat_name, name_map, safe_name

LONG = "mcp__server__" + "very_" * 20


def test_vectors(vectors: dict[str, Any]) -> None:
    for row in vectors["edges"]["tool_names"]:
        given = row["in"]
        name = given if isinstance(given, str) else flat_name(given["name"], given["namespace"])
        for target, pattern in (("chat", "openai"), ("claude", "openai"), ("gemini", "gemini")):
            assert safe_name(name, pattern=pattern) == row.get(target, row.get("all")), row


def test_kiro_has_its_own_limit() -> None:
    name = safe_name(LONG, pattern="kiro")
    assert len(name) == 63
    assert re.fullmatch(r".{54}_[0-9a-f]{8}", name)


def test_names_that_would_meet_are_told_apart() -> None:
    names = name_map(["a.b", "a/b", "a_b", "c"])
    assert names["a_b"] == "a_b"
    assert names["c"] == "c"
    assert len(set(names.values())) == 4
    assert all(re.fullmatch(r"a_b_[0-9a-f]{8}", names[name]) for name in ("a.b", "a/b"))


def test_the_map_does_not_depend_on_the_order() -> None:
    names = ["a.b", "a/b", "a_b", LONG, LONG + "!"]
    assert name_map(names) == name_map(reversed(names))


@pytest.mark.parametrize(
    ("given", "expected"),
    [("toolu_01-A", "toolu_01-A"), ("call:1.2", "call_1_2"), ("name__id é", "name__id__"), ("", "_")],
)
def test_ids(given: str, expected: str) -> None:
    assert safe_name(given) == expected


def test_a_long_id_is_cut_to_the_limit() -> None:
    assert len(safe_name("call_" + "x" * 100)) == 64
