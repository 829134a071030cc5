"""What a command says and where: results to stdout, remarks to stderr, one JSON envelope with `--json`.

`Out` reaches a command as `ctx.obj`; tests hand in one with streams of their own. Nothing else in the package prints.

    {"a2a": 1, "command": "accounts list", "status": "ok" | "error", "data": …, "errors": [{"message", "hint", …}]}

Streams of events are JSON lines without the envelope (`line`). Human text may change, JSON only by version.
"""

from __future__ import annotations

import getpass
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, TextIO

import msgspec
import typer

from a2a.config import Settings, load
from a2a.errors import A2AError, UsageError
from a2a.secret import Secret

VERSION = 1
MAX_WIDTH = 100
"""Columns of a paragraph, on a terminal that is wider."""


_UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class ReaderGone(Exception):
    """Whoever read our output has closed it (`a2a … | head`). Not an OSError: Typer would end with exit code 1."""


class NotWritten(ReaderGone):
    """Our output cannot be written: a full disk, a terminal that is gone. Its text is the system's reason."""


class Out:
    """The streams and global options of one run of `a2a`."""

    def __init__(self, stdin: TextIO | None = None, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        self.stdin = stdin or sys.stdin
        self.stdout = stdout or sys.stdout
        self.stderr = stderr or sys.stderr
        self.json = False
        self.quiet = False
        self.verbose = False
        self.config: str | None = None
        """`--config FILE`."""
        self.command = ""
        """The words of the command, for the envelope."""
        self.errors: list[dict[str, Any]] = []
        """Troubles that did not stop the command; they go out with its result."""
        self.held: list[str] | None = None
        """Troubles that wait because something is being painted on the terminal; None: none wait."""

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked: stdin is a terminal."""
        return self.stdin is not None and self.stdin.isatty()

    def settings(self, flags: dict[str, object] | None = None) -> Settings:
        """Load the settings with these flags of the command; problems are told at once. Raises ConfigError."""
        settings = load({**(flags or {}), "config": self.config})
        for problem in settings.problems:
            self.trouble(problem)
        return settings

    def say(self, text: str) -> None:
        """A remark on stderr; `--quiet` keeps it."""
        if not self.quiet:
            self._write(self.stderr, text)

    def warn(self, text: str) -> None:
        """A paragraph that must be read, on stderr also with `--quiet`, folded to the terminal."""
        width = min(shutil.get_terminal_size().columns, MAX_WIDTH)
        self._write(self.stderr, textwrap.fill(" ".join(text.split()), width, break_on_hyphens=False))

    def tell(self, text: str) -> None:
        """A line that must be seen as it is (a page's address, a code), on stderr also with `--quiet`."""
        self._write(self.stderr, text)

    def prompt(self, text: str) -> None:
        """What stands before the place where somebody types, on stderr."""
        self._write(self.stderr, text, end="")

    def trouble(self, text: str) -> None:
        """Something is wrong but the command goes on: stderr, also with `--quiet`, and the envelope's `errors`."""
        if self.held is None:
            self._write(self.stderr, f"a2a: {text}")
        else:
            self.held.append(text)
        self.errors.append({"message": text, "hint": None})

    def release(self) -> None:
        """Say the troubles that waited; none waits any more."""
        held, self.held = self.held or [], None
        for text in held:
            self._write(self.stderr, f"a2a: {text}")

    def piece(self, text: str) -> None:
        """A piece of the result that streams: no line end of its own, shown at once."""
        self._write(self.stdout, text, end="")

    def text(self, text: str) -> None:
        """A line of the result for people. On a terminal without control characters, so that what an upstream or a
        client has said cannot drive it."""
        self._write(self.stdout, visible(text) if self.stdout.isatty() else text)

    def line(self, value: Any) -> None:
        """One JSON line on stdout, flushed: an event of a stream."""
        self._write(self.stdout, _json(value))

    def result(self, data: Any, show: Callable[[], None] | None = None, *, ok: bool = True) -> None:
        """The end of a command: the envelope with `--json`, otherwise what `show` prints.

        `ok`: False for a report whose news is bad (a failed check); the caller raises `typer.Exit`.
        """
        if self.json:
            self._envelope("ok" if ok else "error", data, self.errors)
        elif show is not None:
            show()

    def failed(self, error: A2AError, *, exit_code: int | None = None, kind: str | None = None) -> None:
        """The one rendering of an error: message and hint on stderr, or the envelope.

        `exit_code`, `kind`: where they are not the class's own (an upstream's failure that is told as it came).
        """
        if self.json:
            shown: dict[str, object] = {"message": error.message, "hint": error.hint, "kind": kind or error.kind}
            shown["exit_code"] = error.exit_code if exit_code is None else exit_code
            self._envelope("error", None, [*self.errors, shown])
            return
        self._write(self.stderr, f"a2a: {error.message}")
        if error.hint:
            self._write(self.stderr, f"     {error.hint}")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Aligned columns on stdout; bold heads and folding only on a terminal that is not a dumb one."""
        cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
        if self.stdout.isatty():
            self._rich_table(columns, cells)
            return
        widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
        for row in (columns, *cells):
            self.text("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

    def _rich_table(self, columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
        from rich.console import Console  # deferred: 60 ms; it honours NO_COLOR and TERM=dumb by itself
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in cells:
            table.add_row(*(Text(visible(cell)) for cell in row))
        Console(file=self.stdout, highlight=False).print(table)

    def confirm(self, question: str, *, yes: bool) -> None:
        """Go on only with a yes. Raises UsageError without a terminal, `typer.Abort` on a no."""
        if yes:
            return
        if not self.interactive:
            raise UsageError(f"this needs a yes: {question}", hint="without a terminal add --yes")
        # Typer's own question leaves a blank on stdout.
        self.prompt(f"{question} [y/N] ")
        if self.stdin.readline().strip().lower() not in ("y", "yes"):
            raise typer.Abort

    def ask(self, question: str) -> str:
        """A line typed on the terminal, stripped. Raises `typer.Abort` at the end of the input."""
        self.prompt(f"{question}: ")
        if not (line := self.stdin.readline()):
            raise typer.Abort
        return line.strip()

    def ask_secret(self, question: str, *, otherwise: str) -> str:
        """Ask on the terminal without echo. Raises UsageError naming `otherwise` where there is none."""
        if not self.interactive:
            raise UsageError(f"{question} is needed", hint=otherwise)
        try:
            return getpass.getpass(f"{question}: ", stream=self.stderr).strip()
        except KeyboardInterrupt:
            self.stderr.write("\n")  # the shell's prompt begins a line of its own
            raise

    def _envelope(self, status: str, data: Any, errors: list[dict[str, Any]]) -> None:
        envelope = {"a2a": VERSION, "command": self.command, "status": status, "data": data, "errors": errors}
        self._write(self.stdout, _json(envelope))

    def _write(self, stream: TextIO, text: str, end: str = "\n") -> None:
        """Raises ReaderGone, and NotWritten for a result; a remark that cannot be written has nobody to be told to."""
        try:
            stream.write(text + end)
            stream.flush()
        except BrokenPipeError as exc:
            raise ReaderGone from exc
        except OSError as exc:
            if stream is not self.stderr:
                raise NotWritten(exc.strerror or str(exc)) from exc


def visible(text: str) -> str:
    """Without what does not show itself but tells a terminal what to do."""
    return _UNSHOWN.sub("", text)


def out_of(ctx: typer.Context) -> Out:
    """The `Out` of this run, told which command it serves."""
    out: Out = ctx.obj
    out.command = ctx.command_path.partition(" ")[2]
    return out


def _json(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=_plain).decode()


def _plain(value: Any) -> Any:
    """Secrets stay masked; whatever else JSON does not know shows as text."""
    return "***" if isinstance(value, Secret) else str(value)
