"""The ring of exchange records."""

from __future__ import annotations

from support.pool_kit import FakeClock

from a2a.control.types import Exchange, ExchangeChanged
from a2a.logs.live import Live
from a2a.logs.recorder import Recorder


def recorder(capacity: int = 10) -> tuple[Recorder, Live]:
    live = Live(FakeClock())
    return Recorder(live, capacity), live


def exchange(name: str) -> Exchange:
    return Exchange(id=name, started_at=0.0, client="c", front="chat", path="/")


def test_the_newest_stay_and_come_first() -> None:
    made, _ = recorder(capacity=2)
    for name in "abc":
        made.begin(exchange(name))
    assert [found.id for found in made.recent()] == ["c", "b"]
    assert [found.id for found in made.recent(1)] == ["c"]
    assert (made.get("a"), made.recent(0)) == (None, [])


def test_a_record_is_the_exchange_itself() -> None:
    made, _ = recorder()
    one = exchange("a")
    made.begin(one)
    assert made.get("a") is one


def test_what_runs_and_what_was_served_is_counted() -> None:
    made, _ = recorder(capacity=1)
    first, second = exchange("a"), exchange("b")
    made.begin(first)
    made.begin(second)
    made.end(first)
    assert (made.in_flight, made.served) == (1, 1)


def test_each_change_is_told() -> None:
    made, live = recorder()
    one = exchange("a")
    made.begin(one)
    made.changed(one)
    made.end(one)
    assert [event.change for event in live.since(0)] == [ExchangeChanged(one)] * 3
