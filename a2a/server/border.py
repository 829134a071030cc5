"""The request border: nothing but an answer in the client's own protocol leaves a handler.

Handlers are wrapped instead of put behind an aiohttp middleware, which costs every request a chain of calls.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from a2a.clock import hex_id
from a2a.config.names import did_you_mean
from a2a.errors import A2AError, UnknownRoute
from a2a.gateway.report import failure_of
from a2a.protocols.base import Front
from a2a.protocols.registry import FRONTS
from a2a.server.keys import GUARD

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


_PATHS = (("/messages", "claude"), ("/chat/", "chat"), ("/embeddings", "chat"), ("/responses", "responses"))
"""What in a path names its protocol."""


def front_of(request: web.Request) -> Front:
    """The protocol the client of a route speaks, also of one that several share (conversion.md 3.2)."""
    path, headers = request.path, request.headers
    if "/v1beta/" in path or "/v1alpha/" in path or path.endswith(("/v1beta/models", "/v1alpha/models")):
        return FRONTS["gemini"]
    for piece, front in _PATHS:
        if piece in path:
            return FRONTS[front]
    if ":" in path or "x-goog-api-key" in headers or "key" in request.query:
        return FRONTS["gemini"]
    if "anthropic-version" in headers or headers.get("User-Agent", "").startswith("claude-cli"):
        return FRONTS["claude"]
    return FRONTS["chat"]


Refuse = Callable[[web.Request, A2AError], web.Response]


def shaped(handler: Handler, refuse: Refuse | None = None) -> Handler:
    """Check the Host name, then handle; every error becomes what `refuse` makes of it, by default a protocol-shaped
    one."""
    answer = refuse or _refusal

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            request.app[GUARD].host(request)
            return await handler(request)
        except A2AError as error:
            return answer(request, error)
        except Exception:
            log.exception("internal_error path=%s", request.path)
            return answer(request, A2AError("internal error of a2a: its log has the details"))

    return handle


def refusal_json(request: web.Request, error: A2AError) -> web.Response:
    """An error of the control API: `{"error": {"message", "hint", "kind", "exit_code"}}` with its class's status.

    `exit_code`: what a command that meets it ends with.
    """
    told = {"message": error.message, "hint": error.hint, "kind": error.kind, "exit_code": int(error.exit_code)}
    return web.json_response({"error": told}, status=error.status)


def _refusal(request: web.Request, error: A2AError) -> web.Response:
    request_id = hex_id("req_")
    status, body = front_of(request).render_error(failure_of(error), request_id)
    headers = {"request-id": request_id, **_cors(request)}
    answer = web.Response(body=body, status=status, content_type="application/json", headers=headers)
    if request.content.exception() is not None:
        answer.force_close()  # where the next request would begin is not known
    return answer


def _cors(request: web.Request) -> dict[str, str]:
    """An allowed browser client may read its errors."""
    try:
        return request.app[GUARD].cors(request)
    except A2AError:
        return {}


EVERYTHING = "/{rest}"
"""How aiohttp names the route behind all others."""


async def unknown(request: web.Request) -> web.StreamResponse:
    """What no route takes; a browser's preflight for any path is answered here too."""
    if request.method == "OPTIONS":
        return web.Response(status=204, headers=request.app[GUARD].cors(request))
    error = UnknownRoute(f"{request.method} {request.path} is not served here", hint=await _instead(request))
    if request.path.startswith("/admin/"):
        return refusal_json(request, error)
    raise error


async def _instead(request: web.Request) -> str:
    """The method that the path takes, or a path that is near."""
    resources = [one for one in request.app.router.resources() if one.canonical != EVERYTHING]
    methods = sorted({name for one in resources for name in (await one.resolve(request))[1] if name != "HEAD"})
    if methods:
        return f"it takes {' and '.join(methods)}"
    paths = [one.canonical for one in resources if "{" not in one.canonical]
    return did_you_mean(request.path, paths, "docs/routing.md has the paths") or ""
