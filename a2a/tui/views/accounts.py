"""All accounts, and in full words what is wrong with the one under the cursor and what helps."""

from __future__ import annotations

import re
from collections.abc import Callable

from textual.app import ComposeResult

from a2a.control.types import AccountView
from a2a.tui import words
from a2a.tui.deeds import DEEDS, do
from a2a.tui.desk import Desk
from a2a.tui.frame import Title
from a2a.tui.ink import joined
from a2a.tui.listing import Listing
from a2a.tui.panes import AccountList
from a2a.tui.said import Said
from a2a.tui.state import Changes
from a2a.tui.view import Tell, View, Word
from a2a.tui.views.overview import ready


class Accounts(View):
    """Each action of the list is a `:` command too, with the account's name behind it."""

    TITLE = "Accounts"

    def __init__(self, desk: Desk, argument: str = "") -> None:
        super().__init__(desk, argument)
        self._head = Title(desk, "Accounts")
        self._list = AccountList(desk)
        self._said = Said(desk)

    def compose(self) -> ComposeResult:
        yield self._head
        yield self._list
        yield self._said

    def take(self, changes: Changes) -> None:
        if changes.topics & {"accounts", "link", "server"}:
            self._list.refill()
            self._tell()

    def beat(self) -> None:
        self._list.redraw()
        self._tell()

    def narrow(self, pattern: re.Pattern[str] | None) -> None:
        super().narrow(pattern)
        self._list.narrow(pattern)
        self._tell()

    def words(self) -> list[Word]:
        return account_words(self, self.desk)

    def on_listing_moved(self, message: Listing.Moved) -> None:
        message.stop()
        self._tell()

    def _tell(self) -> None:
        found = f"/{self.pattern.pattern}/ {len(self._list.rows)}" if self.pattern else ""
        self._head.tell(joined([ready(self.desk), [(found, "accent")] if found else ""], f" {self.desk.marks.dot} "))
        self._said.say(account_said(self.desk, self._list.current))


def account_said(desk: Desk, account: AccountView | None) -> tuple[str, str]:
    """What happened to it, and what helps."""
    if account is None:
        return "", ""
    what, helps = words.trouble(desk, account)
    if what:
        return f"{desk.account_name(account)}: {what}", helps
    used = (
        f"last used {words.span(desk.clock.now() - account.last_used_at)} ago"
        if account.last_used_at
        else "not used yet"
    )
    told = ", ".join(part for part in (account.label, account.plan, account.base_url) if part)
    return f"{desk.account_name(account)}: {used}{f' ({told})' if told else ''}", ""


def account_words(view: View, desk: Desk) -> list[Word]:
    """`:test kiro/work`, `:drain …`."""

    def names() -> list[str]:
        return account_names(desk)

    def run(action: str) -> Callable[[str], None]:
        def run(argument: str) -> None:
            account = found(desk, argument)
            if account is None:
                view.post_message(
                    Tell(
                        f"no account {argument!r}" if argument else f"{action} which account?",
                        hint=f":{action} {(names() or ['NAME'])[0]}",
                        bad=True,
                    )
                )
            else:
                do(view, desk, account, action)

        return run

    def login(argument: str) -> None:
        from a2a.tui.dialogs.login import begin

        account = found(desk, argument)
        if argument and account is None:
            told = f"no account {argument!r} to log in to again"
            view.post_message(Tell(told, hint=":login alone makes a new one", bad=True))
        else:
            begin(view, desk, account)

    deeds = [Word(deed.action, deed.says, run(deed.action), names) for deed in DEEDS]
    return [*deeds, Word("login", "log in: a new account, or NAME again", login, names, alone=True)]


def account_names(desk: Desk) -> list[str]:
    return [desk.account_name(account) for account in desk.state.accounts.values()]


def found(desk: Desk, text: str) -> AccountView | None:
    """By its id, `kiro/work`, or an alias that only one has."""
    accounts = list(desk.state.accounts.values())
    exact = [each for each in accounts if text in (each.id, desk.account_name(each), f"{each.provider}/{each.alias}")]
    same = exact or [each for each in accounts if each.alias == text]
    return same[0] if len(same) == 1 else None
