"""The line from a server to its helper: messages, each with the file that it is about.

Over a Unix socket: what was sent down it arrives, files too, even when the server is killed right behind it
(unix(7), SCM_RIGHTS). Where there are none it is a pipe, and no files.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import IO

_LENGTH = 4


class Line:
    """The server's end. `stdin`: what the helper is started with."""

    def __init__(self) -> None:
        """Raises OSError."""
        self._socket: socket.socket | None = None
        self._theirs: socket.socket | None = None
        self._pipe: IO[bytes] | None = None
        if hasattr(socket, "send_fds"):  # not on Windows
            self._socket, self._theirs = socket.socketpair()

    @property
    def stdin(self) -> int:
        return subprocess.PIPE if self._theirs is None else self._theirs.fileno()

    def started(self, process: subprocess.Popen[bytes]) -> None:
        """At its other end now is that."""
        self._pipe = process.stdin
        if self._theirs is not None:
            self._theirs.close()

    def send(self, message: bytes, behind: bytes = b"", *, file: int | None = None) -> None:
        """May block. Raises OSError: nobody is there."""
        data = framed(message) + behind
        if self._socket is not None:
            sent = socket.send_fds(self._socket, [data], [] if file is None else [file])
            self._socket.sendall(data[sent:])
        elif self._pipe is not None:
            self._pipe.write(data)
            self._pipe.flush()

    def close(self) -> None:
        """Raises OSError: nobody was there."""
        for end in (self._socket, self._theirs, self._pipe):
            if end is not None:
                end.close()


class Inbox:
    """The helper's end: its stdin."""

    def __init__(self) -> None:
        self._files: list[int] = []
        self._socket: socket.socket | None = None
        with contextlib.suppress(OSError):  # a pipe
            self._socket = socket.socket(fileno=sys.stdin.fileno())

    def message(self) -> bytes | None:
        """None at the end."""
        return message_of(self._some)

    def read(self, size: int) -> bytes | None:
        """What stands behind a message. None at the end."""
        return _whole(self._some, size)

    def _some(self, size: int) -> bytes:
        if self._socket is None:
            return sys.stdin.buffer.read(size)
        data, files, *_ = socket.recv_fds(self._socket, size, 1)
        self._files += files
        return data

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def read_file(self, start: int, size: int) -> bytes | None:
        """Of the file that came with the message. None: it does not have so much."""
        file = self._files.pop(0)
        try:
            data = os.pread(file, size, start)
        finally:
            os.close(file)
        return data if len(data) == size else None


def framed(message: bytes) -> bytes:
    """Behind its length."""
    return len(message).to_bytes(_LENGTH, "big") + message


def message_of(read: Callable[[int], bytes]) -> bytes | None:
    """The next one that is framed. `read`: so many bytes, or fewer. None at the end."""
    head = _whole(read, _LENGTH)
    return None if head is None else _whole(read, int.from_bytes(head, "big"))


def _whole(read: Callable[[int], bytes], size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        piece = read(size - len(data))
        if not piece:
            return None
        data += piece
    return bytes(data)
