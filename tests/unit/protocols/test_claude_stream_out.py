"""Events to the stream of a Claude client."""

from __future__ import annotations

import json
from typing import Any

import pytest
from claude_kit import conversion, events_of, frames, golden_stream, sse, vector
from hypothesis import given
from hypothesis import strategies as st
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
from a2a.protocols.claude import front, upstream
from a2a.protocols.fold import explode, fold

START = Start("m1", "m", 1)
USAGE = UsageNow(Usage(input=10, output=5))
SIGNED = Opaque("anthropic", "signature", "sig")


def _bytes(*events: Event, **extra: str) -> bytes:
    renderer = front.stream_renderer(conversion(extra=extra))
    return b"".join(renderer.on(event) for event in events)


def _answer(*events: Event, stop: Any = "end") -> list[tuple[str, Any]]:
    return frames(_bytes(START, *events, Finish(Stop(kind=stop)), USAGE, End()))


def _blocks(*events: Event) -> list[Any]:
    """Data of the block frames alone."""
    return [value for name, value in _answer(*events) if name.startswith("content_block")]


def _part(part: Part, *texts: str, i: int = 0) -> list[Event]:
    return [PartStart(i, part), *(Delta(i, text) for text in texts), PartEnd(i)]


def test_golden_stream_survives_the_hub() -> None:
    out = _bytes(*events_of(golden_stream()))
    again = events_of(out)
    assert fold(again, "claude") == fold(events_of(golden_stream()), "claude")
    names = [name for name, _ in frames(out)]
    assert names[0] == "message_start"
    assert names[-2:] == ["message_delta", "message_stop"]


def test_frames_of_a_text() -> None:
    assert _answer(*_part(Text(text=""), "a\u2028b", "\n€")) == [
        (
            "message_start",
            {
                "type": "message_start",
                "message": {
                    "id": "m1",
                    "type": "message",
                    "role": "assistant",
                    "model": "m",
                    "content": [],
                    "stop_reason": None,
                    "stop_sequence": None,
                    "usage": {
                        "input_tokens": 0,
                        "cache_creation_input_tokens": 0,
                        "cache_read_input_tokens": 0,
                        "output_tokens": 0,
                    },
                },
            },
        ),
        (
            "content_block_start",
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        ),
        (
            "content_block_delta",
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a\u2028b"}},
        ),
        (
            "content_block_delta",
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "\n€"}},
        ),
        ("content_block_stop", {"type": "content_block_stop", "index": 0}),
        (
            "message_delta",
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {
                    "input_tokens": 10,
                    "cache_creation_input_tokens": 0,
                    "cache_read_input_tokens": 0,
                    "output_tokens": 5,
                },
            },
        ),
        ("message_stop", {"type": "message_stop"}),
    ]


def test_input_estimate_stands_in_until_the_end() -> None:
    first = frames(_bytes(START, input_estimate="77"))[0][1]
    assert first["message"]["usage"]["input_tokens"] == 77
    known = frames(_bytes(Start("m1", "m", 1, Usage(input=9, cache_read=4))))[0][1]
    assert known["message"]["usage"]["input_tokens"] == 5


def test_unknown_output_is_estimated() -> None:
    data = _bytes(START, *_part(Text(text=""), "x" * 36), Finish(Stop(kind="end")), End())
    assert frames(data)[-2][1]["usage"]["output_tokens"] == 10


def test_signature_comes_last() -> None:
    seal = Seal(0, SIGNED)
    blocks = _blocks(PartStart(0, Reasoning()), Delta(0, "a"), seal, Delta(0, "b"), PartEnd(0))
    assert [block.get("delta", {}).get("type") for block in blocks] == [
        None,
        "thinking_delta",
        "thinking_delta",
        "signature_delta",
        None,
    ]
    assert blocks[0]["content_block"] == {"type": "thinking", "thinking": "", "signature": ""}


