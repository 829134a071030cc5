"""The aiohttp application: health, metrics, content, model lists, control API; what no route takes is a shaped 404."""

from __future__ import annotations

from aiohttp import web

from a2a.gateway.engine import Engine
from a2a.gateway.logins.desk import LoginDesk
from a2a.server import content, control, metrics, models, responses
from a2a.server.audience import Audience
from a2a.server.border import shaped, unknown
from a2a.server.guard import Guard
from a2a.server.keys import AUDIENCE, ENGINE, GUARD, LOGINS, RELOADER
from a2a.server.reload import Reloader


async def health(_: web.Request) -> web.Response:
    """Alive: no key, no details."""
    return web.json_response({"status": "ok"})


async def ready(request: web.Request) -> web.Response:
    """503 when no account can serve."""
    able = request.app[ENGINE].can_serve()
    return web.json_response({"status": "ready" if able else "no account can serve"}, status=200 if able else 503)


async def root(_: web.Request) -> web.Response:
    """Claude Code may probe it (conversion.md 3.1)."""
    return web.json_response({"name": "a2a"})


def build(engine: Engine, guard: Guard, reloader: Reloader, logins: LoginDesk) -> web.Application:
    """`client_max_size` is the setting: aiohttp's own 1 MiB refuses long histories."""
    app = web.Application(client_max_size=engine.settings.server.max_body_mib * 1024 * 1024)
    app[ENGINE] = engine
    app[GUARD] = guard
    app[RELOADER] = reloader
    app[LOGINS] = logins
    app[AUDIENCE] = Audience(engine.live)
    app.on_shutdown.append(app[AUDIENCE].close)
    app.router.add_get("/", shaped(root))
    app.router.add_get("/health", shaped(health))
    app.router.add_get("/ready", shaped(ready))
    app.router.add_get("/metrics", shaped(metrics.metrics))
    content.add_routes(app)
    models.add_routes(app)
    responses.add_routes(app)
    control.add_routes(app)
    app.router.add_route("*", "/{rest:.*}", shaped(unknown))
    return app
