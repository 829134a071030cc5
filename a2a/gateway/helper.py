"""A process that writes the record for a server that is busy: what it does costs the requests nothing but the sending.

It gets batches over its stdin and says after each whether that is written. It ends with its stdin, so that the death of
the server, however sudden, loses only what was not sent yet. Where none can be started, the server writes by itself.
"""

from __future__ import annotations

import contextlib
import io
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
from a2a.gateway.spool import Kept, Spool
from a2a.logs.scribe import END_S, WAITING_BYTES, Lot

log = logging.getLogger(__name__)

MOST_BYTES = 2 * WAITING_BYTES
"""Of messages that wait: more is let go of. Bodies, which are the most of it, are left out long before."""
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

    @property
    def sizes(self) -> list[int]:
        return [*self.lots, *self.large]

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
    """As it is sent: the order behind its length, and what stands behind that, so many bytes and exchanges."""

    order: _Order
    size: int
    count: int
    kept: Kept

    def batch(self) -> list[Done]:
        whole = io.BytesIO(self.kept.read())
        whole.seek(-self.size, io.SEEK_END)
        return self.order.batch(whole.read(size) for size in self.order.sizes)


class Helper:
    """The process, as the server sees it: a hand that takes everything at once, and a thread that passes it on.

    What waits is bytes, and not in the heap, so that a server under full load neither grows nor drags them along.
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
        self._spool = Spool()
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
        return [one for message in self._messages for one in message.batch()]

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
        kept = self._spool.put([_framed(order), *lots, *large])
        self._keep(_Message(order, sum(order.sizes), sum(lot.count for lot in batch), kept))
        self._more.set()

    def _keep(self, message: _Message) -> None:
        with self._lock:
            self._messages.append(message)
            self.waiting += message.count
            self.held += message.size
            while self.held > MOST_BYTES and len(self._messages) > 1:  # the first may be on its way
                oldest = self._messages[1]
                del self._messages[1]
                oldest.kept.drop()
                self.waiting -= oldest.count
                self.lost += oldest.count
                self.held -= oldest.size

    def _pass_on(self) -> None:
        """The thread: message by message, each until it is written."""
        while True:
            self._more.wait()
            self._more.clear()
            while self._messages:
                message = self._messages[0]
                try:
                    written = self._ask(message)
                except (OSError, msgspec.MsgspecError) as error:
                    self._gone = f"{error or 'it has ended'}"
                    return
                if written:
                    with self._lock:
                        self._messages.popleft()
                        self.waiting -= message.count
                        self.held -= message.size
                    message.kept.drop()
                elif self._ending:
                    return
                else:
                    time.sleep(_RETRY_S)
            if self._ending:
                return

    def _ask(self, message: _Message) -> bool:
        """Raises OSError: nobody is there."""
        message.kept.send(self._to)
        answer = _get(self._from)
        if answer is None:
            raise OSError("it has ended")
        reply = _REPLY.decode(answer)
        self.stopped, self.more = reply.stopped, reply.more
        for one in reply.said:
            logging.getLogger(one.logger).log(one.level, one.form, *one.values)
        return reply.written


def _framed(message: Struct) -> bytes:
    """Behind its length."""
    data = _encode(message)
    return len(data).to_bytes(_LENGTH, "big") + data


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
    written = True
    while (message := _get(sys.stdin.buffer)) is not None:
        order = _ORDER.decode(message)
        behind = [data for size in order.sizes if (data := _read(sys.stdin.buffer, size)) is not None]
        if len(behind) < len(order.sizes):
            break
        if hand is None:
            hand = OwnHand(order.orders, SystemClock())
        hand.obey(order.orders)
        # What could not be written is what comes again.
        written = hand.write_done(order.batch(behind), again=not written) if order.lots else True
        more = hand.tidy()
        try:
            sys.stdout.buffer.write(_framed(_Reply(written, hand.stopped, more, notes.taken())))
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            break
    if hand is not None:
        hand.close()
