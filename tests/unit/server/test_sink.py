"""An aiohttp response as the gateway's sink: a client that has left is told as such."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import ClientConnectionResetError, web
from aiohttp.test_utils import make_mocked_request

from a2a.gateway.call import ClientGone
from a2a.server.sink import HttpSink

pytestmark = pytest.mark.anyio
GONE = [ClientConnectionResetError("gone"), ConnectionResetError(), BrokenPipeError()]


def sink(**extra: str) -> HttpSink:
    return HttpSink(make_mocked_request("POST", "/"), extra)


def fail(error: Exception) -> Any:
    async def act(*_: object) -> None:
        raise error

    return act


async def test_a_whole_answer() -> None:
    made = sink(Vary="Origin")
    await made.respond(418, {"x-a": "b"}, b"tea")
    assert isinstance(made.response, web.Response)
    assert (made.response.status, made.response.body, made.response.headers["x-a"]) == (418, b"tea", "b")
    assert made.response.headers["Vary"] == "Origin"


async def test_a_stream() -> None:
    made = HttpSink(make_mocked_request("POST", "/"))
    await made.start(200, {"Content-Type": "text/event-stream"})
    await made.write(b"data: x\n\n")
    await made.finish()
    assert made.response is not None
    assert made.response.prepared


@pytest.mark.parametrize("error", GONE)
async def test_a_client_that_left_before_the_head(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web.StreamResponse, "prepare", fail(error))
    with pytest.raises(ClientGone):
        await sink().start(200, {})


@pytest.mark.parametrize("error", GONE)
async def test_a_client_that_left_in_the_stream(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    made = sink()
    await made.start(200, {})
    monkeypatch.setattr(web.StreamResponse, "write", fail(error))
    monkeypatch.setattr(web.StreamResponse, "write_eof", fail(error))
    with pytest.raises(ClientGone):
        await made.write(b"x")
    await made.finish()
