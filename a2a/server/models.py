"""Model lists and single models in the shape each client expects (conversion.md 3.2, 13.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from aiohttp import web
from msgspec import Struct

from a2a.control.types import ModelView
from a2a.errors import UnknownModel, UnknownRoute
from a2a.gateway.cassettes.player import Player
from a2a.protocols.chat import lists as chat
from a2a.protocols.claude import lists as claude
from a2a.protocols.gemini import lists as gemini
from a2a.server.border import front_of, shaped
from a2a.server.keys import ENGINE, GUARD

BORN = 1_767_225_600
"""2026-01-01: what we say where an upstream does not, so that the value is stable between calls."""


class Shape(Struct, frozen=True):
    """How one protocol writes a page of models, and one model."""

    many: Callable[[Sequence[ModelView], Mapping[str, str]], bytes]
    one: Callable[[ModelView], bytes]


def _chat(view: ModelView) -> chat.Entry:
    return chat.Entry(view.id, view.created or BORN, view.provider)


def _claude(view: ModelView) -> claude.Entry:
    return claude.Entry(view.id, view.name, view.created or BORN)


def _gemini(view: ModelView) -> gemini.Entry:
    return gemini.Entry(view.id, view.name, view.context, view.max_output)


def _chat_page(views: Sequence[ModelView], query: Mapping[str, str]) -> bytes:
    return chat.render_models([_chat(view) for view in views])


def _claude_page(views: Sequence[ModelView], query: Mapping[str, str]) -> bytes:
    return claude.render_models(
        [_claude(view) for view in views],
        limit=query.get("limit"),
        after_id=query.get("after_id"),
        before_id=query.get("before_id"),
    )


def _gemini_page(views: Sequence[ModelView], query: Mapping[str, str]) -> bytes:
    entries = [_gemini(view) for view in views]
    return gemini.render_models(entries, page_size=query.get("pageSize"), page_token=query.get("pageToken"))


SHAPES: dict[str, Shape] = {
    "chat": Shape(_chat_page, lambda view: chat.render_model(_chat(view))),
    "responses": Shape(_chat_page, lambda view: chat.render_model(_chat(view))),
    "claude": Shape(_claude_page, lambda view: claude.render_model(_claude(view))),
    "gemini": Shape(_gemini_page, lambda view: gemini.render_model(_gemini(view))),
}
"""By the front whose client asks."""


async def listing(request: web.Request) -> web.Response:
    extra = _admit(request)
    body = SHAPES[front_of(request).name].many(_views(request), request.query)
    return web.Response(body=body, content_type="application/json", headers=extra)


async def single(request: web.Request) -> web.Response:
    extra = _admit(request)
    name = request.match_info["model"].removeprefix("models/")
    view = next((view for view in _views(request) if name == view.id or name in view.aliases), None)
    if view is None:
        raise UnknownModel(f"no provider serves model {name}", hint="see: a2a models", param="model")
    body = SHAPES[front_of(request).name].one(view)
    return web.Response(body=body, content_type="application/json", headers=extra)


def _admit(request: web.Request) -> dict[str, str]:
    guard = request.app[GUARD]
    extra = guard.cors(request)
    guard.client(request)
    return extra


def _views(request: web.Request) -> list[ModelView]:
    engine = request.app[ENGINE]
    prefix = request.match_info.get("provider")
    if isinstance(engine.answerer, Player):
        return sorted(engine.answerer.models(), key=lambda view: view.id)
    if prefix is None:
        unique = {view.id: view for view in reversed(engine.router.models()) if not view.pattern}
        return [unique[name] for name in sorted(unique)]
    provider = engine.provider_of(prefix)
    if provider is None:
        raise UnknownRoute(f"no such path: {request.path}")
    return sorted((view for view in engine.catalogue.views() if view.provider == provider), key=lambda view: view.id)


def add_routes(app: web.Application) -> None:
    many, one = shaped(listing), shaped(single)
    for prefix in ("", "/{provider}"):
        for version in ("v1", "v1beta", "v1alpha"):
            app.router.add_get(f"{prefix}/{version}/models", many)
            app.router.add_get(prefix + f"/{version}/models/{{model:.+}}", one)
    app.router.add_get("/models", many)
