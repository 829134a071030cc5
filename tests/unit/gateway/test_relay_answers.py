"""The byte path's answers: forwarded as they are; what fails before content fails over, later it ends the stream."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from gateway_kit import DONE, STREAM, Answer, Scene, Sink, chat, chunk, error
from support.pool_kit import CLAUDE, FakeClock, account, settings

from a2a.gateway import relay
from a2a.protocols.base import Profile
from a2a.providers.http import Interrupted

pytestmark = pytest.mark.anyio
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":6}}\n\n'
ROLE = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n'
REFUSED = b'data: {"error":{"message":"slow down","code":"rate_limit_exceeded"}}\n\n'


async def test_a_whole_answer_keeps_every_byte() -> None:
    body = b'{ "choices": [{"finish_reason":"stop","x":1.50}],  "odd": "\\u00e9" }'
    sink = await Scene(Answer(200, body[:9], body[9:], x_request_id="r1", server="x")).ask()
    assert (sink.status, sink.body) == (200, body)
    assert (sink.headers["Content-Type"], sink.headers["x-request-id"]) == ("application/json", "r1")
    assert "server" not in sink.headers


async def test_the_upstream_s_request_id_is_recorded() -> None:
    scene = Scene(Answer(200, chat()._pieces[0], x_request_id="r1"))
    await scene.ask()
    assert scene.exchange.attempts[0].upstream_id == "r1"


@pytest.mark.parametrize("body", [b"<html>", b"", b"{}", b'{"choices":[]}', b'{"error":{"message":"x","code":500}}'])
async def test_a_200_that_is_no_answer_fails_over(body: bytes) -> None:
    scene = Scene(Answer(200, body), chat())
    assert (await scene.ask()).status == 200
    assert scene.states() == {"a": "cooling", "b": "ready"}


@pytest.mark.parametrize("pieces", [STREAM, (b"".join(STREAM),), [bytes([b]) for b in b"".join(STREAM)]])
async def test_a_stream_keeps_every_byte(pieces: Any) -> None:
    scene = Scene(Answer(200, *pieces))
    sink = await scene.ask(stream=True)
    assert (sink.status, sink.body) == (200, b"".join(STREAM))
    assert sink.headers["Content-Type"].startswith("text/event-stream")
    assert (scene.exchange.state, scene.exchange.stop, scene.exchange.answer_bytes) == ("done", "end", len(sink.body))


async def test_usage_of_a_stream_is_recorded() -> None:
    scene = Scene(Answer(200, *STREAM[:-1], USAGE, DONE))
    await scene.ask(stream=True)
    assert scene.exchange.tokens is not None
    assert (scene.exchange.tokens.input, scene.exchange.tokens.output) == (5, 6)


async def test_usage_that_the_client_did_not_ask_for_is_estimated() -> None:
    scene = Scene(Answer(200, *STREAM))
    sink = await scene.ask(stream=True)
    assert sink.body == b"".join(STREAM)
    tokens = scene.exchange.tokens
    assert tokens is not None
    assert (tokens.input, tokens.output, tokens.estimated) == (5, 2, True)


async def test_what_was_said_before_a_stream_broke_is_estimated_too() -> None:
    scene = Scene(Answer(200, *STREAM[:2], Interrupted("cut")))
    await scene.ask(stream=True)
    tokens = scene.exchange.tokens
    assert scene.exchange.state == "failed"
    assert tokens is not None
    assert (tokens.output, tokens.estimated) == (2, True)


async def test_comments_alone_are_no_beginning() -> None:
    scene = Scene(Answer(200, b": wait\n\n", Interrupted("cut")), Answer(200, *STREAM))
    sink = await scene.ask(stream=True)
    assert (sink.body, scene.keys()) == (b"".join(STREAM), ["sk-a", "sk-b"])


@pytest.mark.parametrize(
    "first",
    [
        (REFUSED,),
        (b'{"error":{"message":"slow down","code":"rate_limit_exceeded"}}',),
        (),
        (b": wait\n\n",),
        (b"<html>",),
        (Interrupted("cut"),),
    ],
    ids=["error event", "error body", "nothing", "comment", "html", "cut"],
)
async def test_a_stream_that_does_not_begin_fails_over(first: Any) -> None:
    scene = Scene(Answer(200, *first), Answer(200, *STREAM))
    sink = await scene.ask(stream=True)
    assert sink.body == b"".join(STREAM)
    assert scene.states() == {"a": "cooling", "b": "ready"}


async def test_an_opening_goes_out_at_once_and_another_account_may_go_on() -> None:
    scene = Scene(Answer(200, ROLE, Interrupted("cut")), Answer(200, ROLE + STREAM[0], *STREAM[1:]))
    sink = await scene.ask(stream=True)
    frames = [json.loads(frame[6:]) for frame in sink.body.split(b"\n\n") if frame[:7] == b"data: {"]
    deltas = [frame["choices"][0]["delta"] for frame in frames]
    assert [delta.get("role") for delta in deltas] == ["assistant", None, None, None]
    assert "".join(delta["content"] for delta in deltas) == "hello"
    assert scene.keys() == ["sk-a", "sk-b"]


async def test_after_an_opening_the_error_is_one_in_the_stream() -> None:
    scene = Scene(Answer(200, ROLE, REFUSED), error(500, "broke"))
    sink = await scene.ask(stream=True)
    assert (sink.status, scene.exchange.state) == (200, "failed")
    assert sink.body.startswith(ROLE + b'data: {"error":')
    assert b"2 accounts were asked and none could answer: openai/a: slow down; openai/b: broke" in sink.body


async def test_an_error_status_keeps_its_status() -> None:
    sink = await Scene(error(429), error(429)).ask(stream=True)
    assert (sink.status, sink.headers["Content-Type"]) == (429, "application/json")


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ((), "ended the answer before it was complete"),
        ((Interrupted("the upstream broke the connection"),), "the upstream broke the connection"),
    ],
)
async def test_after_the_first_event_a_cut_is_an_error_in_the_stream(end: Any, told: str) -> None:
    scene = Scene(Answer(200, chunk("hel"), *end), chat())
    sink = await scene.ask(stream=True)
    assert sink.status == 200
    assert sink.body.startswith(chunk("hel") + b'data: {"error":')
    assert told in json.loads(sink.body[len(chunk("hel")) + 6 :])["error"]["message"]
    assert (scene.keys(), scene.exchange.state, scene.states()["a"]) == (["sk-a"], "failed", "cooling")


@pytest.mark.parametrize("end", [(Interrupted("cut"),), ()], ids=["broken", "ended"])
async def test_half_an_event_is_held_back_when_the_stream_fails(end: Any) -> None:
    sink = await Scene(Answer(200, chunk("hel"), b'data: {"cho', *end)).ask(stream=True)
    assert sink.body.startswith(chunk("hel") + b'data: {"error":')
    assert b'data: {"cho' not in sink.body.replace(chunk("hel"), b"")


async def test_a_last_event_without_its_empty_line_is_not_lost() -> None:
    sink = await Scene(Answer(200, *STREAM[:-1], b"data: [DONE]")).ask(stream=True)
    assert sink.body == b"".join(STREAM[:-1]) + b"data: [DONE]"


async def test_an_event_without_an_end_is_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "MAX_HELD_BYTES", 100)
    long = b"data: " + b"x" * 200
    scene = Scene(Answer(200, chunk("hel"), long, Interrupted("cut")))
    assert long in (await scene.ask(stream=True)).body


async def test_the_upstream_s_own_error_in_the_stream_is_passed_and_booked() -> None:
    scene = Scene(Answer(200, chunk("hel"), REFUSED))
    sink = await scene.ask(stream=True)
    assert sink.body == chunk("hel") + REFUSED
    assert (scene.exchange.state, scene.states()["a"]) == ("failed", "cooling")
    assert scene.exchange.fault is not None
    assert scene.exchange.fault.kind == "rate_limited"


async def test_a_client_that_leaves_in_the_stream_ends_the_call_and_blames_nobody() -> None:
    answer = Answer(200, *STREAM)
    scene = Scene(answer)
    await scene.ask(stream=True, sink=Sink(gone_after=1))
    assert (scene.exchange.state, scene.exchange.status, answer.closed) == ("client_closed", 499, True)
    assert scene.states() == {"a": "ready", "b": "ready"}


async def test_a_silent_first_byte_is_a_timeout_and_fails_over() -> None:
    scene = Scene(Answer(200, None), chat(), given=settings(openai={"first_byte_timeout_s": 0.01}))
    assert (await scene.ask()).status == 200
    fault = scene.exchange.attempts[0].fault
    assert fault is not None
    assert (fault.kind, fault.message) == ("timeout", "openai/a sent nothing within 0.01 s")


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"idle_timeout_s": 0.01}, "openai/a was silent for 0.01 s"),
        ({"total_timeout_s": 0.01, "idle_timeout_s": 0}, "openai/a took longer than 0.01 s"),
    ],
)
async def test_a_stream_that_falls_silent_ends_with_our_words(limits: dict[str, float], told: str) -> None:
    answer = Answer(200, chunk("hel"), None)
    scene = Scene(answer, given=settings(openai=limits))
    sink = await scene.ask(stream=True)
    assert told in sink.body.decode()
    assert (answer.closed, scene.states()["a"]) == (True, "cooling")


async def test_keep_alives_before_the_first_event_still_allow_another_account() -> None:
    sink = Sink()
    slow = Answer(200, sink.wrote, Interrupted("cut"))
    scene = Scene(slow, Answer(200, *STREAM), given=settings({"commit_after_s": 0.001}))
    await scene.ask(stream=True, sink=sink)
    assert sink.body.startswith(b": keep-alive\n\n")
    assert sink.body.endswith(b"".join(STREAM))
    assert scene.keys() == ["sk-a", "sk-b"]


async def test_after_an_early_200_an_error_is_one_in_the_stream() -> None:
    sink = Sink()
    slow = Answer(200, sink.wrote, Interrupted("cut"))
    scene = Scene(slow, accounts=[account("a")], given=settings({"commit_after_s": 0.001}))
    await scene.ask(stream=True, sink=sink)
    assert sink.status == 200
    assert b'data: {"error":' in sink.body
    assert (scene.exchange.state, scene.exchange.status) == ("failed", 200)


async def test_a_claude_stream_passes_through_too() -> None:
    events = (
        b'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":3}}}\n\n',
        b'event: ping\ndata: {"type":"ping"}\n\n',
        b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},'
        b'"usage":{"output_tokens":4}}\n\n',
        b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    )
    scene = Scene(Answer(200, *events), accounts=[account("c", CLAUDE)])
    sink = await scene.ask("claude", stream=True)
    assert (sink.body, scene.exchange.mode, scene.exchange.stop) == (b"".join(events), "relay", "end")


START = b'event: message_start\ndata: {"type":"message_start","message":{"id":"%s","usage":{"input_tokens":3}}}\n\n'
TEXT_BLOCK = (
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}}\n\n'
)
THOUGHT_BLOCK = TEXT_BLOCK.replace(b'"text","text"', b'"thinking","thinking"')
OVERLOADED = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}\n\n'
SAID = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"hello"}}\n\n',
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},'
    b'"usage":{"output_tokens":4}}\n\n',
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
)
CLAUDES = (account("a", CLAUDE), account("b", CLAUDE))


@pytest.mark.parametrize(
    "first",
    [
        (START % b"1", THOUGHT_BLOCK, OVERLOADED),
        (START % b"1" + THOUGHT_BLOCK, OVERLOADED),
        (START % b"1" + THOUGHT_BLOCK, Interrupted("cut")),
        (START % b"1" + THOUGHT_BLOCK,),
        (START % b"1", THOUGHT_BLOCK + OVERLOADED),
    ],
    ids=["apart", "together", "cut", "ended", "with the error"],
)
@pytest.mark.parametrize("size", [0, 7])
async def test_a_part_that_says_nothing_yet_is_kept_back(first: Any, size: int) -> None:
    second = START % b"2" + TEXT_BLOCK + b"".join(SAID)
    pieces = [second[at : at + size] for at in range(0, len(second), size)] if size else [second]
    scene = Scene(Answer(200, *first), Answer(200, *pieces), accounts=CLAUDES)
    sink = await scene.ask("claude", stream=True)
    assert sink.body == START % b"1" + TEXT_BLOCK + b"".join(SAID)
    assert [one.account for one in scene.exchange.attempts] == ["claude/a", "claude/b"]


@pytest.mark.parametrize(
    "pieces",
    [
        (START % b"1", TEXT_BLOCK, *SAID),
        (START % b"1" + TEXT_BLOCK, *SAID),
        (START % b"1" + TEXT_BLOCK + b"".join(SAID),),
    ],
)
async def test_a_part_that_was_kept_back_loses_no_byte(pieces: Any) -> None:
    scene = Scene(Answer(200, *pieces), accounts=CLAUDES)
    sink = await scene.ask("claude", stream=True)
    assert (sink.body, scene.exchange.state) == (START % b"1" + TEXT_BLOCK + b"".join(SAID), "done")


async def test_nothing_without_an_end_is_kept_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "MAX_HELD_BYTES", 1000)
    empty = SAID[0].replace(b"hello", b"")
    scene = Scene(Answer(200, START % b"1", TEXT_BLOCK, *[empty] * 10, Interrupted("cut")), accounts=CLAUDES)
    sink = await scene.ask("claude", stream=True)
    assert sink.body.startswith(START % b"1" + TEXT_BLOCK + empty * 10)
    assert len(scene.egress.sent) == 1


async def test_the_opening_does_not_wait_for_the_part() -> None:
    sink, may_speak = Sink(), asyncio.Event()
    scene = Scene(Answer(200, START % b"1" + TEXT_BLOCK, may_speak, *SAID), accounts=CLAUDES)
    asked = asyncio.ensure_future(scene.ask("claude", stream=True, sink=sink))
    await sink.wrote.wait()
    assert sink.body == START % b"1"
    may_speak.set()
    await asked
    assert sink.body == START % b"1" + TEXT_BLOCK + b"".join(SAID)


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"first_byte_timeout_s": 0.01}, None),
        ({"idle_timeout_s": 0.01}, "claude/a was silent for 0.01 s"),
        ({"total_timeout_s": 0.01, "idle_timeout_s": 0}, "claude/a took longer than 0.01 s"),
    ],
)
async def test_behind_an_empty_part_the_limits_are_those_of_a_stream(
    limits: dict[str, float], told: str | None
) -> None:
    waits = asyncio.Event()
    asyncio.get_running_loop().call_later(0.03, waits.set)
    hollow = Answer(200, START % b"1" + THOUGHT_BLOCK, waits, *SAID)
    second = Answer(200, START % b"2" + TEXT_BLOCK, *SAID)
    scene = Scene(hollow, second, accounts=CLAUDES, given=settings(claude=limits))
    await scene.ask("claude", stream=True)
    assert scene.exchange.state == "done"
    faults = [one.fault.message for one in scene.exchange.attempts if one.fault]
    assert faults == ([] if told is None else [told])


async def test_denied_keys_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(chat(), accounts=[account("a")])
    (member,) = scene.pool.members()
    monkeypatch.setattr(member.provider, "profile", lambda *_: Profile(deny=("seed",)))
    sink = await scene.ask(seed=7)
    assert "seed" not in scene.egress.body()
    assert sink.headers["x-a2a-notes"] == "seed dropped (this upstream rejects it)"


async def test_another_vendor_s_thinking_does_not_pass_as_it_is() -> None:
    said = {"type": "message", "id": "m", "content": [{"type": "text", "text": "ok"}], "stop_reason": "end_turn"}
    scene = Scene(Answer(200, json.dumps(said).encode()), accounts=[account("c", CLAUDE)])
    turn = [{"type": "thinking", "thinking": "hm", "signature": ""}, {"type": "text", "text": "yes"}]
    user = {"role": "user", "content": "hi"}
    sink = await scene.ask("claude", messages=[user, {"role": "assistant", "content": turn}, user])
    assert (sink.status, scene.exchange.mode) == (200, "convert")
    assert [block["type"] for block in scene.egress.body()["messages"][1]["content"]] == ["text"]
    assert "reasoning dropped" in sink.headers["x-a2a-notes"]


async def test_a_cut_emoji_is_mended_and_noted() -> None:
    scene = Scene(chat(), accounts=[account("a")])
    sink = await scene.ask(messages=[{"role": "user", "content": "\ud83d!"}])
    assert (sink.status, scene.exchange.mode) == (200, "relay")
    assert scene.egress.body()["messages"][0]["content"] == "\ufffd!"
    assert sink.headers["x-a2a-notes"] == "body repaired (half of a surrogate pair is U+FFFD now)"


async def test_times_come_from_the_clock() -> None:
    scene = Scene(chat())
    assert isinstance(scene.clock, FakeClock)
    await scene.ask()
    assert scene.exchange.timings.last == 0.0
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "a2a keep-alive"]
