"""The inspector: one exchange on its pages, and what can be done with it.

What ended does not change: it is asked for once, with its bodies. What is still going on is followed from the state,
and asked for again when it ends. Pages of large bodies are made in a thread, so that the screen stays free.
"""

from __future__ import annotations

import asyncio
import re
from bisect import bisect_left
from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType

from a2a.control import curl
from a2a.control.bodies import unrecorded
from a2a.control.types import Exchange, Replayed, ReplayWish
from a2a.errors import A2AError, UsageError
from a2a.tui.desk import Desk
from a2a.tui.frame import Tabs
from a2a.tui.ink import Piece
from a2a.tui.inspect import bodies, outside, summary
from a2a.tui.inspect.answer_page import Form
from a2a.tui.inspect.asked import ask_replay, save_cassette
from a2a.tui.inspect.head import Heads, Page, Pages, Remark
from a2a.tui.inspect.layout import GUTTER
from a2a.tui.inspect.pager import Pager, Place
from a2a.tui.inspect.pages import Key, maker, weight
from a2a.tui.inspect.sheet import Sheet
from a2a.tui.state import ENDED, EVERYTHING, Changes
from a2a.tui.view import Goto, Tell, View, Word
from a2a.tui.words import account_of, model_of

LARGE = 100_000
"""Characters of bodies from which a page is made in a thread."""
OSC_BYTES = 74_000
"""What terminals take onto the clipboard at least: more may be lost without a word."""


