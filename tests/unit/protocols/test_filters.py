"""filters: between the upstream's parser and the client's renderer."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Raw

from a2a.messages import (
    Candidate,
    Delta,
    End,
    Event,
    Finish,
    Opaque,
    PartEnd,
    PartStart,
    Ping,
    Proto,
    Reasoning,
    Request,
    Response,
    Sampling,
    Seal,
    Start,
    Stop,
    Text,
    Think,
    Tool,
    ToolCall,
    Usage,
    UsageNow,
)
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.filters import Filters, hides_reasoning
from a2a.protocols.fold import explode, fold

START = Start("r", "m", 0)
DONE = [Finish(Stop(kind="end")), UsageNow(Usage(output=3)), End()]
TOKEN = Opaque("anthropic", "signature", "c2ln")


def conversion(proto: Proto = "chat", restore: dict[str, str] | None = None, **fields: Any) -> Conversion:
    local = {"local_stop": "1"} if fields.get("stop") else {}
    req = Request(proto=proto, model="m", messages=[], **fields)
    return Conversion(request=req, profile=Profile(), model="m", now=0.0, restore=restore or {}, extra=local)


def response(*parts: Any) -> Response:
    stop = Stop(kind="end")
    return Response(proto="chat", id="r", model="m", created=0, candidates=[Candidate(parts=list(parts), stop=stop)])


def parts(filters: Filters, events: list[Event]) -> list[Any]:
    """Each event filtered alone, as a slow stream would bring it."""
    folded = fold([out for event in events for out in filters.on([event])], "chat")
    assert isinstance(folded, Response)
    return folded.candidates[0].parts


def text_stream(*pieces: str) -> list[Event]:
    return [START, PartStart(0, Text(text="")), *(Delta(0, piece) for piece in pieces), PartEnd(0), *DONE]


def test_nothing_to_do_hands_the_list_on() -> None:
    filters = Filters(conversion(tools=[Tool(name="f")]))
    events: list[Event] = [START, Ping()]
    assert filters.on(events) is events
    res = response(Reasoning(text="hm"))
    assert filters.whole(res) is res
    assert not filters.stopped


def test_tool_names_come_back() -> None:
    filters = Filters(conversion(restore={"a_b": "a.b"}, tools=[Tool(name="a.b")]))
    calls = [ToolCall(id="1", name="a_b", args="{}"), ToolCall(id="2", name="other", args="{}")]
    got = parts(filters, explode(response(*calls)))
    assert [call.name for call in got] == ["a.b", "other"]


def test_a_final_form_gets_its_name_back_too() -> None:
    whole = ToolCall(id="1", name="a_b", args="{}")
    events = [START, PartStart(0, ToolCall(id="1", name="a_b", args="")), PartEnd(0, part=whole), *DONE]
    assert parts(Filters(conversion(restore={"a_b": "a.b"})), events) == [ToolCall(id="1", name="a.b", args="{}")]


def test_namespaces_come_back() -> None:
    filters = Filters(conversion("responses", tools=[Tool(name="run", namespace="repl")]))
    got = parts(filters, explode(response(ToolCall(id="1", name="repl__run", args="{}"))))
    assert got == [ToolCall(id="1", name="run", namespace="repl", args="{}")]


@pytest.mark.parametrize(
    ("args", "text"), [('{"input":"*** Begin\\n"}', "*** Begin\n"), ('{"other":1}', '{"other":1}'), ("free", "free")]
)
def test_a_custom_tool_gets_its_free_text_back(args: str, text: str) -> None:
    filters = Filters(conversion("responses", tools=[Tool(name="apply_patch", kind="custom")]))
    events = [
        START,
        PartStart(0, ToolCall(id="1", name="apply_patch", args="")),
        *(Delta(0, one) for one in args),
        PartEnd(0),
    ]
    assert parts(filters, [*events, *DONE]) == [ToolCall(id="1", name="apply_patch", args=text, custom=True)]


def test_a_custom_tool_with_a_final_form() -> None:
    filters = Filters(conversion("responses", tools=[Tool(name="p", kind="custom")]))
    whole = ToolCall(id="1", name="p", args='{"input":"x"}')
    events = [START, PartStart(0, ToolCall(id="1", name="p", args="")), PartEnd(0, part=whole), *DONE]
    assert parts(filters, events) == [ToolCall(id="1", name="p", args="x", custom=True)]


def test_a_native_custom_call_streams_on() -> None:
    filters = Filters(conversion("responses", tools=[Tool(name="p", kind="custom")]))
    filters.on([START, PartStart(0, ToolCall(id="1", name="p", args="", custom=True))])
    assert filters.on([Delta(0, '{"input"')]) == [Delta(0, '{"input"')]


@pytest.mark.parametrize(
    ("proto", "think", "hidden"),
    [
        ("claude", None, True),
        ("claude", Think(effort="none", budget=0), True),
        ("claude", Think(effort="high", show="hidden"), True),
        ("claude", Think(budget=2048), False),
        ("claude", Think(adaptive=True), False),
        ("gemini", None, True),
        ("gemini", Think(budget=100), True),
        ("gemini", Think(show="hidden"), True),
        ("gemini", Think(show="full"), False),
        ("chat", None, False),
        ("responses", None, False),
    ],
)
def test_who_sees_reasoning(proto: Proto, think: Think | None, hidden: bool) -> None:
    assert hides_reasoning(Request(proto=proto, model="m", messages=[], think=think)) is hidden


def test_hidden_reasoning_leaves_no_gap() -> None:
    said = [
        Reasoning(text="a", opaque=[TOKEN]),
        Text(text="b"),
        Reasoning(text="c"),
        ToolCall(id="1", name="f", args="{}"),
    ]
    filters = Filters(conversion("claude"))
    events = [out for event in explode(response(*said)) for out in filters.on([event])]
    assert [event.i for event in events if isinstance(event, PartStart | Delta | PartEnd | Seal)] == [0, 0, 0, 1, 1, 1]
    folded = fold(events, "chat")
    assert isinstance(folded, Response)
    assert folded.candidates[0].parts == [said[1], said[3]]


def test_candidates_are_numbered_apart() -> None:
    filters = Filters(conversion("gemini"))
    events = [PartStart(0, Reasoning()), PartStart(0, Text(text=""), 1), PartEnd(0), PartStart(1, Text(text=""))]
    assert filters.on(events) == [PartStart(0, Text(text=""), 1), PartStart(0, Text(text=""))]


@pytest.mark.parametrize("pieces", [["Hello STOP there"], ["Hello S", "TO", "P there"], list("Hello STOP there")])
def test_a_local_stop_ends_the_answer(pieces: list[str]) -> None:
    filters = Filters(conversion(stop=["STOP", "zzz"]))
    events = [out for event in text_stream(*pieces) for out in filters.on([event])]
    folded = fold(events, "chat")
    assert isinstance(folded, Response)
    assert folded.candidates == [Candidate(parts=[Text(text="Hello ")], stop=Stop(kind="stop_seq", sequence="STOP"))]
    assert filters.stopped
    assert isinstance(events[-1], End)


def test_the_first_of_several_stops_counts() -> None:
    filters = Filters(conversion(stop=["there", "lo"]))
    assert parts(filters, text_stream("Hello there")) == [Text(text="Hel")]


def test_what_only_looks_like_a_stop_comes_later() -> None:
    filters = Filters(conversion(stop=["STOP"]))
    events = text_stream("a ST", "x S")
    assert filters.on(events[1:3]) == [events[1], Delta(0, "a ")]
    assert filters.on(events[3:5]) == [Delta(0, "STx "), Delta(0, "S"), PartEnd(0)]
    assert not filters.stopped


def test_stops_do_not_look_into_calls_or_across_parts() -> None:
    filters = Filters(conversion(stop=["STOP"]))
    said = [Text(text="ST"), Text(text="OP"), ToolCall(id="1", name="f", args='{"a":"STOP"}')]
    assert parts(filters, explode(response(*said))) == said


def test_a_final_form_is_searched_too() -> None:
    filters = Filters(conversion(stop=["STOP"]))
    events = [START, PartStart(0, Text(text="")), PartEnd(0, part=Text(text="a STOP b")), *DONE]
    assert parts(filters, events) == [Text(text="a ")]
    assert filters.stopped


def test_logprobs_are_not_held_back() -> None:
    filters = Filters(conversion(stop=["STOP"]))
    filters.on([START, PartStart(0, Text(text=""))])
    assert filters.on([Delta(0, "S", logprobs=Raw(b"[1]"))]) == [Delta(0, "", logprobs=Raw(b"[1]"))]


def test_other_candidates_go_on_after_a_stop() -> None:
    filters = Filters(conversion(stop=["X"], sampling=Sampling(n=2)))
    events = [
        PartStart(0, Text(text="")),
        PartStart(0, Text(text=""), 1),
        Delta(0, "aX"),
        Delta(0, "b"),
        Delta(0, "c", 1),
    ]
    out = filters.on([START, *events, Finish(Stop(kind="end")), PartEnd(0, 1), Finish(Stop(kind="end"), 1), End()])
    folded = fold(out, "chat")
    assert isinstance(folded, Response)
    assert [(one.parts, one.stop.kind) for one in folded.candidates] == [
        ([Text(text="a")], "stop_seq"),
        ([Text(text="c")], "end"),
    ]
    assert not filters.stopped


def test_a_whole_answer_keeps_its_own_keys() -> None:
    res = response(Reasoning(text="hm"), Text(text="hi"))
    res.ext = {"x": Raw(b"1")}
    res.candidates[0].ext = {"y": Raw(b"2")}
    filtered = Filters(conversion("claude")).whole(res)
    assert (filtered.ext, filtered.candidates[0].ext) == (res.ext, res.candidates[0].ext)
    assert filtered.candidates[0].parts == [Text(text="hi")]
