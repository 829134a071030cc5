"""`GET /admin/v1/events`: the live stream as server-sent events.

    id: 1795368800123456
    event: exchange
    data: {"seq": …, "at": …, "change": {"type": "exchange", "exchange": {…}}}

Resumed behind `Last-Event-ID`, or `?after=`; `?kinds=exchange,account` leaves the others out. A comment every 15 s
keeps the connection alive. Logins and the log are for the owner: they show codes to confirm and paths of the machine.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec
from aiohttp import ClientConnectionResetError, web
from msgspec import structs

from a2a.config import did_you_mean
from a2a.control.types import (
    AccountChanged,
    AccountGone,
    ExchangeChanged,
    LiveEvent,
    LoginChanged,
    LogLine,
    Missed,
    Progress,
)
from a2a.errors import Forbidden, RequestError, WrongKey
from a2a.logs.live import Listener
from a2a.server.guard import SERVER_KEY
from a2a.server.keys import AUDIENCE, GUARD

KEEPALIVE_S = 15.0
PACE_S = 0.05
"""Between two writes to one listener: of what changes more often it gets the last state."""

BATCH = 200
"""Events in one write: what a listener that does not read makes us hold."""

STALLED_S = 60.0
"""A listener that takes nothing for so long is cut off."""

_OPENING = b"retry: 1000\n: a2a\n\n"
_KEEPALIVE = b": keep-alive\n\n"
_HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}

KINDS = {
    str(kind.__struct_config__.tag): kind
    for kind in (ExchangeChanged, AccountChanged, AccountGone, LoginChanged, Progress, LogLine, Missed)
}
OWNERS = frozenset({"login", "log"})
_ALWAYS = frozenset({"missed"})


async def events(request: web.Request) -> web.StreamResponse:
    """Raises WrongKey, Forbidden, RequestError and OutOfResources before the stream begins."""
    client = request.app[GUARD].client(request)
    kinds = _kinds(request, owner=client == SERVER_KEY)
    after = _after(request)
    audience = request.app[AUDIENCE]
    listener = audience.join(request, after)
    response = web.StreamResponse(headers=_HEADERS)
    try:
        with suppress(ConnectionError, ClientConnectionResetError):
            await response.prepare(request)
            await _tell(request, response, listener, kinds, client)
            await response.write_eof()
    finally:
        audience.leave(listener)
    return response


async def _tell(
    request: web.Request, response: web.StreamResponse, listener: Listener, kinds: frozenset[str], client: str
) -> None:
    """Until the listener is closed, or its key taken from it. Raises ConnectionError when its client is gone."""
    clock = asyncio.get_running_loop().time
    await _write(request, response, _OPENING)
    written = clock()
    while not listener.closed:
        found = await listener.events(BATCH, KEEPALIVE_S)
        if not _welcome(request, client):
            return
        data = b"".join(encode(event) for event in found if _tag(event) in kinds)
        if not data and clock() - written >= KEEPALIVE_S:
            data = _KEEPALIVE
        if data:
            await _write(request, response, data)
            written = clock()
        if found:
            await asyncio.sleep(PACE_S)


def _welcome(request: web.Request, client: str) -> bool:
    """Whether its key is still good for the same client: keys change while a stream goes on."""
    try:
        return request.app[GUARD].client(request) == client
    except WrongKey:
        return False


async def _write(request: web.Request, response: web.StreamResponse, data: bytes) -> None:
    """Raises ConnectionError."""
    try:
        async with asyncio.timeout(STALLED_S):
            await response.write(data)
    except TimeoutError as error:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("the listener takes nothing") from error


def encode(event: LiveEvent) -> bytes:
    """One event as it goes out: JSON has no line break. An exchange goes without its bodies."""
    change = event.change
    if isinstance(change, ExchangeChanged) and change.exchange.bodies is not None:
        event = LiveEvent(event.seq, event.at, ExchangeChanged(structs.replace(change.exchange, bodies=None)))
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.seq, _tag(event).encode(), msgspec.json.encode(event))


def _tag(event: LiveEvent) -> str:
    return str(event.change.__struct_config__.tag)


def _kinds(request: web.Request, *, owner: bool) -> frozenset[str]:
    """What this listener gets. Raises RequestError for a word that is none, Forbidden for what is the owner's."""
    wanted = {word for word in request.query.get("kinds", "").split(",") if word}
    for word in sorted(wanted - KINDS.keys()):
        raise RequestError(f"there are no events of kind {word!r}", hint=did_you_mean(word, KINDS, ", ".join(KINDS)))
    if not owner and (theirs := sorted(wanted & OWNERS)):
        raise Forbidden(
            f"{' and '.join(theirs)} events are for the owner", hint="send the server's key: a2a config show --secrets"
        )
    return frozenset(wanted or (KINDS if owner else KINDS.keys() - OWNERS)) | _ALWAYS


def _after(request: web.Request) -> int | None:
    """The number to resume behind; a browser that connects again sends the header. Raises RequestError."""
    text = request.headers.get("Last-Event-ID") or request.query.get("after")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise RequestError(
            f"{text[:40]!r} is no number of an event", hint="leave it out to hear what comes from now on"
        )
    return int(text)
