"""The headers of request and answer, each beside what became of it. Secrets were taken out when they were recorded."""

from __future__ import annotations

from collections.abc import Mapping

from a2a.control.types import Exchange
from a2a.tui.inspect import bodies
from a2a.tui.inspect.json_text import cleaned
from a2a.tui.inspect.sheet import EMPTY, LONGEST, Line, Row, Sheet, fold_under, line


def sheet(exchange: Exchange, n: int) -> Sheet:
    """The page for attempt `n`: what came in on the left, what went on from there on the right."""
    recorded = exchange.bodies
    if recorded is None:
        return bodies.unrecorded(exchange)
    sent = bodies.of_attempt(exchange, n)
    rows: list[Row] = []
    request = _beside(recorded.request_headers, sent.request_headers if sent else {})
    rows += fold_under(_head("request", exchange.path, _target(exchange, n)), request)
    rows.append(Row(EMPTY, EMPTY))
    is_last = n == bodies.last_attempt(exchange)
    answer = _beside(sent.answer_headers if sent else {}, recorded.answer_headers if is_last else {})
    attempt = bodies.attempt(exchange, n)
    came = _status(attempt.status if attempt else None)
    rows += fold_under(_head("answer", came, _status(exchange.status) if is_last else "none of this attempt"), answer)
    heads = ("came in", "went on") if sent else ("client", "no attempt")
    return Sheet(rows, heads, "request: client → upstream; answer: upstream → client")


def _target(exchange: Exchange, n: int) -> str:
    sent = bodies.of_attempt(exchange, n)
    return f"{sent.method} {sent.url or ''}".strip() if sent is not None else "nothing went upstream"


def _status(status: int | None) -> str:
    return "no status" if status is None else f"status {status}"


def _head(what: str, left: str, right: str) -> Row:
    def side(text: str) -> Line:
        return Line(((f"{what}  ", "strong"), (cleaned(text)[:LONGEST], "plain")), 2)

    return Row(side(left), side(right), "|")


def _beside(left: Mapping[str, str], right: Mapping[str, str]) -> list[Row]:
    """By name, in the order of the alphabet."""
    found = []
    for name in sorted({*left, *right}):
        ours, theirs = _header(name, left), _header(name, right)
        if ours is None:
            found.append(Row(None, theirs, "+"))
        elif theirs is None:
            found.append(Row(ours, None, "-"))
        else:
            found.append(Row(ours, theirs, " " if ours == theirs else "~"))
    return found or [Row(line("  none", "dim"), line("  none", "dim"))]


def _header(name: str, headers: Mapping[str, str]) -> Line | None:
    if name not in headers:
        return None
    return Line((("  ", "plain"), (name, "accent"), (": ", "dim"), (cleaned(headers[name])[:LONGEST], "plain")), 4)
