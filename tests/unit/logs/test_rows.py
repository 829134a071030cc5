"""An exchange in the form of a row."""

from __future__ import annotations

import zlib

from record_kit import exchange

from a2a.control.types import Arrival, AttemptBodies, Bodies, Exchange
from a2a.logs.rows import exchange_of, row_of


def bodies(answers: list[str | None]) -> Bodies:
    """One attempt for each answer; all were asked what the client asked, but for the last."""
    attempts = [AttemptBodies(n=n, request="q" * 5000, answer=answer) for n, answer in enumerate(answers, 1)]
    attempts[-1].request = "converted"
    attempts[-1].arrivals = [Arrival(1.5, 3)]
    return Bodies(
        request="q" * 5000, request_headers={"a": "b"}, answer="fine", attempts=attempts, cut=["request", "1.request"]
    )


def back(made: Exchange) -> Exchange:
    row = row_of(made)
    return exchange_of(row.exchange, row.bodies)


def test_bodies_come_back_as_they_were() -> None:
    made = bodies([None, "other", "fine"])
    assert back(exchange(1, bodies=made)).bodies == made
    assert type(back(exchange(1, bodies=made)).bodies) is Bodies
    assert made.attempts[0].request == "q" * 5000


def test_none_come_back_as_none() -> None:
    made = Bodies(attempts=[AttemptBodies(n=1), AttemptBodies(n=2, request="asked")])
    assert back(exchange(1, bodies=made)).bodies == made
    assert back(exchange(1)).bodies is None


def test_what_was_passed_on_word_for_word_stands_once() -> None:
    packed = row_of(exchange(1, bodies=bodies(["fine", "fine", "fine"]))).bodies
    assert packed is not None
    text = zlib.decompress(packed).decode()
    assert (text.count("q" * 5000), text.count('"fine"'), text.count("converted")) == (1, 1, 1)


def test_that_its_bodies_were_lost_is_kept() -> None:
    made = exchange(1)
    made.bodies_lost = True
    assert back(made).bodies_lost
