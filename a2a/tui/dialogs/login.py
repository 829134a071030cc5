"""Logging in without leaving the screen: how, what it needs, and then its page while the server runs it."""

from __future__ import annotations

from typing import Any

from msgspec import structs
from textual.widget import Widget

from a2a.control.types import AccountView, LoginMethod, LoginView, LoginWish
from a2a.errors import A2AError
from a2a.tui.asking import Tell, ask
from a2a.tui.deeds import wrong_name
from a2a.tui.desk import Desk
from a2a.tui.dialogs.choose import Choose
from a2a.tui.dialogs.confirm import Confirm
from a2a.tui.dialogs.form import Field, Form
from a2a.tui.dialogs.login_page import LoginPage

TITLES = {
    "api_key": ("API key", ""),
    "base_url": ("base URL", "https://…"),
    "start_url": ("start URL", "https://….awsapps.com/start"),
    "project_id": ("project", "Google Cloud's, of the licence"),
    "profile": ("profile", "ARN, where there are several"),
    "region": ("region", "where it is not the usual one"),
    "plan": ("plan", "standard, coding or token"),
    "preset": ("preset", ""),
}
"""Field of `LoginWish` -> its name in the form, and what to type."""
HIDDEN = "api_key"
"""The field that is typed unseen."""


def begin(widget: Widget, desk: Desk, account: AccountView | None) -> None:
    """Ask how, then what it needs. `account`: log in to this one again; None: a new one."""

    def listed(methods: list[LoginMethod]) -> None:
        offered = [each for each in methods if account is None or each.provider == account.provider]
        if not offered:
            name = desk.account_name(account) if account else ""
            told = f"this server knows no login for {name}" if account else "this server offers no logins"
            widget.post_message(Tell(told, hint="a2a login", bad=True))
            return
        title = f"Log in to {desk.account_name(account)} again" if account else "Log in: how?"
        cells: list[Any] = [
            (10, lambda each: [(desk.short(each.provider), "dim")]),
            (24, lambda each: _way(each, desk.short(each.provider))),
        ]
        widget.app.push_screen(Choose(desk, title, offered, cells), chosen)

    def chosen(method: LoginMethod | None) -> None:
        if method is None:
            return
        if method.risk is None:
            _fill_in(widget, desk, method, account)
            return
        asked = Confirm(desk, f"Log in: {method.title or method.method}?", " ".join(method.risk.split()))
        widget.app.push_screen(asked, lambda yes: _fill_in(widget, desk, method, account) if yes else None)

    ask(widget, desk.control.login_methods(), listed)


def _fill_in(
    widget: Widget,
    desk: Desk,
    method: LoginMethod,
    account: AccountView | None,
    before: dict[str, str] | None = None,
    mistake: str = "",
) -> None:
    """The form; it comes again with what was typed where the server refuses it. A key has to be typed again."""

    def given(values: dict[str, str] | None) -> None:
        if values is None:
            return

        def refused(error: A2AError) -> None:
            kept = {name: value for name, value in values.items() if name != HIDDEN}
            _fill_in(widget, desk, method, account, kept, str(error))

        ask(widget, desk.control.login(wish_of(method, values)), lambda view: _page(widget, desk, view), refused)

    fields = _fields(method, account.alias if account else "", before or {})
    widget.app.push_screen(Form(desk, f"Log in: {method.title or method.method}", fields, mistake=mistake), given)


def _way(method: LoginMethod, short: str) -> str:
    """Its title, without the provider that stands beside it."""
    title = method.title or method.method
    head, colon, rest = title.partition(": ")
    return rest if colon and head.lower() == short.lower() else title


def _page(widget: Widget, desk: Desk, view: LoginView) -> None:
    desk.state.put_login(view)
    widget.app.push_screen(LoginPage(desk, view.id))


def _fields(method: LoginMethod, alias: str, before: dict[str, str]) -> list[Field]:
    fields = [_field(name, needed=True, value=before.get(name, "")) for name in method.needs if name in TITLES]
    fields += [_field(name, needed=False, value=before.get(name, "")) for name in method.takes if name in TITLES]
    if "device" in method.takes:
        hint = "yes: the browser is not on the server's machine"
        fields.append(Field(name="device", title="elsewhere", value=before.get("device", ""), hint=hint))
    named = Field(
        name="name",
        title="name",
        value=before.get("name", alias),
        hint="chosen for you",
        wrong=lambda text: wrong_name(text) if text else None,
    )
    return [*fields, named]


def _field(name: str, *, needed: bool, value: str) -> Field:
    title, hint = TITLES[name]
    hint = hint if needed else f"{hint + '; ' if hint else ''}may stay empty"
    wrong = (lambda text: None if text else "is needed") if needed else None
    return Field(name=name, title=title, value=value, hint=hint, secret=name == HIDDEN, wrong=wrong)


def wish_of(method: LoginMethod, values: dict[str, str]) -> LoginWish:
    """What the method says and what was typed; what stayed empty is left out."""
    wish = LoginWish(
        provider=method.provider,
        method=method.method,
        preset=method.preset,
        plan=method.plan,
        agreed=method.risk is not None,
    )
    typed: dict[str, Any] = {name: text for name, text in values.items() if text and name != "device"}
    if values.get("device", "").lower() in ("y", "yes", "true", "1"):
        typed["device"] = True
    return structs.replace(wish, **typed)
