"""Streams of a Gemini upstream to events."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from gemini_kit import PNG, VECTORS, chunk, conversion, events_of, golden_stream, parsed, sse
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
    Media,
    Opaque,
    Part,
    PartEnd,
    PartStart,
    Reasoning,
    Response,
    Seal,
    Start,
    Stop,
    Text,
    ToolCall,
    Usage,
    UsageNow,
)
from a2a.protocols.document import Document
from a2a.protocols.fold import fold
from a2a.protocols.gemini import upstream
from a2a.protocols.sse import SseReader

GOLDEN = golden_stream()
CRLF = GOLDEN.replace(b"\n", b"\r\n")
ARRAY = b"[" + b",\r\n".join(line[6:] for line in GOLDEN.splitlines() if line) + b"\n]\n"
CALL = {"functionCall": {"name": "f", "args": {"x": 1}}}
SIGNED = Opaque("google", "signature", "c2ln")


def _answer(events: list[Event]) -> Response:
    res = fold(events, "gemini")
    assert isinstance(res, Response), res
    return res


def _parts(*values: Any) -> list[Part]:
    return _answer(events_of(sse(*values))).candidates[0].parts


def _failure(events: list[Event]) -> Failure:
    assert isinstance(events[-1], Failure)
    assert End() not in events
    return events[-1]


@pytest.mark.parametrize("data", [GOLDEN, CRLF, ARRAY], ids=["lf", "crlf", "array"])
@pytest.mark.parametrize("size", [1, 7, None])
def test_golden_stream_folds_to_the_golden_response(data: bytes, size: int | None) -> None:
    whole = upstream.parse_response((VECTORS / "gemini.response.json").read_bytes(), conversion())
    assert fold(events_of(data, size), "gemini") == whole


def test_golden_stream_keeps_the_invariants() -> None:
    events = events_of(GOLDEN)
    kinds = [type(event) for event in events]
    assert kinds[0] is Start
    assert kinds[-3:] == [Finish, UsageNow, End]
    assert [event.i for event in events if isinstance(event, PartStart)] == [0, 1, 2]
    assert kinds[kinds.index(Seal) + 1] is PartEnd
    assert events[0].usage == Usage(input=812, cache_read=512)  # type: ignore[union-attr]


@given(st.sampled_from([GOLDEN, CRLF]), st.lists(st.integers(0, len(CRLF)), max_size=40))
def test_any_split_gives_the_same_events(data: bytes, cuts: list[int]) -> None:
    parser = upstream.stream_parser(conversion())
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    events = [event for a, b in pairwise(edges) for event in parser.feed(data[a:b])]
    assert events + parser.eof() == events_of(GOLDEN)


@pytest.mark.parametrize("data", [GOLDEN, CRLF], ids=["lf", "crlf"])
def test_a_cut_anywhere_is_a_truncation(data: bytes) -> None:
    end = data.rindex(b"}")
    for cut in range(len(data) + 1):
        events = events_of(data[:cut])
        if cut <= end:
            assert _failure(events).kind == "truncated", cut
        else:
            assert events[-1] == End(), cut


def test_a_cut_array_is_a_failure() -> None:
    for cut in range(ARRAY.rindex(b"]") + 1):
        assert isinstance(events_of(ARRAY[:cut])[-1], Failure), cut


@given(st.binary(max_size=300))
def test_garbage_gives_only_a_failure(data: bytes) -> None:
    assert all(isinstance(event, Failure) for event in events_of(data))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"data: {}\n\n",
        b'data: {"a":1}\n\n',
        b"data: 1\n\n",
        b"data: [[[]]]\n\n",
        b"<html>no</html>",
        b"[" * 9000,
        b"data: " + b"[" * 9000 + b"\n\n",
        b'{"candidates":',
    ],
)
def test_nonsense_gives_only_a_failure(data: bytes) -> None:
    events = events_of(data)
    assert [type(event) for event in events] == [Failure]


@given(st.integers(0, len(GOLDEN) - 1), st.integers(0, 255))
def test_a_damaged_byte_never_raises(at: int, byte: int) -> None:
    events = events_of(GOLDEN[:at] + bytes([byte]) + GOLDEN[at + 1 :], 64)
    assert sum(isinstance(event, End | Failure) for event in events) == 1
    assert isinstance(events[-1], End | Failure)


def test_nothing_follows_a_failure() -> None:
    parser = upstream.stream_parser(conversion())
    assert len(parser.feed(sse({"error": {"code": 500}}, chunk({"text": "x"}, finish="STOP")))) == 1
    assert parser.feed(GOLDEN) == []
    assert parser.eof() == []


def test_streams_share_nothing() -> None:
    parsers = [upstream.stream_parser(conversion()) for _ in range(50)]
    got: list[list[Event]] = [[] for _ in parsers]
    for at in range(0, len(GOLDEN), 97):
        for n, parser in enumerate(parsers):
            got[n] += parser.feed(GOLDEN[at : at + 97])
    want = events_of(GOLDEN)
    assert all(events + parser.eof() == want for events, parser in zip(got, parsers, strict=True))


def test_deltas_leave_at_once() -> None:
    parser = upstream.stream_parser(conversion())
    for text in ("a", "b"):
        assert parser.feed(sse(chunk({"text": text})))[-1] == Delta(0, text)


def test_the_quick_way_and_the_careful_way_agree() -> None:
    """A key that the quick decoder does not know changes nothing."""
    values = [json.loads(line[6:]) for line in GOLDEN.splitlines() if line]
    slow = [{**value, "modelStatus": {"x": 1}} for value in values]
    assert events_of(sse(*slow)) == events_of(GOLDEN)
    wrapped = [
        {"response": {key: part for key, part in value.items() if key != "responseId"}, "traceId": "g-resp-1"}
        for value in values
    ]
    assert events_of(sse(*wrapped)) == events_of(GOLDEN)


def test_code_assist_stream() -> None:
    """gemini-cli.md 11, G2: the signature lies on the last text."""
    values = [
        {
            "response": {
                **chunk({"text": "Greeting asked.", "thought": True}),
                "usageMetadata": {"promptTokenCount": 4, "totalTokenCount": 4},
            },
            "traceId": "t2",
        },
        {"response": chunk({"text": "Hel"}), "traceId": "t2"},
        {
            "response": {
                **chunk({"text": "lo", "thoughtSignature": "c2ln"}, finish="STOP"),
                "usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 1, "thoughtsTokenCount": 3},
            },
            "traceId": "t2",
        },
    ]
    res = _answer(events_of(sse(*values, end="\r\n\r\n"), 5))
    assert res.id == "t2"
    assert res.candidates[0].parts == [Reasoning(text="Greeting asked."), Text(text="Hello", opaque=[SIGNED])]
    assert (res.usage.input, res.usage.output, res.usage.reasoning) == (4, 4, 3)


def test_a_bare_signature_joins_the_open_part() -> None:
    bare = {"text": "", "thoughtSignature": "c2ln"}
    assert _parts(chunk({"text": "a"}), chunk(bare), chunk({"text": "b"}, finish="STOP")) == [
        Text(text="a", opaque=[SIGNED]),
        Text(text="b"),
    ]
    assert _parts(chunk(CALL), chunk({"thoughtSignature": "c2ln"}, finish="STOP"))[1] == Text(text="", opaque=[SIGNED])
    assert _parts(chunk({"text": "t", "thought": True}), chunk(bare, finish="STOP")) == [
        Reasoning(text="t", opaque=[SIGNED])
    ]


def test_thoughts_after_text() -> None:
    parts = _parts(chunk({"text": "a"}), chunk({"text": "t", "thought": True}), chunk({"text": "b"}, finish="STOP"))
    assert parts == [Text(text="a"), Reasoning(text="t"), Text(text="b")]


def test_several_parts_in_one_chunk() -> None:
    signed = {**CALL, "thoughtSignature": "c2ln"}
    parts = _parts(chunk({"text": "t", "thought": True}, {"text": "a"}, signed, CALL, {"text": "z"}, finish="STOP"))
    assert parts == [
        Reasoning(text="t"),
        Text(text="a"),
        ToolCall(id="call_2", name="f", args='{"x":1}', opaque=[SIGNED]),
        ToolCall(id="call_3", name="f", args='{"x":1}'),
        Text(text="z"),
    ]


def test_calls_split_from_the_finish() -> None:
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 2}
    events = events_of(sse(chunk(CALL), chunk(CALL), chunk(finish="STOP"), {"usageMetadata": usage}))
    assert events[-3:] == [
        Finish(Stop(kind="tool_call", raw="STOP")),
        UsageNow(Usage(input=1, output=2)),
        End(),
    ]


def test_media_and_foreign_parts_are_whole() -> None:
    image = {"inlineData": {"mimeType": "image/png", "data": PNG}}
    events = events_of(sse(chunk(image, {"executableCode": {"code": "1"}}, finish="STOP")))
    ends = [event.part for event in events if isinstance(event, PartEnd)]
    assert [type(part) for part in ends] == [Media, Foreign]
    assert [event.part for event in events if isinstance(event, PartStart)] == ends


def test_candidates_side_by_side() -> None:
    both = {"candidates": [{"index": n, "content": {"parts": [{"text": text}]}} for n, text in enumerate("ab")]}
    done = [chunk({"text": "!"}, finish="STOP", index=n) for n in (1, 0)]
    res = _answer(events_of(sse(both, *done)))
    assert [candidate.parts for candidate in res.candidates] == [[Text(text="a!")], [Text(text="b!")]]
    assert _failure(events_of(sse(both, done[0]))).kind == "truncated"


def test_a_blocked_prompt() -> None:
    events = events_of(sse({"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": "too bad"}}))
    assert events[1:] == [Finish(Stop(kind="refusal", detail="too bad", raw="SAFETY")), End()]


def test_feedback_without_a_block_is_only_the_beginning() -> None:
    feedback: dict[str, Any] = {"promptFeedback": {"safetyRatings": []}}
    assert _parts(feedback, chunk({"text": "a"}, finish="STOP")) == [Text(text="a")]
    assert _failure(events_of(sse(feedback))).kind == "truncated"


@pytest.mark.parametrize("word", ["MALFORMED_FUNCTION_CALL", "OTHER", "MISSING_THOUGHT_SIGNATURE"])
def test_a_broken_answer_is_a_failure(word: str) -> None:
    value = chunk({"text": "x"}, finish=word)
    value["candidates"][0]["finishMessage"] = "sorry"
    failure = _failure(events_of(sse(value)))
    assert (failure.kind, failure.code) == ("upstream", word)
    assert failure.message.endswith("sorry")


def test_usage_alone_is_no_answer() -> None:
    assert _failure(events_of(sse({"candidates": [], "usageMetadata": {"promptTokenCount": 1}}))).kind == "truncated"


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED"}}',
        b'[{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED"}}]',
        b'data: {"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED"}}\r\n\r\n',
        b'data: [{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED"}}]\n\n',
    ],
)
def test_errors_in_any_wrapping(body: bytes) -> None:
    failure = _failure(events_of(body, 3))
    assert (failure.kind, failure.status, failure.message) == ("rate_limited", 429, "slow")


def test_an_error_after_content() -> None:
    events = events_of(sse(chunk({"text": "a"}), {"error": {"code": 503, "message": "gone"}}))
    assert [type(event) for event in events] == [Start, PartStart, Delta, Failure]


def test_a_whole_answer_instead_of_a_stream() -> None:
    body = (VECTORS / "gemini.response.json").read_bytes()
    assert _answer(events_of(body, 10)) == upstream.parse_response(body, conversion())


@pytest.mark.parametrize("part", [{"text": 5}, {"functionCall": {}}, {"inlineData": {"data": "%"}}, "x"])
def test_wrong_types_name_their_place(part: Any) -> None:
    failure = _failure(events_of(sse(chunk({"text": "a"}), chunk(part))))
    assert failure.kind == "upstream"
    assert "candidates[0].content.parts[0]" in failure.message


def test_unreadable_usage_is_a_failure() -> None:
    assert _failure(events_of(sse(chunk({"text": "a"}, finish="STOP", usageMetadata=[]))))
    quick = sse(
        chunk({"text": "a"}), chunk({"text": "a"}, usageMetadata={"promptTokenCount": "x"}), chunk(finish="STOP")
    )
    assert _failure(events_of(quick)).kind == "upstream"


def test_null_means_absent() -> None:
    value = chunk(
        {"text": "a", "thought": None, "functionCall": None}, finish="STOP", usageMetadata=None, modelVersion=None
    )
    assert _parts(value) == [Text(text="a")]
    assert _parts(chunk({"text": "a"}, usageMetadata=None), chunk(finish="STOP")) == [Text(text="a")]


def test_half_an_emoji_is_mended() -> None:
    data = b'data: {"candidates":[{"content":{"parts":[{"text":"\\ud83d"}]},"finishReason":"STOP"}]}\n\n'
    assert _answer(events_of(data)).candidates[0].parts == [Text(text="\ufffd")]


def test_done_markers_and_blank_lines_are_ignored() -> None:
    data = b"\n\n\r\n: hello\n\n" + GOLDEN + b"data: [DONE]\n\n"
    assert events_of(data) == events_of(GOLDEN)


def test_what_google_adds_reaches_gemini_clients_only() -> None:
    value = chunk({"text": "a"}, finish="STOP", index=0)
    value["candidates"][0]["groundingMetadata"] = {"x": 1}
    own = events_of(sse(value), conv=conversion(parsed({})))
    told = [event for event in own if isinstance(event, ForeignEvent)]
    assert [json.loads(bytes(event.raw)) for event in told] == [
        {"candidates": [{"index": 0, "groundingMetadata": {"x": 1}}]}
    ]
    assert not any(isinstance(event, ForeignEvent) for event in events_of(sse(value)))


def test_damage_that_shows_only_at_the_end() -> None:
    data = GOLDEN.replace(b'"candidatesTokenCount"', b'"\x80andidatesTokenCount"')
    assert _failure(events_of(data)).kind == "upstream"


def test_an_answer_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("a2a.protocols.gemini.stream_parse.SseReader", lambda: SseReader(100))
    monkeypatch.setattr("a2a.protocols.gemini.stream_parse.Document", lambda: Document(100))
    for head in (b"data: ", b"["):
        assert "100 bytes" in _failure(events_of(head + b"x" * 200, 50)).message
