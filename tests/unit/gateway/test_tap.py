"""Taps: what the byte path reads from bytes it does not change, of Chat and Claude, in any split."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from a2a.messages import Usage
from a2a.protocols import tap as module
from a2a.protocols.registry import READERS
from a2a.protocols.sse import SseEvent, SseReader
from a2a.protocols.tap import KEEP_BYTES, Glance, Tap, without_opening
from a2a.protocols.tokens import text_tokens

VECTORS = Path(__file__).parents[2] / "golden" / "vectors"
STREAMS = {name: (VECTORS / f"{name}.stream.sse").read_bytes() for name in ("chat", "claude")}


def sse(*events: Any) -> bytes:
    return b"".join(b"data: " + (e if isinstance(e, bytes) else json.dumps(e).encode()) + b"\n\n" for e in events)


def chat_chunk(text: str = "x", finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": text}, "finish_reason": finish}], **more}


def run(proto: str, *pieces: bytes) -> tuple[Glance, int | None]:
    """The glance at the end, and the number of the piece with which the answer began (or an error was seen)."""
    tap = Tap(READERS[proto])
    began: int | None = None
    for number, piece in enumerate(pieces):
        if began is not None:
            tap.feed(piece)
        elif tap.first(piece):
            began = number
    return tap.close(), began


@pytest.mark.parametrize("proto", STREAMS)
def test_the_golden_streams(proto: str) -> None:
    glance, began = run(proto, STREAMS[proto])
    assert (glance.complete, glance.failure, began) == (True, None, 0)
    assert glance.usage is not None
    assert glance.stop in ("tool_calls", "tool_use", "stop", "end_turn")


def said(*pieces: bytes, proto: str = "chat") -> int:
    tap = Tap(READERS[proto])
    for piece in pieces:
        tap.feed(piece)
    return tap.said_tokens()


def test_what_a_short_stream_says_is_counted() -> None:
    call = {"function": {"name": "read_the_file", "arguments": '{"path": "a.txt"}'}}
    deltas: list[dict[str, Any]] = [
        {"role": "assistant", "content": ""},
        {"reasoning_content": "Let me think about it."},
        {"content": "The answer is here."},
        {"tool_calls": [{"index": 0, **call}]},
    ]
    stream = sse(*({"choices": [{"delta": delta}]} for delta in deltas), chat_chunk("", "tool_calls"), b"[DONE]")
    spoken = "Let me think about it." + "The answer is here." + 'read_the_file{"path": "a.txt"}'
    assert said(stream) == text_tokens(spoken)
    assert said(*(bytes([one]) for one in stream)) == text_tokens(spoken)


@pytest.mark.parametrize("text", ["word", " a longer piece of text", "語"])
def test_what_a_long_stream_says_is_estimated_by_its_end(text: str) -> None:
    pieces = [sse(chat_chunk(text)) for _ in range(2000)]
    told = said(*pieces, sse(chat_chunk("", "stop"), b"[DONE]"))
    assert told == pytest.approx(text_tokens(text * 2000), rel=0.1)


def test_nothing_is_estimated_where_nothing_was_said_or_upstreams_always_count() -> None:
    assert said(sse(chat_chunk(""), {"choices": None}, {"choices": [{"delta": 7}]}, b"[DONE]")) == 0
    assert said() == 0
    assert said(STREAMS["claude"], proto="claude") == 0


@pytest.mark.parametrize("proto", STREAMS)
@given(cuts=st.lists(st.integers(0, 4000), max_size=8))
def test_any_split_gives_the_same_glance(proto: str, cuts: list[int]) -> None:
    data = STREAMS[proto]
    marks = [0, *sorted(cut % len(data) for cut in cuts), len(data)]
    pieces = [data[start:end] for start, end in pairwise(marks) if end > start]
    assert run(proto, *pieces)[0] == run(proto, data)[0]


@pytest.mark.parametrize("proto", STREAMS)
def test_byte_by_byte(proto: str) -> None:
    data = STREAMS[proto]
    assert run(proto, *(data[at : at + 1] for at in range(len(data))))[0] == run(proto, data)[0]


@given(junk=st.binary(max_size=300))
@pytest.mark.parametrize("proto", READERS)
def test_nothing_makes_a_reader_raise(proto: str, junk: bytes) -> None:
    reader = READERS[proto]
    reader.whole(junk)
    reader.event(SseEvent("", junk), Glance())
    run(proto, junk, junk)


@pytest.mark.parametrize("proto", READERS)
@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"x":' * 100_000, b'{"type":"\xff"}', b'{"error":"\xff"}'])
def test_nor_does_what_is_meant_to(proto: str, body: bytes) -> None:
    assert READERS[proto].whole(body).failure is not None
    READERS[proto].event(SseEvent("", body), Glance())


# Chat


def test_chat_comments_and_done_are_no_beginning() -> None:
    glance, began = run("chat", b": wait\n\n", sse(b"[DONE]"))
    assert (began, glance.complete) == (None, True)


def test_chat_is_complete_with_a_finish_reason_alone() -> None:
    glance, _ = run("chat", sse(chat_chunk(), chat_chunk("", "length")))
    assert (glance.stop, glance.complete) == ("length", True)


def test_chat_that_only_stops_is_incomplete() -> None:
    assert not run("chat", sse(chat_chunk(), chat_chunk()))[0].complete


def test_chat_usage_may_sit_on_any_late_chunk() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5.0,
        "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2},
        "completion_tokens_details": {"reasoning_tokens": 4},
    }
    glance, _ = run("chat", sse(chat_chunk(), chat_chunk("", "stop", usage=usage), b"[DONE]"))
    assert glance.usage == Usage(input=10, output=5, cache_read=3, cache_write=2, reasoning=4)


def test_chat_cache_hits_in_deepseek_s_spelling() -> None:
    glance = READERS["chat"].whole(json.dumps({**chat_chunk("", "stop"), "usage": {
        "prompt_tokens": 9, "prompt_cache_hit_tokens": 7}}).encode())  # fmt: skip
    assert glance.usage == Usage(input=9, output=None, cache_read=7)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"error": {"message": "slow", "code": "rate_limit_exceeded"}}, "rate_limited"),
        ({"code": "Throttling.AllocationQuota", "message": "spent", "request_id": "r"}, "quota"),
        ({"error": "bad"}, "upstream"),
    ],
)
def test_chat_an_error_object_inside_a_200(error: dict[str, Any], kind: str) -> None:
    whole = READERS["chat"].whole(json.dumps(error).encode()).failure
    glance, began = run("chat", sse(error), sse(chat_chunk()))
    assert whole is not None
    assert (whole.kind, began) == (kind, 0)
    assert glance.failure is not None
    assert glance.failure.kind == kind


def test_chat_an_error_at_the_end_of_a_stream() -> None:
    glance, began = run(
        "chat", sse(chat_chunk()), sse(chat_chunk(), {"error": {"message": "x", "code": "server_error"}})
    )
    assert (began, glance.complete) == (0, False)
    assert glance.failure is not None


@pytest.mark.parametrize(
    ("body", "failed"),
    [
        (chat_chunk("", "stop"), False),
        ({"choices": []}, True),
        ({"choices": None}, True),
        ({"id": "x"}, True),
        ({**chat_chunk(), "error": {"message": "kept beside choices"}}, False),
        ({**chat_chunk(), "usage": {"prompt_tokens": "odd"}}, False),
        ({"choices": [{"finish_reason": 7}]}, False),
    ],
)
def test_chat_what_counts_as_an_answer(body: dict[str, Any], failed: bool) -> None:
    assert (READERS["chat"].whole(json.dumps(body).encode()).failure is not None) == failed


@pytest.mark.parametrize("usage", [{"prompt_tokens": "5"}, {"prompt_tokens": 1, "prompt_tokens_details": []}, {}, 7])
def test_chat_odd_usage_is_as_good_as_none(usage: object) -> None:
    glance, began = run("chat", sse(chat_chunk("x", usage=usage)))
    assert (began, glance.usage) == (0, None)


# Claude

START = {"type": "message_start", "message": {"usage": {"input_tokens": 10, "cache_read_input_tokens": 3,
         "cache_creation_input_tokens": 2, "output_tokens": 1}}}  # fmt: skip
STOP = {"type": "message_stop"}


def delta(stop: object = "end_turn", **usage: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": usage}


def test_claude_usage_is_inclusive_and_later_values_win() -> None:
    glance, _ = run(
        "claude", sse(START), sse(delta(output_tokens=9, output_tokens_details={"thinking_tokens": 4}), STOP)
    )
    assert glance.usage == Usage(input=15, cache_read=3, cache_write=2, output=9, reasoning=4)
    assert (glance.stop, glance.complete) == ("end_turn", True)


def test_claude_the_true_input_may_come_last() -> None:
    glance, _ = run("claude", sse(START, delta(input_tokens=20, cache_read_input_tokens=0, output_tokens=9), STOP))
    assert glance.usage == Usage(input=22, cache_read=0, cache_write=2, output=9)


def test_claude_without_message_stop_it_is_incomplete() -> None:
    assert not run("claude", sse(START, delta()))[0].complete


def test_claude_an_error_event() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    glance, began = run("claude", sse({"type": "ping"}), sse(error))
    assert began == 1
    assert glance.failure is not None
    assert (glance.failure.kind, glance.failure.message) == ("overloaded", "busy")
    assert READERS["claude"].whole(json.dumps(error).encode()).failure == glance.failure


@pytest.mark.parametrize(
    ("body", "stop", "failed"),
    [
        ({"type": "message", "stop_reason": "end_turn", "usage": {"input_tokens": 5.0}}, "end_turn", False),
        ({"type": "message", "stop_reason": 7, "usage": {"input_tokens": "odd"}}, None, False),
        ({"type": "message"}, None, False),
        ({"type": "completion"}, None, True),
        ({"content": []}, None, True),
        ([], None, True),
    ],
)
def test_claude_what_counts_as_an_answer(body: object, stop: str | None, failed: bool) -> None:
    glance = READERS["claude"].whole(json.dumps(body).encode())
    assert (glance.stop, glance.failure is not None) == (stop, failed)


def test_claude_odd_values_are_as_good_as_none() -> None:
    glance, began = run("claude", sse({"type": "message_start", "message": {"usage": 7}}, delta(stop=7), STOP))
    assert (began, glance.usage, glance.stop, glance.complete) == (0, Usage(), None, True)


def test_claude_a_delta_without_a_delta() -> None:
    assert run("claude", sse(START, {"type": "message_delta"}, STOP))[0].complete


# the tap itself


def test_only_the_end_is_kept() -> None:
    tap = Tap(READERS["chat"])
    piece = sse(chat_chunk("x" * 1000))
    tap.first(piece)
    for _ in range(100):
        tap.feed(piece)
    assert tap._kept == sum(map(len, tap._tail)) < KEEP_BYTES + 2 * len(piece)
    tap.feed(sse(chat_chunk("", "stop")))
    assert tap.close().stop == "stop"


def test_a_long_chunk_is_kept_whole() -> None:
    glance, _ = run("chat", sse(chat_chunk(), *[chat_chunk("y" * 100) for _ in range(500)], chat_chunk("", "stop")))
    assert glance.stop == "stop"


def test_windows_line_ends_are_read_too() -> None:
    data = sse(chat_chunk(), chat_chunk("", "stop"), b"[DONE]").replace(b"\n", b"\r\n")
    glance, _ = run("chat", data)
    assert (glance.stop, glance.complete) == ("stop", True)


def test_an_endless_event_counts_as_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SseReader", lambda: SseReader(max_bytes=10))
    tap = Tap(READERS["chat"])
    assert tap.first(b"data: " + b"x" * 20)
    assert tap.close() == Glance()


ROLE = sse({"choices": [{"delta": {"role": "assistant"}}]})
CONTENT = sse(chat_chunk("x"))


@pytest.mark.parametrize(
    ("data", "rest"),
    [
        (ROLE + CONTENT + CONTENT, CONTENT + CONTENT),
        (b": wait\n\n" + ROLE + CONTENT + b"data: {", CONTENT + b"data: {"),
        (CONTENT, CONTENT),
        (ROLE + b"data: {", b"data: {"),
        (ROLE, b""),
    ],
)
def test_an_opening_can_be_left_out(data: bytes, rest: bytes) -> None:
    assert without_opening(READERS["chat"], data) == rest
