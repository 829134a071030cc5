"""Chat streams of upstreams to events: the golden stream, every split and cut, and the traps of conversion.md 10.2."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from a2a.messages import (
    Delta,
    End,
    Event,
    Failure,
    Finish,
    Media,
    Opaque,
    PartEnd,
    PartStart,
    Reasoning,
    Refusal,
    Request,
    Response,
    Seal,
    Start,
    Text,
    ToolCall,
    UsageNow,
)
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.chat import upstream
from a2a.protocols.fold import fold

VECTORS = Path(__file__).parents[2] / "golden" / "vectors"
GOLDEN = (VECTORS / "chat.stream.sse").read_bytes()


def conversion() -> Conversion:
    numbers = iter(range(1000))
    request = Request(proto="chat", model="m", messages=[])
    return Conversion(
        request=request,
        profile=Profile(),
        model="m",
        now=1700000000.0,
        new_id=lambda prefix: f"{prefix}{next(numbers)}",
    )


def run(data: bytes, size: int | None = None) -> list[Event]:
    parser = upstream.stream_parser(conversion())
    step = size or max(1, len(data))
    events: list[Event] = []
    for at in range(0, len(data), step):
        events += parser.feed(data[at : at + step])
    return events + parser.eof()


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    body = {"id": "c1", "created": 7, "model": "up", "choices": [choice], **more}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def call(index: int | None, args: str | None = None, **more: Any) -> dict[str, Any]:
    """One entry of `tool_calls`; `id` and `name` as keywords."""
    entry: dict[str, Any] = {} if index is None else {"index": index}
    if "id" in more:
        entry["id"] = more["id"]
    function = {key: value for key, value in (("name", more.get("name")), ("arguments", args)) if value is not None}
    return {"tool_calls": [{**entry, "function": function}]}


DONE = b"data: [DONE]\n\n"


def answer(*pieces: bytes) -> Response:
    folded = fold(run(b"".join(pieces)), "chat")
    assert isinstance(folded, Response), folded
    return folded


def calls(*pieces: bytes) -> list[tuple[str, str, str]]:
    parts = answer(*pieces).candidates[0].parts
    return [(part.id, part.name, part.args) for part in parts if isinstance(part, ToolCall)]


def ordered(events: list[Event]) -> None:
    """The invariants of conversion.md 2.1."""
    if events and not isinstance(events[0], Failure):
        assert isinstance(events[0], Start)
    assert sum(isinstance(event, Start) for event in events) <= 1
    assert sum(isinstance(event, End | Failure) for event in events) == 1
    assert isinstance(events[-1], End | Failure)
    open_part: dict[int, int | None] = {}
    count: dict[int, int] = {}
    for event in events:
        match event:
            case PartStart():
                assert open_part.get(event.c) is None
                assert event.i == count.get(event.c, 0)
                open_part[event.c], count[event.c] = event.i, event.i + 1
            case Delta() | Seal():
                assert open_part[event.c] == event.i
            case PartEnd():
                assert open_part[event.c] == event.i
                open_part[event.c] = None
    if isinstance(events[-1], End):
        assert all(part is None for part in open_part.values())
        assert sum(isinstance(event, Finish) for event in events) == len(open_part or {0: 0})


# The golden stream


def test_golden_stream_folds_to_the_golden_response() -> None:
    folded = fold(run(GOLDEN), "chat")
    whole = upstream.parse_response((VECTORS / "chat.response.json").read_bytes(), conversion())
    assert folded == whole


@pytest.mark.parametrize("size", [1, 7, 64])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_any_split_gives_the_same_events(size: int, newline: bytes) -> None:
    data = GOLDEN.replace(b"\n", newline)
    assert run(data, size) == run(GOLDEN)


@given(st.lists(st.integers(0, len(GOLDEN)), max_size=12))
@settings(max_examples=60, deadline=None)
def test_random_splits_give_the_same_events(cuts: list[int]) -> None:
    parser = upstream.stream_parser(conversion())
    bounds = [0, *sorted(cuts), len(GOLDEN)]
    events = [event for at, to in pairwise(bounds) for event in parser.feed(GOLDEN[at:to])]
    assert events + parser.eof() == run(GOLDEN)


def test_a_cut_at_any_byte_is_no_success_before_the_finish_chunk() -> None:
    true_end = GOLDEN.index(b'"finish_reason":"tool_calls"') + len(b'"finish_reason":"tool_calls"}],"usage":null}')
    for at in range(len(GOLDEN)):
        events = run(GOLDEN[:at])
        ordered(events)
        assert isinstance(events[-1], End if at >= true_end else Failure), at
        if at < true_end:
            assert events[-1].kind == "truncated"


def test_without_done_a_finished_stream_is_complete() -> None:
    assert isinstance(run(chunk({"content": "a"}, "stop"))[-1], End)


def test_done_without_finish_reason_is_complete() -> None:
    assert answer(chunk({"content": "a"}), DONE).candidates[0].stop.kind == "end"


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_garbage_gives_only_a_failure(data: bytes) -> None:
    events = run(data)
    assert len(events) == 1
    assert isinstance(events[0], Failure)


@given(st.binary(max_size=60), st.integers(0, len(GOLDEN)))
@settings(max_examples=150, deadline=None)
def test_garbage_inside_a_stream_keeps_the_invariants(noise: bytes, at: int) -> None:
    ordered(run(GOLDEN[:at] + noise + GOLDEN[at:]))


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["content", "reasoning_content", "refusal"]).map(lambda key: {key: "x"}),
            st.builds(
                lambda index, cid, name, args: call(index, args, id=cid, name=name),
                st.sampled_from([None, 0, 1, 2]),
                st.sampled_from(["", "a", "b"]),
                st.sampled_from(["", "f", "g"]),
                st.sampled_from([None, "", "{}", '{"a"', ":1}", '{"b":2}', "null", '"{}"', "[1]"]),
            ),
        ),
        max_size=8,
    ),
    st.sampled_from(["stop", "length", "tool_calls", "", None]),
)
@settings(max_examples=300, deadline=None)
def test_any_order_of_deltas_keeps_the_invariants(deltas: list[dict[str, Any]], finish: str | None) -> None:
    events = run(b"".join(map(chunk, deltas)) + chunk({}, finish) + DONE)
    ordered(events)
    folded = fold(events, "chat")
    if isinstance(folded, Response) and folded.candidates[0].stop.kind != "length":
        for part in folded.candidates[0].parts:
            assert not isinstance(part, ToolCall) or isinstance(json.loads(part.args), dict)


# Traps


def test_several_calls_in_one_chunk() -> None:
    both = {
        "tool_calls": [*call(0, "{}", id="a", name="f")["tool_calls"], *call(1, "{}", id="b", name="g")["tool_calls"]]
    }
    assert calls(chunk(both, "tool_calls"), DONE) == [("a", "f", "{}"), ("b", "g", "{}")]


def test_index_missing_a_new_id_starts_a_new_call() -> None:
    pieces = [
        call(None, '{"x":', id="a", name="f"),
        call(None, "1}"),
        call(None, '{"y":', id="b", name="g"),
        call(None, "2}"),
    ]
    assert calls(*map(chunk, pieces), DONE) == [("a", "f", '{"x":1}'), ("b", "g", '{"y":2}')]


def test_id_and_name_sent_twice_are_not_doubled() -> None:
    pieces = [call(0, "", id="a", name="f"), call(0, '{"x":1', id="a", name="f"), call(0, "}", id="a", name="f")]
    assert calls(*map(chunk, pieces), DONE) == [("a", "f", '{"x":1}')]


def test_the_second_call_reuses_index_zero() -> None:
    pieces = [
        call(0, '{"city":', id="call_a", name="get_weather"),
        call(0, '"Oslo"}', id=""),
        call(0, '{"city":"Rome"}', id="call_b", name="get_weather"),
    ]
    found = answer(*map(chunk, pieces), chunk({}, "stop"), DONE).candidates[0]
    assert [part.args for part in found.parts if isinstance(part, ToolCall)] == ['{"city":"Oslo"}', '{"city":"Rome"}']
    assert found.stop.kind == "tool_call"


def test_a_new_id_on_every_fragment_is_one_call() -> None:
    pieces = [call(0, "", id="r1", name="f"), call(0, '{"x"', id="r2"), call(0, ":1}", id="r3")]
    assert calls(*map(chunk, pieces), DONE) == [("r1", "f", '{"x":1}')]


def test_a_call_without_any_id_gets_one() -> None:
    assert calls(chunk(call(0, "{}", name="f")), DONE) == [("call_0", "f", "{}")]


def test_interleaved_calls_come_one_after_another() -> None:
    pieces = [
        call(0, "", id="a", name="f"),
        call(1, "", id="b", name="g"),
        call(0, '{"x":'),
        call(1, '{"y":'),
        call(0, "1}"),
        call(1, "2}"),
    ]
    data = b"".join(map(chunk, pieces)) + DONE
    ordered(run(data))
    assert calls(data) == [("a", "f", '{"x":1}'), ("b", "g", '{"y":2}')]


def test_fragments_leave_at_once() -> None:
    parser = upstream.stream_parser(conversion())
    parser.feed(chunk(call(0, "", id="a", name="f")))
    assert parser.feed(chunk(call(0, '{"x":'))) == [Delta(0, '{"x":')]
    assert parser.feed(chunk(call(0, "1}"))) == [Delta(0, "1}")]


def test_text_after_a_call_is_a_new_part() -> None:
    parts = answer(chunk({"content": "a"}), chunk(call(0, "{}", id="i", name="f")), chunk({"content": "b"}), DONE)
    assert [type(part) for part in parts.candidates[0].parts] == [Text, ToolCall, Text]


@pytest.mark.parametrize(
    ("fragments", "expected"),
    [
        (["{}", '{"a":1}'], '{"a":1}'),
        (['{}{"a":1}'], '{"a":1}'),
        (["{", "}", '{"a"', ":1}"], '{"a":1}'),
        (["", ""], "{}"),
        (["null"], "{}"),
        (['"{\\"a\\"', ':1}"'], '{"a":1}'),
        (['"{\\"a\\":1}"'], '{"a":1}'),
        (["[1", ",2]"], '{"value":[1,2]}'),
        ([" {", '"a": 1.50}'], '{"a": 1.50}'),
    ],
)
def test_arguments_as_upstreams_send_them(fragments: list[str], expected: str) -> None:
    data = chunk(call(0, "", id="a", name="f")) + b"".join(chunk(call(0, text)) for text in fragments) + DONE
    assert calls(data) == [("a", "f", expected)]


def test_arguments_as_an_object() -> None:
    raw = {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": {"a": 1}}}]}
    assert calls(chunk(raw), DONE) == [("a", "f", '{"a":1}')]


@pytest.mark.parametrize("args", ['{"a":1', '{"a":1}{"a":1}', "no json"])
def test_unusable_arguments_are_a_failure(args: str) -> None:
    events = run(chunk(call(0, args, id="a", name="f"), "tool_calls") + DONE)
    ordered(events)
    assert isinstance(events[-1], Failure)
    assert events[-1].kind == "upstream"


def test_a_call_cut_by_the_limit_ends_with_length() -> None:
    whole, cut = call(0, '{"a":1}', id="a", name="f"), call(1, '{"b', id="b", name="g")
    found = answer(chunk(whole), chunk(cut), chunk({}, "length"), DONE).candidates[0]
    assert found.stop.kind == "length"
    assert found.parts[0] == ToolCall(id="a", name="f", args='{"a":1}')


def test_a_call_that_never_opened_is_dropped_at_the_limit() -> None:
    first, second = call(0, '{"a', id="a", name="f"), call(1, '{"b', id="b", name="g")
    found = answer(chunk(first), chunk(second), chunk({}, "length"), DONE).candidates[0]
    assert [part.id for part in found.parts if isinstance(part, ToolCall)] == ["a"]


@pytest.mark.parametrize(
    "pieces",
    [
        [chunk({"content": "a"}, "stop", usage={"prompt_tokens": 3, "completion_tokens": 2})],
        [chunk({"content": "a"}, "stop"), b'data: {"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n'],
        [
            chunk({"content": "a"}, "stop"),
            b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n',
        ],
        [
            chunk({"content": "a"}, usage={"prompt_tokens": 3, "completion_tokens": 1}),
            chunk({}, "stop", usage={"prompt_tokens": 3, "completion_tokens": 2}),
        ],
    ],
)
def test_usage_wherever_it_sits(pieces: list[bytes]) -> None:
    usage = answer(*pieces, DONE).usage
    assert (usage.input, usage.output) == (3, 2)
    events = run(b"".join(pieces) + DONE)
    assert [type(event) for event in events[-3:]] == [Finish, UsageNow, End]


def test_usage_of_other_vendors() -> None:
    deepseek = {"prompt_tokens": 9, "prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 5, "completion_tokens": 1}
    assert answer(chunk({"content": "a"}, "stop", usage=deepseek), DONE).usage.cache_read == 4
    kimi = {"prompt_tokens": 9, "cached_tokens": 3, "completion_tokens": 1}
    assert answer(chunk({"content": "a"}, "stop", usage=kimi), DONE).usage.cache_read == 3


def test_empty_choices_and_empty_finish_reason_say_nothing() -> None:
    azure = b'data: {"id":"","model":"","created":0,"choices":[],"prompt_filter_results":[]}\n\n'
    found = answer(
        azure, chunk({"role": "assistant", "content": None}, ""), chunk({"content": "a"}, ""), chunk({}, "stop"), DONE
    )
    assert (found.id, found.model, found.created) == ("c1", "up", 7)
    assert found.candidates[0].parts == [Text(text="a")]


def test_comments_and_blank_data_are_ignored() -> None:
    noise = b": keep-alive\n\n:OPENROUTER PROCESSING\n\ndata: \n\n"
    assert answer(noise, chunk({"content": "a"}), noise, chunk({}, "stop"), b"data:[DONE]\n\n").candidates[0].parts


def test_reasoning_under_both_names() -> None:
    for key in ("reasoning_content", "reasoning"):
        parts = answer(chunk({key: "hm", "content": None}), chunk({"content": "a"}), DONE).candidates[0].parts
        assert parts == [Reasoning(text="hm", summary=False), Text(text="a")]


def test_mistral_content_lists() -> None:
    thinking = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "a"}]
    assert answer(chunk({"content": thinking}), DONE).candidates[0].parts == [
        Reasoning(text="hm", summary=False),
        Text(text="a"),
    ]


def test_refusal_and_content_filter() -> None:
    found = answer(chunk({"refusal": "no"}), chunk({}, "stop"), DONE).candidates[0]
    assert (found.parts, found.stop.kind) == ([Refusal(text="no")], "refusal")
    assert answer(chunk({"content": "a"}, "content_filter"), DONE).candidates[0].stop.kind == "refusal"


def test_several_choices() -> None:
    two = b'data: {"id":"x","choices":[{"index":1,"delta":{"content":"b"},"finish_reason":"stop"}]}\n\n'
    found = answer(chunk({"content": "a"}), two, chunk({}, "length"), DONE)
    assert [candidate.parts for candidate in found.candidates] == [[Text(text="a")], [Text(text="b")]]
    assert [candidate.stop.kind for candidate in found.candidates] == ["length", "end"]


def test_a_choice_without_finish_makes_the_stream_truncated() -> None:
    two = b'data: {"id":"x","choices":[{"index":1,"delta":{"content":"b"},"finish_reason":"stop"}]}\n\n'
    assert isinstance(run(chunk({"content": "a"}) + two)[-1], Failure)


def test_legacy_function_call() -> None:
    pieces = [{"function_call": {"name": "f", "arguments": ""}}, {"function_call": {"arguments": '{"a":1}'}}]
    assert calls(*map(chunk, pieces), chunk({}, "function_call"), DONE) == [("call_0", "f", '{"a":1}')]


def test_custom_tool_call() -> None:
    first = {"tool_calls": [{"index": 0, "id": "a", "type": "custom", "custom": {"name": "patch", "input": ""}}]}
    more = {"tool_calls": [{"index": 0, "custom": {"input": "*** Begin"}}]}
    parts = answer(chunk(first), chunk(more), DONE).candidates[0].parts
    assert parts == [ToolCall(id="a", name="patch", args="*** Begin", custom=True)]


def test_google_signature_is_sealed_on_its_call() -> None:
    entry = call(0, "{}", id="a", name="f")
    entry["tool_calls"][0]["extra_content"] = {"google": {"thought_signature": "c2ln"}}
    part = answer(chunk(entry), DONE).candidates[0].parts[0]
    assert isinstance(part, ToolCall)
    assert part.opaque == [Opaque(family="google", kind="signature", data="c2ln")]


def test_generated_images() -> None:
    images = {"images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]}
    part = answer(chunk(images), DONE).candidates[0].parts[0]
    assert isinstance(part, Media)
    assert part.mime == "image/png"


def test_logprobs_are_the_token_entries() -> None:
    choice = {"index": 0, "delta": {"content": "a"}, "logprobs": {"content": [{"token": "a", "logprob": -1.5}]}}
    data = b"data: " + json.dumps({"id": "x", "choices": [choice]}, separators=(",", ":")).encode() + b"\n\n"
    logprobs = answer(data, data, DONE).candidates[0].logprobs
    assert logprobs is not None
    assert json.loads(bytes(logprobs)) == [{"token": "a", "logprob": -1.5}] * 2


def test_half_a_surrogate_pair_does_not_break_the_stream() -> None:
    data = b'data: {"id":"x","choices":[{"index":0,"delta":{"content":"a\\ud83d"},"finish_reason":"stop"}]}\n\n'
    assert answer(data).candidates[0].parts == [Text(text="a\ufffd")]


# Errors inside a 200


@pytest.mark.parametrize("before", [b"", chunk({"content": "a"})])
@pytest.mark.parametrize(
    ("frame", "kind", "word"),
    [
        (b'data: {"error":{"message":"slow down","code":"rate_limit_exceeded"}}\n\n', "rate_limited", "slow down"),
        (b'data: {"error":{"message":"limit","code":429},"choices":[]}\n\n', "rate_limited", "limit"),
        (b'data: {"error":"boom"}\n\n', "upstream", "boom"),
        (b'data: {"object":"error","message":"bad","code":400}\n\n', "bad_request", "bad"),
        (
            b'id:1\nevent:error\n:HTTP_STATUS/429\ndata:{"code":"Throttling.AllocationQuota","message":"gone"}\n\n',
            "quota",
            "gone",
        ),
        (chunk({"content": "concurrency allocated quota exceeded"}, "error_finish"), "rate_limited", "allocated"),
        (b"data: {broken\n\n", "upstream", "unreadable"),
        (b'data: {"choices":{"a":1}}\n\n', "upstream", "unreadable"),
    ],
)
def test_errors_inside_a_stream(before: bytes, frame: bytes, kind: str, word: str) -> None:
    events = run(before + frame + chunk({"content": "never"}) + DONE)
    ordered(events)
    failure = events[-1]
    assert isinstance(failure, Failure)
    assert failure.kind == kind
    assert word in failure.message


@pytest.mark.parametrize("size", [1, None])
def test_a_whole_answer_instead_of_a_stream(size: int | None) -> None:
    body = (VECTORS / "chat.response.json").read_bytes()
    assert fold(run(b"\n" + body, size), "chat") == upstream.parse_response(body, conversion())


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"error":{"message":"no","code":"invalid_api_key"}}', "unavailable"),
        (b"<html><title>Bad gateway</title></html>", "upstream"),
        (b'{"choices":[]}', "upstream"),
        (b'{"choices":[{"mess', "truncated"),
    ],
)
def test_a_document_that_is_no_answer(body: bytes, kind: str) -> None:
    events = run(body, 3)
    assert [type(event) for event in events] == [Failure]
    assert isinstance(events[0], Failure)
    assert events[0].kind == kind


def test_an_oversized_event_is_refused() -> None:
    parser = upstream.stream_parser(conversion())
    block = b"data: " + b"x" * (1024 * 1024)
    events: list[Event] = []
    for _ in range(40):
        events += parser.feed(block)
    assert [type(event) for event in events] == [Failure]
    assert parser.feed(b"data: 1\n\n") == []
    assert parser.eof() == []
