"""A rendered request as the body of a count route, and the number that comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from a2a.errors import BadUpstream
from a2a.protocols.counting import count_body, read_count


def counted(proto: str, **body: Any) -> Any:
    return json.loads(count_body(proto, json.dumps(body).encode(), "m"))


def test_claude_counts_a_request_without_the_limits_of_its_answer() -> None:
    body = counted("claude", model="m", max_tokens=5, stream=True, temperature=1, system="s", messages=[], thinking={})
    assert body == {"model": "m", "system": "s", "messages": [], "thinking": {}}


def test_responses_takes_what_its_route_knows() -> None:
    body = counted("responses", model="m", input=[], instructions="s", store=False, include=["x"], max_output_tokens=9)
    assert body == {"model": "m", "input": [], "instructions": "s"}


def test_gemini_counts_a_whole_request_inside_another() -> None:
    assert counted("gemini", contents=[]) == {"generateContentRequest": {"model": "models/m", "contents": []}}


def test_code_assist_counts_contents_alone() -> None:
    body = counted("codeassist", model="m", project="p", request={"contents": [], "tools": [], "systemInstruction": {}})
    assert body == {"request": {"model": "models/m", "contents": []}}


@pytest.mark.parametrize(
    ("proto", "body"),
    [
        ("claude", b'{"input_tokens": 7}'),
        ("responses", b'{"object": "response.input_tokens", "input_tokens": 7}'),
        ("gemini", b'{"totalTokens": 7, "promptTokensDetails": []}'),
        ("codeassist", b'{"totalTokens": 7}'),
    ],
)
def test_the_number(proto: str, body: bytes) -> None:
    assert read_count(proto, body) == 7


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"input_tokens": "many"}', b'{"input_tokens": null}'])
def test_no_number(body: bytes) -> None:
    with pytest.raises(BadUpstream):
        read_count("claude", body)
