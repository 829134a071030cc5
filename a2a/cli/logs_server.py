"""`a2a logs server`: what a running server says, as its own log keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import structs

from a2a.cli.output import Out, out_of
from a2a.control.types import LOG_LINES, LogEntry, LogLevel, LogLine, LogWish, Missed

if TYPE_CHECKING:
    from a2a.control.client import ControlClient

LIMIT = 50

_EXAMPLES = """\b
Examples:
  a2a logs server
  a2a logs server -f --level warning
  a2a logs server --json -n 1000 | jq '.data[].event'

\b
A server keeps its newest 1000 lines, until it ends. On stderr a2a serve writes
warnings and errors; with --verbose all that stands here.
"""


def register(group: typer.Typer) -> None:
    group.command("server", epilog=_EXAMPLES)(_server)


def _server(
    ctx: typer.Context,
    going_on: Annotated[bool, typer.Option("-f", "--follow", help="Go on as lines come, until Ctrl-C.")] = False,
    level: Annotated[LogLevel, typer.Option("--level", help="From this level on.")] = "info",
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, max=LOG_LINES, help="How many at most.")] = LIMIT,
) -> None:
    """Show what a running server says: its own log.

    Oldest first; not the log of the requests, which is a2a logs.
    """
    from a2a.cli.following import first, follow
    from a2a.cli.home import Home

    out = out_of(ctx)
    wish = LogWish(level=level, limit=limit)
    home = Home(out, out.settings())
    if not going_on:
        with first(home) as client:
            entries = client.log(wish)
        out.result(entries, lambda: _show(out, entries, f"the server at {client.url} has said nothing of {level}"))
        return
    follow(home, Watch(wish).entries, _printer(out))


def _show(out: Out, entries: list[LogEntry], empty: str) -> None:
    if not entries:
        out.say(f"{empty} or above")
        return
    show = _printer(out)
    for entry in entries:
        show(entry)


def _printer(out: Out) -> Callable[[LogEntry], None]:
    from a2a.cli.logs_server_text import Lines, plain

    if out.json:
        return out.line
    if out.stdout.isatty():
        return Lines(out).row
    return lambda entry: out.text(plain(entry))


class Watch:
    """Each line once: those that were kept, then those that come, over connections and servers."""

    def __init__(self, wish: LogWish) -> None:
        self._wish = wish
        self._server: tuple[int, float] | None = None
        """Process and start of the one heard last."""
        self._seq = 0
        """Number of its last line."""
        self._at = self._since = 0.0
        """Time of the last line of all, and of the one before this server's first."""

    def entries(self, client: ControlClient) -> Iterator[LogEntry]:
        """What one connection brings; ends with it."""
        from a2a.control.log_entries import entry_of

        server = client.server()
        if (server.pid, server.started_at) != self._server:  # it counts from another number
            self._server, self._seq, self._since = (server.pid, server.started_at), 0, self._at
        yield from self._kept(client)
        for event in client.events(self._seq, kinds=("log",)):
            match event.change:
                case LogLine() as line:
                    yield from self._new(entry_of(event.seq, event.at, line))
                case Missed():
                    yield from self._kept(client)
                case _:
                    pass

    def _kept(self, client: ControlClient) -> Iterator[LogEntry]:
        for entry in client.log(self._wish):
            yield from self._new(entry)
        self._wish = structs.replace(self._wish, limit=LOG_LINES)  # of what is missed from now on, all

    def _new(self, entry: LogEntry) -> Iterator[LogEntry]:
        """The line, if it is one that is wanted and was not shown."""
        from a2a.control.log_entries import rank

        if entry.seq <= self._seq or entry.at < self._since:
            return
        self._seq = entry.seq
        if rank(entry.level) >= rank(self._wish.level):
            self._at = entry.at
            yield entry
