"""Answers through the neutral form: whole and streamed, held until the first content, ended in the client's words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gateway_kit import (
    KIRO_END,
    STREAM,
    Answer,
    Scene,
    Sink,
    chat,
    chunk,
    error,
    frame,
    kiro_call,
    kiro_error,
    kiro_text,
)
from support.pool_kit import CLAUDE, GEMINI, KIRO, OPENAI, RESPONSES, account, settings

from a2a.protocols.eventstream import encode_frame
from a2a.providers.http import Interrupted

pytestmark = pytest.mark.anyio
SHORT = {CLAUDE: "claude", GEMINI: "gemini-key", RESPONSES: "responses"}
KIRO_ACCOUNTS = (account("a", KIRO), account("b", KIRO))
TEXT = frame("assistantResponseEvent", content="hel")
THROTTLED = encode_frame(
    {":message-type": "exception", ":exception-type": "throttlingError", ":content-type": "application/json"},
    b'{"message":"Rate exceeded"}',
)


def kiro(*script: Any, **server: Any) -> Scene:
    return Scene(*script, accounts=KIRO_ACCOUNTS, given=settings(server))


async def test_a_whole_answer_of_another_protocol() -> None:
    scene = Scene(chat("hello"))
    sink = await scene.ask("claude")
    assert sink.json["content"] == [{"type": "text", "text": "hello"}]
    assert (sink.json["stop_reason"], sink.json["usage"]["output_tokens"]) == ("end_turn", 4)
    assert (scene.exchange.mode, scene.exchange.stop) == ("convert", "end")
    assert scene.exchange.tokens is not None
    assert scene.exchange.tokens.input == 3


async def test_a_stream_of_another_protocol() -> None:
    scene = Scene(Answer(200, *STREAM))
    sink = await scene.ask("claude", stream=True)
    assert sink.body.startswith(b"event: message_start\n")
    assert sink.body.endswith(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')
    assert (scene.exchange.state, scene.exchange.stop) == ("done", "end")


async def test_an_upstream_that_only_streams_gives_whole_answers_too() -> None:
    scene = kiro(kiro_text("hel", "lo"))
    sink = await scene.ask(model="auto")
    assert sink.json["choices"][0]["message"]["content"] == "hello"
    assert (sink.json["usage"]["prompt_tokens"], sink.json["usage"]["completion_tokens"]) == (3, 4)


async def test_every_split_gives_the_same_stream() -> None:
    data = b"".join(kiro_text("hel", "lo")._pieces)  # type: ignore[arg-type]
    sinks = [
        await kiro(Answer(200, *pieces)).ask(model="auto", stream=True)
        for pieces in ((data,), [bytes([byte]) for byte in data])
    ]
    texts = [[json.loads(e[6:]) for e in sink.body.split(b"\n\n") if e[:7] == b"data: {"] for sink in sinks]
    joined = ["".join(c["delta"].get("content") or "" for e in t for c in e["choices"]) for t in texts]
    assert joined == ["hello", "hello"]


async def test_a_call_streams_through() -> None:
    tool: Any = {"type": "function", "function": {"name": "look"}}
    scene = kiro(kiro_call())
    sink = await scene.ask(model="auto", stream=True, tools=[tool])
    assert b'"finish_reason":"tool_calls"' in sink.body
    assert scene.exchange.stop == "tool_call"


async def test_what_was_dropped_is_told() -> None:
    scene = kiro(kiro_text("hi"))
    sink = await scene.ask(model="auto", seed=7)
    assert "seed" in sink.headers["x-a2a-notes"]
    assert [note.field for note in scene.exchange.notes if note.action == "dropped"]


@pytest.mark.parametrize(
    "first",
    [
        (KIRO_END,),
        (),
        (THROTTLED,),
        (b"<html>no event stream</html>",),
        (Interrupted("cut"),),
        (TEXT[:20],),
    ],
    ids=["no content", "nothing", "exception", "html", "cut", "half a frame"],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_what_fails_before_content_fails_over(first: Any, stream: bool) -> None:
    scene = kiro(Answer(200, *first), kiro_text("hello"))
    sink = await scene.ask(model="auto", stream=stream)
    assert sink.status == 200
    assert b"hello" in sink.body
    assert [attempt.account for attempt in scene.exchange.attempts] == ["kiro/a", "kiro/b"]


async def test_an_error_in_a_200_keeps_its_kind() -> None:
    refused = Answer(200, b'{"error":{"message":"slow down","code":"rate_limit_exceeded"}}')
    sink = await Scene(refused, accounts=[account("a")]).ask("claude")
    assert (sink.status, sink.json["error"]["type"]) == (429, "rate_limit_error")


async def test_a_200_that_is_no_answer_is_the_upstream_s_fault() -> None:
    sink = await Scene(Answer(200, b"<html>"), accounts=[account("a")]).ask("claude")
    assert (sink.status, sink.json["error"]["type"]) == (502, "api_error")


@pytest.mark.parametrize(
    ("end", "kind"),
    [((THROTTLED,), "rate_limited"), ((Interrupted("cut"),), "upstream"), ((), "truncated")],
)
async def test_after_content_a_failure_ends_the_stream_in_the_client_s_words(end: Any, kind: str) -> None:
    scene = kiro(Answer(200, TEXT, *end), kiro_text("never"))
    sink = await scene.ask("claude", model="auto", stream=True)
    assert b"event: error\n" in sink.body
    assert b"message_stop" not in sink.body
    assert len(scene.egress.sent) == 1
    assert scene.exchange.fault is not None
    assert (scene.exchange.state, scene.exchange.fault.kind) == ("failed", kind)


@pytest.mark.parametrize(
    ("limits", "told"),
    [({"idle_timeout_s": 0.01}, "was silent for 0.01 s"), ({"total_timeout_s": 0.01}, "took longer than 0.01 s")],
)
async def test_a_stream_that_falls_silent(limits: dict[str, float], told: str) -> None:
    answer = Answer(200, TEXT, None)
    scene = Scene(answer, accounts=KIRO_ACCOUNTS, given=settings(kiro=limits))
    sink = await scene.ask(model="auto", stream=True)
    assert told in sink.body.decode()
    assert answer.closed


async def test_a_local_stop_ends_the_upstream() -> None:
    answer = Answer(200, frame("assistantResponseEvent", content="one STOP two"), None)
    scene = kiro(answer)
    sink = await scene.ask(model="auto", stream=True, stop=["STOP"])
    assert b"two" not in sink.body
    assert sink.body.endswith(b"data: [DONE]\n\n")
    assert (answer.closed, scene.exchange.state) == (True, "done")


async def test_a_client_that_leaves_in_the_stream() -> None:
    answer = Answer(200, TEXT, frame("assistantResponseEvent", content="lo"), KIRO_END)
    scene = kiro(answer)
    await scene.ask(model="auto", stream=True, sink=Sink(gone_after=1))
    assert (scene.exchange.state, answer.closed, scene.states()["a"]) == ("client_closed", True, "ready")


async def test_an_error_status_before_the_stream() -> None:
    scene = kiro(kiro_error(500), kiro_error(503, message="down"))
    sink = await scene.ask("claude", model="auto", stream=True)
    assert (sink.status, sink.json["type"]) == (502, "error")
    assert "kiro/b: down" in sink.json["error"]["message"]


@pytest.mark.parametrize("front", ["chat", "claude"])
async def test_names_longer_than_the_target_allows_come_back(front: str) -> None:
    name = "look_" * 13
    schema: Any = {"type": "object", "properties": {}}
    tool: Any = {"name": name, "input_schema": schema}
    if front == "chat":
        tool = {"type": "function", "function": {"name": name, "parameters": schema}}
    scene = kiro(kiro_text("hi"))
    await scene.ask(front, model="auto", tools=[tool])
    context = scene.egress.body(0)["conversationState"]["currentMessage"]["userInputMessage"]["userInputMessageContext"]
    wire = context["tools"][0]["toolSpecification"]["name"]
    scene.egress.script[:] = [kiro_call(wire)]
    sink = await scene.ask(front, model="auto", tools=[tool])
    assert len(wire) <= 63
    assert name.encode() in sink.body


async def test_a_stream_for_a_claude_client_begins_with_an_estimate() -> None:
    scene = Scene(Answer(200, chunk("hi"), chunk("", "stop"), b"data: [DONE]\n\n"))
    sink = await scene.ask("claude", stream=True)
    start = json.loads(sink.body.split(b"\n", 2)[1][6:])
    assert start["message"]["usage"]["input_tokens"] > 0


async def test_an_opening_is_not_sent_twice() -> None:
    tables: Any = {"openai": {"models": ["m"]}, "claude": {"models": ["m"]}}
    start = b'event: message_start\ndata: {"type":"message_start","message":{"id":"x","usage":{"input_tokens":3}}}\n\n'
    scene = Scene(
        Answer(200, start, Interrupted("cut")),
        Answer(200, *STREAM),
        accounts=[account("c", CLAUDE), account("a")],
        given=settings({"model_provider": ["claude", "openai"]}, **tables),
    )
    sink = await scene.ask("claude", stream=True)
    assert sink.body.startswith(start)
    assert sink.body.count(b"event: message_start") == 1
    assert (sink.body.count(b"text_delta"), scene.exchange.state) == (2, "done")


CLAUDE_HOLLOW = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"x","usage":{"input_tokens":3}}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}}\n\n'
)
RESPONSES_HOLLOW = (
    b'data: {"type":"response.created","response":{"id":"resp_1","model":"m","created_at":1,"output":[]}}\n\n'
    b'data: {"type":"response.output_item.added","output_index":0,'
    b'"item":{"type":"message","id":"i","role":"assistant","content":[]}}\n\n'
    b'data: {"type":"response.content_part.added","output_index":0,"content_index":0,"item_id":"i",'
    b'"part":{"type":"output_text","text":"","annotations":[]}}\n\n'
)
GEMINI_HOLLOW = b'data: {"candidates":[{"content":{"role":"model","parts":[{"text":""}]}}],"responseId":"r"}\n\n'


@pytest.mark.parametrize(
    "fault", [(Interrupted("cut"),), (), (b"data: nonsense\n\n",)], ids=["cut", "ended", "nonsense"]
)
@pytest.mark.parametrize(
    ("provider", "hollow"),
    [(CLAUDE, CLAUDE_HOLLOW), (RESPONSES, RESPONSES_HOLLOW), (GEMINI, GEMINI_HOLLOW)],
    ids=["claude", "responses", "gemini"],
)
async def test_a_part_that_says_nothing_yet_is_no_content(provider: str, hollow: bytes, fault: Any) -> None:
    tables: Any = {"openai": {"models": ["m"]}, SHORT[provider]: {"models": ["m"]}}
    scene = Scene(
        Answer(200, hollow, *fault),
        Answer(200, *STREAM),
        accounts=[account("c", provider), account("a")],
        given=settings({"model_provider": [provider, OPENAI]}, **tables),
    )
    sink = await scene.ask("claude" if provider != CLAUDE else "chat", stream=True)
    assert scene.exchange.state == "done"
    assert [one.outcome for one in scene.exchange.attempts] == ["failed", "ok"]
    assert b"hel" in sink.body


async def test_a_refused_conversion_asks_nobody() -> None:
    scene = Scene(error(500))
    sink = await scene.ask("claude", messages=[{"role": "user", "content": [{"type": "text"}]}])
    assert (sink.status, scene.egress.sent) == (400, [])


async def test_headers_that_belong_to_what_a_codec_writes_go_along() -> None:
    for front, sent in (("chat", True), ("claude", False)):
        scene = Scene(error(500), accounts=[account("c", CLAUDE)])
        await scene.ask(front, model="claude/m")
        assert ("anthropic-beta" in scene.egress.sent[0][0].headers) is sent
