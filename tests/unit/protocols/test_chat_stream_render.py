"""Events to Chat streams: order, numbering, usage, errors (conversion.md 10.1, 11.2)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from msgspec import Raw

from a2a.messages import (
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
    PartEnd,
    PartStart,
    Ping,
    Reasoning,
    Refusal,
    Request,
    Seal,
    Start,
    Stop,
    Text,
    ToolCall,
    Usage,
    UsageNow,
)
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.chat import front, upstream

VECTORS = Path(__file__).parents[2] / "golden" / "vectors"
GOLDEN = (VECTORS / "chat.stream.sse").read_bytes()
START = Start(id="c1", model="m", created=5)
STOP = Finish(Stop(kind="end"))


def conversion(*, want_usage: bool = True) -> Conversion:
    request = Request(proto="chat", model="alias", messages=[], want_usage=want_usage)
    return Conversion(request=request, profile=Profile(), model="up", now=9.0, new_id=lambda prefix: f"{prefix}1")


def render(*events: Event, want_usage: bool = True) -> list[dict[str, Any] | str]:
    """The decoded frames; `[DONE]` as text."""
    renderer = front.stream_renderer(conversion(want_usage=want_usage))
    data = b"".join(map(renderer.on, events))
    assert not data or data.endswith(b"\n\n")
    frames = [block.removeprefix(b"data: ") for block in data.split(b"\n\n")[:-1]]
    return [frame.decode() if frame == b"[DONE]" else json.loads(frame) for frame in frames]


def deltas(*events: Event) -> list[dict[str, Any]]:
    """The deltas of the first candidate between the role chunk and the finish chunk."""
    frames = render(START, *events)
    return [frame["choices"][0]["delta"] for frame in frames if isinstance(frame, dict) and frame["choices"]][1:]


def test_golden_stream_comes_out_again() -> None:
    parser, renderer = upstream.stream_parser(conversion()), front.stream_renderer(conversion())
    data = b"".join(renderer.on(event) for event in [*parser.feed(GOLDEN), *parser.eof()])

    def frames(stream: bytes) -> list[Any]:
        found = [json.loads(block[6:]) for block in stream.split(b"\n\n") if block.startswith(b"data: {")]
        for frame in found:
            for choice in frame["choices"]:
                choice.pop("logprobs", None)
            for details in ("prompt_tokens_details", "completion_tokens_details"):
                if frame["usage"]:
                    frame["usage"][details] = {k: v for k, v in frame["usage"][details].items() if v}
        return found

    assert frames(data) == frames(GOLDEN)
    assert data.endswith(b"data: [DONE]\n\n")


def test_every_chunk_has_the_same_head() -> None:
    frames = render(
        START, PartStart(0, Text(text="")), Delta(0, "a"), PartEnd(0), STOP, UsageNow(Usage(input=1)), End()
    )
    heads = {tuple((key, frame[key]) for key in ("id", "object", "created", "model")) for frame in frames[:-1]}  # type: ignore[index]
    assert heads == {(("id", "c1"), ("object", "chat.completion.chunk"), ("created", 5), ("model", "m"))}


def test_missing_id_model_and_time_are_made_up() -> None:
    frame = render(Start(id="", model="", created=0))[0]
    assert isinstance(frame, dict)
    assert (frame["id"], frame["model"], frame["created"]) == ("chatcmpl-1", "alias", 9)


def test_usage_is_the_last_chunk_and_only_on_demand() -> None:
    events: list[Event] = [START, UsageNow(Usage(input=3, output=2)), STOP, End()]
    frames = render(*events)
    assert frames[-1] == "[DONE]"
    assert isinstance(frames[-2], dict)
    assert (frames[-2]["choices"], frames[-2]["usage"]["total_tokens"]) == ([], 5)
    quiet = render(*events, want_usage=False)
    assert all("usage" not in frame for frame in quiet[:-1])


def test_the_estimate_at_the_start_is_replaced() -> None:
    start = Start(id="c", model="m", created=1, usage=Usage(input=7))
    assert render(start, STOP, End())[-2]["usage"]["prompt_tokens"] == 7  # type: ignore[index]
    assert render(start, STOP, UsageNow(Usage(input=8)), End())[-2]["usage"]["prompt_tokens"] == 8  # type: ignore[index]


def test_calls_are_numbered_from_zero_and_named_once() -> None:
    found = deltas(
        PartStart(0, Text(text="")),
        Delta(0, "a"),
        PartEnd(0),
        PartStart(1, ToolCall(id="x", name="f", args="")),
        Delta(1, '{"a":'),
        Delta(1, "1}"),
        PartEnd(1),
        PartStart(2, ToolCall(id="y", name="g", args="")),
        PartEnd(2),
    )
    assert found == [
        {"content": "a"},
        {"tool_calls": [{"index": 0, "id": "x", "type": "function", "function": {"name": "f", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"a":'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]},
        {"tool_calls": [{"index": 1, "id": "y", "type": "function", "function": {"name": "g", "arguments": ""}}]},
        {"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]},
    ]


def test_custom_calls() -> None:
    found = deltas(PartStart(0, ToolCall(id="x", name="p", args="", custom=True)), Delta(0, "*** x"), PartEnd(0))
    assert found == [
        {"tool_calls": [{"index": 0, "id": "x", "type": "custom", "custom": {"name": "p", "input": ""}}]},
        {"tool_calls": [{"index": 0, "custom": {"input": "*** x"}}]},
    ]


def test_reasoning_refusal_and_odd_text() -> None:
    odd = 'say "€"\u2028\n'
    found = deltas(
        PartStart(0, Reasoning()),
        Delta(0, odd),
        Seal(0, Opaque(family="anthropic", kind="signature", data="s")),
        PartEnd(0),
        PartStart(1, Refusal(text="")),
        Delta(1, "no"),
        PartEnd(1),
    )
    assert found == [{"reasoning_content": odd}, {"refusal": "no"}]


def test_parts_that_come_whole() -> None:
    image = Media(kind="image", source=Inline("aGk="), mime="image/png")
    foreign = Foreign(proto="claude", wire_type="x", raw=Raw(b"{}"), as_text="found")
    audio = Media(kind="audio", source=Inline("aGk="))
    found = deltas(
        PartStart(0, Text(text="")),
        PartEnd(0, part=Text(text="whole")),
        PartStart(1, Text(text="")),
        Delta(1, "said"),
        PartEnd(1, part=Text(text="said")),
        PartStart(2, ToolCall(id="x", name="f", args="")),
        PartEnd(2, part=ToolCall(id="x", name="f", args='{"a":1}')),
        PartStart(3, image),
        PartEnd(3),
        PartStart(4, foreign),
        Delta(4, "{raw"),
        PartEnd(4),
        PartStart(5, audio),
        PartEnd(5),
    )
    assert found[:2] == [{"content": "whole"}, {"content": "said"}]
    assert found[3] == {"tool_calls": [{"index": 0, "function": {"arguments": '{"a":1}'}}]}
    assert found[4]["images"][0]["image_url"]["url"] == "data:image/png;base64,aGk="
    assert found[5:] == [{"content": "found"}]


def test_logprobs_ride_on_their_delta() -> None:
    frames = render(START, PartStart(0, Text(text="")), Delta(0, "a", logprobs=Raw(b'[\n\n {"token":"a"}\n]')))
    assert isinstance(frames[1], dict)
    assert frames[1]["choices"][0]["logprobs"] == {"content": [{"token": "a"}], "refusal": None}


def test_several_candidates() -> None:
    frames = render(
        START,
        PartStart(0, Text(text="")),
        PartStart(0, Text(text=""), 1),
        Delta(0, "b", 1),
        Delta(0, "a"),
        Finish(Stop(kind="length"), 1),
        STOP,
    )
    choices = [frame["choices"][0] for frame in frames if isinstance(frame, dict)]
    assert [(choice["index"], choice["delta"].get("role")) for choice in choices[:2]] == [
        (0, "assistant"),
        (1, "assistant"),
    ]
    assert [(choice["index"], choice["delta"]["content"]) for choice in choices[2:4]] == [(1, "b"), (0, "a")]
    assert [(choice["index"], choice["finish_reason"]) for choice in choices[4:]] == [(1, "length"), (0, "stop")]


def test_finish_words() -> None:
    def word(kind: str, *before: Event) -> str:
        frame = render(START, *before, Finish(Stop(kind=kind)))[-1]  # type: ignore[arg-type]
        assert isinstance(frame, dict)
        return str(frame["choices"][0]["finish_reason"])

    for row in json.loads((VECTORS / "edges.json").read_text())["stop"]:
        call = [PartStart(0, ToolCall(id="x", name="f")), PartEnd(0)] if row["ir"] == "tool_call" else []
        assert word(row["ir"], *call) == row["chat"]
    assert word("tool_call") == "stop"


def test_a_refusal_carries_its_explanation_once() -> None:
    refusal = Finish(Stop(kind="refusal", detail="because"))
    assert deltas(refusal) == [{"refusal": "because"}, {}]
    assert deltas(PartStart(0, Refusal(text="")), Delta(0, "no"), PartEnd(0), refusal) == [{"refusal": "no"}, {}]


def test_error_in_mid_stream() -> None:
    renderer = front.stream_renderer(conversion())
    renderer.on(START)
    frame = renderer.on(Failure("truncated", "upstream closed", 502))
    wanted = json.loads((VECTORS / "surface.json").read_text())["mid_stream_error"]["chat"]["frames"]
    assert frame.decode() == wanted
    assert renderer.on(End()) == renderer.on(STOP) == b""


def test_a_stop_that_is_an_error_is_an_error_frame() -> None:
    frames = render(START, Finish(Stop(kind="error", raw="MALFORMED_FUNCTION_CALL")), End())
    assert isinstance(frames[-1], dict)
    assert "MALFORMED_FUNCTION_CALL" in frames[-1]["error"]["message"]


def test_what_says_nothing_to_a_chat_client() -> None:
    assert render(Ping(), ForeignEvent(proto="claude", raw=Raw(b"{}"))) == []
    assert front.stream_renderer(conversion()).keepalive() == b": keep-alive\n\n"
