"""Attempts as bars on one time axis: when each began, what it waited for, and how long.

queued ....   waiting for a slot at an account
connect ++++  until there was a new connection; a call on an open one has none
sent   ----   until the upstream's headers
quiet  ====   from the headers to its first event
answer ####   from the first event to the last byte
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from a2a.control.types import Attempt, Exchange
from a2a.tui.ink import Piece, Tone
from a2a.tui.words import milliseconds

Stage = Literal["queued", "connect", "sent", "quiet", "answer"]

STAGES: tuple[Stage, ...] = ("queued", "connect", "sent", "quiet", "answer")
WORDS: dict[Stage, str] = {
    "queued": "queued",
    "connect": "connecting",
    "sent": "to headers",
    "quiet": "to first event",
    "answer": "answer",
}
TONES: dict[Stage, Tone] = {"queued": "dim", "connect": "accent", "sent": "info", "quiet": "warn", "answer": "ok"}
GLYPHS: dict[Stage, str] = {"queued": "·", "connect": "▚", "sent": "░", "quiet": "▒", "answer": "█"}
PLAIN_GLYPHS: dict[Stage, str] = {"queued": ".", "connect": "+", "sent": "-", "quiet": "=", "answer": "#"}
"""For terminals that know ASCII only."""

_STEPS = (1, 2, 5)


class Stretch(Struct, frozen=True):
    """Milliseconds since the request arrived."""

    stage: Stage
    start: float
    end: float


def stretches(exchange: Exchange, attempt: Attempt, now: float) -> list[Stretch]:
    """What one attempt went through, in order; stages whose end is not known reach to the end, or to `now`."""
    begin = max(0.0, (attempt.started_at - exchange.started_at) * 1000)
    waited = attempt.decision.waited_ms if attempt.decision is not None else 0.0
    last = attempt.duration_ms if attempt.duration_ms is not None else max(0.0, (now - attempt.started_at) * 1000)
    ends: list[tuple[Stage, float | None]] = [
        ("connect", attempt.connect_ms or 0.0),
        ("sent", attempt.headers_ms),
        ("quiet", attempt.first_event_ms),
        ("answer", last),
    ]
    found = [Stretch("queued", max(0.0, begin - waited), begin)] if waited else []
    at = 0.0
    for stage, end in ends:
        to = last if end is None else max(at, min(end, last))
        if to > at:
            found.append(Stretch(stage, begin + at, begin + to))
        at = to
        if end is None:
            break
    return found


def length_ms(exchange: Exchange, now: float) -> float:
    """The whole axis: until the last thing that is known, or until `now` while it goes on."""
    ends = [stretch.end for attempt in exchange.attempts for stretch in stretches(exchange, attempt, now)]
    ends += [turn.waited_ms for turn in exchange.unserved]
    if exchange.timings.last is not None:
        ends.append(exchange.timings.last)
    elif exchange.state in ("routing", "waiting", "streaming"):
        ends.append((now - exchange.started_at) * 1000)
    return max(1.0, *ends) if ends else 1.0


def bar(found: Sequence[Stretch], length: float, width: int, glyphs: dict[Stage, str]) -> list[Piece]:
    """`width` cells. A stage that took any time at all is one cell at least, where there is room for it."""
    cells: list[Stage | None] = [None] * width
    for stretch in found:
        start = min(width - 1, int(stretch.start / length * width))
        end = min(width, max(start + 1, round(stretch.end / length * width)))
        alone = cells[start] is not None and (start == 0 or cells[start - 1] != cells[start])
        if alone and end - start > 1:  # the only cell of the stage before
            start += 1
        cells[start:end] = [stretch.stage] * (end - start)
    return list(_runs(cells, glyphs))


def _runs(cells: Sequence[Stage | None], glyphs: dict[Stage, str]) -> Iterator[Piece]:
    at = 0
    while at < len(cells):
        end = at
        while end < len(cells) and cells[end] == cells[at]:
            end += 1
        stage = cells[at]
        yield (" " if stage is None else glyphs[stage]) * (end - at), "plain" if stage is None else TONES[stage]
        at = end


def axis(length: float, width: int) -> str:
    """Times above the bars, at round numbers that have room: `0     200 ms     400 ms`."""
    step = _step(length, width)
    text = "0"
    number = 1
    while True:
        label = milliseconds(number * step)
        place = round(number * step / length * width)
        if place + len(label) > width:
            return text.ljust(width)
        text = text.ljust(place) + label
        number += 1


def _step(length: float, width: int) -> float:
    """The smallest round step whose labels do not touch."""
    size = 1.0
    while True:
        for each in _STEPS:
            if each * size / length * width >= len(milliseconds(each * size)) + 4:
                return each * size
        size *= 10
