"""`a2a demo`: the whole gateway on invented accounts, every front to every provider, judged cell by cell."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from a2a.cli.output import out_of

_EXAMPLES = """\b
Examples:
  a2a demo
  a2a demo --keep                    stay up and try it with your own client
"""


ENDS = ("SIGTERM", "SIGHUP")
"""What ends the demo besides Ctrl-C; Windows lacks the second."""


def register(app: typer.Typer) -> None:
    app.command("demo", epilog=_EXAMPLES)(_demo)


def _demo(
    ctx: typer.Context,
    keep: Annotated[bool, typer.Option("--keep", help="Stay up afterwards, until Ctrl-C.")] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Of the server; 0 picks a free one.")] = 0,
) -> None:
    """Watch everything work without an account. Real requests to built-in upstreams, each answer checked.

    Your own accounts, settings and keyring are not touched.
    """
    from asyncio import CancelledError

    from a2a.cli.demo_play import play
    from a2a.cli.loop import run

    out = out_of(ctx)
    with _ends() as ends, tempfile.TemporaryDirectory(prefix="a2a-demo-") as home:
        try:
            code = run(play(out, Path(home), port, keep=keep))
        except CancelledError:
            raise KeyboardInterrupt from None
        finally:
            for each in ends:  # a closed terminal is told twice (shell, system): the second would cut the clearing up
                signal.signal(each, signal.SIG_IGN)
    if code:
        raise typer.Exit(code)


@contextmanager
def _ends() -> Iterator[list[int]]:
    """The signals that end the demo, as Ctrl-C does until the loop takes them over; afterwards they are as before."""
    numbers = [getattr(signal, name) for name in ENDS if hasattr(signal, name)]
    before = {each: signal.signal(each, signal.default_int_handler) for each in numbers}
    try:
        yield numbers
    finally:
        for each, handler in before.items():
            signal.signal(each, signal.SIG_DFL if handler is None else handler)
