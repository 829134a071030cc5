"""How far streams are, and how busy accounts: told when it changed, and looked at only while somebody listens."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from support.pool_kit import OPENAI, FakeClock, account, pool_of

from a2a.control.types import AccountChanged, Exchange, Progress, Timings
from a2a.gateway.progress import AccountWatch, ProgressWatch
from a2a.logs.live import Live

pytestmark = pytest.mark.anyio


def stream(name: str, *, first: float | None = 12.5, sent: int = 0) -> Any:
    exchange = Exchange(id=name, started_at=0.0, client="c", front="chat", path="/", timings=Timings(first_token=first))
    return SimpleNamespace(report=SimpleNamespace(entry=exchange), down=SimpleNamespace(sent_bytes=sent))


async def test_what_has_gone_out_since_the_last_look_is_told() -> None:
    live, streams = Live(FakeClock()), {"ex_1": stream("ex_1", sent=10), "ex_2": stream("ex_2", sent=5)}
    watch = ProgressWatch(streams, live)
    watch.look()
    before = live.last
    streams["ex_1"].down.sent_bytes = 20
    watch.look()
    assert [event.change for event in live.since(before)] == [Progress(id="ex_1", output_bytes=20, first_token_ms=12.5)]


async def test_before_the_first_token_there_is_nothing_to_tell() -> None:
    live = Live(FakeClock())
    before = live.last
    waiting = stream("ex_1", first=None, sent=10)
    without = stream("ex_2")
    without.down = None
    ProgressWatch({"ex_1": waiting, "ex_2": without}, live).look()
    assert live.since(before) == []


async def test_ended_streams_are_forgotten() -> None:
    streams = {"ex_1": stream("ex_1", sent=10)}
    watch = ProgressWatch(streams, Live(FakeClock()))
    watch.look()
    streams.clear()
    watch.look()
    assert watch._told == {}


async def test_an_account_that_is_busy_is_told() -> None:
    live, pool = Live(FakeClock()), pool_of(account("a"), account("b"))
    watch = AccountWatch(pool, live)
    watch.look()
    before = live.last
    with pool.lease(OPENAI, "m") as lease:
        watch.look()
        (event,) = live.since(before)
    assert isinstance(event.change, AccountChanged)
    assert (event.change.account.id, event.change.account.in_flight) == (lease.account.id, 1)


async def test_who_begins_to_listen_is_not_told_of_accounts_that_stay_as_they_are() -> None:
    live = Live(FakeClock())
    before = live.last
    watch = AccountWatch(pool_of(account("a")), live)
    watch.look()
    watch.look()
    assert live.since(before) == []
