"""Upstream calls through real small proxies: SOCKS5 and HTTP, with logins, refusing, dead, silent, or no proxy."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from support.proxies import HttpProxy, Proxy, SocksProxy, client_tls, server_tls
from yarl import URL

from a2a.errors import A2AError, ProxyFailed, Unreachable, UpstreamTimeout
from a2a.providers.http import Egress, Target

pytestmark = pytest.mark.anyio
KINDS = [SocksProxy, HttpProxy]
LOGIN = "me:pw-planted"
CLEAR = Target(URL("http://clear.test/v1/x"), {"User-Agent": "me/1"})
SECURE = Target(URL("https://upstream.test/v1/x"), {"User-Agent": "me/1"})


@pytest.fixture
async def egress(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Egress]:
    trusting = client_tls()
    monkeypatch.setattr(ssl, "create_default_context", lambda *_, **__: trusting)
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", trusting)
    made = Egress()
    yield made
    await made.aclose()


async def hello(request: web.Request) -> web.StreamResponse:
    await request.read()
    answer = web.StreamResponse()
    await answer.prepare(request)
    for piece in (b"hel", b"lo"):
        await answer.write(piece)
    return answer


@pytest.fixture
async def table() -> AsyncIterator[dict[str, int]]:
    """Name -> local port of an upstream, which only the proxy knows: in the clear, and over TLS."""
    app = web.Application()
    app.router.add_post("/v1/x", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    ports = {}
    for name, tls in (("clear.test", None), ("upstream.test", server_tls())):
        made = socket.create_server(("127.0.0.1", 0))
        ports[name] = made.getsockname()[1]
        await web.SockSite(runner, made, ssl_context=tls).start()
    yield ports
    await runner.cleanup()


async def ask(egress: Egress, target: Target, proxy: str, **options: float) -> bytes:
    answer = await egress.open(target, b"{}", proxy=proxy, connect_timeout_s=options.get("connect_s", 10.0))
    assert answer.status == 200
    return await answer.body()


@pytest.mark.parametrize("login", [None, LOGIN])
@pytest.mark.parametrize(("target", "asked"), [(CLEAR, ("clear.test", 80)), (SECURE, ("upstream.test", 443))])
@pytest.mark.parametrize("kind", KINDS)
async def test_the_proxy_is_told_the_name_and_leads_there(
    egress: Egress, table: dict[str, int], kind: type[Proxy], target: Target, asked: tuple[str, int], login: str | None
) -> None:
    async with kind(table, login=login) as proxy:
        assert await ask(egress, target, proxy.url) == b"hello"
    assert proxy.asked == [asked]


@pytest.mark.parametrize("target", [CLEAR, SECURE])
async def test_a_proxy_reached_over_tls(egress: Egress, table: dict[str, int], target: Target) -> None:
    async with HttpProxy(table, tls=server_tls(), login=LOGIN) as proxy:
        assert await ask(egress, target, proxy.url) == b"hello"
    assert len(proxy.asked) == 1


async def test_whose_certificate_is_not_trusted_is_told(table: dict[str, int]) -> None:
    plain, egress = HttpProxy(table), Egress()
    async with HttpProxy(table, tls=server_tls(), login=LOGIN) as proxy, plain:
        with pytest.raises(ProxyFailed, match=f"the proxy {proxy.place}: its certificate is not trusted"):
            await ask(egress, SECURE, proxy.url)
        with pytest.raises(Unreachable, match=r"cannot reach upstream\.test through the proxy: its cert") as caught:
            await ask(egress, SECURE, plain.url)
    assert not isinstance(caught.value, ProxyFailed)
    assert proxy.asked == []
    await egress.aclose()


async def test_socks5h_means_the_same(egress: Egress, table: dict[str, int]) -> None:
    async with SocksProxy(table) as proxy:
        assert await ask(egress, CLEAR, proxy.url.replace("socks5:", "socks5h:")) == b"hello"
    assert proxy.asked == [("clear.test", 80)]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_tunnel_is_kept_for_the_next_call(egress: Egress, table: dict[str, int], kind: type[Proxy]) -> None:
    async with kind(table) as proxy:
        for _ in range(3):
            assert await ask(egress, SECURE, proxy.url) == b"hello"
    assert proxy.connections == 1


async def test_two_logins_never_share_a_tunnel(egress: Egress, table: dict[str, int]) -> None:
    async with SocksProxy(table) as proxy:
        for user in ("a", "b"):
            await ask(egress, CLEAR, proxy.plain.replace("//", f"//{user}:x@"))
    assert proxy.connections == 2


@pytest.mark.parametrize("target", [CLEAR, SECURE])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("given", ["wrong:pw-planted", None])
async def test_a_refused_login_is_the_proxy_s(
    egress: Egress, table: dict[str, int], kind: type[Proxy], target: Target, given: str | None
) -> None:
    async with kind(table, login=LOGIN) as proxy:
        url = proxy.plain.replace("//", f"//{given}@") if given else proxy.plain
        with pytest.raises(ProxyFailed, match=rf"the proxy {proxy.place} (refuses|wants)") as caught:
            await ask(egress, target, url)
    assert "planted" not in f"{caught.value!r} {caught.value}"
    assert caught.value.hint is not None
    assert proxy.asked == []


@pytest.mark.parametrize(
    ("kind", "refuse", "told"),
    [
        (SocksProxy, 2, "cannot connect to upstream.test: its rules do not allow that"),
        (SocksProxy, 5, "cannot connect to upstream.test: connection refused"),
        (SocksProxy, 99, "cannot connect to upstream.test: error 99"),
        (HttpProxy, 403, "does not connect to upstream.test: it answered 403"),
        (HttpProxy, 502, "does not connect to upstream.test: it answered 502"),
    ],
)
async def test_a_proxy_that_does_not_connect(
    egress: Egress, table: dict[str, int], kind: type[Proxy], refuse: int, told: str
) -> None:
    async with kind(table, refuse=refuse) as proxy:
        with pytest.raises(ProxyFailed, match=told):
            await ask(egress, SECURE, proxy.url)


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_a_dead_proxy(egress: Egress, scheme: str) -> None:
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    with pytest.raises(ProxyFailed, match=r"proxy.*Connection refused") as caught:
        await ask(egress, SECURE, f"{scheme}://{LOGIN}@127.0.0.1:{port}")
    assert "planted" not in f"{caught.value!r} {caught.value}"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_silent_proxy_is_not_waited_for(egress: Egress, kind: type[Proxy]) -> None:
    async with kind({}, silent=True) as proxy:
        with pytest.raises(UpstreamTimeout):
            await ask(egress, SECURE, proxy.url, connect_s=0.05)


@pytest.mark.parametrize(("said", "scheme"), [(b"HTTP/1.1 400 Bad\r\n\r\n", "socks5"), (b"", "socks5"), (b"", "http")])
async def test_what_is_no_proxy(egress: Egress, said: bytes, scheme: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(3)
        writer.write(said)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        with pytest.raises(A2AError):
            await ask(egress, SECURE, f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_pinned_address_goes_to_the_proxy_instead_of_the_name(
    egress: Egress, table: dict[str, int], kind: type[Proxy]
) -> None:
    """The certificate is still that of the name."""
    async with kind({"192.0.2.7": table["upstream.test"]}) as proxy:
        answer = await egress.open(SECURE, b"{}", proxy=proxy.url, address="192.0.2.7")
        assert await answer.body() == b"hello"
    assert proxy.asked == [("192.0.2.7", 443)]
