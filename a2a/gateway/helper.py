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
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct, structs

import a2a
from a2a.clock import SystemClock
from a2a.control.types import Recording
from a2a.gateway.capture import Taken
from a2a.gateway.hand import Done, Orders, OwnHand, taken
from a2a.logs.scribe import END_S, WAITING_BYTES, Entry, unpack

log = logging.getLogger(__name__)

AT_ONCE = 100
AT_ONCE_BYTES = 1024 * 1024
"""Exchanges, and bytes of their bodies, in one message: each is encoded in one go, which holds the event loop up."""
LARGE = 16 * 1024
"""Bytes of a request that is sent behind the message, without another copy of it."""
MOST_BYTES = 2 * WAITING_BYTES
"""Of messages that wait: more is let go of. Bodies, which are the most of it, are left out long before."""
_PIPE_BYTES = 1024 * 1024
"""What the pipe is to hold, where that can be chosen: the fuller, the fewer turns both processes take."""
_RETRY_S = 0.25
"""How often a message is sent again that could not be written. When to try is the store's to say."""

_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from a2a.gateway.helper import main; main()"
_LENGTH = 4


class _Large(Struct, frozen=True):
    """A request that stands behind the message. `exchange`: its place; `call`: of its calls, None for the client's."""

    size: int
    exchange: int
    call: int | None


class _Order(Struct, frozen=True):
    """`exchanges`: as they were packed. `taken`: what was captured of each, or nothing where that is so of all."""

    orders: Orders
    exchanges: list[bytes]
    taken: list[Taken | None]
    large: list[_Large]

    def batch(self, requests: Iterable[bytes]) -> list[Done]:
        """`requests`: the large ones."""
        captured = self.taken or [None] * len(self.exchanges)
        for one, request in zip(self.large, requests, strict=True):
            found = captured[one.exchange]
            assert found is not None
            if one.call is None:
                captured[one.exchange] = structs.replace(found, request=request)
            else:
                found.calls[one.call] = structs.replace(found.calls[one.call], request=request)
        return [Done(unpack(data), one) for data, one in zip(self.exchanges, captured, strict=True)]


def _apart(part: list[Entry], captured: list[Taken | None]) -> tuple[list[_Large], list[bytes]]:
    """Takes the large requests out of what was captured."""
    large: list[_Large] = []
    requests: list[bytes] = []
    for at, (_, capture) in enumerate(part):
        if capture is None or capture.size < LARGE or (one := captured[at]) is None:
            continue
        for n, call in enumerate(one.calls):
            if call.request is not None and len(call.request) >= LARGE:
                large.append(_Large(len(call.request), at, n))
                requests.append(call.request)
                one.calls[n] = structs.replace(call, request=b"")
        if len(one.request) >= LARGE:
            large.append(_Large(len(one.request), at, None))
            requests.append(one.request)
            captured[at] = structs.replace(one, request=b"")
    return large, requests


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
    """An order as it is sent, how many exchanges it holds, and the large requests behind it."""

    data: bytes
    count: int
    requests: list[bytes]

    @property
    def size(self) -> int:
        return len(self.data) + sum(map(len, self.requests))


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

    def write(self, batch: Sequence[Entry], *, again: bool) -> bool:
        """As `Hand.write`; it takes everything. Raises HelperGone: nothing of this was taken."""
        if self._gone is not None:
            raise HelperGone(self._gone)
        for part in _parts(batch):
            bodies = any(capture is not None for _, capture in part)
            captured = [taken(capture) for _, capture in part] if bodies else []
            large, requests = _apart(part, captured)
            order = _Order(self.orders, [data for data, _ in part], captured, large)
            self._keep(_Message(_encode(order), len(part), requests))
            self._more.set()
        return True

    def tidy(self) -> None:
        """An order without exchanges. Raises HelperGone."""
        if self._gone is not None:
            raise HelperGone(self._gone)
        if not self._messages:
            self._keep(_Message(_encode(_Order(self.orders, [], [], [])), 0, []))
            self._more.set()

    def left(self) -> list[Done]:
        """What it took and nobody has written: of one that is gone."""
        return [one for message in self._messages for one in _ORDER.decode(message.data).batch(message.requests)]

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
        _put(self._to, bytes([again]) + message.data, message.requests)
        answer = _get(self._from)
        if answer is None:
            raise OSError("it has ended")
        reply = _REPLY.decode(answer)
        self.stopped, self.more = reply.stopped, reply.more
        for one in reply.said:
            logging.getLogger(one.logger).log(one.level, one.form, *one.values)
        return reply.written


def _parts(batch: Sequence[Entry]) -> Iterator[list[Entry]]:
    """What goes into one message each."""
    part: list[Entry] = []
    size = 0
    for entry in batch:
        part.append(entry)
        size += entry[1].size if entry[1] is not None else 0
        if len(part) == AT_ONCE or size >= AT_ONCE_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _put(to: IO[bytes], message: bytes, behind: Iterable[bytes] = ()) -> None:
    to.write(len(message).to_bytes(_LENGTH, "big"))
    to.write(message)
    for data in behind:
        to.write(data)
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
        requests = [data for one in order.large if (data := _read(sys.stdin.buffer, one.size)) is not None]
        if len(requests) < len(order.large):
            break
        if hand is None:
            hand = OwnHand(order.orders, SystemClock())
        hand.obey(order.orders)
        written = hand.write_done(order.batch(requests), again=again) if order.exchanges else True
        more = hand.tidy()
        try:
            _put(sys.stdout.buffer, _encode(_Reply(written, hand.stopped, more, notes.taken())))
        except BrokenPipeError:
            break
    if hand is not None:
        hand.close()
