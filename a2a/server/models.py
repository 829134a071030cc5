"""`GET /v1/models` in the shape its client expects (conversion.md 3.2, 13.2)."""

from __future__ import annotations

from aiohttp import web

from a2a.control.types import ModelView
from a2a.errors import UnknownModel, UnknownRoute
from a2a.protocols.chat import lists as chat
from a2a.protocols.claude import lists as claude
from a2a.server.border import shaped, speaks_claude
from a2a.server.keys import ENGINE, GUARD

BORN = 1_767_225_600
"""2026-01-01: what we say where an upstream does not, so that the value is stable between calls."""


async def listing(request: web.Request) -> web.Response:
    guard = request.app[GUARD]
    extra = guard.cors(request)
    guard.client(request)
    views = _views(request)
    if speaks_claude(request):
        query = request.query
        body = claude.render_models(
            [_claude(view) for view in views],
            limit=query.get("limit"),
            after_id=query.get("after_id"),
            before_id=query.get("before_id"),
        )
    else:
        body = chat.render_models([_chat(view) for view in views])
    return web.Response(body=body, content_type="application/json", headers=extra)


async def single(request: web.Request) -> web.Response:
    guard = request.app[GUARD]
    extra = guard.cors(request)
    guard.client(request)
    name = request.match_info["model"]
    view = next((view for view in _views(request) if name == view.id or name in view.aliases), None)
    if view is None:
        raise UnknownModel(f"no provider serves model {name}", hint="see: a2a models", param="model")
    body = claude.render_model(_claude(view)) if speaks_claude(request) else chat.render_model(_chat(view))
    return web.Response(body=body, content_type="application/json", headers=extra)


def _views(request: web.Request) -> list[ModelView]:
    engine = request.app[ENGINE]
    prefix = request.match_info.get("provider")
    if prefix is None:
        unique = {view.id: view for view in reversed(engine.catalogue.views())}
        return [unique[name] for name in sorted(unique)]
    provider = engine.provider_of(prefix)
    if provider is None:
        raise UnknownRoute(f"no such path: {request.path}")
    return sorted((view for view in engine.catalogue.views() if view.provider == provider), key=lambda view: view.id)


def _chat(view: ModelView) -> chat.Entry:
    return chat.Entry(view.id, view.created or BORN, view.provider)


def _claude(view: ModelView) -> claude.Entry:
    return claude.Entry(view.id, view.name, view.created or BORN)


def add_routes(app: web.Application) -> None:
    for prefix in ("", "/{provider}"):
        app.router.add_get(prefix + "/v1/models", shaped(listing))
        app.router.add_get(prefix + "/v1/models/{model:.+}", shaped(single))
    app.router.add_get("/models", shaped(listing))
