"""Direct upstream calls: what goes over the wire, kept-alive connections, and every way an answer can break."""

from __future__ import annotations

import asyncio
import errno
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from yarl import URL

from a2a.errors import BadUpstream, OutOfResources, Unreachable, UpstreamError, UpstreamTimeout
from a2a.providers import dial, http1, http1_answer
from a2a.providers.http1 import Http1, Http1Answer, Interrupted, Target

pytestmark = pytest.mark.anyio
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Upstream:
    """A server of bytes: `requests` as they came, one `connections` entry per accepted connection."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self.requests: list[bytes] = []
        self.connections = 0
        self.came = asyncio.Event()
        self.closed = asyncio.Event()
        self.url = URL()

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        """One request; b"" when the client has left."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        self.requests.append(head + await reader.readexactly(length))
        self.came.set()
        return self.requests[-1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._talk(reader, writer)
        finally:
            writer.close()
            self.closed.set()


@asynccontextmanager
async def upstream(*answers: bytes, keep: bool = True) -> AsyncIterator[tuple[Upstream, Http1]]:
    """Answers each request with the next of these bytes; `keep` False: closes after each."""
    left = list(answers)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while left and await made.read(reader):
            writer.write(left.pop(0))
            await writer.drain()
            if not keep:
                return
        await reader.read()

    made = Upstream(talk)
    client = Http1()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    async with server:
        made.url = URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x")
        try:
            yield made, client
        finally:
            await client.aclose()


async def call(client: Http1, url: URL, body: bytes | None = b"{}", **headers: str) -> Http1Answer:
    return await client.open(Target(url, headers), body, connect_s=5.0)


async def test_a_request_goes_out_as_it_is() -> None:
    async with upstream(OK) as (server, client):
        answer = await call(client, URL(f"{server.url}?a=%2F", encoded=True), b'{"a": 1.50}', Accept="x/y")
        assert (answer.status, answer.headers, await answer.body()) == (200, {"content-length": "2"}, b"ok")
    port = server.url.port
    assert server.requests == [
        b"POST /x?a=%2F HTTP/1.1\r\n" + f"Host: 127.0.0.1:{port}\r\n".encode() + b"Accept: x/y\r\n"
        b'Content-Length: 11\r\n\r\n{"a": 1.50}'
    ]


async def test_a_get_has_no_body() -> None:
    async with upstream(OK) as (server, client):
        await client.open(Target(server.url, {}).with_method("GET"), None, connect_s=5.0)
    assert server.requests[0].startswith(b"GET /x HTTP/1.1\r\n")
    assert server.requests[0].endswith(b"Content-Length: 0\r\n\r\n")


async def test_a_connection_read_to_its_end_serves_again() -> None:
    async with upstream(OK, OK, OK) as (server, client):
        for _ in range(3):
            assert await (await call(client, server.url)).body() == b"ok"
    assert (server.connections, len(server.requests)) == (1, 3)


async def test_two_requests_at_once_have_a_connection_each() -> None:
    async with upstream(OK, OK) as (server, client):
        first, second = await asyncio.gather(call(client, server.url), call(client, server.url))
        assert (await first.body(), await second.body()) == (b"ok", b"ok")
    assert server.connections == 2


async def test_an_old_connection_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with upstream(OK, OK) as (server, client):
        await (await call(client, server.url)).body()
        monkeypatch.setattr(http1, "KEEPALIVE_S", 0.0)
        await (await call(client, server.url)).body()
    assert server.connections == 2


async def test_only_so_many_stay_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "MAX_IDLE", 1)
    async with upstream(OK, OK, OK) as (server, client):
        await asyncio.gather(*(call(client, server.url) for _ in range(2)))
        await server.closed.wait()
        await call(client, server.url)
    assert server.connections == 2


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\n\r\nhello",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello"),
    ],
    ids=["length", "chunked", "until close", "1.0", "after 100", "gzip"],
)
async def test_framings(sent: bytes) -> None:
    async with upstream(sent, keep=False) as (server, client):
        answer = await call(client, server.url)
        assert await answer.body() == b"hello"
        assert await answer.chunk() == b""


async def test_headers_of_one_name_are_joined_and_names_are_lower_case() -> None:
    async with upstream(b"HTTP/1.1 429 Slow\r\nX-A: 1\r\nx-a: 2\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n") as (
        server,
        client,
    ):
        answer = await call(client, server.url)
    assert answer.status == 429
    assert answer.headers == {"x-a": "1, 2", "retry-after": "7", "content-length": "0"}


