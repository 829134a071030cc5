"""What the gateway tells about its exchanges: to those who listen, to the counts, and to the store when they end."""

from __future__ import annotations

from collections import OrderedDict
from itertools import chain

from msgspec import Raw

from a2a.control.types import Exchange
from a2a.logs.entry import Entry, shown
from a2a.logs.live import Live
from a2a.logs.scribe import RECENT, Capture, Scribe
from a2a.logs.tally import Tally


class Recorder:
    """Of one process. What is in flight is here; what has ended goes to the scribe, which keeps the newest packed: as
    objects they made every request two per cent slower, by what they took of the processor's caches. Where nothing is
    stored the `recent` newest stay here.

    `recorded`: exchanges begun so far. `body_cap`: bytes kept of each body, 0 while none are wanted.
    `secrets`: those that no body may hold, a list in MessagePack, of which there are none yet.
    """

    def __init__(self, live: Live, recent: int = RECENT, *, scribe: Scribe | None = None) -> None:
        self._live = live
        self._recent = recent
        self._flying: dict[str, Entry] = {}
        self._ended: OrderedDict[str, Entry] = OrderedDict()
        self._scribe = scribe
        live.recall = self.recent
        self.storing = scribe is not None
        """Whether what has ended goes to the scribe."""
        self.body_cap = 0
        self.secrets = Raw(b"\x90")
        self.served = 0
        self.recorded = 0
        self.tally = Tally()

    @property
    def in_flight(self) -> int:
        return len(self._flying)

    def begin(self, exchange: Entry) -> None:
        self.recorded += 1
        self._flying[exchange.id] = exchange
        self._live.changed(exchange)

    def changed(self, exchange: Entry) -> None:
        self._live.changed(exchange)

    def end(self, exchange: Entry, capture: Capture | None = None) -> None:
        """It does not change any more. `capture`: its bodies, where they were wanted."""
        self._flying.pop(exchange.id, None)
        self.served += 1
        self.tally.add(exchange)
        if self.storing and self._scribe is not None:
            self._scribe.put(exchange, capture)
        else:
            self._ended[exchange.id] = exchange
            if len(self._ended) > self._recent:
                self._ended.popitem(last=False)
        self._live.changed(exchange)

    def get(self, exchange_id: str) -> Exchange | None:
        here = self._flying.get(exchange_id) or self._ended.get(exchange_id)
        if here is None and self._scribe is not None:
            here = self._scribe.find(exchange_id)
        return here and shown(here)

    def recent(self, limit: int | None = None) -> list[Exchange]:
        """What is in flight or has just ended, newest first."""
        written = self._scribe.recent() if self._scribe is not None else ()
        known = chain(self._flying.values(), self._ended.values(), written)
        return [shown(entry) for entry in sorted(known, key=_begun, reverse=True)[:limit]]


def _begun(exchange: Exchange) -> tuple[float, str]:
    return exchange.started_at, exchange.id
