"""The DashScope dialect: edits of top-level keys, when the bytes may pass, and the fake tool (specs/qwen.md 6, 7)."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from a2a.errors import RequestError
from a2a.messages import Message, Request, Text, Think, Tool
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.chat.dashscope import DUMMY_TOOL, dialect, upstream
from a2a.protocols.filters import Filters
from a2a.protocols.fold import fold

HYBRID, EFFORT, NONE = {"thinking": "hybrid"}, {"thinking": "effort"}, {"thinking": "none"}


def profile(wire: dict[str, str], **fields: Any) -> Profile:
    efforts = ("low", "medium", "xhigh") if wire == EFFORT else ()
    return Profile(family="qwen", max_field="max_tokens", wire=wire, **{"vision": False, "efforts": efforts, **fields})


def edited(wire: dict[str, str], /, stream: bool = True, fields: dict[str, Any] | None = None, **top: Any) -> Any:
    """(the keys afterwards, notes as `field action`)."""
    raw = {key: Raw(json.dumps(value).encode()) for key, value in top.items()}
    notes = dialect.edit(raw, profile(wire, **(fields or {})), stream=stream)
    return {key: msgspec.json.decode(value) for key, value in raw.items()}, [f"{n.field} {n.action}" for n in notes]


@pytest.mark.parametrize(
    ("wire", "before", "after", "notes"),
    [
        (HYBRID, {}, {}, []),
        (HYBRID, {"reasoning_effort": "none"}, {"enable_thinking": False}, []),
        (HYBRID, {"reasoning_effort": "high"}, {"enable_thinking": True}, ["reasoning_effort mapped"]),
        (HYBRID, {"reasoning_effort": "low", "enable_thinking": False}, {"enable_thinking": False}, []),
        (HYBRID, {"enable_thinking": True, "thinking_budget": 5}, {"enable_thinking": True, "thinking_budget": 5}, []),
        (EFFORT, {"reasoning_effort": "high"}, {"reasoning_effort": "medium"}, ["reasoning_effort clamped"]),
        (EFFORT, {"reasoning_effort": "none"}, {"reasoning_effort": "none"}, []),
        (
            EFFORT,
            {"reasoning_effort": "low", "thinking_budget": 5},
            {"reasoning_effort": "low"},
            ["thinking_budget dropped"],
        ),
        (NONE, {"reasoning_effort": "high"}, {}, ["reasoning_effort dropped"]),
        (NONE, {"enable_thinking": False}, {}, []),
        ({}, {"reasoning_effort": "high", "enable_thinking": True}, None, []),
    ],
)
def test_the_thinking_switch(
    wire: dict[str, str], before: dict[str, Any], after: dict[str, Any] | None, notes: list[str]
) -> None:
    assert edited(wire, **before) == (before if after is None else after, notes)


NAMED = {"type": "function", "function": {"name": "f"}}


@pytest.mark.parametrize("choice", ["required", NAMED])
def test_a_forced_tool_call_switches_thinking_off(choice: Any) -> None:
    assert edited(HYBRID, tool_choice=choice) == ({"tool_choice": choice, "enable_thinking": False}, [])
    top, notes = edited(HYBRID, tool_choice=choice, enable_thinking=True, thinking_budget=9)
    assert top == {"tool_choice": choice, "enable_thinking": False}
    assert notes == ["reasoning dropped"]
    assert edited(EFFORT, tool_choice=choice)[0] == {"tool_choice": choice, "reasoning_effort": "none"}
    assert edited(NONE, tool_choice=choice)[0] == {"tool_choice": choice}
    with pytest.raises(RequestError):
        edited(EFFORT, tool_choice=choice, fields={"can_disable_reasoning": False})


def test_a_model_that_always_thinks_keeps_the_least() -> None:
    top, notes = edited(EFFORT, reasoning_effort="none", fields={"can_disable_reasoning": False})
    assert (top, notes) == ({"reasoning_effort": "low"}, ["reasoning_effort clamped"])


def test_limits_and_their_name() -> None:
    assert edited(NONE, max_completion_tokens=5)[0] == {"max_tokens": 5}
    assert edited(NONE, max_tokens=5, fields={"max_output": 4}) == ({"max_tokens": 4}, ["max_tokens clamped"])
    assert edited(NONE, max_tokens="x", fields={"max_output": 4})[0] == {"max_tokens": "x"}


def test_stream_options_belong_to_streams() -> None:
    options = {"include_usage": True}
    assert edited(NONE, stream_options=options)[0] == {"stream_options": options}
    assert edited(NONE, stream=False, stream_options=options)[0] == {}


def test_pictures_in_full_for_models_that_see() -> None:
    assert edited(HYBRID, fields={"vision": True})[0] == {"vl_high_resolution_images": True}
    assert edited(HYBRID, fields={"vision": True}, vl_high_resolution_images=False)[0] == {
        "vl_high_resolution_images": False
    }
    assert edited({}, fields={"vision": True})[0] == {}


def test_the_portal_gets_what_it_knows() -> None:
    portal = {**NONE, "portal": "1"}
    top, notes = edited(portal, user="u", store=True, n=1, temperature=0.5)
    assert (top, notes) == ({"temperature": 0.5}, ["user dropped", "store dropped"])
    assert edited(NONE, user="u")[0] == {"user": "u"}
    with pytest.raises(RequestError, match="one answer"):
        edited(portal, n=2)


# --- may the bytes pass? -------------------------------------------------------------------------

SYSTEM, USER, ANSWER = {"role": "system"}, {"role": "user"}, {"role": "assistant"}
CALLS = {"role": "assistant", "tool_calls": [{"id": "a"}, {"id": "b"}]}


def result(call_id: str) -> dict[str, str]:
    return {"role": "tool", "tool_call_id": call_id}


@pytest.mark.parametrize(
    ("messages", "passes"),
    [
        ([USER], True),
        ([SYSTEM, USER, ANSWER, USER], True),
        ([USER, CALLS, result("b"), result("a"), USER], True),
        ([USER, SYSTEM], False),
        ([SYSTEM, SYSTEM, USER], False),
        ([{"role": "developer"}, USER], False),
        ([USER, ANSWER, ANSWER], False),
        ([USER, CALLS, result("a"), USER], False),
        ([USER, CALLS, result("a")], False),
        ([USER, CALLS, result("a"), result("b"), result("a")], False),
        ([result("a"), USER], False),
        ([USER, CALLS, result("a") | {"content": [{"type": "text", "text": "x"}]}, result("b")], True),
        ([USER, CALLS, result("a") | {"content": [{"type": "image_url"}]}, result("b")], False),
        ([USER, CALLS, result("a") | {"content": ["x"]}, result("b")], False),
        ([USER, CALLS, result("a") | {"content": []}, result("b")], False),
        ([{"role": "user", "content": None}], False),
        ([{"role": "user", "content": []}], False),
        (["nonsense"], False),
        ("nonsense", False),
    ],
)
def test_messages_the_host_takes_as_they_are(messages: Any, passes: bool) -> None:
    top = {"messages": Raw(json.dumps(messages).encode())}
    assert dialect.passes(top, profile(NONE), stream=True) is passes


@pytest.mark.parametrize(
    ("wire", "stream", "top", "passes"),
    [
        (HYBRID, True, {}, True),
        (HYBRID, False, {}, False),
        (HYBRID, False, {"enable_thinking": False}, True),
        (HYBRID, False, {"reasoning_effort": "none"}, True),
        (NONE, False, {}, True),
        ({**NONE, "dummy_tool": "1"}, True, {}, False),
        ({**NONE, "dummy_tool": "1"}, True, {"tools": []}, True),
        ({**NONE, "dummy_tool": "1"}, False, {}, True),
    ],
)
def test_a_whole_answer_with_thoughts_is_streamed_and_folded(
    wire: dict[str, str], stream: bool, top: dict[str, Any], passes: bool
) -> None:
    raw = {key: Raw(json.dumps(value).encode()) for key, value in {"messages": [USER], **top}.items()}
    assert dialect.passes(raw, profile(wire), stream=stream) is passes


# --- the converting path -------------------------------------------------------------------------


def conversion(wire: dict[str, str], *, stream: bool = True, **fields: Any) -> Conversion:
    request = Request(proto="claude", model="m", messages=[Message(role="user", parts=[Text(text="hi")])], **fields)
    return Conversion(request=request, profile=profile(wire), model="coder-model", now=0.0, stream=stream)


def rendered(conv: Conversion) -> Any:
    return json.loads(upstream.render_request(conv.request, conv))


def test_a_budget_goes_along_with_the_switch() -> None:
    body = rendered(conversion(HYBRID, think=Think(budget=2000)))
    assert (body["enable_thinking"], body["thinking_budget"]) == (True, 2000)
    assert "reasoning_effort" not in body


def test_after_a_refused_switch_there_is_none() -> None:
    conv = conversion(HYBRID, think=Think(budget=2000))
    conv.extra["fault"] = "thinking"
    assert not {"enable_thinking", "thinking_budget", "reasoning_effort"} & rendered(conv).keys()


DUMMY = {**NONE, "dummy_tool": "1"}


def test_the_fake_tool_is_for_streams_without_tools() -> None:
    (tool,) = rendered(conversion(DUMMY))["tools"]
    assert tool["function"]["name"] == DUMMY_TOOL
    assert "tools" not in rendered(conversion(DUMMY, stream=False))
    (tool,) = rendered(conversion(DUMMY, tools=[Tool(name="mine", schema=Raw(b'{"type":"object"}'))]))["tools"]
    assert tool["function"]["name"] == "mine"


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"id": "c", "model": "m", "choices": [choice]}).encode() + b"\n\n"


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_a_call_of_the_fake_tool_is_swallowed(step: int) -> None:
    call = {"index": 0, "id": "x", "type": "function", "function": {"name": DUMMY_TOOL, "arguments": "{}"}}
    data = chunk({"content": "Hel"}) + chunk({"tool_calls": [call]}) + chunk({"content": "lo"})
    data += chunk({}, "tool_calls") + b"data: [DONE]\n\n"
    conv = conversion(DUMMY)
    parser, filters = upstream.stream_parser(conv), Filters(conv)
    events = []
    for at in range(0, len(data), step):
        events += filters.on(parser.feed(data[at : at + step]))
    events += filters.on(parser.eof())
    answer = fold(events, "chat")
    (candidate,) = answer.candidates  # type: ignore[union-attr]
    assert "".join(part.text for part in candidate.parts if isinstance(part, Text)) == "Hello"
    assert len([part for part in candidate.parts if not isinstance(part, Text)]) == 0
    assert candidate.stop.kind == "end"


NATIVE = (
    b'id:1\nevent:error\n:HTTP_STATUS/429\ndata:{"code":"Throttling.AllocationQuota",'
    b'"message":"Free allocated quota exceeded.","request_id":"r-4"}\n\n'
)


def test_a_native_error_inside_a_stream_is_a_failure() -> None:
    parser = upstream.stream_parser(conversion(HYBRID))
    (failure,) = parser.feed(NATIVE) + parser.eof()
    assert (failure.kind, failure.code) == ("quota", "Throttling.AllocationQuota")  # type: ignore[union-attr]
