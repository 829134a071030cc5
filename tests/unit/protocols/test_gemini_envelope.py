"""Code Assist's wrapper around requests and answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from a2a.errors import RequestError
from a2a.protocols.gemini.envelope import conversation_ids, wrap

HI: Any = {"role": "user", "parts": [{"text": "hi"}]}


def _wrap(body: Any, project: str = "acme-dev-1") -> tuple[Any, list[str]]:
    data, lost = wrap(
        json.dumps(body).encode(), model="models/gemini-2.5-pro", project=project, session_id="s", prompt_id="p"
    )
    return json.loads(data), lost


def test_the_specifications_envelope() -> None:
    """gemini-cli.md 6."""
    config = {
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
        "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 8192},
    }
    inside = {
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "contents": [],
        "tools": [{"functionDeclarations": []}],
        "generationConfig": config,
    }
    wrapped, lost = _wrap(inside)
    assert wrapped == {
        "model": "gemini-2.5-pro",
        "project": "acme-dev-1",
        "user_prompt_id": "p",
        "request": {**inside, "session_id": "s"},
    }
    assert [*wrapped] == ["model", "project", "user_prompt_id", "request"]
    assert lost == []


def test_unknown_names_are_left_out() -> None:
    body = {
        "contents": [HI],
        "cached_content": "x",
        "model": "m",
        "generation_config": {"top_p": 1, "brandNew": 1},
        "serviceTier": "flex",
    }
    wrapped, lost = _wrap(body, project="")
    assert "project" not in wrapped
    assert wrapped["request"] == {"contents": [HI], "generationConfig": {"topP": 1}, "session_id": "s"}
    assert lost == ["cachedContent", "serviceTier", "generationConfig.brandNew"]


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"contents":1}'])
def test_nonsense_is_the_clients_fault(body: bytes) -> None:
    with pytest.raises(RequestError):
        conversation_ids(body)


def test_no_object_cannot_be_wrapped() -> None:
    with pytest.raises(RequestError):
        wrap(b"[]", model="m", project="", session_id="s", prompt_id="p")


def test_ids_tell_conversations_and_turns_apart() -> None:
    def ids(*contents: Any) -> tuple[str, str]:
        return conversation_ids(json.dumps({"contents": contents}).encode())

    first, again, later, other = ids(HI), ids(HI), ids(HI, {"role": "model"}, HI), ids({"parts": []}, HI)
    assert first == again
    assert (first[0] == later[0], first[1] == later[1]) == (True, False)
    assert first[0] != other[0]
    assert len(first[0]) == 36
    assert ids()[0]
