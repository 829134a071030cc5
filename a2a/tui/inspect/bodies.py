"""The recorded bodies of an exchange, as the pages ask for them, and what to say where there are none."""

from __future__ import annotations

from typing import Any

from a2a.control.bodies import is_binary
from a2a.control.bodies import unrecorded as why_none
from a2a.control.types import Attempt, AttemptBodies, Exchange
from a2a.tui.inspect import json_text
from a2a.tui.inspect.sheet import EMPTY, Sheet, line, single

_NOT_WANTED = (
    "",
    "To see what is sent and answered, start the server with",
    "    a2a serve --log-bodies",
    "and send the request again. Times, attempts and notes are on the first page.",
)
_NO_ROOM = ("", "Times, attempts and notes are on the first page. To see what is sent and answered, send it again.")


def unrecorded(exchange: Exchange) -> Sheet:
    """A page without anything to show, which says how to get it."""
    told = f"The bodies of this exchange were not recorded{why_none(exchange).why}."
    said = (told, *(_NO_ROOM if exchange.bodies_lost else _NOT_WANTED))
    return Sheet(single([EMPTY, *(line("  " + text, "strong" if "serve" in text else "plain") for text in said)]))


def nothing(*sentences: str) -> Sheet:
    """A page with nothing to show, and why."""
    return Sheet(single([EMPTY, *(line("  " + each) for each in sentences)]))


def of_attempt(exchange: Exchange, n: int) -> AttemptBodies | None:
    """What went to and fro in attempt `n`."""
    attempts = exchange.bodies.attempts if exchange.bodies is not None else []
    return next((each for each in attempts if each.n == n), None)


def attempt(exchange: Exchange, n: int) -> Attempt | None:
    return next((each for each in exchange.attempts if each.n == n), None)


def last_attempt(exchange: Exchange) -> int:
    """Its number; 0 where nobody was asked."""
    return exchange.attempts[-1].n if exchange.attempts else 0


def was_cut(exchange: Exchange, name: str) -> bool:
    """Whether only the beginning of that body was kept. `name`: `request`, `answer`, `1.request`, `1.answer`."""
    return exchange.bodies is not None and name in exchange.bodies.cut


def json_of(body: str | None, *, cut: bool = False) -> Any:
    """Its JSON. Raises ValueError where it has none; one that was cut off comes as far as it goes."""
    if not body or is_binary(body):
        raise ValueError("no JSON")
    return json_text.parse_cut(body) if cut else json_text.parse(body)


def where_to(exchange: Exchange, n: int) -> str:
    """Whose attempt it was, for a title."""
    found = attempt(exchange, n)
    return found.account if found is not None else "upstream"


def cut_remark(exchange: Exchange, *names: str) -> str:
    """A sentence for bodies of which the end is missing; "" where none is."""
    missing = any(was_cut(exchange, name) for name in names)
    return "longer than the server keeps: the end is missing" if missing else ""
