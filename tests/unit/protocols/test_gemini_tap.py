"""What the byte path reads of Gemini bytes it does not change."""

from __future__ import annotations

import json
from typing import Any

import pytest

from a2a.protocols.gemini.tap import reader
from a2a.protocols.sse import SseEvent
from a2a.protocols.tap import Glance

CALL: dict[str, Any] = {"functionCall": {"name": "f", "args": {}}}
TEXT: dict[str, Any] = {"text": 'say "functionCall"'}


def chunk(*parts: dict[str, Any], finish: str | None = None) -> bytes:
    return json.dumps({"candidates": [{"content": {"parts": parts}, "finishReason": finish}]}).encode()


@pytest.mark.parametrize(
    ("chunks", "stop"),
    [
        ([chunk(TEXT, finish="STOP")], "STOP"),
        ([chunk(CALL, finish="STOP")], "tool_call"),
        ([chunk(CALL), chunk({"text": ""}, finish="STOP")], "tool_call"),
        ([chunk(CALL), chunk(finish="MAX_TOKENS")], "MAX_TOKENS"),
    ],
)
def test_a_call_ends_with_the_same_word_as_an_answer(chunks: list[bytes], stop: str) -> None:
    glance = Glance()
    for data in chunks:
        assert reader.event(SseEvent("", data), glance)
    assert (glance.stop, glance.complete) == (stop, True)
    if len(chunks) == 1:
        assert reader.whole(chunks[0]).stop == stop
