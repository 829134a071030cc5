"""What all emulators of one run share: the clock, the requests seen, the faults to play, the tokens counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from aiohttp import web
from msgspec import Struct, field

from a2a.demo.faults import Board
from a2a.demo.tally import PrefixCache

KEY_HEADERS = ("authorization", "x-api-key", "x-goog-api-key")


class DemoClock:
    """The machine's time plus whatever a test added: tokens expire without anyone waiting."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now(self) -> float:
        """Unix seconds, UTC."""
        return time.time() + self.ahead_s

    def monotonic(self) -> float:
        """Moves with `advance`, too."""
        return time.monotonic() + self.ahead_s

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self.ahead_s += seconds


class Seen(Struct):
    """One request. `headers`: names in lower case, keys cut to their last four characters.

    `complete`: the whole answer was written. `client_closed`: the client left before that. `cut`: a fault of ours ended
    the connection, so the client is not to blame.
    """

    api: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    account: str | None = None
    status: int = 0
    complete: bool = False
    client_closed: bool = False
    cut: bool = False


class Book:
    """The requests in the order they came, and how many answers are being written right now."""

    def __init__(self) -> None:
        self.requests: list[Seen] = []
        self.open_requests = 0
        self.open_streams = 0
        self._waiters: list[asyncio.Future[None]] = []

    def changed(self) -> None:
        """Wake everyone in `until`; called by whoever alters a record or a counter."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, condition: Callable[[Book], bool]) -> None:
        """Return once `condition(self)` holds. Callers bring their own timeout."""
        while not condition(self):
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter

    async def idle(self) -> None:
        """Return once no request is being answered: a client that left has closed its upstream call."""
        await self.until(lambda book: book.open_requests == 0)

    def of(self, api: str) -> list[Seen]:
        """The requests to one emulator, by the first word of their path: those to `responses` are with `openai`."""
        return [seen for seen in self.requests if seen.api == api]

    def clear(self) -> None:
        self.requests.clear()


class Options(Struct, kw_only=True):
    """`pace_s`: pause between two frames of a stream, so that a person sees it flow."""

    pace_s: float = 0.0


class World(Struct, kw_only=True):
    """Handed to every handler through the application."""

    clock: DemoClock = field(default_factory=DemoClock)
    book: Book = field(default_factory=Book)
    faults: Board = field(default_factory=Board)
    cache: PrefixCache = field(default_factory=PrefixCache)
    options: Options = field(default_factory=Options)


WORLD = web.AppKey("demo_world", World)
SEEN = web.RequestKey("demo_seen", Seen)


def redacted(headers: Mapping[str, str]) -> dict[str, str]:
    """Lower-case names; of a key only the last four characters."""
    return {name.lower(): f"…{value[-4:]}" if name.lower() in KEY_HEADERS else value for name, value in headers.items()}
