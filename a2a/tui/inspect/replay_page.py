"""A request that was sent again: both answers beside each other, and what they cost."""

from __future__ import annotations

from a2a.control.types import Exchange, Replayed
from a2a.tui.desk import Desk
from a2a.tui.inspect.answer_page import words
from a2a.tui.inspect.sheet import EMPTY, Line, Row, Sheet, sign_of
from a2a.tui.inspect.spoken import Piece, spoken
from a2a.tui.words import account_of, cost, milliseconds

LABEL = 12


def sheet(desk: Desk, replayed: Replayed) -> Sheet:
    """Facts first, then what both say. Without recorded bodies, the server's own comparison of the texts."""
    before, after = _facts(desk, replayed.before), _facts(desk, replayed.after)
    heads = (f"before: {account_of(replayed.before)}", f"again: {account_of(replayed.after)}")
    rows = [_fact(name, before[name], after[name]) for name in before if before[name] or after[name]]
    rows.append(Row(EMPTY, EMPTY))
    compared = words(_said(replayed.before), _said(replayed.after), heads)
    if compared is None:
        rows += [_of_diff(text) for text in replayed.diff]
        return Sheet(rows, heads, "" if replayed.diff else "the answers are the same")
    if compared.heads[1]:
        rows += compared.rows
    else:  # equal: the same text in both columns
        rows += [Row(row.left, row.left, " ", row.size, (row.briefs[0], row.briefs[0])) for row in compared.rows]
    return Sheet(rows, heads, f"{replayed.after.id}: {compared.remark}")


def _said(exchange: Exchange) -> list[Piece]:
    return spoken(exchange.bodies.answer or "") if exchange.bodies is not None else []


def _facts(desk: Desk, exchange: Exchange) -> dict[str, str]:
    used, timings = exchange.tokens, exchange.timings
    status = f" {exchange.status}" if exchange.status is not None else ""
    return {
        "ended": exchange.state + status,
        "because": exchange.fault.message if exchange.fault is not None else "",
        "model": exchange.attempts[-1].model if exchange.attempts else "",
        "tokens": f"{used.input or 0:,} in, {used.output or 0:,} out" if used is not None else "",
        "first token": milliseconds(timings.first_token),
        "took": milliseconds(timings.last),
        "cost": cost(exchange.cost),
    }


def _fact(name: str, before: str, after: str) -> Row:
    left, right = (Line(((f"{name:<{LABEL}}", "dim"), (text or "-", "plain")), LABEL) for text in (before, after))
    return Row(left, right, sign_of(left, right))


def _of_diff(text: str) -> Row:
    """A line of a unified diff."""
    row = Line(((text, "plain"),))
    if text.startswith("+"):
        return Row(None, row, "+")
    return Row(row, None, "-") if text.startswith("-") else Row(row, row)
