"""The Responses and Gemini judges of `a2a demo`: what each takes for right, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from a2a.demo.matrix import gemini, responses
from a2a.demo.matrix.talk import Called, Past, Question, Tool
from a2a.demo.matrix.wrong import Wrong

ASK = Question(model="m", prompt="hi", stream=True)
USAGE = {
    "input_tokens": 3,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 2,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 5,
}
OPENING = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "status": "in_progress",
    "model": "m",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "error": None,
    "incomplete_details": None,
    "usage": None,
    "instructions": "You are a test.",
    "store": False,
}
PART = {"type": "output_text", "text": "ho", "annotations": [], "logprobs": []}
MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [PART]}
CALL = {
    "id": "fc_1",
    "type": "function_call",
    "call_id": "call_1",
    "name": "f",
    "arguments": '{"a":1}',
    "status": "completed",
}
THOUGHT = {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}

Event = dict[str, Any]


def of(kind: str, **more: Any) -> Event:
    return {"type": f"response.{kind}", **more}


def inside(kind: str, item: Event, index: int, **more: Any) -> Event:
    return of(kind, item_id=item["id"], output_index=index, **more)


def said(item: Event = MESSAGE, index: int = 0) -> list[Event]:
    opened = item | {"status": "in_progress", "content": []}
    text = item["content"][0]["text"]
    return [
        of("output_item.added", output_index=index, item=opened),
        inside("content_part.added", item, index, content_index=0, part=PART | {"text": ""}),
        inside("output_text.delta", item, index, content_index=0, delta=text, logprobs=[]),
        inside("output_text.done", item, index, content_index=0, text=text, logprobs=[]),
        inside("content_part.done", item, index, content_index=0, part=item["content"][0]),
        of("output_item.done", output_index=index, item=item),
    ]


def thought(index: int = 0) -> list[Event]:
    text = "hm"
    place = {"summary_index": 0}
    return [
        of("output_item.added", output_index=index, item=THOUGHT | {"summary": []}),
        inside("reasoning_summary_part.added", THOUGHT, index, part={"type": "summary_text", "text": ""}, **place),
        inside("reasoning_summary_text.delta", THOUGHT, index, delta=text, **place),
        inside("reasoning_summary_text.done", THOUGHT, index, text=text, **place),
        inside("reasoning_summary_part.done", THOUGHT, index, part=THOUGHT["summary"][0], **place),
        of("output_item.done", output_index=index, item=THOUGHT),
    ]


def called(index: int = 0) -> list[Event]:
    opened = CALL | {"status": "in_progress", "arguments": ""}
    return [
        of("output_item.added", output_index=index, item=opened),
        inside("function_call_arguments.delta", CALL, index, delta='{"a"'),
        inside("function_call_arguments.delta", CALL, index, delta=":1}"),
        inside("function_call_arguments.done", CALL, index, arguments='{"a":1}', name="f"),
        of("output_item.done", output_index=index, item=CALL),
    ]


CREATED = of("created", response=OPENING)
RUNNING = of("in_progress", response=OPENING)


def ended(*items: Event, status: str = "completed", **more: Any) -> Event:
    return of(status, response=OPENING | {"status": status, "output": list(items), "usage": USAGE} | more)


def stream(*events: Event) -> bytes:
    numbered = [event | {"sequence_number": number} for number, event in enumerate(events)]
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in numbered).encode()


def test_a_responses_stream_as_it_should_be() -> None:
    body = stream(CREATED, RUNNING, *thought(), *said(index=1), *called(2), ended(THOUGHT, MESSAGE, CALL))
    answer = responses.read_stream(b": keep-alive\n\n" + body, ASK)
    assert (answer.text, answer.thinking, answer.ending, answer.usage) == ("ho", "hm", "tool", (3, 2))
    assert answer.calls == (Called("call_1", "f", {"a": 1}),)
    assert [sorted(item) for item in answer.turn] == [
        ["summary", "type"],
        ["content", "role", "type"],
        ["arguments", "call_id", "name", "type"],
    ]


def changed(events: list[Event], at: int, **more: Any) -> list[Event]:
    return [event | more if number == at else event for number, event in enumerate(events)]


DONE_ELSEWHERE = changed(said(), 5, item=MESSAGE | {"id": "msg_2"})
OTHER_CALL = changed(called(), 4, item=CALL | {"call_id": "call_2"})
WRONG_STREAMS: list[tuple[list[Event], str]] = [
    ([RUNNING, *said(), ended(MESSAGE)], "not response.created"),
    ([CREATED, *said(), ended(MESSAGE)], "before response.in_progress"),
    ([CREATED, CREATED, RUNNING, *said(), ended(MESSAGE)], "a second response.created"),
    ([CREATED, RUNNING, *said()], "without response.completed"),
    ([CREATED, RUNNING, *said(), ended(MESSAGE), ended(MESSAGE)], "behind the end"),
    ([CREATED, RUNNING, *said(), ended()], "the output at the end"),
    ([CREATED, RUNNING, *said(), ended(MESSAGE | {"content": [PART | {"text": "x"}]})], "the output at the end"),
    ([CREATED, RUNNING, *said(), ended(MESSAGE, id="resp_2")], "id and created_at"),
    ([CREATED, RUNNING, *said(), ended(MESSAGE, usage=None)], "no usage"),
    ([CREATED, RUNNING, *said(), ended(MESSAGE, usage=USAGE | {"total_tokens": 9})], "total_tokens"),
    ([CREATED, RUNNING, *said(), ended(MESSAGE, store=True)], "the echoed store"),
    ([CREATED, RUNNING, *said(), ended(MESSAGE, tools=[{"name": "x"}])], "the echoed tools"),
    ([CREATED, RUNNING, *said(index=1), ended(MESSAGE)], "output_index"),
    ([CREATED, RUNNING, *said()[:-1], ended(MESSAGE)], "an item stays open"),
    ([CREATED, RUNNING, *said()[:-1], *called(1), ended(MESSAGE)], "inside another one"),
    ([CREATED, RUNNING, *said()[:3], said()[5], ended(MESSAGE)], "while a piece of it is open"),
    ([CREATED, RUNNING, *said()[:3], *said()[4:], ended(MESSAGE)], "before its text"),
    ([CREATED, RUNNING, said()[0], *said()[2:], ended(MESSAGE)], "without an open piece"),
    ([CREATED, RUNNING, *changed(said(), 3, text="x"), ended(MESSAGE)], "a done text"),
    ([CREATED, RUNNING, *changed(said(), 2, item_id="msg_9"), ended(MESSAGE)], "item_id"),
    ([CREATED, RUNNING, *DONE_ELSEWHERE, ended(MESSAGE)], "of a done item"),
    ([CREATED, RUNNING, *OTHER_CALL, ended(CALL)], "of a done item"),
    ([CREATED, RUNNING, *changed(called(), 0, item=CALL), ended(CALL)], "as it is announced"),
    ([CREATED, RUNNING, *changed(called(), 3, arguments="{}"), ended(CALL)], "a done piece"),
    ([CREATED, RUNNING, said()[0], *called()[1:3], ended(MESSAGE)], "item_id"),
    ([CREATED, RUNNING, *said(), *thought(1), ended(MESSAGE, THOUGHT)], "reasoning behind"),
]


@pytest.mark.parametrize(("events", "reason"), WRONG_STREAMS)
def test_a_responses_stream_that_breaks_a_client(events: list[Event], reason: str) -> None:
    with pytest.raises(Wrong, match=reason):
        responses.read_stream(stream(*events), ASK)


def test_responses_frames_are_numbered_and_named() -> None:
    whole = stream(CREATED, RUNNING, *said(), ended(MESSAGE))
    for wrong, reason in (
        (whole.replace(b'"sequence_number": 3', b'"sequence_number": 4'), "sequence_number"),
        (whole.replace(b"event: response.created\n", b""), "the name of a frame"),
        (whole + b"data: [DONE]\n\n", "an event: "),
    ):
        with pytest.raises(Wrong, match=reason):
            responses.read_stream(wrong, ASK)


def test_a_failed_response_must_not_look_whole() -> None:
    failed = ended(status="failed", error={"code": "server_error", "message": "no"}, usage=None)
    told, complaint = responses.read_broken_stream(stream(CREATED, RUNNING, *said()[:3], failed))
    assert (told, complaint.kind, complaint.message) == ("ho", "server_error", "no")
    for events in ([CREATED, RUNNING, *said(), ended(MESSAGE)], [CREATED, RUNNING, ended(status="failed")]):
        with pytest.raises(Wrong, match=r"response\.failed"):
            responses.read_broken_stream(stream(*events))


def chunk(*parts: Event, finish: str | None = None, usage: bool = False, **more: Any) -> Event:
    candidate: Event = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    counts = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
    return {
        "candidates": [candidate | ({"finishReason": finish} if finish else {})],
        "modelVersion": "m",
        "responseId": "r",
        **({"usageMetadata": counts} if usage else {}),
        **more,
    }


def sse(*chunks: Event, end: str = "\n\n") -> bytes:
    return "".join(f"data: {json.dumps(one)}{end}" for one in chunks).encode()


TEXT = chunk({"text": "ho"})
LAST = chunk({"text": ""}, finish="STOP", usage=True)
THINKING = chunk({"text": "hm", "thought": True})
GEMINI_CALL = {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"}


@pytest.mark.parametrize("end", ["\n\n", "\r\n\r\n", "\n\n\n"])
def test_a_gemini_stream_as_it_should_be(end: str) -> None:
    answer = gemini.read_stream(sse(THINKING, TEXT, chunk(GEMINI_CALL), LAST, end=end), ASK)
    assert (answer.text, answer.thinking, answer.ending, answer.usage) == ("ho", "hm", "tool", (3, 2))
    assert (answer.calls, answer.opaque) == ((Called("", "f", {"a": 1}),), "c2ln")
    assert answer.turn == [{"role": "model", "parts": [{"text": "hm", "thought": True}, {"text": "ho"}, GEMINI_CALL]}]


def test_a_gemini_stream_may_be_an_array() -> None:
    question = Question(model="m", stream=True, array=True)
    assert gemini.read_stream(json.dumps([TEXT, LAST]).encode(), question).text == "ho"
    with pytest.raises(Wrong, match="the array"):
        gemini.read_stream(sse(TEXT, LAST), question)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b": keep-alive\n\n" + sse(TEXT, LAST), "breaks the SDK"),
        (b"event: x\n" + sse(TEXT, LAST), "breaks the SDK"),
        (sse(TEXT, LAST) + b"data: [DONE]\n\n", "breaks the SDK"),
        (sse(TEXT, LAST).replace(b"data: ", b"data:"), "breaks the SDK"),
        (sse(TEXT, LAST, end="\n"), "not followed by a blank line"),
        (b"", "holds nothing"),
        (sse(TEXT), "without a finish reason"),
        (sse(TEXT, LAST, TEXT), "behind the finish reason"),
        (sse(TEXT, chunk({"text": ""}, finish="STOP")), "no usageMetadata"),
        (sse(LAST), "neither text nor call"),
        (sse(THINKING, LAST), "neither text nor call"),
        (sse(TEXT, THINKING, LAST), "thoughts behind the text"),
        (sse(TEXT, chunk({"text": "x"}, responseId="s"), LAST), "responseId"),
        (sse(chunk({"text": "x", **GEMINI_CALL}), LAST), "not one thing"),
        (sse(chunk({"text": "x", "thoughtSignature": "a_b"}), LAST), "no base64"),
        (sse(chunk({"functionCall": {"name": "f", "args": '{"a'}}), LAST), "a chunk: "),
        (sse(TEXT, chunk({"text": ""}, finish="TOOL_CALLS", usage=True)), "a chunk: "),
        (sse(TEXT, chunk({"text": ""}, finish="STOP", usageMetadata={"promptTokenCount": 3})), "a chunk: "),
        (sse(TEXT, {"error": {"code": 500, "message": "no", "status": "INTERNAL"}}), "a chunk: "),
    ],
)
def test_a_gemini_stream_that_breaks_a_client(body: bytes, reason: str) -> None:
    with pytest.raises(Wrong, match=reason):
        gemini.read_stream(body, ASK)


def test_a_broken_gemini_stream_must_not_look_whole() -> None:
    error = {"error": {"code": 502, "message": "no", "status": "INTERNAL"}}
    told, complaint = gemini.read_broken_stream(sse(TEXT, error))
    assert (told, complaint.kind, complaint.status) == ("ho", "INTERNAL", 502)
    for body in (sse(TEXT, LAST, error), sse(TEXT, LAST)):
        with pytest.raises(Wrong):
            gemini.read_broken_stream(body)


def test_results_go_back_as_each_protocol_has_them() -> None:
    answer = gemini.read_stream(sse(chunk(GEMINI_CALL), LAST), ASK)
    tool = Tool("f", "does f", {"type": "object"})
    wire = gemini.body(Question(model="m", tools=(tool,), past=Past("do f", answer, ("done",))))
    assert [content["role"] for content in wire["contents"]] == ["user", "model", "user"]
    assert wire["contents"][2]["parts"] == [{"functionResponse": {"name": "f", "response": {"output": "done"}}}]
    items = responses.read_stream(stream(CREATED, RUNNING, *called(), ended(CALL)), ASK)
    sent = responses.body(Question(model="m", tools=(tool,), past=Past("do f", items, ("done",))))["input"]
    assert [item["type"] for item in sent] == ["message", "function_call", "function_call_output"]
    assert sent[2] == {"type": "function_call_output", "call_id": "call_1", "output": "done"}


@pytest.mark.parametrize("front", [responses, gemini], ids=["responses", "gemini"])
def test_what_is_counted_is_the_prompt_without_the_limits_of_the_answer(front: Any) -> None:
    counted = json.dumps(front.counting.body(ASK))
    assert "hi" in counted
    assert "You are a test." in counted
    assert "4000" not in counted
