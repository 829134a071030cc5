"""All emulators on one loopback port, as an async context manager and as a coroutine that serves until cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from a2a.demo import control
from a2a.demo.claude import routes as claude_routes
from a2a.demo.codeassist import routes as codeassist_routes
from a2a.demo.codeassist.state import CODEASSIST, CodeAssistState
from a2a.demo.faults import Board
from a2a.demo.gemini import routes as gemini_routes
from a2a.demo.kiro import routes as kiro_routes
from a2a.demo.kiro.state import KIRO, KiroState
from a2a.demo.openai import routes as openai_routes
from a2a.demo.qwen import routes as qwen_routes
from a2a.demo.qwen.state import QWEN_STATE, QwenState
from a2a.demo.responses import routes as responses_routes
from a2a.demo.responses.state import RESPONSES, ResponsesState
from a2a.demo.world import SEEN, WORLD, Book, DemoClock, Options, Seen, World, redacted

__all__ = ["Upstreams", "serve"]

_MOST_BODY_BYTES = 64 * 1024 * 1024
_SHUTDOWN_S = 0.1


class Upstreams:
    """`async with Upstreams() as up:` starts everything on 127.0.0.1 and a free port.

    `openai_url` ends in `/v1`; `claude_url` and `kiro_url` are what the settings of contract 3.1 are prefixed with
    (`{kiro_url}/runtime`, `/management`, `/q`, `/auth`, `/oidc`, `/portal`); `settings` has them all by name.
    """

    def __init__(self, *, port: int = 0, pace_s: float = 0.0) -> None:
        """`port`: 0 = a free one. `pace_s`: pause between two frames of a stream."""
        self.world = World(options=Options(pace_s=pace_s))
        self.kiro = KiroState(self.world.clock)
        self.responses = ResponsesState()
        self.qwen = QwenState(self.world.clock)
        self.codeassist = CodeAssistState(self.world.clock)
        self._port = port
        self._runner: web.AppRunner | None = None
        self.root_url = ""

    @property
    def faults(self) -> Board:
        return self.world.faults

    @property
    def book(self) -> Book:
        """Counters of open answers, and `until`/`idle` to wait for them."""
        return self.world.book

    @property
    def seen(self) -> list[Seen]:
        """The requests so far, oldest first."""
        return self.world.book.requests

    @property
    def clock(self) -> DemoClock:
        return self.world.clock

    @property
    def openai_url(self) -> str:
        return f"{self.root_url}/openai/v1"

    @property
    def responses_url(self) -> str:
        """The same host and keys as chat completions."""
        return self.openai_url

    @property
    def claude_url(self) -> str:
        return f"{self.root_url}/claude"

    @property
    def gemini_url(self) -> str:
        """The origin before `/v1beta`."""
        return f"{self.root_url}/gemini"

    @property
    def codeassist_url(self) -> str:
        """The origin before `/v1internal`."""
        return f"{self.root_url}/codeassist"

    @property
    def google_url(self) -> str:
        """Stands for the sign-in, token and user-info hosts alike; `/authcode` below it shows a code to paste."""
        return f"{self.codeassist_url}/google"

    @property
    def qwen_url(self) -> str:
        """The OAuth host, and the `resource_url` of its accounts; see `qwen.routes` for the hosts that take keys."""
        return f"{self.root_url}/qwen"

    @property
    def kiro_url(self) -> str:
        return f"{self.root_url}/kiro"

    @property
    def paste_url(self) -> str:
        """The page of Google that shows a code to paste."""
        return f"{self.google_url}/authcode"

    @property
    def portal_url(self) -> str:
        """Kiro's sign-in portal, before `/signin`."""
        return f"{self.kiro_url}/portal"

    @property
    def idp_url(self) -> str:
        """The issuer of the emulated company's identity provider."""
        return f"{self.kiro_url}/idp"

    @property
    def settings(self) -> dict[str, dict[str, str | list[str]]]:
        """Provider with a login -> its settings of contract 3.1. `start_url` stays the real one: it is known here."""
        return {
            "gemini-cli-oauth": {
                "base_url": self.codeassist_url,
                "auth_url": self.google_url,
                "token_url": self.google_url,
                "userinfo_url": self.google_url,
                "paste_url": self.paste_url,
            },
            "openai-qwen-oauth": {"auth_url": self.qwen_url},
            "claude-kiro-oauth": {
                "base_url": f"{self.kiro_url}/runtime",
                "management_url": f"{self.kiro_url}/management",
                "legacy_url": f"{self.kiro_url}/q",
                "auth_url": f"{self.kiro_url}/auth",
                "oidc_url": f"{self.kiro_url}/oidc",
                "portal_url": self.portal_url,
                "idp_allow": [self.root_url],
            },
        }

    @property
    def urls(self) -> dict[str, str]:
        """What `python -m a2a.demo` prints."""
        return {
            "openai": self.openai_url,
            "responses": self.responses_url,
            "claude": self.claude_url,
            "gemini": self.gemini_url,
            "codeassist": self.codeassist_url,
            "google": self.google_url,
            "qwen": self.qwen_url,
            "kiro": self.kiro_url,
            "kiro_portal": self.portal_url,
            "kiro_idp": self.idp_url,
            "control": f"{self.root_url}/_control",
        }

    def ask_people(self) -> None:
        """From now on a person decides on the pages; until then everybody says yes at once."""
        for flags in (self.codeassist.flags, self.qwen.flags, self.kiro.logins.flags):
            flags.approval = "page"

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(
            self._application(), handler_cancellation=True, access_log=None, shutdown_timeout=_SHUTDOWN_S
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self.root_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=_MOST_BODY_BYTES, middlewares=[_record])
        app[WORLD] = self.world
        app[KIRO] = self.kiro
        app[RESPONSES] = self.responses
        app[QWEN_STATE] = self.qwen
        app[CODEASSIST] = self.codeassist
        app.add_routes(control.routes("") + control.routes("/kiro"))
        app.add_routes(responses_routes.routes("/openai"))
        app.add_routes(openai_routes.routes("/openai"))
        app.add_routes(claude_routes.routes("/claude"))
        app.add_routes(gemini_routes.routes("/gemini"))
        app.add_routes(codeassist_routes.routes("/codeassist"))
        app.add_routes(qwen_routes.routes("/qwen"))
        app.add_routes(kiro_routes.routes("/kiro"))
        return app


@web.middleware
async def _record(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Note the request, and how it ended."""
    if "/_control/" in request.path:
        return await handler(request)
    book = request.app[WORLD].book
    seen = Seen(
        api=request.path.split("/", 2)[1],
        method=request.method,
        path=request.path,
        query=request.query_string,
        headers=redacted(request.headers),
        body=b"",
    )
    request[SEEN] = seen
    book.requests.append(seen)
    book.open_requests += 1
    book.changed()
    try:
        seen.body = await request.read()
        response = await handler(request)
        seen.status = response.status
        seen.complete = not (seen.cut or seen.client_closed)
        return response
    except web.HTTPException as error:
        seen.status = error.status
        raise
    except asyncio.CancelledError:
        seen.client_closed = not seen.cut
        raise
    finally:
        book.open_requests -= 1
        book.changed()


async def serve(ready: Callable[[Upstreams], None], *, port: int = 0, pace_s: float = 0.0) -> None:
    """Serve until cancelled; `ready` is called once the port is open."""
    async with Upstreams(port=port, pace_s=pace_s) as up:
        ready(up)
        await asyncio.Event().wait()
