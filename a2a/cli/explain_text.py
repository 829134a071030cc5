"""How `a2a explain` tells it to people: what happened, in order, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from a2a.cli.output import Out
from a2a.config import PROVIDER_SHORT
from a2a.control.types import Attempt, Considered, Decision, Exchange, Explained, Fault, Hop, NoteView, Route

if TYPE_CHECKING:
    Line = tuple[str, str]

_INDENT = "     "


def tell_plan(out: Out, found: Explained) -> None:
    """A request that nobody has made."""
    streamed = ", as a stream" if found.stream else ""
    out.text(f"{found.asked}, asked for over {found.front}{streamed}")
    if found.fault is not None:
        out.text(f"would be refused: {found.fault.status} {found.fault.message}")
        if found.fault.remedy:
            out.text(f"         {found.fault.remedy}")
        out.text("what to do: a2a models lists the names that are served")
    for number, hop in enumerate(found.hops, 1):
        out.text("")
        out.text(f"{number}. {_route(hop.route)}")
        for head, text in _hop(hop):
            out.text(f"   {head:<9}{text}")
    out.say("nobody was called")


def _route(route: Route) -> str:
    from a2a.control.advice import VIA

    account = f"/{route.account}" if route.account else ""
    instead = f", instead of {route.instead_of}" if route.instead_of else ""
    where = f"{PROVIDER_SHORT.get(route.provider, route.provider)}{account}, model {route.model}"
    return f"{where}: {VIA.get(route.via, route.via)}{instead}"


def _hop(hop: Hop) -> Iterator[Line]:
    if hop.accounts:
        yield "asks", ", then ".join(f"{each.account} ({each.why})" for each in hop.accounts)
    else:
        yield "asks", "nobody: no account can serve it now"
        yield from _helps(hop.waiting)
    if hop.waiting:
        yield "not now", _passed(hop.waiting)
    if hop.fault is not None:
        yield "refuses", f"{hop.fault.status} {hop.fault.message}"
    elif hop.mode is not None:
        how = "the bytes as they are" if hop.mode == "relay" else "converted"
        yield "sends", f"{how}, to {hop.url}" if hop.url else how
    yield from _notes(hop.notes)


def _helps(passed: Sequence[Considered]) -> Iterator[Line]:
    from a2a.control.advice import of_accounts

    for text in dict.fromkeys(of_accounts(passed)):
        yield "try", text
    if not passed:
        yield "try", "a2a login adds an account"


def _passed(passed: Iterable[Considered]) -> str:
    from a2a.control.advice import clock

    told = [
        f"{each.account}: {each.why}" + (f" until {clock(each.until)}" if each.until is not None else "")
        for each in passed
    ]
    return "; ".join(told)


def _notes(notes: Iterable[NoteView]) -> Iterator[Line]:
    for note in notes:
        yield "changes", f"{note.field} {note.action}" + (f": {note.why}" if note.why else "")


def tell_exchange(out: Out, found: Exchange) -> None:
    """A request that was made: who asked what, what was tried, how it ended, what to do."""
    from a2a.control.advice import clock, next_steps

    out.text(f"{found.id}  {clock(found.started_at)}  {found.path} ({found.front}), by client {found.client}")
    if found.agent:
        out.text(f"agent    {found.agent}")
    out.text(f"ended    {_end(found)}")
    if found.fault is not None:
        out.text(f"because  {found.fault.message}")
    if found.route is not None:
        out.text(f"route    {found.route.asked} -> {_route(found.route)}")
    for attempt in found.attempts:
        out.text("")
        for line in _attempt(attempt):
            out.text(line)
    for turn in _turns(found.unserved):
        out.text("")
        out.text(f"Then nobody was left: {_passed(turn.considered) or 'there is no account'}{_waited(turn)}")
    notes = list(_notes(found.notes))
    if notes:
        out.text("")
    for _, text in notes:
        out.text(f"changed  {text}")
    out.text("")
    out.text("What to do:")
    for step in next_steps(found):
        out.text(f"  - {step}")


def _turns(unserved: Iterable[Decision]) -> Iterable[Decision]:
    """Of those who were looked at again and again, how they were last."""
    return {tuple(each.account for each in turn.considered): turn for turn in unserved}.values()


def _end(found: Exchange) -> str:
    words = {"done": "served", "failed": "failed", "client_closed": "the client left"}
    status = f", status {found.status}" if found.status is not None else ""
    mode = {"relay": ", bytes passed through", "convert": ", converted", None: ""}[found.mode]
    return f"{words.get(found.state, 'still going on')}{status}{_after(found.timings.last)}{mode}{_tokens(found)}"


def _after(milliseconds: float | None) -> str:
    return "" if milliseconds is None else f", after {_span(milliseconds)}"


def _span(milliseconds: float) -> str:
    return f"{milliseconds:.3g} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.3g} s"


def _tokens(found: Exchange) -> str:
    used = found.tokens
    return "" if used is None else f", {used.input or 0} tokens in, {used.output or 0} out"


def _attempt(attempt: Attempt) -> Iterator[str]:
    came = {"ok": "served", "client_closed": "the client left", "failed": "failed", None: "still going on"}
    status = f", upstream status {attempt.status}" if attempt.status is not None else ""
    took = _after(attempt.duration_ms)
    yield f"{attempt.n}.   {attempt.account}, model {attempt.model}: {came[attempt.outcome]}{status}{took}"
    if attempt.decision is not None:
        yield from _decision(attempt.decision)
    if attempt.upstream_id:
        yield f"{_INDENT}the upstream calls it {attempt.upstream_id}"
    if attempt.fault is not None:
        yield from _fault(attempt.fault)


def _decision(decision: Decision) -> Iterator[str]:
    picked = next((each.why for each in decision.considered if each.account == decision.picked), "picked")
    yield f"{_INDENT}{picked}, by {decision.strategy}{_waited(decision)}"
    others = [each for each in decision.considered if each.account != decision.picked]
    if others:
        yield f"{_INDENT}others: {_passed(others)}"


def _waited(decision: Decision) -> str:
    return f", after waiting {_span(decision.waited_ms)}" if decision.waited_ms else ""


def _fault(fault: Fault) -> Iterator[str]:
    from a2a.control.advice import what_followed

    code = f" ({fault.code})" if fault.code else ""
    yield f"{_INDENT}{fault.kind}{code}: {fault.message}"
    yield f"{_INDENT}then {what_followed(fault)}"
