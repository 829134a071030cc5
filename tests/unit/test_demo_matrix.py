"""The judges of `a2a demo`: what each dialect refuses, and a table that is whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from a2a.demo.faults import Board
from a2a.demo.matrix import cells, chat, checks, claude
from a2a.demo.matrix.lab import Desk, Lab, Reply
from a2a.demo.matrix.sides import FRONTS, PROVIDERS
from a2a.demo.matrix.talk import Called, Question
from a2a.demo.matrix.wrong import Wrong

ASK = Question(model="m", prompt="hi", stream=True)
CHAT_USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> str:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    body = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices, **more}
    return f"data: {json.dumps(body)}\n\n"


def call(index: int, **more: Any) -> str:
    return chunk({"tool_calls": [{"index": index, **more}]})


ROLE = chunk({"role": "assistant", "content": ""})
FINISH = chunk({}, "stop")
USAGE = chunk(usage=CHAT_USAGE)
DONE = "data: [DONE]\n\n"
OPEN_CALL = call(0, id="t1", type="function", function={"name": "f", "arguments": ""})
REST_OF_CALL = call(0, function={"arguments": '{"a":1}'})


def event(kind: str, **more: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n"


def block(index: int, opening: dict[str, Any], *deltas: dict[str, Any]) -> str:
    frames = [event("content_block_start", index=index, content_block=opening)]
    frames += [event("content_block_delta", index=index, delta=delta) for delta in deltas]
    return "".join([*frames, event("content_block_stop", index=index)])


MESSAGE = {
    "id": "m1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 1},
}
START = event("message_start", message=MESSAGE)
TEXT = block(0, {"type": "text", "text": ""}, {"type": "text_delta", "text": "ho"})
TOOL = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
END = event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 2})
END_TOOL = END.replace("end_turn", "tool_use")
STOP = event("message_stop")


def test_a_chat_stream_as_it_should_be() -> None:
    body = ROLE + ": keep-alive\n\n" + OPEN_CALL + REST_OF_CALL + chunk({}, "tool_calls") + USAGE + DONE
    answer = chat.read_stream(body.encode(), ASK)
    assert (answer.calls, answer.ending, answer.usage) == ((Called("t1", "f", {"a": 1}),), "tool", (3, 2))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (ROLE + FINISH + USAGE, "the last frame"),
        (ROLE + USAGE + DONE, "usage before finish_reason"),
        (ROLE + FINISH + DONE, "usage that was asked for"),
        (ROLE + FINISH + USAGE + FINISH + DONE, "behind the usage"),
        (ROLE + FINISH + chunk({"content": "x"}) + USAGE + DONE, "behind finish_reason"),
        (chunk({"content": "x"}) + FINISH + USAGE + DONE, "role"),
        (ROLE + ROLE + FINISH + USAGE + DONE, "role"),
        (ROLE + FINISH.replace('"c1"', '"c2"') + USAGE + DONE, "id, created and model"),
        (ROLE + OPEN_CALL.replace('"index": 0, "id"', '"index": 1, "id"') + DONE, "index"),
        (ROLE + OPEN_CALL + OPEN_CALL + DONE, "is repeated"),
        (ROLE + call(0, function={"arguments": "{}"}) + DONE, "without id"),
        (ROLE + OPEN_CALL + chunk({}, "tool_calls") + USAGE + DONE, "the arguments of f"),
        (ROLE + OPEN_CALL + REST_OF_CALL + FINISH + USAGE + DONE, "finish_reason is stop"),
        (ROLE + chunk({"content": 7}) + DONE, "a chunk: "),
        (ROLE + chunk({"kontent": "x"}) + DONE, "a chunk: "),
        ("event: message\n" + ROLE + FINISH + USAGE + DONE, "a chat frame has a name"),
        (ROLE + FINISH + USAGE.replace('"total_tokens": 5', '"total_tokens": 6') + DONE, "total_tokens"),
        (ROLE + FINISH + USAGE + DONE.rstrip("\n"), "in the middle of a frame"),
        (ROLE + "retry: 5\n\n" + DONE, "fields"),
    ],
)
def test_a_chat_stream_that_breaks_a_client(body: str, reason: str) -> None:
    with pytest.raises(Wrong, match=reason):
        chat.read_stream(body.encode(), ASK)


def test_a_claude_stream_as_it_should_be() -> None:
    json_deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ('{"a"', ":1}")]
    thinking = block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": "hm"},
        {"type": "signature_delta", "signature": "s"},
    )
    body = event("ping") + START + thinking + block(1, TOOL, *json_deltas) + END_TOOL + STOP
    answer = claude.read_stream(body.encode(), ASK)
    assert (answer.thinking, answer.opaque, answer.usage) == ("hm", "s", (3, 2))
    assert answer.calls == (Called("t1", "f", {"a": 1}),)
    assert answer.turn[0]["content"][0] == {"type": "thinking", "thinking": "hm", "signature": "s"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (TEXT + START + END + STOP, "before message_start"),
        (START + START + TEXT + END + STOP, "a second message_start"),
        (START + TEXT + END, "without message_stop"),
        (START + TEXT + STOP, "message_stop without message_delta"),
        (START + TEXT + END + STOP + END, "behind message_stop"),
        (START + TEXT + END + TEXT + STOP, "a block behind"),
        (START + TEXT.replace('"index": 0', '"index": 1') + END + STOP, "the index of a block"),
        (START + TEXT.partition("event: content_block_stop")[0] + END + STOP, "while a block is open"),
        (START + TEXT.replace("text_delta", "thinking_delta").replace('"text": "ho"', '"thinking": "ho"'), "in a Text"),
        (START + TEXT.replace("event: content_block_start\n", "") + END + STOP, "the name of a frame"),
        (START + block(0, TOOL, {"type": "input_json_delta", "partial_json": "{"}) + END_TOOL + STOP, "arguments of f"),
        (START + block(0, TOOL) + END + STOP, "stop_reason is end_turn"),
        (START + END + STOP, "no content"),
        (START + block(0, {"type": "text", "text": ""}) + END + STOP, "an empty text block"),
        (START + TEXT + END.replace('"output_tokens": 2', '"input_tokens": 2') + STOP, "an event: "),
        (START.replace('"role": "assistant", ', "") + TEXT + END + STOP, "an event: "),
    ],
)
def test_a_claude_stream_that_breaks_a_client(body: str, reason: str) -> None:
    with pytest.raises(Wrong, match=reason):
        claude.read_stream(body.encode(), ASK)


def test_a_broken_stream_must_not_look_whole() -> None:
    error = {"message": "no", "type": "server_error", "param": None, "code": None}
    last = f"data: {json.dumps({'error': error})}\n\n"
    said, complaint = chat.read_broken_stream((ROLE + chunk({"content": "ho"}) + last).encode())
    assert (said, complaint.message) == ("ho", "no")
    for body in (ROLE + FINISH + last, ROLE + DONE, ROLE + last + DONE):
        with pytest.raises(Wrong):
            chat.read_broken_stream(body.encode())
    last = event("error", error={"type": "api_error", "message": "no"})
    assert claude.read_broken_stream((START + TEXT + last).encode())[0] == "ho"
    for body in (START + TEXT + END + last, START + TEXT + END + STOP):
        with pytest.raises(Wrong):
            claude.read_broken_stream(body.encode())


def test_an_error_needs_its_fronts_shape() -> None:
    with pytest.raises(Wrong, match="missing required field `param`"):
        chat.read_error(b'{"error": {"message": "no", "type": "server_error", "code": null}}')
    with pytest.raises(Wrong, match="missing required field `type`"):
        claude.read_error(b'{"error": {"message": "no", "type": "api_error"}}')


class Canned(Lab):
    """A server that says the same to everything."""

    def __init__(self, reply: Reply) -> None:
        super().__init__("http://127.0.0.1:1", "key", Board(), lambda: None)
        self.reply = reply

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        return self.reply


HEADERS = {
    "content-type": "application/json",
    "x-a2a-attempts": "1",
    "x-a2a-exchange": "ex_1",
    "x-a2a-account": "openai/ada",
}


@pytest.mark.anyio
@pytest.mark.parametrize("front", FRONTS, ids=[front.name for front in FRONTS])
@pytest.mark.parametrize(
    "reply",
    [Reply(200, HEADERS, b"{}"), Reply(200, {}, b""), Reply(500, HEADERS, b"oops")],
    ids=["json", "bare", "500"],
)
async def test_no_check_believes_a_server_that_says_the_same_to_everything(front: Any, reply: Reply) -> None:
    lab = Canned(reply)
    for provider in PROVIDERS:
        for check in cells.CHECKS:
            cell = cells.Cell(front, provider, check)
            outcome = await cells.run(cell, lab)
            assert outcome.ok is (None if cell.absent else False), check.name
            assert outcome.detail
    assert lab.faults.rules == [], "a check left its fault behind"


@pytest.mark.anyio
async def test_an_answer_of_the_right_shape_must_also_be_the_right_answer() -> None:
    message = {"role": "assistant", "content": "You said: something else", "refusal": None}
    body = {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": CHAT_USAGE,
    }
    desk = Desk(Canned(Reply(200, HEADERS, json.dumps(body).encode())), chat, PROVIDERS[0])
    with pytest.raises(Wrong, match="the text is You said: something else"):
        await checks.text(desk)


def test_the_table_is_whole() -> None:
    every = [cell for row in cells.rows() for cell in row]
    assert len(every) == len(FRONTS) * len(PROVIDERS) * len(cells.CHECKS)
    names = [check.name for check in cells.CHECKS]
    assert len(set(names)) == len(names)
    known = {(cell.front.name, cell.provider.id, cell.check.name) for cell in every}
    assert set(cells.ABSENT) <= known, "an exception for a cell that is not in the table"
    for provider in PROVIDERS:
        assert len(provider.accounts) > 1, "failover needs a second account"


@pytest.mark.anyio
async def test_an_absent_cell_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = next(cells.rows())[0]
    monkeypatch.setitem(cells.ABSENT, (cell.front.name, cell.provider.id, cell.check.name), "no such route")
    outcome = await cells.run(cell, Canned(Reply(500, {}, b"")))
    assert (outcome.ok, outcome.detail) == (None, "no such route")
