"""One live event stream: numbered, resumable, bounded however slow its listeners are and however many.

There is one log for all listeners and nothing per listener but a place in it. A change takes the place of an older one
of the same thing (an exchange, an account, a login): who waited meanwhile gets the latest state, once. So the log
holds at most one event for each thing, the newest HISTORY of them; a listener that comes back behind an older one is
told by `Missed`. Lines of the server's log are kept besides: a flood of exchanges must not push out what is read after
it.

While nobody listens, of an exchange that changes the id is put down, which costs its request next to nothing; it
becomes an event when somebody asks.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from itertools import islice
from typing import assert_never

from msgspec import structs

from a2a.clock import Clock
from a2a.control.log_entries import entry_of, rank
from a2a.control.types import (
    LOG_LINES,
    AccountChanged,
    AccountGone,
    Change,
    Exchange,
    ExchangeChanged,
    LiveEvent,
    LogEntry,
    LoginChanged,
    LogLine,
    LogWish,
    Missed,
    Progress,
)
from a2a.logs.entry import Entry, shown

HISTORY = 2000
"""Events kept for listeners that are slow or come back."""
UNHEARD = 200
"""Exchanges put down while nobody listens."""


class Live:
    """Publishing costs one entry, whoever listens.

    Numbers begin at the microsecond of the start, so that those of an earlier process are smaller than any of this one.
    """

    def __init__(self, clock: Clock, history: int = HISTORY) -> None:
        self._clock = clock
        self._history = history
        self._events: OrderedDict[Hashable, LiveEvent] = OrderedDict()
        self._seq = self._first = self._lost = int(clock.now() * 1_000_000)
        self._unheard: dict[str, None] = {}
        """The ids of what has changed while nobody listened, in that order."""
        self.recall: Callable[[], Iterable[Exchange]] = tuple
        """Gives what is known of exchanges now: what is put down is looked up there."""
        self._lines: deque[LogEntry] = deque(maxlen=LOG_LINES)
        self._listeners: set[Listener] = set()
        self.heard = asyncio.Event()
        """Set while somebody listens."""

    @property
    def last(self) -> int:
        """Number of the newest event; before the first the one that it would follow."""
        self._tell_unheard()
        return self._seq

    def changed(self, exchange: Entry) -> None:
        """An exchange has begun, gone on or ended."""
        if self._listeners:
            self.publish(ExchangeChanged(shown(exchange)))
            return
        unheard = self._unheard
        unheard[exchange.id] = None
        if len(unheard) > UNHEARD:
            del unheard[next(iter(unheard))]
            self._lose()

    def _lose(self) -> None:
        """One event, and all before it: who comes back has to ask anew anyway."""
        self._seq += 1
        self._lost = self._seq

    def _tell_unheard(self) -> None:
        """As they are now, behind everything else that happened meanwhile."""
        if self._unheard:
            unheard, self._unheard = self._unheard, {}
            known = {exchange.id: exchange for exchange in self.recall()}
            for _ in unheard.keys() - known.keys():
                self._lose()
            for exchange_id in unheard:
                if exchange_id in known:
                    self.publish(ExchangeChanged(known[exchange_id]))

    def publish(self, change: Change) -> None:
        self._seq += 1
        key = _key(change, self._seq)
        if isinstance(change, ExchangeChanged):
            self._events.pop((Progress, change.exchange.id), None)  # the exchange itself says more
            if change.exchange.bodies is not None:
                change = ExchangeChanged(structs.replace(change.exchange, bodies=None))
        event = LiveEvent(self._seq, self._clock.now(), change)
        if isinstance(change, LogLine):
            self._lines.append(entry_of(event.seq, event.at, change))
        self._events.pop(key, None)
        self._events[key] = event
        if len(self._events) > self._history:
            self._lost = self._events.popitem(last=False)[1].seq
        for listener in self._listeners:
            listener.wake()

    def since(self, after: int, most: int = HISTORY) -> list[LiveEvent]:
        """The oldest `most` events behind `after` (0: of all), with `Missed` before them where some are gone."""
        self._tell_unheard()
        found: list[LiveEvent] = []
        if after and not self._first <= after <= self._seq:
            found.append(LiveEvent(self._lost, self._clock.now(), Missed(count=0, restarted=True)))
            after = self._lost
        elif 0 < after < self._lost:
            found.append(LiveEvent(self._lost, self._clock.now(), Missed(count=self._lost - after)))
            after = self._lost
        if after == self._seq:
            return found
        behind: list[LiveEvent] = []
        for event in reversed(self._events.values()):
            if event.seq <= after:
                break
            behind.append(event)
        behind.reverse()
        return [*found, *behind[:most]]

    def log(self, wish: LogWish) -> list[LogEntry]:
        """The newest lines that are wanted, oldest first."""
        least = rank(wish.level)
        newest = (entry for entry in reversed(self._lines) if rank(entry.level) >= least)
        return list(islice(newest, wish.limit))[::-1]

    def listen(self, after: int | None = None) -> Listener:
        """A place behind `after`, or behind the newest event. Close it."""
        listener = Listener(self, self.last if after is None else after, self._left)
        self._listeners.add(listener)
        self.heard.set()
        return listener

    def _left(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        if not self._listeners:
            self.heard.clear()


class Listener:
    """One reader's place in the log."""

    def __init__(self, live: Live, after: int, left: Callable[[Listener], None]) -> None:
        self._live = live
        self._after = after
        self._left = left
        self._news = asyncio.Event()
        self.closed = False

    def wake(self) -> None:
        self._news.set()

    async def events(self, most: int, patience_s: float) -> list[LiveEvent]:
        """The next ones, at most `most` and perhaps a `Missed`, as soon as there are any. Empty: none came within
        `patience_s`, or the listener was closed."""
        self._news.clear()
        found = self._live.since(self._after, most)
        if not found and not self.closed:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await self._news.wait()
            found = self._live.since(self._after, most)
        if found:
            self._after = found[-1].seq
        return found

    def close(self) -> None:
        """Whoever waits gets nothing more, at once."""
        self.closed = True
        self._left(self)
        self._news.set()


def _key(change: Change, seq: int) -> Hashable:
    """What a newer change takes the place of."""
    match change:
        case ExchangeChanged():
            return change.exchange.id
        case AccountChanged():
            return change.account.id
        case AccountGone():
            return change.id
        case LoginChanged():
            return change.login.id
        case Progress():
            return (Progress, change.id)
        case LogLine() | Missed():
            return seq
        case _:
            assert_never(change)
