"""GET and DELETE of a stored response, where `response_store` is on (conversion.md 12)."""

from __future__ import annotations

import msgspec
from aiohttp import web

from a2a.errors import UnknownRoute
from a2a.gateway.responses_store import ResponseStore
from a2a.server.border import shaped
from a2a.server.keys import ENGINE, GUARD


def _admit(request: web.Request) -> tuple[ResponseStore, str, str]:
    """The store, the client, the id. Raises UnknownRoute while the store is off."""
    client = request.app[GUARD].client(request)
    store = request.app[ENGINE].gateway.responses
    if not store.enabled:
        raise UnknownRoute("responses are not kept here", hint="response_store = true in config.toml")
    return store, client, request.match_info["id"]


async def retrieve(request: web.Request) -> web.Response:
    store, client, response_id = _admit(request)
    body = store.get(response_id, client, request.app[ENGINE].clock.now())
    if body is None:
        raise UnknownRoute(f"no response {response_id} is kept here")
    return web.Response(body=body, content_type="application/json")


async def delete(request: web.Request) -> web.Response:
    store, client, response_id = _admit(request)
    if not store.delete(response_id, client):
        raise UnknownRoute(f"no response {response_id} is kept here")
    body = msgspec.json.encode({"id": response_id, "object": "response", "deleted": True})
    return web.Response(body=body, content_type="application/json")


def add_routes(app: web.Application) -> None:
    get, remove = shaped(retrieve), shaped(delete)
    for prefix in ("", "/{provider}"):
        app.router.add_get(prefix + "/v1/responses/{id}", get)
        app.router.add_delete(prefix + "/v1/responses/{id}", remove)
