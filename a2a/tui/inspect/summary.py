"""The first page of the inspector: what was asked, how it ended, its attempts in time, the pool's choices, what was
changed, usage and cost, and what to do next. It needs no recorded bodies."""

from __future__ import annotations

from collections.abc import Iterator

from a2a.control.advice import VIA, clock, next_steps, what_followed
from a2a.control.types import Attempt, AttemptOutcome, Considered, Cost, Decision, Exchange, ExchangeState, Fault, Route
from a2a.tui.desk import Desk
from a2a.tui.ink import Piece, Tone, cell_width, cut_text
from a2a.tui.inspect import timeline
from a2a.tui.inspect.json_text import cleaned
from a2a.tui.inspect.sections import note_line
from a2a.tui.inspect.sheet import EMPTY, Line, Row, Sheet, fold_under, line, single
from a2a.tui.marks import ASCII
from a2a.tui.words import cost, date_time, milliseconds, percent, size

LABEL = 10
"""Cells of the words on the left."""

NAME = 24
"""Cells of an account's name beside its bar, at most."""

STATE_TONES: dict[ExchangeState, Tone] = {
    "routing": "info",
    "waiting": "info",
    "streaming": "info",
    "done": "ok",
    "failed": "bad",
    "client_closed": "warn",
}
STATE_WORDS: dict[ExchangeState, str] = {
    "routing": "choosing an account",
    "waiting": "waiting for the upstream",
    "streaming": "streaming",
    "done": "served",
    "failed": "failed",
    "client_closed": "the client left",
}
_OUTCOMES: dict[AttemptOutcome | None, tuple[str, Tone]] = {
    "ok": ("served", "ok"),
    "failed": ("failed", "bad"),
    "client_closed": ("the client left", "warn"),
    None: ("still going on", "info"),
}


def sheet(desk: Desk, exchange: Exchange, width: int) -> Sheet:
    """The page, for so many cells."""
    rows: list[Row] = single(_head(desk, exchange))
    for title, lines in (
        ("Timeline", _timeline(desk, exchange, max(40, width))),
        ("Attempts", _attempts(exchange)),
        ("Changes", [note_line(note, 1) for note in exchange.notes]),
        ("Usage", _usage(exchange)),
        ("What to do", _advice(desk, exchange)),
    ):
        inner = list(lines)
        if inner:
            rows.append(Row(EMPTY))
            rows += fold_under(Row(line(title, "strong"), briefs=(" …", "")), single(inner))
    at = f"{date_time(exchange.started_at)} {desk.marks.dot} {exchange.id}"
    return Sheet(rows, ("what happened", ""), at)


def _labelled(label: str, *parts: Piece) -> Line:
    return Line(
        (("  ", "plain"), (f"{label:<{LABEL}}", "dim"), *((cleaned(text), tone) for text, tone in parts)), 2 + LABEL
    )


def _head(desk: Desk, exchange: Exchange) -> Iterator[Line]:
    tone = STATE_TONES[exchange.state]
    status = f" {exchange.status}" if exchange.status is not None else ""
    took = milliseconds(exchange.timings.last)
    after = f" after {took}" if took else ""
    sign = desk.marks.exchange[exchange.state]
    yield _labelled("ended", (f"{sign} {STATE_WORDS[exchange.state]}{status}", tone), (after, "plain"))
    if exchange.fault is not None:
        yield _labelled("because", (exchange.fault.message, "bad"))
    kind = ", as a stream" if exchange.stream else ""
    mode = {"relay": ", bytes passed through", "convert": ", converted", None: ""}[exchange.mode]
    yield _labelled("asked", (f"{exchange.path} ({exchange.front}{kind}{mode})", "plain"))
    if exchange.route is not None:
        yield _labelled("route", *_route(desk, exchange.route))
    agent = f" with {exchange.agent}" if exchange.agent else ""
    yield _labelled("client", (exchange.client, "strong"), (agent, "plain"))
    if exchange.session:
        yield _labelled("session", (exchange.session, "plain"))


def _route(desk: Desk, route: Route) -> Iterator[Piece]:
    where = desk.short(route.provider) + (f"/{route.account}" if route.account else "")
    yield f"{route.asked} {desk.marks.arrow} {where}, model {route.model}", "strong"
    yield f": {VIA.get(route.via, route.via)}", "plain"
    if route.instead_of:
        yield f", instead of {route.instead_of}", "plain"


# --- timeline


