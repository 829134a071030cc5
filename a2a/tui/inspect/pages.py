"""Which function makes which page of the inspector."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import assert_never

from a2a.control.types import Exchange, Replayed
from a2a.tui.desk import Desk
from a2a.tui.inspect import answer_page, bodies, headers_page, replay_page, request_page, stream_page, summary
from a2a.tui.inspect.head import Page
from a2a.tui.inspect.sheet import Sheet

Key = tuple[Page, int, answer_page.Form]
"""What a sheet depends on, besides the exchange: the page, the attempt, the form of the answer."""


def maker(desk: Desk, exchange: Exchange, key: Key, width: int, replayed: Replayed | None) -> Callable[[], Sheet]:
    """Makes the page when it is called, which may be in a thread. `width`: cells there are for its lines."""
    page, n, form = key
    match page:
        case "summary":
            return partial(summary.sheet, desk, exchange, width)
        case "request":
            return partial(request_page.sheet, exchange, n)
        case "answer":
            return partial(answer_page.sheet, exchange, n, form)
        case "stream":
            return partial(stream_page.sheet, exchange, n, desk.marks.full)
        case "headers":
            return partial(headers_page.sheet, exchange, n)
        case "replay":
            if replayed is None:
                return partial(bodies.nothing, "It was not sent again.")
            return partial(replay_page.sheet, desk, replayed)
        case _ as never:
            assert_never(never)


def weight(exchange: Exchange) -> int:
    """Characters of all its bodies."""
    recorded = exchange.bodies
    if recorded is None:
        return 0
    whole = [recorded.request, recorded.answer]
    whole += [body for each in recorded.attempts for body in (each.request, each.answer)]
    return sum(len(body) for body in whole if body)
