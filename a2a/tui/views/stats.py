"""Figures over what was served: totals, their course in time, and a table by provider, account, model, client or day.

The server counts; here the span, the grouping and the figure that is plotted are chosen. The course of the last hour is
of the requests that the dashboard keeps, minute by minute, since the server counts by hours and days. Days are UTC.
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from msgspec import Struct
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from a2a.control.types import Column as By
from a2a.control.types import Cost, Stats, StatsRow, StatsWish
from a2a.errors import A2AError
from a2a.tui import words
from a2a.tui.desk import Desk
from a2a.tui.frame import Line, Title
from a2a.tui.ink import Cell, Piece, Tone, cell_width
from a2a.tui.listing import Column, Listing
from a2a.tui.plot import Plot, Series
from a2a.tui.said import Said
from a2a.tui.spark import meter
from a2a.tui.state import EVERYTHING, Changes
from a2a.tui.view import Goto, View, Word

HOUR_S, DAY_S = 3600, 86_400
FRESH_S = 10.0
"""How old figures may be while requests come in."""
PLOT_SHARE = 0.35
LOW, HIGH = 16, 30
"""Lines of the view below which there is no plot, and from which it has its full height."""


class Span(Struct, frozen=True):
    """`by`: what the course is counted by, None for the last hour."""

    name: str
    title: str
    seconds: int
    by: By | None


SPANS = (
    Span("1h", "the last hour", HOUR_S, None),
    Span("24h", "the last 24 hours", DAY_S, "hour"),
    Span("7d", "the last 7 days", 7 * DAY_S, "day"),
    Span("30d", "the last 30 days", 30 * DAY_S, "day"),
)
GROUPS: tuple[By, ...] = ("account", "provider", "model", "client", "front", "day")


class Figure(Struct, frozen=True):
    """What can be plotted. `of`: its value in one row, None where it has none."""

    name: str
    of: Callable[[StatsRow], float | None]
    says: Callable[[float], str]
    tone: Tone


def dollars(row: StatsRow) -> float:
    return sum(each.amount for each in row.cost if each.currency == "USD")


FIGURES = (
    Figure("requests", lambda row: row.requests, words.count, "accent"),
    Figure("tokens", lambda row: row.input + row.output, words.count, "info"),
    Figure("cost", dollars, lambda value: words.cost(Cost(amount=value, currency="USD", basis="")), "ok"),
    Figure("failed", lambda row: row.failed, words.count, "bad"),
    Figure("first token p50", lambda row: row.first_token_p50_ms, words.milliseconds, "warn"),
)


class Totals(Line):
    """`1,234 requests · 1.2 % failed · 5.6M tokens in, 78k out · $12.34 · first token p50 320 ms, p95 1.2 s`."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._row: StatsRow | None = None

    def show(self, row: StatsRow) -> None:
        self._row = row
        self.redraw()

    def pieces(self, width: int) -> list[Piece]:
        row = self._row
        if row is None:
            return [(" asking the server…", "dim")]
        line: list[Piece] = [(" ", "plain")]
        for number, fact in enumerate(facts(row)):
            gap: list[Piece] = [(f" {self.desk.marks.dot} ", "dim")] if number else []
            if cell_width([*line, *gap, *fact]) < width:
                line += [*gap, *fact]
        return line


def facts(row: StatsRow) -> list[list[Piece]]:
    """What there is to say of all requests, the most important first."""
    share = row.failed / row.requests if row.requests else 0.0
    cached = f" ({words.percent(row.cache_read / row.input)} cached)" if row.cache_read and row.input else ""
    found: list[list[Piece]] = [
        [(f"{row.requests:,}", "strong"), (" requests", "dim")],
        [(words.percent(share), "bad" if row.failed else "strong"), (" failed", "dim")],
        [
            (words.count(row.input), "strong"),
            (f" tokens in{cached}, ", "dim"),
            (words.count(row.output), "strong"),
            (" out", "dim"),
        ],
    ]
    if row.cost:
        unknown = f" and {row.unpriced} unpriced" if row.unpriced else ""
        found.append([(costs(row.cost), "strong"), (unknown, "dim")])
    if row.first_token_p50_ms is not None:
        p50, p95 = words.milliseconds(row.first_token_p50_ms), words.milliseconds(row.first_token_p95_ms)
        found.append([("first token p50 ", "dim"), (p50, "strong"), (" p95 ", "dim"), (p95, "strong")])
    return found


def costs(each: Iterable[Cost]) -> str:
    """Every currency for itself."""
    return " + ".join(words.cost(one) for one in each)


