"""Where the record is read: the store's file of this home, or the server that `A2A_URL` names.

The file needs no server, and no key. A server is asked besides only for what is not in the file yet: an exchange that
is still going on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Protocol

from a2a.cli.output import Out
from a2a.config import Settings
from a2a.control.types import Exchange, ExchangeFilter, ExchangePage, ExchangeWish, Stats, StatsWish
from a2a.errors import UnknownRoute, UsageError

if TYPE_CHECKING:
    from a2a.control.client import ControlClient
    from a2a.logs.archive import Archive

PREFIX = "ex_"
LAST = "last"
"""What stands for the newest exchange."""
_PAGE = 1000
_ALIKE = len(PREFIX) + 6
"""Characters in which a mistyped id is right: the time, to a quarter of an hour."""


class Records(Protocol):
    """Every method raises A2AError."""

    def page(self, wish: ExchangeWish) -> ExchangePage: ...

    def get(self, exchange_id: str) -> Exchange | None: ...

    def stats(self, wish: StatsWish) -> Stats: ...

    def each(self, which: ExchangeFilter) -> Iterator[Exchange]:
        """Oldest first, with bodies."""

    def starting(self, prefix: str, limit: int) -> list[str]:
        """Ids that begin so, newest first."""


class Kept:
    """The file; `get` asks the running servers of this home too."""

    def __init__(self, out: Out, settings: Settings, archive: Archive) -> None:
        self._out = out
        self._settings = settings
        self._archive = archive
        self.page = archive.page
        self.stats = archive.stats
        self.each = archive.each

    def get(self, exchange_id: str) -> Exchange | None:
        return self._archive.get(exchange_id) or self._in_flight(exchange_id)

    def starting(self, prefix: str, limit: int) -> list[str]:
        return self._archive.starting(prefix, limit)

    def _in_flight(self, exchange_id: str) -> Exchange | None:
        from a2a.cli.home import Home
        from a2a.cli.servers import exchange

        with contextlib.suppress(UsageError):
            return exchange(Home(self._out, self._settings), exchange_id)
        return None


class Asked:
    """A server."""

    def __init__(self, client: ControlClient) -> None:
        self._client = client
        self.page = client.exchanges
        self.stats = client.stats

    def get(self, exchange_id: str) -> Exchange | None:
        with contextlib.suppress(UnknownRoute):
            return self._client.exchange(exchange_id)
        return None

    def each(self, which: ExchangeFilter) -> Iterator[Exchange]:
        for exchange_id in reversed([found.id for found in pages(self, which)]):
            if (exchange := self.get(exchange_id)) is not None:
                yield exchange

    def starting(self, prefix: str, limit: int) -> list[str]:
        """Among the newest thousand."""
        found = self.page(ExchangeWish(limit=_PAGE)).exchanges
        return [exchange.id for exchange in found if exchange.id.startswith(prefix)][:limit]


def pages(records: Records, which: ExchangeFilter, limit: int | None = None) -> Iterator[Exchange]:
    """All that pass the filter, newest first, without bodies."""
    from msgspec import structs

    before: str | None = None
    fields = structs.asdict(which)
    left = limit
    while left is None or left > 0:
        page = records.page(ExchangeWish(**fields, limit=min(_PAGE, left or _PAGE), before=before))
        yield from page.exchanges
        left = None if left is None else left - len(page.exchanges)
        before = page.next
        if before is None:
            return


@contextlib.contextmanager
def records(out: Out) -> Iterator[Records]:
    """Raises A2AError where `A2A_URL` names a server that cannot be used."""
    settings = out.settings()
    with contextlib.ExitStack() as stack:
        if settings.url:
            from a2a.cli.home import Home
            from a2a.cli.servers import client_at

            yield Asked(stack.enter_context(client_at(Home(out, settings), settings.url)))
            return
        from a2a.logs.archive import Archive

        yield Kept(out, settings, stack.enter_context(contextlib.closing(Archive(settings.folders.exchanges))))


def found(records: Records, word: str) -> Exchange:
    """The exchange that `word` means: an id, the unique beginning of one, or `last`. Raises UsageError."""
    if word == LAST:
        newest = records.page(ExchangeWish(limit=1)).exchanges
        exchange = records.get(newest[0].id) if newest else None
        if exchange is None:
            raise UsageError("there is no exchange yet", hint="a2a chat hi, or a client at a2a serve, makes one")
        return exchange
    wanted = word.lower() if word.lower().startswith(PREFIX) else PREFIX + word.lower()
    exchange = records.get(wanted)
    if exchange is not None:
        return exchange
    begin_so = records.starting(wanted, 4)
    if len(begin_so) > 1:
        raise UsageError(f"more than one exchange begins with {word}", hint=f"newest first: {', '.join(begin_so)}")
    exchange = records.get(begin_so[0]) if begin_so else None
    if exchange is None:
        near = _nearest(records, wanted)
        raise UsageError(f"no exchange {word} is kept", hint=f"did you mean {near}?" if near else "a2a logs lists them")
    return exchange


def _nearest(records: Records, wanted: str) -> str | None:
    """Of the exchanges of about the same time the one whose id is most like this."""
    for end in range(len(wanted) - 1, _ALIKE - 1, -1):
        if around := records.starting(wanted[:end], 50):
            return max(around, key=lambda one: SequenceMatcher(None, one, wanted).ratio())
    return None