class Inspector(View):
    """`argument`: the exchange's id."""

    TITLE = "Exchange"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,right_square_bracket", "page(1)", "page", id="exchange.next_page"),
        Binding("shift+tab,left_square_bracket", "page(-1)", "page before", show=False, id="exchange.previous_page"),
        Binding("J", "step(-1)", "older exchange", show=False, id="exchange.older"),
        Binding("K", "step(1)", "newer exchange", show=False, id="exchange.newer"),
        Binding("a", "attempt", "attempt", id="exchange.attempt"),
        Binding("t", "form", "words or bytes", id="exchange.form"),
        Binding("c", "curl", "curl", id="exchange.curl"),
        Binding("e", "outside('editor')", "editor", id="exchange.editor"),
        Binding("p", "outside('pager')", "pager", show=False, id="exchange.pager"),
        Binding("r", "replay", "replay", id="exchange.replay"),
        Binding("R", "again", "replay as it went before", show=False, id="exchange.again"),
        Binding("o", "opened", "open the replay", id="exchange.open_replay"),
        Binding("s", "cassette", "cassette", id="exchange.cassette"),
    ]

    def __init__(self, desk: Desk, argument: str = "") -> None:
        super().__init__(desk, argument)
        self.page: Page = "summary"
        self.exchange: Exchange | None = desk.state.exchanges.get(argument)
        self.attempt = bodies.last_attempt(self.exchange) if self.exchange is not None else 0
        self.form: Form = "words"
        self.replayed: Replayed | None = None
        self.missing = ""
        """Why there is nothing to show."""
        self._whole = False
        """Whether `exchange` came with its bodies, if it has any; or will not come."""
        self._asked = ""
        """The id that the server is asked for now."""
        self._sheets: dict[Key, Sheet] = {}
        self._places: dict[Key, Place] = {}
        self._shown: Key | None = None
        self._making: tuple[Key, str] | None = None
        """The page that is made in a thread now."""
        self._told = ""
        self._pages = Pages(desk)
        self._heads = Heads(desk)
        self._remark = Remark(desk)
        self._pager = Pager(desk.marks)

    def compose(self) -> ComposeResult:
        yield self._pages
        yield self._heads
        yield self._remark
        yield self._pager

    # --- what is known

    def on_mount(self) -> None:
        self._load()

    def _load(self) -> None:
        exchange_id = self.argument
        if self._asked == exchange_id:
            return
        self._asked = exchange_id

        def failed(error: A2AError) -> None:
            if exchange_id != self.argument:
                return
            self._asked, self._whole = "", True
            if self.exchange is None:
                self.missing = f"{error.message}\n{error.hint or ''}"
                self._build()
            else:
                self.post_message(Tell(error.message, hint=error.hint, bad=True))

        self.ask(self.desk.control.exchange(exchange_id), partial(self._arrived, exchange_id), failed)

    def _arrived(self, exchange_id: str, exchange: Exchange) -> None:
        if exchange_id == self.argument:
            self._asked = ""
            self._whole = exchange.state in ENDED
            self._use(exchange)

    def _use(self, exchange: Exchange) -> None:
        """It is known better now; the page stays where it is."""
        if self.exchange is None or self.attempt == bodies.last_attempt(self.exchange):
            self.attempt = bodies.last_attempt(exchange)
        self.exchange = exchange
        self._sheets.clear()
        self._build()

    def take(self, changes: Changes) -> None:
        known = self.desk.state.exchanges.get(self.argument)
        concerned = changes == EVERYTHING or self.argument in changes.exchanges
        if known is None or self._whole or not concerned:
            self._build()
        else:
            self._use(known)
            if known.state in ENDED:
                self._load()

    def beat(self) -> None:
        known = self.desk.state.exchanges.get(self.argument)
        if not self._whole and known is not None and known.state in ENDED:
            self._load()  # what the server said was older than the end
        if self.exchange is not None and self.exchange.state not in ENDED and self.page == "summary":
            self._sheets.clear()
            self._build()

    def on_resize(self) -> None:
        self._sheets = {key: sheet for key, sheet in self._sheets.items() if key[0] != "summary"}
        self.call_after_refresh(self._build)

    # --- pages

    @property
    def pages(self) -> list[Page]:
        found: list[Page] = ["summary", "request", "answer", "stream", "headers"]
        return [*found, "replay"] if self.replayed is not None else found

    @property
    def key(self) -> Key:
        return self.page, self.attempt, self.form

    def _build(self) -> None:
        """Show the page of now: what was made already, or made anew."""
        if not self.is_attached or not self.size.width:
            return
        key, exchange = self.key, self.exchange
        if self._shown is not None and self._sheets.get(self._shown) is self._pager.sheet:
            self._places[self._shown] = self._pager.place
        if key in self._sheets:
            self._show(key, self._sheets[key])
        elif exchange is None:
            words = self.missing or "asking the server…"
            self._show(key, bodies.nothing(*words.split("\n")))
        elif self.page not in ("summary", "headers") and weight(exchange) > LARGE:
            if self._shown != key:
                self._show(key, bodies.nothing("reading…"))
            if self._making != (key, exchange.id):
                self._making = (key, exchange.id)
                self.ask(asyncio.to_thread(self._maker(exchange)), partial(self._made, key, exchange))
        else:
            self._made(key, exchange, self._maker(exchange)())

    def _made(self, key: Key, exchange: Exchange, sheet: Sheet) -> None:
        self._making = None
        if exchange is self.exchange:
            self._sheets[key] = sheet
            if key == self.key:
                self._show(key, sheet)

    def _maker(self, exchange: Exchange) -> Callable[[], Sheet]:
        width = self._pager.scrollable_content_region.width - GUTTER
        return maker(self.desk, exchange, self.key, width, self.replayed)

    def _show(self, key: Key, sheet: Sheet) -> None:
        if self._pager.sheet is not sheet:
            self._pager.show(sheet, self._places.get(key))
            self.refresh_bindings()
        self._shown = key
        self._heads.tell(self._pager.laid)
        self._remark.tell(sheet.remark)
        self._pages.tell(self.pages, self.page, self._facts())

    def _facts(self) -> list[Piece]:
        """At the right of the pages: what was found, which attempt, whose answer."""
        exchange, marks = self.exchange, self.desk.marks
        if self._told:
            return [(self._told + " ", "accent")]
        if exchange is None or self.page in ("summary", "replay"):
            return []
        many = len(exchange.attempts) > 1
        which = f"attempt {self.attempt} of {len(exchange.attempts)}  " if many else ""
        tone = summary.STATE_TONES[exchange.state]
        whose = f" {account_of(exchange)}, {model_of(exchange)} "
        return [(which, "accent"), (marks.exchange[exchange.state], tone), (whose, "dim")]

    def on_pages_chosen(self, message: Pages.Chosen) -> None:
        message.stop()
        self._turn_to(message.page)

    def _turn_to(self, page: Page) -> None:
        self.page = page
        self._build()

    def action_page(self, by: int) -> None:
        pages = self.pages
        self._turn_to(pages[(pages.index(self.page) + by) % len(pages)])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that do nothing on this page are not offered."""
        match action:
            case "attempt":
                return self.exchange is not None and len(self.exchange.attempts) > 1
            case "form":
                return self.page == "answer"
            case "opened":
                return self.page == "replay"
            case _:
                return True

    def action_attempt(self) -> None:
        exchange = self.exchange
        if exchange is not None and exchange.attempts:
            numbers = [attempt.n for attempt in exchange.attempts]
            at = numbers.index(self.attempt) if self.attempt in numbers else -1
            self.attempt = numbers[(at + 1) % len(numbers)]
            self._build()

    def action_form(self) -> None:
        self.form = "bytes" if self.form == "words" else "words"
        self._build()

    # --- other exchanges

    def action_step(self, by: int) -> None:
        """The one that came before or after, of those the dashboard keeps."""
        known = list(self.desk.state.exchanges)
        place = bisect_left(known, self.argument)
        here = place < len(known) and known[place] == self.argument
        to = place + by if here or by < 0 else place
        if not 0 <= to < len(known):
            self.post_message(Tell("there is no newer exchange" if by > 0 else "no older exchange is kept here"))
            return
        self.argument = known[to]
        self.exchange = self.desk.state.exchanges[self.argument]
        self.attempt = bodies.last_attempt(self.exchange)
        self._whole, self.replayed, self._shown = False, None, None
        self.page = "summary" if self.page == "replay" else self.page
        self._sheets.clear()
        self._places.clear()
        self._load()
        self._build()
        for tabs in self.screen.query(Tabs):
            tabs.redraw()

    # --- searching

    def narrow(self, pattern: re.Pattern[str] | None) -> None:
        """`/` searches: the page stays whole, matches stand out, n and N go through them."""
        super().narrow(pattern)
        self._told = ""
        self._pager.search(pattern)
        self._build()

    def on_pager_searched(self, message: Pager.Searched) -> None:
        message.stop()
        found = f"{message.at}/{message.found}" if message.at else str(message.found)
        self._told = "" if self.pattern is None else f"{found} found: n, N" if message.found else "nothing found"
        self._pages.tell(self.pages, self.page, self._facts())

    # --- taking it elsewhere

    def on_pager_copied(self, message: Pager.Copied) -> None:
        message.stop()
        lines = message.text.count("\n") + 1
        self.post_message(Tell(f"copied {lines} line" + ("" if lines == 1 else "s")))

    def action_curl(self) -> None:
        if self.exchange is None:
            return
        try:
            text = curl.command(self.exchange, self.desk.control.url)
        except UsageError as error:
            self.post_message(Tell(error.message, hint=error.hint, bad=True))
            return
        self.app.copy_to_clipboard(text)
        hint = f"set {curl.KEY.removeprefix('$')} to a key of this server"
        if len(text) > OSC_BYTES:
            hint += "; it is long, and some terminals keep only its beginning: e opens the request"
        self.post_message(Tell("copied as a curl command", hint=hint))

    def action_outside(self, which: str) -> None:
        if self.exchange is None:
            return
        around = self.desk.around
        command = around.editor if which == "editor" else around.pager
        helps = f"set {which.upper()} before a2a dash starts"
        if not command:
            self.post_message(Tell(f"no {which} is set", hint=helps, bad=True))
            return
        texts = outside.documents(self.exchange, self.page, self.attempt)
        trouble: A2AError | None = None
        try:
            with self.app.suspend():
                try:
                    outside.run(command, texts)
                except A2AError as error:
                    trouble = error  # told below: raised out of `suspend`, it would leave the screen suspended
        except SuspendNotSupported:
            trouble = UsageError(f"an {which} cannot be opened from a browser", hint="c copies as curl")
        if trouble is not None:
            self.post_message(Tell(trouble.message, hint=trouble.hint or helps, bad=True))
        self.app.refresh()

    def action_cassette(self) -> None:
        if self._has_request():
            save_cassette(self, self.desk, self.argument)

    # --- sending it again

    def words(self) -> list[Word]:
        accounts = [self.desk.account_name(account) for account in self.desk.state.accounts.values()]
        return [
            Word("replay", "send it again: replay [PROVIDER[/ACCOUNT]] [MODEL]", self._replay_words, lambda: accounts),
            Word("curl", "copy the request as a curl command", lambda _: self.action_curl()),
            Word("cassette", "save as a cassette", lambda _: self.action_cassette()),
        ]

    def _replay_words(self, text: str) -> None:
        where, _, model = text.strip().partition(" ")
        self._replay(ReplayWish(provider=where or None, model=model.strip() or None))

    def action_replay(self) -> None:
        if self._has_request():
            ask_replay(self, self.desk, self._replay)

    def action_again(self) -> None:
        self._replay(ReplayWish())

    def _has_request(self) -> bool:
        if self.exchange is None:
            return False
        if self.exchange.bodies is None or self.exchange.bodies.request is None:
            none = unrecorded(self.exchange)
            self.post_message(Tell(f"the request's body was not recorded{none.why}", hint=none.hint, bad=True))
            return False
        return True

    def _replay(self, wish: ReplayWish) -> None:
        if not self._has_request():
            return
        where = wish.provider or "the same as before"
        model = f", model {wish.model}" if wish.model else ""
        self.post_message(Tell(f"sending it again: {where}{model}", busy=True))
        self.ask(self.desk.control.replay(self.argument, wish), partial(self._replay_came, self.argument))

    def _replay_came(self, exchange_id: str, replayed: Replayed) -> None:
        if exchange_id == self.argument:
            self.replayed = replayed
            self._sheets = {key: sheet for key, sheet in self._sheets.items() if key[0] != "replay"}
            self._places = {key: place for key, place in self._places.items() if key[0] != "replay"}
            self._turn_to("replay")

    def action_opened(self) -> None:
        if self.replayed is not None:
            self.post_message(Goto("exchange", self.replayed.after.id))
