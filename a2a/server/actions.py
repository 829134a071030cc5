"""The control API's actions on accounts: `POST /admin/v1/accounts/…`. What they do: `a2a/gateway/actions.py`."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from aiohttp import web
from msgspec import Struct

from a2a.config import did_you_mean
from a2a.config.mistakes import of_value
from a2a.errors import RequestError, UnknownRoute
from a2a.gateway.actions import ACTIONS, HOME_ACTIONS
from a2a.pool.account import PoolAccount
from a2a.server.border import refusal_json, shaped
from a2a.server.keys import ENGINE, GUARD

T = TypeVar("T", bound=Struct)

_PATH = "/admin/v1/accounts"


def answer(value: object) -> web.Response:
    """A value of `control/types`. Nobody may keep it: some hold secrets, all are out of date at once."""
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", headers=headers)


async def account(request: web.Request) -> web.Response:
    request.app[GUARD].client(request)
    request.app[ENGINE].quota.look()
    return answer(_member(request).detail())


async def act(request: web.Request) -> web.Response:
    """Raises Forbidden for a further client's key, UnknownRoute, RequestError, and what the action raises."""
    request.app[GUARD].owner(request)
    name = request.match_info["action"]
    action = ACTIONS.get(name)
    if action is None:
        raise UnknownRoute(f"there is no action {name!r} on an account", hint=did_you_mean(name, ACTIONS))
    member = _member(request)
    body = await body_of(request, action.body)
    return answer(await action.act(request.app[ENGINE], member, body))


async def act_on_all(request: web.Request) -> web.Response:
    """Raises as `act`."""
    request.app[GUARD].owner(request)
    name = request.match_info["action"]
    action = HOME_ACTIONS.get(name)
    if action is None:
        raise UnknownRoute(f"there is no action {name!r} on all accounts", hint=did_you_mean(name, HOME_ACTIONS))
    body = await body_of(request, action.body)
    return answer(await action.act(request.app[ENGINE], body))


def _member(request: web.Request) -> PoolAccount:
    engine = request.app[ENGINE]
    provider, alias = request.match_info["provider"], request.match_info["alias"]
    known = engine.provider_of(provider)
    for member in engine.pool.members(known) if known else ():
        if member.account.alias == alias:
            return member
    names = [member.name for member in engine.pool.members()]
    raise UnknownRoute(
        f"there is no account {provider}/{alias}", hint=did_you_mean(f"{provider}/{alias}", names, "a2a accounts")
    )


async def body_of(request: web.Request, kind: type[T]) -> T:
    """An empty body is `{}`. Raises RequestError."""
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, web.RequestPayloadError) as error:
        raise RequestError(f"the body does not fit: {of_value(str(error))}", hint=takes(kind)) from error


def takes(kind: type[Struct]) -> str:
    """What a body or a query of this kind may hold, for a hint."""
    names = ", ".join(kind.__struct_fields__)
    return f"{kind.__name__} has {names} (docs/control.md)" if names else "it takes nothing"


def add_routes(app: web.Application) -> None:
    router = app.router
    router.add_post(_PATH + "/{action}", shaped(act_on_all, refusal_json))
    router.add_post(_PATH + "/{provider}/{alias}/{action}", shaped(act, refusal_json))
