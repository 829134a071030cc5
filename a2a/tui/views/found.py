"""The requests of one account, model, client, provider, front or day: where a row of the figures leads."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from a2a.control.types import Exchange
from a2a.tui.desk import Desk
from a2a.tui.ink import Cell
from a2a.tui.panes import RequestList
from a2a.tui.views.requests import Requests

_VALUES: Mapping[str, Callable[[Exchange], set[str]]] = {
    "account": lambda exchange: {attempt.account for attempt in exchange.attempts},
    "provider": lambda exchange: {exchange.route.provider} if exchange.route is not None else set(),
    "model": lambda exchange: {attempt.model for attempt in exchange.attempts} | {exchange.asked},
    "client": lambda exchange: {exchange.client},
    "front": lambda exchange: {exchange.front},
    "day": lambda exchange: {time.strftime("%Y-%m-%d", time.gmtime(exchange.started_at))},
}
"""Column of the figures -> its values in one exchange."""


def _none(_: Exchange) -> set[str]:
    return set()


class FoundRequests(RequestList):
    """Those with this value in this column."""

    def __init__(self, desk: Desk, column: str, value: str) -> None:
        super().__init__(desk)
        self._values = _VALUES.get(column, _none)
        self._value = value

    def why_none(self) -> Cell:
        return [("none of the requests that are kept here", "dim")]

    def _wanted_rows(self) -> list[Exchange]:
        return [each for each in super()._wanted_rows() if self._value in (self._values(each) or {""})]


class Found(Requests):
    """`argument`: `model=gpt-5`."""

    def __init__(self, desk: Desk, argument: str = "") -> None:
        super().__init__(desk, argument)
        column, _, value = argument.partition("=")
        self._list = FoundRequests(desk, column, value)

    @property
    def crumb(self) -> str:
        column, _, value = self.argument.partition("=")
        return (self.desk.short(value) if column == "provider" else value) or f"no {column}"
