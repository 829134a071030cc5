"""The control API under `/admin/v1`: what `dash` and scripts read, with any key. Values: `a2a/control/types.py`."""

from __future__ import annotations

from aiohttp import web

from a2a.errors import UnknownRoute
from a2a.server import actions
from a2a.server.actions import answer
from a2a.server.border import refusal_json, shaped
from a2a.server.keys import ENGINE, GUARD

MAX_LIMIT = 1000


async def server(request: web.Request) -> web.Response:
    request.app[GUARD].client(request)
    return answer(request.app[ENGINE].view())


async def accounts(request: web.Request) -> web.Response:
    request.app[GUARD].client(request)
    return answer(request.app[ENGINE].pool.views())


async def models(request: web.Request) -> web.Response:
    request.app[GUARD].client(request)
    return answer(request.app[ENGINE].catalogue.views())


async def exchanges(request: web.Request) -> web.Response:
    request.app[GUARD].client(request)
    text = request.query.get("limit", "100")
    limit = min(int(text), MAX_LIMIT) if text.isdecimal() else 100
    return answer(request.app[ENGINE].recorder.recent(limit))


async def exchange(request: web.Request) -> web.Response:
    request.app[GUARD].client(request)
    found = request.app[ENGINE].recorder.get(request.match_info["id"])
    if found is None:
        raise UnknownRoute(f"no exchange {request.match_info['id']} is kept")
    return answer(found)


READS = {
    "/admin/v1/server": server,
    "/admin/v1/accounts": accounts,
    "/admin/v1/accounts/{provider}/{alias}": actions.account,
    "/admin/v1/models": models,
    "/admin/v1/exchanges": exchanges,
    "/admin/v1/exchanges/{id}": exchange,
}


def add_routes(app: web.Application) -> None:
    for path, handler in READS.items():
        app.router.add_get(path, shaped(handler, refusal_json))
    actions.add_routes(app)
