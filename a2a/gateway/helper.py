"""A process that writes the record for a server that is busy: what it does costs the requests nothing but the sending.

It is told of batches over its stdin, as they come together, and says of one after the other whether it is written.
Where they stand is memory of the kernel's that both have, and it ends when it has written all that it was told of: the
death of the server, however sudden, loses only what had not come together yet. Where none can be started, the server
writes by itself.
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
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

import a2a
from a2a.clock import SystemClock
from a2a.control.types import Recording
from a2a.gateway.hand import Done, Orders, OwnHand, done
from a2a.gateway.line import Inbox, Line, framed, message_of
from a2a.gateway.spool import Kept, Spool
from a2a.logs.scribe import END_S, WAITING_BYTES, Lot

log = logging.getLogger(__name__)

MOST_BYTES = 2 * WAITING_BYTES
"""Of messages that wait: more is let go of. Bodies, which are the most of it, are left out long before."""
MOST_TOLD = 64
"""Messages on their way: the kernel counts files that are as open ones."""
_RETRY_S = 0.25
"""How often it is tried again to write what could not be written. When to do so is the store's to say."""

_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from a2a.gateway.helper import main; main()"


class _Order(Struct, frozen=True):
    """What it is about: `lots`, how many bytes each has, and then the large bodies, by their sizes too. They stand in
    the file that comes with it, from `start` on, or, without one, behind it.
    """

    orders: Orders
    lots: list[int]
    large: list[int]
    start: int | None

    @property
    def size(self) -> int:
        return sum(self.lots) + sum(self.large)

    @property
    def sizes(self) -> list[int]:
        return [*self.lots, *self.large]

    def batch(self, data: bytes) -> list[Done]:
        """`data`: all of that."""
        whole = io.BytesIO(data)
        lots = [whole.read(size) for size in self.lots]
        large = (whole.read(size) for size in self.large)
        return [one for lot in lots for one in done(lot, large)]


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
    """As it is sent: so many bytes and exchanges."""

    order: _Order
    size: int
    count: int
    kept: Kept

    def send(self, line: Line) -> None:
        """Raises OSError."""
        if self.kept.place is None:
            line.send(_encode(self.order), self.kept.read())
        else:
            line.send(_encode(self.order), file=self.kept.place[0])

    def batch(self) -> list[Done]:
        return self.order.batch(self.kept.read())