class StatsPage(View):
    """The view; its table has the keys. Enter shows the requests behind a row."""

    TITLE = "Stats"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h", "span(1)", "span", id="stats.span"),
        Binding("H", "span(-1)", "shorter span", show=False, id="stats.shorter"),
        Binding("b", "group(1)", "by", id="stats.by"),
        Binding("B", "group(-1)", "by, backwards", show=False, id="stats.by_back"),
        Binding("p", "figure", "plot", id="stats.plot"),
        Binding("u", "renew", "ask again", show=False, id="stats.renew"),
    ]

    def __init__(self, desk: Desk, argument: str = "") -> None:
        super().__init__(desk, argument)
        self.span = SPANS[1]
        self.group: By = GROUPS[0]
        self.figure = FIGURES[0]
        self.course: Stats | None = None
        self._counted_at = 0.0
        self._stale = True
        self._head = Title(desk, "Stats")
        self._totals = Totals(desk)
        self._plot = Plot(desk)
        self._table_head = Title(desk, "By")
        self._table: Listing[StatsRow] = Listing(
            _columns(self), _name_of, marks=desk.marks, empty="asking the server…", order="requests", down=True
        )
        self._said = Said(desk)

    def compose(self) -> ComposeResult:
        yield self._head
        yield self._totals
        yield self._plot
        yield self._table_head
        yield self._table
        yield self._said

    # --- asking

    def take(self, changes: Changes) -> None:
        if "exchanges" in changes.topics or "link" in changes.topics:
            self._stale = True
        if changes == EVERYTHING:
            self._maybe()

    def beat(self) -> None:
        self._maybe()

    def _maybe(self) -> None:
        if self._stale and self.desk.clock.now() - self._counted_at >= FRESH_S:
            self.action_renew()

    def action_renew(self) -> None:
        """Both questions: the table, and the course."""
        now = self.desk.clock.now()
        self._counted_at, self._stale = now, False
        asked = (self.span, self.group)
        since = now - self.span.seconds

        def counted(found: Stats) -> None:
            if asked == (self.span, self.group):
                self._counted(found)

        def coursed(found: Stats) -> None:
            if asked[0] == self.span:
                self.course = found
                self._draw()

        self.ask(self.desk.control.stats(StatsWish(since=since, by=[self.group])), counted, self._failed)
        if self.span.by is not None:
            self.ask(self.desk.control.stats(StatsWish(since=since, by=[self.span.by])), coursed, self._failed)
        else:
            self.course = None
        self._draw()

    def _counted(self, found: Stats) -> None:
        self._said.say(("", ""))
        self._table.empty = f"no request in {self.span.title}"
        self._totals.show(found.total)
        self._table.fill(found.rows)

    def _failed(self, error: A2AError) -> None:
        self._stale = True
        self._table.empty = "no figures"
        self._table.redraw()
        self._said.say((error.message, error.hint or ""))

    # --- drawing

    def _draw(self) -> None:
        self._head.tell(f"{self.span.title} {self.desk.marks.dot} {self.figure.name}")
        self._table_head.tell([(self.group, "strong")])
        self._plot.show(self._series())

    def _series(self) -> Series:
        now, figure = self.desk.clock.now(), self.figure
        if self.span.by is None:
            rows = minutes(self.desk, now)
            labels = [_clock(now - HOUR_S + 60 * n) if n % 10 == 0 else "" for n in range(60)]
            return Series([figure.of(row) for row in rows], labels, figure.tone, figure.says)
        known = {row.key.get(self.span.by, ""): row for row in self.course.rows} if self.course else {}
        keys = buckets(now, self.span)
        values = [figure.of(known.get(key, StatsRow())) for key in keys]
        return Series(values, [label(key) for key in keys], figure.tone, figure.says)

    def on_resize(self) -> None:
        height = self.size.height
        lines = 0 if height < LOW else max(4, min(12, round(height * PLOT_SHARE))) if height >= HIGH else 5
        self._plot.display = lines > 0
        self._plot.styles.height = max(1, lines)

    # --- choosing

    def action_span(self, by: int) -> None:
        self.choose_span(SPANS[(SPANS.index(self.span) + by) % len(SPANS)].name)

    def choose_span(self, name: str) -> None:
        """Nothing for a name that is none."""
        found = next((each for each in SPANS if each.name == name.strip()), None)
        if found is not None:
            self.span, self.course = found, None
            self.action_renew()

    def action_group(self, by: int) -> None:
        self.choose_group(GROUPS[(GROUPS.index(self.group) + by) % len(GROUPS)])

    def choose_group(self, name: str) -> None:
        found = next((each for each in GROUPS if each == name.strip()), None)
        if found is not None:
            self.group = found
            if found == "day":
                self._table.sort_by("key", down=True)
            self._table.fill([])
            self.action_renew()

    def action_figure(self) -> None:
        self.figure = FIGURES[(FIGURES.index(self.figure) + 1) % len(FIGURES)]
        self._draw()

    def narrow(self, pattern: re.Pattern[str] | None) -> None:
        super().narrow(pattern)
        self._table.narrow(pattern)

    def on_listing_opened(self, message: Listing.Opened) -> None:
        """To the requests behind the row."""
        message.stop()
        self.post_message(Goto("found", f"{self.group}={_name_of(message.row)}"))

    def words(self) -> list[Word]:
        columns = [column.key for column in self._table.columns]
        return [
            Word("last", "the span: 1h, 24h, 7d, 30d", self.choose_span, lambda: [each.name for each in SPANS]),
            Word("by", "what is counted", self.choose_group, lambda: list(GROUPS)),
            Word("sort", "by a column", self._table.sort_by, lambda: columns),
        ]


