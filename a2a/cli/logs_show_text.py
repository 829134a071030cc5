"""How `a2a logs show` tells of an exchange: the story as `a2a explain` has it, a time line, what was said, bodies."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator

from a2a.cli import figures
from a2a.cli.bodies_text import bodies_of, listing, whole
from a2a.cli.explain_text import tell_exchange
from a2a.cli.logs_table import can
from a2a.cli.output import Out
from a2a.control.types import Attempt, Exchange, Tokens

_LINES = 12
"""Lines of one text that are shown without `--full`, half from each end."""
_BAR = 40
_NARROW = 100


def tell(out: Out, exchange: Exchange, *, full: bool) -> None:
    tell_exchange(out, exchange)
    out.text("")
    for name, text in _facts(exchange):
        out.text(f"{name:<9}{text}")
    for line in timeline(exchange, _BAR if _room(out) >= _NARROW else _BAR // 2, plain=not can(out, "█")):
        out.text(line)
    _said(out, exchange, full=full)
    _bodies(out, exchange, full=full)


def _room(out: Out) -> int:
    return shutil.get_terminal_size().columns if out.stdout.isatty() else _NARROW


def _facts(exchange: Exchange) -> Iterator[tuple[str, str]]:
    if exchange.session:
        yield "session", exchange.session
    if exchange.tokens is not None:
        yield "tokens", _tokens(exchange.tokens)
    if exchange.cost is not None:
        basis = "as the upstream says" if exchange.cost.basis == "upstream" else f"by prices of {exchange.cost.basis}"
        yield "cost", f"{figures.money(exchange.cost)}, {basis}"
    if exchange.stop:
        yield "stop", exchange.stop
    yield "size", f"{figures.size(exchange.request_bytes)} asked, {figures.size(exchange.answer_bytes)} answered"
    took = exchange.timings
    times = (("queued", took.queued), ("headers", took.headers), ("first token", took.first_token), ("end", took.last))
    known = [f"{name} {figures.span(value)}" for name, value in times if value is not None]
    if known:
        yield "after", ", ".join(known)


def _tokens(used: Tokens) -> str:
    about = "about " if used.estimated else ""
    cached = (("from the cache", used.cache_read), ("written to it", used.cache_write))
    read = [f"{count} {name}" for name, count in cached if count]
    sides = (
        f"{about}{'?' if used.input is None else used.input} in" + (f" ({', '.join(read)})" if read else ""),
        f"{about}{'?' if used.output is None else used.output} out"
        + (f" ({used.reasoning} reasoning)" if used.reasoning else ""),
    )
    return ", ".join(sides)


def timeline(exchange: Exchange, cells: int, *, plain: bool) -> Iterator[str]:
    """A bar for each attempt on the time from arrival to end: waiting, then answering."""
    whole_ms = exchange.timings.last
    if not exchange.attempts or not whole_ms:
        return
    yield ""
    waits, answers, off = (".", "=", " ") if plain else ("░", "█", " ")
    for attempt in exchange.attempts:
        begin = max(attempt.started_at - exchange.started_at, 0.0) * 1000
        took = attempt.duration_ms or 0.0
        first = attempt.first_event_ms if attempt.first_event_ms is not None else took
        marks = [min(round(at / whole_ms * cells), cells) for at in (begin, begin + first, begin + took)]
        bar = off * marks[0] + waits * (marks[1] - marks[0]) + answers * (marks[2] - marks[1])
        bar = bar if bar.strip() else off * min(marks[0], cells - 1) + answers
        yield f"{attempt.n}. |{bar:<{cells}}| {_outcome(attempt)}"


def _outcome(attempt: Attempt) -> str:
    ended = attempt.outcome or "going on"
    return f"{attempt.account} {attempt.status or ended} after {figures.span(attempt.duration_ms) or '?'}"


def _said(out: Out, exchange: Exchange, *, full: bool) -> None:
    """The conversation, where it was recorded."""
    from a2a.gateway.transcript import answer_lines, request_lines, talk_of

    talk = talk_of(exchange)
    if talk is None:
        return
    out.text("")
    for line in _shortened(request_lines(talk.request), full=full):
        out.text(line)
    out.text("[answer]")
    for line in _shortened((f"    {line}".rstrip() for line in answer_lines(exchange)), full=full):
        out.text(line)


def _shortened(lines: Iterable[str], *, full: bool) -> Iterator[str]:
    """Runs of indented lines with their middle left out."""
    run: list[str] = []
    for line in lines:
        if line.startswith(" ") or not line:
            run.append(line)
            continue
        yield from _cut(run, full=full)
        run = []
        yield line
    yield from _cut(run, full=full)


def _cut(run: list[str], *, full: bool) -> Iterator[str]:
    half = _LINES // 2
    if full or len(run) <= _LINES:
        yield from run
        return
    yield from run[:half]
    yield f"    … {len(run) - 2 * half} more lines (--full)"
    yield from run[-half:]


def _bodies(out: Out, exchange: Exchange, *, full: bool) -> None:
    from a2a.control.bodies import unrecorded

    found = bodies_of(exchange)
    out.text("")
    if not found:
        none = unrecorded(exchange)
        out.text(f"bodies   not recorded{none.why}; {none.hint}")
        return
    if not full:
        out.text("bodies   (--body NAME shows one, --full all)")
        for line in listing(exchange):
            out.text(line)
        return
    for body in found:
        for line in whole(body):
            out.text(line)
        out.text("")
