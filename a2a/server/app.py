"""The aiohttp application: routes, one middleware that turns every error into the client's own protocol."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from a2a.clock import hex_id
from a2a.errors import A2AError, UnknownRoute
from a2a.gateway.engine import Engine
from a2a.gateway.report import failure_of
from a2a.server import content, control, models
from a2a.server.guard import Guard
from a2a.server.keys import ENGINE, GUARD

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The request border: nothing but a protocol-shaped answer leaves it."""
    try:
        request.app[GUARD].host(request)
        if request.method == "OPTIONS":
            return web.Response(status=204, headers=request.app[GUARD].cors(request))
        return await handler(request)
    except web.HTTPException as error:
        if error.status == 404 or error.status == 405:
            return _refusal(request, UnknownRoute(f"{request.method} {request.path} is not served here"))
        raise
    except A2AError as error:
        return _refusal(request, error)
    except Exception:
        log.exception("internal_error path=%s", request.path)
        return _refusal(request, A2AError("internal error of a2a: its log has the details"))


def _refusal(request: web.Request, error: A2AError) -> web.Response:
    request_id = hex_id("req_")
    status, body = content.front_of(request.path).render_error(failure_of(error), request_id)
    return web.Response(body=body, status=status, content_type="application/json", headers={"request-id": request_id})


async def health(_: web.Request) -> web.Response:
    """Alive: no key, no details."""
    return web.json_response({"status": "ok"})


async def ready(request: web.Request) -> web.Response:
    """503 when no account can serve."""
    able = request.app[ENGINE].pool.can_serve()
    return web.json_response({"status": "ready" if able else "no account can serve"}, status=200 if able else 503)


async def root(_: web.Request) -> web.Response:
    """Claude Code may probe it (conversion.md 3.1)."""
    return web.json_response({"name": "a2a"})


def build(engine: Engine, guard: Guard) -> web.Application:
    """`client_max_size` is the setting: aiohttp's own 1 MiB refuses long histories."""
    app = web.Application(middlewares=[errors], client_max_size=engine.settings.server.max_body_mib * 1024 * 1024)
    app[ENGINE] = engine
    app[GUARD] = guard
    app.router.add_get("/", root)
    app.router.add_get("/health", health)
    app.router.add_get("/ready", ready)
    content.add_routes(app)
    models.add_routes(app)
    control.add_routes(app)
    return app
