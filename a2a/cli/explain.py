"""`a2a explain`: what a request would get, and what became of one that was made."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from a2a.cli.home import Home
from a2a.cli.output import Out, out_of
from a2a.cli.records import LAST
from a2a.control.types import ExplainWish
from a2a.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from a2a.control.types import Explained

_EXAMPLES = """\b
Examples:
  a2a explain -m claude-sonnet-4-6
  a2a explain --front claude request.json      what is changed or dropped on the way
  a2a explain ex_06b8k2m4q7z9                  a request that was made (header x-a2a-exchange)
  a2a explain last
"""

_EXCHANGE = re.compile(r"ex_[0-9A-Za-z]+")
_FRONTS = ("chat", "responses", "claude", "gemini")


def register(app: typer.Typer) -> None:
    app.command("explain", epilog=_EXAMPLES)(_explain)


def _explain(
    ctx: typer.Context,
    what: Annotated[
        str | None, typer.Argument(help="An exchange (ex_…, or last), a file with a request body, or - for stdin.")
    ] = None,
    model: Annotated[str | None, typer.Option("-m", "--model", help="The model that is asked for.")] = None,
    front: Annotated[str, typer.Option(metavar="|".join(_FRONTS), help="The protocol of the request.")] = "chat",
    provider: Annotated[str | None, typer.Option("-p", "--provider", help="As if its path prefix were used.")] = None,
) -> None:
    """Say which way a request would go, or why one went its way. Calls nobody.

    Exit code 1 where a request would be refused, or a past one failed.
    """
    out = out_of(ctx)
    if what is not None and (what == LAST or _EXCHANGE.fullmatch(what)):
        if model is not None or provider is not None:
            raise UsageError("a past exchange has its model and provider", hint=f"a2a explain {what}")
        _past(out, what)
        return
    if front not in _FRONTS:
        raise UsageError(f"no protocol is called {front!r}", hint=f"it may be {' or '.join(_FRONTS)}")
    if what is None and model is None:
        raise UsageError("what is to be explained?", hint="a2a explain -m MODEL, a file, or the id of an exchange")
    _plan(out, _wish(out, what, model, front, provider))


def _past(out: Out, exchange_id: str) -> None:
    """Raises UsageError for an exchange that is not kept."""
    from a2a.cli.explain_text import tell_exchange
    from a2a.cli.records import found, records

    with records(out) as kept:
        exchange = found(kept, exchange_id)
    out.result(exchange, lambda: tell_exchange(out, exchange), ok=exchange.state != "failed")
    if exchange.state == "failed":
        raise typer.Exit(ExitCode.FAILED)


def _plan(out: Out, wish: ExplainWish) -> None:
    from a2a.cli.explain_text import tell_plan
    from a2a.cli.servers import desk

    with desk(Home(out, out.settings())) as at:
        found = at.explain(wish)
    served = _served(found)
    out.result(found, lambda: tell_plan(out, found), ok=served)
    if not served:
        raise typer.Exit(ExitCode.FAILED)


def _served(found: Explained) -> bool:
    return any(hop.accounts and hop.fault is None for hop in found.hops)


def _wish(out: Out, what: str | None, model: str | None, front: str, provider: str | None) -> ExplainWish:
    """Raises UsageError for a file that cannot be read or holds no JSON object."""
    import msgspec

    body = b"{}" if what is None else _read(out, what)
    try:
        msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{what} holds no JSON object: {error}", hint="the body as the client sends it") from error
    values = {"front": front, "model": model, "prefix": provider, "body": msgspec.Raw(body)}
    return ExplainWish(**values)  # type: ignore[arg-type]


def _read(out: Out, what: str) -> bytes:
    if what == "-":
        return out.stdin.read().encode()
    try:
        return Path(what).read_bytes()
    except OSError as error:
        hint = "exchanges are called ex_… or last; any other word is a file"
        raise UsageError(f"cannot read {what}: {error.strerror or error}", hint=hint) from error