def _name_of(row: StatsRow) -> str:
    return next(iter(row.key.values()), "")


def _columns(page: StatsPage) -> Sequence[Column[StatsRow]]:
    def name(row: StatsRow) -> Cell:
        text = _name_of(row)
        return (page.desk.short(text) if page.group == "provider" else text) or [("none", "dim")]

    def share(row: StatsRow) -> Cell:
        most = max((each.requests for each in page._table.rows), default=0)
        full, empty = meter(row.requests / most if most else 0.0, 8, page.desk.marks)
        return [(full, "accent"), (empty, "rule")]

    def failed(row: StatsRow) -> Cell:
        return [(words.count(row.failed), "bad" if row.failed else "dim")]

    def column(
        key: str, title: str, cell: Callable[[StatsRow], Cell], sort: Callable[[StatsRow], Any], priority: int
    ) -> Any:
        return Column(
            key=key, title=title, cell=cell, width=6, most=12, right=True, sort=sort, first_down=True, priority=priority
        )

    return (
        Column(key="key", title="NAME", cell=name, width=14, most=48, sort=_name_of),
        column("requests", "REQ", lambda row: words.count(row.requests), lambda row: row.requests, 0),
        Column(key="share", title="", cell=share, width=8, priority=7),
        column("failed", "FAILED", failed, lambda row: row.failed, 1),
        column("in", "IN", lambda row: words.count(row.input), lambda row: row.input, 2),
        column("out", "OUT", lambda row: words.count(row.output), lambda row: row.output, 2),
        column("cached", "CACHED", lambda row: words.count(row.cache_read), lambda row: row.cache_read, 8),
        column("cost", "COST", lambda row: costs(row.cost).replace(" credit", " cr"), dollars, 3),
        column("first", "FIRST", lambda row: words.milliseconds(row.first_token_p50_ms), _first, 4),
        column("p95", "P95", lambda row: words.milliseconds(row.first_token_p95_ms), _p95, 6),
        column("took", "TOOK", lambda row: words.milliseconds(row.duration_p50_ms), _took, 5),
    )


def _first(row: StatsRow) -> float:
    return row.first_token_p50_ms or 0.0


def _p95(row: StatsRow) -> float:
    return row.first_token_p95_ms or 0.0


def _took(row: StatsRow) -> float:
    return row.duration_p50_ms or 0.0


# --- time


def buckets(now: float, span: Span) -> list[str]:
    """The keys of `hour` or `day` that the span holds, oldest first, as the server writes them."""
    step, form = (HOUR_S, "%Y-%m-%dT%H") if span.by == "hour" else (DAY_S, "%Y-%m-%d")
    last = int(now) // step
    count = span.seconds // step
    return [time.strftime(form, time.gmtime(step * (last - back))) for back in range(count - 1, -1, -1)]


def label(key: str) -> str:
    """Hours as this machine's clock has them, days as `22 Nov`."""
    if "T" in key:
        return time.strftime("%H:00", time.localtime(calendar.timegm(time.strptime(key, "%Y-%m-%dT%H"))))
    return time.strftime("%d %b", time.strptime(key, "%Y-%m-%d"))


def _clock(at: float) -> str:
    return time.strftime("%H:%M", time.localtime(at))


def minutes(desk: Desk, now: float) -> list[StatsRow]:
    """A row for each of the last 60 minutes, of the requests that are kept here."""
    first = now - HOUR_S
    sums = [[0, 0, 0, 0.0] for _ in range(60)]
    times: list[list[float]] = [[] for _ in range(60)]
    for exchange in desk.state.exchanges.values():
        place = int((exchange.started_at - first) // 60)
        if not 0 <= place < 60:
            continue
        row, tokens, cost = sums[place], exchange.tokens, exchange.cost
        row[0] += 1
        row[1] += exchange.state == "failed"
        row[2] += (tokens.input or 0) + (tokens.output or 0) if tokens is not None else 0
        row[3] += cost.amount if cost is not None and cost.currency == "USD" else 0.0
        if exchange.timings.first_token is not None:
            times[place].append(exchange.timings.first_token)
    return [
        StatsRow(
            requests=int(count),
            failed=int(failed),
            input=int(tokens),
            cost=[Cost(amount=dollars, currency="USD", basis="")],
            first_token_p50_ms=sorted(heard)[len(heard) // 2] if heard else None,
        )
        for (count, failed, tokens, dollars), heard in zip(sums, times, strict=True)
    ]
