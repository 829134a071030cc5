"""Kiro's desktop auth service: refresh, device login and code exchange for Google and GitHub (specs/kiro.md 3.1, 4).

Its ways: durations in milliseconds, `authorization_pending` with status 200, errors as `{"message"}`.
"""

from __future__ import annotations

import re
from typing import Any, assert_never

from aiohttp import web

from a2a.demo import pages
from a2a.demo.kiro.accounts import KiroAccount
from a2a.demo.kiro.logins import PORTS, PROVIDERS
from a2a.demo.kiro.oauth import SOCIAL, answer, fault, granted, json_body, root_of, texts
from a2a.demo.kiro.state import KIRO
from a2a.demo.logins import verdict
from a2a.demo.pkce import challenge_of
from a2a.demo.wire import Refusal, guarded

CLIENT_ID = "kiro-cli"
_TITLE = "Sign in to the Kiro demo"
_REDIRECT = re.compile(
    rf"http://localhost:(?:{'|'.join(map(str, PORTS))})/(?:oauth|signin)/callback\?login_option=(?:google|github)"
)


def routes(prefix: str) -> list[web.RouteDef]:
    """`prefix` stands for the host."""
    return [
        web.post(f"{prefix}/refreshToken", guarded(SOCIAL, refresh)),
        web.post(f"{prefix}/logout", guarded(SOCIAL, logout)),
        web.post(f"{prefix}/oauth/token", guarded(SOCIAL, exchange)),
        web.post(f"{prefix}/oauth/device/authorization", guarded(SOCIAL, authorize_device)),
        web.post(f"{prefix}/oauth/device/poll", guarded(SOCIAL, poll)),
        web.get(f"{prefix}/device", device_page),
        web.post(f"{prefix}/device", device_page),
    ]


def _improper() -> Refusal:
    return Refusal(400, "Improperly formed request.")


def _bad_credentials() -> Refusal:
    return Refusal(401, "Bad credentials")


async def refresh(request: web.Request) -> web.StreamResponse:
    """`POST /refreshToken`."""
    given = texts(await json_body(request), "refreshToken")
    if given is None:
        raise _improper()
    state, (token,) = request.app[KIRO], given
    owner = state.owner_of(token)
    if (answered := await fault(request, owner, SOCIAL)) is not None:
        return answered
    if owner is not None and owner.kind != "social":
        raise _bad_credentials()
    outcome, account = state.refresh(token)
    if outcome != "ok" or account is None:
        raise _bad_credentials()
    return await _granted(request, account, rotated=state.logins.flags.rotate)


async def _granted(
    request: web.Request, account: KiroAccount, *, rotated: bool = True, **more: str
) -> web.StreamResponse:
    """`rotated` False: the refresh token stays what it was, and the answer has none (specs/kiro.md 3.1)."""
    tokens: dict[str, Any] = {
        "accessToken": account.access_token,
        "refreshToken": account.refresh_token if rotated else None,
        "expiresIn": request.app[KIRO].life_s(account.kind),
        "profileArn": account.arn,
    }
    return await granted(request, account, tokens | more)


async def logout(request: web.Request) -> web.StreamResponse:
    """`POST /logout`: the tokens are dead."""
    given = texts(await json_body(request), "refreshToken")
    if given is None:
        raise _improper()
    state = request.app[KIRO]
    account = state.owner_of(given[0])
    if account is None or account.kind != "social":
        raise _bad_credentials()
    state.revoke(account.name)
    return answer({})


async def exchange(request: web.Request) -> web.StreamResponse:
    """`POST /oauth/token`: a code of the portal for tokens. Whatever is wrong, the answer is a 500 (specs/kiro.md 4.4).

    `redirect_uri` is the whole address that the browser was sent to, `login_option` included.
    """
    if (answered := await fault(request, None, SOCIAL)) is not None:
        return answered
    given = texts(await json_body(request), "code", "code_verifier", "redirect_uri")
    if given is None:
        raise _improper()
    text, verifier, redirect_uri = given
    state = request.app[KIRO]
    code = state.logins.take_code("social", text)
    if (
        code is None
        or redirect_uri != code.redirect_uri
        or _REDIRECT.fullmatch(redirect_uri) is None
        or challenge_of(verifier) != code.challenge
    ):
        raise Refusal(500, "Oops, something went wrong.")
    return await _granted(request, state.new_social(code.identity))


async def authorize_device(request: web.Request) -> web.StreamResponse:
    """`POST /oauth/device/authorization`."""
    if (answered := await fault(request, None, SOCIAL)) is not None:
        return answered
    body = await json_body(request)
    provider = body.get("loginProvider")
    if body.get("clientId") != CLIENT_ID or provider not in PROVIDERS.values():
        raise _improper()
    logins = request.app[KIRO].logins
    code, login = logins.start("social", CLIENT_ID, str(provider))
    address = f"{root_of(request)}/auth/device"
    return answer(
        {
            "deviceCode": code,
            "userCode": login.user_code,
            "verificationUri": address,
            "verificationUriComplete": f"{address}?user_code={login.user_code}",
            "expiresInMilliseconds": logins.flags.code_life_s * 1000,
            "intervalInMilliseconds": logins.flags.interval_s * 1000,
        }
    )


async def poll(request: web.Request) -> web.StreamResponse:
    """`POST /oauth/device/poll`: what is not done yet is a 200 with a `status`."""
    if (answered := await fault(request, None, SOCIAL)) is not None:
        return answered
    given = texts(await json_body(request), "clientId", "deviceCode")
    if given is None:
        raise _improper()
    state, (client, code) = request.app[KIRO], given
    login = state.logins.device("social", code, client)
    if login is None:
        raise Refusal(400, "Invalid device code")
    if login.used:
        return answer({"status": "expired_token"})
    match verdict(login, state.logins.flags, state.clock.now()):
        case "expired":
            return answer({"status": "expired_token"})
        case "slow_down":
            return answer({"status": "slow_down"})
        case "denied":
            return answer({"status": "access_denied"})
        case "pending":
            return answer({"status": "authorization_pending"})
        case "approved":
            login.used = True
            return await _granted(request, state.new_social(login.identity), identityProvider=login.identity)
        case never:
            assert_never(never)


async def device_page(request: web.Request) -> web.StreamResponse:
    """`/device?user_code=…`: what opens in the browser, and what was decided there."""
    login = request.app[KIRO].logins.by_user_code("social", await pages.user_code(request))
    return await pages.device(request, _TITLE, login)
