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
from a2a.errors import A2AError, ExitCode, WrongKey

if TYPE_CHECKING:
    from a2a.cli.home import Home
    from a2a.control.client import ControlClient

LOOK_S = 1.0
"""How often a server is looked for while there is none."""
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
    from a2a.cli.home import Home
    from a2a.logs.filters import where

    out = out_of(ctx)
    where(which, indexed=False)  # what means nothing is told now, not with the first exchange
    show = _printer(out)
    try:
        for exchange in Tail(Home(out, out.settings()), which, begun=begun).exchanges():
            show(exchange)
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None


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
    """Follows one server at a time: the one `A2A_URL` names, else the first of this home that answers."""

    def __init__(self, home: Home, which: ExchangeFilter, *, begun: bool) -> None:
        self._home = home
        self._which = which
        self._begun = begun
        self._since = time.time()
        self._seq: int | None = None
        self._shown: OrderedDict[tuple[str, bool], None] = OrderedDict()
        self._told = ""

    def exchanges(self) -> Iterator[Exchange]:
        """For ever. Raises WrongKey where a server refuses us."""
        while True:
            client = self._server()
            if client is not None:
                with client:
                    yield from self._follow(client)
            time.sleep(LOOK_S)

    def _server(self) -> ControlClient | None:
        """One that answers; None where there is none now, which is told once."""
        from a2a.cli.servers import client_at
        from a2a.control.servers import running

        settings = self._home.settings
        urls = [settings.url] if settings.url else [view.url for view in running(settings.folders.servers)]
        for url in urls:
            try:
                client = client_at(self._home, url)
            except WrongKey:
                raise
            except A2AError as error:
                self._tell(f"{error.message}; trying again")
                continue
            self._tell(f"following {url}")
            return client
        if not urls:
            self._tell("no server of this home runs; waiting for one (a2a serve)")
        return None

    def _tell(self, text: str) -> None:
        if text != self._told:
            self._told = text
            self._home.out.say(text)

    def _follow(self, client: ControlClient) -> Iterator[Exchange]:
        """What one connection brings; ends with it."""
        try:
            for event in client.events(self._seq, kinds=("exchange",)):
                self._seq = event.seq
                match event.change:
                    case ExchangeChanged(exchange=exchange):
                        yield from self._seen(exchange)
                    case Missed():
                        yield from self._missed(client)
                    case _:
                        pass
        except WrongKey:
            raise
        except A2AError as error:
            self._tell(f"{error.message}; trying again")
            return
        self._tell(f"the server at {client.url} is gone; waiting")

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
