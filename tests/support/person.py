"""Somebody who logs in, for the flows under test: notes what is shown, pastes and chooses what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from msgspec import Struct
from support.waiting import PATIENCE_S

from a2a.auth.login.person import DeviceCode

T = TypeVar("T")


class Page(Struct, frozen=True):
    """One call of `show_page`."""

    url: str
    opens: bool
    paste: str | None
    expires_at: float


class FakePerson:
    """A `Person`. `page()` and `code()` wait for what the flow shows next; `paste` may come before or after."""

    def __init__(self, *, choices: list[int] | None = None) -> None:
        """`choices`: the answers to `choose`, in order."""
        self.pages: list[Page] = []
        self.codes: list[DeviceCode] = []
        self.remarks: list[str] = []
        self.questions: list[tuple[str, list[str]]] = []
        self._choices = list(choices or [])
        self._pages: asyncio.Queue[Page] = asyncio.Queue()
        self._codes: asyncio.Queue[DeviceCode] = asyncio.Queue()
        self._pasted: asyncio.Queue[str | Exception] = asyncio.Queue()
        self._remarks: asyncio.Queue[str] = asyncio.Queue()

    def show_code(self, code: DeviceCode) -> None:
        self.codes.append(code)
        self._codes.put_nowait(code)

    def show_page(self, url: str, *, opens: bool, paste: str | None, expires_at: float) -> None:
        page = Page(url, opens, paste, expires_at)
        self.pages.append(page)
        self._pages.put_nowait(page)

    async def pasted(self) -> str:
        line = await self._pasted.get()
        if isinstance(line, Exception):
            raise line
        return line.strip()

    def remark(self, text: str) -> None:
        self.remarks.append(text)
        self._remarks.put_nowait(text)

    async def choose(self, question: str, options: list[str]) -> int:
        self.questions.append((question, options))
        return self._choices.pop(0)

    # --- for the test ---

    def paste(self, line: str | Exception) -> None:
        """Give the flow a line, or have `pasted` raise."""
        self._pasted.put_nowait(line)

    async def page(self) -> Page:
        return await asyncio.wait_for(self._pages.get(), PATIENCE_S)

    async def code(self) -> DeviceCode:
        return await asyncio.wait_for(self._codes.get(), PATIENCE_S)

    async def told(self) -> str:
        """The next remark that no `told` has given yet."""
        return await asyncio.wait_for(self._remarks.get(), PATIENCE_S)


async def meanwhile(login: Coroutine[Any, Any, T], act: Coroutine[Any, Any, object]) -> T:
    """What `login` gives or raises, while `act` plays the browser. A failure of `act` fails the test at once."""
    logging_in, acting = asyncio.ensure_future(login), asyncio.ensure_future(act)
    try:
        await asyncio.wait({logging_in, acting}, return_when=asyncio.FIRST_EXCEPTION, timeout=PATIENCE_S)
        if acting.done() and not acting.cancelled():
            acting.result()
        assert logging_in.done(), "the login did not end"
        return logging_in.result()
    finally:
        for task in (logging_in, acting):
            task.cancel()
        await asyncio.gather(logging_in, acting, return_exceptions=True)
