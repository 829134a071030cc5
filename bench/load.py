"""The askers: `wrk` or own sockets for many requests, one blocking socket for latencies, protocols for streams.

Every answer is checked (status, end marker); a wrong one is counted, never skipped.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from bench.processes import Process
from bench.upstream import fast_runner

WRK_SCRIPT = Path(__file__).with_name("post.lua")
ANSWER_TIMEOUT_S = 30.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STREAM_ENDS = (b"[DONE]", b"message_stop")


def request(process: Process, path: str, body: bytes) -> bytes:
    """One POST as bytes."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {process.host}:{process.port}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in process.headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Answer:
    """One exchange as the client saw it; seconds since the request left."""

    ok: bool
    head: bytes = b""
    first_s: float = 0.0
    total_s: float = 0.0
    longest_gap_s: float = 0.0

    def header(self, name: str) -> str | None:
        """Of the answer, by its lower-case name."""
        for line in self.head.decode("latin-1").split("\r\n"):
            key, _, value = line.partition(": ")
            if key.lower() == name:
                return value
        return None


@dataclass
class Reader:
    """Puts one answer together from any split of the bytes."""

    begun: float = field(default_factory=time.perf_counter)
    data: bytearray = field(default_factory=bytearray)
    body_at: int = 0
    first_s: float = 0.0
    last: float = 0.0
    longest_gap_s: float = 0.0

    def feed(self, data: bytes) -> Answer | None:
        """The answer when this was its last piece."""
        now = time.perf_counter()
        self.data += data
        if not self.body_at:
            self.body_at = self.data.find(b"\r\n\r\n") + 4
            if self.body_at < 4:
                self.body_at = 0
                return None
        if len(self.data) > self.body_at:
            self._time(now)
        return self._finish(now)

    def _time(self, now: float) -> None:
        if self.first_s:
            self.longest_gap_s = max(self.longest_gap_s, now - self.last)
        else:
            self.first_s = now - self.begun
        self.last = now

    def _finish(self, now: float) -> Answer | None:
        head = bytes(self.data[: self.body_at])
        length = _LENGTH.search(head)
        if length:
            whole, ended = len(self.data) >= self.body_at + int(length[1]), True
        else:
            whole = self.data.endswith(b"0\r\n\r\n")
            ended = whole and any(self.data.rfind(mark, len(self.data) - 400) >= 0 for mark in _STREAM_ENDS)
        if not whole:
            return None
        ok = head.startswith(b"HTTP/1.1 200") and ended
        return Answer(ok, head, self.first_s, now - self.begun, self.longest_gap_s)


class Probe:
    """One kept-alive blocking connection, for latencies."""

    def __init__(self, process: Process, path: str, body: bytes) -> None:
        self.bytes = request(process, path, body)
        self.socket = socket.create_connection((process.host, process.port), ANSWER_TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self) -> Answer:
        reader = Reader()
        self.socket.sendall(self.bytes)
        while data := self.socket.recv(65536):
            if answer := reader.feed(data):
                return answer
        return Answer(False, bytes(reader.data[:200]))

    def close(self) -> None:
        self.socket.close()


class _Client(asyncio.Protocol):
    """Asks again `pause_s` after it is answered, until `turns` are used up or the deadline has passed."""

    def __init__(self, ask: bytes, turns: int, deadline: float, pause_s: float, done: asyncio.Future[None]) -> None:
        self.ask = ask
        self.pause_s = pause_s
        self.turns = turns
        self.deadline = deadline
        self.done = done
        self.answers: list[Answer] = []
        self.over = False

    def made(self) -> _Client:
        """The factory that asyncio wants; clients are kept by their crowd."""
        return self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it
        self._next()

    def _next(self) -> None:
        if len(self.answers) >= self.turns or time.perf_counter() >= self.deadline:
            self.over = True
            self.transport.close()
            return
        self.reader = Reader()
        self.transport.write(self.ask)

    def data_received(self, data: bytes) -> None:
        if answer := self.reader.feed(data):
            self.answers.append(answer)
            if self.pause_s:
                asyncio.get_running_loop().call_later(self.pause_s, self._next)
            else:
                self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over:
            self.answers.append(Answer(False))
        if not self.done.done():
            self.done.set_result(None)


async def crowd(
    process: Process,
    path: str,
    body: bytes,
    *,
    clients: int,
    seconds: float = ANSWER_TIMEOUT_S,
    turns: int = 1 << 30,
    pause_s: float = 0.0,
) -> list[Answer]:
    """`clients` connections at once, each asking again and again; answers that never came count as wrong."""
    loop = asyncio.get_running_loop()
    ask = request(process, path, body)
    deadline = time.perf_counter() + seconds
    waits: list[asyncio.Future[None]] = [loop.create_future() for _ in range(clients)]
    crew = [_Client(ask, turns, deadline, pause_s, wait) for wait in waits]
    await asyncio.gather(*(loop.create_connection(client.made, process.host, process.port) for client in crew))
    _, late = await asyncio.wait(waits, timeout=seconds + ANSWER_TIMEOUT_S)
    for client in crew:
        client.transport.abort()
    return [answer for client in crew for answer in client.answers] + [Answer(False)] * len(late)


def unary(process: Process, path: str, body_file: Path, *, clients: int, seconds: float) -> tuple[int, int]:
    """(right, wrong) answers to the same POST over and over; by `wrk` where it is on PATH."""
    wrk = shutil.which("wrk")
    if not wrk:
        with fast_runner() as runner:
            answers = runner.run(crowd(process, path, body_file.read_bytes(), clients=clients, seconds=seconds))
        right = sum(answer.ok for answer in answers)
        return right, len(answers) - right
    url = f"http://{process.host}:{process.port}{path}"
    command = [
        wrk,
        "-t1",
        f"-c{clients}",
        f"-d{max(1, round(seconds))}s",
        "-s",
        str(WRK_SCRIPT),
        url,
        "--",
        str(body_file),
    ]
    command += [f"{name}: {value}" for name, value in process.headers.items()]
    told = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=seconds + 60, env={**os.environ, "LC_ALL": "C"}
    ).stdout
    count = re.search(r"(\d+) requests in", told)
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    broken = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", told)
    bad = (int(wrong[1]) if wrong else 0) + (sum(map(int, broken.groups())) if broken else 0)
    return (int(count[1]) if count else 0) - bad, bad
