"""The one upstream client: errors in our own words, sessions kept, nothing added to what was asked."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from a2a.errors import Unreachable, UpstreamError, UpstreamTimeout
from a2a.providers.http import Egress, Interrupted, Target

pytestmark = pytest.mark.anyio
HEADERS = {"Content-Type": "application/json", "User-Agent": "me/1"}


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    made = Egress()
    yield made
    await made.aclose()


@asynccontextmanager
async def raw_server(*sent: bytes) -> AsyncIterator[URL]:
    """Reads one request head, sends these bytes and closes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.writelines(sent)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x")


async def test_a_request_is_sent_as_it_is_and_the_answer_read(egress: Egress) -> None:
    seen: list[tuple[str, bytes, dict[str, str]]] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append((request.method, await request.read(), dict(request.headers)))
        return web.Response(status=418, text="tea", headers={"x-told": "yes"})

    app = web.Application()
    app.router.add_route("*", "/x", handle)
    async with TestServer(app) as server:
        answer = await egress.open(Target(server.make_url("/x"), HEADERS), b'{"a": 1.50}')
        assert (answer.status, answer.headers["x-told"], await answer.body()) == (418, "yes", b"tea")
    method, body, headers = seen[0]
    assert (method, body) == ("POST", b'{"a": 1.50}')
    assert {name.lower() for name in headers} == {"content-type", "user-agent", "host", "content-length"}


async def test_a_body_comes_in_chunks_and_ends_with_nothing(egress: Egress) -> None:
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") as url:
        answer = await egress.open(Target(url, HEADERS), b"")
        pieces = []
        while piece := await answer.chunk():
            pieces.append(piece)
    assert b"".join(pieces) == b"hello"


async def test_redirects_are_answers_like_others(egress: Egress) -> None:
    async with raw_server(b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n") as url:
        answer = await egress.open(Target(url, HEADERS), b"")
        assert answer.status == 302
        answer.close()


async def test_nobody_listens(egress: Egress) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(Unreachable, match=rf"cannot reach 127.0.0.1:{port}: "):
            await egress.open(Target(URL(f"http://127.0.0.1:{port}/"), HEADERS), b"")


async def test_a_connection_closed_before_the_head_may_be_tried_again(egress: Egress) -> None:
    async with raw_server() as url:
        with pytest.raises(Interrupted, match=r"127.0.0.1 closed the connection") as caught:
            await egress.open(Target(url, HEADERS), b"")
    assert caught.value.reused


async def test_something_that_is_no_http(egress: Egress) -> None:
    async with raw_server(b"SSH-2.0-OpenSSH_9.6\r\n\r\n") as url:
        with pytest.raises(UpstreamError, match="sent no valid HTTP") as caught:
            await egress.open(Target(url, HEADERS), b"")
    assert not isinstance(caught.value, Interrupted)


@pytest.mark.parametrize("whole", [True, False])
async def test_a_body_that_is_cut_is_interrupted(egress: Egress, whole: bool) -> None:
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello") as url:
        answer = await egress.open(Target(url, HEADERS), b"")
        with pytest.raises(Interrupted, match="the upstream broke the connection") as caught:
            while whole or await answer.chunk():
                await answer.body()
    assert not caught.value.reused


async def test_closing_wakes_the_one_who_waits(egress: Egress) -> None:
    release = asyncio.Event()

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await release.wait()
        return response

    app = web.Application()
    app.router.add_post("/x", handle)
    async with TestServer(app) as server:
        answer = await egress.open(Target(server.make_url("/x"), HEADERS), b"")
        waiting = asyncio.ensure_future(answer.chunk())
        await asyncio.sleep(0)
        answer.close()
        with pytest.raises(Interrupted):
            await waiting
        release.set()


@pytest.mark.parametrize("error", [TimeoutError(), aiohttp.ConnectionTimeoutError(), aiohttp.ServerTimeoutError()])
async def test_no_connection_in_time(egress: Egress, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    async def late(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(aiohttp.ClientSession, "request", late)
    with pytest.raises(UpstreamTimeout, match="no connection to host in time"):
        await egress.open(Target(URL("http://host/"), HEADERS), b"")


async def test_a_reason_is_the_system_s_word_or_the_kind(egress: Egress, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise OSError(104, "Connection reset by peer")

    monkeypatch.setattr(aiohttp.ClientSession, "request", broken)
    with pytest.raises(Interrupted, match="host closed the connection: Connection reset by peer"):
        await egress.open(Target(URL("http://host/"), HEADERS), b"")


async def test_one_session_per_proxy_and_one_timeout_per_value(
    egress: Egress, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, object, object]] = []

    async def note(self: aiohttp.ClientSession, *_: object, **options: object) -> None:
        seen.append((id(self), options["proxy"], options["timeout"].sock_connect))  # type: ignore[attr-defined]
        raise aiohttp.ServerDisconnectedError

    monkeypatch.setattr(aiohttp.ClientSession, "request", note)
    for proxy, connect_s in ((None, None), (None, 0.0), ("http://p:1", 3.0), ("http://p:1", 3.0)):
        with pytest.raises(Interrupted):
            await egress.open(Target(URL("http://h/"), HEADERS), b"", proxy=proxy, connect_timeout_s=connect_s)
    assert [entry[1:] for entry in seen] == [(None, 10.0), (None, None), ("http://p:1", 3.0), ("http://p:1", 3.0)]
    assert seen[0][0] == seen[1][0] != seen[2][0] == seen[3][0]
