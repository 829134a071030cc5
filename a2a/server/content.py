"""Content routes: one handler per (front, operation), bare and under each provider prefix (contract section 6)."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web
from msgspec import Struct

from a2a.errors import A2AError, RequestError, TooLarge, UnknownRoute
from a2a.gateway.call import Call
from a2a.protocols.base import Front
from a2a.protocols.registry import FRONTS
from a2a.providers.base import Operation
from a2a.server.border import Handler, shaped
from a2a.server.keys import ENGINE, GUARD
from a2a.server.sink import HttpSink


class Asked(Struct, frozen=True):
    """What a path says. `model`, `stream`: None where the body says it. `array`: a stream as one JSON array."""

    operation: Operation
    model: str | None = None
    stream: bool | None = None
    array: bool = False


ROUTES: tuple[tuple[str, str, Operation], ...] = (
    ("/v1/chat/completions", "chat", "generate"),
    ("/chat/completions", "chat", "generate"),
    ("/v1/embeddings", "chat", "embed"),
    ("/v1/responses", "responses", "generate"),
    ("/responses", "responses", "generate"),
    ("/v1/responses/input_tokens", "responses", "count"),
    ("/v1/messages", "claude", "generate"),
    ("/v1/messages/count_tokens", "claude", "count"),
)
"""Path, front, operation. Each exists under `/{provider}` too."""

GEMINI_PATH = "/{version:v1|v1beta|v1alpha}/models/{model:.+}:{method:[A-Za-z]+}"
GEMINI_METHODS: dict[str, tuple[Operation, bool]] = {
    "generateContent": ("generate", False),
    "streamGenerateContent": ("generate", True),
    "countTokens": ("count", False),
    "embedContent": ("embed", False),
}
"""Method -> operation and whether it streams."""


def _gemini(request: web.Request) -> Asked:
    """Raises UnknownRoute for a method nobody serves."""
    method = request.match_info["method"]
    known = GEMINI_METHODS.get(method)
    if known is None:
        raise UnknownRoute(f"method {method} is not supported by a2a")
    operation, stream = known
    model = request.match_info["model"].removeprefix("models/")
    return Asked(operation, model, stream, stream and request.query.get("alt") != "sse")


def handler(front: Front, asks: Callable[[web.Request], Asked]) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        app = request.app
        guard = app[GUARD]
        extra = guard.cors(request)
        client = guard.client(request)
        engine = app[ENGINE]
        asked = asks(request)
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
            raw_headers=request.raw_headers,
            operation=asked.operation,
            prefix=prefix,
            model=asked.model,
            stream=asked.stream,
            array=asked.array,
            client=client,
        )
        sink = HttpSink(request, extra)
        await engine.answer(call, sink)
        response = sink.response
        if response is None:
            raise A2AError("the exchange ended without an answer")
        if isinstance(response, web.Response):
            return response
        await sink.finish()
        return response

    return handle


async def _body(request: web.Request) -> bytes:
    """Raises TooLarge in our words, and RequestError for what is not compressed or chunked as it says."""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        limit = request.app[ENGINE].settings.server.max_body_mib
        raise TooLarge(f"request body over {limit} MiB", hint="max_body_mib in config.toml") from error
    except web.RequestPayloadError as error:
        request.content.feed_eof()  # else aiohttp reads on and logs what it finds as a fault of ours
        raise RequestError("the body is unreadable: not encoded as its headers say") from error


def _always(operation: Operation) -> Callable[[web.Request], Asked]:
    asked = Asked(operation)
    return lambda _: asked


def add_routes(app: web.Application) -> None:
    routes = [(path, front, _always(operation)) for path, front, operation in ROUTES]
    for path, front, asks in (*routes, (GEMINI_PATH, "gemini", _gemini)):
        handle = shaped(handler(FRONTS[front], asks))
        app.router.add_post(path, handle)
        app.router.add_post("/{provider}" + path, handle)
