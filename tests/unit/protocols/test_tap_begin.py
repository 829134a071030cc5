"""Which event of a passed-through stream is the first content: until then another account may still take over."""

from __future__ import annotations

import json
from typing import Any

import pytest

from a2a.protocols.registry import READERS
from a2a.protocols.sse import SseEvent
from a2a.protocols.tap import Glance, Tap, opening_alone, without_opening

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


def event(proto: str, body: dict[str, Any]) -> bytes:
    """One event of a stream, named where its protocol names them."""
    name = b"" if proto in ("chat", "gemini") else b"event: " + body["type"].encode() + b"\n"
    return name + b"data: " + json.dumps(body).encode() + b"\n\n"


def block(**content: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": 0, "content_block": content}


def claude_delta(**delta: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": 0, "delta": delta}


def item(**fields: Any) -> dict[str, Any]:
    fields = {"id": "i", "status": "in_progress", **fields}
    return {"type": "response.output_item.added", "output_index": 0, "item": fields}


def response_part(**fields: Any) -> dict[str, Any]:
    return {"type": "response.content_part.added", "item_id": "i", "part": fields}


def parts(*parts: dict[str, Any], **candidate: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}, **candidate}]}


@pytest.mark.parametrize(
    ("proto", "body"),
    [
        ("claude", block(type="text", text="")),
        ("claude", block(type="text", text="", citations=None)),
        ("claude", block(type="thinking", thinking="", signature="")),
        ("claude", claude_delta(type="text_delta", text="")),
        ("responses", item(type="message", role="assistant", content=[], phase="commentary")),
        ("responses", item(type="reasoning", summary=[])),
        ("responses", response_part(type="output_text", text="", annotations=[], logprobs=[])),
        ("responses", {"type": "response.output_text.delta", "delta": ""}),
        ("gemini", parts()),
        ("gemini", parts({"text": ""})),
        ("gemini", parts({"text": "", "thought": True}, index=0)),
        ("gemini", {"candidates": [{"index": 0}]}),
        ("gemini", {"candidates": [{"content": {"role": "model"}}]}),
    ],
)
def test_a_part_that_says_nothing_yet_is_hollow(proto: str, body: dict[str, Any]) -> None:
    tap = Tap(READERS[proto])
    assert not tap.first(event(proto, body))
    assert tap.glance.hollow
    assert not tap.glance.opened


@pytest.mark.parametrize(
    ("proto", "body"),
    [
        ("claude", block(type="text", text="x")),
        ("claude", block(type="tool_use", id="t", name="look", input={})),
        ("claude", block(type="redacted_thinking", data="")),
        ("claude", block(type="thinking", thinking="", signature="sig")),
        ("claude", claude_delta(type="text_delta", text="x")),
        ("claude", claude_delta(type="signature_delta", signature="sig")),
        ("claude", {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}),
        ("claude", {"type": "content_block_delta", "delta": 5}),
        ("responses", item(type="function_call", name="look", arguments="", call_id="c")),
        ("responses", item(type="web_search_call")),
        ("responses", item(type="reasoning", summary=[], encrypted_content="x")),
        ("responses", response_part(type="output_text", text="x")),
        ("responses", {"type": "response.output_text.delta", "delta": "x"}),
        ("responses", {"type": "response.output_text.done", "text": ""}),
        ("responses", {"type": "response.output_item.added", "item": 5}),
        ("responses", {"type": "response.something_new.added", "thing": {}}),
        ("gemini", parts({"text": "x"})),
        ("gemini", parts({"functionCall": {"name": "look", "args": {}}})),
        ("gemini", parts({"text": "", "thoughtSignature": "sig"})),
        ("gemini", parts({"text": ""}, finishReason="STOP")),
        ("gemini", {"candidates": [{"content": {"parts": 5}}]}),
        ("gemini", {"promptFeedback": {"blockReason": "SAFETY"}}),
    ],
)
def test_whatever_says_something_is_content(proto: str, body: dict[str, Any]) -> None:
    tap = Tap(READERS[proto])
    assert tap.first(event(proto, body))
    assert (tap.glance.begun, tap.glance.hollow, tap.glance.failure) == (True, False, None)


def test_the_end_of_an_empty_block_is_no_content() -> None:
    stop = {"type": "content_block_stop", "index": 0}
    assert not Tap(READERS["claude"]).first(
        START + event("claude", block(type="text", text="")) + event("claude", stop)
    )


def test_behind_the_first_content_nobody_looks_again() -> None:
    glance = Glance(begun=True)
    empty = SseEvent("", json.dumps(claude_delta(type="text_delta", text="")).encode())
    assert READERS["claude"].event(empty, glance)
    assert not glance.hollow


HOLLOW = event("claude", block(type="text", text=""))
WORD = event("claude", claude_delta(type="text_delta", text="x"))


def test_an_opening_ends_before_the_first_part() -> None:
    reader = READERS["claude"]
    ping = b'event: ping\ndata: {"type":"ping"}\n\n'
    assert opening_alone(reader, START + ping + HOLLOW) == START + ping
    assert without_opening(reader, START + ping + HOLLOW + ping + WORD) == HOLLOW + ping + WORD


def test_an_opening_with_other_line_ends_is_left_whole() -> None:
    assert opening_alone(READERS["claude"], START.replace(b"\n", b"\r\n") + HOLLOW) == b""


@pytest.mark.parametrize(
    ("proto", "stream"),
    [
        ("chat", ROLE + b'data: {"error":{"message":"busy","type":"server_error"}}\n\n'),
        (
            "claude",
            START + b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}\n\n',
        ),
        (
            "claude",
            START
            + HOLLOW
            + event("claude", {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}),
        ),
        (
            "responses",
            event("responses", item(type="message", content=[]))
            + event("responses", {"type": "error", "code": "server_error", "message": "busy"}),
        ),
        (
            "gemini",
            event("gemini", parts({"text": ""})) + event("gemini", {"error": {"code": 503, "message": "busy"}}),
        ),
    ],
)
def test_an_error_behind_the_opening_is_a_failure(proto: str, stream: bytes) -> None:
    tap = Tap(READERS[proto])
    assert tap.first(stream)
    assert tap.glance.failure is not None
    assert tap.glance.failure.message == "busy"
