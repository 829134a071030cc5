"""The live events as a client reads them: any split of the bytes, strange frames, connections that end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from a2a.control import stream
from a2a.control.aio import AsyncControlClient
from a2a.control.client import ControlClient
from a2a.control.stream import EventReader
from a2a.control.types import LiveEvent, LogLine, Missed
from a2a.errors import A2AError, BadUpstream, Unreachable, WrongKey
from a2a.secret import Secret

pytestmark = pytest.mark.anyio
KEY = Secret("key-of-the-server")
ONE = LiveEvent(7, 1.5, LogLine(level="info", event="a\u2028b ✓\r\nc"))
TWO = LiveEvent(9, 2.5, Missed(count=3))


def frame(event: LiveEvent, end: bytes = b"\n") -> bytes:
    data = msgspec.json.encode(event)
    return b"id: %d%sevent: x%sdata: %s%s%s" % (event.seq, end, end, data, end, end)


WIRE = b"retry: 1000\n: a2a\n\n" + frame(ONE) + b": keep-alive\n\n" + frame(TWO)


@pytest.mark.parametrize("size", range(1, len(WIRE) + 1))
def test_the_pieces_may_have_any_size(size: int) -> None:
    reader = EventReader()
    pieces = [WIRE[at : at + size] for at in range(0, len(WIRE), size)]
    assert [event for piece in pieces for event in reader.feed(piece)] == [ONE, TWO]


def test_lines_may_end_otherwise() -> None:
    assert list(EventReader().feed(frame(ONE, b"\r\n") + frame(TWO, b"\r"))) == [ONE, TWO]


def test_data_may_have_several_lines() -> None:
    content = msgspec.json.encode(TWO).replace(b",", b",\ndata:")
    assert list(EventReader().feed(b"data: " + content + b"\n\n")) == [TWO]


def test_what_a_newer_server_says_is_passed_over() -> None:
    new = b'data: {"seq": 8, "at": 1.0, "change": {"type": "weather", "sun": true}}\n\n'
    assert list(EventReader().feed(new + frame(TWO))) == [TWO]


@pytest.mark.parametrize("junk", [b"data: <html>\n\n", b"data: \xff\n\n", b'data: {"seq": \n\n'])
def test_what_is_no_event_is_told(junk: bytes) -> None:
    with pytest.raises(BadUpstream, match="not JSON"):
        list(EventReader().feed(junk))


def test_a_frame_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_FRAME_BYTES", 100)
    with pytest.raises(BadUpstream, match="no end"):
        list(EventReader().feed(b"data: " + b"x" * 100))


Read = Callable[[str], Awaitable[list[LiveEvent]]]


async def waiting(url: str) -> list[LiveEvent]:
    async with AsyncControlClient(url, KEY) as client:
        return [event async for event in client.events(3, ["log", "missed"])]


async def blocking(url: str) -> list[LiveEvent]:
    with ControlClient(url, KEY) as client:
        return list(client.events(3, ["log", "missed"]))


@pytest.mark.parametrize("read", [waiting, blocking])
async def test_a_stream_that_ends_is_over(httpserver: HTTPServer, read: Read) -> None:
    def answer(request: Request) -> Response:
        assert request.headers["Authorization"] == f"Bearer {KEY.reveal()}"
        assert dict(request.args) == {"after": "3", "kinds": "log,missed"}
        return Response(WIRE, content_type="text/event-stream")

    httpserver.expect_request("/admin/v1/events").respond_with_handler(answer)
    assert await read(httpserver.url_for("")) == [ONE, TWO]


@pytest.mark.parametrize("read", [waiting, blocking])
async def test_a_connection_that_breaks_is_over_too(httpserver: HTTPServer, read: Read) -> None:
    headers = {"Content-Length": str(len(WIRE) + 5)}
    httpserver.expect_request("/admin/v1/events").respond_with_handler(
        lambda _: Response(WIRE, content_type="text/event-stream", headers=headers)
    )
    assert await read(httpserver.url_for("")) == [ONE, TWO]


@pytest.mark.parametrize("read", [waiting, blocking])
@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, '{"error": {"message": "no", "kind": "unauthorized", "exit_code": 3}}', WrongKey),
        (200, "<html>", A2AError),
        (503, "", BadUpstream),
    ],
)
async def test_a_stream_that_does_not_begin_is_an_error(
    httpserver: HTTPServer, read: Read, status: int, body: str, error: type[A2AError]
) -> None:
    httpserver.expect_request("/admin/v1/events").respond_with_data(body, status)
    with pytest.raises(error):
        await read(httpserver.url_for(""))


@pytest.mark.parametrize("read", [waiting, blocking])
async def test_a_server_that_is_not_there(read: Read) -> None:
    with pytest.raises(Unreachable, match="no connection to the server"):
        await read("http://127.0.0.1:9")
