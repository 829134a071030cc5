"""The mouth of `a2a chat`: a front without a wire."""

from __future__ import annotations

import pytest

from a2a.cli.local import LocalFront
from a2a.messages import Candidate, Delta, End, Event, Failure, PartStart, Request, Response, Start, Stop, Text
from a2a.protocols.base import Conversion, Profile

CONV = Conversion(request=Request(proto="chat", model="m", messages=[]), profile=Profile(), model="m", now=0.0)
BROKEN = Failure("upstream", "broken", 502)


@pytest.fixture
def seen() -> list[Event]:
    return []


@pytest.fixture
def front(seen: list[Event]) -> LocalFront:
    return LocalFront(seen.append)


def test_events_go_where_they_are_shown(front: LocalFront, seen: list[Event]) -> None:
    renderer = front.stream_renderer(CONV)
    events: list[Event] = [Start("r", "m", 0), PartStart(0, Text(text="")), Delta(0, "hi"), End()]
    recorded = b"".join([renderer.on(event) for event in events])
    assert (seen, front.failure, renderer.keepalive()) == (events, None, b"")
    assert b'"content":"hi"' in recorded, "what the record keeps, in the form of the chat protocol"


def test_a_failure_in_the_stream_stays_on_the_front(front: LocalFront, seen: list[Event]) -> None:
    front.stream_renderer(CONV).on(BROKEN)
    assert (seen, front.failure) == ([BROKEN], BROKEN)


def test_a_whole_answer_stays_on_the_front(front: LocalFront) -> None:
    candidate = Candidate(parts=[Text(text="hi")], stop=Stop(kind="end"))
    answer = Response(proto="chat", id="r", model="m", created=0, candidates=[candidate])
    assert b'"content":"hi"' in front.render_response(answer, CONV)
    assert front.response is answer


def test_an_error_stays_on_the_front(front: LocalFront) -> None:
    status, body = front.render_error(BROKEN, "req_1")
    assert (status, b'"message":"broken"' in body) == (502, True)
    assert front.failure is BROKEN


def test_a_local_call_is_never_parsed(front: LocalFront) -> None:
    with pytest.raises(AssertionError):
        front.parse_request(b"{}", headers={})
