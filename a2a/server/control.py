"""The control API under `/admin/v1`: what `dash` and scripts read. Values: `a2a/control/types.py`."""

from __future__ import annotations

import msgspec
from aiohttp import web

from a2a.errors import UnknownRoute
from a2a.server.border import shaped
from a2a.server.keys import ENGINE, GUARD

MAX_LIMIT = 1000


def _json(value: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


async def server(request: web.Request) -> web.Response:
    request.app[GUARD].client(request)
    return _json(request.app[ENGINE].view())


async def accounts(request: web.Request) -> web.Response:
    request.app[GUARD].client(request)
    return _json(request.app[ENGINE].pool.views())


async def models(request: web.Request) -> web.Response:
    request.app[GUARD].client(request)
    return _json(request.app[ENGINE].catalogue.views())


async def exchanges(request: web.Request) -> web.Response:
    request.app[GUARD].client(request)
    text = request.query.get("limit", "100")
    limit = min(int(text), MAX_LIMIT) if text.isdecimal() else 100
    return _json(request.app[ENGINE].recorder.recent(limit))


async def exchange(request: web.Request) -> web.Response:
    request.app[GUARD].client(request)
    found = request.app[ENGINE].recorder.get(request.match_info["id"])
    if found is None:
        raise UnknownRoute(f"no exchange {request.match_info['id']} is kept")
    return _json(found)


def add_routes(app: web.Application) -> None:
    router = app.router
    router.add_get("/admin/v1/server", shaped(server))
    router.add_get("/admin/v1/accounts", shaped(accounts))
    router.add_get("/admin/v1/models", shaped(models))
    router.add_get("/admin/v1/exchanges", shaped(exchanges))
    router.add_get("/admin/v1/exchanges/{id}", shaped(exchange))
