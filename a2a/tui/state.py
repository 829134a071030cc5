"""What the dashboard knows of the server: one store, fed by answers and by the event stream, read by the views.

Nothing here draws or waits. Every table is bounded, so that a screen left open for weeks stays as small as it was. The
store counts what changed; the app hands those `Changes` to the view that is seen, some ten times a second at most:
however many events come in between, a view is drawn once.

An exchange comes as a whole with each change of it, and events may repeat what an answer said already: what has ended
stays ended.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Literal, assert_never

from msgspec import Struct, structs

from a2a.clock import Clock
from a2a.control.log_entries import entry_of
from a2a.control.types import (
    AccountChanged,
    AccountGone,
    AccountView,
    Exchange,
    ExchangeChanged,
    LiveEvent,
    LogEntry,
    LoginChanged,
    LoginView,
    LogLine,
    Missed,
    Progress,
    ServerView,
)
from a2a.tui.meter import Meter

RING = 10_000
"""Exchanges kept."""
LOG_LINES = 5_000
LOGINS = 32

Topic = Literal["link", "server", "accounts", "exchanges", "logs", "logins"]
TOPICS: frozenset[Topic] = frozenset({"link", "server", "accounts", "exchanges", "logs", "logins"})

ENDED = frozenset({"done", "failed", "client_closed"})
"""Exchange states behind which nothing comes."""

Phase = Literal["attaching", "live", "gone", "refused"]


class Link(Struct, frozen=True, kw_only=True):
    """How the connection stands. `gone` is tried again, and so is `refused`, where `message` and `hint` say why."""

    phase: Phase
    since: float
    message: str = ""
    hint: str | None = None


class Changes(Struct, frozen=True):
    """What changed since the last time. `exchanges`: ids of those that are new or others now."""

    topics: frozenset[Topic] = frozenset()
    exchanges: frozenset[str] = frozenset()


EVERYTHING = Changes(TOPICS)
"""For a view that was not seen: it must read everything anew."""


class Flow(Struct, frozen=True):
    """How an answer streams. `output_bytes` of it so far, `first_token_ms` since the request came, `at`: when told."""

    output_bytes: int
    first_token_ms: float | None
    at: float


class State:
    """Read by every view, written by the feed alone."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.link = Link(phase="attaching", since=clock.now())
        self.server: ServerView | None = None
        self.accounts: dict[str, AccountView] = {}
        """By id, in the order they came."""
        self.exchanges: OrderedDict[str, Exchange] = OrderedDict()
        """By id, oldest first; the newest `RING`."""
        self.live: dict[str, Exchange] = {}
        """Those that have not ended."""
        self.flows: dict[str, Flow] = {}
        """Of live exchanges."""
        self.logs: OrderedDict[int, LogEntry] = OrderedDict()
        """By number, oldest first; the newest `LOG_LINES`."""
        self.log_withheld = ""
        """Why the server does not tell its log; "": it does."""
        self.logins: OrderedDict[str, LoginView] = OrderedDict()
        self.meter = Meter()
        self.seq: int | None = None
        """Number of the last event; None before the first."""
        self._topics: set[Topic] = set()
        self._exchanges: set[str] = set()

    def take_changes(self) -> Changes:
        """What changed since this was asked last."""
        changes = Changes(frozenset(self._topics), frozenset(self._exchanges))
        self._topics.clear()
        self._exchanges.clear()
        return changes

    def set_link(self, phase: Phase, message: str = "", hint: str | None = None) -> None:
        """`since` stays where only the words change."""
        since = self.link.since if self.link.phase == phase else self.clock.now()
        link = Link(phase=phase, since=since, message=message, hint=hint)
        if link != self.link:
            self.link = link
            self._topics.add("link")

    def set_server(self, server: ServerView) -> None:
        self.server = server
        self._topics.add("server")

    def set_accounts(self, accounts: Sequence[AccountView]) -> None:
        """All there are; others are forgotten."""
        self.accounts = {account.id: account for account in accounts}
        self._topics.add("accounts")

    def put_account(self, account: AccountView) -> None:
        self.accounts[account.id] = account
        self._topics.add("accounts")

    def drop_account(self, account_id: str) -> None:
        """It is removed."""
        self.accounts.pop(account_id, None)
        self._topics.add("accounts")

    def put_log(self, entries: Iterable[LogEntry]) -> None:
        """Past lines, in any order; events may have told of some already."""
        if self.log_withheld:
            self.log_withheld = ""
            self._topics.add("logs")
        for entry in entries:
            self._log(entry)
        self.logs = OrderedDict(sorted(self.logs.items(), key=lambda item: (item[1].at, item[0])))

    def withhold_log(self, why: str) -> None:
        """This key is not told what the server says."""
        self.log_withheld = why
        self._topics.add("logs")

    def put_login(self, login: LoginView) -> None:
        """What is over stays over: an answer may come later than the event."""
        known = self.logins.get(login.id)
        if (
            known is not None
            and known.state in ("done", "failed", "cancelled")
            and login.state in ("running", "asking")
        ):
            return
        self.logins[login.id] = login
        while len(self.logins) > LOGINS:
            self.logins.popitem(last=False)
        self._topics.add("logins")

    def put_exchanges(self, exchanges: Iterable[Exchange]) -> None:
        """Past ones, as a page gives them, in any order."""
        for exchange in exchanges:
            self._put(exchange, exchange.started_at)
        self.exchanges = OrderedDict(sorted(self.exchanges.items()))

    def restarted(self) -> None:
        """The server is another process: what was under way there is over, and nobody will say how it ended."""
        self.live.clear()
        self.flows.clear()
        self.logins.clear()
        self.seq = None
        self._topics |= {"exchanges", "logins"}

    def apply(self, event: LiveEvent) -> Missed | None:
        """One event. Returns what was missed, where it says so: then answers must be asked for anew."""
        self.seq = event.seq
        change = event.change
        match change:
            case ExchangeChanged(exchange):
                self._put(exchange, event.at)
            case Progress():
                self._flow(change, event.at)
            case AccountChanged(account):
                self.put_account(account)
            case AccountGone(id=account_id):
                self.drop_account(account_id)
            case LogLine():
                self._log(entry_of(event.seq, event.at, change))
            case LoginChanged(login):
                self.put_login(login)
            case Missed():
                return change
            case _ as never:
                assert_never(never)
        return None

    def _put(self, exchange: Exchange, at: float) -> None:
        known = self.exchanges.get(exchange.id)
        ended = exchange.state in ENDED
        if known is not None and known.state in ENDED and not ended:
            return
        self.exchanges[exchange.id] = exchange
        if known is None:
            self.meter.came(exchange.started_at)
            while len(self.exchanges) > RING:
                self._forget(self.exchanges.popitem(last=False)[0])
        if ended:
            self._forget(exchange.id)
            if known is None or known.state not in ENDED:
                self._count(exchange, at)
        elif exchange.id in self.exchanges:
            self.live[exchange.id] = exchange
        self._exchanges.add(exchange.id)
        self._topics.add("exchanges")

    def _log(self, entry: LogEntry) -> None:
        self.logs[entry.seq] = entry
        if len(self.logs) > LOG_LINES:
            self.logs.popitem(last=False)
        self._topics.add("logs")

    def _count(self, exchange: Exchange, at: float) -> None:
        tokens = exchange.tokens
        count = 0 if tokens is None else (tokens.input or 0) + (tokens.output or 0)
        self.meter.ended(at, failed=exchange.state == "failed", tokens=count, first_ms=exchange.timings.first_token)

    def _forget(self, exchange_id: str) -> None:
        """It is live no more."""
        self.live.pop(exchange_id, None)
        self.flows.pop(exchange_id, None)

    def _flow(self, progress: Progress, at: float) -> None:
        if (exchange := self.live.get(progress.id)) is not None:
            if exchange.state != "streaming":  # no event of its own tells of the first token
                self.live[progress.id] = self.exchanges[progress.id] = structs.replace(exchange, state="streaming")
            self.flows[progress.id] = Flow(progress.output_bytes, progress.first_token_ms, at)
            self._exchanges.add(progress.id)
            self._topics.add("exchanges")
