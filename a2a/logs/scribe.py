"""The writer of the record: one thread that takes what has ended and has it written, a batch at a time.

The event loop packs what has ended and puts it into a queue that never blocks and never grows beyond its bounds. Where
bodies come faster than they can be written, exchanges go without them; where nothing can be written for long, the
oldest that wait are let go of. Both are counted and told. What writing means is the `Hand`'s: it redacts, encodes,
compresses and stores.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec
from msgspec import Raw, Struct, structs

from a2a.control.types import Recording
from a2a.logs.entry import Entry

log = logging.getLogger(__name__)

BATCH_S = 0.25
"""How long an exchange that has ended waits for others: the most that a crash takes."""
BATCH = 2_000
BATCH_BYTES = 4 * 1024 * 1024
"""Exchanges, and bytes of them, in one transaction at most."""
MANY_BYTES = BATCH_BYTES
"""That do not wait for more."""
TOGETHER = 16
"""That are packed by one call: what stands between several calls costs more than they do."""
TOGETHER_BYTES = 4 * 1024 * 1024
"""Of bodies that do not wait for that: they would be held on to."""
RECENT = 200
"""Exchanges that have ended and stay in memory: what a question finds that comes before the file is written."""
LARGE = 4 * 1024
"""Bytes of a body, or of a piece of one, that is handed over beside the rest, without another copy of it."""
WAITING = 20_000
"""Exchanges that wait at most: some 10 MB of them."""
WAITING_BYTES = 64 * 1024 * 1024
"""Of what waits packed: exchanges that end when there is more than this go without their bodies."""
IDLE_S = 60.0
"""How often the thread looks for old exchanges while nothing comes."""
_LOOK_S = 0.02
"""How often somebody who waits for the writing looks whether it is done."""
END_S = 5.0
"""How long the end of a process waits for the last batch."""


class Capture(Protocol):
    """The bodies of one exchange as they went by."""

    bulky: bool
    """Whether an upstream was sent a large body, whatever the client had sent."""

    def beside(self) -> Sequence[bytes]:
        """Takes out those of LARGE bytes and more, or large pieces of them. The rest can be packed as it is."""
        ...


Ended = tuple[Entry, Capture | None]
"""An exchange that has ended, and its bodies."""


class Lot(Struct, frozen=True):
    """`count` exchanges, packed as a list of pairs (`Ended`), and the large ones of their bodies, in that order.

    Packing costs the event loop two or three microseconds each, while all of it is at hand; a thread would fetch the
    same objects from another core and hold the interpreter for it, and the loop pay for both.
    """

    data: bytes
    count: int
    large: Sequence[bytes]

    @property
    def size(self) -> int:
        return len(self.data) + sum(map(len, self.large))

    def exchanges(self) -> list[Entry]:
        """Without their bodies."""
        return [exchange for exchange, _ in _unpack(self.data)]


_unpack = msgspec.msgpack.Decoder(list[tuple[Entry, Raw]]).decode
_BUFFER_BYTES = 1024 * 1024
"""More is not kept for the next lot."""


class Packer:
    """For one thread at a time: what it packs into is used again, warm and as large as it has to be."""

    def __init__(self) -> None:
        self._pack_into = msgspec.msgpack.Encoder().encode_into
        self._buffer = bytearray()

    def pack(self, ended: Sequence[Ended], beside: Mapping[str, Sequence[bytes]]) -> Lot:
        """`beside`: what was taken out, by the exchange's id.

        Leaves out what cannot be packed, as half a character in it, and says so: nobody else must pay for it.
        """
        try:
            data = self._packed(ended)
        except UnicodeEncodeError:
            ended = [one for one in ended if self._can_be_packed(one)]
            data = self._packed(ended)
        large = [body for exchange, _ in ended for body in beside.get(exchange.id, ())] if beside else ()
        return Lot(data, len(ended), large)

    def _packed(self, ended: Sequence[Ended]) -> bytes:
        self._pack_into(ended, self._buffer)
        data = bytes(self._buffer)
        if len(data) > _BUFFER_BYTES:
            self._buffer = bytearray()
        return data

    def _can_be_packed(self, one: Ended) -> bool:
        try:
            self._packed([one])
        except UnicodeEncodeError:
            log.warning("exchange_not_recorded id=%s", one[0].id)
            return False
        return True


class Hand(Protocol):
    """Who writes. Called from the scribe's thread alone."""

    @property
    def stopped(self) -> Recording | None:
        """Why nothing can be written now."""
        ...

    @property
    def waiting(self) -> int:
        """Exchanges it has taken and not written yet."""
        ...

    @property
    def held(self) -> int:
        """Bytes it has taken and not written yet."""
        ...

    @property
    def lost(self) -> int:
        """Exchanges it has taken and let go of."""
        ...

    def write(self, batch: Sequence[Lot], *, again: bool) -> bool:
        """Whether it has taken that; else it is given once more, later, with `again`."""
        ...

    def tidy(self) -> bool:
        """Nothing else is to do: let go of what is old. Whether there is more of it."""
        ...

    def close(self) -> None: ...


