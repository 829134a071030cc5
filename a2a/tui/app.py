"""The dashboard's frame: header, tabs, one view at a time, the line for `:` and `/`, keys and themes.

**How a view joins in.** A view is a `View` (`a2a/tui/view.py`) and one line in `a2a/tui/views/__init__.py`: name for
`:`, title, key, class. It is made with `Desk` and an argument, and gets

- `desk.control`: the calls (`ControlCalls`). Read the attribute for every call, since each new connection brings a new
  one; call through `View.ask(work, then)`, which keeps the screen free and turns errors into toasts.
- `desk.state`: what is known (`State`): `server`, `accounts`, `exchanges`, `live`, `flows`, `logs`, `logins`, `meter`.
- `desk.around`: marks (UTF-8 or ASCII), short names of providers, editor, pager, folder for files, QR codes.
- `take(changes)`: ten times a second at most, while it is seen and something changed; `EVERYTHING` when it comes into
  sight. `beat()`: once a second while it is seen.
- `narrow(pattern)`: `/` was typed here, None = everything again. The line, its history and a bad expression are ours.
- `words()`: commands it adds to the `:` line. Its keys are `BINDINGS` with an `id` of the form `view.action`, by which
  `keys.toml` names them; help and key line are made from them. A binding with `show=False` is in the help only.

A view asks for another with `Goto(name, argument)` (an exchange: `Goto("exchange", id)`) and for a toast with `Tell`.
Tables are `Listing` (`a2a/tui/listing.py`), texts in tones are pieces (`a2a/tui/ink.py`), questions are in
`a2a/tui/dialogs/`. Escape goes back from a page about one thing. Nothing blocks: no call of a view waits for anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.driver import Driver
from textual.screen import Screen

from a2a.tui import colourless, keymap, memory, themes
from a2a.tui.ascii import AsciiFilter
from a2a.tui.bar import Bar
from a2a.tui.desk import Around, Connect, Desk
from a2a.tui.feed import Feed, NotAttached
from a2a.tui.frame import Banner, Header, KeyLine, Tabs
from a2a.tui.listing import Listing
from a2a.tui.marks import ASCII
from a2a.tui.state import EVERYTHING, State
from a2a.tui.typeahead import Typeahead
from a2a.tui.view import Goto, Tell, View, Word
from a2a.tui.views import BY_NAME, BY_WORD, VIEWS, Listed

REFRESH_S = 0.1
"""Views are drawn this often at most."""
TOASTS = 3
"""So many at a time, on a screen of `TOASTS_FROM` lines or more; on a lower one, the newest."""
TOASTS_FROM = 30
PALETTE_EACH = 50
"""Of one word's completions the palette has so many; `:` has all."""

CSS = """
#pages { width: 1fr; height: 1fr; }
Input { border: none; height: 1; padding: 0; background: $background; }
Input:focus { border: none; }
Toast { background: $panel; padding: 0 1; margin: 0; max-width: 64; }
ToastRack { margin: 0 0 1 0; }
CommandPalette > Vertical, CommandPalette:dark > Vertical { background: $panel; }
CommandPalette #--input { border: hkey $border; }
CommandPalette #--input.--list-visible { border-bottom: none; }
CommandPalette SearchIcon { color: $ink-dim; }
CommandList { border-bottom: hkey $border; scrollbar-size-vertical: 1; scrollbar-background: $panel; }
CommandList:ansi > .option-list--option-highlighted {
    color: ansi_black; background: ansi_white; text-style: bold underline;  /* `reverse` does not get through here */
}
"""