class Helper:
    """The process, as the server sees it: a hand that takes everything at once. One thread tells it of what there is,
    another hears what has been written.

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
        self._told = 0
        """Of so many, the first of them, it knows, and so many bytes."""
        self._told_bytes = 0
        self._spool = Spool()
        self._lock = threading.Lock()
        self._more = threading.Event()
        self._heard = threading.Event()
        self._ending = False
        self._gone: str | None = None
        # -P: the folder the user happens to be in is no place to import from.
        command = [sys.executable, "-P", "-c", _PROGRAM, str(Path(a2a.__file__).parents[1])]
        with contextlib.ExitStack() as undo:
            try:
                self._line = Line()
                undo.callback(self._line.close)
                self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and program)
                    command, stdin=self._line.stdin, stdout=subprocess.PIPE, start_new_session=True
                )
            except OSError as error:
                raise HelperGone(str(error)) from error
            undo.pop_all()
        self._line.started(self._process)
        assert self._process.stdout is not None
        self._from: IO[bytes] = self._process.stdout
        self._threads = [
            threading.Thread(target=work, name="a2a record helper", daemon=True) for work in (self._tell, self._hear)
        ]
        for thread in self._threads:
            thread.start()

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
        due = time.monotonic() + END_S
        while self._messages and self._gone is None and self.stopped is None and time.monotonic() < due:
            self._heard.wait(_RETRY_S)
            self._heard.clear()
        if self.stopped is not None:  # it would go on trying
            self._process.kill()
        self._ending = True
        self._more.set()
        with contextlib.suppress(OSError):
            self._line.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            thread.join(END_S)
        self._from.close()

    def _send(self, batch: Sequence[Lot]) -> None:
        lots, large = [lot.data for lot in batch], [body for lot in batch for body in lot.large]
        kept = self._spool.put([*lots, *large])
        start = None if kept.place is None else kept.place[1]
        order = _Order(self.orders, [*map(len, lots)], [*map(len, large)], start)
        self._keep(_Message(order, order.size, sum(lot.count for lot in batch), kept))
        self._more.set()

    def _keep(self, message: _Message) -> None:
        with self._lock:
            self._messages.append(message)
            self.waiting += message.count
            self.held += message.size
            while self.held > MOST_BYTES and len(self._messages) > self._told + 1:
                oldest = self._messages[self._told]
                del self._messages[self._told]
                oldest.kept.drop()
                self.waiting -= oldest.count
                self.lost += oldest.count
                self.held -= oldest.size

    def _next(self) -> _Message | None:
        """Of which it is to be told. Not of everything: what it knows of cannot be let go of."""
        with self._lock:
            if self._told in (len(self._messages), MOST_TOLD) or self._told_bytes > MOST_BYTES // 2:
                return None
            message = self._messages[self._told]
            self._told += 1
            self._told_bytes += message.size
            return message

    def _tell(self) -> None:
        while not self._ending:
            self._more.wait()
            self._more.clear()
            while (message := self._next()) is not None:
                try:
                    message.send(self._line)
                except OSError as error:
                    self._gone = str(error)
                    return

    def _hear(self) -> None:
        try:
            while (answer := message_of(self._from.read)) is not None:
                self._has_said(_REPLY.decode(answer))
                self._heard.set()
        except (OSError, msgspec.MsgspecError) as error:
            self._gone = str(error)
        self._gone = self._gone or "it has ended"
        self._heard.set()

    def _has_said(self, reply: _Reply) -> None:
        self.stopped, self.more = reply.stopped, reply.more
        for one in reply.said:
            logging.getLogger(one.logger).log(one.level, one.form, *one.values)
        if not reply.written:
            return
        with self._lock:
            message = self._messages.popleft()
            self._told -= 1
            self._told_bytes -= message.size
            self.waiting -= message.count
            self.held -= message.size
        message.kept.drop()
        self._more.set()


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


class _Desk:
    """The process: orders in, replies out, with what there is for the server's log."""

    def __init__(self) -> None:
        self._inbox = Inbox()
        self._notes = _Notes(logging.WARNING)
        logging.getLogger().addHandler(self._notes)
        self._hand: OwnHand | None = None
        self._out = io.FileIO(sys.stdout.fileno(), "wb", closefd=False)
        self._alone = False
        """Whether nobody listens any more."""

    def work(self) -> None:
        """Until the server has ended, and all that it told of is written."""
        while (message := self._inbox.message()) is not None:
            order = _ORDER.decode(message)
            inbox, start = self._inbox, order.start
            data = inbox.read(order.size) if start is None else inbox.read_file(start, order.size)
            if data is None:
                break
            if self._hand is None:
                self._hand = OwnHand(order.orders, SystemClock())
            self._hand.obey(order.orders)
            if not self._write(self._hand, order.batch(data)):
                break
        if self._hand is not None:
            self._hand.close()
        self._inbox.close()

    def _write(self, hand: OwnHand, batch: list[Done]) -> bool:
        """As soon as that can be done. False: it cannot, and nobody would hear of it."""
        again = False
        while batch and not hand.write_done(batch, again=again):
            self._reply(_Reply(False, hand.stopped, False, self._notes.taken()))
            if self._alone:
                return False
            again = True
            time.sleep(_RETRY_S)
        more = hand.tidy()
        self._reply(_Reply(True, hand.stopped, more, self._notes.taken()))
        return True

    def _reply(self, reply: _Reply) -> None:
        try:
            self._out.write(framed(_encode(reply)))
        except BrokenPipeError:
            self._alone = True


def main() -> None:
    """What the process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when the server does
    _Desk().work()
