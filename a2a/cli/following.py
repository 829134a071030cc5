"""A running server to listen to: the one that `A2A_URL` names, else the first of this home that answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

import typer

from a2a.errors import A2AError, ExitCode, Forbidden, RequestError, UnknownRoute, UsageError, WrongKey

if TYPE_CHECKING:
    from a2a.cli.home import Home
    from a2a.control.client import ControlClient

T = TypeVar("T")

LOOK_S = 1.0
"""How often a server is looked for while there is none."""
_REFUSED = (WrongKey, Forbidden, UnknownRoute, RequestError, UsageError)
"""What a server will say again however often it is asked."""


def first(home: Home) -> ControlClient:
    """Close it. Raises Unreachable where no server runs, and what the last one said where none can be used."""
    from a2a.cli.servers import addresses, client_at, none_runs

    error: A2AError = none_runs()
    for url in addresses(home.settings):
        try:
            return client_at(home, url)
        except A2AError as said:
            error = said
    raise error


def follow(home: Home, connection: Callable[[ControlClient], Iterator[T]], show: Callable[[T], None]) -> None:
    """Show what each connection brings, until Ctrl-C. Raises what a server refuses."""
    try:
        for each in Follower(home).through(connection):
            show(each)
    except KeyboardInterrupt:  # the way to end it: no error of its own, nor with --json
        raise typer.Exit(ExitCode.INTERRUPTED) from None


class Follower:
    """Listens to one server at a time, over its restarts, and tells on stderr how that goes."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._told = ""

    def through(self, connection: Callable[[ControlClient], Iterator[T]]) -> Iterator[T]:
        """What each connection brings, one after the other, for ever. Raises what a server refuses."""
        while True:
            client = self._server()
            if client is not None:
                with client:
                    yield from self._whole(client, connection)
            time.sleep(LOOK_S)

    def _server(self) -> ControlClient | None:
        """One that answers; None where there is none now, which is told once."""
        from a2a.cli.servers import addresses, client_at

        urls = addresses(self._home.settings)
        for url in urls:
            try:
                client = client_at(self._home, url)
            except _REFUSED:
                raise
            except A2AError as error:
                self._tell(f"{error.message}; trying again")
                continue
            self._tell(f"following {url}")
            return client
        if not urls:
            self._tell("no server of this home runs; waiting for one (a2a serve)")
        return None

    def _whole(self, client: ControlClient, connection: Callable[[ControlClient], Iterator[T]]) -> Iterator[T]:
        """One connection until it ends, which is told."""
        try:
            yield from connection(client)
        except _REFUSED:
            raise
        except A2AError as error:
            self._tell(f"{error.message}; trying again")
            return
        self._tell(f"the server at {client.url} is gone; waiting")

    def _tell(self, text: str) -> None:
        if text != self._told:
            self._told = text
            self._home.out.say(text)
