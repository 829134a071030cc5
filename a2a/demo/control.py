"""`/_control/*`: what tests in another process and people with curl can do to the emulators.

| route | does |
|---|---|
| `GET requests` | the requests seen; body as text |
| `GET state` | open answers, the clock, the flags of the logins, the accounts with `kind`, `reused` and `revoked` |
| `POST faults` | `{"fault": "429 retry-after=2" or an object, "api", "account", "times"}`; `times` null = for ever |
| `DELETE faults` | no more faults |
| `POST clock` | `{"advance_s": 3600}` |
| `POST accounts` | `{"name": "aoa-social", "action": "expire"}`; also `revoke`, `suspend`, `exhaust`, `restore` |
| `POST logins` | `{"google": {…}, "qwen": {…}, "kiro": {…}}`: set some of the flags below; answers with all of them |
| `POST turns` | scripted Kiro turns, a list (see `kiro.script`) |
| `POST flags` | `{"rule": false}`: switch a Kiro rule off or on |
| `POST reset` | everything as at the start |

Flags of the logins, by name and default. An unknown name or a wrong type is a 400, and nothing is changed.

| flag | google | qwen | kiro | is |
|---|---|---|---|---|
| `approval` | auto | auto | auto | `auto`, `page`, `deny`; google and kiro also `wrong_state` |
| `interval_s`, `pending_polls` | | 5, 1 | 5, 1 | device logins: seconds between polls, polls that say "wait" |
| `code_life_s` | 600 | 900 | 600 | life of device codes and authorization codes |
| `life_s` | null | null | null | life of access tokens issued from now on; null = as the vendor's |
| `rotate` | false | true | true | a refresh token works once; false: refresh answers of google and kiro bring none |
| `revoke_on_reuse` | false | false | false | a spent refresh token that comes back kills the account's tokens |
| `answer_delay_s` | 0 | 0 | 0 | tokens change at once, the answer that tells of it comes so much later |
| `login_as`, `onboard_polls`, `reauth` | ca-standard, 1, false | | | see `codeassist.state` |
| `status_pending`, `null_pending`, `dead_code_401`, `poll_504` | | false | | polls; see `qwen.state` |
| `omit_resource_url`, `closed`, `quirks` | | false, false, [] | | see `qwen.state` |
| `option`, `signin_callback`, `profiles`, `idp_any_port` | | | google, false, 1, false | see `kiro.logins` |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol, TypeVar, assert_never

import msgspec
from aiohttp import web
from msgspec import Struct

from a2a.demo.codeassist.state import CODEASSIST
from a2a.demo.faults import Fault
from a2a.demo.kiro.script import Turn
from a2a.demo.kiro.state import KIRO
from a2a.demo.logins import TokenFlags
from a2a.demo.qwen.state import QWEN_STATE
from a2a.demo.responses.state import RESPONSES
from a2a.demo.wire import Handler, dumps
from a2a.demo.world import WORLD

_Flags = TypeVar("_Flags", bound=TokenFlags)


class FaultOrder(Struct, forbid_unknown_fields=True):
    fault: Fault | str
    api: str | None = None
    account: str | None = None
    times: int | None = 1


class AccountOrder(Struct, forbid_unknown_fields=True):
    name: str
    action: Literal["expire", "revoke", "suspend", "exhaust", "restore"]


class LoginOrder(Struct, forbid_unknown_fields=True):
    """The flags to change, by authority; checked against the type of its flags."""

    google: dict[str, Any] = {}
    qwen: dict[str, Any] = {}
    kiro: dict[str, Any] = {}


class ClockOrder(Struct, forbid_unknown_fields=True):
    advance_s: float


class Account(Protocol):
    """What every emulator's account has."""

    suspended: bool
    out_of_credits: bool
    reused: int
    revoked: bool


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
        web.post(f"{prefix}/_control/logins", _checked(_set_logins)),
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
    world, origin = request.app[WORLD], request.url.origin()
    return _json(
        {
            "open_requests": world.book.open_requests,
            "open_streams": world.book.open_streams,
            "now": world.clock.now(),
            "faults": world.faults.rules,
            "logins": _flags(request),
            "codeassist": [
                _shown(one, "google", one.credentials()) for one in request.app[CODEASSIST].accounts.values()
            ],
            "qwen": [
                _shown(one, "qwen", one.credentials(f"{origin}/qwen"))
                for one in request.app[QWEN_STATE].accounts.values()
            ],
            "kiro": [
                _shown(one, one.kind, one.credentials(f"{origin}/kiro")) for one in request.app[KIRO].accounts.values()
            ],
        }
    )


def _shown(account: Account, kind: str, credentials: dict[str, Any]) -> dict[str, Any]:
    return credentials | {"kind": kind, "reused": account.reused, "revoked": account.revoked}


def _flags(request: web.Request) -> dict[str, TokenFlags]:
    return {
        "google": request.app[CODEASSIST].flags,
        "qwen": request.app[QWEN_STATE].flags,
        "kiro": request.app[KIRO].logins.flags,
    }


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


async def _set_logins(request: web.Request) -> web.StreamResponse:
    order = msgspec.json.decode(await request.read(), type=LoginOrder)
    google, qwen, kiro = request.app[CODEASSIST], request.app[QWEN_STATE], request.app[KIRO].logins
    changed = (_with(google.flags, order.google), _with(qwen.flags, order.qwen), _with(kiro.flags, order.kiro))
    google.flags, qwen.flags, kiro.flags = changed
    return _json(_flags(request))


def _with(flags: _Flags, change: dict[str, Any]) -> _Flags:
    """The flags with some of them changed. Raises ValueError."""
    return msgspec.convert(msgspec.to_builtins(flags) | change, type=type(flags))


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
