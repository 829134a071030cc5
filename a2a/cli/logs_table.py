"""Exchanges as a table: one line each, in as many columns as the terminal has room for.

In a file or a pipe every column is there and nothing is cut. On a terminal the id is its beginning, which every command
takes, and names are cut before figures go; what went wrong stands where a served exchange has its figures.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from a2a.cli import figures
from a2a.cli.output import Out, visible
from a2a.control.types import Exchange

COLUMNS = ("TIME", "EXCHANGE", "WAY", "MODEL", "STATUS", "TOKENS", "FIRST", "TOOK", "COST", "NOTE")
SHORT_ID = 13
"""Characters of an id that hold its time: unique but for two of one millisecond."""
_LEAST_LINE = 60
_WHOLE_ID = 21
_WIDE = 120
"""From here on the whole id is shown."""
_NARROW = 72
"""Below, no time is shown."""
_ENOUGH = 36
"""Cells that names want before a figure is shown that one can do without."""
_DAY_S = 86_400
_YEAR_S = 300 * _DAY_S

_STATUS = {"client_closed": "left", "routing": "…", "waiting": "…", "streaming": "…"}


class Widths(Struct, frozen=True):
    """Cells of the columns that names stand in, and which figures there is room for."""

    time: int
    id: int
    way: int
    model: int
    took: bool
    first: bool
    cost: bool
    whole: int


_FIGURES = {"STATUS": 6, "TOKENS": 10, "FIRST": 6, "TOOK": 6, "COST": 9}
_MOST_WAY, _MOST_MODEL, _LEAST_NAME = 30, 40, 8
LONGEST = (11, _MOST_WAY, _MOST_MODEL)
"""Cells of time, way and model for rows that nobody has seen yet."""


def fitting(width: int, longest: tuple[int, int, int] = LONGEST) -> Widths:
    """What fits into so many cells: figures that are missed least go first, names share what is left.

    `longest`: cells of the longest time, way and model there are.
    """
    whole = max(width, _LEAST_LINE)
    time_cells, way_cells, model_cells = longest
    id_cells = _WHOLE_ID if whole >= _WIDE else SHORT_ID
    took = whole >= _NARROW
    used = time_cells + id_cells + _FIGURES["STATUS"] + _FIGURES["TOKENS"] + 5 + (_FIGURES["TOOK"] + 1) * took
    names = min(way_cells, _MOST_WAY) + min(model_cells, _MOST_MODEL)
    first = whole - used - _FIGURES["FIRST"] - 1 >= min(names, _ENOUGH)
    used += (_FIGURES["FIRST"] + 1) * first
    cost = whole - used - _FIGURES["COST"] - 1 >= min(names, _ENOUGH)
    used += (_FIGURES["COST"] + 1) * cost
    room = max(whole - used, 2 * _LEAST_NAME)
    way = min(way_cells, _MOST_WAY, max(room - min(model_cells, _MOST_MODEL), room // 2, _LEAST_NAME))
    model_room = min(max(model_cells, len("MODEL")), _MOST_MODEL, room - way)
    return Widths(time_cells, id_cells, max(way, 3), model_room, took, first, cost, whole)


def show(out: Out, exchanges: Sequence[Exchange]) -> None:
    """In the order given."""
    if not out.stdout.isatty():
        out.table(COLUMNS, [plain(exchange) for exchange in exchanges])
        return
    lines = Lines(out, longest(exchanges))
    lines.head()
    for exchange in exchanges:
        lines.row(exchange)


def longest(exchanges: Sequence[Exchange]) -> tuple[int, int, int]:
    """Cells of the longest time, way and model."""
    from rich.cells import cell_len

    columns = ((when(one.started_at), way(one, "→"), model(one)) for one in exchanges)
    times, ways, models = zip(("TIME", "WAY", "MODEL"), *columns, strict=True)
    return max(map(cell_len, times)), max(map(cell_len, ways)), max(map(cell_len, models))


def plain(exchange: Exchange) -> tuple[str, ...]:
    """The cells of a row, uncut."""
    took, used = exchange.timings, figures.tokens(exchange.tokens)
    times = figures.span(took.first_token), figures.span(took.last)
    names = when(exchange.started_at, whole=True), exchange.id, way(exchange, "->"), model(exchange)
    return *names, status(exchange), used, *times, figures.money(exchange.cost), note(exchange)


class Lines:
    """Rows for a terminal, one at a time, so that they can also be written as they come."""

    def __init__(self, out: Out, longest: tuple[int, int, int] = LONGEST) -> None:
        from rich.console import Console  # deferred: 60 ms; it honours NO_COLOR and TERM=dumb by itself

        self._console = Console(file=out.stdout, highlight=False)
        self._arrow = "→" if can(out, "→") else ">"
        self._dots = "…" if can(out, "…") else "~"
        self._cells = fitting(shutil.get_terminal_size().columns, longest)

    def head(self) -> None:
        self._line([(name, "bold") for name in self._tail(("TOKENS", "FIRST", "TOOK", "COST"))], ("bold",) * 5, COLUMNS)

    def row(self, exchange: Exchange) -> None:
        took = exchange.timings
        served = self._tail(
            (
                figures.tokens(exchange.tokens),
                figures.span(took.first_token),
                figures.span(took.last),
                figures.money(exchange.cost),
            )
        )
        remark = note(exchange)
        tail = [(cell, "") for cell in served]
        if exchange.state == "failed":
            tail = [(remark, "")]
        elif remark:
            tail.append((remark, "dim"))
        names = when(exchange.started_at), exchange.id[: self._cells.id], way(exchange, self._arrow), model(exchange)
        shown = status(exchange).replace("…", self._dots)
        self._line(tail, ("dim", "", "", "", _style(exchange)), (*names, shown))

    def _tail(self, cells: Sequence[str]) -> list[str]:
        used, first, took, cost = cells
        shown = [used.rjust(_FIGURES["TOKENS"])]
        if self._cells.first:
            shown.append(first.rjust(_FIGURES["FIRST"]))
        if self._cells.took:
            shown.append(took.rjust(_FIGURES["TOOK"]))
        if self._cells.cost:
            shown.append(cost.rjust(_FIGURES["COST"]))
        return shown

    def _line(self, tail: Iterable[tuple[str, str]], styles: Sequence[str], names: Sequence[str]) -> None:
        from rich.text import Text

        cells = self._cells
        line = Text(no_wrap=True, end="")
        sizes = (cells.time, cells.id, cells.way, cells.model, _FIGURES["STATUS"])
        for name, size, style in zip(names, sizes, styles, strict=False):
            line.append(_sized(visible(name), size, self._dots), style=style)
            line.append(" ")
        for number, (text, style) in enumerate(tail):
            line.append(" " * bool(number))
            line.append(visible(text), style=style)
        if line.cell_len > cells.whole:
            line.truncate(cells.whole - 1, overflow="crop")
            line.append(self._dots)
        line.rstrip()
        self._console.print(line, soft_wrap=True)


def _sized(text: str, cells: int, dots: str) -> str:
    """Cut or filled to so many cells."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= cells:
        return set_cell_size(text, cells)
    return set_cell_size(text, cells - 1) + dots


