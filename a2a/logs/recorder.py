"""Exchange records in a ring: the newest stay, the oldest go."""

from __future__ import annotations

from collections import OrderedDict

from a2a.control.types import Exchange, ExchangeChanged
from a2a.logs.live import Live
from a2a.logs.tally import Tally

CAPACITY = 1000


class Recorder:
    """What the gateway tells about its exchanges, and what `/admin/v1/exchanges` reads.

    `recorded`: exchanges begun so far; `dropped`: those the ring has let go of.
    """

    def __init__(self, live: Live, capacity: int = CAPACITY) -> None:
        self._live = live
        self._capacity = capacity
        self._exchanges: OrderedDict[str, Exchange] = OrderedDict()
        self.in_flight = 0
        self.served = 0
        self.recorded = 0
        self.dropped = 0
        self.tally = Tally()

    def begin(self, exchange: Exchange) -> None:
        self.in_flight += 1
        self.recorded += 1
        self._exchanges[exchange.id] = exchange
        if len(self._exchanges) > self._capacity:
            self._exchanges.popitem(last=False)
            self.dropped += 1
        self._live.publish(ExchangeChanged(exchange))

    def changed(self, exchange: Exchange) -> None:
        self._live.publish(ExchangeChanged(exchange))

    def end(self, exchange: Exchange) -> None:
        self.in_flight -= 1
        self.served += 1
        self.tally.add(exchange)
        self._live.publish(ExchangeChanged(exchange))

    def get(self, exchange_id: str) -> Exchange | None:
        return self._exchanges.get(exchange_id)

    def recent(self, limit: int = 100) -> list[Exchange]:
        """Newest first."""
        newest = reversed(self._exchanges.values())
        return [exchange for exchange, _ in zip(newest, range(limit), strict=False)]
