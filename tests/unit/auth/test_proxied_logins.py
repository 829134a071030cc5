"""Token endpoints and key checks through real small proxies."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from support.proxies import HttpProxy, Proxy, SocksProxy, authority_file, client_tls, server_tls

from a2a.auth import outward
from a2a.auth.endpoint import AuthUrls, http_client, post
from a2a.auth.key_check import check_key
from a2a.errors import ProxyFailed, Unreachable

pytestmark = pytest.mark.anyio
KINDS = [SocksProxy, HttpProxy]
LOGIN = "me:pw-planted"
SHIPPED = httpx.create_ssl_context


@pytest.fixture(autouse=True)
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpx, "create_ssl_context", lambda **_: client_tls())
    monkeypatch.setattr("httpx._transports.default.create_ssl_context", lambda **_: client_tls())


@pytest.fixture
async def table() -> AsyncIterator[dict[str, int]]:
    async def token(request: web.Request) -> web.Response:
        return web.json_response({"got": (await request.post())["a"]})

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "m"}]})

    app = web.Application()
    app.router.add_post("/token", token)
    app.router.add_get("/v1/models", models)
    runner = web.AppRunner(app)
    await runner.setup()
    made = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, made, ssl_context=server_tls()).start()
    yield {"upstream.test": made.getsockname()[1]}
    await runner.cleanup()


async def renew(proxy: str) -> httpx.Response:
    async with http_client(proxy) as client:
        return await post(client, "https://upstream.test/token", {"a": "b"}, AuthUrls())


@pytest.mark.parametrize("login", [None, LOGIN])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_token_comes_through(table: dict[str, int], kind: type[Proxy], login: str | None) -> None:
    async with kind(table, login=login) as proxy:
        assert (await renew(proxy.url)).json() == {"got": "b"}
    assert proxy.asked == [("upstream.test", 443)]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_key_is_checked_through_it(table: dict[str, int], kind: type[Proxy]) -> None:
    async with kind(table) as proxy:
        found = await check_key(["https://upstream.test/v1"], {}, proxy=proxy.url)
    assert (found.verdict, found.models, proxy.asked) == ("good", 1, [("upstream.test", 443)])


@pytest.mark.parametrize("options", [{"login": LOGIN}, {"refuse": 3}])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_proxy_that_refuses_is_named_without_its_password(
    table: dict[str, int], kind: type[Proxy], options: dict[str, object]
) -> None:
    refuse = {"refuse": 502} if kind is HttpProxy and "refuse" in options else options
    async with kind(table, **refuse) as proxy:
        url = proxy.plain.replace("//", "//me:wrong-planted@")
        for ask in (renew(url), check_key(["https://upstream.test/v1"], {}, proxy=url)):
            with pytest.raises(ProxyFailed, match=r"no connection to .*upstream\.test") as caught:
                await ask
            assert "planted" not in f"{caught.value!r} {caught.value} {caught.value.__cause__}"


async def test_a_dead_proxy() -> None:
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    with pytest.raises(ProxyFailed, match=f"cannot reach the proxy 127.0.0.1:{port}"):
        await renew(f"socks5://{LOGIN}@127.0.0.1:{port}")


@pytest.fixture
def as_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trust of a2a itself instead of that of these tests."""
    monkeypatch.setattr(httpx, "create_ssl_context", SHIPPED)
    monkeypatch.setattr("httpx._transports.default.create_ssl_context", SHIPPED)


@pytest.mark.parametrize("tls", [False, True], ids=["the upstream's", "the proxy's too"])
async def test_an_authority_of_one_s_own_is_trusted_by_the_usual_variable(
    table: dict[str, int], as_shipped: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tls: bool
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority_file(tmp_path)))
    async with HttpProxy(table, tls=server_tls() if tls else None) as proxy:
        assert (await renew(proxy.url)).json() == {"got": "b"}
        assert (await check_key(["https://upstream.test/v1"], {}, proxy=proxy.url)).models == 1


async def test_a_certificate_that_is_not_trusted_is_told(table: dict[str, int], as_shipped: None) -> None:
    async with SocksProxy(table) as proxy:
        for ask in (renew(proxy.url), check_key(["https://upstream.test/v1"], {}, proxy=proxy.url)):
            with pytest.raises(Unreachable, match="its certificate is not trusted") as caught:
                await ask
            assert "SSL_CERT_FILE" in (caught.value.hint or "")


async def test_a_silent_proxy_is_not_waited_for() -> None:
    async with (
        SocksProxy({}, silent=True) as proxy,
        outward.client(proxy.url, httpx.Timeout(0.05)) as client,
    ):
        with pytest.raises(httpx.TimeoutException):
            await client.get("https://upstream.test/")


@pytest.mark.parametrize(
    ("said", "told"), [(b"HTTP/1.1 400 Bad\r\n\r\n", "is no SOCKS5 proxy"), (b"\x05", "closed the connection")]
)
async def test_what_is_no_socks_proxy_is_told(said: bytes, told: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(3)
        writer.write(said)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        with pytest.raises(ProxyFailed, match=told):
            await renew(f"socks5://127.0.0.1:{server.sockets[0].getsockname()[1]}")
