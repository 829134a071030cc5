"""What conversation a request belongs to, and that it stays where it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from a2a.gateway.affinity import Affinity, Conversation, conversation

USER = {"role": "user", "content": "hello"}
SAID = {"role": "assistant", "content": "hi"}


def body(**fields: Any) -> bytes:
    return json.dumps({"model": "m", **fields}).encode()


@pytest.mark.parametrize("header", ["x-claude-code-session-id", "session-id", "x-session-affinity"])
def test_a_session_header_names_it(header: str) -> None:
    assert conversation({header: "s1"}, b"not even json") == Conversation("session s1", True)


@pytest.mark.parametrize("key", ["prompt_cache_key", "previous_response_id"])
def test_so_does_a_key_of_the_body(key: str) -> None:
    found = conversation({}, body(messages=[USER], **{key: "k1"}))
    assert found == Conversation(f'{key} "k1"', True)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"messages": [USER]}, {"messages": [USER, SAID, USER]}),
        ({"system": "s", "messages": [USER]}, {"system": "s", "messages": [USER, SAID, USER]}),
        ({"input": [USER]}, {"input": [USER, SAID, USER]}),
        (
            {"contents": [{"role": "user", "parts": []}]},
            {"contents": [{"role": "user", "parts": []}, {"role": "model", "parts": []}]},
        ),
    ],
)
def test_later_turns_have_the_key_of_the_first(first: dict[str, Any], second: dict[str, Any]) -> None:
    new, later = conversation({}, body(**first)), conversation({}, body(**second))
    assert new is not None
    assert later is not None
    assert (new.known, later.known) == (False, True)
    assert new.key == later.key


def test_other_beginnings_are_other_conversations() -> None:
    one = conversation({}, body(system="a", messages=[USER, SAID]))
    other = conversation({}, body(system="b", messages=[USER, SAID]))
    assert one != other


@pytest.mark.parametrize("data", [b"", b"{", b'{"model":"m"}', b"[]"])
def test_a_body_that_says_nothing_is_no_conversation(data: bytes) -> None:
    assert conversation({}, data) is None


def test_only_what_may_be_known_is_looked_up() -> None:
    affinity = Affinity()
    affinity.bind("p", Conversation("k", False), "account")
    assert affinity.account("p", Conversation("k", False)) is None
    assert affinity.account("p", Conversation("k", True)) == "account"
    assert affinity.account("other", Conversation("k", True)) is None


def test_the_oldest_binding_goes() -> None:
    affinity = Affinity(size=2)
    for key in ("a", "b", "c"):
        affinity.bind("p", Conversation(key, True), key)
    assert [affinity.account("p", Conversation(key, True)) for key in ("a", "b", "c")] == [None, "b", "c"]
