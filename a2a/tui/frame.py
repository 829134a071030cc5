"""What stands around the views: header, tabs with the breadcrumbs, banner, key line; and the heads of panes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import assert_never

from textual import events
from textual.binding import ActiveBinding
from textual.message import Message
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Input

from a2a.tui.desk import Desk
from a2a.tui.ink import Cell, Inked, Piece, cell_width, cut_text, fit, text_of, width_of
from a2a.tui.view import Goto, View
from a2a.tui.views import VIEWS
from a2a.tui.words import span

CLIENT_S = 600
"""A client counts as there for so long after its last request."""
HELP = "app.help"
"""The key that has room in every key line: it tells those that have none."""
LEFT_OUT_BELOW = 3
"""Cells: a breadcrumb in less says nothing."""


class Line(Inked):
    """One line of pieces, repainted only when they are others."""

    DEFAULT_CSS = "Line { height: 1; width: 1fr; }"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._shown: list[Piece] = []

    def pieces(self, width: int) -> list[Piece]:
        """What it says, in `width` cells at most."""
        raise NotImplementedError

    def redraw(self) -> None:
        if self.is_attached and self._now() != self._shown:
            self.refresh()

    def _now(self) -> list[Piece]:
        return fit(self.pieces(self.size.width), self.size.width, self.desk.marks.cut)

    def render_line(self, y: int) -> Strip:
        if y:
            return Strip.blank(self.size.width, self.rich_style)
        self._shown = self._now()
        return Strip(self.segments(self._shown)).adjust_cell_length(self.size.width, self.rich_style)


def spread(left: Cell, right: Cell, width: int) -> list[Piece]:
    """Both ends of a line; the right one goes where there is no room for it."""
    space = width - cell_width(left) - cell_width(right)
    if space < 1:
        return list(left if not isinstance(left, str) else [(left, "plain")])
    ends = [right] if isinstance(right, str) else right
    return [
        *(left if not isinstance(left, str) else [(left, "plain")]),
        (" " * space, "plain"),
        *((each, "plain") if isinstance(each, str) else each for each in ends),
    ]


class Header(Line):
    """`a2a ● serving  http://127.0.0.1:3000  up 2 h  3 clients  2 in flight        0.7.0`."""

    def pieces(self, width: int) -> list[Piece]:
        state, marks = self.desk.state, self.desk.marks
        server = state.server
        line: list[Piece] = [(" a2a ", "accent"), *self._state(), ("  ", "plain")]
        if server is None:
            return line
        line.append((server.url.removeprefix("http://"), "strong"))
        now = self.desk.clock.now()
        clients = (
            {x.client for x in state.exchanges.values() if x.started_at > now - CLIENT_S} if width >= 60 else set()
        )
        if state.link.phase != "live":
            return line  # what it said last is past
        facts = [
            f"up {span(now - server.started_at)}",
            f"{len(clients)} client{'' if len(clients) == 1 else 's'}",
            f"{len(state.live)} in flight",
        ]
        for fact in facts:
            if cell_width(line) + len(fact) + 3 < width:
                line += [(f" {marks.dot} ", "dim"), (fact, "dim")]
        return spread(line, [(f"{server.version} ", "dim")], width)

    def _state(self) -> list[Piece]:
        marks = self.desk.marks
        phase = self.desk.state.link.phase
        match phase:
            case "attaching":
                return [(f"{marks.exchange['routing']} {self.desk.state.link.message or 'attaching'}", "warn")]
            case "live":
                ready = any(account.state in ("ready", "draining") for account in self.desk.state.accounts.values())
                if ready:
                    return [(f"{marks.account['ready']} serving", "ok")]
                return [(f"{marks.account['needs_action']} cannot serve", "warn")]
            case "gone":
                return [(f"{marks.bad} gone", "bad")]
            case "refused":
                return [(f"{marks.bad} refused", "bad")]
            case _ as never:
                assert_never(never)


class Tabs(Line):
    """The views by their keys; from a page about one thing, the way back to its tab. A click goes there."""

    class Back(Message):
        """To the view of this place in the trail."""

        def __init__(self, depth: int) -> None:
            super().__init__()
            self.depth = depth

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._trail: list[View] = []
        self._places: list[tuple[int, int, Callable[[], Message]]] = []

    def follow(self, trail: Sequence[View]) -> None:
        self._trail = list(trail)
        self.redraw()

    def pieces(self, width: int) -> list[Piece]:
        if len(self._trail) > 1:
            return self._crumbs(width)
        names = {type(view).__name__: view for view in self._trail}
        self._places = []
        full = sum(len(each.title) + 4 for each in VIEWS if each.key) + 1 <= width
        line: list[Piece] = [(" ", "plain")]
        for each in (each for each in VIEWS if each.key):
            here = each.where.rpartition(":")[2] in names
            start = cell_width(line)
            line.append((each.key, "accent" if here else "dim"))
            if full or here:
                line.append((f" {each.title}", "strong" if here else "dim"))
            self._places.append((start, cell_width(line), partial(Goto, each.name)))
            line.append(("  ", "plain"))
        return line

    def _crumbs(self, width: int) -> list[Piece]:
        marks = self.desk.marks
        line: list[Piece] = [(" ", "plain")]
        self._places = []
        back: list[Piece] = [("esc", "accent"), (" back ", "dim")]
        for n, view in enumerate(self._trail):
            if n:
                line.append((f" {marks.crumb} ", "dim"))
            room = width - cell_width(line) - cell_width(back) - 1
            if room >= LEFT_OUT_BELOW:
                start = cell_width(line)
                here = n == len(self._trail) - 1
                line.append((cut_text(view.crumb, room, marks.cut), "strong" if here else "dim"))
                self._places.append((start, cell_width(line), partial(self.Back, n)))
        whole = spread(line, back, width)
        if whole[-1] == back[-1]:
            self._places.append((width - cell_width(back), width, partial(self.Back, len(self._trail) - 2)))
        return whole

    def on_click(self, event: events.Click) -> None:
        for start, end, message in self._places:
            if start <= event.x < end:
                self.post_message(message())


class Banner(Line):
    """Not there while all is well: says what is wrong with the connection or the settings, and what helps.

    What helps stands on a line of its own where both have no room on one.
    """

    DEFAULT_CSS = "Banner { display: none; } Banner.shown { display: block; } Banner.tall { height: 2; }"

    def redraw(self) -> None:
        what, helps = self._said()
        self.set_class(bool(what), "shown")
        self.set_class(bool(helps) and cell_width([*what, *helps]) > self.screen.size.width, "tall")
        super().redraw()

    def _now(self) -> list[Piece]:
        """Of both lines: it is drawn anew when either is another."""
        what, helps = self._said()
        return [*what, *helps]

    def render_line(self, y: int) -> Strip:
        what, helps = self._said()
        self._shown = [*what, *helps]
        rows = [what, [(" ", "plain"), *helps]] if self.size.height > 1 else [self._shown]
        pieces = rows[y] if y < len(rows) else []
        line = self.segments(fit(pieces, self.size.width, self.desk.marks.cut))
        return Strip(line).adjust_cell_length(self.size.width, self.rich_style)

    def _said(self) -> tuple[list[Piece], list[Piece]]:
        """What is wrong, and what helps."""
        marks, link = self.desk.marks, self.desk.state.link
        match link.phase:
            case "attaching":
                return ([(f" {marks.dot} none runs here; {link.hint}", "dim")] if link.hint else []), []
            case "gone":
                return self._gone(), self._helps(link.hint)
            case "refused":
                return [(f" {marks.bad} {link.message}", "bad")], self._helps(link.hint)
            case "live":
                return self._settings()
            case _ as never:
                assert_never(never)

    def _gone(self) -> list[Piece]:
        marks, link = self.desk.marks, self.desk.state.link
        if self.desk.state.server is None:
            return [(f" {marks.bad} {link.message}", "bad"), ("; trying again", "dim")]
        ago = f" since {span(self.desk.clock.now() - link.since)}"
        why = f" {marks.dot} {link.message}" if link.message else ""
        return [(f" {marks.bad} the server is gone{ago}; trying again", "bad"), (why, "dim")]

    def _helps(self, hint: str | None) -> list[Piece]:
        return [(f" {self.desk.marks.arrow} {hint}", "plain")] if hint else []

    def _settings(self) -> tuple[list[Piece], list[Piece]]:
        marks = self.desk.marks
        server = self.desk.state.server
        recording = server.recording if server else None
        if recording is not None and recording.stopped:
            return [(f" {marks.warn} nothing is recorded: {recording.stopped}", "warn")], self._helps(recording.hint)
        config = server.config if server else None
        if config is None or not (config.refused or config.restart):
            return [], []
        if config.refused:
            told = f" {marks.warn} the settings are as before: {config.refused}"
            return [(told, "warn")], self._helps(config.hint)
        return [(f" {marks.warn} from the next start on: {', '.join(config.restart)}", "warn")], []


class Title(Line):
    """The head of a pane: its name, what is to be said of it, and a rule to the edge."""

    def __init__(self, desk: Desk, name: str) -> None:
        super().__init__(desk)
        self._head = name
        self._told: Cell = ""

    def tell(self, told: Cell) -> None:
        if text_of(told) != text_of(self._told) or told != self._told:
            self._told = told
            self.redraw()

    def pieces(self, width: int) -> list[Piece]:
        told: list[Piece] = [(self._told, "dim")] if isinstance(self._told, str) else list(self._told)
        line: list[Piece] = [(" ", "plain"), (self._head, "strong"), ("  ", "plain"), *told]
        if text_of(told):
            line.append((" ", "plain"))
        rest = width - cell_width(line) - 1
        return [*line, (self.desk.marks.rule * max(0, rest), "rule")] if rest > 0 else line


class KeyLine(Line):
    """The keys of now, as many as there is room for; a click does what the key does."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._places: list[tuple[int, int, str]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._updated)

    def _updated(self, _: Screen[object]) -> None:
        self.redraw()

    def pieces(self, width: int) -> list[Piece]:
        line: list[Piece] = [(" ", "plain")]
        self._places = []
        shown = self._shown_keys()
        help_width = sum(self._width_of(each) + 2 for each in shown if each.binding.id == HELP)
        for each in shown:
            start = cell_width(line)
            is_help = each.binding.id == HELP
            help_width -= self._width_of(each) + 2 if is_help else 0
            if start + self._width_of(each) + help_width > width:
                continue
            key = self.app.get_key_display(each.binding)
            line += [(key, "accent" if each.enabled else "dim"), (f" {each.binding.description}", "dim")]
            self._places.append((start, cell_width(line), each.binding.key))
            line.append(("  ", "plain"))
        return line

    def _shown_keys(self) -> list[ActiveBinding]:
        """Each action once, those of the app last; while something is typed, none of the app's."""
        active = [each for each in self.screen.active_bindings.values() if each.binding.show]
        last = [each for each in active if each.node is self.app]
        kept = [each for each in active if each.node is not self.app]
        if not isinstance(self.screen.focused, Input):
            kept += last
        once: dict[str, ActiveBinding] = {}
        for each in kept:
            once.setdefault(each.binding.action, each)
        return list(once.values())

    def _width_of(self, each: ActiveBinding) -> int:
        return width_of(self.app.get_key_display(each.binding)) + 1 + len(each.binding.description)

    def on_click(self, event: events.Click) -> None:
        for start, end, key in self._places:
            if start <= event.x < end:
                self.app.simulate_key(key)
