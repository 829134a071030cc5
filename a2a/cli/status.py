"""`a2a status`: the servers that run, what they do, and what is wrong with them."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import typer

from a2a.cli.output import Out, out_of
from a2a.control.types import ServerView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from a2a.control.types import AccountView

_EXAMPLES = """\b
Examples:
  a2a status
  a2a status --json | jq '.data[].in_flight'
"""


def register(app: typer.Typer) -> None:
    app.command("status", epilog=_EXAMPLES)(_status)


def _status(ctx: typer.Context) -> None:
    """Show the servers that run here. With A2A_URL, that one.

    Exit code 4 where none runs.
    """
    from msgspec import to_builtins

    from a2a.cli.home import Home
    from a2a.cli.servers import every_server

    out = out_of(ctx)
    with every_server(Home(out, out.settings())) as clients:
        found = [(client.server(), client.accounts()) for client in clients]

    def show() -> None:
        for number, (server, accounts) in enumerate(found):
            if number:
                out.text("")
            out.text(server.url)
            _show(out, server, accounts)

    out.result([{**to_builtins(server), "accounts": _states(accounts)} for server, accounts in found], show)


def _states(accounts: Sequence[AccountView]) -> dict[str, int]:
    """How many are in each state."""
    return dict(Counter(account.state for account in accounts))


def _show(out: Out, server: ServerView, accounts: Sequence[AccountView]) -> None:
    from a2a.cli.home import span

    states = [f"{count} {state.replace('_', ' ')}" for state, count in _states(accounts).items()]
    rows = [
        ("up", f"{span(time.time() - server.started_at)}, a2a {server.version}, process {server.pid}"),
        ("requests", f"{server.in_flight} in flight, {server.served} served"),
        ("accounts", ", ".join(states) or "none; add one: a2a login openai"),
        ("settings", _settings(server)),
        ("record", _record(server)),
    ]
    for name, text in rows:
        out.text(f"  {name:<8}  {text}")


def _settings(server: ServerView) -> str:
    config = server.config
    if config is None or config.file is None:
        return "defaults, variables and flags alone"
    if config.refused is not None:
        return f"those from before: {config.file} is refused"
    return config.file


def _record(server: ServerView) -> str:
    recording = server.recording
    if recording is None:
        return "off"
    parts = [recording.file or "", f"{recording.written} written"]
    parts += [f"{recording.waiting} waiting"] if recording.waiting else []
    parts += [f"{recording.lost} lost"] if recording.lost else []
    parts += [f"{recording.without_bodies} without their bodies"] if recording.without_bodies else []
    return ("stopped: " if recording.stopped is not None else "") + ", ".join(parts)