def _timeline(desk: Desk, exchange: Exchange, width: int) -> Iterator[Line]:
    now = desk.clock.now()
    glyphs = timeline.PLAIN_GLYPHS if desk.marks is ASCII else timeline.GLYPHS
    length = timeline.length_ms(exchange, now)
    names = {attempt.n: _name(attempt, min(NAME, width // 3), desk.marks.cut) for attempt in exchange.attempts}
    room = max((cell_width(name) for name in names.values()), default=0)
    waits = [turn for turn in exchange.unserved if turn.waited_ms]
    room = max(room, len("nobody was free") if waits else 0, 8)
    space = max(10, width - room - 15)
    if not names and not waits:
        return
    yield Line((("  " + " " * (room + 1), "plain"), (timeline.axis(length, space), "dim")))
    seen: set[timeline.Stage] = set()
    for attempt in exchange.attempts:
        found = timeline.stretches(exchange, attempt, now)
        seen |= {each.stage for each in found}
        tone = _OUTCOMES[attempt.outcome][1]
        name = names[attempt.n] + " " * (room + 1 - cell_width(names[attempt.n]))
        running = max(0.0, now - attempt.started_at) * 1000
        took = milliseconds(running if attempt.outcome is None else attempt.duration_ms)
        status = f"{attempt.status} " if attempt.status is not None else ""
        yield Line(
            (("  ", "plain"), (name, tone), *timeline.bar(found, length, space, glyphs), (f" {status}{took}", tone))
        )
    for turn in waits:
        stretch = timeline.Stretch("queued", 0.0, turn.waited_ms)
        bar = timeline.bar([stretch], length, space, glyphs)
        seen.add("queued")
        name = "nobody was free".ljust(room + 1)
        yield Line((("  ", "plain"), (name, "bad"), *bar, (f" {milliseconds(turn.waited_ms)}", "bad")))
    yield Line(tuple(_legend(seen, glyphs, room)), room + 3)


def _legend(seen: set[timeline.Stage], glyphs: dict[timeline.Stage, str], room: int) -> Iterator[Piece]:
    yield "  " + " " * (room + 1), "plain"
    for stage in timeline.STAGES:
        if stage in seen:
            yield glyphs[stage] * 2, timeline.TONES[stage]
            yield f" {timeline.WORDS[stage]}   ", "dim"


def _name(attempt: Attempt, room: int, cut: str) -> str:
    return cut_text(f"{attempt.n} {cleaned(attempt.account)}", room, cut).rstrip()


# --- attempts and the pool


def _attempts(exchange: Exchange) -> Iterator[Line]:
    for attempt in exchange.attempts:
        yield from _attempt(attempt)
    for turn in exchange.unserved:
        yield Line((("  ", "plain"), ("then nobody was left", "bad"), (_waited(turn), "plain")), 5)
        yield from _considered(turn)
        if not turn.considered:
            yield line("     there is no account", "plain", 5)
    if not exchange.attempts and not exchange.unserved:
        yield line("  nobody was asked", "dim")


def _attempt(attempt: Attempt) -> Iterator[Line]:
    word, tone = _OUTCOMES[attempt.outcome]
    status = f", upstream status {attempt.status}" if attempt.status is not None else ""
    took = f" after {milliseconds(attempt.duration_ms)}" if attempt.duration_ms is not None else ""
    head: tuple[Piece, ...] = (
        (f"  {attempt.n}  ", "dim"),
        (cleaned(attempt.account), "strong"),
        (f", model {cleaned(attempt.model)}: ", "plain"),
        (word, tone),
        (status + took, "plain"),
    )
    yield Line(head, 5)
    if attempt.fault is not None:
        yield from _fault(attempt.fault)
    if attempt.upstream_id:
        yield line(f"     the upstream calls it {cleaned(attempt.upstream_id)}", "dim", 5)
    if attempt.decision is not None:
        yield from _decision(attempt.decision)


def _fault(fault: Fault) -> Iterator[Line]:
    code = f" ({fault.code})" if fault.code else ""
    yield Line((("     ", "plain"), (f"{fault.kind}{code}: ", "bad"), (cleaned(fault.message), "plain")), 7)
    yield line(f"     then {what_followed(fault)}", "plain", 7)


def _decision(decision: Decision) -> Iterator[Line]:
    why = next((each.why for each in decision.considered if each.account == decision.picked), "picked")
    yield line(f"     {why}, by {decision.strategy}{_waited(decision)}", "dim", 7)
    yield from _considered(decision)


def _considered(decision: Decision) -> Iterator[Line]:
    """The accounts that were passed over, and why."""
    passed = [each for each in decision.considered if each.account != decision.picked]
    width = max((cell_width(each.account) for each in passed), default=0)
    for each in passed:
        pad = " " * (width - cell_width(each.account))
        yield Line(
            (("     not ", "dim"), (cleaned(each.account) + pad, "plain"), (f"  {_why(each)}", "dim")), width + 11
        )


def _why(each: Considered) -> str:
    return each.why + (f" until {clock(each.until)}" if each.until is not None else "")


def _waited(decision: Decision) -> str:
    return f", after waiting {milliseconds(decision.waited_ms)} for a slot" if decision.waited_ms else ""


# --- usage, advice


def _usage(exchange: Exchange) -> Iterator[Line]:
    used, timings = exchange.tokens, exchange.timings
    if used is not None:
        guess = ", a guess of a2a's" if used.estimated else ""
        yield _labelled("tokens", (f"{_number(used.input)} in, {_number(used.output)} out{guess}", "plain"))
        share = f" ({percent(used.cache_read / used.input)} of the input)" if used.input else ""
        parts = [
            (f"{used.cache_read:,} read from the cache{share}", used.cache_read),
            (f"{used.cache_write:,} written to the cache", used.cache_write),
            (f"{used.reasoning:,} of reasoning", used.reasoning),
        ]
        if told := ", ".join(text for text, number in parts if number):
            yield _labelled("of these", (told, "plain"))
    if exchange.cost is not None:
        yield _labelled("cost", (cost(exchange.cost), "strong"), (f"  {_basis(exchange.cost)}", "dim"))
    elif used is not None:
        yield _labelled("cost", ("not known: no price for this model", "dim"))
    times = (
        ("queued", timings.queued),
        ("headers", timings.headers),
        ("first", timings.first_token),
        ("last", timings.last),
    )
    if told := ", ".join(f"{word} {milliseconds(ms)}" for word, ms in times if ms is not None):
        yield _labelled("times", (told, "plain"))
    yield _labelled("bytes", (f"{size(exchange.request_bytes)} in, {size(exchange.answer_bytes)} out", "plain"))
    if exchange.stop:
        yield _labelled("stopped", (exchange.stop, "plain"))


def _number(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _basis(value: Cost) -> str:
    return "as the upstream says" if value.basis == "upstream" else f"an estimate, prices of {value.basis}"


def _advice(desk: Desk, exchange: Exchange) -> Iterator[Line]:
    for step in next_steps(exchange):
        yield Line(((f"  {desk.marks.arrow} ", "accent"), (cleaned(step), "plain")), 4)
