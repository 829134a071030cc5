"""The control API under `/admin/v1`: what `dash` and scripts read, with any key. Values: `a2a/control/types`."""

from __future__ import annotations

from aiohttp import web

from a2a.control.types import ExplainWish
from a2a.errors import UnknownRoute
from a2a.gateway import explain as gateway_explain
from a2a.server import actions
from a2a.server.actions import answer, body_of
from a2a.server.border import refusal_json, shaped
from a2a.server.keys import ENGINE, GUARD, RELOADER

MAX_LIMIT = 1000


async def server(request: web.Request) -> web.Response:
    request.app[GUARD].client(request)
    return answer(request.app[ENGINE].view())


async def accounts(request: web.Request) -> web.Response:
    request.app[GUARD].client(request)
    request.app[ENGINE].quota.look()
    return answer(request.app[ENGINE].pool.views())


async def models(request: web.Request) -> web.Response:
    request.app[GUARD].client(request)
    return answer(request.app[ENGINE].router.models())


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


async def reload(request: web.Request) -> web.Response:
    """Raises ConfigError, UsageError and StoreError: then the settings stay as they were."""
    request.app[GUARD].owner(request)
    return answer(await request.app[RELOADER].reload())


async def explain(request: web.Request) -> web.Response:
    """Calls nobody and changes nothing, so any key will do. Raises RequestError for a body that does not fit."""
    request.app[GUARD].client(request)
    wish = await body_of(request, ExplainWish)
    return answer(await gateway_explain.explain(request.app[ENGINE], wish))


READS = {
    "/admin/v1/server": server,
    "/admin/v1/accounts": accounts,
    "/admin/v1/accounts/{provider}/{alias}": actions.account,
    "/admin/v1/models": models,
    "/admin/v1/exchanges": exchanges,
    "/admin/v1/exchanges/{id}": exchange,
}

WRITES = {
    "/admin/v1/reload": reload,
    "/admin/v1/explain": explain,
}
"""POST; `reload` for the owner alone."""


def add_routes(app: web.Application) -> None:
    for path, handler in READS.items():
        app.router.add_get(path, shaped(handler, refusal_json))
    for path, handler in WRITES.items():
        app.router.add_post(path, shaped(handler, refusal_json))
    actions.add_routes(app)