def test_tokens_of_others_are_not_shown() -> None:
    blocks = _blocks(PartStart(0, Reasoning()), Delta(0, "a"), Seal(0, Opaque("google", "signature", "g")), PartEnd(0))
    assert "signature_delta" not in [block.get("delta", {}).get("type") for block in blocks]


def test_empty_thinking_is_a_whole_block() -> None:
    blocks = _blocks(PartStart(0, Reasoning()), PartEnd(0))
    assert [block["type"] for block in blocks] == ["content_block_start", "content_block_stop"]
    assert blocks[0]["content_block"] == {"type": "thinking", "thinking": "", "signature": ""}


def test_redacted_thinking_is_a_block_of_its_own() -> None:
    blocks = _blocks(PartStart(0, Reasoning()), Seal(0, Opaque("anthropic", "redacted", "xx")), PartEnd(0))
    assert blocks[0]["content_block"] == {"type": "redacted_thinking", "data": "xx"}
    assert len(blocks) == 2


def test_indexes_are_dense_where_parts_vanish() -> None:
    gone = Foreign(proto="gemini", wire_type="x", raw=Raw(b"{}"))
    picture = Media(kind="image", source=Inline("AAAA"))
    blocks = _blocks(
        *_part(Text(text="")),
        PartStart(1, gone),
        PartEnd(1, part=gone),
        PartStart(2, picture),
        PartEnd(2, part=picture),
        *_part(Refusal(text=""), "no", i=3),
        *_part(ToolCall(id="t", name="f", args=""), "{}", i=4),
    )
    assert [block["index"] for block in blocks] == [0, 0, 0, 1, 1, 1]


def test_parallel_calls() -> None:
    got = _answer(
        *_part(ToolCall(id="a", name="f", args=""), '{"x"', ":1}"),
        *_part(ToolCall(id="", name="g", args=""), i=1),
        stop="tool_call",
    )
    starts = [value["content_block"] for name, value in got if name == "content_block_start"]
    assert [(block["id"], block["name"], block["input"]) for block in starts] == [("a", "f", {}), ("toolu_1", "g", {})]
    assert got[-2][1]["delta"]["stop_reason"] == "tool_use"


def test_tool_use_needs_a_call() -> None:
    assert _answer(*_part(Text(text=""), "x"), stop="tool_call")[-2][1]["delta"]["stop_reason"] == "end_turn"


@pytest.mark.parametrize("entry", vector("edges.json")["stop"], ids=lambda entry: str(entry["ir"]))
def test_stop_table(entry: dict[str, Any]) -> None:
    got = _answer(*_part(ToolCall(id="a", name="f", args=""), "{}"), stop=entry["ir"])
    assert got[-2][1]["delta"]["stop_reason"] == entry["claude"]


@pytest.mark.parametrize(
    ("shell", "whole", "shown"),
    [
        (Text(text=""), Text(text="abc"), "abc"),
        (Reasoning(), Reasoning(text="abc"), "abc"),
        (ToolCall(id="t", name="f", args=""), ToolCall(id="t", name="f", args='{"a":1}'), '{"a":1}'),
    ],
)
@pytest.mark.parametrize("sent", [0, 2])
def test_the_authoritative_end_completes_the_deltas(shell: Part, whole: Part, shown: str, sent: int) -> None:
    deltas: list[Event] = [Delta(0, shown[:sent])] if sent else []
    blocks = _blocks(PartStart(0, shell), *deltas, PartEnd(0, part=whole))
    texts = [block["delta"] for block in blocks if "delta" in block]
    assert "".join(delta.get("text", delta.get("thinking", delta.get("partial_json"))) for delta in texts) == shown


def test_citations_follow_the_text() -> None:
    cites = Raw(b'[{"type":"page_location"},{"type":"url_citation"}]')
    blocks = _blocks(PartStart(0, Text(text="")), Delta(0, "a"), PartEnd(0, part=Text(text="a", citations=cites)))
    assert blocks[-2]["delta"] == {"type": "citations_delta", "citation": {"type": "page_location"}}


