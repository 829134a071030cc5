"""The columns of the request list: what a cell says, and how much room it may take."""

from __future__ import annotations

from a2a.control.types import Exchange
from a2a.tui import words
from a2a.tui.desk import Desk
from a2a.tui.ink import Cell, Piece, Tone
from a2a.tui.listing import Column, figure
from a2a.tui.state import ENDED

STATE_WORDS = {
    "routing": "routing",
    "waiting": "waiting",
    "streaming": "streaming",
    "done": "done",
    "failed": "failed",
    "client_closed": "left",
}
STATE_TONES: dict[str, Tone] = {
    "routing": "info",
    "waiting": "info",
    "streaming": "accent",
    "done": "ok",
    "failed": "bad",
    "client_closed": "dim",
}


class Cells:
    """One method for each column."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._marks = desk.marks

    def time(self, exchange: Exchange) -> Cell:
        return [(words.clock_time(exchange.started_at), "dim")]

    def state(self, exchange: Exchange) -> Cell:
        """`done`, `failed 529`, with its sign."""
        tone = STATE_TONES[exchange.state]
        word = STATE_WORDS[exchange.state]
        if exchange.state == "failed" and exchange.status:
            word = f"failed {exchange.status}"
        return [(f"{self._marks.exchange[exchange.state]} ", tone), (word, tone)]

    def way(self, exchange: Exchange) -> Cell:
        """`claude → kiro/work`: the front, who was asked last, and how many were asked."""
        account = words.account_of(exchange)
        if not account:
            return [(exchange.front, "dim")]
        provider, slash, alias = account.partition("/")
        tries = len(exchange.attempts)
        more: list[Piece] = [(f" {tries}×", "warn")] if tries > 1 else []
        front: list[Piece] = [(exchange.front, "dim"), (f" {self._marks.arrow} ", "dim")]
        return [*front, (self._desk.short(provider), "plain"), (slash + alias, "strong"), *more]

    def model(self, exchange: Exchange) -> Cell:
        return words.model_of(exchange).replace("→", self._marks.arrow)

    def first(self, exchange: Exchange) -> Cell:
        flow = self._desk.state.flows.get(exchange.id)
        known = exchange.timings.first_token
        return words.milliseconds(known if known is not None else flow.first_token_ms if flow else None)

    def rate(self, exchange: Exchange) -> Cell:
        told = words.token_rate(exchange, self._desk.state.flows.get(exchange.id), self._desk.clock.now())
        if told is None:
            return ""
        return [(f"{'~' if told[1] else ''}{words.count(told[0])}", "dim" if exchange.state in ENDED else "accent")]

    def took(self, exchange: Exchange) -> Cell:
        text = words.milliseconds(self.duration_ms(exchange))
        return [(text, "plain" if exchange.state in ENDED else "accent")]

    def duration_ms(self, exchange: Exchange) -> float:
        return words.duration_ms(exchange, self._desk.clock.now())

    def cost(self, exchange: Exchange) -> Cell:
        return words.cost(exchange.cost).replace(" credit", " cr")

    def tokens(self, exchange: Exchange) -> Cell:
        told = exchange.tokens
        return f"{words.count(told.input)}{self._marks.arrow}{words.count(told.output)}" if told else ""

    def client(self, exchange: Exchange) -> Cell:
        return [(exchange.client, "dim")]

    def note(self, exchange: Exchange) -> Cell:
        return [(exchange.fault.message, "dim")] if exchange.fault else ""


def columns(desk: Desk) -> list[Column[Exchange]]:
    """In the order they stand."""
    cells, arrow = Cells(desk), desk.marks.arrow
    return [
        Column(key="time", title="TIME", cell=cells.time, width=8, priority=5, sort=lambda x: x.id, first_down=True),
        Column(key="state", title="STATE", cell=cells.state, width=12, sort=lambda x: (x.state, x.status or 0)),
        Column(key="way", title=f"FRONT {arrow} ACCOUNT", cell=cells.way, width=22, most=44, sort=words.account_of),
        Column(key="model", title="MODEL", cell=cells.model, width=14, most=44, priority=1, sort=words.model_of),
        figure("first", "FIRST", cells.first, 6, priority=3, sort=lambda x: x.timings.first_token or 0),
        figure("rate", "TOK/S", cells.rate, 5, priority=4, sort=_rate),
        figure("took", "TOOK", cells.took, 6, priority=2, sort=cells.duration_ms),
        figure("cost", "COST", cells.cost, 9, most=14, priority=6, sort=lambda x: x.cost.amount if x.cost else 0.0),
        figure("tokens", f"IN{arrow}OUT", cells.tokens, 9, priority=7, sort=_tokens),
        Column(key="client", title="CLIENT", cell=cells.client, width=8, most=16, priority=8, sort=lambda x: x.client),
        Column(key="note", title="NOTE", cell=cells.note, width=12, most=12, grow=True, priority=9),
    ]


def _rate(exchange: Exchange) -> float:
    told = words.token_rate(exchange, None, 0.0)
    return told[0] if told else 0.0


def _tokens(exchange: Exchange) -> int:
    told = exchange.tokens
    return (told.input or 0) + (told.output or 0) if told else 0
