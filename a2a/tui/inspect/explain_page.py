"""What a request for a model would get: which accounts would be asked in which order, and what would be changed."""

from __future__ import annotations

from collections.abc import Iterator

from a2a.control.advice import VIA, clock, of_accounts
from a2a.control.types import Considered, Explained, Hop
from a2a.tui.desk import Desk
from a2a.tui.ink import Piece
from a2a.tui.inspect.json_text import cleaned
from a2a.tui.inspect.sections import note_line
from a2a.tui.inspect.sheet import EMPTY, Line, Row, Sheet, fold_under, single

LABEL = 10


def sheet(desk: Desk, found: Explained) -> Sheet:
    """A part for each (provider, model) that would be tried, in order."""
    rows: list[Row] = []
    if found.fault is not None:
        status = f"{found.fault.status} " if found.fault.status else ""
        rows += single([_labelled("refused", (status + found.fault.message, "bad"))])
        if found.fault.remedy:
            rows += single([_labelled("try", (found.fault.remedy, "plain"))])
    for number, hop in enumerate(found.hops, 1):
        if rows:
            rows.append(Row(EMPTY))
        rows += fold_under(Row(_head(desk, number, hop), briefs=(" …", "")), single(_hop(desk, hop)))
    return Sheet(rows, (f"{found.asked or 'no model'}, asked for over {found.front}", ""), "nobody was called")


def _labelled(label: str, *parts: Piece) -> Line:
    head: tuple[Piece, ...] = (("  ", "plain"), (f"{label:<{LABEL}}", "dim"))
    return Line((*head, *((cleaned(text), tone) for text, tone in parts)), 2 + LABEL)


def _head(desk: Desk, number: int, hop: Hop) -> Line:
    route = hop.route
    where = desk.short(route.provider) + (f"/{route.account}" if route.account else "")
    instead = f", instead of {route.instead_of}" if route.instead_of else ""
    why = f": {VIA.get(route.via, route.via)}{instead}"
    return Line(((f"{number}  {where}, model {cleaned(route.model)}", "strong"), (why, "plain")), 3)


def _hop(desk: Desk, hop: Hop) -> Iterator[Line]:
    for number, each in enumerate(hop.accounts):
        yield _labelled("" if number else "asks", (each.account, "ok"), (f"  {each.why}", "dim"))
    if not hop.accounts:
        yield _labelled("asks", ("nobody: no account can serve it now", "bad"))
        for text in dict.fromkeys(of_accounts(hop.waiting)):
            yield _labelled("try", (text, "plain"))
    for number, each in enumerate(hop.waiting):
        yield _labelled("" if number else "not now", (each.account, "plain"), (f"  {_why(each)}", "dim"))
    if hop.fault is not None:
        yield _labelled("refuses", (f"{hop.fault.status or ''} {hop.fault.message}".strip(), "bad"))
    elif hop.mode is not None:
        how = "the bytes as they are" if hop.mode == "relay" else "converted"
        yield _labelled("sends", (how + (f", to {hop.url}" if hop.url else ""), "plain"))
    for note in hop.notes:
        yield note_line(note, 1)


def _why(each: Considered) -> str:
    return each.why + (f" until {clock(each.until)}" if each.until is not None else "")
