"""The emulated upstreams in a thread of the test process: faults and records at hand, tests stay synchronous."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from support.waiting import PATIENCE_S, eventually

from a2a.demo.kiro.accounts import KiroAccount
from a2a.demo.upstreams import Upstreams
from a2a.demo.world import Book, Seen


class Demo:
    """`with Demo() as demo:` serves on a port of its own. `up` may be read and its board written from the test."""

    def __init__(self) -> None:
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="demo upstreams")
        self.up: Upstreams

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        async with Upstreams() as self.up:
            self._started.set()
            await self._over.wait()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(PATIENCE_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._loop is not None
        assert self._over is not None
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE_S)

    def fault(self, text: str, **where: Any) -> None:
        """`Board.add`: api, account, times."""
        self.up.faults.add(text, **where)

    def calls(self, api: str) -> list[Seen]:
        """The requests one emulator has seen: `openai`, `claude`, `kiro`; model lists and token calls left out."""
        ends = ("/chat/completions", "/messages", "/generateAssistantResponse")
        return [seen for seen in self.up.book.of(api) if seen.path.endswith(ends)]

    def until(self, holds: Callable[[Book], bool], what: str) -> None:
        eventually(lambda: holds(self.up.book), what)

    def idle(self) -> None:
        """No upstream answer is being written any more."""
        self.until(lambda book: book.open_requests == 0 and book.open_streams == 0, "upstream calls to end")

    def kiro_account(self, name: str) -> KiroAccount:
        return self.up.kiro.accounts[name]

    def reset(self) -> None:
        """Forget requests and faults; accounts and tokens stay."""
        self.up.book.clear()
        self.up.faults.clear()
