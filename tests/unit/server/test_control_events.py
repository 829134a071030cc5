"""`GET /admin/v1/events`: who hears what, how one comes back, and what a listener that does not read costs."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from msgspec import structs
from support import control_stage
from support.control_stage import LAPTOP, OWN, Up
from support.pool_kit import OPENAI, account
from support.waiting import PATIENCE_S

from a2a.config import ProviderSettings, ServerSettings, Settings
from a2a.control.types import (
    AccountChanged,
    AccountGone,
    Bodies,
    Exchange,
    ExchangeChanged,
    LiveEvent,
    LoginChanged,
    LoginView,
    LogLine,
    Missed,
)
from a2a.errors import Forbidden, NoAccount, Unreachable, UsageError, WrongKey
from a2a.paths import folders
from a2a.secret import Secret
from a2a.server import audience, events

pytestmark = pytest.mark.anyio
LONG = "x" * 10_000
QUIET = ("exchange", "account", "account_gone", "login")
"""Without the log, in which the start of a server has its say."""


def settings(home: Path) -> Settings:
    return Settings(
        providers={OPENAI: ProviderSettings(base_url="http://127.0.0.1:9/v1")},
        server=ServerSettings(port=0, host="127.0.0.1", api_key=OWN),
        client_keys={"laptop": LAPTOP},
        credential_store="file",
        folders=folders(str(home)),
    )


@pytest.fixture
async def up(home: Path) -> AsyncIterator[Up]:
    async with control_stage.up(settings(home), [account("a")]) as stage:
        yield stage


def exchange(number: int, **fields: Any) -> Exchange:
    return Exchange(id=f"ex_{number:05}", started_at=0.0, client="c", front="chat", path="/", **fields)


async def heard(
    up: Up, count: int, after: int | None = 0, kinds: tuple[str, ...] = QUIET, key: Secret = OWN
) -> list[LiveEvent]:
    """The first events of a new stream."""
    found: list[LiveEvent] = []
    async with asyncio.timeout(PATIENCE_S), up.client(key) as client, aclosing(client.events(after, kinds)) as stream:  # type: ignore[type-var]
        async for event in stream:
            found.append(event)
            if len(found) == count:
                break
    return found


@asynccontextmanager
async def stream(up: Up, query: str = "", key: Secret = OWN, **headers: str) -> AsyncIterator[aiohttp.StreamReader]:
    """The bytes of a stream."""
    sent = {"Authorization": f"Bearer {key.reveal()}", **headers}
    async with (
        asyncio.timeout(PATIENCE_S),
        aiohttp.ClientSession() as session,
        session.get(f"{up.url}/admin/v1/events{query}", headers=sent) as answer,
    ):
        assert answer.status == 200
        yield answer.content


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 (what is looked at tells nobody)
            await asyncio.sleep(0.001)


async def joined(up: Up, count: int = 1) -> None:
    """Until so many listen."""
    await until(lambda: len(up.engine.live._listeners) == count)


async def test_what_happens_is_heard(up: Up) -> None:
    listening = asyncio.ensure_future(heard(up, 1, after=None))
    await joined(up)
    await up.ask(lambda client: client.act("openai", "a", "disable"))
    (event,) = await listening
    assert isinstance(event.change, AccountChanged)
    assert event.change.account.state == "disabled"


async def test_an_account_that_is_removed_is_gone(up: Up) -> None:
    before = up.engine.live.last
    await up.ask(lambda client: client.act("openai", "a", "remove"))
    *_, event = await heard(up, 1, before, ("account_gone",))
    assert event.change == AccountGone(id=account("a").id, account=f"{OPENAI}/a")


async def test_the_frames_are_those_of_server_sent_events(up: Up) -> None:
    up.engine.live.publish(ExchangeChanged(exchange(1, session="a\u2028b\nc")))
    number = up.engine.live.last
    async with stream(up, "?after=0&kinds=exchange") as content:
        assert await content.readuntil(b"\n\n") == b"retry: 1000\n: a2a\n\n"
        first, second, third, end = (await content.readuntil(b"\n\n")).decode().split("\n", 3)
    assert (first, second, end) == (f"id: {number}", "event: exchange", "\n")
    told = json.loads(third.removeprefix("data: "))
    assert (told["seq"], told["change"]["type"]) == (number, "exchange")
    assert told["change"]["exchange"]["session"] == "a\u2028b\nc"


async def test_the_blocking_client_hears_the_same(up: Up) -> None:
    up.engine.live.publish(ExchangeChanged(exchange(1)))
    event = await up.ask(lambda client: next(iter(client.events(0, ["exchange"]))))
    assert event.change == ExchangeChanged(exchange(1))


async def test_one_comes_back_where_it_was(up: Up) -> None:
    for number in range(3):
        up.engine.live.publish(ExchangeChanged(exchange(number)))
    first, second, third = await heard(up, 3)
    assert await heard(up, 1, second.seq) == [third]
    async with stream(up, "?after=0&kinds=exchange", **{"Last-Event-ID": str(second.seq)}) as content:
        await content.readuntil(b"\n\n")
        assert (await content.readline()).decode() == f"id: {third.seq}\n"
    assert first.seq < second.seq < third.seq


async def test_one_that_was_away_too_long_is_told(home: Path) -> None:
    async with control_stage.up(settings(home)) as stage:
        stage.engine.live._history = 2
        before = stage.engine.live.last
        for number in range(5):
            stage.engine.live.publish(ExchangeChanged(exchange(number)))
        missed, *rest = await heard(stage, 3, before)
    assert isinstance(missed.change, Missed)
    assert missed.change.count > 0
    assert [event.change for event in rest] == [ExchangeChanged(exchange(number)) for number in (3, 4)]


async def test_one_that_comes_from_an_earlier_process_is_told(home: Path) -> None:
    async with control_stage.up(settings(home)) as before:
        before.engine.live.publish(ExchangeChanged(exchange(1)))
        (event,) = await heard(before, 1)
    async with control_stage.up(settings(home)) as after:
        (missed,) = await heard(after, 1, event.seq)
    assert missed.change == Missed(count=0, restarted=True)


async def test_only_the_kinds_that_are_wanted(up: Up) -> None:
    up.engine.live.publish(ExchangeChanged(exchange(1)))
    up.engine.live.publish(AccountGone(id="x", account="openai/x"))
    up.engine.live.publish(ExchangeChanged(exchange(2)))
    assert [event.change for event in await heard(up, 2, kinds=("exchange",))] == [
        ExchangeChanged(exchange(number)) for number in (1, 2)
    ]


async def test_logins_and_the_log_are_for_the_owner(up: Up) -> None:
    up.engine.live.publish(LoginChanged(LoginView(id="l", provider="p", state="running", started_at=0.0)))
    up.engine.live.publish(LogLine(level="info", event="e"))
    up.engine.live.publish(ExchangeChanged(exchange(1)))
    assert [event.change for event in await heard(up, 1, 0, (), LAPTOP)] == [ExchangeChanged(exchange(1))]
    kinds = {type(event.change) for event in await heard(up, 3, 0, ("login", "log", "exchange"))}
    assert kinds >= {LoginChanged, LogLine}
    with pytest.raises(Forbidden, match="log events are for the owner"):
        await heard(up, 1, 0, ("log",), LAPTOP)


async def test_no_body_is_told(up: Up) -> None:
    up.engine.live.publish(ExchangeChanged(exchange(1, bodies=Bodies(request="planted"))))
    late = exchange(2)
    up.engine.live.publish(ExchangeChanged(late))
    late.bodies = Bodies(request="planted")
    assert [event.change for event in await heard(up, 2)] == [ExchangeChanged(exchange(n)) for n in (1, 2)]


@pytest.mark.parametrize("key", [Secret("wrong"), Secret("own-key")])
async def test_a_wrong_key_hears_nothing(up: Up, key: Secret) -> None:
    with pytest.raises(WrongKey):
        await heard(up, 1, key=key)


@pytest.mark.parametrize(
    ("after", "kinds", "told"), [(None, ("exchanges",), "did you mean exchange?"), (-1, (), "no number of an event")]
)
async def test_what_cannot_be_asked_for(up: Up, after: int | None, kinds: tuple[str, ...], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        await heard(up, 1, after, kinds)


async def test_a_key_that_is_taken_away_ends_its_stream(up: Up) -> None:
    up.engine.live.publish(ExchangeChanged(exchange(1)))
    async with up.client(LAPTOP) as client, asyncio.timeout(PATIENCE_S):
        stream = client.events(0)
        assert (await anext(stream)).change == ExchangeChanged(exchange(1))
        up.guard.use({"default": OWN}, allow_host=[], allow_origin=[])
        up.engine.live.publish(ExchangeChanged(exchange(2)))
        assert await _all(stream) == []


async def test_more_than_so_many_are_refused(up: Up, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience, "MOST_LISTENERS", 1)
    async with stream(up):
        with pytest.raises(NoAccount, match="1 listen already"):
            await heard(up, 1)


async def test_who_leaves_is_forgotten(up: Up) -> None:
    async with stream(up):
        await joined(up)
    await joined(up, 0)


async def test_a_quiet_stream_is_kept_alive(up: Up, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "KEEPALIVE_S", 0.01)
    async with stream(up, "?kinds=login") as content:
        assert await content.readuntil(b": keep-alive\n\n")


async def test_a_stream_ends_in_order_with_the_server(home: Path) -> None:
    async with control_stage.up(settings(home)) as stage:
        client = stage.client()
        stage.engine.live.publish(ExchangeChanged(exchange(1)))
        listening = asyncio.ensure_future(_all(client.events(0, QUIET)))
        await joined(stage)
    async with asyncio.timeout(PATIENCE_S):
        assert [event.change for event in await listening] == [ExchangeChanged(exchange(1))]
    with pytest.raises(Unreachable):
        await _all(client.events())
    await client.aclose()


async def _all(stream: AsyncIterator[LiveEvent]) -> list[LiveEvent]:
    return [event async for event in stream]


def unread(up: Up) -> socket.socket:
    """A listener that does not read: its request is sent, with next to no room for the answer."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    host, port = up.url.removeprefix("http://").split(":")
    made.connect((host, int(port)))
    key = f"authorization: bearer {OWN.reveal()}"
    made.sendall(f"GET /admin/v1/events?kinds=exchange HTTP/1.1\r\nhost: localhost\r\n{key}\r\n\r\n".encode())
    return made


