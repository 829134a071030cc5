"""Streams of a Claude upstream to events."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from claude_kit import VECTORS, conversion, events_of, golden_stream, sse
from hypothesis import given
from hypothesis import strategies as st

from a2a.messages import (
    Delta,
    End,
    Event,
    Failure,
    Finish,
    Foreign,
    ForeignEvent,
    PartEnd,
    PartStart,
    Ping,
    Reasoning,
    Response,
    Seal,
    Start,
    Text,
    ToolCall,
    UsageNow,
)
from a2a.protocols.claude import upstream
from a2a.protocols.claude.structured import FENCE_MARK, TOOL_MARK
from a2a.protocols.fold import fold

GOLDEN = golden_stream()
START = {
    "type": "message_start",
    "message": {"id": "m1", "model": "m", "usage": {"input_tokens": 5, "output_tokens": 1}},
}
STOP = {"type": "message_stop"}


def _start(block: dict[str, Any], index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def _delta(index: int = 0, **delta: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def _end(index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def _message_delta(reason: str | None = "end_turn", **usage: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 7, **usage}}


def _block(*frames: dict[str, Any], reason: str = "end_turn", extra: dict[str, str] | None = None) -> list[Event]:
    data = sse(START, *frames, _message_delta(reason), STOP)
    return events_of(data, conv=conversion(extra=extra or {}))


def _answer(events: list[Event]) -> Response:
    res = fold(events, "claude")
    assert isinstance(res, Response)
    return res


def _failure(events: list[Event]) -> Failure:
    assert isinstance(events[-1], Failure)
    assert End() not in events
    return events[-1]


@pytest.mark.parametrize("size", [1, 7, len(GOLDEN)])
def test_golden_stream_folds_to_the_golden_response(size: int) -> None:
    conv = conversion()
    whole = upstream.parse_response((VECTORS / "claude.response.json").read_bytes(), conv)
    assert fold(events_of(GOLDEN, size), "claude") == whole


def test_golden_stream_keeps_the_invariants() -> None:
    events = events_of(GOLDEN)
    kinds = [type(event) for event in events]
    assert kinds[0] is Start
    assert kinds[-3:] == [Finish, UsageNow, End]
    assert [event.i for event in events if isinstance(event, PartStart)] == [0, 1, 2]
    seal = kinds.index(Seal)
    assert kinds[seal + 1] is PartEnd
    assert Ping in kinds


@given(st.lists(st.integers(0, len(GOLDEN)), max_size=40))
def test_any_split_gives_the_same_events(cuts: list[int]) -> None:
    parser = upstream.stream_parser(conversion())
    edges = [0, *sorted(cuts), len(GOLDEN)]
    events = [event for a, b in pairwise(edges) for event in parser.feed(GOLDEN[a:b])]
    assert events + parser.eof() == events_of(GOLDEN)


def test_a_cut_anywhere_is_a_truncation() -> None:
    end = GOLDEN.rindex(b"}")
    for cut in range(len(GOLDEN) + 1):
        events = events_of(GOLDEN[:cut])
        if cut <= end:
            assert isinstance(events[-1], Failure), cut
            assert events[-1].kind == "truncated", cut
            assert not any(isinstance(event, End) for event in events), cut
        else:
            assert events[-1] == End(), cut


@given(st.binary(max_size=300))
def test_garbage_gives_only_a_failure(data: bytes) -> None:
    assert all(isinstance(event, Failure) for event in events_of(data))


@given(st.integers(0, len(GOLDEN) - 1), st.integers(0, 255))
def test_a_damaged_byte_never_raises(at: int, byte: int) -> None:
    events = events_of(GOLDEN[:at] + bytes([byte]) + GOLDEN[at + 1 :], 64)
    assert sum(isinstance(event, End | Failure) for event in events) == 1
    assert isinstance(events[-1], End | Failure)


def test_nothing_follows_the_end() -> None:
    parser = upstream.stream_parser(conversion())
    parser.feed(GOLDEN)
    assert parser.feed(GOLDEN) == []
    assert parser.eof() == []


def test_streams_share_nothing() -> None:
    parsers = [upstream.stream_parser(conversion()) for _ in range(50)]
    got: list[list[Event]] = [[] for _ in parsers]
    for at in range(0, len(GOLDEN), 97):
        for n, parser in enumerate(parsers):
            got[n] += parser.feed(GOLDEN[at : at + 97])
    assert all(events == got[0] for events in got)


# Blocks


def test_texts_of_the_start_count() -> None:
    answer = _answer(_block(_start({"type": "text", "text": "a"}), _delta(type="text_delta", text="b"), _end()))
    assert answer.candidates[0].parts == [Text(text="ab")]


def test_citations_come_with_the_end() -> None:
    cite = {"type": "char_location", "cited_text": "x"}
    frames = [_start({"type": "text", "text": ""}), _delta(type="text_delta", text="a")]
    part = _answer(_block(*frames, _delta(type="citations_delta", citation=cite), _end())).candidates[0].parts[0]
    assert isinstance(part, Text)
    assert (part.text, json.loads(bytes(part.citations or b""))) == ("a", [cite])


def test_redacted_thinking() -> None:
    part = _answer(_block(_start({"type": "redacted_thinking", "data": "xx"}), _end())).candidates[0].parts[0]
    assert isinstance(part, Reasoning)
    assert [(token.kind, token.data) for token in part.opaque] == [("redacted", "xx")]


@pytest.mark.parametrize(
    ("start", "fragments", "args"),
    [
        ({}, [], "{}"),
        ({}, [""], "{}"),
        ({"a": 1}, [], '{"a":1}'),
        ({}, ['{"a"', ":1}"], '{"a":1}'),
        ({}, ["{}", '{"a":1}'], '{"a":1}'),
        ({}, ["{}"], "{}"),
    ],
)
def test_arguments(start: Any, fragments: list[str], args: str) -> None:
    deltas = [_delta(type="input_json_delta", partial_json=text) for text in fragments]
    events = _block(_start({"type": "tool_use", "id": "t", "name": "f", "input": start}), *deltas, _end())
    assert "".join(event.text for event in events if isinstance(event, Delta)) == args
    answer = _answer(events).candidates[0]
    assert answer.parts == [ToolCall(id="t", name="f", args=args)]
    assert answer.stop.kind == "tool_call"


def test_cut_arguments_are_a_failure_unless_a_limit_explains_them() -> None:
    call = _start({"type": "tool_use", "id": "t", "name": "f", "input": {}})
    cut = _delta(type="input_json_delta", partial_json='{"a":')
    assert _failure(_block(call, cut, _end(), reason="tool_use")).kind == "upstream"
    assert _answer(_block(call, cut, _end(), reason="max_tokens")).candidates[0].stop.kind == "length"


def test_call_without_id_gets_one() -> None:
    events = _block(_start({"type": "tool_use", "name": "f"}), _end())
    assert isinstance(events[1], PartStart)
    assert events[1].part == ToolCall(id="toolu_1", name="f", args="")


def test_server_tools_are_foreign_with_their_input() -> None:
    call = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    result = {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}
    parts = (
        _answer(
            _block(
                _start(call),
                _delta(type="input_json_delta", partial_json='{"query":'),
                _delta(type="input_json_delta", partial_json='"q"}'),
                _end(),
                _start(result, 1),
                _end(1),
            )
        )
        .candidates[0]
        .parts
    )
    assert [json.loads(bytes(part.raw)) for part in parts if isinstance(part, Foreign)] == [
        {**call, "input": {"query": "q"}},
        result,
    ]


def test_unknown_blocks_gather_their_deltas() -> None:
    events = _block(
        _start({"type": "compaction", "content": None}),
        _delta(type="compaction_delta", content="so "),
        _delta(type="compaction_delta", content="far"),
        _end(),
    )
    part = _answer(events).candidates[0].parts[0]
    assert isinstance(part, Foreign)
    assert part.as_text == "so far"


def test_unknown_deltas_and_events_are_handed_on() -> None:
    odd, news = _delta(type="sparkle_delta", x=1), {"type": "brand_new", "x": 1}
    events = _block(_start({"type": "text", "text": ""}), odd, news, _end())
    found = [json.loads(bytes(event.raw)) for event in events if isinstance(event, ForeignEvent)]
    assert found == [odd, news]


def test_interleaved_blocks_are_told_one_after_another() -> None:
    events = _block(
        _start({"type": "text", "text": ""}, 0),
        _start({"type": "text", "text": ""}, 1),
        _delta(1, type="text_delta", text="b"),
        _delta(0, type="text_delta", text="a"),
        _end(1),
        _end(0),
    )
    told = [(type(event), event.i) for event in events if isinstance(event, PartStart | Delta | PartEnd)]
    assert told == [(kind, i) for i in (0, 1) for kind in (PartStart, Delta, PartEnd)]


def test_forgotten_stops_are_made_up_for() -> None:
    events = _block(_start({"type": "text", "text": "a"}), _start({"type": "text", "text": "b"}))
    assert _answer(events).candidates[0].parts == [Text(text="a"), Text(text="b")]


def test_answer_tool_becomes_text() -> None:
    frames = [
        _start({"type": "tool_use", "id": "t", "name": "answer", "input": {}}),
        _delta(type="input_json_delta", partial_json='{"a":1}'),
        _end(),
    ]
    answer = _answer(_block(*frames, reason="tool_use", extra={TOOL_MARK: "answer"})).candidates[0]
    assert (answer.parts, answer.stop.kind) == ([Text(text='{"a":1}')], "end")


def test_fence_comes_off() -> None:
    pieces = ["``", "`json\n{", "}\n```"]
    frames = [_start({"type": "text", "text": ""}), *(_delta(type="text_delta", text=text) for text in pieces), _end()]
    assert _answer(_block(*frames, extra={FENCE_MARK: "1"})).candidates[0].parts == [Text(text="{}")]


def test_half_an_emoji_does_not_end_the_stream() -> None:
    data = sse(START, _start({"type": "text", "text": ""}))
    data += b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\\ud83d"}}\n\n'
    answer = _answer(events_of(data + sse(_end(), _message_delta(), STOP)))
    assert answer.candidates[0].parts == [Text(text="\ufffd")]


# Message


def test_usage_pieces_replace_each_other() -> None:
    first = {"input_tokens": 5, "cache_read_input_tokens": 3, "output_tokens": 1, "service_tier": "standard"}
    start = {"type": "message_start", "message": {"id": "m", "model": "m", "usage": first}}
    data = sse(start, _message_delta(input_tokens=None, cache_read_input_tokens=4), STOP)
    usage = _answer(events_of(data)).usage
    assert (usage.input, usage.cache_read, usage.output) == (9, 4, 7)
    assert sorted(usage.ext or {}) == ["service_tier"]


def test_start_and_stop_reason_may_be_missing() -> None:
    events = events_of(sse(_start({"type": "text", "text": "a"}), _end(), STOP))
    assert [type(event) for event in events] == [Start, PartStart, Delta, PartEnd, Finish, End]
    assert events[0] == Start("msg_1", "claude-opus-4-6", 1_795_305_600)


def test_pings_before_the_start_are_silent() -> None:
    assert events_of(sse({"type": "ping"}, START, _message_delta(), STOP))[0] == events_of(sse(START))[0]


def test_done_marker_of_gateways_is_ignored() -> None:
    data = sse(START, _message_delta()) + b"data: [DONE]\n\n" + sse(STOP)
    assert events_of(data)[-1] == End()


def test_event_name_stands_in_for_the_type() -> None:
    assert events_of(b"event: message_stop\ndata: {}\n\n")[-1] == End()


@pytest.mark.parametrize(
    ("word", "kind", "status"),
    [
        ("overloaded_error", "overloaded", 529),
        ("api_error", "upstream", 500),
        ("rate_limit_error", "rate_limited", 429),
        ("some_day", "upstream", 500),
    ],
)
def test_error_event_ends_the_stream(word: str, kind: str, status: int) -> None:
    error = {"type": "error", "error": {"type": word, "message": "sorry"}}
    failure = _failure(events_of(sse(START, error, STOP)))
    assert (failure.kind, failure.status, failure.message, failure.code) == (kind, status, "sorry", word)


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "content_block_start", "index": 0},
        {"type": "content_block_start", "index": 0, "content_block": []},
        _start({"type": "tool_use", "id": "t"}),
        _delta(3, type="text_delta", text="x"),
        {"type": "content_block_delta", "index": "0"},
        {"type": "message_delta", "delta": 3},
        {"type": "message_delta", "delta": {}, "usage": {"output_tokens": "many"}},
    ],
)
def test_wrong_shapes_are_the_upstreams_fault(frame: dict[str, Any]) -> None:
    assert _failure(events_of(sse(START, frame, STOP))).kind == "upstream"


# Bodies that are no stream


@pytest.mark.parametrize("size", [1, 5, 10_000])
def test_a_whole_message_is_told_as_events(size: int) -> None:
    body = (VECTORS / "claude.response.json").read_bytes()
    assert fold(events_of(b"\n " + body, size), "claude") == upstream.parse_response(body, conversion())


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"type":"error","error":{"type":"overloaded_error","message":"busy"}}', "overloaded"),
        (b'{"error":"nope"}', "upstream"),
        (b'{"ok":true}', "upstream"),
        (b"<html>bad gateway</html>", "upstream"),
        (b"[]", "upstream"),
        (b'{"type":', "upstream"),
    ],
)
def test_other_bodies_are_failures(body: bytes, kind: str) -> None:
    assert _failure(events_of(body)).kind == kind
