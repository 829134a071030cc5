"""Code Assist's wrapper around requests and answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gemini_kit import chunk, chunks, conversion, events_of, golden_stream, sse

from a2a.errors import RequestError
from a2a.protocols.fold import fold
from a2a.protocols.gemini.envelope import Unwrapper, conversation_ids, unwrap, wrap, wrap_count

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


def test_counting_takes_contents_only() -> None:
    for body in ({"contents": [HI], "tools": []}, {"generateContentRequest": {"model": "models/x", "contents": [HI]}}):
        wrapped = json.loads(wrap_count(json.dumps(body).encode(), "gemini-2.5-pro"))
        assert wrapped == {"request": {"model": "models/gemini-2.5-pro", "contents": [HI]}}


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


@pytest.mark.parametrize(
    ("wire", "bare"),
    [
        ({"response": {"candidates": []}, "traceId": "t"}, {"candidates": [], "responseId": "t"}),
        ({"response": {"candidates": [], "responseId": "r"}, "traceId": "t"}, {"candidates": [], "responseId": "r"}),
        ({"response": {"candidates": []}, "consumedCredits": []}, {"candidates": []}),
        ({"error": {"code": 429}}, {"error": {"code": 429}}),
        ([{"error": {"code": 429}}], [{"error": {"code": 429}}]),
        ({"totalTokens": 3}, {"totalTokens": 3}),
        ({"traceId": "t"}, {"candidates": []}),
    ],
)
def test_answers_are_unwrapped(wire: Any, bare: Any) -> None:
    assert json.loads(unwrap(json.dumps(wire).encode())) == bare


def test_what_is_no_json_is_left_alone() -> None:
    assert unwrap(b"<html>") == b"<html>"
    assert unwrap(b'{"response":1}') == b'{"response":1}'


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_streams_are_unwrapped(size: int) -> None:
    bare = chunks(golden_stream())
    data = sse(*({"response": value, "traceId": "t"} for value in bare), end="\r\n\r\n")
    unwrapper = Unwrapper()
    out = b"".join(unwrapper.feed(data[at : at + size]) for at in range(0, len(data), size)) + unwrapper.eof()
    assert chunks(out) == bare
    assert fold(events_of(out), "gemini") == fold(events_of(data, conv=conversion()), "gemini")


def test_an_unfinished_event_stays_unfinished() -> None:
    unwrapper = Unwrapper()
    data = sse({"response": chunk({"text": "a"}, finish="STOP")})
    assert unwrapper.feed(data[:-9]) == b""
    assert events_of(unwrapper.eof())[-1].kind == "truncated"  # type: ignore[union-attr]


def test_an_error_instead_of_a_stream() -> None:
    unwrapper = Unwrapper()
    body = b'[{"error":{"code":429}}]'
    assert unwrapper.feed(body[:5]) + unwrapper.feed(body[5:]) == b""
    assert unwrapper.eof() == body
