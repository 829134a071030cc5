"""`a2a logs events`: everything that happens in a running server, as the control API has it, over its restarts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from a2a.cli.output import out_of
from a2a.control.types import LiveEvent
from a2a.errors import ExitCode

if TYPE_CHECKING:
    from a2a.control.client import ControlClient

_EXAMPLES = """\b
Examples:
  a2a logs events
  a2a logs events --kind progress | jq -c '[.change.id, .change.output_bytes]'
  a2a logs events --kind account,login

\b
Kinds: exchange, progress, account, account_gone, login, log; docs/control.md says what each holds. One of kind
missed says that some are gone, or that the server is another process.
"""


def register(group: typer.Typer) -> None:
    group.command("events", epilog=_EXAMPLES)(_events)


def _events(
    ctx: typer.Context,
    kind: Annotated[str, typer.Option("--kind", metavar="KIND,…", help="Only these; else all.")] = "",
) -> None:
    """Show what happens in a server as JSON, an event a line, until Ctrl-C. Waits for one, and for the next."""
    from a2a.cli.following import Follower
    from a2a.cli.home import Home

    out = out_of(ctx)
    kinds = tuple(word.strip() for word in kind.split(",") if word.strip())
    try:
        for event in Follower(Home(out, out.settings())).through(Listening(kinds).events):
            out.line(event)
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None


class Listening:
    """Each connection goes on behind the last event of the one before."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self._kinds = kinds
        self._after: int | None = None

    def events(self, client: ControlClient) -> Iterator[LiveEvent]:
        for event in client.events(self._after, kinds=self._kinds):
            self._after = event.seq
            yield event
