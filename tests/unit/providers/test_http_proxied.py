"""Calls through a proxy: the same answers and the same words for errors, over another client."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.test_utils import TestServer
from yarl import URL

from a2a.errors import Unreachable, UpstreamError, UpstreamTimeout
from a2a.providers.dial import reason
from a2a.providers.http import Answer, Egress, Interrupted, Target

pytestmark = pytest.mark.anyio
ELSEWHERE = Target(URL("http://upstream.test/v1/x"), {"User-Agent": "me/1"})
NOWHERE = ConnectionKey("h", 1, False, True, None, None, None)


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    made = Egress()
    yield made
    await made.aclose()


def proxy(body: bytes = b"hello", **options: Any) -> tuple[TestServer, list[web.Request]]:
    seen: list[web.Request] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        await request.read()
        response = web.StreamResponse(status=418, headers={"X-Told": "yes", "Content-Length": str(options["length"])})
        await response.prepare(request)
        await response.write(body)
        if request.transport is not None and options["length"] > len(body):
            request.transport.close()
        return response

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handle)
    return TestServer(app), seen


async def test_the_proxy_gets_the_whole_url(egress: Egress) -> None:
    server, seen = proxy(length=5)
    async with server:
        answer = await egress.open(ELSEWHERE, b"{}", proxy=str(server.make_url("/")))
        assert (answer.status, answer.headers["x-told"], await answer.body()) == (418, "yes", b"hello")
    assert (seen[0].host, seen[0].headers["User-Agent"], "Accept" in seen[0].headers) == (
        "upstream.test",
        "me/1",
        False,
    )


async def test_chunks_end_with_nothing(egress: Egress) -> None:
    server, _ = proxy(length=5)
    async with server:
        answer = await egress.open(ELSEWHERE, b"{}", proxy=str(server.make_url("/")))
        pieces = []
        while piece := await answer.chunk():
            pieces.append(piece)
        answer.close()
    assert b"".join(pieces) == b"hello"


async def to_the_end(answer: Answer) -> None:
    while await answer.chunk():
        pass


@pytest.mark.parametrize("whole", [True, False])
async def test_a_body_that_is_cut(egress: Egress, whole: bool) -> None:
    server, _ = proxy(length=50)
    async with server:
        answer = await egress.open(ELSEWHERE, b"{}", proxy=str(server.make_url("/")))
        with pytest.raises(Interrupted, match="the upstream broke the connection"):
            await (answer.body() if whole else to_the_end(answer))
        answer.close()


@pytest.mark.parametrize(
    ("raised", "error", "told"),
    [
        (TimeoutError(), UpstreamTimeout, "no connection to upstream.test in time"),
        (aiohttp.ConnectionTimeoutError(), UpstreamTimeout, "no connection to upstream.test in time"),
        (
            aiohttp.ClientProxyConnectionError(NOWHERE, OSError(111, "refused")),
            Unreachable,
            "through the proxy: Connection refused",
        ),
        (aiohttp.InvalidURL("http://["), Unreachable, "through the proxy: InvalidURL"),
        (aiohttp.ServerDisconnectedError(), Interrupted, "closed the connection: ServerDisconnectedError"),
        (OSError(104, "Connection reset by peer"), Interrupted, "closed the connection: Connection reset by peer"),
        (aiohttp.ClientPayloadError(), UpstreamError, "sent no valid HTTP: ClientPayloadError"),
        (ValueError("line break"), UpstreamError, "sent no valid HTTP: ValueError"),
    ],
)
async def test_errors_in_our_words(
    egress: Egress, monkeypatch: pytest.MonkeyPatch, raised: Exception, error: type[UpstreamError], told: str
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(aiohttp.ClientSession, "request", fail)
    with pytest.raises(error, match=told) as caught:
        await egress.open(ELSEWHERE, b"", proxy="http://proxy.test:1")
    assert caught.value.__cause__ is raised


async def test_one_session_for_all_and_the_caller_s_limit(egress: Egress, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, object, object]] = []

    async def note(self: aiohttp.ClientSession, *_: object, proxy: str, timeout: Any, **__: object) -> None:
        seen.append((id(self), proxy, timeout.sock_connect))
        raise aiohttp.ServerDisconnectedError

    monkeypatch.setattr(aiohttp.ClientSession, "request", note)
    for connect_s in (None, 0.0, 3.0):
        with pytest.raises(Interrupted):
            await egress.open(ELSEWHERE, b"", proxy="http://p:1", connect_timeout_s=connect_s)
    assert [entry[1:] for entry in seen] == [("http://p:1", 10.0), ("http://p:1", None), ("http://p:1", 3.0)]
    assert len({entry[0] for entry in seen}) == 1


@pytest.mark.parametrize("kept", [0, 1], ids=["fresh", "kept alive"])
async def test_only_a_kept_connection_that_died_may_be_tried_again(egress: Egress, kept: int) -> None:
    """A proxy that hangs up after so many answers. On a fresh connection the request may have been served."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(kept):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        proxy = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for _ in range(kept):
            await (await egress.open(ELSEWHERE, b"", proxy=proxy)).body()
        with pytest.raises(Interrupted) as caught:
            await egress.open(ELSEWHERE, b"", proxy=proxy)
    assert caught.value.reused is bool(kept)


def test_a_certificate_that_is_not_trusted_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    real = ssl.SSLCertVerificationError()
    real.verify_message = "unable to get local issuer certificate"
    key: Any = SimpleNamespace(host="upstream.test", port=443, is_ssl=True)
    wrapped = aiohttp.ClientConnectorCertificateError(key, real)
    assert reason(wrapped) == reason(real) == "its certificate is not trusted: unable to get local issuer certificate"
