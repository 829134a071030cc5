"""Going about in the dashboard: tabs, pages, lists, the lines for `:` and `/`, help, themes."""

from __future__ import annotations

from functools import partial

import pytest
from rich.color import Color as RichColor
from support.dash_run import check_screen, dashboard, full
from support.fake_control import FakeControl, exchange
from textual.color import Color

from a2a.control.types import ExchangeChanged
from a2a.tui import memory, themes
from a2a.tui.panes import AccountList, RequestList
from a2a.tui.views import VIEWS

pytestmark = pytest.mark.anyio


def shows(dash, listed):
    return type(dash.app.view) is listed.load()


async def test_a_key_and_a_word_show_each_view():
    async with dashboard() as dash:
        for listed in (each for each in VIEWS if each.key):
            await dash.press(listed.key)
            await dash.until(partial(shows, dash, listed))
        for listed in (each for each in VIEWS if each.key):
            await dash.press("colon", *listed.name, "enter")
            await dash.until(partial(shows, dash, listed))


async def test_every_view_stands_a_small_terminal():
    async with dashboard(size=(40, 10)) as dash:
        for listed in (each for each in VIEWS if each.key):
            await dash.press(listed.key)
            assert len(dash.lines()) == 10


async def test_a_click_on_a_tab_shows_its_view():
    async with dashboard() as dash:
        await dash.pilot.click("Tabs", offset=(16, 0))
        await dash.until(lambda: dash.app.view and dash.app.view.TITLE == "Accounts")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_accounts_look_as_they_did(size):
    async with dashboard(size=size) as dash:
        await dash.press("2", "j")
        await check_screen(dash, f"accounts-{size[0]}x{size[1]}")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_requests_look_as_they_did(size):
    async with dashboard(size=size) as dash:
        await dash.press("3", *"jjjj")
        await check_screen(dash, f"requests-{size[0]}x{size[1]}")


async def test_a_page_about_one_account_and_the_way_back():
    async with dashboard(size=(100, 40)) as dash:
        await dash.press("2", "j", "enter")
        await dash.sees("Accounts › kiro/work", "mira@example.org, KIRO PRO", "710 of 1000 credit left", "rpm 60")
        await check_screen(dash, "account-100x40")
        await dash.press("escape")
        assert dash.app.view is not None
        assert dash.app.view.TITLE == "Accounts"


async def test_enter_opens_the_exchange_under_the_cursor():
    async with dashboard() as dash:
        await dash.press("3", "j", "j", "enter")
        await dash.until(lambda: dash.app.view and dash.app.view.argument == exchange(10).id)


async def test_what_is_wrong_with_a_request_is_told_in_full():
    async with dashboard(size=(120, 40)) as dash:
        await dash.press("3", *"jjjj")
        await dash.sees("try again in a minute, or give another account of the same model: a2a login claude")


async def test_a_filter_narrows_while_it_is_typed_and_stays():
    async with dashboard() as dash:
        await dash.press("3", "slash", *"gemini-2")
        await dash.sees("/gemini-2/ 1")
        await dash.press("enter")
        assert len(dash.app.query_one("Requests RequestList", RequestList).rows) == 1
        await dash.press("escape")
        await dash.until(lambda: "/gemini-2/" not in dash.text())


async def test_a_filter_that_is_left_is_as_before():
    async with dashboard() as dash:
        await dash.press("3", "slash", *"kimi", "escape")
        assert len(dash.app.query_one("Requests RequestList", RequestList).rows) == 8


async def test_a_bad_expression_is_told_and_changes_nothing():
    async with dashboard() as dash:
        await dash.press("3", "slash", *"kim(")
        await dash.sees("no regular expression: missing ), unterminated subpattern at 4")
        assert len(dash.app.query_one("Requests RequestList", RequestList).rows) == 1, "what fitted last"


async def test_a_filter_that_fits_nothing_says_so():
    async with dashboard() as dash:
        await dash.press("3", "slash", *"zzz")
        await dash.sees("none of 8 matches /zzz/")


async def test_faults_only():
    async with dashboard(FakeControl([], [exchange(1), exchange(2, "failed"), exchange(3, tries=["kiro/b"])])) as dash:
        await dash.press("3", "f")
        await dash.sees("faults only")
        assert [each.id for each in dash.app.query_one("Requests RequestList", RequestList).rows] == [
            exchange(3).id,
            exchange(2).id,
        ]


async def test_a_pause_holds_the_list_and_counts_what_waits():
    async with dashboard() as dash:
        await dash.press("3", "space")
        dash.control.push(ExchangeChanged(exchange(20)))
        dash.control.push(ExchangeChanged(exchange(21)))
        await dash.sees("paused, 2 wait")
        rows = dash.app.query_one("Requests RequestList", RequestList)
        assert len(rows.rows) == 8
        await dash.press("space")
        assert len(rows.rows) == 10