class Dash(Typeahead[None]):
    """One server, watched and acted upon through its control API."""

    TITLE = "a2a"
    CSS = CSS
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    NOTIFICATION_TIMEOUT = 6
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(each.key, f"goto('{each.name}')", each.title, show=False, id=f"view.{each.name}")
            for each in VIEWS
            if each.key
        ),
        Binding("colon", "command", "command", key_display=":", id="app.command"),
        Binding("slash", "filter", "filter", key_display="/", id="app.filter"),
        Binding("question_mark", "help", "help", key_display="?", id="app.help"),
        Binding("escape", "back", "back", show=False, id="app.back"),
        Binding("T", "next_theme", "next theme", show=False, id="app.theme"),
        Binding("q", "quit", "quit", id="app.quit"),
        Binding("ctrl+c", "quit", "quit, whatever has the keys", show=False, priority=True, id="app.stop"),
        Binding("ctrl+z", "suspend_process", "into the background", show=False, priority=True, id="app.background"),
    ]

    def __init__(self, connect: Connect, state: State, around: Around | None = None) -> None:
        super().__init__()
        self.desk = Desk(NotAttached(), state, around or Around())
        self.feed = Feed(self.desk, connect, self._changed)
        self._drawn_at = 0.0
        """When views were handed changes last, by the monotonic clock."""
        self.trail: list[View] = []
        """Views from the tab to what is seen now."""
        self._made: dict[str, View] = {}
        self._header, self._tabs, self._banner = Header(self.desk), Tabs(self.desk), Banner(self.desk)
        for theme in themes.themes():
            self.register_theme(theme)
        self.theme = f"a2a-{self.desk.around.theme}"
        self._filters = colourless.instead(self._filters, lambda: self.native_ansi_color)  # no public place takes one
        if self.desk.marks is ASCII:
            self._filters.append(AsciiFilter())

    @property
    def view(self) -> View | None:
        """What is seen now."""
        return self.trail[-1] if self.trail else None

    def get_driver_class(self) -> type[Driver]:
        found = super().get_driver_class()
        if found.__name__ != "LinuxDriver":  # that of Windows, or of a browser's page
            return found
        from a2a.tui.driver import TerminalDriver

        return TerminalDriver

    def compose(self) -> ComposeResult:
        yield self._header
        yield self._tabs
        yield self._banner
        yield Container(id="pages")
        yield Bar(self.desk)
        yield KeyLine(self.desk)

    async def on_mount(self) -> None:
        for problem in keymap.use(self, self.desk.around.keys):
            self.notify(problem, severity="warning", markup=False)
        await self._show(BY_NAME["overview"], "")
        self.set_interval(REFRESH_S, self.refresh_views)
        self.set_interval(1.0, self.beat)
        self.run_worker(self.feed.run(), name="feed", group="feed")

    # --- refreshing

    def _changed(self) -> None:
        """The first event behind a pause is seen at once; of many, the timer draws what has come together."""
        now = time.monotonic()
        if now - self._drawn_at >= REFRESH_S:
            self._drawn_at = now
            self.call_next(self.refresh_views)

    def refresh_views(self) -> None:
        """Hand what changed to whoever is seen."""
        changes = self.desk.state.take_changes()
        if not changes.topics:
            return
        self._drawn_at = time.monotonic()
        if changes.topics & {"link", "server", "accounts", "exchanges"}:
            self._frame()
        if self.view is not None:
            self.view.take(changes)
        take = getattr(self.screen, "take", None)
        if take is not None:
            take(changes)

    def beat(self) -> None:
        """Once a second: what depends on the time."""
        self._frame()
        if self.view is not None:
            self.view.beat()
        beat = getattr(self.screen, "beat", None)
        if beat is not None:
            beat()

    def _frame(self) -> None:
        self._header.redraw()
        self._banner.redraw()

    def crumbs_changed(self) -> None:
        """The trail, or a remark of the view, is another."""
        self._tabs.follow(self.trail)

    # --- going about

    async def action_goto(self, name: str, argument: str = "") -> None:
        await self._show(BY_NAME[name], argument)

    async def on_goto(self, message: Goto) -> None:
        await self._show(BY_NAME[message.name], message.argument)

    async def _show(self, listed: Listed, argument: str) -> None:
        """A view with a tab begins a new trail; a page about one thing is put behind what is seen."""
        pages = self.screen_stack[0].query_one("#pages")
        before = list(self.trail)
        if listed.key and not argument:
            view = self._made.get(listed.name)
            if view is None:
                view = self._made[listed.name] = listed.load()(self.desk)
                await pages.mount(view)
            self.trail = [view]
        else:
            view = listed.load()(self.desk, argument)
            if self.view is not None and (type(view), view.argument) == (type(self.view), self.view.argument):
                return  # asked for twice
            self.trail = [*self.trail, view]
            await pages.mount(view)
        for old in before:
            if old not in self.trail and old not in self._made.values():
                await old.remove()
        self._seen()

    async def action_back(self) -> None:
        """From a page about one thing to where it was asked for; at a tab, the filter goes."""
        if len(self.trail) > 1:
            await self.trail.pop().remove()
            self._seen()
        elif self.view is not None and self.view.pattern is not None:
            self.view.narrow(None)
            self.crumbs_changed()

    async def on_tabs_back(self, message: Tabs.Back) -> None:
        """A crumb was clicked."""
        while len(self.trail) > message.depth + 1 > 0:
            await self.trail.pop().remove()
        self._seen()

    def _seen(self) -> None:
        """The last of the trail is shown, and no other."""
        view = self.trail[-1]
        bar = self.screen_stack[0].query_one(Bar)
        if bar.is_open:  # a click went elsewhere meanwhile
            bar.leave(keep=True)
        for each in self.screen_stack[0].query_one("#pages").children:
            each.display = each is view
        view.take(EVERYTHING)
        self.crumbs_changed()
        focus = next((each for each in view.query("*") if each.focusable), None)
        if self.screen is self.screen_stack[0]:
            self.screen.set_focus(focus)

    # --- the line for `:` and `/`

    def words(self) -> list[Word]:
        """All commands of now: those of the view first, then those of the list that has the keys."""
        from a2a.tui.views.accounts import account_names, account_words

        own = self.view.words() if self.view is not None else []
        listing = self.screen_stack[0].focused
        more = listing.words() if isinstance(listing, Listing) else []
        if self.view is not None:
            more += account_words(self.view, self.desk)
        names = {word.word for word in own}
        own = [*own, *(word for word in more if word.word not in names)]
        about = {"account": partial(account_names, self.desk)}
        shown = [Word(each.name, each.does, self._opener(each), about.get(each.name)) for each in VIEWS]
        theme = Word("theme", "dark, light, contrast or mono", self.use_theme, lambda: list(themes.NAMES))
        rest = [
            theme,
            Word("help", "keys of this view", lambda _: self.action_help()),
            Word("quit", "leave", self._leave),
        ]
        return [*own, *shown, *rest]

    def _opener(self, listed: Listed) -> Callable[[str], None]:
        def run(argument: str) -> None:
            if not listed.key and not argument:
                self.tell(Tell(f"{listed.name} of what?", hint=f":{listed.name} NAME", bad=True))
                return
            self.post_message(Goto(listed.name, argument))

        return run

    def _leave(self, _: str) -> None:
        self.call_next(self.action_quit)

    def action_command(self) -> None:
        self.query_one(Bar).command(self.words(), {word: each.name for word, each in BY_WORD.items()})

    def action_filter(self) -> None:
        if self.view is not None:
            self.query_one(Bar).filter(self.view.pattern.pattern if self.view.pattern else "")

    def on_bar_narrowed(self, message: Bar.Narrowed) -> None:
        if self.view is not None:
            self.view.narrow(message.pattern)
            self.crumbs_changed()

    def on_bar_left(self) -> None:
        self._focus_view()

    def _focus_view(self) -> None:
        """On the screen that the view is part of: a dialog that a word has opened keeps its own keys."""
        if self.view is not None:
            self.screen_stack[0].set_focus(next((each for each in self.view.query("*") if each.focusable), None))

    # --- the rest

    async def action_quit(self) -> None:
        """Ask first where a server ends with the screen that has requests in flight."""
        from a2a.tui.dialogs.confirm import Confirm

        ended, live = self.desk.around.ends(), len(self.desk.state.live)
        if ended is None or not live:
            self.exit()
            return
        told = f"It has {live} request{'' if live == 1 else 's'} in flight; they get a few seconds to end."
        self.push_screen(Confirm(self.desk, f"Leave, and end {ended}?", told), lambda yes: self.exit() if yes else None)

    def action_help(self) -> None:
        from a2a.tui.dialogs.help import Help

        self.push_screen(Help(self.desk, list(self.screen.active_bindings.values()), self.view))

    def use_theme(self, name: str) -> None:
        if name not in themes.NAMES:
            self.tell(Tell(f"no theme {name!r}", hint=", ".join(themes.NAMES), bad=True))
            return
        self.theme = f"a2a-{name}"
        if self.desk.around.remembered is not None:
            memory.keep(self.desk.around.remembered, name)

    def action_next_theme(self) -> None:
        now = themes.NAMES.index(self.theme.removeprefix("a2a-"))
        self.use_theme(themes.NAMES[(now + 1) % len(themes.NAMES)])

    def on_tell(self, message: Tell) -> None:
        self.tell(message)

    def tell(self, message: Tell) -> None:
        """A toast: a mark besides the colour, and what helps on a line of its own."""
        marks = self.desk.marks
        self._make_room_for_a_toast()
        sign = marks.bad if message.bad else marks.dot if message.busy else marks.good
        hint = f"\n{marks.arrow} {message.hint}" if message.hint else ""
        self.notify(
            f"{sign} {message.text}{hint}",
            severity="error" if message.bad else "information",
            timeout=10 if message.bad else 2 if message.busy else 5,
            markup=False,
        )

    def _make_room_for_a_toast(self) -> None:
        """Few stay, since they hide what lies under them; what was under way is over, or goes on unsaid."""
        most = TOASTS if self.size.height >= TOASTS_FROM else 1
        shown = list(self._notifications)
        for n, old in enumerate(shown):
            if n <= len(shown) - most or old.message.startswith(self.desk.marks.dot):
                self._unnotify(old, refresh=False)  # no public method takes back one

    def get_key_display(self, binding: Binding) -> str:
        """In words where signs cannot be drawn."""
        text = super().get_key_display(binding)
        return text if self.desk.marks is not ASCII or text.isascii() else binding.key

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette holds what the `:` line does; a word that wants more behind it, with each that completes it."""
        more = {each.name for each in VIEWS if not each.key}
        for word in self.words():
            if word.completes is not None:
                for name in word.completes()[:PALETTE_EACH]:
                    run = partial(word.run, name)
                    yield SystemCommand(f"{word.word} {name}", word.does, run)
            if word.alone or (word.completes is None and word.word not in more):
                yield SystemCommand(word.word, word.does, partial(word.run, ""))
