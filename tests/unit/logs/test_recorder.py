"""What is told of exchanges, and which of them are kept in memory."""

from __future__ import annotations

from typing import Any

import msgspec
from support.pool_kit import FakeClock

from a2a.control.types import Exchange, ExchangeChanged
from a2a.logs.entry import Entry, EntryAttempt, EntryTokens, shown
from a2a.logs.live import Live
from a2a.logs.recorder import Recorder


def recorder(recent: int = 10) -> tuple[Recorder, Live]:
    live = Live(FakeClock())
    return Recorder(live, recent), live


def exchange(name: str, **fields: Any) -> Entry:
    return Entry(id=name, started_at=0.0, client="c", front="chat", path="/", **fields)


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


def test_what_is_shown_is_the_exchange_as_it_is_now() -> None:
    """With the names of its fields, which it loses only where it is packed."""
    made, _ = recorder()
    one = exchange("a")
    made.begin(one)
    one.attempts.append(EntryAttempt(n=1, provider="p", account="p/a", model="m", started_at=1.0))
    one.tokens, one.timings.last = EntryTokens(input=3), 7.0
    before = made.get("a")
    one.state = "done"
    assert before is not None
    told = msgspec.json.decode(msgspec.json.encode(before))
    assert (told["id"], told["state"], told["tokens"]["input"], told["timings"]["last"]) == ("a", "routing", 3, 7.0)
    assert (told["attempts"][0]["account"], told["attempts"][0]["status"]) == ("p/a", None)
    assert [found.state for found in made.recent()] == ["done"]
    assert type(before) is type(made.recent()[0]) is Exchange


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
    assert [event.change for event in live.since(0)] == [ExchangeChanged(shown(one))]
    listener = live.listen()
    one.state = "waiting"
    made.changed(one)
    one.state = "done"
    assert live.since(0)[-1].change == ExchangeChanged(shown(exchange("a", state="waiting")))
    made.end(one)
    assert live.since(0)[-1].change == ExchangeChanged(shown(one))
    listener.close()
