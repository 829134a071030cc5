"""A login that runs on the server: the page to open, the code to type there, and what it says on the way."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from a2a.control.types import LoginAnswer, LoginShown, LoginView
from a2a.tui.asking import Tell, ask
from a2a.tui.desk import Desk
from a2a.tui.dialogs.dialog import Dialog, click
from a2a.tui.ink import clean
from a2a.tui.listing import Column, Listing
from a2a.tui.marks import ASCII
from a2a.tui.state import Changes
from a2a.tui.words import countdown

QR_SPARE = 12
"""Lines that everything else takes: a QR code is shown where it fits as a whole, a part of one is of no use."""


class LoginPage(Dialog[None]):
    """Escape cancels the login while it runs, and closes the page when it is over."""

    DEFAULT_CSS = """
    LoginPage > #box { width: 88; }
    LoginPage VerticalScroll { height: auto; max-height: 100%; }
    LoginPage #told { width: 1fr; height: auto; margin: 0 0 1 0; }
    LoginPage #qr { width: auto; height: auto; background: #ffffff; color: #000000; display: none; margin: 0 0 1 0; }
    LoginPage Input { margin: 0 0 1 0; }
    LoginPage Listing { margin: 0 0 1 0; background: $panel; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+y,c", "copy", "copy the address", id="login.copy"),
        Binding("ctrl+o,o", "browse", "open it in a browser", id="login.open"),
        Binding("enter", "close", "close", show=False, id="login.close"),
    ]

    def __init__(self, desk: Desk, login_id: str) -> None:
        super().__init__(desk)
        self._login_id = login_id
        self._seen: LoginView | None = None
        options: list[Column[Any]] = [Column(key="option", title="", cell=lambda each: each[1], width=10, grow=True)]
        self._options: Listing[Any] = Listing(options, lambda each: str(each[0]), marks=desk.marks, heads=False)

    @property
    def login(self) -> LoginView | None:
        return self.desk.state.logins.get(self._login_id)

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = "Log in"
            with VerticalScroll(can_focus=False):
                yield Static("", id="told")
                yield Static("", id="qr", markup=False)
                yield self._options
                yield Input(compact=True, id="paste")
            yield Static("", classes="hint", id="keys")

    def on_mount(self) -> None:
        self.query_one("#paste").display = False
        self._show()

    def take(self, changes: Changes) -> None:
        if "logins" in changes.topics:
            self._show()

    def beat(self) -> None:
        self._show()

    def _show(self) -> None:
        login = self.login
        if not self.query("#told"):
            return  # not there yet, or no more
        if login is None:
            self.query_one("#told", Static).update("the server knows nothing of this login any more")
            return
        before, self._seen = self._seen, login
        self.query_one("#told", Static).update(Content("\n").join(self._lines(login)))
        self.query_one("#keys", Static).update(self._keys(login))
        if before is None or (before.shown, before.question, before.state) != (
            login.shown,
            login.question,
            login.state,
        ):
            self._fit(login)

    def _fit(self, login: LoginView) -> None:
        """Which parts are there now, and who has the keys."""
        running = login.state in ("running", "asking")
        shown = login.shown if running else None
        self._draw_qr(shown)
        paste = self.query_one("#paste", Input)
        paste.display = bool(shown and shown.paste)
        question = login.question if running else None
        self._options.display = question is not None
        if question is not None:
            self._options.styles.height = min(10, len(question.options))
            self._options.fill(list(enumerate(question.options)))
            self._options.focus()
        elif paste.display:
            paste.placeholder = "paste it here; Enter sends it"
            paste.focus()
        else:
            self.set_focus(None)

    def _draw_qr(self, shown: LoginShown | None) -> None:
        qr = self.query_one("#qr", Static)
        draw = self.desk.around.qr if self.desk.marks is not ASCII else None
        lines = draw(shown.complete_url or shown.url) if shown and draw else []
        wide = max((len(line) for line in lines), default=0)
        room = self.app.size
        fits = bool(lines) and len(lines) + QR_SPARE <= room.height and wide + 6 <= room.width
        qr.display = fits and bool(shown and (shown.complete_url or shown.user_code))
        qr.update("\n".join(lines) if qr.display else "")

    def _lines(self, login: LoginView) -> list[Content]:
        marks = self.desk.marks
        lines = [Content.styled(clean(remark), "$ink-dim") for remark in login.remarks[-6:]]
        match login.state:
            case "done":
                message = login.result.message if login.result else "logged in"
                provider, slash, alias = (login.result.account if login.result else login.provider).partition("/")
                name = f"{self.desk.short(provider)}{slash}{alias}"
                return [*lines, Content.styled(f"{marks.good} {name}: {clean(message)}", "$ink-ok")]
            case "failed":
                lines.append(Content.styled(f"{marks.bad} {clean(login.error or 'it failed')}", "$ink-bad"))
                return [
                    *lines,
                    *([Content.styled(f"{marks.arrow} {clean(login.hint)}", "$ink-accent")] if login.hint else []),
                ]
            case "cancelled":
                return [*lines, Content.styled("cancelled; nothing was stored", "$ink-warn")]
        if login.question is not None:
            return [*lines, Content(clean(login.question.question))]
        if login.shown is None:
            return [*lines, Content.styled("one moment …", "$ink-dim")]
        said = [Content(""), *(Content.styled(clean(remark), "$ink-warn") for remark in login.remarks[-6:])]
        return [*self._shown(login.shown), *(said if login.remarks else [])]  # beside the line that is typed in

    def _shown(self, shown: LoginShown) -> list[Content]:
        lines = [Content("open this page:"), Content.styled(clean(shown.complete_url or shown.url), "$ink-accent")]
        if shown.user_code:
            lines += [Content(""), Content.assemble("and confirm the code  ", (clean(shown.user_code), "bold"))]
        if shown.paste:
            lines += [Content(""), Content(clean(shown.paste))]
        if shown.expires_at:
            left = countdown(shown.expires_at - self.desk.clock.now())
            lines += [Content(""), Content.styled(f"it waits for {left} more", "$ink-dim")]
        return lines

    def _keys(self, login: LoginView) -> str:
        if login.state not in ("running", "asking"):
            return click("Enter", "close", "close")
        cancel = click("Esc", "cancel the login", "leave")
        if login.question is not None:
            return f"[b]Enter[/b] take it    {cancel}"
        if login.shown is None:
            return cancel
        copy, browse = ("^y", "^o") if login.shown.paste else ("c", "o")
        return f"{click(copy, 'copy the address', 'copy')}    {click(browse, 'open it', 'browse')}    {cancel}"

    # --- what the person does

    @on(Input.Submitted)
    def _pasted(self, event: Input.Submitted) -> None:
        if text := event.value.strip():
            event.input.value = ""
            self._answer(LoginAnswer(text=text))

    @on(Listing.Opened)
    def _picked(self, message: Listing.Opened) -> None:
        self._answer(LoginAnswer(choice=message.row[0]))

    def _answer(self, answer: LoginAnswer) -> None:
        ask(self, self.desk.control.login_answer(self._login_id, answer), self._now)

    def _now(self, login: LoginView) -> None:
        self.desk.state.put_login(login)
        if self.is_attached:
            self._show()

    @property
    def _address(self) -> str:
        shown = self.login.shown if self.login else None
        return (shown.complete_url or shown.url) if shown else ""

    def action_copy(self) -> None:
        if self._address:
            self.app.copy_to_clipboard(self._address)
            self.post_message(Tell("the address is in the clipboard, if your terminal allows that"))

    def action_browse(self) -> None:
        if self._address.startswith(("http://", "https://")):
            self.app.open_url(self._address)

    def action_close(self) -> None:
        """Only when it is over: before, Enter belongs to what is typed or picked."""
        if self.login is None or self.login.state not in ("running", "asking"):
            self.dismiss(None)

    def action_leave(self) -> None:
        login = self.login
        if login is not None and login.state in ("running", "asking"):
            ask(self, self.desk.control.login_cancel(self._login_id), self._now)
            return
        self.dismiss(None)
