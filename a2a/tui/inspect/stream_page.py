"""The stream as it arrived: a row for each read of the upstream's answer, with the pause before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from a2a.control.bodies import is_binary
from a2a.control.types import AttemptBodies, Exchange
from a2a.tui.ink import Piece
from a2a.tui.inspect import bodies, json_text
from a2a.tui.inspect.frames import Frame, event_stream, frames, raw
from a2a.tui.inspect.sheet import Line, Row, Sheet, fold_under, line
from a2a.tui.inspect.spoken import TONES, spoken_in
from a2a.tui.words import milliseconds, size

BAR = 16
"""Cells of the longest pause."""

READ = 4096
"""Characters of one read that are shown unfolded; the answer's page has everything."""


def sheet(exchange: Exchange, n: int, full: str = "█") -> Sheet:
    """The page for attempt `n`. `full`: what bars are made of."""
    if exchange.bodies is None:
        return bodies.unrecorded(exchange)
    found = bodies.of_attempt(exchange, n)
    if found is None or not found.arrivals:
        return bodies.nothing("When the parts of this answer arrived was not recorded.")
    gaps = _gaps(exchange, found)
    longest = max(range(len(gaps)), key=gaps.__getitem__)
    rows: list[Row] = []
    for number, (arrival, gap, text) in enumerate(zip(found.arrivals, gaps, _texts(found), strict=True)):
        cells = round(gap / gaps[longest] * BAR) if gaps[longest] else 0
        bar = full * max(cells, 1 if gap >= 1 else 0)
        first = next((each for each in text.splitlines() if each.strip()), "")
        says = _says(text, is_binary(found.answer or ""))
        head = Line(
            (
                (f"{f'+{arrival.at_ms:.0f} ms':>12}  ", "plain"),
                (f"{milliseconds(gap):>7} ", "strong" if number == longest else "dim"),
                (f"{bar:<{BAR}} ", "warn" if number == longest else "info"),
                (f"{size(arrival.size):>9}  ", "dim"),
                ("longest pause  " if number == longest and len(gaps) > 1 else "", "warn"),
                *(says or [(json_text.cleaned(first[:300]), "dim")]),
            )
        )
        inner = [Row(line("            " + each, "dim", 12)) for each in json_text.text_lines(text[:READ])]
        rows += fold_under(Row(head, flat=True), inner if says or len(text) > len(first) + 2 else [])
    folded = frozenset(index for index, row in enumerate(rows) if row.size)
    title = f"{'at':>12}  {'pause':>7} {'':<{BAR}} {'size':>9}  what came"
    return Sheet(rows, (title, ""), _told(found, gaps, longest), folded)


def _says(text: str, binary: bool) -> list[Piece]:
    """What the frames of one read add to the answer; empty for one that adds nothing, or begins within a frame."""
    if len(text) > READ:
        return []
    stream = [Frame("", each[each.find("{") :]) for each in text.splitlines()] if binary else frames(text)
    found: list[Piece] = []
    for piece in spoken_in(stream):
        shown = json_text.cleaned(" ".join(piece.text.split("\n")))
        found += [("" if piece.kind == "text" else f"{piece.kind}  ", "dim"), (f"{shown} ", TONES[piece.kind])]
    return found


def _told(found: AttemptBodies, gaps: Sequence[float], longest: int) -> str:
    """`42 reads, 12.3 KiB in 3.2 s; longest pause 840 ms before read 17`."""
    arrivals = found.arrivals
    whole = size(sum(each.size for each in arrivals))
    took = milliseconds(max(0.0, arrivals[-1].at_ms - arrivals[0].at_ms))
    reads = f"{len(arrivals)} read" + ("" if len(arrivals) == 1 else "s")
    return f"{reads}, {whole} in {took}; longest pause {milliseconds(gaps[longest])} before read {longest + 1}"


def _gaps(exchange: Exchange, found: AttemptBodies) -> list[float]:
    """Milliseconds before each read; the first waited since its attempt began."""
    attempt = bodies.attempt(exchange, found.n)
    begin = (attempt.started_at - exchange.started_at) * 1000 if attempt is not None else 0.0
    times = [begin, *(each.at_ms for each in found.arrivals)]
    return [max(0.0, later - earlier) for earlier, later in pairwise(times)]


def _texts(found: AttemptBodies) -> Iterator[str]:
    """What each read brought; of a binary stream the payloads of its frames."""
    body = found.answer or ""
    data = raw(body)
    at = 0
    for arrival in found.arrivals:
        piece = data[at : at + arrival.size]
        at += arrival.size
        if not is_binary(body):
            yield piece.decode("utf-8", "replace")
        else:
            yield "\n".join(f"{each.name}  {each.data}" for each in event_stream(piece)) or _part(piece)


def _part(piece: bytes) -> str:
    """Bytes that begin in the middle of a frame."""
    return f"({len(piece)} bytes within a frame)" if piece else "(beyond what was kept)"
