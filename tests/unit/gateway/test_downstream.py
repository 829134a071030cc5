"""When the answer is committed, and what keeps the client patient until then; timers fire when the test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from a2a.gateway import downstream as module
from a2a.gateway.call import ClientGone
from a2a.gateway.downstream import Downstream
from a2a.messages import Event, Failure

pytestmark = pytest.mark.anyio
PING, ERROR = b": ping\n\n", b"data: error\n\n"


class Renderer:
    def on(self, event: Event) -> bytes:
        assert isinstance(event, Failure)
        return ERROR

    def keepalive(self) -> bytes:
        return PING


class Sink:
    """What arrived, in order. `gate` cleared: `start` waits. `gone`: the client has left."""

    def __init__(self) -> None:
        self.got: list[object] = []
        self.headers: Mapping[str, str] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.gone = False

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        await self.gate.wait()
        self.headers = headers
        self.got.append(status)

    async def write(self, data: bytes) -> None:
        if self.gone:
            raise ClientGone
        self.got.append(data)

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        raise AssertionError("a stream is not answered whole")


class Timers:
    """`call_later` of the loop, under the test's control: `fire()` runs the one that is armed."""

    def __init__(self) -> None:
        self.armed: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Any:
        entry = (seconds, callback)
        self.armed.append(entry)
        return SimpleNamespace(cancel=lambda: entry in self.armed and self.armed.remove(entry))

    def create_task(self, work: Any, name: str) -> asyncio.Task[Any]:
        assert name == "a2a keep-alive"
        return asyncio.get_running_loop().create_task(work, name=name)

    @property
    def waits(self) -> list[float]:
        return [seconds for seconds, _ in self.armed]

    async def fire(self) -> None:
        self.armed.pop(0)[1]()
        await settle()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> Timers:
    made = Timers()
    fake = SimpleNamespace(get_running_loop=lambda: made, Lock=asyncio.Lock, wait=asyncio.wait)
    monkeypatch.setattr(module, "asyncio", fake)
    return made


def downstream(sink: Sink, *, commit_after_s: float = 20.0, keepalive_s: float = 10.0) -> Downstream:
    return Downstream(
        sink,
        headers=lambda: {"x-a2a-exchange": "ex_1"},
        renderer=Renderer(),
        commit_after_s=commit_after_s,
        keepalive_s=keepalive_s,
    )


async def test_before_content_or_the_time_nothing_is_sent(timers: Timers) -> None:
    sink = Sink()
    async with downstream(sink) as down:
        assert (timers.waits, down.committed, down.content) == ([20.0], False, False)
    assert (sink.got, timers.armed) == ([], [])


async def test_content_commits_and_goes_out(timers: Timers) -> None:
    sink = Sink()
    async with downstream(sink) as down:
        await down.write(b"one\n\n")
        await down.write(b"two\n\n")
        assert (down.committed, down.content, down.sent_bytes, timers.armed) == (True, True, 10, [])
    assert sink.got == [200, b"one\n\n", b"two\n\n"]
    assert sink.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert (sink.headers["Cache-Control"], sink.headers["X-Accel-Buffering"]) == ("no-cache", "no")
    assert sink.headers["x-a2a-exchange"] == "ex_1"


async def test_another_content_type() -> None:
    sink = Sink()
    blank = {"headers": dict, "renderer": Renderer(), "commit_after_s": 0.0, "keepalive_s": 0.0}
    async with Downstream(sink, content_type="application/json", **blank) as down:  # type: ignore[arg-type]
        await down.write(b"[]")
    assert sink.headers["Content-Type"] == "application/json"


async def test_after_the_time_the_200_and_keep_alives_go_out(timers: Timers) -> None:
    sink = Sink()
    async with downstream(sink) as down:
        await timers.fire()
        assert (down.committed, down.content, timers.waits) == (True, False, [10.0])
        await timers.fire()
        await timers.fire()
    assert sink.got == [200, PING, PING, PING]


async def test_an_early_200_is_no_content(timers: Timers) -> None:
    sink = Sink()
    async with downstream(sink) as down:
        await timers.fire()
        await down.write(b"one\n\n")
        assert (down.content, timers.armed) == (True, [])
    assert sink.got == [200, PING, b"one\n\n"]


async def test_without_keep_alives_one_is_enough(timers: Timers) -> None:
    sink = Sink()
    async with downstream(sink, keepalive_s=0):
        await timers.fire()
        assert timers.armed == []
    assert sink.got == [200, PING]


async def test_without_a_time_it_waits_for_content(timers: Timers) -> None:
    sink = Sink()
    async with downstream(sink, commit_after_s=0):
        assert timers.armed == []
    assert sink.got == []


async def test_silence_in_the_stream_is_filled(timers: Timers) -> None:
    sink = Sink()
    async with downstream(sink) as down:
        await down.write(b"one\n\n")
        down.quiet()
        await settle()
    assert sink.got == [200, b"one\n\n", PING]


async def test_one_keep_alive_at_a_time(timers: Timers) -> None:
    sink = Sink()
    sink.gate.clear()
    async with downstream(sink) as down:
        await timers.fire()
        down.quiet()
        sink.gate.set()
        await settle()
    assert sink.got == [200, PING]


async def test_content_waits_for_a_head_on_its_way(timers: Timers) -> None:
    sink = Sink()
    sink.gate.clear()
    async with downstream(sink) as down:
        await timers.fire()
        writing = asyncio.ensure_future(down.write(b"one\n\n"))
        await settle()
        assert sink.got == []
        sink.gate.set()
        await writing
    assert sink.got.count(200) == 1
    assert sink.got[0] == 200
    assert b"one\n\n" in sink.got


async def test_leaving_ends_the_keep_alive(timers: Timers) -> None:
    sink = Sink()
    sink.gate.clear()
    async with downstream(sink):
        await timers.fire()
    assert sink.got == []
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "a2a keep-alive"]


async def test_a_keep_alive_to_nobody_is_no_error(timers: Timers) -> None:
    sink = Sink()
    sink.gone = True
    async with downstream(sink) as down:
        await timers.fire()
        with pytest.raises(ClientGone):
            await down.write(b"one\n\n")


async def test_an_error_is_in_the_client_s_own_words(timers: Timers) -> None:
    async with downstream(Sink()) as down:
        assert down.error(Failure("upstream", "broken", 502)) == ERROR
