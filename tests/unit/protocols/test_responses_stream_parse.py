"""Responses streams of upstreams to events: the golden stream, every split and cut, and the traps of 10.2."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from responses_kit import (
    VECTORS,
    answer,
    call_item,
    completed,
    conversion,
    created,
    ev,
    events_of,
    golden_stream,
    message_item,
    sse,
)

from a2a.messages import (
    Delta,
    End,
    Event,
    Failure,
    Finish,
    Foreign,
    ForeignEvent,
    Opaque,
    Part,
    PartEnd,
    PartStart,
    Ping,
    Reasoning,
    Refusal,
    Seal,
    Start,
    Text,
    ToolCall,
    UsageNow,
)
from a2a.protocols.responses import upstream

GOLDEN = golden_stream()


def text_delta(text: str, index: int = 0, **fields: Any) -> dict[str, Any]:
    return ev("output_text.delta", output_index=index, content_index=0, delta=text, **fields)


def added(item: dict[str, Any], index: int = 0) -> dict[str, Any]:
    return ev("output_item.added", output_index=index, item=item)


def done(item: dict[str, Any], index: int = 0) -> dict[str, Any]:
    return ev("output_item.done", output_index=index, item=item)


def args_delta(text: str, index: int = 0) -> dict[str, Any]:
    return ev("function_call_arguments.delta", output_index=index, delta=text)


def said(events: list[Event], i: int = 0) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta) and event.i == i)


def parts_of(*values: dict[str, Any]) -> list[Part]:
    return answer(sse(*values)).candidates[0].parts


def ordered(events: list[Event]) -> None:
    """The invariants of conversion.md 2.1."""
    assert sum(isinstance(event, End | Failure) for event in events) == 1
    assert isinstance(events[-1], End | Failure)
    if len(events) > 1:
        assert isinstance(events[0], Start)
    assert sum(isinstance(event, Start) for event in events) <= 1
    current, count = None, 0
    for event in events:
        match event:
            case PartStart():
                assert (current, event.i) == (None, count)
                current, count = event.i, count + 1
            case Delta() | Seal():
                assert current == event.i
            case PartEnd():
                assert current == event.i
                current = None
    if isinstance(events[-1], End):
        assert current is None
        tail = [type(event) for event in events if isinstance(event, Finish | UsageNow | End)]
        assert tail in ([Finish, UsageNow, End], [Finish, End])


# The golden stream


def test_golden_stream_folds_to_the_golden_response() -> None:
    whole = upstream.parse_response((VECTORS / "responses.response.json").read_bytes(), conversion())
    folded = answer(GOLDEN)
    assert (folded.candidates, folded.usage) == (whole.candidates, whole.usage)
    assert (folded.id, folded.model, folded.created) == (whole.id, whole.model, whole.created)


def test_golden_stream_keeps_the_invariants() -> None:
    events = events_of(GOLDEN)
    ordered(events)
    assert [type(event.part) for event in events if isinstance(event, PartStart)] == [Reasoning, Text, ToolCall]
    assert sum(isinstance(event, Delta) for event in events) == 7


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
def test_any_split_gives_the_same_events(size: int) -> None:
    assert events_of(GOLDEN, size) == events_of(GOLDEN)


def test_line_ends_of_other_servers() -> None:
    assert events_of(GOLDEN.replace(b"\n", b"\r\n"), 5) == events_of(GOLDEN)


def test_a_cut_at_every_byte_is_a_failure() -> None:
    for at in range(len(GOLDEN.rstrip())):
        parser = upstream.stream_parser(conversion())
        events = parser.feed(GOLDEN[:at]) + parser.eof()
        ordered(events)
        assert isinstance(events[-1], Failure)
        assert events[-1].kind == "truncated"


def test_a_missing_last_empty_line_is_forgiven() -> None:
    assert isinstance(events_of(GOLDEN.rstrip())[-1], End)


@settings(max_examples=150)
@given(st.binary(max_size=300))
def test_garbage_gives_only_failures(data: bytes) -> None:
    events = events_of(data, 3)
    assert isinstance(events[-1], Failure)
    ordered(events)


@settings(max_examples=150)
@given(st.integers(0, len(GOLDEN) - 1), st.binary(min_size=1, max_size=8))
def test_damage_never_raises(at: int, noise: bytes) -> None:
    events = events_of(GOLDEN[:at] + noise + GOLDEN[at + len(noise) :])
    assert sum(isinstance(event, End | Failure) for event in events) == 1


ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "type", "text"]), inner),
    max_leaves=4,
)
KEYS = ["output_index", "item_id", "delta", "item", "part", "response", "content_index", "logprobs"]
KINDS = [
    "response.created",
    "response.output_item.added",
    "response.output_item.done",
    "response.output_text.delta",
    "response.content_part.done",
    "response.reasoning_summary_text.delta",
    "response.function_call_arguments.delta",
    "response.completed",
    "response.failed",
    "error",
]


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(KEYS), ODD)), max_size=5))
def test_events_of_odd_shapes_never_raise(events: list[tuple[str, dict[str, Any]]]) -> None:
    ordered(events_of(sse(*({"type": kind, **fields} for kind, fields in events))))


# Deltas and the truth


def test_items_without_any_delta() -> None:
    events = events_of(
        sse(created(), added(message_item("")), done(message_item("whole")), completed(message_item("whole")))
    )
    ordered(events)
    assert said(events) == "whole"
    assert [event.part for event in events if isinstance(event, PartEnd)] == [Text(text="whole")]


def test_missing_deltas_are_made_up_for() -> None:
    events = events_of(sse(created(), text_delta("wh"), done(message_item("whole")), completed()))
    assert said(events) == "whole"


def test_the_item_wins_over_its_deltas() -> None:
    assert parts_of(created(), text_delta("wrong"), done(message_item("right")), completed()) == [Text(text="right")]


def test_a_stream_of_nothing_but_its_end() -> None:
    events = events_of(sse(completed(message_item("a"), call_item('{"x":1}'))))
    ordered(events)
    assert [type(event.part) for event in events if isinstance(event, PartStart)] == [Text, ToolCall]


def test_items_that_never_end_are_closed_by_the_answer() -> None:
    item = message_item("whole")
    assert parts_of(created(), added(item), text_delta("who"), completed(item)) == [Text(text="whole")]
    assert parts_of(created(), added(item), text_delta("who"), completed()) == [Text(text="who")]


def test_ids_that_change_do_not_matter() -> None:
    """Some gateways mint a new item id for every event; output_index is what counts."""
    events = [
        created(),
        added(message_item("", ident="a")),
        text_delta("hi", item_id="b"),
        done(message_item("hi", ident="c")),
        completed(message_item("hi", ident="d")),
    ]
    assert parts_of(*events) == [Text(text="hi")]


def test_items_without_output_index_are_told_by_id() -> None:
    def bare(value: dict[str, Any]) -> dict[str, Any]:
        return {key: field for key, field in value.items() if key != "output_index"}

    one, two = message_item("one", ident="m1"), message_item("two", ident="m2")
    events = [
        created(),
        bare(added(one)),
        bare(added(two)),
        bare(text_delta("two", item_id="m2")),
        bare(text_delta("one", item_id="m1")),
        bare(done(one)),
        bare(done(two)),
        completed(one, two),
    ]
    assert parts_of(*events) == [Text(text="one"), Text(text="two")]


def test_interleaved_items_are_put_in_order() -> None:
    one, two = call_item('{"a":1}'), call_item('{"b":2}', ident="fc_2", call_id="call_2")
    events = events_of(
        sse(
            created(),
            added({**one, "arguments": ""}, 0),
            added({**two, "arguments": ""}, 1),
            args_delta('{"b"', 1),
            args_delta('{"a"', 0),
            args_delta(":2}", 1),
            args_delta(":1}", 0),
            done(two, 1),
            done(one, 0),
            completed(one, two),
        )
    )
    ordered(events)
    assert (said(events, 0), said(events, 1)) == ('{"a":1}', '{"b":2}')


def test_several_content_parts() -> None:
    content = [{"type": "output_text", "text": "a"}, {"type": "refusal", "refusal": "no"}]
    item = {"type": "message", "id": "m", "content": content}
    events = [
        created(),
        added({**item, "content": []}),
        text_delta("a"),
        ev("content_part.done", output_index=0, content_index=0, part=content[0]),
        ev("refusal.delta", output_index=0, content_index=1, delta="no"),
        done(item),
        completed(item),
    ]
    assert parts_of(*events) == [Text(text="a"), Refusal(text="no")]
    assert answer(sse(*events)).candidates[0].stop.kind == "refusal"


def test_reasoning_with_paragraphs_and_token() -> None:
    summary = [{"type": "summary_text", "text": text} for text in ("a", "b")]
    item = {"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": "x"}
    events = events_of(
        sse(
            created(),
            added({**item, "summary": [], "encrypted_content": None}),
            ev("reasoning_summary_text.delta", output_index=0, summary_index=0, delta="a"),
            ev("reasoning_summary_text.delta", output_index=0, summary_index=1, delta="b"),
            done(item),
            completed(item),
        )
    )
    ordered(events)
    assert said(events) == "a\n\nb"
    token = Opaque("openai", "encrypted", "x")
    assert [event.opaque for event in events if isinstance(event, Seal)] == [token]
    assert [event.part for event in events if isinstance(event, PartEnd)] == [
        Reasoning(text="a\n\nb", opaque=[token], item_id="rs_1")
    ]


def test_raw_reasoning_of_open_models() -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "raw"}]}
    delta = ev("reasoning_text.delta", output_index=0, content_index=0, delta="raw")
    found = parts_of(created(), added({**item, "content": []}), delta, done(item), completed(item))
    assert found == [Reasoning(text="raw", summary=False, item_id="rs_1")]


def test_free_form_calls() -> None:
    item = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c", "name": "p", "input": "*** Begin"}
    delta = ev("custom_tool_call_input.delta", output_index=0, delta="*** Begin")
    found = parts_of(created(), added({**item, "input": ""}), delta, done(item), completed(item))
    assert found == [ToolCall(id="c", name="p", args="*** Begin", custom=True, item_id="ctc_1")]


@pytest.mark.parametrize(
    ("deltas", "final", "args"),
    [
        ([], "", "{}"),
        (["{}"], "{}", "{}"),
        (["{}", '{"a":1}'], '{"a":1}', '{"a":1}'),
        (['"{\\"a\\":1}"'], '"{\\"a\\":1}"', '{"a":1}'),
        (['{"a"', ":1}"], '{"a":1}', '{"a":1}'),
    ],
)
def test_arguments_of_all_sorts(deltas: list[str], final: str, args: str) -> None:
    item = call_item(final)
    pieces = [args_delta(text) for text in deltas]
    events = events_of(sse(created(), added({**item, "arguments": ""}), *pieces, done(item), completed(item)))
    ordered(events)
    assert said(events) == args


def test_a_call_that_is_only_named_at_its_end() -> None:
    item = call_item('{"a":1}')
    head = {"type": "function_call", "id": "fc_1"}
    events = events_of(sse(created(), added(head), args_delta('{"a"'), done(item), completed(item)))
    assert said(events) == '{"a":1}'


@pytest.mark.parametrize("ended", [True, False])
def test_a_cut_call_with_the_limit_as_reason(ended: bool) -> None:
    item = call_item('{"a', status="incomplete")
    last = [done(item)] if ended else []
    reason = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    events = events_of(sse(created(), added({**item, "arguments": ""}), args_delta('{"a'), *last, completed(**reason)))
    ordered(events)
    assert [event.stop.kind for event in events if isinstance(event, Finish)] == ["length"]


def test_a_call_that_got_no_arguments_before_the_limit_is_not_whole() -> None:
    reason = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    events = events_of(sse(created(), added({**call_item(""), "arguments": ""}), completed(**reason)))
    assert said(events) == ""


def test_a_broken_call_without_a_reason_is_a_failure() -> None:
    events = events_of(sse(created(), done(call_item('{"a')), completed()))
    assert isinstance(events[-1], Failure)
    ordered(events)


def test_items_only_this_protocol_knows() -> None:
    item = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    progress = ev("web_search_call.searching", output_index=0, item_id="ws_1")
    events = events_of(sse(created(), added({**item, "status": "in_progress"}), progress, done(item), completed(item)))
    ordered(events)
    starts = [event.part for event in events if isinstance(event, PartStart)]
    assert [type(part) for part in starts] == [Foreign]
    assert isinstance(starts[0], Foreign)
    assert json.loads(bytes(starts[0].raw)) == item
    assert [type(event) for event in events if isinstance(event, ForeignEvent)] == [ForeignEvent]


def test_log_probabilities_ride_on_deltas() -> None:
    delta = text_delta("a", logprobs=[{"token": "a", "logprob": -1}])
    found = answer(sse(created(), delta, done(message_item("a")), completed()))
    assert json.loads(bytes(found.candidates[0].logprobs or b"")) == [{"token": "a", "logprob": -1}]


def test_pings_and_done_marks() -> None:
    stream = sse(created(), {"type": "keepalive", "sequence_number": 1}, completed(message_item("a")))
    events = events_of(b": hello\n\n" + stream + b"data: [DONE]\n\n")
    ordered(events)
    assert sum(isinstance(event, Ping) for event in events) == 1


def test_a_cut_emoji_is_mended() -> None:
    data = sse(created()) + b'data: {"type":"response.output_text.delta","output_index":0,"delta":"\\ud83d"}\n\n'
    assert said(events_of(data)) == "\ufffd"


def test_incomplete_answers() -> None:
    reason = {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}
    found = answer(sse(created(), done(message_item("a")), completed(**reason)))
    assert (found.candidates[0].stop.kind, found.candidates[0].stop.raw) == ("refusal", "content_filter")


# Failures


@pytest.mark.parametrize(
    ("event", "kind", "code"),
    [
        (
            ev("failed", response={"id": "r", "error": {"code": "rate_limit_exceeded", "message": "slow"}}),
            "rate_limited",
            "rate_limit_exceeded",
        ),
        (
            ev("failed", response={"error": {"code": "context_length_exceeded", "message": "long"}}),
            "context_overflow",
            "context_length_exceeded",
        ),
        (ev("failed", response={"error": {"code": "server_error", "message": "m"}}), "upstream", "server_error"),
        ({"type": "error", "code": "server_is_overloaded", "message": "m"}, "overloaded", "server_is_overloaded"),
        ({"type": "error", "error": {"type": "insufficient_quota", "message": "m"}}, "quota", "insufficient_quota"),
        ({"type": "error"}, "upstream", None),
    ],
)
def test_errors_in_mid_stream(event: dict[str, Any], kind: str, code: str | None) -> None:
    events = events_of(sse(created(), text_delta("a"), event, completed()))
    ordered(events)
    failure = events[-1]
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.code) == (kind, code)


def test_usage_of_a_failed_answer_is_told() -> None:
    failed = ev("failed", response={"error": {"message": "m"}, "usage": {"input_tokens": 4, "output_tokens": 1}})
    usage = [event.usage.input for event in events_of(sse(created(), failed)) if isinstance(event, UsageNow)]
    assert usage == [4]


def test_unreadable_usage_is_left_out() -> None:
    events = events_of(sse(created(), completed(message_item("a"), usage={"input_tokens": "many"})))
    assert isinstance(events[-1], End)
    assert not [event for event in events if isinstance(event, UsageNow)]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"error":{"message":"slow down","code":"rate_limit_exceeded"}}', "rate_limited"),
        (b"<html><title>502</title></html>", "upstream"),
        (b'{"output":5}', "upstream"),
        (b'{"output":[', "truncated"),
        (b"[]", "upstream"),
        (b"", "truncated"),
    ],
)
def test_bodies_that_are_no_stream(body: bytes, kind: str) -> None:
    events = events_of(body, 5)
    assert [type(event) for event in events] == [Failure]
    assert isinstance(events[0], Failure)
    assert events[0].kind == kind


def test_a_whole_answer_where_a_stream_was_due() -> None:
    whole = (VECTORS / "responses.response.json").read_bytes()
    folded = answer(whole)
    assert folded.candidates == upstream.parse_response(whole, conversion()).candidates


def test_nothing_comes_behind_the_end() -> None:
    parser = upstream.stream_parser(conversion())
    parser.feed(GOLDEN)
    assert parser.feed(GOLDEN) + parser.eof() == []
