"""What is done with exchanges that have ended: their bodies are sealed, the prompt log and the store get them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from a2a.clock import Clock
from a2a.control.types import Exchange, Recording
from a2a.gateway.capture import Capture, Taken, taken
from a2a.gateway.prompt_log import PromptLog, Where
from a2a.gateway.sealing import bodies_of
from a2a.logs.entry import Entry, shown
from a2a.logs.safe_store import Keeping, SafeStore
from a2a.logs.scribe import Lot


class Orders(Struct, frozen=True, kw_only=True):
    """What the settings say. `store`: the file, `storing`: whether to write it; `prompts`: the path without its end."""

    store: str
    storing: bool
    keep_days: float
    max_bytes: int
    log_prompts: Where
    prompts: str

    @property
    def keeping(self) -> Keeping:
        return Keeping(days=self.keep_days, max_bytes=self.max_bytes)


class Done(Struct, frozen=True):
    """An exchange that has ended, with what was captured of it."""

    exchange: Exchange
    taken: Taken | None


_unpack = msgspec.msgpack.Decoder(list[tuple[Entry, Capture | None]]).decode


def done(data: bytes, large: Iterator[bytes]) -> list[Done]:
    """What is in a lot. Takes its large bodies."""
    return [Done(shown(entry), taken(bodies, large) if bodies else None) for entry, bodies in _unpack(data)]


class OwnHand:
    """Writes in the thread or process it is called in."""

    def __init__(self, orders: Orders, clock: Clock) -> None:
        self._orders = orders
        self._store = SafeStore(Path(orders.store), clock, orders.keeping)
        self._prompts = PromptLog()

    def obey(self, orders: Orders) -> None:
        """Other settings from now on."""
        self._orders = orders
        self._store.keeping = orders.keeping

    @property
    def stopped(self) -> Recording | None:
        return self._store.stopped

    @property
    def waiting(self) -> int:
        """What it takes it has written."""
        return 0

    @property
    def held(self) -> int:
        return 0

    @property
    def lost(self) -> int:
        return 0

    def write(self, batch: Sequence[Lot], *, again: bool) -> bool:
        return self.write_done([one for lot in batch for one in done(lot.data, iter(lot.large))], again=again)

    def write_done(self, batch: Sequence[Done], *, again: bool) -> bool:
        """As `Hand.write`."""
        if again and self._store.waits:
            return False
        orders = self._orders
        sealed = [_sealed(one) for one in batch]
        if orders.log_prompts != "none" and not again:
            for exchange in sealed:
                self._prompts.write(exchange, orders.log_prompts, orders.prompts)
        return self._store.write(sealed) if orders.storing else True

    def tidy(self) -> bool:
        """As `Hand.tidy`."""
        return self._store.tidy()

    def close(self) -> None:
        self._store.close()
        self._prompts.close()


def _sealed(one: Done) -> Exchange:
    if one.taken is None:
        return one.exchange
    return structs.replace(one.exchange, bodies=bodies_of(one.taken, one.exchange))
