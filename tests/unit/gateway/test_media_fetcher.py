"""Downloads for targets that cannot fetch: what comes, what is refused, and that nothing private is read."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from support.proxies import HttpProxy, Proxy, SocksProxy

from a2a.config import ServerSettings
from a2a.errors import RequestError
from a2a.gateway import media
from a2a.gateway.media import MediaFetcher
from a2a.messages import Inline, Media, Message, Request, Text, ToolCall, ToolResult, Url

pytestmark = pytest.mark.anyio
PNG = b"\x89PNG not really"


@pytest.fixture
async def origin() -> AsyncIterator[str]:
    async def picture(_: web.Request) -> web.Response:
        return web.Response(body=PNG, content_type="image/png")

    async def moved(_: web.Request) -> web.Response:
        raise web.HTTPFound("/picture")

    async def loop(_: web.Request) -> web.Response:
        raise web.HTTPFound("/loop")

    async def away(_: web.Request) -> web.Response:
        raise web.HTTPFound("https://localhost:1/secret")

    app = web.Application()
    for path, handler in (("/picture", picture), ("/moved", moved), ("/loop", loop), ("/away", away)):
        app.router.add_get(path, handler)
    async with TestServer(app) as server:
        yield f"http://127.0.0.1:{server.port}"


def asking(*urls: str) -> Request:
    parts = [Media(kind="image", source=Url(url)) for url in urls]
    return Request(proto="chat", model="m", messages=[Message(role="user", parts=[Text(text="see"), *parts])])


async def fetched(request: Request, *, allow: list[str], target: str = "kiro", fetch: bool = True) -> Request:
    fetcher = MediaFetcher(ServerSettings(fetch_media=fetch, fetch_media_allow=allow))
    try:
        return await fetcher.inline(request, target)  # type: ignore[arg-type]
    finally:
        await fetcher.aclose()


@pytest.mark.parametrize("path", ["/picture", "/moved"])
async def test_the_bytes_replace_the_url(origin: str, path: str) -> None:
    request = await fetched(asking(origin + path), allow=[origin])
    picture = request.messages[0].parts[1]
    assert isinstance(picture, Media)
    assert picture.source == Inline(base64.b64encode(PNG).decode())
    assert picture.mime == "image/png"


async def test_results_of_tools_are_filled_too(origin: str) -> None:
    result = ToolResult(call_id="c", parts=[Media(kind="image", source=Url(origin + "/picture"))])
    call = Message(role="assistant", parts=[ToolCall(id="c", name="f")])
    request = Request(proto="chat", model="m", messages=[call, Message(role="user", parts=[result])])
    filled = (await fetched(request, allow=[origin])).messages[1].parts[0]
    assert isinstance(filled, ToolResult)
    assert isinstance(filled.parts[0], Media)
    assert isinstance(filled.parts[0].source, Inline)


async def test_a_target_that_reads_urls_gets_them() -> None:
    request = asking("https://example.com/x.png")
    assert await fetched(request, allow=[], target="claude") is request


@pytest.mark.parametrize(
    ("path", "words"),
    [("/loop", "redirects too often"), ("/missing", "answered 404"), ("/away", "private network")],
)
async def test_what_cannot_be_had_is_the_clients_error(origin: str, path: str, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        await fetched(asking(origin + path), allow=[origin])


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:9/x", "not https"),
        ("https://127.0.0.1:9/x", "private network"),
        ("https://localhost:9/x", "private network"),
        ("https://[::1]:9/x", "private network"),
        ("file:///etc/passwd", "no web address"),
        ("ftp://example.com/x", "no web address"),
    ],
)
async def test_nothing_private_is_read(url: str, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        await fetched(asking(url), allow=[])


async def test_it_can_be_switched_off(origin: str) -> None:
    with pytest.raises(RequestError, match="cannot read"):
        await fetched(asking(origin + "/picture"), allow=[origin], fetch=False)


async def test_their_number_is_limited(origin: str) -> None:
    urls = [f"{origin}/picture?{n}" for n in range(media.MOST + 1)]
    with pytest.raises(RequestError, match="at most"):
        await fetched(asking(*urls), allow=[origin])


@pytest.mark.parametrize("kind", [SocksProxy, HttpProxy])
async def test_a_download_goes_through_the_proxy(origin: str, kind: type[Proxy]) -> None:
    fetcher = MediaFetcher(ServerSettings(fetch_media_allow=[origin]))
    async with kind({}) as proxy:
        request = await fetcher.inline(asking(origin + "/picture"), "kiro", proxy=lambda _: proxy.url)
        await fetcher.aclose()
    picture = request.messages[0].parts[1]
    assert isinstance(picture, Media)
    assert isinstance(picture.source, Inline)
    assert [host for host, _ in proxy.asked] == ["127.0.0.1"]


@pytest.mark.parametrize("kind", [SocksProxy, HttpProxy])
async def test_a_proxy_gets_the_address_that_was_checked(kind: type[Proxy], monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it would resolve the name again, and perhaps into its own network."""

    async def public(*_: object) -> str:
        return "192.0.2.7"

    monkeypatch.setattr(MediaFetcher, "_admit", public)
    fetcher = MediaFetcher(ServerSettings())
    async with kind({}, refuse=2 if kind is SocksProxy else 502) as proxy:
        with pytest.raises(RequestError, match="cannot download"):
            await fetcher.inline(asking("https://pictures.test/x.png"), "kiro", proxy=lambda _: proxy.url)
        await fetcher.aclose()
    assert proxy.asked == [("192.0.2.7", 443)]
