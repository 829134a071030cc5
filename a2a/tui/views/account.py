"""Everything about one account: what holds now, what was learned of it, and its last requests."""

from __future__ import annotations

import re
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from a2a.control.types import AccountDetail, AccountView, Exchange, Quota
from a2a.tui import words
from a2a.tui.deeds import do
from a2a.tui.desk import Desk
from a2a.tui.frame import Title
from a2a.tui.ink import Cell, clean
from a2a.tui.panes import ACCOUNT_KEYS, RequestList
from a2a.tui.said import Said
from a2a.tui.spark import meter
from a2a.tui.state import Changes
from a2a.tui.view import Tell, View, Word
from a2a.tui.views.accounts import account_words, found

NAME_CELLS = 14


class AccountRequests(RequestList):
    """Those with an attempt on this account."""

    def __init__(self, desk: Desk, names: frozenset[str]) -> None:
        super().__init__(desk)
        self._account_names = names

    def why_none(self) -> Cell:
        return [("no request of it is kept here", "dim")]

    def _wanted_rows(self) -> list[Exchange]:
        return [
            each
            for each in super()._wanted_rows()
            if any(attempt.account in self._account_names for attempt in each.attempts)
        ]


class AccountPage(View):
    """`argument`: the account's id or name. The keys of the account list do the same here."""

    TITLE = "Account"
    DEFAULT_CSS = """
    AccountPage #facts { height: auto; max-height: 55%; }
    AccountPage #facts Static { width: 1fr; height: auto; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*ACCOUNT_KEYS]

    def __init__(self, desk: Desk, argument: str = "") -> None:
        super().__init__(desk, argument)
        account = found(desk, argument)
        self.argument = account.id if account else argument
        self._account_name = desk.account_name(account) if account else argument
        long_name = f"{account.provider}/{account.alias}" if account else argument
        self._detail: AccountDetail | None = None
        self._facts = Static("", markup=False)
        self._said = Said(desk)
        self._head = Title(desk, "Requests")
        self._list = AccountRequests(desk, frozenset({self._account_name, long_name}))

    @property
    def crumb(self) -> str:
        return self._account_name

    @property
    def account(self) -> AccountView | None:
        """As it is now; None once it is removed."""
        return self.desk.state.accounts.get(self.argument)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="facts", can_focus=False):
            yield self._facts
        yield self._said
        yield self._head
        yield self._list

    def take(self, changes: Changes) -> None:
        if "accounts" in changes.topics:
            account = self.account
            if account is not None:
                self.ask(self.desk.control.account(account.provider, account.alias), self._found, lambda _: None)
            self._show()
        if "exchanges" in changes.topics:
            self._list.refill()
            self._head.tell(self._list.told())

    def beat(self) -> None:
        self._show()
        self._list.redraw()

    def narrow(self, pattern: re.Pattern[str] | None) -> None:
        super().narrow(pattern)
        self._list.narrow(pattern)
        self._head.tell(self._list.told())

    def words(self) -> list[Word]:
        return account_words(self, self.desk)

    def on_request_list_changed(self, message: RequestList.Changed) -> None:
        message.stop()
        self._head.tell(self._list.told())

    def action_deed(self, action: str) -> None:
        if self.account is not None:
            do(self, self.desk, self.account, action)
        else:
            self._gone()

    def action_login(self) -> None:
        from a2a.tui.dialogs.login import begin

        begin(self, self.desk, None)

    def action_again(self) -> None:
        from a2a.tui.dialogs.login import begin

        if self.account is not None:
            begin(self, self.desk, self.account)
        else:
            self._gone()

    def _gone(self) -> None:
        self.post_message(Tell(f"{self._account_name} is not there any more", bad=True))

    def _found(self, detail: AccountDetail) -> None:
        self._detail = detail
        self._show()

    def _show(self) -> None:
        account = self.account
        if account is None:
            self._facts.update(Content.styled(f"{self._account_name} is not there any more", "$ink-warn"))
            self._said.say(("", ""))
            return
        rows = facts(self.desk, account, self._detail)
        lines = [
            Content.assemble((f"{name:<{NAME_CELLS}}", "$ink-dim"), text if isinstance(text, Content) else clean(text))
            for name, text in rows
            if text
        ]
        self._facts.update(Content("\n").join(lines))
        self._said.say(words.trouble(self.desk, account))


def facts(desk: Desk, account: AccountView, detail: AccountDetail | None) -> list[tuple[str, str | Content]]:
    """Names and values, in the order they are shown; empty values are left out."""
    now = desk.clock.now()
    state = Content.assemble(*((text, f"$ink-{tone}") for text, tone in words.account_state(desk, account)))
    if account.reason:
        state = Content.assemble(state, (f"  {account.reason}", "$ink-dim"))
    counts = account.counts
    ends = (
        f"{words.date_time(account.expires_at)} (in {words.span(account.expires_at - now)})"
        if account.expires_at
        else ""
    )
    served = (
        f"{counts.requests}, of which {counts.successes} answered and {counts.failures} failed"
        if counts.requests
        else "none yet"
    )
    tokens = (
        f"{words.count(counts.input_tokens)} in, {words.count(counts.output_tokens)} out" if counts.requests else ""
    )
    rows: list[tuple[str, str | Content]] = [
        ("state", state),
        ("who", ", ".join(part for part in (account.label, account.plan) if part)),
        *(("quota", _quota(desk, quota)) for quota in account.quota),
        ("token ends", ends),
        ("in flight", str(account.in_flight)),
        ("requests", served),
        ("tokens", tokens),
        ("last used", words.date_time(account.last_used_at)),
        ("order", f"priority {account.priority}, weight {account.weight}" + (", pinned" if account.pinned else "")),
        ("from", f"{account.origin}, {account.kind}"),
        ("base url", account.base_url or ""),
    ]
    return rows if detail is None else rows + _more(detail)


def _more(detail: AccountDetail) -> list[tuple[str, str | Content]]:
    return [
        ("urls", ", ".join(f"{key} {url}" for key, url in detail.urls.items() if key != "base_url")),
        ("limits", ", ".join(f"{key} {number}" for key, number in detail.limits.items() if number) or "none of ours"),
        ("proxy", detail.proxy or ""),
        ("region", detail.region or ""),
        ("project", detail.project_id or ""),
        ("preset", detail.preset or ""),
        ("source", detail.source or ""),
        ("created", words.date_time(detail.created_at)),
        ("id", detail.id),
    ]


def _quota(desk: Desk, quota: Quota) -> Content:
    """`██████▌░ 850 of 1000 credit left for … · full again in 3 d`."""
    now = desk.clock.now()
    left = "?" if quota.remaining is None else f"{quota.remaining:g}"
    of = f" of {quota.limit:g}" if quota.limit is not None else ""
    which = f" ({quota.name})" if quota.name else ""
    whose = f" for {quota.model}" if quota.model else ""
    again = (
        f" {desk.marks.dot} full again in {words.countdown(quota.resets_at - now)}"
        if quota.resets_at and quota.resets_at > now
        else ""
    )
    text = f"{left}{of} {quota.unit}{which} left{whose}{again}"
    if not quota.limit or quota.remaining is None:
        return Content(text)
    full, empty = meter(words.left_share(quota), 12, desk.marks)
    return Content.assemble((full, "$ink-ok"), (empty, "$ink-rule"), f" {text}")
