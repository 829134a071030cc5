"""`a2a logs events`: everything that happens in a running server, as the control API has it, over its restarts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from a2a.cli.output import out_of
from a2a.control.types import LiveEvent

if TYPE_CHECKING:
    from a2a.control.client import ControlClient

HELP = """\b
Examples:
  a2a logs events
  a2a logs events --kind progress | jq -c '[.change.id, .change.output_bytes]'
  a2a logs events --kind account,login

\b
Kinds: exchange, progress, account, account_gone, login, log. One of kind missed
says that some are gone, or that the server is another process.
"""


def register(group: typer.Typer) -> None:
    group.command("events", epilog=HELP)(_events)


def _events(
    ctx: typer.Context,
    kind: Annotated[str, typer.Option("--kind", metavar="KIND,…", help="Only these; else all.")] = "",
) -> None:
    """Show all that happens in a server, as JSON lines.

    Until Ctrl-C. Waits for a server, and for the next when it goes.
    """
    from a2a.cli.following import follow
    from a2a.cli.home import Home

    out = out_of(ctx)
    kinds = tuple(word.strip() for word in kind.split(",") if word.strip())
    follow(Home(out, out.settings()), Listening(kinds).events, out.line)


class Listening:
    """Each connection goes on behind the last event of the one before."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self._kinds = kinds
        self._after: int | None = None

    def events(self, client: ControlClient) -> Iterator[LiveEvent]:
        for event in client.events(self._after, kinds=self._kinds):
            self._after = event.seq
            yield event
