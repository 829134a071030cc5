"""A process that writes the record for a server that is busy: what it does costs the requests nothing but the sending.

It gets batches over its stdin and says after each whether that is written. It ends with its stdin, so that the death of
the server, however sudden, loses only what was not sent yet. Where none can be started, the server writes by itself.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

import a2a
from a2a.clock import SystemClock
from a2a.control.types import Recording
from a2a.gateway.hand import Done, Orders, OwnHand, done
from a2a.logs.scribe import END_S, WAITING_BYTES, Lot

log = logging.getLogger(__name__)

MOST_BYTES = 2 * WAITING_BYTES
"""Of messages that wait: more is let go of. Bodies, which are the most of it, are left out long before."""
_SMALL_BYTES = 128 * 1024
"""Of pieces that are written together with others."""
_PIPE_BYTES = 1024 * 1024
"""What the pipe is to hold, where that can be chosen: the fuller, the fewer turns both processes take."""
_RETRY_S = 0.25
"""How often a message is sent again that could not be written. When to try is the store's to say."""

_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from a2a.gateway.helper import main; main()"
_LENGTH = 4


class _Order(Struct, frozen=True):
    """What stands behind it: `lots`, how many bytes each has, and then the large bodies, by their sizes too."""

    orders: Orders
    lots: list[int]
    large: list[int]

    def batch(self, behind: Iterable[bytes]) -> list[Done]:
        """`behind`: all that stands there."""
        pieces = iter(behind)
        lots = [next(pieces) for _ in self.lots]
        return [one for data in lots for one in done(data, pieces)]


class _Said(Struct, frozen=True):
    """A line for the server's log, with its fields apart: the live log shows them so."""

    logger: str
    level: int
    form: str
    values: list[int | float | str]


class _Reply(Struct, frozen=True):
    """`more`: there are old exchanges still to go."""

    written: bool
    stopped: Recording | None
    more: bool
    said: list[_Said]


_ORDER = msgspec.msgpack.Decoder(_Order)
_REPLY = msgspec.msgpack.Decoder(_Reply)
_encode = msgspec.msgpack.Encoder().encode


class HelperGone(Exception):
    """The process has ended, or never began."""


class _Message(Struct, frozen=True):
    """An order and what stands behind it, as they are sent, and how many exchanges that is."""

    order: _Order
    count: int
    behind: list[bytes]

    @property
    def size(self) -> int:
        return sum(self.order.lots) + sum(self.order.large)


