"""The record of one process, put together from its settings: recorder, writer, archive."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Raw

from a2a.clock import Clock
from a2a.config import ServerSettings, Settings
from a2a.control.types import Recording
from a2a.gateway.cassettes.redaction import secrets_of
from a2a.gateway.hand import Orders, OwnHand
from a2a.gateway.helper import Helper, HelperGone
from a2a.logs.archive import Archive
from a2a.logs.live import Live
from a2a.logs.record import Record
from a2a.logs.recorder import Recorder
from a2a.logs.safe_store import TIDY_S
from a2a.logs.scribe import Lot, Scribe

log = logging.getLogger(__name__)

BUSY = 0.1
"""Share of the time that writing may take in this process, where it slows the requests."""
_LOOKED_AT_S = 1.0
_LOOKED_AT = 500
"""Over how long that is looked at, or over how many exchanges."""
_KIB = 1024
_MIB = 1024 * 1024


class Hands:
    """Writes here while there is little to write, as for most people always, and has a helper do it from then on that
    it is much. A helper that is gone is not replaced.
    """

    def __init__(self, orders: Orders, clock: Clock, *, alone: bool) -> None:
        """`alone`: never by a helper, which could not know the clock of a test."""
        self._orders = orders
        self._clock = clock
        self._own: OwnHand | None = OwnHand(orders, clock)
        self._helper: Helper | None = None
        self._alone = alone or not sys.executable or getattr(sys, "frozen", False)
        self._since = time.monotonic()
        self._busy_s = 0.0
        self._seen = 0
        self._lost = 0
        self._tidy_at = 0.0

    def obey(self, orders: Orders) -> None:
        """From any thread."""
        if orders != self._orders:
            self._orders = orders
            self._tidy_at = 0.0

    @property
    def stopped(self) -> Recording | None:
        hand = self._helper or self._own
        return hand.stopped if hand is not None else None

    @property
    def waiting(self) -> int:
        return self._helper.waiting if self._helper is not None else 0

    @property
    def held(self) -> int:
        return self._helper.held if self._helper is not None else 0

    @property
    def lost(self) -> int:
        return self._lost + (self._helper.lost if self._helper is not None else 0)

    def write(self, batch: Sequence[Lot], *, again: bool) -> bool:
        count = sum(lot.count for lot in batch)
        if self._helper is None and count >= _LOOKED_AT:  # to write these here first would take long
            self._hire()
        if self._helper is not None:
            try:
                self._helper.orders = self._orders
                return self._helper.write(batch, again=again)
            except HelperGone as gone:
                self._return(gone)
        own = self._mine()
        began = time.monotonic()
        written = own.write(batch, again=again)
        self._count(began, count)
        return written

    def tidy(self) -> bool:
        try:
            if self._helper is not None:
                self._helper.orders = self._orders
                if self._helper.more or time.monotonic() > self._tidy_at:
                    self._tidy_at = time.monotonic() + TIDY_S
                    self._helper.tidy()
                return self._helper.more
        except HelperGone as gone:
            self._return(gone)
        return self._mine().tidy()

    def close(self) -> None:
        if self._own is not None:
            self._own.close()
        if self._helper is not None:
            self._helper.close()

    def _mine(self) -> OwnHand:
        if self._own is None:
            self._own = OwnHand(self._orders, self._clock)
        self._own.obey(self._orders)
        return self._own

    def _count(self, began: float, written: int) -> None:
        """How much of the time goes into writing; much of it is a helper's work."""
        now = time.monotonic()
        self._busy_s += now - began
        self._seen += written
        passed_s = min(now - self._since, _LOOKED_AT_S)  # not the quiet time before
        if passed_s < _LOOKED_AT_S and self._seen < _LOOKED_AT:
            return
        if self._busy_s > BUSY * passed_s:
            self._hire()
        self._since, self._busy_s, self._seen = now, 0.0, 0

    def _hire(self) -> None:
        stopped = self._own is not None and self._own.stopped is not None  # a helper could not write either
        if self._alone or stopped:
            return
        try:
            self._helper = Helper(self._orders)
        except HelperGone as gone:
            self._return(gone)
            return
        if self._own is not None:
            self._own.close()
            self._own = None

    def _return(self, gone: HelperGone) -> None:
        """It is done here again, with what the helper had left over."""
        log.warning("record_helper_gone error=%s", gone)
        helper, self._helper = self._helper, None
        self._alone = True
        if helper is None:
            return
        helper.close()
        left = helper.left()
        self._lost += helper.lost
        if left and not self._mine().write_done(left, again=True):
            self._lost += len(left)


class Recordings:
    """`recorder`: what the gateway tells. `record`: what is asked. `aclose()` writes what waits."""

    def __init__(self, settings: Settings, live: Live, clock: Clock, *, alone: bool = True) -> None:
        self._path = settings.folders.exchanges
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(clock.now()))
        self._prompts = f"-{stamp}.jsonl"
        self._data = settings.folders.data
        self._hands = Hands(self._orders(settings.server), clock, alone=alone)
        self._scribe = Scribe(self._hands)
        self._attended = False
        self.recorder = Recorder(live, scribe=self._scribe)
        self.record = Record(self.recorder, self._scribe, Archive(self._path))
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """These settings from now on; what is in flight is recorded as it began."""
        server = settings.server
        secrets = [secret.reveal() for secret in secrets_of(settings)]
        self.recorder.secrets = Raw(msgspec.msgpack.encode(secrets))
        self._storing = server.log_exchanges
        self._hands.obey(self._orders(server))
        prompts = server.log_prompts != "none"
        self.recorder.storing = server.log_exchanges or prompts
        wanted = prompts or (server.log_bodies and server.log_exchanges)
        self.recorder.body_cap = server.log_body_max_kib * _KIB if wanted else 0
        if self._attended:
            self._scribe.attend()

    def attend(self) -> None:
        """A server runs: from now on old exchanges go whether or not new ones come."""
        self._attended = True
        self._scribe.attend()

    def _orders(self, server: ServerSettings) -> Orders:
        return Orders(
            store=str(self._path),
            storing=server.log_exchanges,
            keep_days=server.log_keep_days,
            max_bytes=server.log_max_mib * _MIB,
            log_prompts=server.log_prompts,
            prompts=str(Path(self._data) / f"{server.prompt_log_base_name}{self._prompts}"),
        )

    @property
    def state(self) -> Recording | None:
        """None: nothing is stored."""
        if not self._storing:
            return None
        return self._scribe.counted(self._hands.stopped or Recording(file=str(self._path)))

    async def aclose(self) -> None:
        """Nothing is to be told any more."""
        await asyncio.to_thread(self._scribe.close)
        self.record.close()
        if (state := self.state) is not None and (gone := state.waiting + state.lost):
            log.warning("exchanges_not_recorded count=%d of=%d why=%s", gone, gone + state.written, state.stopped or "")
