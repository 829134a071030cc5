"""Logins over the control API: `/admin/v1/login…`. What they do: `a2a/gateway/logins`. For the owner alone, but for the
list of ways."""

from __future__ import annotations

from aiohttp import web

from a2a.control.types import LoginAnswer, LoginWish, Nothing
from a2a.gateway.logins.methods import offered
from a2a.server.actions import answer, body_of
from a2a.server.border import refusal_json, shaped
from a2a.server.keys import GUARD, LOGINS

_NOT_SEE = "may not see logins"


async def methods(request: web.Request) -> web.Response:
    request.app[GUARD].client(request)
    return answer(offered())


async def logins(request: web.Request) -> web.Response:
    """Raises Forbidden: they show codes that anybody could confirm with an account of theirs."""
    request.app[GUARD].owner(request, _NOT_SEE)
    return answer(request.app[LOGINS].views())


async def login(request: web.Request) -> web.Response:
    """Raises Forbidden, UnknownRoute."""
    request.app[GUARD].owner(request, _NOT_SEE)
    return answer(request.app[LOGINS].view(request.match_info["id"]))


async def begin(request: web.Request) -> web.Response:
    """Raises Forbidden, UsageError, RequestError, OutOfResources."""
    request.app[GUARD].owner(request)
    return answer(await request.app[LOGINS].begin(await body_of(request, LoginWish)))


async def reply(request: web.Request) -> web.Response:
    """Raises Forbidden, UnknownRoute, RequestError."""
    request.app[GUARD].owner(request)
    told = await body_of(request, LoginAnswer)
    return answer(request.app[LOGINS].answer(request.match_info["id"], told))


async def cancel(request: web.Request) -> web.Response:
    """Raises Forbidden, UnknownRoute, RequestError."""
    request.app[GUARD].owner(request)
    await body_of(request, Nothing)
    return answer(request.app[LOGINS].cancel(request.match_info["id"]))


READS = {
    "/admin/v1/login": logins,
    "/admin/v1/login/methods": methods,
    "/admin/v1/login/{id}": login,
}

WRITES = {
    "/admin/v1/login": begin,
    "/admin/v1/login/{id}/answer": reply,
    "/admin/v1/login/{id}/cancel": cancel,
}


def add_routes(app: web.Application) -> None:
    for path, handler in READS.items():
        app.router.add_get(path, shaped(handler, refusal_json))
    for path, handler in WRITES.items():
        app.router.add_post(path, shaped(handler, refusal_json))
