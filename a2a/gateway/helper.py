"""A process that writes the record for a server that is busy: what it does costs the requests nothing but the sending.

It gets batches over its stdin and says after each whether it is written. It ends with its stdin, so that the death of
the server, however sudden, loses only what was not sent yet. Where none can be started, the server writes by itself.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

import a2a
from a2a.clock import SystemClock
from a2a.control.types import Recording
from a2a.gateway.hand import Done, Orders, OwnHand, done
from a2a.logs.scribe import END_S, Entry

log = logging.getLogger(__name__)

AT_ONCE = 50
"""Exchanges in one message: each is encoded in one go, which holds the event loop up."""

_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from a2a.gateway.helper import main; main()"
_LENGTH = 4


class _Order(Struct, frozen=True, kw_only=True):
    orders: Orders
    batch: list[Done]
    again: bool
    tidy: bool


class _Reply(Struct, frozen=True):
    written: bool
    stopped: Recording | None


_ORDER = msgspec.msgpack.Decoder(_Order)
_REPLY = msgspec.msgpack.Decoder(_Reply)
_encode = msgspec.msgpack.Encoder().encode


class HelperGone(Exception):
    """The process has ended, or never began."""


class Helper:
    """The process, as the server sees it. Every method may raise HelperGone."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.stopped: Recording | None = None
        self._sent = 0  # of a batch that was refused in the middle
        # -P: the folder the user happens to be in is no place to import from.
        command = [sys.executable, "-P", "-c", _PROGRAM, str(Path(a2a.__file__).parents[1])]
        try:
            self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and program)
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        except OSError as error:
            raise HelperGone(str(error)) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to: IO[bytes] = self._process.stdin
        self._from: IO[bytes] = self._process.stdout

    def write(self, batch: Sequence[Entry], *, again: bool) -> bool:
        """As `Hand.write`."""
        for at in range(self._sent, len(batch), AT_ONCE):
            part = [done(entry) for entry in batch[at : at + AT_ONCE]]
            if not self._ask(part, again=again and at == self._sent, tidy=False):
                self._sent = at
                return False
        self._sent = 0
        return True

    def tidy(self) -> None:
        self._ask([], again=False, tidy=True)

    def close(self) -> None:
        """Let it end; it has nothing left to do."""
        with contextlib.suppress(OSError):
            self._to.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._from.close()

    def _ask(self, part: list[Done], *, again: bool, tidy: bool) -> bool:
        try:
            _put(self._to, _encode(_Order(orders=self.orders, batch=part, again=again, tidy=tidy)))
            answer = _get(self._from)
        except OSError as error:
            self.close()
            raise HelperGone(str(error)) from error
        if answer is None:
            self.close()
            raise HelperGone(f"it has ended with {self._process.returncode}")
        reply = _REPLY.decode(answer)
        self.stopped = reply.stopped
        return reply.written


def _put(to: IO[bytes], message: bytes) -> None:
    to.write(len(message).to_bytes(_LENGTH, "big"))
    to.write(message)
    to.flush()


def _get(source: IO[bytes]) -> bytes | None:
    """None at the end."""
    head = source.read(_LENGTH)
    if len(head) < _LENGTH:
        return None
    size = int.from_bytes(head, "big")
    message = source.read(size)
    return message if len(message) == size else None


def main() -> None:
    """The process: orders on stdin, replies on stdout, remarks on stderr, which is the server's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when the server does
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    hand: OwnHand | None = None
    while (message := _get(sys.stdin.buffer)) is not None:
        order = _ORDER.decode(message)
        if hand is None:
            hand = OwnHand(order.orders, SystemClock())
        hand.obey(order.orders)
        written = hand.write_done(order.batch, again=order.again) if order.batch else True
        if order.tidy:
            hand.tidy()
        try:
            _put(sys.stdout.buffer, _encode(_Reply(written, hand.stopped)))
        except BrokenPipeError:
            break
    if hand is not None:
        hand.close()