async def test_sorting_by_key_by_word_and_by_a_click_on_the_head():
    async with dashboard() as dash:
        await dash.press("3")
        rows = dash.app.query_one("Requests RequestList", RequestList)
        await dash.press("colon", *"sort cost", "enter")
        await dash.until(lambda: rows.order == "cost" and rows.down)
        head = next(line for line in dash.lines() if "MODEL" in line)
        await dash.pilot.click(rows, offset=(head.index("MODEL"), 0))
        await dash.until(lambda: rows.order == "model" and not rows.down)
        await dash.press("O")
        assert rows.down
        await dash.sees("MODEL▼")


async def test_the_row_under_the_cursor_stays_when_others_come():
    async with dashboard() as dash:
        await dash.press("3", "j", "j")
        rows = dash.app.query_one("Requests RequestList", RequestList)
        before = rows.current
        dash.control.push(ExchangeChanged(exchange(30)))
        await dash.until(lambda: len(rows.rows) == 9)
        assert rows.current is before
        assert rows.cursor == 3


async def test_the_first_row_is_followed():
    async with dashboard() as dash:
        await dash.press("3")
        rows = dash.app.query_one("Requests RequestList", RequestList)
        dash.control.push(ExchangeChanged(exchange(30)))
        await dash.until(lambda: rows.current is not None and rows.current.id == exchange(30).id)


async def test_tab_completes_a_command_and_then_its_account():
    async with dashboard() as dash:
        await dash.press("2", "colon", *"dr", "tab")
        await dash.sees(" : drain")
        await dash.press(*"gem", "tab")
        await dash.sees(" : drain gemini/me")
        await dash.press("enter")
        await dash.until(lambda: ("act", "gemini-cli-oauth/me", "drain", None) in dash.control.calls)


async def test_an_unknown_command_names_a_near_one():
    async with dashboard() as dash:
        await dash.press("colon", *"acounts", "enter")
        await dash.sees("no command 'acounts'", "did you mean :accounts?")


async def test_commands_are_remembered():
    async with dashboard() as dash:
        await dash.press("colon", *"theme light", "enter", "colon", "up")
        await dash.sees(" : theme light")


async def test_the_help_is_made_from_the_keys_of_the_view():
    async with dashboard(size=(100, 60)) as dash:
        await dash.press("3", "question_mark")
        for text in ("Keys: Requests", "faults only", "requests.pause", "Everywhere", "app.quit"):
            assert text in dash.text()
        await dash.press("escape")
        await dash.until(lambda: "Keys: Requests" not in dash.text())


async def test_the_palette_does_what_the_line_does():
    async with dashboard(size=(100, 40)) as dash:
        await dash.press("ctrl+p")
        await dash.type("accounts")
        await dash.sees("health, quotas")
        await dash.press("enter")
        await dash.until(lambda: dash.app.view and dash.app.view.TITLE == "Accounts")


async def test_the_palette_has_the_actions_with_their_accounts():
    async with dashboard(size=(100, 40)) as dash:
        await dash.press("3", "ctrl+p")
        await dash.type("drain kiro/work")
        await dash.sees("drain: conversations stay")
        await dash.press("enter")
        await dash.until(lambda: any(call[0] == "act" for call in dash.control.calls))


@pytest.mark.parametrize("name", themes.NAMES)
async def test_each_theme_draws_every_view(name, tmp_path):
    async with dashboard(theme=name, remembered=tmp_path / "state" / "dash.json") as dash:
        for listed in VIEWS:
            if listed.key:
                await dash.press(listed.key)
        await dash.press("T")
        after = themes.NAMES[(themes.NAMES.index(name) + 1) % len(themes.NAMES)]
        assert memory.theme(tmp_path / "state" / "dash.json") == after


async def test_colours_come_back_as_a_picture():
    async with dashboard() as dash:
        svg = dash.app.export_screenshot()
        assert themes.PALETTES["dark"].ground in svg.lower()


@pytest.mark.parametrize("name", themes.NAMES)
async def test_without_colours_no_letter_is_of_the_colour_of_its_ground(name, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with dashboard(theme=name) as dash:
        for strip in dash.app.screen._compositor.render_strips():
            for each in dash.app._filters:
                strip = strip.apply_filter(each, Color(0, 0, 0)) if each.enabled else strip
            styles = [segment.style for segment in strip if segment.text.strip() and segment.style is not None]
            assert all(style.color != style.bgcolor or style.color == RichColor.parse("default") for style in styles)


async def test_tab_gives_the_keys_to_the_other_list():
    async with dashboard() as dash:
        assert isinstance(dash.app.focused, AccountList)
        await dash.press("tab")
        assert isinstance(dash.app.focused, RequestList)


async def test_leaving_asks_first_where_a_server_with_requests_ends_too():
    async with dashboard(full(), ends=lambda: "the server at http://127.0.0.1:3000") as dash:
        await dash.press("q")
        await dash.sees("Leave, and end the server at http://127.0.0.1:3000?")
        await dash.press("n")
        assert dash.app.is_running
        await dash.press("q", "y")
        assert not dash.app.is_running


async def test_leaving_does_not_ask_where_nothing_ends():
    async with dashboard() as dash:
        await dash.press("q")
        assert not dash.app.is_running
