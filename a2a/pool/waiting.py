"""Who waits for a slot: first come, first served, where every account that could serve is at a limit of ours.

A freed slot is handed to its next owner by whoever frees it, so that nobody wakes in vain and nobody who comes later
takes it away. Those who want the same thing stand in one queue, of which only the head is looked at.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from itertools import count

from a2a.clock import Clock
from a2a.control.types import Considered
from a2a.pool.lease import Lease, Refused, Wish
from a2a.pool.limits import WORDS
from a2a.pool.outage import PROBING

WAITED = WORDS | {PROBING}
"""Why an account is passed over, where it is worth waiting for."""

_SHORTEST_S = 0.001
"""Between two looks at the clock."""


def waits(considered: Sequence[Considered]) -> bool:
    """Whether any of these accounts is only at a limit; one that rests or needs its user is not waited for."""
    return any(item.why in WAITED for item in considered)


class _Turn:
    """One who waits. `seat`: gets the lease, or why there is none."""

    __slots__ = ("key", "place", "seat", "wish")

    def __init__(self, wish: Wish, key: Hashable, place: int) -> None:
        self.wish = wish
        self.key = key
        self.place = place
        self.seat: asyncio.Future[Lease] = asyncio.get_running_loop().create_future()


class Line:
    """Those who wait for the accounts of one provider.

    `serve`: a lease for the wish, or the accounts that were looked at; `tell`: these as an error.
    """

    def __init__(
        self,
        clock: Clock,
        serve: Callable[[Wish], Lease | list[Considered]],
        tell: Callable[[Wish, list[Considered]], Refused],
    ) -> None:
        self.count = 0
        self._clock = clock
        self._serve = serve
        self._tell = tell
        self._places = count()
        self._queues: dict[Hashable, OrderedDict[int, _Turn]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def holds(self, key: Hashable) -> bool:
        """Whether somebody wants the same thing already."""
        return key in self._queues

    async def wait(self, wish: Wish, key: Hashable, within_s: float) -> Lease:
        """The lease, when its turn comes. Raises Refused at the end of `within_s`, and at once when there is nothing
        left to wait for. Whoever is cancelled gives up the place."""
        turn = _Turn(wish, key, next(self._places))
        self._queues.setdefault(key, OrderedDict())[turn.place] = turn
        self.count += 1
        expiry = asyncio.get_running_loop().call_later(within_s, self._expire, turn)
        try:
            self.pump()
            return await turn.seat
        except asyncio.CancelledError:
            if turn.seat.done() and not turn.seat.cancelled() and turn.seat.exception() is None:
                turn.seat.result().release()
            elif self._leave(turn):
                self.pump()
            raise
        finally:
            expiry.cancel()

    def pump(self) -> None:
        """Hand out what is free, in the order in which they came; send those away who wait for nothing."""
        heads = [(next(iter(queue)), key) for key, queue in self._queues.items()]
        heapq.heapify(heads)
        wake_s = math.inf
        while heads:
            place, key = heapq.heappop(heads)
            wake_s = min(wake_s, self._advance(self._queues[key][place]))
            queue = self._queues.get(key)
            if queue is not None and (head := next(iter(queue))) != place:
                heapq.heappush(heads, (head, key))
        self._wake_in(wake_s)

    def _advance(self, turn: _Turn) -> float:
        """Serve or refuse the head of a queue; seconds until it is worth another look, where it has to stay."""
        if not turn.seat.done():  # else cancelled, and about to leave
            found = self._serve(turn.wish)
            if isinstance(found, Lease):
                turn.seat.set_result(found)
            elif waits(found):
                now = self._clock.now()
                return min((item.until - now for item in found if item.until is not None), default=math.inf)
            else:
                turn.seat.set_exception(self._tell(turn.wish, found))
        self._leave(turn)
        return math.inf

    def _wake_in(self, wait_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if wait_s < math.inf:
            self._timer = asyncio.get_running_loop().call_later(max(wait_s, _SHORTEST_S), self.pump)

    def _expire(self, turn: _Turn) -> None:
        self.pump()
        if turn.seat.done():
            return
        found = self._serve(turn.wish)
        if isinstance(found, Lease):
            turn.seat.set_result(found)
        else:
            turn.seat.set_exception(self._tell(turn.wish, found))
        if self._leave(turn):
            self.pump()

    def _leave(self, turn: _Turn) -> bool:
        """Whether it was still there."""
        queue = self._queues.get(turn.key)
        if queue is None or queue.pop(turn.place, None) is None:
            return False
        self.count -= 1
        if not queue:
            del self._queues[turn.key]
        return True
