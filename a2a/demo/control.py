"""`/_control/*`: what tests in another process and people with curl can do to the emulators.

| route | does |
|---|---|
| `GET requests` | the requests seen; body as text |
| `GET state` | open answers, the clock, the accounts that sign in |
| `POST faults` | `{"fault": "429 retry-after=2" or an object, "api", "account", "times"}`; `times` null = for ever |
| `DELETE faults` | no more faults |
| `POST clock` | `{"advance_s": 3600}` |
| `POST accounts` | `{"name": "aoa-social", "action": "expire"}`; also `revoke`, `suspend`, `exhaust`, `restore` |
| `POST turns` | scripted Kiro turns, a list (see `kiro.script`) |
| `POST flags` | `{"rule": false}`: switch a Kiro rule off or on |
| `POST reset` | everything as at the start |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol, assert_never

import msgspec
from aiohttp import web
from msgspec import Struct

from a2a.demo.codeassist.state import CODEASSIST
from a2a.demo.faults import Fault
from a2a.demo.kiro.script import Turn
from a2a.demo.kiro.state import KIRO
from a2a.demo.qwen.state import QWEN_STATE
from a2a.demo.responses.state import RESPONSES
from a2a.demo.wire import Handler, dumps
from a2a.demo.world import WORLD


class FaultOrder(Struct, forbid_unknown_fields=True):
    fault: Fault | str
    api: str | None = None
    account: str | None = None
    times: int | None = 1


class AccountOrder(Struct, forbid_unknown_fields=True):
    name: str
    action: Literal["expire", "revoke", "suspend", "exhaust", "restore"]


class ClockOrder(Struct, forbid_unknown_fields=True):
    advance_s: float


class Account(Protocol):
    """What every emulator's account has."""

    suspended: bool
    out_of_credits: bool


class Accounts(Protocol):
    """What every emulator with tokens can do to an account."""

    @property
    def accounts(self) -> Mapping[str, Account]: ...

    def expire(self, name: str) -> None: ...

    def revoke(self, name: str) -> None: ...


def routes(prefix: str) -> list[web.RouteDef]:
    return [
        web.get(f"{prefix}/_control/requests", _requests),
        web.get(f"{prefix}/_control/state", _state),
        web.post(f"{prefix}/_control/faults", _checked(_add_fault)),
        web.delete(f"{prefix}/_control/faults", _clear_faults),
        web.post(f"{prefix}/_control/clock", _checked(_advance)),
        web.post(f"{prefix}/_control/accounts", _checked(_change_account)),
        web.post(f"{prefix}/_control/turns", _checked(_script)),
        web.post(f"{prefix}/_control/flags", _checked(_set_flags)),
        web.post(f"{prefix}/_control/reset", _reset),
    ]


def _checked(handler: Handler) -> Handler:
    """An order that makes no sense is a 400 that says why."""

    async def run(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except (ValueError, KeyError) as error:  # msgspec's errors are ValueErrors
            return web.json_response({"error": str(error)}, status=400)

    return run


def _json(value: object) -> web.Response:
    return web.Response(body=dumps(value), content_type="application/json")


async def _requests(request: web.Request) -> web.StreamResponse:
    seen = request.app[WORLD].book.requests
    return _json([msgspec.structs.asdict(one) | {"body": one.body.decode("utf-8", "replace")} for one in seen])


async def _state(request: web.Request) -> web.StreamResponse:
    world, state = request.app[WORLD], request.app[KIRO]
    return _json(
        {
            "open_requests": world.book.open_requests,
            "open_streams": world.book.open_streams,
            "now": world.clock.now(),
            "faults": world.faults.rules,
            "codeassist": [account.credentials() for account in request.app[CODEASSIST].accounts.values()],
            "qwen": [
                account.credentials(f"{request.url.origin()}/qwen")
                for account in request.app[QWEN_STATE].accounts.values()
            ],
            "kiro": [account.credentials(f"{request.url.origin()}/kiro") for account in state.accounts.values()],
        }
    )


async def _add_fault(request: web.Request) -> web.StreamResponse:
    order = msgspec.json.decode(await request.read(), type=FaultOrder)
    rule = request.app[WORLD].faults.add(order.fault, api=order.api, account=order.account, times=order.times)
    return _json(rule)


async def _clear_faults(request: web.Request) -> web.StreamResponse:
    request.app[WORLD].faults.clear()
    return _json({})


async def _advance(request: web.Request) -> web.StreamResponse:
    clock = request.app[WORLD].clock
    clock.advance(msgspec.json.decode(await request.read(), type=ClockOrder).advance_s)
    return _json({"now": clock.now()})


async def _change_account(request: web.Request) -> web.StreamResponse:
    order = msgspec.json.decode(await request.read(), type=AccountOrder)
    states: tuple[Accounts, ...] = (request.app[KIRO], request.app[CODEASSIST], request.app[QWEN_STATE])
    state = next((one for one in states if order.name in one.accounts), states[0])
    account = state.accounts[order.name]
    match order.action:
        case "expire":
            state.expire(order.name)
        case "revoke":
            state.revoke(order.name)
        case "suspend":
            account.suspended = True
        case "exhaust":
            account.out_of_credits = True
        case "restore":
            account.suspended = account.out_of_credits = False
        case _:
            assert_never(order.action)
    return _json({})


async def _script(request: web.Request) -> web.StreamResponse:
    turns = msgspec.json.decode(await request.read(), type=list[Turn])
    request.app[KIRO].script.extend(turns)
    return _json({"turns": len(turns)})


async def _set_flags(request: web.Request) -> web.StreamResponse:
    flags = msgspec.json.decode(await request.read(), type=dict[str, bool])
    for name, on in flags.items():
        request.app[KIRO].flags.set(name, on)
    return _json(flags)


async def _reset(request: web.Request) -> web.StreamResponse:
    world = request.app[WORLD]
    world.book.clear()
    world.faults.clear()
    world.cache.clear()
    world.clock.ahead_s = 0.0
    request.app[KIRO].reset()
    request.app[RESPONSES].reset()
    request.app[QWEN_STATE].reset()
    request.app[CODEASSIST].reset()
    return _json({})
