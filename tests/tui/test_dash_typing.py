"""Keys that come faster than the screen follows, and the mouse: what was meant is what happens."""

from __future__ import annotations

from typing import TypeVar

import pytest
from support.dash_run import Running, dashboard
from support.fake_control import FakeControl, account
from textual import events
from textual.keys import _character_to_key

from a2a.control.types import AccountChanged
from a2a.tui.bar import Entry
from a2a.tui.listing import Listing
from a2a.tui.panes import AccountList, RequestList

pytestmark = pytest.mark.anyio

Kind = TypeVar("Kind", bound=Listing)


async def burst(dash: Running, text: str) -> None:
    """As a slow line brings it: everything in one piece."""
    for letter in text:
        name = {"\r": "enter"}.get(letter) or (letter if letter.isalnum() else _character_to_key(letter))
        event = events.Key(name, None if letter == "\r" else letter)
        event.set_sender(dash.app)
        dash.app.post_message(event)
    await dash.settle()


async def click(dash: Running, text: str, at: int = 0, times: int = 1) -> None:
    """On the first line that says so."""
    for y, line in enumerate(dash.lines()):
        x = line.find(text)
        if x >= 0:
            await dash.pilot.click(offset=(x + at, y), times=times)
            await dash.settle()
            return
    raise AssertionError(f"{text!r} is nowhere:\n{dash.text()}")


def seen(dash: Running, kind: type[Kind]) -> Kind:
    """The list of this kind in the view that is seen."""
    assert dash.app.view is not None
    return dash.app.view.query_one(kind)


async def test_what_is_typed_behind_a_slash_goes_into_the_line() -> None:
    async with dashboard() as dash:
        await dash.press("3")
        await burst(dash, "/qwen.*d")
        assert dash.app.is_running, "the q quits where it is a key"
        await dash.until(lambda: dash.app.screen.query_one(Entry).value == "qwen.*d")
        await dash.sees("/qwen.*d/")


async def test_what_is_typed_behind_enter_goes_to_the_list() -> None:
    async with dashboard() as dash:
        await dash.press("3")
        await burst(dash, "/kiro\rjj")
        shown = seen(dash, RequestList)
        await dash.until(lambda: dash.app.focused is shown and shown.cursor == 2)
        await dash.sees("/kiro/")


async def test_what_is_typed_behind_the_key_of_a_form_goes_into_it() -> None:
    async with dashboard() as dash:
        await dash.press("2", "j")
        await burst(dash, "nhome")
        await dash.sees("Rename kiro/work", "home")
        assert not [call for call in dash.control.calls if call[0] == "act"]


async def test_behind_a_command_the_list_that_had_the_keys_has_them_again() -> None:
    async with dashboard() as dash:
        await dash.press("tab", ":", *"theme mono", "enter")
        assert isinstance(dash.app.focused, RequestList)


async def test_a_filter_of_the_overview_is_for_the_list_that_has_the_keys() -> None:
    async with dashboard() as dash:
        await dash.press("/", *"kiro", "enter")
        found = seen(dash, AccountList)
        assert [each.alias for each in found.rows] == ["work"]
        assert seen(dash, RequestList).pattern is None


async def test_every_list_can_be_sorted_by_a_word() -> None:
    async with dashboard() as dash:
        await dash.press("2", ":", *"sort state", "enter")
        assert seen(dash, AccountList).order == "state"
        await dash.press(":", *"sort nothing", "enter")
        await dash.sees("no column 'nothing' to sort by")


async def test_the_cursor_goes_with_an_account_that_sorts_elsewhere() -> None:
    control = FakeControl([account("kiro/a"), account("kiro/b")])
    async with dashboard(control) as dash:
        await dash.press("2")
        control.push(AccountChanged(account("kiro/a", priority=5)))
        shown = seen(dash, AccountList)
        await dash.until(lambda: [each.alias for each in shown.rows] == ["b", "a"])
        assert shown.current is not None
        assert shown.current.alias == "a", "the next key must not meet another account"


async def test_clicks_go_to_tabs_rows_crumbs_and_back() -> None:
    async with dashboard() as dash:
        await click(dash, "2 Accounts", 3)
        await click(dash, "kiro/work")
        await dash.sees("kiro/work: last used")
        await click(dash, "kiro/work", times=3)
        await dash.until(lambda: len(dash.app.trail) == 2)
        await dash.sees("Accounts › kiro/work")
        await click(dash, "claude → kiro/work", times=2)
        await dash.until(lambda: len(dash.app.trail) == 3)
        await click(dash, "Accounts › kiro/work", 12)
        await dash.until(lambda: len(dash.app.trail) == 2)
        await click(dash, "esc back", 1)
        await dash.until(lambda: len(dash.app.trail) == 1)


async def test_clicks_do_what_the_keys_do() -> None:
    async with dashboard() as dash:
        await dash.press("3")
        await click(dash, "f faults only")
        await dash.sees("faults only ─")
        await click(dash, "? help")
        await dash.sees("Keys: Requests")
        await dash.press("escape", "2", "j", "x")
        await click(dash, "n no")
        await dash.until(lambda: "Remove the account" not in dash.text())
        await dash.press("x")
        await click(dash, "y yes")
        await dash.until(lambda: ("act", "claude-kiro-oauth/work", "remove", None) in dash.control.calls)


@pytest.mark.parametrize("keys", [("1",), ("2",), ("2", "enter"), ("3",), ("3", "enter")])
async def test_help_is_offered_in_the_narrowest_key_line(keys: tuple[str, ...]) -> None:
    async with dashboard(size=(50, 20)) as dash:
        await dash.press(*keys)
        assert "? help" in dash.lines()[-1]


async def test_the_help_of_the_overview_tells_of_its_other_list() -> None:
    async with dashboard() as dash:
        await dash.press("?")
        await dash.sees("Keys: Overview")
        assert "the other list" in dash.text()
        await dash.press("escape", "tab")
        assert dash.app.focused is seen(dash, RequestList)


async def test_a_page_that_is_asked_for_twice_is_opened_once() -> None:
    async with dashboard() as dash:
        await dash.press("2", ":", *"account kiro/work", "enter")
        await dash.sees("Accounts › kiro/work", "mira@example.org")
        await dash.press(":", *"account kiro/work", "enter")
        assert len(dash.app.trail) == 2


async def test_few_toasts_stay_and_none_over_a_question() -> None:
    async with dashboard(size=(100, 40)) as dash:
        await dash.press("2", "j", "e", "d", "D", "R", "u")
        await dash.sees("kiro/work: refresh done")
        assert dash.text().count(" done") <= 3
        await dash.press("x")
        await dash.sees("Remove the account")
        assert " done" not in dash.text()


async def test_a_filter_looks_through_each_row_once() -> None:
    async with dashboard() as dash:
        await dash.press("3")
        shown = seen(dash, RequestList)
        looked: list[str] = []

        def haystack(row: object, made: object = Listing.haystack) -> str:
            looked.append(row.id)  # type: ignore[attr-defined]
            return "kiro"

        shown.haystack = haystack  # type: ignore[method-assign, assignment]
        await dash.press("/", *"kir")
        assert len(looked) == len(set(looked)) == shown.total
