"""Which event of a passed-through stream is the first content: until then another account may still take over."""

from __future__ import annotations

import pytest

from a2a.protocols.registry import READERS
from a2a.protocols.tap import Tap

ROLE = (
    b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}]}\n\n'
)
START = b'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":3}}}\n\n'


@pytest.mark.parametrize(
    ("proto", "opening"),
    [
        ("chat", b": keep-alive\n\n"),
        ("chat", ROLE),
        ("chat", b'data: {"choices":[],"prompt_filter_results":[]}\n\n'),
        ("claude", START),
        ("claude", START + b'event: ping\ndata: {"type":"ping"}\n\n'),
    ],
)
def test_an_opening_is_no_content(proto: str, opening: bytes) -> None:
    tap = Tap(READERS[proto])
    assert not tap.first(opening)
    assert tap.glance.failure is None


@pytest.mark.parametrize(
    "delta",
    [
        '{"content":"x"}',
        '{"role":"assistant","content":"x"}',
        '{"reasoning_content":"x"}',
        '{"tool_calls":[{"index":0}]}',
        '{"something":"new"}',
    ],
)
def test_any_delta_beyond_the_role_is_content(delta: str) -> None:
    assert Tap(READERS["chat"]).first(b'data: {"choices":[{"index":0,"delta":%b}]}\n\n' % delta.encode())


def test_a_finish_is_content() -> None:
    assert Tap(READERS["chat"]).first(b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n')


def test_a_block_is_content() -> None:
    assert Tap(READERS["claude"]).first(START + b'event: content_block_start\ndata: {"type":"content_block_start"}\n\n')


@pytest.mark.parametrize(
    ("proto", "stream"),
    [
        ("chat", ROLE + b'data: {"error":{"message":"busy","type":"server_error"}}\n\n'),
        (
            "claude",
            START + b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}\n\n',
        ),
    ],
)
def test_an_error_behind_the_opening_is_a_failure(proto: str, stream: bytes) -> None:
    tap = Tap(READERS[proto])
    assert tap.first(stream)
    assert tap.glance.failure is not None
    assert tap.glance.failure.message == "busy"
