"""The dashboard in a browser: textual-serve runs one `a2a dash` for each page that is opened, and draws it there.

Whoever can open the page can do all that the dashboard can, so it is for this machine and for who has the link only:
it listens on loopback, and every request needs the key that stands in the link (later in a cookie), a loopback name in
`Host` (DNS rebinding) and, for the socket, our own origin (a page of somebody else must not connect to it).
"""

from __future__ import annotations

import asyncio
import hmac
import html
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from aiohttp import web

from a2a.errors import OutOfResources
from a2a.server.guard import LOOPBACK_NAMES

HOST = "127.0.0.1"
COOKIE = "a2a_dash"
SHUTDOWN_S = 2.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def serve(command: str, port: int, ready: Callable[[str], None]) -> None:
    """Until it is cancelled. `command`: of one page, for the system's shell; `ready` gets the link with its key.

    Raises ModuleNotFoundError without textual-serve, which is an extra, OutOfResources where the port is taken.
    """
    from textual_serve.server import Server

    pages = Pages(Server(command, host=HOST, title="a2a dash"))
    runner = web.AppRunner(pages.application(), shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, HOST, port).start()
        except OSError as error:
            told = f"port {port} is taken ({error.strerror})"
            raise OutOfResources(told, hint="a2a dash --web --web-port 0 takes a free one") from error
        ready(f"http://{HOST}:{runner.addresses[0][1]}/?key={pages.key}")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


class Screens(Protocol):
    """What is used of textual-serve's server."""

    statics_path: Path

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse: ...

    async def handle_download(self, request: web.Request) -> web.StreamResponse: ...


class Pages:
    """textual-serve's server, with a guard before it and a page of our own."""

    def __init__(self, screens: Screens) -> None:
        self._screens = screens
        self.key = secrets.token_urlsafe(24)

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/", self._page)
        app.router.add_get("/ws", self._screens.handle_websocket)
        app.router.add_get("/download/{key}", self._screens.handle_download)
        app.router.add_static("/static", self._screens.statics_path)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Raises 403 for a foreign name or origin, 401 without the key."""
        if urlsplit(f"//{request.headers.get('Host', '')}").hostname not in LOOPBACK_NAMES:
            raise web.HTTPForbidden(text="this page is for this machine only\n")
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("Host"):
            raise web.HTTPForbidden(text="another page must not connect here\n")
        if request.path == "/" and "key" in request.query:
            return self._let_in(request)
        if not self._is_key(request.cookies.get(COOKIE, "")):
            raise web.HTTPUnauthorized(text="open the link that a2a dash --web has printed\n")
        return await handler(request)

    def _let_in(self, request: web.Request) -> web.StreamResponse:
        """The key moves from the link into a cookie, so that it stays out of the history."""
        if not self._is_key(request.query["key"]):
            raise web.HTTPUnauthorized(text="this link is of an earlier start: take the newest\n")
        answer = web.Response(status=303, headers={"Location": "/", "Referrer-Policy": "no-referrer"})
        answer.set_cookie(COOKIE, self.key, httponly=True, samesite="Strict", path="/")
        return answer

    def _is_key(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.key.encode())

    async def _page(self, request: web.Request) -> web.Response:
        """Everything on it comes from here: no font, script or picture of somebody else's."""
        socket = f"ws://{request.headers['Host']}/ws"
        return web.Response(text=PAGE.format(socket=html.escape(socket)), content_type="text/html")


PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>a2a dash</title>
<link rel="stylesheet" href="/static/css/xterm.css">
<script src="/static/js/textual.js"></script>
<style>
body {{ margin: 0; background: #0f1419; color: #d6dde6; font: 15px/1.5 monospace; }}
#ended {{ display: none; position: fixed; inset: 0; place-content: center; text-align: center; background: #0f1419; }}
body.-closed #ended {{ display: grid; }}
a {{ color: #79b8ff; }}
</style>
</head>
<body>
<div id="terminal" class="textual-terminal" data-session-websocket-url="{socket}" data-font-size="15"></div>
<div id="ended"><p>The dashboard has ended. <a href="/">Open it again</a></p></div>
</body>
</html>
"""
