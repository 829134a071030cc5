"""Answers as the inspector reads them: frames, what is said, the reads they came in, both sides beside each other."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fake_exchange import CHAT_STREAM, CLAUDE_STREAM, KIRO_STREAM, converted, event_stream, relayed, sse

from a2a.control.types import Arrival, Exchange
from a2a.tui.inspect import answer_page, headers_page, request_page, stream_page
from a2a.tui.inspect.frames import frames, raw
from a2a.tui.inspect.sheet import Sheet
from a2a.tui.inspect.spoken import spoken


def said(body: str) -> list[tuple[str, str]]:
    return [(piece.kind, piece.text) for piece in spoken(body)]


def shown(sheet: Sheet) -> list[tuple[str, str, str]]:
    return [(row.sign, row.left.text if row.left else "", row.right.text if row.right else "") for row in sheet.rows]


EXPECTED = [("text", "京都: 18 °C"), ("call", 'get_weather {"city": "Kyoto"}')]


def test_server_sent_events_are_frames_by_their_blank_lines() -> None:
    body = "event: a\r\ndata: 1\r\ndata: 2\r\n\r\n: keep-alive\n\ndata: [DONE]\n\n"
    assert [(frame.name, frame.data) for frame in frames(body)] == [
        ("a", "1\n2"),
        ("comment", "keep-alive"),
        ("", "[DONE]"),
    ]


def test_an_event_stream_is_read_from_its_bytes() -> None:
    assert [frame.name for frame in frames(KIRO_STREAM)] == ["assistantResponseEvent", "toolUseEvent", "toolUseEvent"]
    assert json.loads(frames(KIRO_STREAM)[0].data) == {"content": "Hello"}


def test_one_document_is_no_stream() -> None:
    assert frames('{"choices": []}') == []
    assert frames("plain words") == []


def test_one_value_a_line_is_a_stream() -> None:
    assert [frame.data for frame in frames('{"a": 1}\n{"b": 2}\n')] == ['{"a": 1}', '{"b": 2}']


@given(st.binary(max_size=400))
def test_damaged_frames_come_as_far_as_they_go(garbage: bytes) -> None:
    whole = event_stream(("a", {"x": 1}))
    body = "base64:" + base64.b64encode(whole + garbage).decode()
    assert frames(body)[0].name == "a"


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for body in (text, "base64:" + text, "data: " + text + "\n\n", "data: {" + text):
        frames(body)
        spoken(body)
        raw(body)


@pytest.mark.parametrize("body", [CHAT_STREAM, CLAUDE_STREAM], ids=["chat", "claude"])
def test_a_stream_says_the_same_in_each_protocol(body: str) -> None:
    assert said(body)[:-1] == EXPECTED
    assert said(body)[-1][0] == "stop"


RESPONSES: list[tuple[str, dict[str, Any]]] = [
    ("response.created", {"type": "response.created", "response": {"output": []}}),
    ("", {"type": "response.reasoning_summary_text.delta", "delta": "hm"}),
    ("", {"type": "response.output_text.delta", "delta": "京都: 18 °C"}),
    (
        "",
        {
            "type": "response.output_item.added",
            "output_index": 1,
            "item": {"type": "function_call", "name": "get_weather"},
        },
    ),
    ("", {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": '{"city": "Kyoto"}'}),
    ("response.completed", {"type": "response.completed", "response": {"output": [{"content": [{"text": "again"}]}]}}),
]
_CALL = {"functionCall": {"name": "get_weather", "args": {"city": "Kyoto"}}}
GEMINI = [
    {"candidates": [{"content": {"parts": [{"text": "hm", "thought": True}]}}]},
    {"candidates": [{"content": {"parts": [{"text": "京都: 18 °C"}]}}]},
    {"candidates": [{"content": {"parts": [_CALL]}, "finishReason": "STOP"}]},
]
WHOLE_CHAT = {
    "choices": [
        {
            "message": {
                "reasoning_content": "hm",
                "content": "京都: 18 °C",
                "tool_calls": [{"function": {"name": "get_weather", "arguments": '{"city": "Kyoto"}'}}],
            },
            "finish_reason": "tool_calls",
        }
    ]
}
WHOLE_CLAUDE = {
    "type": "message",
    "content": [
        {"type": "thinking", "thinking": "hm"},
        {"type": "text", "text": "京都: 18 °C"},
        {"type": "tool_use", "name": "get_weather", "input": {"city": "Kyoto"}},
    ],
    "stop_reason": "tool_use",
}
WHOLE_RESPONSES = {
    "object": "response",
    "status": "completed",
    "output": [
        {"type": "reasoning", "summary": [{"text": "hm"}]},
        {"type": "message", "content": [{"type": "output_text", "text": "京都: 18 °C"}]},
        {"type": "function_call", "name": "get_weather", "arguments": '{"city": "Kyoto"}'},
    ],
}


@pytest.mark.parametrize(
    "body",
    [
        sse(*RESPONSES),
        json.dumps(WHOLE_RESPONSES),
        sse(*(("", each) for each in GEMINI)),
        sse(*(("", {"response": each}) for each in GEMINI)),
        json.dumps(GEMINI),
        json.dumps(WHOLE_CHAT),
        json.dumps(WHOLE_CLAUDE),
    ],
    ids=["responses", "responses-whole", "gemini", "code-assist", "gemini-array", "chat-whole", "claude-whole"],
)
def test_reasoning_text_and_calls_are_found(body: str) -> None:
    assert said(body)[:-1] == [("reasoning", "hm"), *EXPECTED]


def test_kiro_says_text_thoughts_and_calls() -> None:
    thought = "base64:" + base64.b64encode(event_stream(("reasoningContentEvent", {"text": "hm"}))).decode()
    assert said(thought) == [("reasoning", "hm")]
    ended = "base64:" + base64.b64encode(event_stream(("metadataEvent", {"stopReason": "END_TURN"}))).decode()
    assert said(ended) == [("stop", "END_TURN")]
    assert said(KIRO_STREAM) == [("text", "Hello"), ("call", 'get_weather {"city": "Kyoto"}')]


TWO_CALLS = [("call", 'get_weather {"city": "Kyoto"}'), ("call", 'get_weather {"city": "Oslo"}')]


def _gemini_call(city: str) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": [{"functionCall": {"name": "get_weather", "args": {"city": city}}}]}}]}


def _chat_call(city: str) -> dict[str, Any]:
    return {"function": {"name": "get_weather", "arguments": f'{{"city":"{city}"}}'}}


@pytest.mark.parametrize(
    "body",
    [
        sse(("", _gemini_call("Kyoto")), ("", _gemini_call("Oslo"))),
        json.dumps({"choices": [{"message": {"tool_calls": [_chat_call("Kyoto"), _chat_call("Oslo")]}}]}),
    ],
    ids=["gemini", "chat"],
)
def test_parallel_calls_are_told_apart_and_blanks_in_arguments_say_nothing(body: str) -> None:
    assert said(body) == TWO_CALLS


def test_the_end_of_a_kiro_call_is_no_further_call() -> None:
    tool = {"name": "get_weather", "toolUseId": "t1"}
    whole = event_stream(
        ("toolUseEvent", tool),
        ("toolUseEvent", {**tool, "input": '{"city":"Oslo"}'}),
        ("toolUseEvent", {**tool, "stop": True}),
    )
    body = "base64:" + base64.b64encode(whole).decode()
    assert said(body) == TWO_CALLS[1:]


@pytest.mark.parametrize(
    "body",
    [
        '{"error": {"message": "no such model", "type": "invalid_request_error"}}',
        '{"type": "error", "error": {"type": "not_found_error", "message": "no such model"}}',
        '{"__type": "ValidationException", "message": "no such model", "reason": "INVALID_MODEL_ID"}',
        'event: error\ndata: {"type": "error", "error": {"message": "no such model"}}\n\n',
    ],
)
def test_an_error_is_what_it_says(body: str) -> None:
    assert said(body) == [("error", "no such model")]


def test_both_answers_are_compared_by_what_they_say() -> None:
    sheet = answer_page.sheet(converted(), 2, "words")
    assert sheet.heads == ("from claude/home", "client answer")
    assert "both say the same" in sheet.remark
    assert [row for row in shown(sheet) if row[0] != " "] == [("~", "  tool_use", "  tool_calls")]


def test_reasoning_that_a_client_did_not_ask_for_is_told_as_such() -> None:
    exchange = converted()
    assert exchange.bodies is not None
    thought = sse(("", {"choices": [{"delta": {"reasoning_content": "hm"}}]}))
    exchange.bodies.attempts[1].answer = thought + CHAT_STREAM
    exchange.bodies.answer = CLAUDE_STREAM
    assert answer_page.sheet(exchange, 2, "words").remark.startswith("all but the reasoning")


def test_beside_an_answer_that_nobody_can_read_nothing_looks_added() -> None:
    exchange = converted()
    assert exchange.bodies is not None
    exchange.bodies.attempts[-1].answer = "<html>Bad Gateway</html>"
    exchange.bodies.answer = '{"error": {"message": "the upstream sent nonsense"}}'
    sheet = answer_page.sheet(exchange, 2, "words")
    assert any("Bad Gateway" in left for _, left, _ in shown(sheet))


def test_what_was_lost_on_the_way_to_the_client_is_marked() -> None:
    exchange = converted()
    assert exchange.bodies is not None
    exchange.bodies.answer = CHAT_STREAM.replace("18 °C", "18")
    sheet = answer_page.sheet(exchange, 2, "words")
    assert ("~", "  京都: 18 °C", "  京都: 18") in shown(sheet)


def test_frames_of_both_sides_stand_in_their_order_and_unfold() -> None:
    sheet = answer_page.sheet(converted(), 2, "bytes")
    assert sheet.remark == "8 frames from upstream, 6 to the client"
    openers = [row for index, row in enumerate(sheet.rows) if index in sheet.folded]
    assert len(openers) == 8
    assert "message_start" in (openers[0].left.text if openers[0].left else "")


def test_an_answer_that_another_attempt_followed_stands_alone() -> None:
    sheet = answer_page.sheet(converted(), 1, "words")
    assert sheet.heads == ("from claude/work", "")
    assert "another attempt followed" in sheet.remark
    assert ("  too many requests", "") in [row[1:] for row in shown(sheet)]


def test_equal_bytes_are_shown_once() -> None:
    sheet = answer_page.sheet(relayed(), 1, "bytes")
    assert sheet.heads == ("from claude/home = client answer", "")
    assert "as they were" in sheet.remark


def test_a_relayed_request_is_compared_by_path() -> None:
    sheet = request_page.sheet(relayed(), 1)
    assert [(sign, left.strip(), right.strip()) for sign, left, right in shown(sheet) if sign != " "] == [
        ("~", 'model: "sonnet"', 'model: "kimi-k2"'),
        ("-", "logit_bias: { 50256: -100 }", ""),
        ("~", "┊ Answer in one line.", "┊ Answer in French."),
        ("+", "", "enable_thinking: true"),
    ]
    assert sheet.remark == "the same protocol; lines: 2 changed, 1 added, 1 dropped"


def test_a_converted_request_is_compared_by_section() -> None:
    sheet = request_page.sheet(converted(), 2)
    assert sheet.heads == ("client request", "to claude/home")
    assert sheet.remark == "converted to another protocol: 1 dropped, 1 mapped, 1 added"


def test_a_request_that_went_as_it_came_is_shown_once() -> None:
    exchange = relayed()
    assert exchange.bodies is not None
    exchange.bodies.request = exchange.bodies.attempts[0].request
    assert request_page.sheet(exchange, 1).remark == "the client's bytes went upstream as they were"


def test_a_cut_request_is_shown_as_far_as_it_was_kept() -> None:
    exchange = relayed()
    assert exchange.bodies is not None
    assert exchange.bodies.request is not None
    exchange.bodies.request = exchange.bodies.request[:150]
    exchange.bodies.cut = ["request"]
    sheet = request_page.sheet(exchange, 1)
    assert sheet.remark.endswith("longer than the server keeps: the end is missing")
    assert any("You are terse." in left for _, left, _ in shown(sheet))


def test_what_is_no_json_is_compared_as_text() -> None:
    exchange = relayed()
    assert exchange.bodies is not None
    exchange.bodies.request, exchange.bodies.attempts[0].request = "one\ntwo", "one\nthree"
    assert shown(request_page.sheet(exchange, 1)) == [(" ", "one", "one"), ("~", "two", "three")]


@pytest.mark.parametrize(
    "page",
    [
        lambda exchange: request_page.sheet(exchange, 2),
        lambda exchange: answer_page.sheet(exchange, 2, "words"),
        lambda exchange: stream_page.sheet(exchange, 2),
        lambda exchange: headers_page.sheet(exchange, 2),
    ],
)
def test_without_bodies_a_page_says_how_to_get_them(page: Any) -> None:
    sheet: Sheet = page(converted(bodies=None))
    assert "    a2a serve --log-bodies" in [left.removeprefix("  ") for _, left, _ in shown(sheet)]


def test_a_stream_shows_each_read_with_the_pause_before_it() -> None:
    sheet = stream_page.sheet(converted(), 2, "#")
    heads = [sheet.rows[index].left.text for index in sorted(sheet.folded)]  # type: ignore[union-attr]
    assert [line.split()[:4] for line in heads] == [
        ["+730", "ms", "400", "ms"],
        ["+790", "ms", "60", "ms"],
        ["+1750", "ms", "960", "ms"],
        ["+1800", "ms", "50", "ms"],
        ["+2200", "ms", "400", "ms"],
    ]
    assert ["longest pause" in line for line in heads] == [False, False, True, False, False]
    assert heads[2].count("#") == stream_page.BAR
    assert sheet.remark.startswith("5 reads, ")
    assert sheet.remark.endswith("longest pause 960 ms before read 3")


def test_a_read_shows_what_it_says_and_unfolds_to_its_bytes() -> None:
    exchange = converted()
    assert exchange.bodies is not None
    found = exchange.bodies.attempts[1]
    chunk = sse(("", {"id": "x", "choices": [{"delta": {"content": "Kyoto,\nJapan"}}]}))
    thought = sse(("", {"id": "x", "choices": [{"delta": {"reasoning_content": "hm"}}]}))
    found.answer = chunk + thought
    found.arrivals = [Arrival(at_ms=1, size=len(chunk)), Arrival(at_ms=2, size=len(thought))]
    sheet = stream_page.sheet(exchange, 2)
    heads = [sheet.rows[index].left.text for index in sorted(sheet.folded)]  # type: ignore[union-attr]
    assert [head.rstrip().rpartition("  ")[2] for head in heads] == ["Kyoto, Japan", "hm"]
    assert "reasoning" in heads[1]
    assert sheet.rows[1].left is not None
    assert sheet.rows[1].left.text.strip().startswith("data: {")


def test_the_reads_together_are_the_answer() -> None:
    exchange = converted()
    assert exchange.bodies is not None
    found = exchange.bodies.attempts[1]
    assert "".join(stream_page._texts(found)) == CLAUDE_STREAM


def test_a_binary_stream_shows_what_its_frames_hold() -> None:
    exchange = converted()
    assert exchange.bodies is not None
    found = exchange.bodies.attempts[1]
    found.answer, whole = KIRO_STREAM, raw(KIRO_STREAM)
    first = len(event_stream(("assistantResponseEvent", {"content": "Hello"})))
    found.arrivals = [Arrival(500, first), Arrival(600, len(whole) - first)]
    lines = [left for _, left, _ in shown(stream_page.sheet(exchange, 2))]
    assert lines[0].rstrip().endswith("Hello")
    assert 'assistantResponseEvent  {"content": "Hello"}' in lines[1]


def test_headers_stand_beside_what_became_of_them() -> None:
    rows = shown(headers_page.sheet(converted(), 2))
    assert ("-", "  authorization: [removed]", "") in rows
    assert (" ", "  content-type: application/json", "  content-type: application/json") in rows
    assert ("+", "", "  x-api-key: [removed]") in rows
    assert ("+", "", "  x-a2a-exchange: ex_2") in rows


def test_an_exchange_that_nobody_served_has_its_request_alone() -> None:
    exchange: Exchange = converted(attempts=[])
    assert exchange.bodies is not None
    exchange.bodies.attempts.clear()
    sheet = request_page.sheet(exchange, 0)
    assert sheet.remark == "nothing went upstream"
    assert sheet.heads == ("client request", "")
