"""`a2a logs export`: recorded conversations for other programs."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from a2a.cli.logs_filter import filtered
from a2a.cli.output import Out, out_of
from a2a.control.types import ExchangeFilter
from a2a.errors import StoreError, UsageError

if TYPE_CHECKING:
    from a2a.gateway.export.write import Outcome

FORMATS = ("openai", "anthropic", "sharegpt", "raw", "har")
STDOUT = "-"

_EXAMPLES = """\b
Examples:
  a2a logs export openai -o training.jsonl --since 7d --redact
  a2a logs export sharegpt --session my-session
  a2a logs export har -o calls.har --since 1h --all

\b
Formats: openai (fine-tuning JSON lines), anthropic (messages), sharegpt, raw (exchanges with their bodies), har.
The first three hold whole conversations: turns of one are joined. Only what ended well goes out, unless --all or
--status asks for more; what is left out is told on stderr. They need recorded bodies (a2a serve --log-bodies).
"""


def register(group: typer.Typer) -> None:
    group.command("export", epilog=_EXAMPLES)(_export)


@filtered
def _export(
    ctx: typer.Context,
    which: ExchangeFilter,
    form: Annotated[str, typer.Argument(metavar="|".join(FORMATS), help="What to write.")],
    output: Annotated[str, typer.Option("-o", "--output", metavar="FILE", help="Where to; - is stdout.")] = STDOUT,
    everything: Annotated[bool, typer.Option("--all", help="Also what failed, was cut short, or is a replay.")] = False,
    redact: Annotated[
        bool,
        typer.Option("--redact", help="Without e-mail addresses, phone numbers, IPs, names of home folders, keys."),
    ] = False,
    no_reasoning: Annotated[bool, typer.Option("--no-reasoning", help="Without what models thought aloud.")] = False,
) -> None:
    """Write recorded conversations for other programs. As training data, or as traffic."""
    from a2a.cli.records import records
    from a2a.gateway.export.write import Outcome, Wish, export

    out = out_of(ctx)
    if form not in FORMATS:
        raise UsageError(f"no format is called {form!r}", hint=f"it may be {', '.join(FORMATS)}")
    if out.json and output == STDOUT:
        raise UsageError("stdout cannot hold the export and its report", hint="--json needs -o FILE")
    wish = Wish(
        format=form,
        which=which,
        all=everything or which.status is not None,
        redact=redact,
        reasoning=not no_reasoning,
    )
    outcome = Outcome()
    with records(out) as kept:
        write_out(out, output, export(kept, wish, outcome))
    report = {"format": form, "file": None if output == STDOUT else output, **_report(outcome)}
    out.result(report, lambda: _tell(out, outcome, form, output))


def write_out(out: Out, output: str, pieces: Iterable[bytes]) -> None:
    """To that file, or to stdout. Raises StoreError."""
    if output == STDOUT:
        for piece in pieces:
            out.piece(piece.decode())
        return
    with _replacing(Path(output)) as handle, os.fdopen(handle, "wb") as file:
        for piece in pieces:
            file.write(piece)


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[int]:
    """A new file for this user alone that takes the place of `path` when it is whole. Raises StoreError."""
    temp = path.parent / f".{path.name}.{secrets.token_hex(6)}.tmp"
    try:
        yield os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.replace(temp, path)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}", hint="another -o FILE") from error
    finally:
        with contextlib.suppress(OSError):
            temp.unlink()


def _report(outcome: Outcome) -> Mapping[str, object]:
    return {
        "exchanges": outcome.exchanges,
        "written": outcome.written,
        "joined": outcome.joined,
        "with_reasoning": outcome.reasoned,
        "left_out": outcome.left_out,
        "lost": outcome.lost,
    }


def _tell(out: Out, outcome: Outcome, form: str, output: str) -> None:
    what = "exchange" if form in ("raw", "har") else "conversation"
    where = "" if output == STDOUT else f" to {output}"
    joined = f"; {outcome.joined} of them went on in another" if outcome.joined else ""
    out.say(f"{_many(outcome.written, what)}{where}, from {_many(outcome.exchanges, 'exchange')}{joined}")
    for why, number in sorted(outcome.left_out.items()):
        out.say(f"left out: {number}, {why}")
    for name, number in sorted(outcome.lost.items()):
        out.say(f"{form} has no word for: {name} ({number})")
    if outcome.reasoned and form == "openai":
        out.say(
            f"{outcome.reasoned} hold reasoning, under reasoning_content, which OpenAI itself does not take:"
            " --no-reasoning leaves it out"
        )
    if "no bodies were recorded" in outcome.left_out:
        out.say("a2a serve --log-bodies records bodies from then on")


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
