"""How the cells of `a2a demo` look: one screen of 80 columns, filled while they run on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.live import Live

    from a2a.cli.output import Out
    from a2a.demo.matrix.cells import Outcome

_MARKS = {"right": ("✓", "ok"), "wrong": ("✗", "NO"), "absent": ("–", "-"), "pending": ("·", ".")}
"""Mark of a state, and what replaces it where the stream's encoding lacks it."""
_LABEL_CHARS = 23
_STYLES = {"right": "green", "wrong": "bold red", "absent": "dim", "pending": "dim"}


class Board:
    """The outcomes so far and their picture. On a terminal it is redrawn as they come, elsewhere printed once."""

    def __init__(self, out: Out, fronts: Sequence[str], providers: Sequence[str], columns: Sequence[str]) -> None:
        self._out = out
        self._fronts = fronts
        self._providers = providers
        self._columns = columns
        self._plain = not _encodes(out.stdout, "✓✗–·→")
        self._moving = not out.json and out.stdout.isatty()
        self._live: Live | None = None
        self.outcomes: list[Outcome] = []

    @property
    def right(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.ok]

    @property
    def wrong(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.ok is False]

    @property
    def absent(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.ok is None]

    def running(self) -> AbstractContextManager[Any]:
        """Redraws while the block runs, where that can be seen."""
        if not self._moving:
            return nullcontext()
        from rich.live import Live

        self._live = Live(self._picture(), console=self._console(), auto_refresh=False, transient=True)
        return self._live

    def add(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        if self._live is not None:
            self._live.update(self._picture(), refresh=True)

    def row_done(self, front: str, provider: str) -> None:
        """A line on stderr for whoever does not see the table grow."""
        if self._moving:
            return
        row = [outcome for outcome in self._row(front, provider) if outcome.ok is not None]
        right = sum(outcome.ok is True for outcome in row)
        ms = sum(outcome.ms for outcome in row)
        self._out.say(f"{front} {self._arrow} {provider}: {right} of {len(row)} right, {ms:.0f} ms")

    def show(self) -> None:
        """The table and, below it, why cells do not exist and why each wrong one is wrong."""
        console = self._console()
        console.print(self._picture())
        for check, why in dict.fromkeys((outcome.check, outcome.detail) for outcome in self.absent):
            console.print(f"{self._mark('absent')} {check}: {why}", style="dim", markup=False)
        for outcome in self.wrong:
            mark = self._mark("wrong")
            where = f"{mark} {outcome.front} {self._arrow} {outcome.provider}, {outcome.check}: "
            console.print(where + outcome.detail, style="red", markup=False)

    def _console(self) -> Console:
        from rich.console import Console

        return Console(file=self._out.stdout, highlight=False)

    def _picture(self) -> Group:
        from rich import box
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=0, header_style="bold")
        table.add_column("", no_wrap=True, min_width=_LABEL_CHARS)
        for column in self._columns:
            table.add_column(column, justify="center")
        for front in self._fronts:
            table.add_row(Text(f"{front} {self._arrow}", style="bold cyan"))
            for provider in self._providers:
                states = [self._state(front, provider, column) for column in self._columns]
                marks = [Text(self._mark(state), style=_STYLES[state]) for state in states]
                table.add_row(Text(f" {provider}"), *marks)
        return Group(table, Text(self._sum()))

    def _sum(self) -> str:
        right, wrong = len(self.right), len(self.wrong)
        seconds = sum(outcome.ms for outcome in self.outcomes) / 1000
        missing = f", {len(self.absent)} not available" if self.absent else ""
        return f"{right} of {right + wrong} checks right{missing}, {seconds:.1f} s"

    def _row(self, front: str, provider: str) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if (outcome.front, outcome.provider) == (front, provider)]

    def _state(self, front: str, provider: str, column: str) -> str:
        """One mark for all checks of a column: wrong if one is, absent if all are."""
        found = [outcome.ok for outcome in self._row(front, provider) if outcome.column == column]
        if not found:
            return "pending"
        if False in found:
            return "wrong"
        return "right" if True in found else "absent"

    def _mark(self, state: str) -> str:
        return _MARKS[state][self._plain]

    @property
    def _arrow(self) -> str:
        return "->" if self._plain else "→"


def _encodes(stream: Any, text: str) -> bool:
    """Whether the stream can show these characters; a stream without an encoding holds text."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
