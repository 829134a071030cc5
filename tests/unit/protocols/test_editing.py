"""A body edited on the byte path reads as the neutral form would with the same edit; what is not touched keeps its
bytes."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from a2a.errors import RequestError
from a2a.protocols.editing import get, put
from a2a.protocols.registry import EDITORS, FRONTS

OURS = "Speak as a pirate."
CACHED = {"type": "text", "text": "two", "cache_control": {"type": "ephemeral"}}


def user(text: str = "hi") -> dict[str, Any]:
    return {"role": "user", "content": text}


BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "chat without": ("chat", {"messages": [user()]}),
    "chat one": ("chat", {"messages": [{"role": "system", "content": "one"}, user()]}),
    "chat developer": ("chat", {"messages": [{"role": "developer", "content": "one"}, user()]}),
    "chat two": (
        "chat",
        {"messages": [{"role": "system", "content": "one"}, {"role": "system", "content": "two"}, user()]},
    ),
    "chat parts": ("chat", {"messages": [{"role": "system", "content": [{"type": "text", "text": "one"}]}, user()]}),
    "chat empty": ("chat", {"messages": [{"role": "system", "content": ""}, user()]}),
    "chat later": ("chat", {"messages": [user(), {"role": "system", "content": "later"}, user()]}),
    "responses without": ("responses", {"input": "hi"}),
    "responses instructions": ("responses", {"instructions": "one", "input": [user()]}),
    "responses items": ("responses", {"input": [{"role": "developer", "content": "one"}, user()]}),
    "responses both": (
        "responses",
        {"instructions": "one", "input": [{"role": "system", "content": "two"}, user()]},
    ),
    "claude without": ("claude", {"max_tokens": 9, "messages": [user()]}),
    "claude text": ("claude", {"max_tokens": 9, "system": "one", "messages": [user()]}),
    "claude empty": ("claude", {"max_tokens": 9, "system": "", "messages": [user()]}),
    "claude blocks": (
        "claude",
        {"max_tokens": 9, "system": [{"type": "text", "text": "one"}, CACHED], "messages": [user()]},
    ),
    "gemini without": ("gemini", {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
    "gemini content": (
        "gemini",
        {"systemInstruction": {"role": "user", "parts": [{"text": "one"}]}, "contents": [{"parts": [{"text": "hi"}]}]},
    ),
    "gemini snake": (
        "gemini",
        {"system_instruction": {"parts": [{"text": "one"}]}, "contents": [{"parts": [{"text": "hi"}]}]},
    ),
    "gemini text": ("gemini", {"systemInstruction": "one", "contents": [{"parts": [{"text": "hi"}]}]}),
    "gemini one part": (
        "gemini",
        {"system_instruction": {"parts": {"text": "one"}}, "contents": {"parts": {"text": "hi"}}},
    ),
    "gemini list": ("gemini", {"systemInstruction": [{"text": "one"}], "contents": [{"parts": [{"text": "hi"}]}]}),
}


def edited(name: str, *, append: bool) -> tuple[Any, Any, bool]:
    """The client's request and the edited one in neutral form, and whether the client had a system prompt."""
    proto, body = BODIES[name]
    before = json.dumps({"model": "m", **body}).encode()
    top = msgspec.json.decode(before, type=dict[str, Raw])
    had = EDITORS[proto].system(top, OURS, append=append, role="system")
    after = msgspec.json.encode(top)
    parse = FRONTS[proto].parse_request
    return parse(before, headers={}, model="m"), parse(after, headers={}, model="m"), had


@pytest.mark.parametrize("name", BODIES)
def test_ours_replaces_what_stands_before_the_conversation(name: str) -> None:
    before, after, had = edited(name, append=False)
    assert [text.text for text in after.system] == [OURS]
    assert after.messages == before.messages
    assert had is bool(before.system)


@pytest.mark.parametrize("name", BODIES)
def test_ours_comes_behind_the_clients(name: str) -> None:
    before, after, had = edited(name, append=True)
    told = "\n\n".join(text.text for text in after.system)
    assert told == "\n\n".join([*(text.text for text in before.system), OURS])
    assert after.messages == before.messages
    assert had is bool(before.system)


@pytest.mark.parametrize("append", [True, False])
def test_a_cached_prefix_ends_with_ours(append: bool) -> None:
    _, after, _ = edited("claude blocks", append=append)
    assert [text.cache is not None for text in after.system] == [False, False, True][-len(after.system) :]


def test_a_chat_message_keeps_its_role() -> None:
    top = {"messages": Raw(json.dumps([{"role": "developer", "content": "one"}, user()]).encode())}
    EDITORS["chat"].system(top, OURS, append=False, role="system")
    assert json.loads(bytes(top["messages"])) == [{"role": "developer", "content": OURS}, user()]


def test_other_bytes_stay_as_they_are() -> None:
    message = b'{"role": "user",  "content": "\\u00e4", "n": 1.50}'
    top = msgspec.json.decode(b'{"temperature": 1.50, "messages": [' + message + b"]}", type=dict[str, Raw])
    EDITORS["chat"].system(top, OURS, append=True, role="system")
    assert bytes(top["temperature"]) == b"1.50"
    assert message in bytes(top["messages"])


@pytest.mark.parametrize(
    ("proto", "body"),
    [
        ("chat", {"messages": "hi"}),
        ("chat", {"messages": ["hi"]}),
        ("responses", {"input": ["hi"]}),
        ("gemini", {"systemInstruction": 3}),
    ],
)
def test_a_body_of_another_shape_is_the_clients_mistake(proto: str, body: dict[str, Any]) -> None:
    top = msgspec.json.decode(json.dumps(body).encode(), type=dict[str, Raw])
    with pytest.raises(RequestError):
        EDITORS[proto].system(top, OURS, append=True, role="system")


def test_values_are_found_and_put_in_either_spelling() -> None:
    top = msgspec.json.decode(b'{"generation_config": {"top_p": 0.50, "x": 1}}', type=dict[str, Raw])
    assert bytes(get(top, "generationConfig.topP") or b"") == b"0.50"
    put(top, "generationConfig.topP", Raw(b"1"))
    put(top, "generationConfig.thinkingConfig.thinkingBudget", Raw(b"2"))
    assert json.loads(msgspec.json.encode(top)) == {
        "generation_config": {"top_p": 1, "x": 1, "thinkingConfig": {"thinkingBudget": 2}}
    }


def test_an_object_that_is_left_empty_goes() -> None:
    top = {"reasoning": Raw(b'{"effort":"low"}')}
    put(top, "reasoning.effort", None)
    assert top == {}
