"""`a2a logs cassette`: a recorded exchange as a file for `a2a serve --replay`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from a2a.cli.logs_export import STDOUT, write_out
from a2a.cli.logs_show import Id
from a2a.cli.output import Out, out_of
from a2a.errors import UsageError
from a2a.paths import private_dir

if TYPE_CHECKING:
    from a2a.config import Settings
    from a2a.control.types import Exchange

_EXAMPLES = """\b
Examples:
  a2a logs cassette last -o tape/hello.json
  a2a serve --replay tape                       plays all files in that folder

\b
The exchange must have been recorded with its bodies (a2a serve --log-bodies).
"""


def register(group: typer.Typer) -> None:
    group.command("cassette", epilog=_EXAMPLES)(_cassette)


def _cassette(
    ctx: typer.Context,
    exchange: Id,
    output: Annotated[str, typer.Option("-o", "--output", metavar="FILE", help="Where to; - is stdout.")] = STDOUT,
) -> None:
    """Write a recorded exchange as a cassette, to be served again without upstreams."""
    from a2a.cli.records import found, records

    out = out_of(ctx)
    if out.json and output == STDOUT:
        raise UsageError("stdout cannot hold the cassette and its report", hint="--json needs -o FILE")
    with records(out) as kept:
        recorded = found(kept, exchange)
    content = _content(out, out.settings(), recorded)
    if output != STDOUT:
        private_dir(Path(output).parent)
    write_out(out, output, [content])
    file = None if output == STDOUT else output
    out.result({"id": recorded.id, "file": file}, lambda: _tell(out, recorded, file))


def _content(out: Out, settings: Settings, recorded: Exchange) -> bytes:
    """Made here, or by the server that `A2A_URL` names, which knows the keys of its own settings.

    Raises RequestError where the bodies were not recorded, or not whole.
    """
    if settings.url:
        from a2a.cli.home import Home
        from a2a.cli.servers import client_at

        with client_at(Home(out, settings), settings.url) as client:
            return client.cassette(recorded.id).encode()
    from a2a.gateway.cassettes.recording import cassette_of
    from a2a.gateway.cassettes.redaction import Redaction, secrets_of

    return cassette_of(recorded, Redaction(secrets_of(settings)))


def _tell(out: Out, recorded: Exchange, file: str | None) -> None:
    if file is not None:
        out.say(f"{recorded.id} to {file}")