@pytest.mark.parametrize(
    ("sent", "error", "told"),
    [
        (b"", Interrupted, "closed the connection"),
        (b"HTTP/1.1 200 OK\r\nContent-", Interrupted, "closed the connection"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", BadUpstream, "sent no valid HTTP"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000, BadUpstream, "header over 65536 bytes"),
    ],
    ids=["nothing", "half a head", "no http", "endless head"],
)
async def test_no_head_comes(sent: bytes, error: type[UpstreamError], told: str) -> None:
    async with upstream(sent, keep=False) as (server, client):
        with pytest.raises(error, match=told) as caught:
            await call(client, server.url)
    assert not getattr(caught.value, "reused", False)


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", Interrupted),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n", Interrupted),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\nzz", BadUpstream),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nhel\r\n", Interrupted),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nhello", BadUpstream),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello")[:-4], BadUpstream),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\nhello", BadUpstream),
    ],
    ids=["length", "chunked", "bad chunk", "Chunked", "bad gzip", "half a gzip", "brotli"],
)
async def test_a_body_that_breaks_is_told(sent: bytes, error: type[UpstreamError]) -> None:
    async with upstream(sent, keep=False) as (server, client):
        answer = await call(client, server.url)
        with pytest.raises(error):
            await answer.body()
        answer.close()


async def test_a_kept_connection_that_died_may_be_tried_again() -> None:
    gone = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read(reader)
        writer.write(OK)
        await server.read(reader)
        gone.set()

    async with upstream() as (server, client):
        server._talk = talk
        await (await call(client, server.url)).body()
        with pytest.raises(Interrupted) as caught:
            await call(client, server.url)
        await gone.wait()
    assert caught.value.reused


async def test_bytes_nobody_asked_for_end_an_idle_connection() -> None:
    async with upstream(OK, OK) as (server, client):
        writers: list[asyncio.StreamWriter] = []

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            while await server.read(reader):
                writer.write(OK)

        server._talk = talk
        await (await call(client, server.url)).body()
        writers[0].write(OK)
        await server.closed.wait()
        await (await call(client, server.url)).body()
    assert server.connections == 2


async def test_closing_tells_the_one_who_waits_and_the_upstream() -> None:
    async with upstream(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe") as (server, client):
        answer = await call(client, server.url)
        assert await answer.chunk() == b"he"
        waiting = asyncio.ensure_future(answer.chunk())
        await asyncio.sleep(0)
        answer.close()
        with pytest.raises(Interrupted, match="the call was closed"):
            await waiting
        await server.closed.wait()


async def test_closing_after_the_end_keeps_the_connection() -> None:
    async with upstream(OK, OK) as (server, client):
        answer = await call(client, server.url)
        answer.close()
        assert await answer.body() == b"ok"
        await call(client, server.url)
    assert server.connections == 1


async def test_who_leaves_before_the_head_closes_the_call() -> None:
    async with upstream(b"") as (server, client):
        waiting = asyncio.ensure_future(call(client, server.url))
        await server.came.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await server.closed.wait()


async def test_a_slow_reader_stops_the_upstream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1_answer, "HIGH_WATER_BYTES", 1000)
    size = 16 * 1024 * 1024
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size
    async with upstream(head + bytes(size)) as (server, client):
        answer = await call(client, server.url)
        first = await answer.chunk()
        assert len(first) < size
        assert len(first) + len(await answer.body()) == size


async def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(Unreachable, match=rf"cannot reach 127.0.0.1:{port}: "):
            await call(Http1(), URL(f"http://127.0.0.1:{port}/"))


async def test_no_connection_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", never, raising=False)
    with pytest.raises(UpstreamTimeout, match=r"no connection to host within 0.001 s"):
        await Http1().open(Target(URL("http://host/"), {}), b"", connect_s=0.001)


