"""What the byte path reads of Responses bytes it does not change."""

from __future__ import annotations

import json

import pytest
from responses_kit import VECTORS, call_item, completed, created, ev, golden_stream, message_item, sse

from a2a.messages import Usage
from a2a.protocols.responses.tap import reader
from a2a.protocols.tap import Glance, Tap

GOLDEN_USAGE = Usage(input=812, cache_read=512, output=96, reasoning=40)


def seen(data: bytes, size: int = 512) -> Glance:
    tap = Tap(reader)
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    while chunks and not tap.first(chunks.pop(0)):
        pass
    for chunk in chunks:
        tap.feed(chunk)
    return tap.close()


@pytest.mark.parametrize("size", [64, 1000, 100_000])
def test_golden_stream(size: int) -> None:
    glance = seen(golden_stream(), size)
    assert (glance.usage, glance.stop, glance.complete, glance.failure) == (GOLDEN_USAGE, "tool_call", True, None)


def test_a_cut_stream_is_not_complete() -> None:
    data = golden_stream()
    assert not seen(data[: data.rindex(b"event: response.completed")]).complete


def test_incomplete_answers_are_whole_streams() -> None:
    last = completed(status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    glance = seen(sse(created(), last))
    assert (glance.complete, glance.stop) == (True, "max_output_tokens")


@pytest.mark.parametrize("kind", ["function_call", "custom_tool_call"])
def test_a_call_ends_with_the_same_status_as_an_answer(kind: str) -> None:
    assert seen(sse(created(), completed(call_item("{}", type=kind)))).stop == "tool_call"
    assert seen(sse(created(), completed(message_item('{"type":"function_call"}')))).stop == "completed"


def test_the_opening_events_do_not_count_as_an_answer() -> None:
    tap = Tap(reader)
    assert not tap.first(b": hello\n\n" + sse(created(), ev("in_progress", response={"id": "r"})))
    assert tap.first(sse(ev("output_item.added", output_index=0, item=message_item(""))))


@pytest.mark.parametrize(
    "event",
    [
        ev("failed", response={"error": {"code": "rate_limit_exceeded", "message": "m"}}),
        {"type": "error", "code": "rate_limit_exceeded", "message": "m"},
    ],
)
def test_a_failure_right_behind_the_opening(event: dict[str, object]) -> None:
    tap = Tap(reader)
    assert tap.first(sse(created(), event))
    assert tap.glance.failure is not None
    assert tap.glance.failure.kind == "rate_limited"


def test_whole_answers() -> None:
    glance = reader.whole((VECTORS / "responses.response.json").read_bytes())
    assert (glance.usage, glance.stop, glance.failure) == (GOLDEN_USAGE, "tool_call", None)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"code": "rate_limit_exceeded", "message": "m"}}, "rate_limited"),
        ({"status": "failed", "error": {"code": "server_error", "message": "m"}, "output": []}, "upstream"),
        ({"object": "list"}, "upstream"),
    ],
)
def test_errors_in_a_200(body: dict[str, object], kind: str) -> None:
    failure = reader.whole(json.dumps(body).encode()).failure
    assert failure is not None
    assert failure.kind == kind


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"output":[],"usage":5}'])
def test_what_is_no_answer(body: bytes) -> None:
    assert reader.whole(body).failure is not None


def test_nonsense_events_are_passed_over() -> None:
    glance = seen(
        b'data: {"type":"\xff"}\n\ndata: nonsense\n\ndata: [DONE]\n\n'
        + sse({"type": "response.completed", "response": 5})
    )
    assert (glance.complete, glance.usage) == (False, None)