class Scribe:
    """`put()` from the event loop, then `close()`. The thread begins with the first and ends with the process, whatever
    it does.
    """

    def __init__(self, hand: Hand) -> None:
        self._hand = hand
        self._fresh: list[Ended] = []
        """What has ended and is not packed. It is added to at its end and taken from at its beginning."""
        self._fresh_bytes = 0
        """Of its bodies, about."""
        self._queue: deque[Lot] = deque()
        self._recent: deque[Lot] = deque()
        """The newest that have been packed, without large bodies, written or not; so many exchanges:"""
        self._kept = 0
        self._batch: list[Lot] = []
        # Each counter has one writer: the event loop, the thread, or who packs.
        self._puts = self._without_bodies = 0
        self._taken = self._done_bytes = self._lost_writing = self._handed = 0
        self._packed = self._packed_bytes = self._lost_waiting = 0
        self._big = 0
        """Bytes packed since the thread was told to hurry."""
        self._packer = Packer()
        self._packing = threading.Lock()
        self._told = False
        """That bodies are left out; until nothing waits any more."""
        self._wake = threading.Event()
        self._idle = True
        self._hurry = threading.Event()
        self._turned = threading.Condition()
        self._ending = False
        self._full = False
        """Whether as many bodies wait as may."""
        self._more = False
        """Whether old exchanges are still to go."""
        self._thread: threading.Thread | None = None

    # the event loop's side

    def _start(self) -> None:
        if not self._ending:
            self._thread = threading.Thread(target=self._run, name="a2a record", daemon=True)
            self._thread.start()

    def attend(self) -> None:
        """Look for old exchanges now, and from now on whether or not new ones come."""
        if self._thread is None:
            self._start()
        self._wake.set()

    def put(self, exchange: Entry, capture: Capture | None = None) -> None:
        """An exchange that has ended: it does not change any more."""
        self._puts += 1
        if capture is not None:
            if self._full:
                self._without(exchange)
                capture = None
            else:
                self._fresh_bytes += TOGETHER_BYTES if capture.bulky else exchange.request_bytes + exchange.answer_bytes
        fresh = self._fresh
        fresh.append((exchange, capture))
        if len(fresh) >= TOGETHER or self._fresh_bytes >= TOGETHER_BYTES:
            self._fresh_bytes = 0
            self._pack(wait=False)
        if self._idle:
            self.attend()

    def _without(self, exchange: Entry) -> None:
        """It goes without its bodies, which nobody holds on to: there is no room for them."""
        exchange.bodies_lost = True
        self._without_bodies += 1
        if not self._told:
            self._told = True
            log.warning("bodies_left_out waiting_mib=%d", WAITING_BYTES // (1024 * 1024))

    # either side

    def _pack(self, *, wait: bool) -> None:
        """All that is fresh. Where the other side does just that, `wait` for its end or leave it to it."""
        if not self._packing.acquire(blocking=wait):
            return
        try:
            while ended := self._fresh[:TOGETHER]:
                del self._fresh[: len(ended)]
                self._pack_these(ended)
            while self._packed - self._taken > WAITING:
                self._let_go()
            if self._big > MANY_BYTES:
                self._big = 0
                self._hurry.set()
        finally:
            self._packing.release()

    def _pack_these(self, ended: list[Ended]) -> None:
        beside = {
            exchange.id: capture.beside()
            for exchange, capture in ended
            if capture is not None and (capture.bulky or exchange.request_bytes + exchange.answer_bytes >= LARGE)
        }
        lot = self._packer.pack(ended, beside)
        size = lot.size
        self._queue.append(lot)
        self._keep(lot)
        self._lost_waiting += len(ended) - lot.count
        self._packed += lot.count
        self._packed_bytes += size
        self._big += size
        self._see()

    def _keep(self, lot: Lot) -> None:
        recent = self._recent
        recent.append(Lot(lot.data, lot.count, ()) if lot.large else lot)
        self._kept += lot.count
        while self._kept - recent[0].count >= RECENT:
            self._kept -= recent.popleft().count

    def _let_go(self) -> None:
        """Of the oldest that wait; should the thread take them at the same moment, there is room anyway."""
        with contextlib.suppress(IndexError):
            lot = self._queue.popleft()
            self._lost_waiting += lot.count
            self._packed -= lot.count
            self._packed_bytes -= lot.size

    def _see(self) -> None:
        """Whether there is room."""
        self._full = self._packed_bytes - self._done_bytes + self._hand.held > WAITING_BYTES

    def recent(self) -> list[Entry]:
        """What was put last, oldest first, RECENT of it or a few more, without bodies."""
        with self._packing:
            packed = [exchange for lot in self._recent for exchange in lot.exchanges()]
            return [*packed, *(exchange for exchange, _ in self._fresh)]

    def find(self, exchange_id: str) -> Entry | None:
        """Of what was put last."""
        name = exchange_id.encode(errors="replace")
        with self._packing:
            for exchange, _ in self._fresh:
                if exchange.id == exchange_id:
                    return exchange
            lots = [lot for lot in self._recent if name in lot.data]
        return next((one for lot in lots for one in lot.exchanges() if one.id == exchange_id), None)

    def counted(self, state: Recording) -> Recording:
        """The state with what has been written, lost and not written yet."""
        waiting, lost = self._hand.waiting, self._hand.lost
        return structs.replace(
            state,
            written=self._handed - waiting - lost,
            lost=self._lost_waiting + self._lost_writing + lost,
            without_bodies=self._without_bodies,
            waiting=self._puts - self._handed - self._lost_waiting - self._lost_writing + waiting,
        )

    def flush(self, timeout_s: float = END_S) -> bool:
        """Wait until what was put before is written; False when that cannot be, or not in time. Blocks."""
        due = time.monotonic() + timeout_s
        wanted = self._puts
        with self._turned:
            while self._handed - self._hand.waiting + self._lost_writing + self._lost_waiting < wanted:
                left_s = due - time.monotonic()
                if left_s <= 0 or self._hand.stopped is not None or self._thread is None:
                    return False
                self._hurry.set()
                self._wake.set()
                self._turned.wait(min(left_s, _LOOK_S))
        return True

    def close(self) -> None:
        """Write what waits, and end. Blocks for END_S at most."""
        self._ending = True
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._hurry.set()
        self._wake.set()
        thread.join(END_S)

    # the thread's side

    def _run(self) -> None:
        while True:
            self._rest()
            ending = self._ending
            self._turn()
            with self._turned:
                self._turned.notify_all()
            if ending:
                break
        self._hand.close()

    def _rest(self) -> None:
        """Until something waits, or may be over, and then until a batch may have come together."""
        self._idle = True
        if not (self._fresh or self._queue or self._batch or self._more or self._full or self._ending):
            self._wake.wait(IDLE_S)
        self._idle = False
        self._wake.clear()
        if not self._ending:
            self._hurry.wait(BATCH_S)
        self._hurry.clear()

    def _turn(self) -> None:
        """Everything that waits now, batch by batch, as far as it can be written: not what comes meanwhile, which would
        be a small batch, and each takes the interpreter from the event loop a few times."""
        try:
            again, more = bool(self._batch), True
            while again or more:
                more = again or self._take()
                if self._batch and not self._hand.write(self._batch, again=again):
                    return
                self._handed += self._done()
                again = False
            self._see()
            self._told = self._told and bool(self._hand.held)
            self._more = self._hand.tidy()
        except Exception:  # what this batch holds must not end the recording of those to come
            log.exception("exchanges_not_recorded count=%d", sum(lot.count for lot in self._batch))
            self._lost_writing += self._done()
            self._more = False

    def _done(self) -> int:
        """Nobody holds on to the batch any more, which had so many exchanges."""
        batch, self._batch = self._batch, []
        self._done_bytes += sum(lot.size for lot in batch)
        return sum(lot.count for lot in batch)

    def _take(self) -> bool:
        """Fill the batch. Whether it is full, so that there may be more."""
        self._pack(wait=True)
        count = size = 0
        with contextlib.suppress(IndexError):  # nothing is left
            while count < BATCH and size < BATCH_BYTES:
                lot = self._queue.popleft()
                self._batch.append(lot)
                count += lot.count
                size += lot.size
        self._taken += count
        return count >= BATCH or size >= BATCH_BYTES