async def flood(up: Up, count: int) -> None:
    """So many exchanges, each through its four states, and more than the system's buffers hold."""
    for number in range(count):
        one = exchange(number, agent=LONG)
        for state in ("routing", "waiting", "streaming", "done"):
            up.engine.live.publish(ExchangeChanged(structs.replace(one, state=state)))
        if number % 50 == 0:
            await asyncio.sleep(0)


async def test_a_listener_that_does_not_read_costs_no_memory(up: Up) -> None:
    with unread(up) as listener:
        await joined(up)
        await flood(up, 10_000)
        await until(lambda: _buffered(up) > 0)
        assert _buffered(up) < 2 * events.BATCH * len(events.encode(up.engine.live.since(0)[-1]))
        assert len(up.engine.live._events) <= up.engine.live._history
        told = await asyncio.to_thread(_read, listener, b"ex_09999")
    assert b'"type":"missed"' in told
    states = [line for line in told.split(b"\n") if b"ex_09999" in line]
    assert [b'"state":"done"' in line for line in states] == [True]


async def test_a_listener_that_never_reads_is_cut(up: Up, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "STALLED_S", 0.05)
    with unread(up):
        await joined(up)
        await flood(up, 10_000)
        await joined(up, 0)


async def test_a_listener_that_does_not_read_does_not_hold_up_the_end(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audience, "_FAREWELL_S", 0.05)
    async with asyncio.timeout(PATIENCE_S):
        async with control_stage.up(settings(home)) as stage:
            listener = unread(stage)
            await joined(stage)
            await flood(stage, 5000)
        listener.close()


def _buffered(up: Up) -> int:
    """Bytes that the server holds for its listeners."""
    transports = [request.transport for request in up.audience._streams.values()]
    return sum(each.get_write_buffer_size() for each in transports if isinstance(each, asyncio.WriteTransport))


def _read(listener: socket.socket, until: bytes) -> bytes:
    """All that comes, up to an event with these bytes."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    listener.settimeout(PATIENCE_S)
    told = bytearray()
    while told.find(until, len(told) - 2 * len(LONG)) < 0 or not told.endswith(b"\n\n\r\n"):
        told += listener.recv(1 << 20)
    return bytes(told)
