"""`a2a logs tail`: exchanges as they end, from a running server, over its restarts."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from a2a.cli.logs_filter import Words, filtered
from a2a.cli.output import Out, out_of
from a2a.control.types import Exchange, ExchangeChanged, ExchangeFilter, ExchangeWish, Missed

if TYPE_CHECKING:
    from a2a.control.client import ControlClient

_KNOWN = 10_000
"""Exchanges that are remembered, so that none is shown twice."""
_PAGE = 1000
_ENDED = ("done", "failed", "client_closed")

_EXAMPLES = """\b
Examples:
  a2a logs tail
  a2a logs tail --status failed --begun
  a2a logs tail -p kiro --json | jq .status
"""


def register(group: typer.Typer) -> None:
    group.command("tail", epilog=_EXAMPLES)(_tail)


@filtered
def _tail(
    ctx: typer.Context,
    which: ExchangeFilter,
    words: Words = None,
    begun: Annotated[bool, typer.Option("--begun", help="Show each when it begins, too.")] = False,
) -> None:
    """Show exchanges as they end, one a line, until Ctrl-C. Waits for a server, and for the next when it goes."""
    from a2a.cli.following import follow
    from a2a.cli.home import Home
    from a2a.logs.filters import where

    out = out_of(ctx)
    where(which, indexed=False)  # what means nothing is told now, not with the first exchange
    show = _printer(out)
    follow(Home(out, out.settings()), Tail(which, begun=begun).exchanges, show)


def _printer(out: Out) -> Callable[[Exchange], None]:
    from a2a.cli.logs_table import Lines, plain

    if out.json:
        return out.line
    if out.stdout.isatty():
        lines = Lines(out)
        lines.head()
        return lines.row
    return lambda exchange: out.text("  ".join(plain(exchange)).rstrip())


class Tail:
    """Which exchanges are shown, and which have been."""

    def __init__(self, which: ExchangeFilter, *, begun: bool) -> None:
        self._which = which
        self._begun = begun
        self._since = time.time()
        self._seq: int | None = None
        self._shown: OrderedDict[tuple[str, bool], None] = OrderedDict()

    def exchanges(self, client: ControlClient) -> Iterator[Exchange]:
        """What one connection brings; ends with it."""
        for event in client.events(self._seq, kinds=("exchange",)):
            self._seq = event.seq
            match event.change:
                case ExchangeChanged(exchange=exchange):
                    yield from self._seen(exchange)
                case Missed():
                    yield from self._missed(client)
                case _:
                    pass

    def _missed(self, client: ControlClient) -> Iterator[Exchange]:
        """What has ended meanwhile, by the record; oldest first."""
        from msgspec import structs

        fields = structs.asdict(self._which) | {"since": max(self._since, self._which.since or 0.0)}
        for exchange in reversed(client.exchanges(ExchangeWish(**fields, limit=_PAGE)).exchanges):
            yield from self._seen(exchange)

    def _seen(self, exchange: Exchange) -> Iterator[Exchange]:
        """The exchange, if it is one that is wanted and not shown yet."""
        from a2a.logs.filters import passes

        ended = exchange.state in _ENDED
        key = exchange.id, ended
        if (not ended and not self._begun) or key in self._shown or not passes(exchange, self._which):
            return
        self._shown[key] = None
        if len(self._shown) > _KNOWN:
            self._shown.popitem(last=False)
        yield exchange
