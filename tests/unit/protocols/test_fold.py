"""fold: what a stream of events means."""

from __future__ import annotations

import pytest
from msgspec import Raw

from a2a.messages import (
    Candidate,
    Delta,
    End,
    Event,
    Failure,
    Finish,
    ForeignEvent,
    Opaque,
    PartEnd,
    PartStart,
    Ping,
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
from a2a.protocols.fold import Assembler, explode, fold

START = Start("r1", "m", 7)
END = Stop(kind="end")
TOKEN = Opaque("anthropic", "signature", "c2ln")


def stream(*events: Event, stop: Stop = END) -> Response:
    folded = fold([START, *events, Finish(stop), End()], "chat")
    assert isinstance(folded, Response)
    return folded


def test_parts_come_together() -> None:
    res = stream(
        PartStart(0, Reasoning()),
        Delta(0, "h"),
        Delta(0, "m"),
        Seal(0, TOKEN),
        PartEnd(0),
        Ping(),
        PartStart(1, Text(text="")),
        ForeignEvent("chat", Raw(b"{}")),
        Delta(1, "yes"),
        PartEnd(1),
        PartStart(2, ToolCall(id="c", name="f", args="")),
        Delta(2, '{"a"'),
        Delta(2, ":1.50}"),
        PartEnd(2),
    )
    assert (res.id, res.model, res.created, res.proto) == ("r1", "m", 7, "chat")
    assert res.candidates[0].parts == [
        Reasoning(text="hm", opaque=[TOKEN]),
        Text(text="yes"),
        ToolCall(id="c", name="f", args='{"a":1.50}'),
    ]


def test_the_upstreams_final_form_wins_over_its_deltas() -> None:
    whole = Text(text="whole", phase="final_answer")
    res = stream(PartStart(0, Text(text="")), Delta(0, "wh"), Seal(0, TOKEN), PartEnd(0, part=whole))
    assert res.candidates[0].parts == [Text(text="whole", phase="final_answer", opaque=[TOKEN])]


def test_a_seal_that_the_final_form_repeats_counts_once() -> None:
    whole = Reasoning(text="x", opaque=[TOKEN])
    res = stream(PartStart(0, Reasoning()), Seal(0, TOKEN), PartEnd(0, part=whole))
    assert res.candidates[0].parts == [whole]


def test_a_stray_empty_object_before_the_arguments_is_forgotten() -> None:
    res = stream(PartStart(0, ToolCall(id="c", name="f", args="")), Delta(0, "{}"), Delta(0, '{"a":1}'), PartEnd(0))
    part = res.candidates[0].parts[0]
    assert isinstance(part, ToolCall)
    assert part.args == '{"a":1}'


def test_usage_replaces_and_never_adds() -> None:
    events = [Start("r", "m", 0, Usage(input=5)), UsageNow(Usage(output=1)), UsageNow(Usage(output=3)), End()]
    folded = fold(events, "claude")
    assert isinstance(folded, Response)
    assert folded.usage == Usage(output=3)


def test_usage_of_the_start_counts_while_there_is_no_other() -> None:
    folded = fold([Start("r", "m", 0, Usage(input=5)), End()], "claude")
    assert isinstance(folded, Response)
    assert folded.usage == Usage(input=5)


def test_candidates_interleave() -> None:
    events: list[Event] = [START]
    events += [PartStart(0, Text(text=""), c) for c in (1, 0)]
    events += [Delta(0, text, c) for text, c in (("a", 0), ("x", 1), ("b", 0), ("y", 1))]
    events += [Finish(Stop(kind="length"), 1), Finish(END, 0), End()]
    folded = fold(events, "gemini")
    assert isinstance(folded, Response)
    assert [(one.parts, one.stop.kind) for one in folded.candidates] == [
        ([Text(text="ab")], "end"),
        ([Text(text="xy")], "length"),
    ]


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        ([b"[1.0]"], b"[1.0]"),
        ([b"[1]", b"[2,3]"], b"[1,2,3]"),
        ([b'{"content":[1],"refusal":null}', b'{"content":[2],"refusal":null}'], b'{"content":[1,2],"refusal":null}'),
    ],
)
def test_logprobs_of_the_deltas_come_together(pieces: list[bytes], whole: bytes) -> None:
    deltas = [Delta(0, "x", logprobs=Raw(piece)) for piece in pieces]
    res = stream(PartStart(0, Text(text="")), *deltas, PartEnd(0))
    assert res.candidates[0].logprobs == Raw(whole)


def test_a_failure_is_the_result() -> None:
    failure = Failure("overloaded", "busy", 529)
    assert fold([START, PartStart(0, Text(text="")), failure], "chat") == failure


def test_a_stream_without_an_end_is_truncated() -> None:
    folded = fold([START, Finish(END)], "chat")
    assert isinstance(folded, Failure)
    assert folded.kind == "truncated"


def test_an_assembler_can_be_asked_in_between() -> None:
    assembler = Assembler("chat")
    for event in (START, PartStart(0, Text(text="")), Delta(0, "so far")):
        assembler.add(event)
    assert assembler.response().candidates[0].parts == [Text(text="so far")]
    assert not assembler.ended


def test_shells_are_not_filled_in_place() -> None:
    shell = Text(text="")
    stream(PartStart(0, shell), Delta(0, "x"), Seal(0, TOKEN), PartEnd(0))
    assert shell == Text(text="")


def test_explode_says_everything_in_order() -> None:
    part = Text(text="hi", opaque=[TOKEN])
    res = Response(
        proto="chat",
        id="r1",
        model="m",
        created=7,
        candidates=[Candidate(parts=[part], stop=END)],
        usage=Usage(output=1),
    )
    assert explode(res) == [
        START,
        PartStart(0, Text(text="")),
        Delta(0, "hi"),
        Seal(0, TOKEN),
        PartEnd(0),
        Finish(END),
        UsageNow(Usage(output=1)),
        End(),
    ]
