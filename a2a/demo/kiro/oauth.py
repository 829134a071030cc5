"""What the Kiro authorities have in common: how they read a body, how they say no, what goes with every new token."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from a2a.demo.kiro.accounts import KiroAccount
from a2a.demo.kiro.errors import exception_frame
from a2a.demo.kiro.state import KIRO
from a2a.demo.logins import dawdle
from a2a.demo.pages import page
from a2a.demo.wire import Refusal, Voice, dumps, early
from a2a.demo.world import SEEN, WORLD

FAULTS = "kiro-auth"
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
WRONG_STATE = "another-state"
DENIED = {"error": "access_denied", "error_description": "The user refused."}


def answer(value: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, body=dumps(value), content_type="application/json")


def _say_message(refusal: Refusal) -> web.Response:
    response = answer({"message": refusal.message}, refusal.status)
    response.headers.update(refusal.headers)
    return response


def _say_error(refusal: Refusal) -> web.Response:
    error = refusal.code or "server_error"
    response = answer({"error": error, "error_description": refusal.message}, refusal.status)
    response.headers["x-amzn-errortype"] = "".join(word.title() for word in error.split("_")) + "Exception"
    response.headers.update(refusal.headers)
    return response


SOCIAL = Voice(_say_message, exception_frame)
"""The desktop auth service: `{"message"}`."""

OAUTH = Voice(_say_error, exception_frame)
"""AWS SSO OIDC and the identity provider: `{"error", "error_description"}`."""


def refuse(error: str, text: str, status: int = 400) -> Refusal:
    """An OAuth error."""
    return Refusal(status, text, code=error)


async def json_body(request: web.Request) -> dict[str, Any]:
    """The members of a JSON body; none when it is anything else."""
    if request.content_type != "application/json":
        return {}
    try:
        body = msgspec.json.decode(await request.read())
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return body if isinstance(body, dict) else {}


def texts(body: Mapping[str, Any], *names: str) -> list[str] | None:
    """The members as non-empty strings; None when one is not."""
    found = [body.get(name) for name in names]
    given = [one for one in found if isinstance(one, str) and one]
    return given if len(given) == len(names) else None


async def fault(request: web.Request, account: KiroAccount | None, voice: Voice) -> web.Response | None:
    """Play a fault set for `kiro-auth`; the answer if it is the whole answer."""
    return await early(request.app[WORLD].faults.take(FAULTS, account.name if account else None), voice)


async def granted(request: web.Request, account: KiroAccount, value: dict[str, Any]) -> web.Response:
    """The answer that brings tokens; without those that there are none of."""
    request[SEEN].account = account.name
    request.app[WORLD].faults.refreshed(account.name)
    body = answer({key: one for key, one in value.items() if one is not None})
    await dawdle(request.app[KIRO].logins.flags, request.app[WORLD].book)
    return body


def back(redirect_uri: str, state: str, said: Mapping[str, str], *, thief: bool = False) -> web.Response:
    """Send the browser to the client. `thief`: with a state that is not the client's."""
    query = urlencode({**said, "state": WRONG_STATE if thief else state})
    return web.Response(status=302, headers={"location": f"{redirect_uri}?{query}"})


def blocked(text: str) -> web.Response:
    """The page for a browser that must not be sent anywhere."""
    return page("Something is wrong with this link", text, status=400)


async def fields(request: web.Request) -> dict[str, str]:
    """The query, or what the page's form sent."""
    sent = await request.post() if request.method == "POST" else request.query
    return {name: str(value) for name, value in sent.items()}


def root_of(request: web.Request) -> str:
    """The address that stands for all of Kiro's hosts."""
    return f"{request.url.origin()}/{request.path.split('/', 2)[1]}"
