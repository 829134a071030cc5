"""What a mouth hands in: the request as it came, and a sink for the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from a2a.messages import Request
from a2a.protocols.base import Front
from a2a.providers.base import Operation


class Call(Struct, kw_only=True):
    """One client request. Headers are found by their lower-case names; `raw_headers`: as they came over a wire.

    `prefix`: provider id from the path, if it had one. `model`: from the path, where the protocol has it there.
    `stream`: what the path says, None where the body does. `array`: the stream is wanted as one JSON array (Gemini
    without `alt=sse`). `client`: name of the key it came with.
    """

    front: Front
    path: str
    body: bytes
    headers: Mapping[str, str] = {}
    raw_headers: Sequence[tuple[bytes, bytes]] = ()
    operation: Operation = "generate"
    prefix: str | None = None
    model: str | None = None
    stream: bool | None = None
    array: bool = False
    client: str = "local"
    request: Request | None = None
    """The request in neutral form, from a mouth that has no wire format; `body` is empty then."""


class Sink(Protocol):
    """Where the answer goes. Either one `respond`, or `start` and then any number of `write`.

    Raises ClientGone when nobody listens any more. `write` returns when the client may take more (back-pressure).
    """

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None: ...

    async def start(self, status: int, headers: Mapping[str, str]) -> None: ...

    async def write(self, data: bytes) -> None: ...


def whole_text(value: str) -> str:
    """A header's value as text that can be written anywhere: bytes that are no UTF-8 are U+FFFD."""
    if value.isascii():
        return value
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class ClientGone(Exception):
    """The client left; the upstream call ends with it and no account is blamed."""
