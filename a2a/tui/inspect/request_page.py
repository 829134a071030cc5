"""The request: as the client sent it, and beside it as it went upstream, with what was changed, added and dropped."""

from __future__ import annotations

from collections import Counter

from a2a.control.bodies import is_binary
from a2a.control.types import Exchange
from a2a.tui.diff import align
from a2a.tui.inspect import bodies, json_diff, json_text, sections
from a2a.tui.inspect.frames import raw
from a2a.tui.inspect.sheet import Row, Sheet, Sign, line, sign_of
from a2a.tui.words import size


def sheet(exchange: Exchange, n: int) -> Sheet:
    """The page for attempt `n`."""
    if exchange.bodies is None or exchange.bodies.request is None:
        return bodies.unrecorded(exchange)
    sent = bodies.of_attempt(exchange, n)
    if sent is None or sent.request is None:
        remark = "nothing went upstream" if not exchange.attempts else "what went upstream was not recorded"
        return alone(exchange.bodies.request, "client request", remark, cut=bodies.was_cut(exchange, "request"))
    heads = ("client request", f"to {bodies.where_to(exchange, n)}")
    cut = bodies.cut_remark(exchange, "request", f"{n}.request")
    if exchange.bodies.request == sent.request:
        same = alone(sent.request, "", "", cut=bool(cut))
        remark = _joined("the client's bytes went upstream as they were", cut)
        return Sheet(same.rows, (f"client request = {heads[1]}", ""), remark, same.folded)
    rows, folded = _beside(exchange, n, exchange.bodies.request, sent.request)
    return Sheet(rows, heads, _joined(_told(exchange, rows), cut), frozenset(folded))


def _beside(exchange: Exchange, n: int, left: str, right: str) -> tuple[list[Row], set[int]]:
    try:
        ours = bodies.json_of(left, cut=bodies.was_cut(exchange, "request"))
        theirs = bodies.json_of(right, cut=bodies.was_cut(exchange, f"{n}.request"))
        if exchange.mode == "convert":
            return sections.rows(ours, theirs, exchange.notes)
        return json_diff.rows(ours, theirs)
    except (ValueError, RecursionError):
        return texts(left, right), set()


def texts(left: str, right: str) -> list[Row]:
    """Two texts that are no JSON, aligned by their lines."""
    old, new = list(json_text.text_lines(left)), list(json_text.text_lines(right))
    found = []
    for one, other in align(old, new):
        ours = None if one is None else line(old[one])
        theirs = None if other is None else line(new[other])
        found.append(Row(ours, theirs, sign_of(ours, theirs)))
    return found


def alone(body: str, title: str, remark: str, *, cut: bool) -> Sheet:
    """One body in one column: JSON where it is JSON, else its text."""
    try:
        printed = json_text.printed(bodies.json_of(body, cut=cut))
    except (ValueError, RecursionError):
        text = f"{size(len(raw(body)))} that are no text" if is_binary(body) else body
        return Sheet(json_text.text_rows(text), (title, ""), remark)
    rows = [Row(each.line, size=each.size, briefs=(each.brief, each.brief)) for each in printed]
    return Sheet(rows, (title, ""), remark, frozenset(n for n, each in enumerate(printed) if each.closed))


def counts(rows: list[Row]) -> str:
    """`2 changed, 1 added`; "" for nothing."""
    found = Counter(row.sign for row in rows)
    words: tuple[tuple[Sign, str], ...] = (("~", "changed"), ("+", "added"), ("-", "dropped"))
    return ", ".join(f"{found[sign]} {word}" for sign, word in words if found[sign])


def _told(exchange: Exchange, rows: list[Row]) -> str:
    if exchange.mode == "convert":
        told = Counter(note.action for note in exchange.notes)
        changes = ", ".join(f"{number} {action}" for action, number in told.items())
        return f"converted to another protocol: {changes or 'nothing was lost'}"
    return f"the same protocol; lines: {counts(rows) or 'none differ'}"


def _joined(*sentences: str) -> str:
    return "; ".join(each for each in sentences if each)