async def test_https_is_asked_for_with_a_context(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []

    async def refuse(_: object, *where: object, tls: object, **more: object) -> None:
        seen.extend([where, tls])
        raise Unreachable("no route")

    monkeypatch.setattr(http1, "dial", refuse)
    client = Http1()
    for _ in range(2):
        with pytest.raises(Unreachable, match="no route"):
            await call(client, URL("https://host/"))
    assert seen[0] == ("host", 443)
    assert seen[1] is not None
    assert seen[1] is seen[3]


@pytest.mark.parametrize(
    ("value", "told"), [("a\r\nx: y", "holds a line break"), ("a\0", "holds a line break"), ("ключ", "not Latin-1")]
)
async def test_a_header_that_is_none_is_refused(value: str, told: str) -> None:
    with pytest.raises(BadUpstream, match=told):
        Target(URL("http://host/"), {"x": value}).head()


async def test_the_head_names_the_host_as_the_url_does() -> None:
    assert b"Host: [::1]:8080\r\n" in Target(URL("http://[::1]:8080/"), {}).head()
    assert b"Host: host\r\n" in Target(URL("https://host/"), {}).head()


async def test_further_headers_win_over_those_of_the_same_name() -> None:
    target = Target(URL("http://host/"), {"Accept": "a", "X": "b"}).with_headers({"accept": "c"})
    assert target.headers == {"X": "b", "accept": "c"}


async def test_an_answer_too_many_is_nobody_s() -> None:
    other = OK.replace(b"\r\n\r\nok", b"\r\n\r\nno")
    async with upstream(OK + other, OK, OK) as (server, client):
        await (await call(client, server.url)).body()
        answers = await asyncio.gather(call(client, server.url), call(client, server.url))
        assert [await answer.body() for answer in answers] == [b"ok", b"ok"]
    assert server.connections == 3


@pytest.mark.parametrize(
    "sent",
    [
        CHUNKED + b"2\r\nok\r\n0\r\nX-Trail: v\r\n\r\n",
        OK + b"HTTP/1.1 200 OK\r\nX-More: v\r\nContent-Length: 4\r\n\r\nmore",
        OK + b"HTTP/1.1 200 OK\r\nX-More: v\r\nConte",
        OK + b"\r\n",
    ],
    ids=["trailer", "second answer", "half a second answer", "line break"],
)
async def test_nothing_after_an_answer_shows_in_the_next(sent: bytes) -> None:
    async with upstream(sent, sent, OK) as (server, client):
        await (await call(client, server.url)).body()
        answer = await call(client, server.url)
        assert await answer.body() == b"ok"
    assert "v" not in answer.headers.values()


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        b"HTTP/1.1 200 OK\r\nX-A: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2 \r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nUpgrade: h2\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK,
    ],
    ids=["bare line feeds", "folded header", "length and chunks", "offers an upgrade", "early hints"],
)
async def test_what_other_clients_take(sent: bytes) -> None:
    async with upstream(sent) as (server, client):
        answer = await call(client, server.url)
        assert (answer.status, await answer.body()) == (200, b"ok")


async def test_another_protocol_is_none_of_ours() -> None:
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
    async with upstream(switch) as (server, client):
        with pytest.raises(BadUpstream, match="another protocol"):
            await call(client, server.url)


async def test_two_compressed_members_are_one_body() -> None:
    both = gzip.compress(b"hel") + gzip.compress(b"lo")
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: GZIP\r\nContent-Length: %d\r\n\r\n" % len(both)
    async with upstream(head + both) as (server, client):
        assert await (await call(client, server.url)).body() == b"hello"


async def test_an_upstream_that_answers_too_soon_is_not_sent_another_request() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await server.closed.wait()

    async with upstream() as (server, client):
        server._talk = talk
        for _ in range(2):
            assert await (await call(client, server.url, bytes(32 * 1024 * 1024))).body() == b"ok"
        server.closed.set()
    assert server.connections == 2


async def test_a_fresh_connection_is_no_idle_one() -> None:
    async with upstream(OK, OK) as (server, client):
        await (await call(client, server.url)).body()
        await client.open(Target(server.url, {}), b"", connect_s=5.0, fresh=True)
    assert server.connections == 2


async def test_idle_connections_are_closed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "KEEPALIVE_S", 0.01)
    async with upstream(OK) as (server, client):
        await (await call(client, server.url)).body()
        await server.closed.wait()


async def test_a_name_of_several_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    async with upstream(OK) as (server, client):
        port = server.url.port

        async def two(*_: object, **__: object) -> list[tuple[object, ...]]:
            hosts = ("127.0.0.2", "127.0.0.1")  # nobody listens at the first
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", two, raising=False)
        assert await (await call(client, URL(f"http://upstream.test:{port}/"))).body() == b"ok"


async def test_no_handle_left_is_our_own_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    async def none_left(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "x")

    monkeypatch.setattr(dial, "_socket", none_left)
    with pytest.raises(OutOfResources, match="cannot open a connection"):
        await call(Http1(), URL("http://127.0.0.1:1/"))
