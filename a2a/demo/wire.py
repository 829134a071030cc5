"""Writing an answer: whole or as frames, with whatever faults were asked for.

A frame is one event of the vendor's stream, as bytes. `Pause` between frames is part of a scripted turn.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from aiohttp import web
from msgspec import Struct

from a2a.demo.faults import Fault, first
from a2a.demo.world import SEEN, WORLD

SSE_HEADERS = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}


class Pause(Struct, frozen=True):
    """A wait inside a stream, in seconds."""

    seconds: float


class Refusal(Exception):
    """The emulator says no. `type` and `code` in the vendor's words; `param` names the field at fault."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str | None = None,  # noqa: A002  (the vendors' own word)
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.type = type
        self.code = code
        self.param = param
        self.headers = dict(headers or {})

    @classmethod
    def of(cls, fault: Fault) -> Refusal:
        """The error answer that a fault of kind `http` or `error_event` asks for."""
        message = fault.message or f"The demo was asked to answer {fault.status}."
        return cls(fault.status, message, type=fault.type, code=fault.code, headers=fault.headers)


class Voice(Struct, frozen=True):
    """How one vendor words an error: as a whole answer, and as a frame inside a 200 stream."""

    refuse: Callable[[Refusal], web.Response]
    error_frame: Callable[[Refusal], bytes]


@contextlib.contextmanager
def shape_errors() -> Iterator[None]:
    """A body so wrong that no rule foresaw it is still the client's mistake: 400, naming what was tripped over."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise Refusal(400, f"The request body has an unexpected shape: {error!r}") from error


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guarded(voice: Voice, handler: Handler) -> Handler:
    """The handler with its refusals turned into the vendor's error answers."""

    async def run(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as refusal:
            return voice.refuse(refusal)

    return run


def dumps(value: Any) -> bytes:
    """Compact JSON, UTF-8 unescaped."""
    return msgspec.json.encode(value)


async def early(faults: Sequence[Fault], voice: Voice) -> web.Response | None:
    """Play the faults that come before the status line; the answer if one of them is the whole answer."""
    if (hang := first(faults, "hang")) is not None:
        await _wait(hang.seconds)
    if (page := first(faults, "html")) is not None:
        text = f"<!doctype html><html><head><title>{page.status}</title></head><body><h1>Bad Gateway</h1></body></html>"
        return web.Response(status=page.status, text=text, content_type="text/html", headers=page.headers)
    if (refused := first(faults, "http")) is not None:
        return voice.refuse(Refusal.of(refused))
    return None


async def deliver(
    request: web.Request,
    headers: Mapping[str, str],
    frames: Sequence[bytes | Pause],
    faults: Sequence[Fault],
    voice: Voice,
) -> web.StreamResponse:
    """Write a 200 answer frame by frame. Records how it ended in the request's `Seen`."""
    seen, book = request[SEEN], request.app[WORLD].book
    response = web.StreamResponse(status=200, headers=headers)
    await response.prepare(request)
    seen.status = 200
    book.open_streams += 1
    book.changed()
    try:
        stopped = await _send(request, response, frames, faults, voice)
        if not stopped:
            await response.write_eof()
            seen.complete = True
    except ConnectionError:
        seen.client_closed = not seen.cut
    finally:
        book.open_streams -= 1
        book.changed()
    return response


async def whole(
    request: web.Request, headers: Mapping[str, str], body: bytes, faults: Sequence[Fault], voice: Voice
) -> web.StreamResponse:
    """A JSON answer; with faults it is written in two halves, so that it can be cut between them."""
    headers = {"content-type": "application/json", **headers}
    if not faults:
        return web.Response(body=body, headers=headers)
    middle = len(body) // 2
    return await deliver(request, headers, [body[:middle], body[middle:]], faults, voice)


async def _send(
    request: web.Request,
    response: web.StreamResponse,
    frames: Sequence[bytes | Pause],
    faults: Sequence[Fault],
    voice: Voice,
) -> bool:
    """True when a fault ended the answer early and the body must not be closed cleanly."""
    pace_s = request.app[WORLD].options.pace_s
    size = split.size if (split := first(faults, "split")) is not None else 0
    if (slow := first(faults, "slow")) is not None:
        await _wait(slow.seconds)
    if first(faults, "empty") is not None:
        return False
    sent = 0
    for frame in frames:
        if isinstance(frame, Pause):
            await asyncio.sleep(frame.seconds)
            continue
        ended = await _fault_at(sent, frame, request, response, faults, voice)
        if ended is not None:
            return ended
        await _write(response, _damaged(frame, sent, faults), size)
        sent += 1
        if pace_s:
            await asyncio.sleep(pace_s)
    return await _fault_at(sent, b"", request, response, faults, voice) or False


async def _fault_at(
    sent: int,
    frame: bytes,
    request: web.Request,
    response: web.StreamResponse,
    faults: Sequence[Fault],
    voice: Voice,
) -> bool | None:
    """Play what is due after `sent` frames: None = go on, False = end the body cleanly, True = it was torn."""
    for fault in faults:
        if fault.after != sent:
            continue
        if fault.kind == "stall":
            await _wait(fault.seconds)
        elif fault.kind == "end":
            await response.write(frame[: len(frame) // 2] if fault.mid else b"")
            return False
        elif fault.kind == "error_event":
            await response.write(voice.error_frame(Refusal.of(fault)))
            return False
        elif fault.kind == "cut":
            await response.write(frame[: len(frame) // 2] if fault.mid else b"")
            await asyncio.sleep(0)  # what was written is on its way before the reset discards the rest
            request[SEEN].cut = True
            _reset(request)
            return True
    return None


def _reset(request: web.Request) -> None:
    """Drop the connection the hard way: the client sees a reset, not an end."""
    transport = request.transport
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _damaged(frame: bytes, number: int, faults: Sequence[Fault]) -> bytes:
    fault = first(faults, "bad_crc")
    if fault is None or fault.after != number:
        return frame
    return frame[:-1] + bytes([frame[-1] ^ 0xFF])


async def _write(response: web.StreamResponse, frame: bytes, size: int) -> None:
    """`size` bytes per write, 0 = the frame at once."""
    for start in range(0, len(frame), size or len(frame)):
        await response.write(frame[start : start + (size or len(frame))])
        if size:
            await asyncio.sleep(0)


async def _wait(seconds: float) -> None:
    """0 = until the client leaves, which cancels the handler."""
    if seconds:
        await asyncio.sleep(seconds)
    else:
        await asyncio.Event().wait()
