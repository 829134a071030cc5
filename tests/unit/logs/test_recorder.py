"""What is told of exchanges, and which of them are kept in memory."""

from __future__ import annotations

from support.pool_kit import FakeClock

from a2a.control.types import Exchange, ExchangeChanged
from a2a.logs.live import Live
from a2a.logs.recorder import Recorder


def recorder(recent: int = 10) -> tuple[Recorder, Live]:
    live = Live(FakeClock())
    return Recorder(live, recent), live


def exchange(name: str, at: float = 0.0) -> Exchange:
    return Exchange(id=name, started_at=at, client="c", front="chat", path="/")


def test_the_newest_stay_and_come_first() -> None:
    made, _ = recorder(recent=2)
    for name in "abc":
        one = exchange(name)
        made.begin(one)
        made.end(one)
    assert [found.id for found in made.recent()] == ["c", "b"]
    assert [found.id for found in made.recent(1)] == ["c"]
    assert (made.get("a"), made.recent(0)) == (None, [])


def test_what_is_in_flight_stays() -> None:
    made, _ = recorder(recent=1)
    for name in "abc":
        made.begin(exchange(name))
    assert [found.id for found in made.recent()] == ["c", "b", "a"]


def test_a_record_is_the_exchange_itself() -> None:
    made, _ = recorder()
    one = exchange("a")
    made.begin(one)
    assert made.get("a") is one


def test_what_runs_and_what_was_served_is_counted() -> None:
    made, _ = recorder(recent=1)
    first, second = exchange("a"), exchange("b")
    made.begin(first)
    made.begin(second)
    made.end(first)
    assert (made.in_flight, made.served) == (1, 1)


def test_each_change_is_told() -> None:
    made, live = recorder()
    one = exchange("a")
    made.begin(one)
    assert [event.change for event in live.since(0)] == [ExchangeChanged(one)]
    made.changed(one)
    made.end(one)
    assert live.since(0)[-1].change == ExchangeChanged(one)