def test_server_tool_blocks_come_whole() -> None:
    whole = Foreign(proto="claude", wire_type="server_tool_use", raw=Raw(b'{"type":"server_tool_use","input":{"q":1}}'))
    blocks = _blocks(PartStart(0, whole), PartEnd(0, part=whole))
    assert blocks[0]["content_block"] == {"type": "server_tool_use", "input": {"q": 1}}


def test_foreign_text_is_shown() -> None:
    part = Foreign(proto="gemini", wire_type="executableCode", raw=Raw(b"{}"), as_text="code")
    blocks = _blocks(PartStart(0, part), PartEnd(0, part=part))
    assert blocks[0]["content_block"] == {"type": "text", "text": "code"}


def test_unknown_events_of_this_protocol_pass() -> None:
    odd = ForeignEvent("claude", Raw(b'{"type":"content_block_delta","index":9,"delta":{"type":"sparkle","x":1}}'))
    news = ForeignEvent("claude", Raw(b'{"type":"brand_new","x":1}'))
    other = ForeignEvent("gemini", Raw(b'{"x":1}'))
    got = _answer(news, other, PartStart(0, Text(text="")), Delta(0, "a"), odd, PartEnd(0))
    assert got[1] == ("brand_new", {"type": "brand_new", "x": 1})
    assert got[4][1]["index"] == 0
    assert len(got) == 8


def test_other_candidates_are_not_shown() -> None:
    events = [PartStart(0, Text(text=""), 1), Delta(0, "x", 1), PartEnd(0, 1), Finish(Stop(kind="length"), 1)]
    assert _blocks(*events) == []


def test_ping_and_keepalive() -> None:
    ping = b'event: ping\ndata: {"type":"ping"}\n\n'
    renderer = front.stream_renderer(conversion())
    assert renderer.keepalive() == ping
    assert renderer.on(Ping()) == ping


def test_failure_in_mid_stream_ends_it() -> None:
    renderer = front.stream_renderer(conversion())
    renderer.on(START)
    want = vector("surface.json")["mid_stream_error"]["claude"]["frames"].encode()
    assert renderer.on(Failure("upstream", "upstream closed", 502)) == want
    assert renderer.on(End()) == b""


_TEXTS = st.lists(st.text(min_size=1), max_size=3)
_PARTS = st.lists(
    st.one_of(
        st.builds(lambda texts: Text(text="".join(texts)), _TEXTS),
        st.builds(lambda texts: Reasoning(text="".join(texts)), _TEXTS),
        st.builds(
            lambda value: ToolCall(id="t", name="f", args=json.dumps(value)),
            st.dictionaries(st.text(), st.integers() | st.text() | st.none(), max_size=3),
        ),
    ),
    max_size=5,
)


@given(_PARTS)
def test_every_answer_makes_a_stream_that_reads_back(parts: list[Part]) -> None:
    answer = fold(events_of(golden_stream()), "claude")
    assert isinstance(answer, Response)
    answer.candidates[0].parts = parts
    again = fold(events_of(_bytes(*explode(answer))), "claude")
    assert isinstance(again, Response)
    assert again.candidates[0].parts == [part for part in parts if not isinstance(part, Text) or part.text]


@given(_TEXTS)
def test_unary_and_stream_say_the_same(texts: list[str]) -> None:
    answer = fold(events_of(sse({"type": "message_stop"})), "claude")
    assert isinstance(answer, Response)
    answer.candidates[0].parts = [Text(text=text) for text in texts]
    whole = upstream.parse_response(front.render_response(answer, conversion()), conversion())
    streamed = fold(events_of(_bytes(*explode(answer))), "claude")
    assert isinstance(streamed, Response)
    assert streamed.candidates == whole.candidates
