"""The server behind the dashboard: one that runs, or one of its own that begins and ends with the screen."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from a2a.cli.home import Home
from a2a.errors import A2AError, Unreachable, WrongKey

if TYPE_CHECKING:
    from a2a.control.aio import AsyncControlClient
    from a2a.secret import Secret

READY_S = 30.0
"""How long a server of our own may take to say that it listens."""
DRAIN_S = 20.0
"""How long it may take to end; what it still has in flight then is cut."""


class _Wrong(Struct):
    message: str = ""
    hint: str | None = None


class _FirstLine(Struct):
    """What `a2a serve --json` says first: where it listens, or why it does not."""

    url: str | None = None
    errors: list[_Wrong] = []


class OwnServer:
    """`a2a serve` as a child: on the configured port, so that clients find it, else on a free one.

    A process of its own, so that a flood of requests does not slow the screen.
    """

    def __init__(self, config: str | None) -> None:
        """`config`: `--config FILE`."""
        self._config = config
        self._child: asyncio.subprocess.Process | None = None
        self.url: str | None = None

    @property
    def runs(self) -> bool:
        return self._child is not None and self._child.returncode is None

    async def start(self) -> str:
        """Its address. Raises Unreachable with what it said, where it does not come up."""
        wrong = _Wrong("it said nothing", "a2a serve")
        for port in ((), ("--port", "0")):
            said = await self._started(*port)
            if said.url is not None:
                self.url = said.url
                return said.url
            await self.stop()
            wrong = said.errors[0] if said.errors else wrong
        raise Unreachable(f"no server came up: {wrong.message}", hint=wrong.hint)

    async def _started(self, *more: str) -> _FirstLine:
        """One try. What it remarks on stderr is for nobody: the screen is there.

        In a session of its own: Ctrl-C and Ctrl-Z in a pager that the screen has opened are not meant for it.
        """
        pipe, none = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        self._child = await asyncio.create_subprocess_exec(
            *self._command(*more), stdin=none, stdout=pipe, stderr=none, start_new_session=True
        )
        assert self._child.stdout is not None
        try:
            line = await asyncio.wait_for(self._child.stdout.readline(), READY_S)
            return msgspec.json.decode(line, type=_FirstLine)
        except (TimeoutError, msgspec.DecodeError):
            return _FirstLine()

    def _command(self, *more: str) -> list[str]:
        config = ["--config", self._config] if self._config else []
        return [sys.executable, "-m", "a2a", "--json", "--quiet", *config, "serve", *more]

    async def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        child = self._child
        self.url = None
        if child is None or child.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        try:
            await asyncio.wait_for(child.wait(), DRAIN_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()


class Finder:
    """Finds the server, again each time a connection is lost: it may have come back at another address.

    Where somebody else's server was found once, none of our own is started any more: it may be about to restart.
    """

    def __init__(self, home: Home, own: OwnServer, starting: Callable[[], None] = lambda: None) -> None:
        """`starting`: told before a server of our own is started, which takes a second or two."""
        self._home = home
        self._own = own
        self._starting = starting
        self._foreign = False
        """Whether a server was found that is not ours."""

    async def connect(self) -> AsyncControlClient:
        """A client that was answered. Raises errors of our family; WrongKey where no key fits."""
        urls = await self._urls()
        keys = await asyncio.to_thread(self._keys)  # behind the start of a server, which makes the first key
        trouble: A2AError | None = None
        for url in urls:
            try:
                return await _opened(url, keys)
            except A2AError as error:
                trouble = trouble or error
        assert trouble is not None
        raise trouble

    def _keys(self) -> list[Secret]:
        from a2a.cli.servers import keys

        return list(keys(self._home))

    async def _urls(self) -> list[str]:
        """The one that was named; those of this home; our own, which is started where there is none."""
        from a2a.control.servers import running

        if given := self._home.settings.url:
            return [given]
        found = await asyncio.to_thread(running, self._home.settings.folders.servers)
        if found:
            self._foreign = self._foreign or any(view.url != self._own.url for view in found)
            return [view.url for view in found]
        if self._foreign:  # one of ours would take the port that it is about to come back to
            raise Unreachable("no server runs here", hint="a2a serve; or leave, and start a2a dash again")
        if not (self._own.runs and self._own.url):
            self._starting()
            return [await self._own.start()]
        return [self._own.url]


async def _opened(url: str, keys: list[Secret]) -> AsyncControlClient:
    from a2a.control.aio import AsyncControlClient

    for key in keys:
        client = AsyncControlClient(url, key)
        try:
            await client.server()
        except WrongKey:
            await client.aclose()
        except BaseException:
            await client.aclose()
            raise
        else:
            return client
    raise WrongKey(f"the key is wrong: {url} refuses ours", hint="set A2A_API_KEY to the key it was started with")


def ends(own: OwnServer) -> Callable[[], str | None]:
    """What leaving the screen ends, in words."""
    return lambda: f"the server at {own.url}, which was started with this screen" if own.runs and own.url else None
