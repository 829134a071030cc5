"""Events to streams for Gemini clients."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from gemini_kit import PNG, chunks, conversion, events_of, golden_stream, request
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from a2a.messages import (
    Candidate,
    Delta,
    End,
    Event,
    Failure,
    Finish,
    Foreign,
    ForeignEvent,
    Inline,
    Media,
    Opaque,
    Part,
    PartEnd,
    PartStart,
    Ping,
    Reasoning,
    Refusal,
    Response,
    Seal,
    Start,
    Stop,
    Text,
    ToolCall,
    Usage,
    UsageNow,
)
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.fold import explode, fold
from a2a.protocols.gemini import front, upstream

START = Start("r1", "m", 1)
IDS = {"modelVersion": "m", "responseId": "r1"}
END: list[Event] = [Finish(Stop(kind="end")), UsageNow(Usage(input=5, output=7)), End()]
SIGNED = Opaque("google", "signature", "c2ln")


def _conv(**extra: str) -> Conversion:
    return conversion(profile=Profile(), extra=extra)


def _bytes(*events: Event, conv: Conversion | None = None) -> bytes:
    renderer = front.stream_renderer(conv or _conv())
    return b"".join(renderer.on(event) for event in events)


def _parts(*events: Event) -> list[Any]:
    """Parts of all chunks but the last."""
    got = chunks(_bytes(START, *events, *END))
    return [part for one in got[:-1] for part in one["candidates"][0]["content"]["parts"]]


def _part(shell: Part, *texts: str, i: int = 0, seal: Opaque | None = None) -> list[Event]:
    seals: list[Event] = [] if seal is None else [Seal(i, seal)]
    return [PartStart(i, shell), *(Delta(i, text) for text in texts), *seals, PartEnd(i)]


def test_golden_stream_goes_back_the_same() -> None:
    """But for the usage that Google repeats in every chunk."""
    want = [json.loads(line[6:]) for line in golden_stream().splitlines() if line]
    for value in want[:-1]:
        del value["usageMetadata"]
    assert chunks(_bytes(*events_of(golden_stream()))) == want


def test_every_frame_is_data_and_a_blank_line() -> None:
    data = _bytes(*events_of(golden_stream()))
    assert data.endswith(b"\n\n")
    frames = data[:-2].split(b"\n\n")
    assert all(frame.startswith(b"data: {") and b"\n" not in frame and b"\r" not in frame for frame in frames)


def test_text_and_thoughts_leave_at_once() -> None:
    renderer = front.stream_renderer(_conv())
    assert renderer.on(START) == b""
    assert renderer.on(PartStart(0, Reasoning())) == b""
    assert chunks(renderer.on(Delta(0, "t"))) == [
        {"candidates": [{"content": {"role": "model", "parts": [{"text": "t", "thought": True}]}, "index": 0}], **IDS}
    ]
    assert renderer.on(PartEnd(0)) == b""
    assert chunks(renderer.on(PartStart(1, Text(text="early"))))[0]["candidates"][0]["content"]["parts"] == [
        {"text": "early"}
    ]
    assert renderer.on(Ping()) == b""


def test_a_call_is_whole() -> None:
    call = ToolCall(id="c", name="f", args="")
    assert _parts(*_part(call, '{"a', '": 1.50}', seal=SIGNED), *_part(call, i=1)) == [
        {"functionCall": {"id": "c", "name": "f", "args": {"a": 1.5}}, "thoughtSignature": "c2ln"},
        {"functionCall": {"id": "c", "name": "f", "args": {}}},
    ]
    assert b'"args":{"a":1.50}' in _bytes(START, *_part(call, '{"a', '": 1.50}'), *END)


def test_calls_in_odd_shapes() -> None:
    assert _parts(
        *_part(ToolCall(id="a", name="f", args=""), "{}", '{"x":1}'),
        PartStart(1, ToolCall(id="b", name="g", args="")),
        PartEnd(1, part=ToolCall(id="b", name="g", args='{"y":2}')),
        *_part(ToolCall(id="", name="p", args="", custom=True), "free", i=2),
    ) == [
        {"functionCall": {"id": "a", "name": "f", "args": {"x": 1}}},
        {"functionCall": {"id": "b", "name": "g", "args": {"y": 2}}},
        {"functionCall": {"name": "p", "args": {"input": "free"}}},
    ]


def test_the_authoritative_call_wins() -> None:
    events: list[Event] = [PartStart(0, ToolCall(id="b", name="g", args="")), Delta(0, '{"y":')]
    whole = PartEnd(0, part=ToolCall(id="b", name="g", args='{"y":2}', opaque=[SIGNED]))
    assert _parts(*events, whole) == [
        {"functionCall": {"id": "b", "name": "g", "args": {"y": 2}}, "thoughtSignature": "c2ln"}
    ]


def test_a_cut_call_is_withheld() -> None:
    conv = _conv()
    data = _bytes(
        START, *_part(ToolCall(id="a", name="f", args=""), '{"x"'), Finish(Stop(kind="length")), End(), conv=conv
    )
    (last,) = chunks(data)
    assert last["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert [note.field for note in conv.notes] == ["functionCall"]


def test_signatures_follow_on_their_part() -> None:
    parts = _parts(
        *_part(Reasoning(), "t", seal=Opaque("anthropic", "signature", "x")),
        *_part(Text(text=""), "a", i=1, seal=SIGNED),
        *_part(Text(text=""), i=2, seal=SIGNED),
    )
    envelope = parts[1].pop("thoughtSignature")
    assert base64.b64decode(envelope) == b"a2a1.anthropic.signature.x"
    assert parts == [
        {"text": "t", "thought": True},
        {"text": "", "thought": True},
        {"text": "a"},
        {"text": "", "thoughtSignature": "c2ln"},
        {"text": "", "thoughtSignature": "c2ln"},
    ]


def test_what_the_end_of_a_part_adds() -> None:
    parts = _parts(
        PartStart(0, Text(text="")),
        Delta(0, "Hel"),
        PartEnd(0, part=Text(text="Hello")),
        PartStart(1, Reasoning()),
        PartEnd(1, part=Reasoning(text="t", opaque=[SIGNED])),
        *_part(Refusal(text=""), "no", i=2),
    )
    assert parts == [
        {"text": "Hel"},
        {"text": "lo"},
        {"text": "t", "thought": True},
        {"text": "", "thought": True, "thoughtSignature": "c2ln"},
        {"text": "no"},
    ]


def test_media_and_foreign_parts() -> None:
    picture = Media(kind="image", source=Inline(PNG), mime="image/png")
    own = Foreign(proto="gemini", wire_type="executableCode", raw=Raw(b'{"executableCode":{"code":"1"}}'))
    other = Foreign(proto="claude", wire_type="x", raw=Raw(b"{}"))
    readable = Foreign(proto="claude", wire_type="x", raw=Raw(b"{}"), as_text="seen")
    parts: list[Part] = [picture, own, other, readable]
    events: list[Event] = [
        event for i, part in enumerate(parts) for event in (PartStart(i, part), PartEnd(i, part=part))
    ]
    assert _parts(*events) == [
        {"inlineData": {"mimeType": "image/png", "data": PNG}},
        {"executableCode": {"code": "1"}},
        {"text": "seen"},
    ]


def test_the_last_chunk() -> None:
    assert chunks(_bytes(START, *_part(Text(text=""), "a"), *END))[-1] == {
        "candidates": [{"content": {"role": "model", "parts": [{"text": ""}]}, "index": 0, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 7, "totalTokenCount": 12},
        **IDS,
    }


def test_a_refusal_says_why_if_nothing_else_was_said() -> None:
    stop = Finish(Stop(kind="refusal", detail="not this"))
    silent = chunks(_bytes(START, *_part(Reasoning(), "t"), stop, End()))[-1]["candidates"][0]
    assert (silent["content"]["parts"], silent["finishReason"]) == ([{"text": "not this"}], "SAFETY")
    spoken = chunks(_bytes(START, *_part(Text(text=""), "t"), stop, End()))[-1]["candidates"][0]
    assert spoken["content"]["parts"] == [{"text": ""}]


def test_several_candidates_end_together() -> None:
    events: list[Event] = [START]
    for c in (1, 0):
        events += [PartStart(0, Text(text=""), c), Delta(0, "x", c), PartEnd(0, c), Finish(Stop(kind="length"), c)]
    got = chunks(_bytes(*events, End()))
    assert [one["candidates"][0]["index"] for one in got[:-1]] == [1, 0]
    assert [(one["index"], one["finishReason"]) for one in got[-1]["candidates"]] == [
        (0, "MAX_TOKENS"),
        (1, "MAX_TOKENS"),
    ]


def test_unknown_usage_is_estimated() -> None:
    conv = conversion(request(text="y" * 36), Profile())
    events = [*_part(Text(text=""), "x" * 36), *_part(ToolCall(id="a", name="f", args=""), '{"a":123}', i=1)]
    last = chunks(_bytes(START, *events, Finish(Stop(kind="end")), End(), conv=conv))[-1]
    assert last["usageMetadata"] == {"promptTokenCount": 14, "candidatesTokenCount": 13, "totalTokenCount": 27}


def test_usage_of_the_start_counts_until_a_better_one_comes() -> None:
    last = chunks(_bytes(Start("r1", "m", 1, Usage(input=9)), Finish(Stop(kind="end")), End()))[-1]
    assert last["usageMetadata"]["promptTokenCount"] == 9


def test_logprobs_ride_along() -> None:
    tokens = Raw(b'[{"token":"a","logprob":-1.0,"bytes":[97],"top_logprobs":[]}]')
    got = chunks(_bytes(START, PartStart(0, Text(text="")), Delta(0, "a", 0, tokens), Delta(0, "b", 0, Raw(b"1"))))
    assert got[0]["candidates"][0]["logprobsResult"]["chosenCandidates"] == [{"token": "a", "logProbability": -1.0}]
    assert "logprobsResult" not in got[1]["candidates"][0]


def test_a_failure_is_the_last_word() -> None:
    renderer = front.stream_renderer(_conv())
    renderer.on(START)
    (error,) = chunks(renderer.on(Failure("overloaded", "upstream closed", 503)))
    assert error == {"error": {"code": 503, "message": "upstream closed", "status": "UNAVAILABLE"}}
    assert renderer.on(End()) == b""


def test_a_stop_that_is_an_error_is_told_as_one() -> None:
    got = chunks(_bytes(START, Finish(Stop(kind="error", raw="network_error")), End()))
    assert [one["error"]["status"] for one in got] == ["INTERNAL"]


def test_what_google_added_is_told_only_if_it_is_googles() -> None:
    raw = Raw(b'{"candidates":[{"index":0,"groundingMetadata":{"x":1}}]}')
    got = chunks(_bytes(START, ForeignEvent("gemini", raw), ForeignEvent("claude", raw)))
    assert got == [{"candidates": [{"index": 0, "groundingMetadata": {"x": 1}}], **IDS}]


def test_keep_alives() -> None:
    assert front.stream_renderer(_conv()).keepalive() == b"\n"


# Array


@pytest.mark.parametrize("quiet", [b"", b"\n"])
def test_an_array_for_clients_without_events(quiet: bytes) -> None:
    renderer = front.stream_renderer(_conv(gemini_array="1"))
    data = quiet + b"".join(quiet + renderer.on(event) for event in events_of(golden_stream())) + quiet
    assert json.loads(data) == chunks(_bytes(*events_of(golden_stream())))
    assert fold(events_of(data), "gemini") == fold(events_of(golden_stream()), "gemini")


def test_an_array_always_closes() -> None:
    failure = Failure("timeout", "late", 504)
    assert json.loads(_bytes(failure, conv=_conv(gemini_array="1")))[0]["error"]["status"] == "DEADLINE_EXCEEDED"
    begun = _bytes(START, PartStart(0, Text(text="")), Delta(0, "a"), failure, conv=_conv(gemini_array="1"))
    assert [*json.loads(begun)[1]] == ["error"]
    assert len(json.loads(_bytes(START, End(), conv=_conv(gemini_array="1")))) == 1


# Round trip

_TEXT = st.text(min_size=1, max_size=20)
_SEALS = st.lists(st.just(SIGNED), max_size=1)
_PART: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, text=_TEXT, opaque=_SEALS),
    st.builds(Reasoning, text=_TEXT, opaque=_SEALS),
    st.builds(
        ToolCall,
        id=st.text("abc_", min_size=1, max_size=8),
        name=st.just("f"),
        args=st.dictionaries(_TEXT, st.integers()).map(
            lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        ),
        opaque=_SEALS,
    ),
)


def _distinct(parts: list[Part]) -> list[Part]:
    """Without unsigned neighbours of one kind, which the wire cannot tell apart."""
    out: list[Part] = []
    for part in parts:
        last = out[-1] if out else None
        if isinstance(last, Text | Reasoning) and type(last) is type(part) and not last.opaque:
            continue
        out.append(part)
    return out


@given(st.lists(_PART, max_size=6).map(_distinct))
def test_what_is_written_reads_the_same(parts: list[Part]) -> None:
    calls = any(isinstance(part, ToolCall) for part in parts)
    stop = Stop(kind="tool_call" if calls else "end", raw="STOP")
    res = Response(
        proto="gemini",
        id="r",
        model="m",
        created=1_795_305_600,
        candidates=[Candidate(parts=parts, stop=stop)],
        usage=Usage(input=1, output=2),
    )
    assert fold(events_of(_bytes(*explode(res))), "gemini") == res
    assert upstream.parse_response(front.render_response(res, _conv()), conversion()) == res