class Helper:
    """The process, as the server sees it: a hand that takes everything at once, and a thread that passes it on.

    What waits is bytes, not objects, so that a server under full load neither grows nor drags them along.
    """

    def __init__(self, orders: Orders) -> None:
        """Raises HelperGone."""
        self.orders = orders
        self.stopped: Recording | None = None
        self.lost = 0
        self.waiting = 0
        self.more = False
        """Whether old exchanges are still to go."""
        self.held = 0
        """Bytes of what waits."""
        self._messages: deque[_Message] = deque()
        self._lock = threading.Lock()
        self._more = threading.Event()
        self._ending = False
        self._gone: str | None = None
        # -P: the folder the user happens to be in is no place to import from.
        command = [sys.executable, "-P", "-c", _PROGRAM, str(Path(a2a.__file__).parents[1])]
        try:
            self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and program)
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
                pipesize=_PIPE_BYTES,
            )
        except OSError as error:
            raise HelperGone(str(error)) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to: IO[bytes] = self._process.stdin
        self._from: IO[bytes] = self._process.stdout
        self._thread = threading.Thread(target=self._pass_on, name="a2a record helper", daemon=True)
        self._thread.start()

    def write(self, batch: Sequence[Lot], *, again: bool) -> bool:
        """As `Hand.write`; it takes everything. Raises HelperGone: nothing of this was taken."""
        if self._gone is not None:
            raise HelperGone(self._gone)
        self._send(batch)
        return True

    def tidy(self) -> None:
        """An order without exchanges. Raises HelperGone."""
        if self._gone is not None:
            raise HelperGone(self._gone)
        if not self._messages:
            self._send(())

    def left(self) -> list[Done]:
        """What it took and nobody has written: of one that is gone."""
        return [one for message in self._messages for one in message.order.batch(message.behind)]

    def close(self) -> None:
        """Let it end, once what waits is written, or END_S later."""
        self._ending = True
        self._more.set()
        self._thread.join(END_S)
        with contextlib.suppress(OSError):
            self._to.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join(END_S)
        self._from.close()

    def _send(self, batch: Sequence[Lot]) -> None:
        lots, large = [lot.data for lot in batch], [body for lot in batch for body in lot.large]
        order = _Order(self.orders, [*map(len, lots)], [*map(len, large)])
        self._keep(_Message(order, sum(lot.count for lot in batch), [*lots, *large]))
        self._more.set()

    def _keep(self, message: _Message) -> None:
        with self._lock:
            self._messages.append(message)
            self.waiting += message.count
            self.held += message.size
            while self.held > MOST_BYTES and len(self._messages) > 1:  # the first may be on its way
                oldest = self._messages[1]
                del self._messages[1]
                self.waiting -= oldest.count
                self.lost += oldest.count
                self.held -= oldest.size

    def _pass_on(self) -> None:
        """The thread: message by message, each until it is written."""
        again = False
        while True:
            self._more.wait()
            self._more.clear()
            while self._messages:
                message = self._messages[0]
                try:
                    written = self._ask(message, again=again)
                except (OSError, msgspec.MsgspecError) as error:
                    self._gone = f"{error or 'it has ended'}"
                    return
                again = not written
                if written:
                    with self._lock:
                        self._messages.popleft()
                        self.waiting -= message.count
                        self.held -= message.size
                elif self._ending:
                    return
                else:
                    time.sleep(_RETRY_S)
            if self._ending:
                return

    def _ask(self, message: _Message, *, again: bool) -> bool:
        """Raises OSError: nobody is there."""
        _put(self._to, bytes([again]) + _encode(message.order), message.behind)
        answer = _get(self._from)
        if answer is None:
            raise OSError("it has ended")
        reply = _REPLY.decode(answer)
        self.stopped, self.more = reply.stopped, reply.more
        for one in reply.said:
            logging.getLogger(one.logger).log(one.level, one.form, *one.values)
        return reply.written


def _put(to: IO[bytes], message: bytes, behind: Iterable[bytes] = ()) -> None:
    """By few writes: each gives the interpreter away and has to get it back."""
    small = [len(message).to_bytes(_LENGTH, "big"), message]
    for data in behind:
        if len(data) < _SMALL_BYTES:
            small.append(data)
        else:
            to.write(b"".join(small))
            to.write(data)
            small = []
    to.write(b"".join(small))
    to.flush()


def _get(source: IO[bytes]) -> bytes | None:
    """A message. None at the end."""
    head = source.read(_LENGTH)
    return _read(source, int.from_bytes(head, "big")) if len(head) == _LENGTH else None


def _read(source: IO[bytes], size: int) -> bytes | None:
    """None at the end."""
    data = source.read(size)
    return data if len(data) == size else None


class _Notes(logging.Handler):
    """Keeps what the process has to say until the next reply."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self._said: list[_Said] = []

    def emit(self, record: logging.LogRecord) -> None:
        plain = isinstance(record.args, tuple) and not record.exc_info
        values = [one if isinstance(one, int | float) else str(one) for one in record.args or ()] if plain else []
        form = str(record.msg) if plain else self.format(record)
        self._said.append(_Said(record.name, record.levelno, form, values))

    def taken(self) -> list[_Said]:
        said, self._said = self._said, []
        return said


def main() -> None:
    """The process: orders on stdin, replies on stdout, with what there is for the server's log."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when the server does
    notes = _Notes(logging.WARNING)
    logging.getLogger().addHandler(notes)
    hand: OwnHand | None = None
    while (message := _get(sys.stdin.buffer)) is not None:
        again, order = bool(message[0]), _ORDER.decode(memoryview(message)[1:])
        sizes = [*order.lots, *order.large]
        behind = [data for size in sizes if (data := _read(sys.stdin.buffer, size)) is not None]
        if len(behind) < len(sizes):
            break
        if hand is None:
            hand = OwnHand(order.orders, SystemClock())
        hand.obey(order.orders)
        written = hand.write_done(order.batch(behind), again=again) if order.lots else True
        more = hand.tidy()
        try:
            _put(sys.stdout.buffer, _encode(_Reply(written, hand.stopped, more, notes.taken())))
        except BrokenPipeError:
            break
    if hand is not None:
        hand.close()
