"""The control API under `/admin/v1`: what `dash` and scripts read. Values: `a2a/control/types`.

Any client's key may look. What other clients said (bodies, cassettes, a search in their words), the settings, logins
and the log are for the owner, the server's own key; and only the owner acts.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from aiohttp import web
from msgspec import Struct, structs

from a2a.config import PROVIDER_SHORT, describe, in_words, provider_id
from a2a.config.mistakes import of_value
from a2a.control.types import (
    Exchange,
    ExchangeFilter,
    ExchangeWish,
    ExplainWish,
    LogWish,
    ReplayWish,
    SettingView,
    StatsWish,
)
from a2a.errors import ConfigError, Forbidden, RequestError, UnknownRoute
from a2a.gateway import explain as gateway_explain
from a2a.server import actions, events, logins
from a2a.server.actions import answer, body_of, takes
from a2a.server.border import refusal_json, shaped
from a2a.server.guard import SERVER_KEY
from a2a.server.keys import ENGINE, GUARD, RELOADER

T = TypeVar("T", bound=Struct)
F = TypeVar("F", bound=ExchangeFilter)


async def server(request: web.Request) -> web.Response:
    request.app[GUARD].client(request)
    return answer(request.app[ENGINE].view())


async def settings(request: web.Request) -> web.Response:
    """Raises Forbidden: they name clients, files and addresses."""
    request.app[GUARD].owner(request, "may not see the settings")
    rows = describe(request.app[ENGINE].settings)
    return answer([SettingView(name=row.name, value=in_words(row.value), origin=row.origin) for row in rows])


async def accounts(request: web.Request) -> web.Response:
    request.app[GUARD].client(request)
    request.app[ENGINE].quota.look()
    return answer(request.app[ENGINE].pool.views())


async def models(request: web.Request) -> web.Response:
    request.app[GUARD].client(request)
    return answer(request.app[ENGINE].models())


async def exchanges(request: web.Request) -> web.Response:
    """Raises RequestError for a query that does not fit, Forbidden as `_wish`."""
    return answer(await request.app[ENGINE].record.page(_wish(request, ExchangeWish)))


async def stats(request: web.Request) -> web.Response:
    """Raises as `exchanges`."""
    return answer(await request.app[ENGINE].record.stats(_wish(request, StatsWish)))


async def log(request: web.Request) -> web.Response:
    """Raises Forbidden: it tells paths of the machine; RequestError as `exchanges`."""
    request.app[GUARD].owner(request, "may not see the log")
    return answer(request.app[ENGINE].live.log(_wish(request, LogWish)))


async def exchange(request: web.Request) -> web.Response:
    """Its bodies are for the owner. Raises UnknownRoute."""
    owner = request.app[GUARD].client(request) == SERVER_KEY
    found = await _recorded(request)
    return answer(found if owner else structs.replace(found, bodies=None))


async def replay(request: web.Request) -> web.Response:
    """Raises Forbidden, UnknownRoute, RequestError where its request was not recorded, UsageError, NeedsLogin."""
    request.app[GUARD].owner(request, "may not send again what others said")
    from a2a.gateway import replay as gateway_replay  # deferred, as below: few servers are ever asked for it

    wish = await body_of(request, ReplayWish)
    return answer(await gateway_replay.replay(request.app[ENGINE], await _recorded(request), wish))


async def cassette(request: web.Request) -> web.Response:
    """A file for `a2a serve --replay`. Raises Forbidden, UnknownRoute, RequestError where bodies were not recorded."""
    request.app[GUARD].owner(request, "may not see what others said")
    from a2a.gateway.cassettes.recording import cassette_of
    from a2a.gateway.cassettes.redaction import Redaction, secrets_of

    content = cassette_of(await _recorded(request), Redaction(secrets_of(request.app[ENGINE].settings)))
    return web.Response(body=content, content_type="application/json", headers={"Cache-Control": "no-store"})


async def _recorded(request: web.Request) -> Exchange:
    """With its bodies, where there are any. Raises UnknownRoute."""
    found = await request.app[ENGINE].record.get(request.match_info["id"])
    if found is None:
        raise UnknownRoute(f"no exchange {request.match_info['id']} is kept", hint="a2a logs lists those that are")
    return found


async def reload(request: web.Request) -> web.Response:
    """Raises ConfigError, UsageError and StoreError: then the settings stay as they were."""
    request.app[GUARD].owner(request)
    return answer(await request.app[RELOADER].reload())


async def explain(request: web.Request) -> web.Response:
    """Calls nobody and changes nothing, so any key will do. Raises RequestError for a body that does not fit."""
    request.app[GUARD].client(request)
    wish = await body_of(request, ExplainWish)
    return answer(await gateway_explain.explain(request.app[ENGINE], wish))


def _wish(request: web.Request, kind: type[T]) -> T:
    """The query as a wish; lists are joined by commas. A search finds words of other clients, so it is the owner's.

    Raises RequestError and Forbidden.
    """
    client = request.app[GUARD].client(request)
    given: dict[str, object] = {name: value for name, value in request.query.items() if name != "key"}
    if "by" in given:
        given["by"] = [name for name in str(given["by"]).split(",") if name]
    try:
        wish = msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise RequestError(f"the query does not fit: {of_value(str(error))}", hint=takes(kind)) from error
    if isinstance(wish, ExchangeFilter):
        wish = _named(wish)
    if client != SERVER_KEY and isinstance(wish, ExchangeFilter) and wish.text is not None:
        raise Forbidden(
            f"the key of client {client!r} may not search what others said",
            hint="leave text out, or send the server's own key: a2a config show --secrets",
        )
    return wish


def _named(wish: F) -> F:
    """With the provider's id and the account's short name, as the record has them. Raises RequestError."""
    try:
        if wish.provider is not None:
            wish = structs.replace(wish, provider=provider_id(wish.provider))
        if wish.account is not None:
            provider, slash, alias = wish.account.partition("/")
            named = f"{PROVIDER_SHORT[provider_id(provider)]}/{alias}" if slash else wish.account
            wish = structs.replace(wish, account=named)
    except ConfigError as error:
        raise RequestError(error.message, hint=error.hint) from error
    return wish


READS = {
    "/admin/v1/server": server,
    "/admin/v1/settings": settings,
    "/admin/v1/accounts": accounts,
    "/admin/v1/accounts/{provider}/{alias}": actions.account,
    "/admin/v1/models": models,
    "/admin/v1/exchanges": exchanges,
    "/admin/v1/exchanges/{id}": exchange,
    "/admin/v1/exchanges/{id}/cassette": cassette,
    "/admin/v1/stats": stats,
    "/admin/v1/log": log,
    "/admin/v1/events": events.events,
}

WRITES = {
    "/admin/v1/reload": reload,
    "/admin/v1/explain": explain,
    "/admin/v1/exchanges/{id}/replay": replay,
}
"""POST; `explain` with any key."""


def add_routes(app: web.Application) -> None:
    for path, handler in READS.items():
        app.router.add_get(path, shaped(handler, refusal_json), allow_head=handler is not events.events)
    for path, handler in WRITES.items():
        app.router.add_post(path, shaped(handler, refusal_json))
    logins.add_routes(app)
    actions.add_routes(app)
