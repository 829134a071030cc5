"""Everything a process knows of exchanges, asked as one: what runs, what has just ended, what is in the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from msgspec import structs

from a2a.control.types import Exchange, ExchangePage, ExchangeWish, Stats, StatsWish
from a2a.logs.archive import Archive
from a2a.logs.filters import passes
from a2a.logs.recorder import Recorder
from a2a.logs.scribe import Scribe

A = TypeVar("A")
T = TypeVar("T")

_FLUSH_S = 1.0
"""How long a question waits for what has just ended to be written."""


class Record:
    """For the event loop: questions to the file are asked in a thread. Errors are those of `Archive`."""

    def __init__(self, recorder: Recorder, scribe: Scribe, archive: Archive) -> None:
        self._recorder = recorder
        self._scribe = scribe
        self._archive = archive

    async def page(self, wish: ExchangeWish) -> ExchangePage:
        """Newest first, without bodies."""
        behind = self._recorder.get(wish.before) if wish.before is not None else None
        asked = wish
        if behind is not None and behind.state not in _ENDED:  # not in the file: what began until then is behind it
            until = behind.started_at if wish.until is None else min(wish.until, behind.started_at)
            asked = structs.replace(wish, before=None, until=until)
        stored = await self._written(self._archive.page, asked)
        here = [one for one in self._recorder.recent() if passes(one, wish) and _is_behind(one, behind, wish)]
        return _merged(here, stored, wish)

    async def get(self, exchange_id: str) -> Exchange | None:
        """With its bodies, where they were recorded and it has ended."""
        here = self._recorder.get(exchange_id)
        if here is not None and here.state not in _ENDED:
            return here
        return await self._written(self._archive.get, exchange_id) or here

    async def stats(self, wish: StatsWish) -> Stats:
        """Of what has ended."""
        return await self._written(self._archive.stats, wish)

    async def _written(self, question: Callable[[A], T], asked: A) -> T:
        """Ask the file, once what has ended until now is in it."""

        def ask() -> T:
            self._scribe.flush(_FLUSH_S)
            return question(asked)

        return await asyncio.to_thread(ask)

    def close(self) -> None:
        self._archive.close()


_ENDED = ("done", "failed", "client_closed")


def _is_behind(one: Exchange, behind: Exchange | None, wish: ExchangeWish) -> bool:
    if wish.before is None:
        return True
    if behind is None:  # an id that is in the file alone
        return one.id < wish.before
    return (one.started_at, one.id) < (behind.started_at, behind.id)


def _merged(here: list[Exchange], stored: ExchangePage, wish: ExchangeWish) -> ExchangePage:
    """One page of both; what is known here is newer than its row."""
    found = {one.id: one for one in stored.exchanges} | {one.id: one for one in here}
    found.pop(wish.before or "", None)
    ordered = sorted(found.values(), key=lambda one: (one.started_at, one.id), reverse=True)
    shown = ordered[: wish.limit]
    more = stored.next is not None or len(ordered) > wish.limit
    return ExchangePage(exchanges=shown, next=shown[-1].id if more and shown else None)
