"""The writer of the record: one thread that takes what has ended and has it written, a batch at a time.

The event loop only puts references into a queue that never blocks and never grows beyond its bounds. Where bodies come
faster than they can be written, exchanges go without them; where nothing can be written for long, the oldest that wait
are let go of. Both are counted and told. What writing means is the `Hand`'s: it redacts, encodes, compresses and stores
exchanges that have ended and so do not change any more.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
from msgspec import structs

from a2a.control.types import Exchange, Recording

log = logging.getLogger(__name__)

BATCH_S = 0.25
"""How long an exchange that has ended waits for others: the most that a crash takes."""
BATCH = 500
BATCH_BYTES = 8 * 1024 * 1024
"""Exchanges, and bytes of their bodies, in one transaction at most."""
MANY = 400
MANY_BYTES = 4 * 1024 * 1024
"""That do not wait for more. Each batch takes the interpreter from the event loop a few times, whatever it holds."""
WAITING = 20_000
"""Exchanges that wait at most: some 30 MB of them."""
WAITING_BYTES = 64 * 1024 * 1024
"""Of bodies that wait: exchanges that end when there is more than this go without theirs."""
IDLE_S = 60.0
"""How often the thread looks for old exchanges while nothing comes."""
_LOOK_S = 0.02
"""How often somebody who waits for the writing looks whether it is done."""
END_S = 5.0
"""How long the end of a process waits for the last batch."""


class Capture(Protocol):
    """The bodies of one exchange as they went by."""

    @property
    def size(self) -> int:
        """Bytes it holds on to."""
        ...


Entry = tuple[bytes, Capture | None]
"""An exchange, packed, and its bodies. Packing costs the event loop less than a microsecond, while all of it is still
at hand; a thread of its own would fetch the same objects from another core, and the loop pay for that."""

pack: Callable[[Exchange], bytes] = msgspec.msgpack.Encoder().encode
unpack: Callable[[bytes], Exchange] = msgspec.msgpack.Decoder(Exchange).decode


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

    def write(self, batch: Sequence[Entry], *, again: bool) -> bool:
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
        self._queue: deque[tuple[Entry, int]] = deque()
        """What has ended, and the size of its bodies."""
        self._batch: list[Entry] = []
        self._batch_bytes = 0
        # Each counter has one side that writes it.
        self._put_bytes = self._lost_waiting = self._without_bodies = 0
        self._done_bytes = self._lost_writing = self._handed = 0
        self._puts = 0
        self._big = 0
        """Bytes of bodies put since the thread was told to hurry."""
        self._told = False
        """That bodies are left out; until nothing waits any more."""
        self._wake = threading.Event()
        self._idle = False
        self._hurry = threading.Event()
        self._turned = threading.Condition()
        self._ending = False
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

    def put(self, exchange: Exchange, capture: Capture | None = None) -> None:
        """An exchange that has ended: it does not change any more."""
        if self._thread is None:
            self._start()
        self._puts += 1
        size = 0
        if capture is not None:
            size = capture.size
            if self.full:
                capture, size = None, 0
                self.leave_out(exchange)
        try:
            packed = pack(exchange)
        except UnicodeEncodeError:  # half a character, from wherever: the request must not pay for it
            log.warning("exchange_not_recorded id=%s", exchange.id)
            self._lost_waiting += 1
            return
        self._queue.append(((packed, capture), size))
        if size:
            self._put_bytes += size
            self._big += size
        if len(self._queue) == MANY or self._big > MANY_BYTES:
            self._big = 0
            self._hurry.set()
        elif len(self._queue) > WAITING:
            self._let_go()
        if self._idle:
            self._wake.set()

    @property
    def full(self) -> bool:
        """Whether as many bodies wait as may."""
        return self._put_bytes - self._done_bytes + self._hand.held > WAITING_BYTES

    def leave_out(self, exchange: Exchange) -> None:
        """It goes without its bodies, for which there is no room."""
        exchange.bodies_lost = True
        self._without_bodies += 1
        if not self._told:
            self._told = True
            log.warning("bodies_left_out waiting_mib=%d", WAITING_BYTES // (1024 * 1024))

    def _let_go(self) -> None:
        """Of the oldest that waits; should the thread take it at the same moment, there is room anyway."""
        with contextlib.suppress(IndexError):
            _, size = self._queue.popleft()
            self._lost_waiting += 1
            self._put_bytes -= size

    def counted(self, state: Recording) -> Recording:
        """The state with what has been written, lost and not written yet."""
        waiting, lost = self._hand.waiting, self._hand.lost
        return structs.replace(
            state,
            written=self._handed - waiting - lost,
            lost=self._lost_waiting + self._lost_writing + lost,
            without_bodies=self._without_bodies,
            waiting=len(self._queue) + len(self._batch) + waiting,
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
        """Until something waits, and then until a batch may have come together."""
        self._idle = True
        if not (self._queue or self._batch or self._more or self._ending):
            self._wake.wait(IDLE_S)
        self._idle = False
        self._wake.clear()
        if not self._ending:
            self._hurry.wait(BATCH_S)
        self._hurry.clear()

    def _turn(self) -> None:
        """Everything that waits now, batch by batch, as far as it can be written."""
        try:
            again = bool(self._batch)
            while again or self._take():
                if not self._hand.write(self._batch, again=again):
                    return
                self._handed += len(self._batch)
                self._batch, again = [], False
                self._done()
            self._told = self._told and bool(self._hand.held)
            self._more = self._hand.tidy()
        except Exception:  # what this batch holds must not end the recording of those to come
            log.exception("exchanges_not_recorded count=%d", len(self._batch))
            self._lost_writing += len(self._batch)
            self._batch, self._more = [], False
            self._done()

    def _done(self) -> None:
        """Nobody holds on to the batch any more."""
        self._done_bytes += self._batch_bytes
        self._batch_bytes = 0

    def _take(self) -> bool:
        """Fill the batch."""
        queue, batch = self._queue, self._batch
        with contextlib.suppress(IndexError):  # let go of at this moment
            for _ in range(min(len(queue), BATCH)):
                entry, size = queue.popleft()
                batch.append(entry)
                self._batch_bytes += size
                if self._batch_bytes > BATCH_BYTES:
                    break
        return bool(batch)
