"""Answer streams: the golden ones of specs/kiro.md section 13 and the cases of section 7, in every split."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from a2a.errors import BadUpstream
from a2a.messages import (
    Candidate,
    Delta,
    End,
    Event,
    Failure,
    Finish,
    Message,
    Opaque,
    Part,
    PartEnd,
    PartStart,
    Reasoning,
    Request,
    Response,
    Seal,
    Start,
    Text,
    Tool,
    ToolCall,
    Usage,
    UsageNow,
)
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.eventstream import encode_frame
from a2a.protocols.fold import fold
from a2a.protocols.kiro import upstream

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "vectors" / "kiro.json").read_text())["cases"]
TAGGED = {"kiro.thinking_tags": "1"}
TAIL = [
    ("metadataEvent", {"stopReason": "END_TURN", "tokenUsage": {"uncachedInputTokens": 10, "outputTokens": 2}}),
    ("contextUsageEvent", {"contextUsagePercentage": 0.5}),
    ("meteringEvent", {"unit": "credit", "unitPlural": "credits", "usage": 0.02}),
]


def frame(kind: str, name: str, payload: bytes) -> bytes:
    return encode_frame({f":{kind}-type": name, ":content-type": "application/json", ":message-type": kind}, payload)


def event(name: str, payload: object) -> bytes:
    return frame("event", name, json.dumps(payload, ensure_ascii=False).encode())


def text(content: str) -> bytes:
    return event("assistantResponseEvent", {"content": content})


def tool(call_id: str = "t1", name: str = "f", **more: object) -> bytes:
    return event("toolUseEvent", {"toolUseId": call_id, "name": name, **more})


def tail(**metadata: object) -> bytes:
    return b"".join(event(name, body | metadata if name == "metadataEvent" else body) for name, body in TAIL)


def golden(name: str) -> bytes:
    return b"".join(frame(kind, event_name, payload.encode()) for kind, event_name, payload in GOLDEN[name]["events"])


def conversion(model: str = "claude-sonnet-4.5", tools: tuple[str, ...] = (), **extra: str) -> Conversion:
    req = Request(
        proto="chat",
        model=model,
        messages=[Message(role="user", parts=[Text(text="Hello there, model.")])],
        tools=[Tool(name=name) for name in tools],
    )
    count = iter(range(100))
    return Conversion(
        request=req,
        profile=Profile(family="kiro"),
        model=model,
        now=1_700_000_000.5,
        new_id=lambda prefix: f"{prefix}{next(count)}",
        extra=dict(extra),
    )


def read(data: bytes, conv: Conversion | None = None, size: int = 0) -> list[Event]:
    """All events, the bytes cut in pieces of `size`."""
    parser = upstream.stream_parser(conv or conversion())
    step = size or max(len(data), 1)
    events = [item for at in range(0, len(data), step) for item in parser.feed(data[at : at + step])]
    events += parser.eof()
    assert parser.feed(b"more") == []
    assert parser.eof() == []
    return events


def parts_of(events: list[Event]) -> list[Part]:
    """The parts of a good answer; fails on any other."""
    answer = fold(events, "kiro")
    assert isinstance(answer, Response), answer
    return answer.candidates[0].parts


def seen_text(events: list[Event]) -> str:
    return "".join(item.text for item in events if isinstance(item, Delta))


def last_failure(events: list[Event]) -> Failure:
    failure = events[-1]
    assert isinstance(failure, Failure)
    assert not any(isinstance(item, End | Finish) for item in events)
    return failure


def finish(events: list[Event]) -> Finish:
    return next(item for item in events if isinstance(item, Finish))


def usage(events: list[Event]) -> Usage:
    return next(item for item in events if isinstance(item, UsageNow)).usage


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_streams_are_encoded_as_specified(name: str) -> None:
    data = golden(name)
    assert (len(data), hashlib.sha256(data).hexdigest()) == (GOLDEN[name]["bytes"], GOLDEN[name]["sha256"])


@pytest.mark.parametrize("name", GOLDEN)
def test_any_split_gives_the_same_events(name: str) -> None:
    data = golden(name)
    whole = read(data)
    assert all(read(data, size=size) == whole for size in (1, 2, 3, 7, 64, 1000))


@pytest.mark.parametrize("name", GOLDEN)
def test_a_cut_at_any_byte_ends_in_a_failure(name: str) -> None:
    data = golden(name)
    complete = read(data)
    needs_tail = {"A", "B", "C", "D"}
    closing = (
        len(data) if name not in needs_tail else data.index(b"metadataEvent") - len(b"\x0b:event-type\x07\x00\x0d") - 12
    )
    for cut in range(closing):
        events = read(data[:cut])
        assert isinstance(events[-1], Failure)
        assert sum(isinstance(item, End | Failure) for item in events) == 1
    assert isinstance(complete[-1], End if name in needs_tail else Failure)


def test_golden_a_text_with_usage_and_credits() -> None:
    assert read(golden("A")) == [
        Start("msg_0", "claude-sonnet-4.5", 1_700_000_000),
        PartStart(0, Text(text="")),
        Delta(0, "Hello"),
        Delta(0, ", "),
        Delta(0, "wörld 👋"),
        PartEnd(0),
        Finish(finish(read(golden("A"))).stop),
        UsageNow(Usage(input=1510, output=7, ext={"credits": Raw(b"0.0214")})),
        End(),
    ]
    stop = finish(read(golden("A"))).stop
    assert (stop.kind, stop.raw) == ("end", "END_TURN")


def test_golden_b_tool_call_wins_over_the_stop_reason() -> None:
    events = read(golden("B"))
    call = ToolCall(id="tooluse_9XkLmN0pQrStUvWxYz12Ab", name="get_weather", args='{"city": "Kyoto", "days": 1}')
    assert parts_of(events) == [Text(text="I'll check the weather."), call]
    assert PartStart(1, ToolCall(id=call.id, name=call.name, args="")) in events
    assert finish(events).stop.kind == "tool_call"


def test_golden_c_folds_to_an_answer() -> None:
    answer = upstream.parse_response(golden("C"), conversion())
    assert isinstance(answer.candidates[0], Candidate)
    assert answer.candidates[0].parts == [Text(text="It is 12 °C and clear in Kyoto.")]
    assert (answer.usage.input, answer.usage.output) == (1990, 14)


def test_golden_d_signature_seals_the_thoughts() -> None:
    events = read(golden("D"), conversion("claude-opus-4.8"))
    seal = Opaque("kiro", "signature", "RXhhbXBsZVNpZ25hdHVyZQ==", "claude-opus-4.8")
    assert events.index(Seal(0, seal)) == events.index(PartEnd(0)) - 1
    assert parts_of(events) == [
        Reasoning(text="The picture is one red pixel.", opaque=[seal]),
        Text(text="A single red pixel."),
    ]


def test_golden_e2_error_after_content() -> None:
    events = read(golden("E2"))
    assert seen_text(events) == "Part"
    failure = last_failure(events)
    assert (failure.kind, failure.code, failure.status) == ("overloaded", "INSUFFICIENT_MODEL_CAPACITY", 429)


def test_golden_e3_truncated_tool_is_dropped() -> None:
    events = read(golden("E3"))
    assert seen_text(events) == "ok "
    assert not any(isinstance(item, PartStart) and isinstance(item.part, ToolCall) for item in events)
    assert (last_failure(events).kind, last_failure(events).code) == ("truncated", "TRUNCATED")


# Text and reasoning (7.2)


def test_equal_deltas_are_all_kept() -> None:
    assert seen_text(read(text("-") * 3 + text("\n") * 2 + tail())) == "---\n\n"


def test_payload_variants_of_older_servers() -> None:
    data = (
        event("initial-response", {"conversationId": "c"})
        + event("assistantResponseEvent", {"assistantResponseEvent": {"content": "a", "modelId": None}})
        + event("codeEvent", {"content": "b"})
        + event("followupPromptEvent", {"followupPrompt": {"content": "no"}})
        + event("somethingNewEvent", {"content": "no"})
        + frame("event", "assistantResponseEvent", b"")
        + tail()
    )
    assert parts_of(read(data)) == [Text(text="ab")]


def test_thoughts_may_follow_calls_and_be_redacted() -> None:
    data = (
        tool(input="{}", stop=True)
        + event("reasoningContentEvent", {"text": "...", "signature": "c2ln"})
        + event("reasoningContentEvent", {"redactedContent": "eHg="})
        + tail()
    )
    assert parts_of(read(data)) == [
        ToolCall(id="t1", name="f", args="{}"),
        Reasoning(text="...", opaque=[Opaque("kiro", "signature", "c2ln", "claude-sonnet-4.5")]),
        Reasoning(opaque=[Opaque("kiro", "redacted", "eHg=", "claude-sonnet-4.5")]),
    ]


@pytest.mark.parametrize("size", [0, 1, 5])
def test_tags_are_separated_when_they_were_asked_for(size: int) -> None:
    data = b"".join(map(text, ["<thin", "king>a `</thinking>` b</thi", "nking>\n", "\nThe <thinking> tag."])) + tail()
    assert parts_of(read(data, conversion(**TAGGED), size)) == [
        Reasoning(text="a `</thinking>` b"),
        Text(text="The <thinking> tag."),
    ]
    assert seen_text(read(data)).startswith("<thinking>")


def test_the_fence_around_json_is_taken_off() -> None:
    data = text("```json\n{}") + text("\n``") + text("`\n") + tail()
    assert parts_of(read(data, conversion(**{"kiro.strip_fence": "1"}))) == [Text(text="{}")]
    assert parts_of(read(data)) == [Text(text="```json\n{}\n```\n")]


# Tool calls (7.3, 7.6)


def test_calls_follow_one_another_with_text_between() -> None:
    data = (
        tool("t1", input='{"a":')
        + tool("t1", input="1}", stop=True)
        + text("and")
        + tool("t2", "g", input={"b": 2})
        + tool("t3", "h")
        + tool("t3", "h", stop=True)
        + tail()
    )
    assert parts_of(read(data)) == [
        ToolCall(id="t1", name="f", args='{"a":1}'),
        Text(text="and"),
        ToolCall(id="t2", name="g", args='{"b": 2}'),
        ToolCall(id="t3", name="h", args="{}"),
    ]


def test_repeated_frames_of_a_finished_call_are_ignored() -> None:
    data = tool(input="{}", stop=True) + tool(stop=True) + tail()
    assert parts_of(read(data)) == [ToolCall(id="t1", name="f", args="{}")]


def test_a_call_without_an_id_gets_one() -> None:
    data = event("toolUseEvent", {"name": "f", "input": "{}"}) + event("toolUseEvent", {"stop": True}) + tail()
    assert parts_of(read(data)) == [ToolCall(id="tooluse_0", name="f", args="{}")]


def test_a_cut_call_beside_content_ends_with_length() -> None:
    data = text("ok") + tool(input='{"path":"a', stop=True) + tail(stopReason="TOOL_USE")
    events = read(data)
    assert parts_of(events) == [Text(text="ok")]
    assert finish(events).stop.kind == "length"


def test_a_cut_last_call_outweighs_whole_ones() -> None:
    events = read(tool("t1", stop=True) + tool("t2", input="{", stop=True) + tail())
    assert [part.id for part in parts_of(events) if isinstance(part, ToolCall)] == ["t1"]
    assert finish(events).stop.kind == "length"


def test_a_cut_call_alone_is_a_failure() -> None:
    failure = last_failure(read(tool(input="{", stop=True) + tail()))
    assert (failure.kind, failure.code) == ("upstream", "CUT_TOOL_CALL")


# Calls written as text

WRITTEN = 'Sure.\n[Called get_weather with args: {"city": "]}\\" {"}]'


@pytest.mark.parametrize("step", [1, 4, 1000])
def test_written_calls_become_calls(step: int) -> None:
    data = b"".join(text(WRITTEN[at : at + step]) for at in range(0, len(WRITTEN), step)) + tail()
    events = read(data, conversion(tools=("get_weather",)))
    assert parts_of(events) == [
        Text(text="Sure.\n"),
        ToolCall(id="tooluse_1", name="get_weather", args='{"city": "]}\\" {"}'),
    ]
    assert finish(events).stop.kind == "tool_call"


@pytest.mark.parametrize(
    ("content", "tools", "more"),
    [
        (WRITTEN, ("other",), b""),
        (WRITTEN, (), b""),
        (f"See {WRITTEN[6:]}", ("get_weather",), b""),
        (WRITTEN[:-1], ("get_weather",), b""),
        ('[Called get_weather with args: {"city"]}]', ("get_weather",), b""),
        (WRITTEN, ("get_weather",), tool(input="{}", stop=True)),
    ],
)
def test_other_brackets_stay_text(content: str, tools: tuple[str, ...], more: bytes) -> None:
    parts = parts_of(read(text(content) + more + tail(), conversion(tools=tools)))
    assert parts[0] == Text(text=content)
    assert len(parts) == (2 if more else 1)


def test_the_name_on_the_wire_counts() -> None:
    conv = conversion(tools=("a.b",))
    conv.names["a.b"] = "a_b"
    data = text("[Called a_b with args: {}]") + tail()
    assert parts_of(read(data, conv)) == [ToolCall(id="tooluse_0", name="a_b", args="{}")]


# Stop reasons and usage (7.4, 7.5)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("END_TURN", "end"),
        ("TOOL_USE", "end"),
        ("UNKNOWN", "end"),
        (None, "end"),
        ("MAX_TOKENS", "length"),
        ("MODEL_CONTEXT_WINDOW_EXCEEDED", "context_full"),
        ("PAUSE_TURN", "pause"),
        ("CONTENT_FILTERED", "refusal"),
    ],
)
def test_stop_reasons(reason: str | None, kind: str) -> None:
    stop = finish(read(text("x") + tail(stopReason=reason))).stop
    assert (stop.kind, stop.raw) == (kind, reason)


def test_a_refusal_without_content_is_an_answer() -> None:
    details = {"refusal": {"category": "cyber", "explanation": "Not this."}}
    events = read(tail(stopReason="END_TURN", stopDetails=details))
    assert parts_of(events) == []
    assert (finish(events).stop.kind, finish(events).stop.detail) == ("refusal", "Not this.")


def test_cached_tokens_are_part_of_the_input() -> None:
    counts = {"uncachedInputTokens": 10, "outputTokens": 2, "cacheReadInputTokens": 5, "cacheWriteInputTokens": 3}
    assert usage(read(text("x") + event("metadataEvent", {"tokenUsage": counts}))) == Usage(
        input=18, cache_read=5, cache_write=3, output=2
    )


def _share(percent: float) -> bytes:
    return event("contextUsageEvent", {"contextUsagePercentage": percent})


def test_the_share_of_the_window_gives_the_input() -> None:
    counted = usage(read(text("Hello, wörld 👋") + _share(0.7585)))
    assert counted.estimated
    assert counted.output is not None
    assert (counted.input or 0) + counted.output == 1517


def test_the_window_of_the_profile_outweighs_the_table() -> None:
    conv = conversion()
    conv.profile = Profile(context=1_000_000)
    counted = usage(read(text("x") + _share(1.0), conv))
    assert counted.input == 10_000 - 1


def test_without_any_number_both_are_estimated() -> None:
    counted = usage(read(text("Hello") + tool(input='{"a":1}', stop=True), conversion(endpoint="legacy")))
    assert counted.estimated
    assert (counted.input or 0) > 0
    assert (counted.output or 0) > 0


# Failed streams (7.6)


def test_an_empty_stream_is_a_failure_before_any_content() -> None:
    for data in (b"", tail(), event("initial-response", {})):
        events = read(data)
        assert len(events) == 1
        assert (last_failure(events).kind, last_failure(events).code) == ("upstream", "EMPTY")


def test_the_old_endpoint_may_end_without_closing_events() -> None:
    assert last_failure(read(text("x"))).code == "TRUNCATED"
    assert isinstance(read(text("x"), conversion(endpoint="legacy"))[-1], End)


def test_an_open_call_at_the_end_is_a_cut_on_both_endpoints() -> None:
    for endpoint in ("krs", "legacy"):
        assert last_failure(read(text("x") + tool(input="{"), conversion(endpoint=endpoint))).kind == "truncated"


def test_damage_ends_the_answer_behind_the_content() -> None:
    data = text("x") + text("y")[:-1] + b"\x00"
    assert [type(item) for item in read(data)] == [Start, PartStart, Delta, Failure]
    assert last_failure(read(data)).kind == "truncated"


def test_html_is_no_stream() -> None:
    assert last_failure(read(b"<html>Bad gateway</html>")).status == 502


@pytest.mark.parametrize("size", [0, 1])
def test_json_instead_of_frames_is_an_error(size: int) -> None:
    body = b'{"__type":"com.amazon#ThrottlingException","message":"slow","reason":null}'
    failure = last_failure(read(body, size=size))
    assert (failure.kind, failure.code, failure.message) == ("rate_limited", "ThrottlingException", "slow")


ERROR_FRAMES = [
    (event("codeEvent", {"__type": "x#ValidationException", "message": "m"}), "bad_request", "ValidationException"),
    (event("codeEvent", {"error": "quotaError", "message": "m"}), "quota", "quotaError"),
    (event("invalidStateEvent", {"reason": "INVALID_TASK_ASSIST_PLAN"}), "upstream", "INVALID_TASK_ASSIST_PLAN"),
    (encode_frame({":message-type": "error", ":error-code": "InternalError"}, b""), "upstream", "InternalError"),
    (frame("exception", "serviceUnavailableError", b'{"message":"m"}'), "upstream", "serviceUnavailableError"),
    (event("toolUseEvent", {"toolUseId": 7}), "upstream", "BAD_EVENT"),
    (frame("event", "assistantResponseEvent", b'{"content":"\xff"}'), "upstream", "BAD_EVENT"),
    (frame("event", "assistantResponseEvent", b"[]"), "upstream", "BAD_EVENT"),
]


@pytest.mark.parametrize(("data", "kind", "code"), ERROR_FRAMES)
def test_errors_in_frames(data: bytes, kind: str, code: str) -> None:
    failure = last_failure(read(text("x") + data + tail()))
    assert (failure.kind, failure.code) == (kind, code)


def test_text_held_back_is_delivered_before_the_failure() -> None:
    conv = conversion(tools=("f",), **TAGGED)
    assert seen_text(read(text("\n[Called f") + frame("exception", "error", b"{}"), conv)) == "\n[Called f"


def test_a_failed_answer_cannot_be_folded() -> None:
    with pytest.raises(BadUpstream, match="empty answer"):
        upstream.parse_response(b"", conversion())


def test_streams_share_no_state() -> None:
    parsers = [upstream.stream_parser(conversion()) for _ in range(2)]
    outputs: list[list[Any]] = [[], []]
    data = golden("B")
    for at in range(0, len(data), 50):
        for parser, output in zip(parsers, outputs, strict=True):
            output += parser.feed(data[at : at + 50])
    for parser, output in zip(parsers, outputs, strict=True):
        output += parser.eof()
    assert outputs[0] == outputs[1] == read(data)


NAMES = [
    "assistantResponseEvent",
    "reasoningContentEvent",
    "toolUseEvent",
    "metadataEvent",
    "meteringEvent",
    "newEvent",
]
KEYS = ["content", "text", "signature", "toolUseId", "name", "input", "stop", "tokenUsage", "stopDetails", "usage"]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "a", "{", "{}", "<thinking>", "[Called f"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=5,
)
EVENTS = st.builds(event, st.sampled_from(NAMES), st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3))
FRAMES = EVENTS | st.builds(frame, st.just("event"), st.sampled_from(NAMES), st.binary(max_size=20))


def _well_formed(events: list[Event]) -> None:
    """The order of conversion.md 2.1."""
    assert isinstance(events[-1], End | Failure)
    opened = -1
    is_open = False
    for at, item in enumerate(events):
        match item:
            case Start():
                assert at == 0
            case PartStart(i=i):
                assert (is_open, i) == (False, opened + 1)
                opened, is_open = i, True
            case Delta(i=i) | Seal(i=i):
                assert (is_open, i) == (True, opened)
            case PartEnd(i=i):
                assert (is_open, i) == (True, opened)
                is_open = False
            case Finish():
                assert not is_open
                assert [type(rest) for rest in events[at:]] == [Finish, UsageNow, End]
            case _:
                assert at >= len(events) - 2


@given(st.lists(FRAMES, max_size=6), st.booleans(), st.integers(min_value=1, max_value=90))
def test_any_payload_gives_well_formed_events_in_any_split(frames: list[bytes], closed: bool, size: int) -> None:
    data = b"".join(frames) + (tail() if closed else b"")
    whole = read(data, conversion(tools=("f",), **TAGGED))
    _well_formed(whole)
    assert read(data, conversion(tools=("f",), **TAGGED), size) == whole


@given(st.binary(max_size=100), st.integers(min_value=1, max_value=9))
def test_nonsense_gives_one_failure(data: bytes, size: int) -> None:
    whole = read(data)
    assert [type(item) for item in whole] == [Failure]
    assert read(data, size=size) == whole
