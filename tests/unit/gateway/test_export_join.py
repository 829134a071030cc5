"""Which exchanges make one conversation, and what it holds then."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.recorded import START, Shelf, chat, exchange, with_bodies

from a2a.control.types import Exchange, ExchangeFilter, Fault
from a2a.gateway.export.write import Outcome, Wish, export

HI, HELLO = {"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello!"}
MORE = {"role": "user", "content": "more"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"b": 1, "a": 2.50}'}}


def exported(*exchanges: Exchange, **wish: Any) -> tuple[list[list[dict[str, Any]]], Outcome]:
    """The messages of each line of an `openai` file."""
    outcome = Outcome()
    wanted = Wish(format="openai", which=ExchangeFilter(), **wish)
    lines = b"".join(export(Shelf(*exchanges), wanted, outcome)).splitlines()
    return [json.loads(line)["messages"] for line in lines], outcome


def said(messages: list[dict[str, Any]]) -> list[Any]:
    return [message["content"] for message in messages]


def test_turns_are_joined() -> None:
    lines, outcome = exported(chat(0, [HI], "Hello!"), chat(1, [HI, HELLO, MORE], "More."))
    assert [said(line) for line in lines] == [["hi", "Hello!", "more", "More."]]
    assert (outcome.exchanges, outcome.written, outcome.joined) == (2, 1, 1)


def test_blanks_and_parts_make_no_difference() -> None:
    sent_back = {"role": "assistant", "content": [{"type": "text", "text": " Hello!\n"}]}
    lines, _ = exported(chat(0, [HI], "Hello! "), chat(1, [HI, sent_back, MORE], "More."))
    assert len(lines) == 1


def test_another_answer_makes_another_conversation() -> None:
    other = {"role": "assistant", "content": "Goodbye!"}
    lines, _ = exported(chat(0, [HI], "Hello!"), chat(1, [HI, other, MORE], "More."))
    assert [said(line) for line in lines] == [["hi", "Hello!"], ["hi", "Goodbye!", "more", "More."]]


def test_both_branches_are_kept() -> None:
    less = {"role": "user", "content": "less"}
    first, left = chat(0, [HI], "Hello!"), chat(1, [HI, HELLO, MORE], "More.")
    lines, outcome = exported(first, left, chat(2, [HI, HELLO, less], "Less."))
    assert [said(line)[-1] for line in lines] == ["More.", "Less."]
    assert outcome.joined == 1


def test_the_same_request_twice_is_two_conversations() -> None:
    lines, _ = exported(chat(0, [HI], "Hello!"), chat(1, [HI], "Hello!"))
    assert len(lines) == 2


def test_one_of_two_equal_beginnings_goes_on() -> None:
    lines, _ = exported(chat(0, [HI], "Hello!"), chat(1, [HI], "Hello!"), chat(2, [HI, HELLO, MORE], "More."))
    assert sorted(map(len, lines)) == [2, 4]


@pytest.mark.parametrize("fields", [{"session": "two"}, {"client": "laptop"}])
def test_other_sessions_and_clients_do_not_go_on(fields: dict[str, str]) -> None:
    first = chat(0, [HI], "Hello!", session="one")
    lines, _ = exported(first, chat(1, [HI, HELLO, MORE], "More.", **{"session": "one", **fields}))
    assert sorted(map(len, lines)) == [2, 4]


def test_calls_and_results_are_found_again() -> None:
    """Ids are made up anew by some clients, keys put in another order by others."""
    sent = {"id": "other", "type": "function", "function": {"name": "look", "arguments": '{"a":2.50,"b":1}'}}
    history = [HI, {"role": "assistant", "content": None, "tool_calls": [sent]}]
    result = {"role": "tool", "tool_call_id": "other", "content": "seen"}
    lines, _ = exported(chat(0, [HI], {"content": None, "tool_calls": [CALL]}), chat(1, [*history, result], "Done."))
    assert len(lines) == 1
    assert lines[0][1]["tool_calls"] == [sent]


def test_reasoning_that_the_client_left_out_is_back() -> None:
    thought = {"content": "Hello!", "reasoning_content": "They greet me."}
    lines, outcome = exported(chat(0, [HI], thought), chat(1, [HI, HELLO, MORE], "More."))
    assert lines[0][1] == {"role": "assistant", "content": "Hello!", "reasoning_content": "They greet me."}
    assert outcome.reasoned == 1


def test_reasoning_can_be_left_out() -> None:
    thought = {"content": "Hello!", "reasoning_content": "They greet me."}
    lines, outcome = exported(chat(0, [HI], thought), reasoning=False)
    assert lines == [[HI, HELLO]]
    assert outcome.reasoned == 0


def test_an_answer_that_its_client_began_is_one_message() -> None:
    begun = {"role": "assistant", "content": "Hel"}
    lines, _ = exported(chat(0, [HI, begun], "lo!"), chat(1, [HI, HELLO, MORE], "More."))
    assert [said(line) for line in lines] == [["hi", "Hello!", "more", "More."]]


def test_each_of_several_answers_is_a_conversation() -> None:
    choices = [
        {"index": n, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        for n, text in enumerate(("Hello!", "Hi!"))
    ]
    both = with_bodies(exchange(0), {"model": "m", "messages": [HI], "n": 2}, {"choices": choices})
    lines, outcome = exported(both, chat(1, [HI, HELLO, MORE], "More."))
    assert sorted(said(line)[-1] for line in lines) == ["Hi!", "More."]
    assert outcome.joined == 0


def responses(number: int, body: dict[str, Any], text: str) -> Exchange:
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    answer = {"id": f"resp_{number}", "object": "response", "status": "completed", "output": [item]}
    return with_bodies(exchange(number, front="responses"), {"model": "m", **body}, answer)


def test_a_named_answer_brings_its_conversation() -> None:
    first = responses(0, {"input": "hi", "instructions": "Be brief."}, "Hello!")
    lines, outcome = exported(first, responses(1, {"input": "more", "previous_response_id": "resp_0"}, "More."))
    assert [said(line) for line in lines] == [["Be brief.", "hi", "Hello!", "more", "More."]]
    assert outcome.joined == 1


def test_a_named_answer_that_is_not_there() -> None:
    lines, outcome = exported(responses(1, {"input": "more", "previous_response_id": "resp_0"}, "More."))
    assert lines == []
    assert outcome.left_out == {"it goes on from an answer that is not among these": 1}


def failed(number: int, messages: list[Any]) -> Exchange:
    made = chat(number, messages, "")
    made.state, made.status = "failed", 429
    made.fault = Fault(kind="rate_limited", message="slow down", status=429, at=START)
    assert made.bodies is not None
    made.bodies.answer = '{"error": {"message": "slow down"}}'
    return made


def unrecorded(number: int) -> Exchange:
    return exchange(number)


def counted(number: int) -> Exchange:
    return with_bodies(exchange(number, path="/v1/messages/count_tokens", front="claude"), {"messages": []}, {})


def cut(number: int) -> Exchange:
    made = chat(number, [HI], "Hel")
    assert made.bodies is not None
    made.bodies.cut = ["request"]
    return made


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (failed(0, [HI]), "failed"),
        (unrecorded(0), "no bodies were recorded"),
        (counted(0), "a count or an embedding, no conversation"),
        (cut(0), "a body was cut at the size limit"),
        (chat(0, [HI], "Hel", finish="length"), "the answer was cut short"),
        (chat(0, [HI], "Hello!", state="client_closed"), "the client left"),
        (chat(0, [HI], "Hello!", state="streaming"), "not ended yet"),
        (chat(0, [HI], "Hello!", agent="a2a replay"), "a replay"),
        (with_bodies(exchange(0), "not json", {}), "not readable"),
    ],
)
def test_what_did_not_end_well_stays_out(one: Exchange, why: str) -> None:
    lines, outcome = exported(one)
    assert lines == []
    assert outcome.left_out == {why: 1}


def test_all_takes_what_there_is() -> None:
    lines, _ = exported(failed(0, [HI]), chat(1, [MORE], "Mo", finish="length"), all=True)
    assert [said(line) for line in lines] == [["hi"], ["more", "Mo"]]


def test_a_retry_stands_for_the_failure_before() -> None:
    lines, _ = exported(failed(0, [HI]), chat(1, [HI], "Hello!"), all=True)
    assert [said(line) for line in lines] == [["hi", "Hello!"]]


def test_a_stream_that_broke_off_is_no_answer() -> None:
    frame = {"id": "c", "choices": [{"index": 0, "delta": {"content": "Hel"}, "finish_reason": None}]}
    broken = with_bodies(exchange(0, stream=True), {"model": "m", "messages": [HI]}, f"data: {json.dumps(frame)}\n\n")
    assert exported(broken)[1].left_out == {"the answer was cut short": 1}
    lines, _ = exported(broken, all=True)
    assert [said(line) for line in lines] == [["hi", "Hel"]]


def test_a_prompt_that_a2a_added_is_not_the_clients() -> None:
    """It stands in the attempt's request only."""
    made = chat(0, [HI], "Hello!")
    assert made.bodies is not None
    made.bodies.attempts[0].request = json.dumps({"messages": [{"role": "system", "content": "ours"}, HI]})
    lines, _ = exported(made)
    assert lines == [[HI, HELLO]]
