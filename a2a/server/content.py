"""Content routes: one handler per (front, operation), bare and under each provider prefix (contract section 6)."""

from __future__ import annotations

from aiohttp import web

from a2a.errors import A2AError, TooLarge, UnknownRoute
from a2a.gateway.call import Call
from a2a.protocols.base import Front
from a2a.protocols.registry import FRONTS
from a2a.providers.base import Operation
from a2a.server.border import Handler, shaped
from a2a.server.keys import ENGINE, GUARD
from a2a.server.sink import HttpSink

ROUTES: tuple[tuple[str, str, Operation], ...] = (
    ("/v1/chat/completions", "chat", "generate"),
    ("/chat/completions", "chat", "generate"),
    ("/v1/messages", "claude", "generate"),
    ("/v1/messages/count_tokens", "claude", "count"),
    ("/v1/embeddings", "chat", "embed"),
)
"""Path, front, operation. Each exists under `/{provider}` too."""


def handler(front: Front, operation: Operation) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        app = request.app
        guard = app[GUARD]
        extra = guard.cors(request)
        client = guard.client(request)
        engine = app[ENGINE]
        prefix = request.match_info.get("provider")
        if prefix is not None:
            prefix = engine.provider_of(prefix)
            if prefix is None:
                raise UnknownRoute(f"no such path: {request.path}")
        call = Call(
            front=front,
            path=request.path,
            body=await _body(request),
            headers=request.headers,
            operation=operation,
            prefix=prefix,
            client=client,
        )
        sink = HttpSink(request, extra)
        await engine.gateway.answer(call, sink)
        response = sink.response
        if response is None:
            raise A2AError("the exchange ended without an answer")
        if isinstance(response, web.Response):
            return response
        await sink.finish()
        return response

    return handle


async def _body(request: web.Request) -> bytes:
    """Raises TooLarge in our words."""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        limit = request.app[ENGINE].settings.server.max_body_mib
        raise TooLarge(f"request body over {limit} MiB", hint="max_body_mib in config.toml") from error


def add_routes(app: web.Application) -> None:
    for path, front, operation in ROUTES:
        handle = shaped(handler(FRONTS[front], operation))
        app.router.add_post(path, handle)
        app.router.add_post("/{provider}" + path, handle)
