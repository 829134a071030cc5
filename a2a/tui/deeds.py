"""What can be done with an account: the key, the words, whether to ask first. `a2a accounts` does each of them too."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import UNSET, Struct
from textual.widget import Widget

from a2a.control.types import AccountDetail, AccountSettings, AccountView, Acted, NewName
from a2a.errors import A2AError
from a2a.tui.asking import Tell, ask
from a2a.tui.desk import Desk
from a2a.tui.dialogs.confirm import Confirm
from a2a.tui.dialogs.form import Field, Form

NAME_LETTERS = "[A-Za-z0-9._@+-]+"
LIMITS = ("max_concurrency", "min_interval_ms", "rpm", "tpm")


class Deed(Struct, frozen=True, kw_only=True):
    """`action`: of the control API. `first`: is asked first, with the account's name in it; `then`: what a yes does."""

    action: str
    key: str
    says: str
    first: str | None = None
    then: str = ""
    shown: bool = False


DEEDS = (
    Deed(action="test", key="t", says="test", shown=True),
    Deed(action="enable", key="e", says="enable", shown=True),
    Deed(action="disable", key="d", says="disable", shown=True),
    Deed(action="drain", key="D", says="drain: conversations stay, new ones go elsewhere"),
    Deed(action="reset", key="R", says="reset: forget cooldown and holds"),
    Deed(action="refresh", key="u", says="renew its token"),
    Deed(action="pin", key="p", says="pin or unpin: all requests of its provider"),
    Deed(action="set", key="s", says="set priority, weight, limits, proxy"),
    Deed(action="rename", key="n", says="rename"),
    Deed(
        action="remove",
        key="x",
        says="remove",
        first="Remove the account {name} and its secret?",
        then="The key or login at the provider stays valid. Past requests stay in the record.",
    ),
)
BY_ACTION = {deed.action: deed for deed in DEEDS}


def do(widget: Widget, desk: Desk, account: AccountView, action: str) -> None:
    """Ask what has to be asked, let the server act, and say what came of it."""
    match action:
        case "set":
            _set(widget, desk, account)
        case "rename":
            _rename(widget, desk, account)
        case "pin":
            _act(widget, desk, account, "unpin" if account.pinned else "pin")
        case _:
            deed = BY_ACTION[action]
            if deed.first is None:
                _act(widget, desk, account, action)
                return
            asked = Confirm(desk, deed.first.format(name=desk.account_name(account)), deed.then)
            widget.app.push_screen(asked, lambda yes: _act(widget, desk, account, action) if yes else None)


def _act(
    widget: Widget,
    desk: Desk,
    account: AccountView,
    action: str,
    body: Struct | None = None,
    refused: Callable[[A2AError], None] | None = None,
) -> None:
    """`refused`: gets the error instead of a toast."""
    name = desk.account_name(account)
    if account.id not in desk.state.accounts:  # while a question was open, or on its own page
        widget.post_message(Tell(f"{name} is not there any more", bad=True))
        return
    if action in ("test", "refresh"):
        doing = "asking its upstream" if action == "test" else "renewing its token"
        widget.post_message(Tell(f"{name}: {doing}", busy=True))
    work = desk.control.act(account.provider, account.alias, action, body)
    ask(widget, work, _told(widget, desk, name), refused)


def _told(widget: Widget, desk: Desk, name: str) -> Callable[[Acted], None]:
    def told(acted: Acted) -> None:
        if acted.view is not None:
            desk.state.put_account(acted.view)
        elif acted.action == "remove":
            desk.state.drop_account(acted.id)
        standing = acted.standing
        bad = standing is not None and standing.state not in ("ready", "disabled", "draining")
        hint = standing.remedy if standing is not None and bad else None
        widget.post_message(Tell(f"{name}: {acted.message}", hint=hint, bad=bad))

    return told


def _rename(widget: Widget, desk: Desk, account: AccountView, typed: str = "", mistake: str = "") -> None:
    """The form comes again where the server refuses the name."""

    def renamed(given: dict[str, str] | None) -> None:
        if given and given["name"] != account.alias:
            name = given["name"]

            def refused(error: A2AError) -> None:
                _rename(widget, desk, account, name, str(error))

            _act(widget, desk, account, "rename", NewName(name), refused)

    field = Field(name="name", title="new name", value=typed or account.alias, wrong=wrong_name)
    form = Form(desk, f"Rename {desk.account_name(account)}", [field], mistake=mistake)
    widget.app.push_screen(form, renamed)


def wrong_name(text: str) -> str | None:
    """What is wrong with an alias (contract section 1)."""
    import re

    return None if re.fullmatch(NAME_LETTERS, text) else "letters, digits and . _ @ + - only"


def _set(widget: Widget, desk: Desk, account: AccountView) -> None:
    """The form shows what holds now, which the detail knows; it comes again where the server refuses what was typed."""

    def show(detail: AccountDetail, typed: Mapping[str, str], mistake: str = "") -> None:
        def given(values: dict[str, str] | None) -> None:
            if values is None or (body := changed(detail, values)) is None:
                return

            def refused(error: A2AError) -> None:
                show(detail, values, str(error))

            _act(widget, desk, account, "set", body, refused)

        title = f"Settings of {desk.account_name(account)}"
        widget.app.push_screen(Form(desk, title, _fields(detail, typed), mistake=mistake), given)

    ask(widget, desk.control.account(account.provider, account.alias), lambda detail: show(detail, {}))


def _fields(detail: AccountDetail, typed: Mapping[str, str]) -> list[Field]:
    """`typed`: what stood there when the server refused it."""

    def field(name: str, value: str, hint: str, wrong: Callable[[str], str | None] | None = None) -> Field:
        return Field(name=name, title=name, value=typed.get(name, value), hint=hint, wrong=wrong)

    return [
        field("priority", str(detail.priority), "lower first", _wrong_number),
        field("weight", str(detail.weight), "at least 1", _wrong_weight),
        *(field(name, str(detail.limits.get(name, 0)), "0 = none", _wrong_count) for name in LIMITS),
        field("proxy", detail.proxy or "", "none of its own"),
    ]


def changed(detail: AccountDetail, values: dict[str, str]) -> AccountSettings | None:
    """What the form changed; None for nothing. A proxy that shows here without its password stays as it is."""
    limits = {name: int(values[name]) for name in LIMITS if int(values[name]) != detail.limits.get(name, 0)}
    priority, weight, proxy = int(values["priority"]), int(values["weight"]), values["proxy"] or None
    body = AccountSettings(
        priority=priority if priority != detail.priority else UNSET,
        weight=weight if weight != detail.weight else UNSET,
        proxy=proxy if proxy != detail.proxy else UNSET,
        **limits,
    )
    return body if body != AccountSettings() else None


def _wrong_number(text: str) -> str | None:
    return None if text.removeprefix("-").isdecimal() else "a whole number"


def _wrong_count(text: str) -> str | None:
    return None if text.isdecimal() else "a whole number, 0 = none"


def _wrong_weight(text: str) -> str | None:
    return None if text.isdecimal() and int(text) >= 1 else "a whole number from 1 on"
