"""Events to a Responses stream: order, numbers, ids, and the whole answer at the end (conversion.md 10.1, 11.2)."""

from __future__ import annotations

import itertools
import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from responses_kit import VECTORS, conversion, events_of, frames, golden_stream, parsed, streamed, vector

from a2a.messages import (
    Candidate,
    Delta,
    End,
    Event,
    Failure,
    FailureKind,
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
from a2a.protocols.fold import explode, fold
from a2a.protocols.responses import front

START = Start(id="chatcmpl-1", model="m", created=5)
ENDING: list[Event] = [Finish(Stop(kind="end")), UsageNow(Usage(input=3, output=2)), End()]


def part(shell: Part, *pieces: str, i: int = 0, whole: Part | None = None) -> list[Event]:
    return [PartStart(i, shell), *(Delta(i, piece) for piece in pieces), PartEnd(i, part=whole)]


def whole(*events: Event) -> list[dict[str, Any]]:
    """The frames of a stream from Start to End around these events."""
    return well_formed(frames(streamed(START, *events, *ENDING)))


def types(found: list[dict[str, Any]]) -> list[str]:
    return [value["type"].removeprefix("response.") for value in found]


def well_formed(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Numbers without gaps, one response id, every item announced once, done once and repeated at the end."""
    assert [value["sequence_number"] for value in found] == list(range(len(found)))
    assert types(found)[:2] == ["created", "in_progress"]
    assert len({value["response"]["id"] for value in found if "response" in value}) == 1
    added = [value for value in found if value["type"] == "response.output_item.added"]
    done = [value for value in found if value["type"] == "response.output_item.done"]
    assert [value["output_index"] for value in added] == list(range(len(added)))
    last = found[-1]
    if last["type"] != "response.failed":
        assert [value["item"]["id"] for value in added] == [value["item"]["id"] for value in done]
        assert last["response"]["output"] == [value["item"] for value in done]
    return found


def test_golden_stream_survives_the_hub() -> None:
    found = well_formed(frames(streamed(*events_of(golden_stream()))))
    wanted = json.loads(
        json.dumps(
            [json.loads(line[6:]) for line in golden_stream().split(b"\n") if line.startswith(b"data: ")]
        ).replace('"msg_g1"', '"msg_1"')
    )
    echoed = ("instructions", "max_output_tokens", "reasoning", "tools", "tool_choice")
    for value in [*found, *wanted]:
        for key in echoed:
            value.get("response", {}).pop(key, None)
    assert found == wanted


def test_the_requests_values_are_echoed_on_one_line() -> None:
    req = front.parse_request((VECTORS / "responses.request.json").read_bytes(), headers={})
    found = frames(streamed(START, *ENDING, conv=conversion(req)))
    original = vector("responses.request.json")
    for value in found:
        assert value["response"]["tools"] == original["tools"]
        assert value["response"]["instructions"] == original["instructions"]


def test_text() -> None:
    found = whole(*part(Text(text=""), "a", "b"))
    assert types(found)[2:-1] == [
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
    ]
    assert found[6]["text"] == "ab"
    assert found[-1]["response"]["output"][0]["content"][0]["text"] == "ab"
    assert found[-1]["response"]["usage"]["total_tokens"] == 5


def test_reasoning_is_shown_as_a_summary_with_its_token() -> None:
    token = Opaque("openai", "encrypted", "x")
    events = [PartStart(0, Reasoning()), Delta(0, "a"), Seal(0, token), PartEnd(0)]
    found = whole(*events)
    assert types(found)[2:-1] == [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
    ]
    item = found[-1]["response"]["output"][0]
    assert (item["summary"], item["encrypted_content"]) == ([{"type": "summary_text", "text": "a"}], "x")


def test_raw_reasoning_of_the_own_protocol_stays_raw() -> None:
    found = whole(*part(Reasoning(summary=False, item_id="rs_1"), "raw"))
    assert "reasoning_text.delta" in types(found)
    assert found[-1]["response"]["output"][0]["content"] == [{"type": "reasoning_text", "text": "raw"}]
    assert "reasoning_summary_text.delta" in types(whole(*part(Reasoning(summary=False), "raw")))


def test_reasoning_without_words() -> None:
    token = Opaque("openai", "encrypted", "x")
    found = whole(PartStart(0, Reasoning(item_id="rs_9")), Seal(0, token), PartEnd(0))
    assert types(found)[2:-1] == ["output_item.added", "output_item.done"]
    assert found[3]["item"] == {
        "id": "rs_9",
        "type": "reasoning",
        "summary": [],
        "status": "completed",
        "encrypted_content": "x",
    }


def test_calls() -> None:
    call = ToolCall(id="c1", name="f", args="", namespace="ns")
    found = whole(*part(call, '{"a"', ":1}"))
    assert types(found)[2:-1] == [
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
    ]
    opened, closed = found[2]["item"], found[6]["item"]
    assert (opened["arguments"], closed["arguments"]) == ("", '{"a":1}')
    for key in ("id", "call_id", "name", "namespace"):
        assert opened[key] == closed[key]


def test_free_form_calls() -> None:
    found = whole(*part(ToolCall(id="c1", name="p", args="", custom=True), "*** ", "Begin"))
    told = [kind.removeprefix("custom_tool_call_input.") for kind in types(found)[3:6]]
    assert told == ["delta", "delta", "done"]
    assert found[-1]["response"]["output"][0]["input"] == "*** Begin"


def test_calls_without_arguments_get_an_empty_object() -> None:
    found = whole(*part(ToolCall(id="c1", name="f", args="")))
    assert [value["delta"] for value in found if value["type"].endswith(".delta")] == ["{}"]
    assert found[-1]["response"]["output"][0]["arguments"] == "{}"


def test_a_cut_call_is_marked() -> None:
    call = ToolCall(id="c1", name="f", args="")
    found = frames(streamed(START, *part(call, '{"a'), Finish(Stop(kind="length")), End()))
    assert found[-1]["type"] == "response.incomplete"
    assert found[-1]["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
    assert found[-1]["response"]["output"][0]["status"] == "incomplete"


def test_parts_that_came_whole_are_told_in_one_delta() -> None:
    found = whole(*part(Text(text=""), whole=Text(text="all")))
    assert [value["delta"] for value in found if value["type"].endswith(".delta")] == ["all"]


def test_a_final_form_that_differs_wins() -> None:
    found = whole(*part(Text(text=""), "wrong", whole=Text(text="right")))
    assert found[-1]["response"]["output"][0]["content"][0]["text"] == "right"


def test_an_empty_text_is_still_a_proper_item() -> None:
    found = whole(*part(Text(text="")))
    assert types(found)[2:-1] == [
        "output_item.added",
        "content_part.added",
        "output_text.done",
        "content_part.done",
        "output_item.done",
    ]


def test_blocks_without_deltas() -> None:
    own = Foreign(proto="responses", wire_type="web_search_call", raw=Raw(b'{"id":"ws_1",\n"type":"web_search_call"}'))
    image = Media(kind="image", source=Inline("AAAA"), mime="image/png")
    other = Foreign(proto="claude", wire_type="x", raw=Raw(b"{}"), as_text="found")
    silent = Foreign(proto="claude", wire_type="y", raw=Raw(b"{}"))
    found = whole(*part(own), *part(image, i=1), *part(other, i=2), *part(silent, i=3))
    kinds = [item["type"] for item in found[-1]["response"]["output"]]
    assert kinds == ["web_search_call", "image_generation_call", "message"]
    assert [value["delta"] for value in found if value["type"].endswith(".delta")] == ["found"]


def test_refusals() -> None:
    found = frames(streamed(START, *part(Refusal(text=""), "no"), Finish(Stop(kind="refusal")), End()))
    assert types(found)[3:6] == ["content_part.added", "refusal.delta", "refusal.done"]
    assert (found[-1]["type"], found[-1]["response"]["status"]) == ("response.completed", "completed")
    told = frames(streamed(START, Finish(Stop(kind="refusal", detail="no")), End()))
    assert told[-1]["response"]["output"][0]["content"] == [{"type": "refusal", "refusal": "no"}]
    silent = frames(streamed(START, Finish(Stop(kind="refusal")), End()))
    assert silent[-1]["response"]["incomplete_details"] == {"reason": "content_filter"}


def test_log_probabilities() -> None:
    tokens = Raw(b'[{"token": "a",\n"logprob": -1}]')
    found = whole(PartStart(0, Text(text="")), Delta(0, "a", logprobs=tokens), Delta(0, "b"), PartEnd(0))
    deltas = [value["logprobs"] for value in found if value["type"] == "response.output_text.delta"]
    assert deltas == [[{"token": "a", "logprob": -1}], []]
    assert found[-1]["response"]["output"][0]["content"][0]["logprobs"] == deltas[0]


def test_an_upstreams_own_response_id_stays() -> None:
    assert frames(streamed(Start(id="resp_7", model="m", created=1), End()))[0]["response"]["id"] == "resp_7"
    assert frames(streamed(START, End()))[0]["response"]["id"].startswith("resp_")


@pytest.mark.parametrize("begun", [True, False])
def test_a_failure_ends_the_stream(begun: bool) -> None:
    opening: list[Event] = [START, PartStart(0, Text(text="")), Delta(0, "a")] if begun else []
    found = frames(streamed(*opening, Failure("upstream", "upstream closed", 502), End()))
    assert types(found)[:2] == ["created", "in_progress"]
    assert found[-1]["type"] == "response.failed"
    assert found[-1]["response"]["status"] == "failed"
    assert found[-1]["response"]["error"] == {"code": "server_error", "message": "upstream closed"}
    assert "output_item.done" not in types(found)


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_every_failure_has_a_code(kind: FailureKind) -> None:
    codes = {
        "bad_request": "invalid_prompt",
        "context_overflow": "context_length_exceeded",
        "rate_limited": "rate_limit_exceeded",
        "quota": "insufficient_quota",
        "overloaded": "server_is_overloaded",
    }
    error = frames(streamed(Failure(kind, "m", 0)))[-1]["response"]["error"]
    assert error["code"] == codes.get(kind, "server_error")


def test_codex_reads_the_wait_from_the_message() -> None:
    failure = Failure("rate_limited", "busy.", 429, retry_after=30)
    assert frames(streamed(failure))[-1]["response"]["error"]["message"] == "busy. Please try again in 30s."


def test_an_answer_that_broke_off_is_failed() -> None:
    found = frames(streamed(START, Finish(Stop(kind="error", raw="MALFORMED")), End()))
    assert types(found)[-1] == "failed"


def test_pings_and_foreign_events_leave_no_trace() -> None:
    renderer = front.stream_renderer(conversion())
    renderer.on(START)
    assert renderer.on(Ping()) + renderer.on(ForeignEvent("responses", Raw(b"{}"))) == b""
    assert renderer.keepalive() == b": keep-alive\n\n"


PARTS = st.one_of(
    st.builds(lambda text: Text(text=text), st.text(max_size=5)),
    st.builds(lambda text: Refusal(text=text), st.text(min_size=1, max_size=5)),
    st.builds(lambda text: Reasoning(text=text), st.text(max_size=5)),
    st.builds(
        lambda a, c: ToolCall(id="c", name="f", args=a, custom=c), st.sampled_from(["{}", '{"a":1}']), st.booleans()
    ),
)


@given(st.lists(PARTS, max_size=5))
def test_every_answer_becomes_a_well_formed_stream(parts: list[Part]) -> None:
    candidate = Candidate(parts=parts, stop=Stop(kind="end"))
    res = Response(proto="chat", id="x", model="m", created=1, candidates=[candidate])
    data = streamed(*explode(res))
    well_formed(frames(data))
    again = fold(events_of(data), "responses")
    assert isinstance(again, Response)
    said = [part for part in parts if not isinstance(part, Text) or part.text]
    assert [type(part) for part in again.candidates[0].parts] == [type(part) for part in said]


def test_streams_and_whole_answers_tell_the_same() -> None:
    req = parsed(tools=[{"type": "function", "name": "f"}])
    call = ToolCall(id="c", name="f", args='{"a":1}')
    candidate = Candidate(parts=[Reasoning(text="t"), Text(text="a"), call], stop=Stop(kind="tool_call"))
    res = Response(proto="claude", id="x", model="m", created=1, candidates=[candidate], usage=Usage(input=1, output=2))
    unary = json.loads(front.render_response(res, conversion(req)))
    assert frames(streamed(*explode(res), conv=conversion(req)))[-1]["response"] == unary


def test_fifty_streams_share_nothing() -> None:
    """conversion.md 17.7, for the renderer."""
    renderers = [front.stream_renderer(conversion()) for _ in range(50)]
    events: list[Event] = [START, *part(Text(text=""), "a"), *ENDING]
    written = [b""] * 50
    for event, number in itertools.product(events, range(50)):
        written[number] += renderers[number].on(event)
    assert len(set(written)) == 1
