"""The dashboard in a browser: who gets in. What draws the screen is textual-serve's and not needed here."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from a2a.server.browser import COOKIE, Pages

pytestmark = pytest.mark.anyio


class Screens:
    """Instead of textual-serve."""

    def __init__(self, folder):
        self.statics_path = folder

    async def handle_websocket(self, request):
        return web.Response(text="socket")

    async def handle_download(self, request):
        return web.Response(text="file")


@pytest.fixture
async def visited(tmp_path):
    pages = Pages(Screens(tmp_path))
    async with TestClient(TestServer(pages.application())) as client:
        yield pages, client


async def test_the_link_lets_in_and_the_key_leaves_the_address(visited):
    pages, client = visited
    answer = await client.get(f"/?key={pages.key}", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    cookie = SimpleCookie(answer.headers["Set-Cookie"])[COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
    page = await client.get("/")
    assert page.status == 200
    assert pages.key not in await page.text()
    assert "http://" not in (await page.text()).replace("ws://", ""), "nothing is fetched from elsewhere"


@pytest.mark.parametrize("path", ["/", "/ws", "/static/x", "/download/1", "/?key=wrong", "/?key=%C3%A4"])
async def test_without_the_key_nobody_gets_in(visited, path):
    _, client = visited
    assert (await client.get(path)).status == 401


async def test_another_page_cannot_connect(visited):
    pages, client = visited
    cookies = {"Cookie": f"{COOKIE}={pages.key}"}
    assert (await client.get("/ws", headers={**cookies, "Origin": "http://evil.example"})).status == 403
    own = f"http://127.0.0.1:{client.port}"
    assert (await client.get("/ws", headers={**cookies, "Origin": own})).status == 200


async def test_another_name_for_this_machine_is_refused(visited):
    pages, client = visited
    for host in ("evil.example", "evil.example:80", "", "127.0.0.1.evil.example"):
        headers = {"Cookie": f"{COOKIE}={pages.key}", "Host": host}
        assert (await client.get("/", headers=headers)).status in (400, 403)
