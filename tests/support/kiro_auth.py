"""The three token endpoints of Kiro, strict about rotation: a refresh token that was used once is dead for good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


class AuthServer:
    """`valid`: the refresh tokens that work now. `reused`: dead ones that were sent again. `calls`: (path, body)."""

    def __init__(self) -> None:
        self.url = ""
        self.valid: set[str] = set()
        self.used: set[str] = set()
        self.reused: list[str] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: web.Response | None = None
        """Given to every call instead of a token."""
        self.expires_in = 3600
        self.extra: dict[str, Any] = {}
        self.gate = asyncio.Event()
        """Cleared: answers wait."""
        self.gate.set()
        self.reply_gate = asyncio.Event()
        """Cleared: the token is rotated, and the answer waits."""
        self.reply_gate.set()
        self.called = asyncio.Event()
        self.rotated = asyncio.Event()

    async def refresh_social(self, request: web.Request) -> web.Response:
        return await self._rotate(request, await request.json(), "refreshToken", camel=True)

    async def refresh_idc(self, request: web.Request) -> web.Response:
        return await self._rotate(request, await request.json(), "refreshToken", camel=True)

    async def refresh_idp(self, request: web.Request) -> web.Response:
        return await self._rotate(request, dict(await request.post()), "refresh_token", camel=False)

    async def _rotate(self, request: web.Request, body: dict[str, Any], key: str, *, camel: bool) -> web.Response:
        self.calls.append((request.path, body))
        self.headers.append(dict(request.headers))
        self.called.set()
        await self.gate.wait()
        if self.answer is not None:
            return web.Response(status=self.answer.status, body=self.answer.body, content_type=self.answer.content_type)
        old = str(body[key])
        if old in self.used:
            self.reused.append(old)
        if old not in self.valid:
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.valid.discard(old)
        self.used.add(old)
        self.rotated.set()
        n = len(self.used)
        new = f"aor-{n}-".ljust(120, "n")
        self.valid.add(new)
        await self.reply_gate.wait()
        if camel:
            return web.json_response(
                {"accessToken": f"aoa-{n}", "refreshToken": new, "expiresIn": self.expires_in, **self.extra}
            )
        return web.json_response({"access_token": f"aoa-{n}", "refresh_token": new, "expires_in": self.expires_in})


@asynccontextmanager
async def auth_server() -> AsyncIterator[AuthServer]:
    server = AuthServer()
    app = web.Application()
    app.router.add_post("/auth/refreshToken", server.refresh_social)
    app.router.add_post("/oidc/{region}/token", server.refresh_idc)
    app.router.add_post("/idp/token", server.refresh_idp)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    try:
        yield server
    finally:
        server.gate.set()
        server.reply_gate.set()
        await runner.cleanup()