def _style(exchange: Exchange) -> str:
    match exchange.state:
        case "done":
            return "green"
        case "failed":
            return "red"
        case _:
            return "yellow"


def can(out: Out, sign: str) -> bool:
    """Whether the stream's encoding has it."""
    try:
        sign.encode(out.stdout.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def when(at: float, *, whole: bool = False) -> str:
    """Local time in eleven characters: of today the time alone. `whole`: date and time."""
    then = datetime.fromtimestamp(at)
    if whole:
        return f"{then:%Y-%m-%d %H:%M:%S}"
    now = time.time()
    if then.date() == datetime.fromtimestamp(now).date():
        return f"{then:%H:%M:%S}"
    return f"{then:%m-%d %H:%M}" if now - at < _YEAR_S else f"{then:%Y-%m-%d}"


def way(exchange: Exchange, arrow: str) -> str:
    """`claude→kiro/work`; where no account was asked, the provider, and where no route was found, a question mark."""
    from a2a.config import PROVIDER_SHORT

    if exchange.attempts:
        target = exchange.attempts[-1].account
    elif exchange.route is not None:
        target = PROVIDER_SHORT.get(exchange.route.provider, exchange.route.provider)
    else:
        target = "?"
    return f"{exchange.front}{arrow}{target}"


def model(exchange: Exchange) -> str:
    """The one used, else the one asked for."""
    return exchange.attempts[-1].model if exchange.attempts else exchange.asked


def status(exchange: Exchange) -> str:
    return _STATUS.get(exchange.state) or str(exchange.status or exchange.state)


def note(exchange: Exchange) -> str:
    """Why it failed, else how many attempts it took where there was more than one."""
    fault = exchange.fault
    if fault is not None:
        return f"{fault.kind}: {' '.join(fault.message.split())}"
    return f"{len(exchange.attempts)} attempts" if len(exchange.attempts) > 1 else ""
