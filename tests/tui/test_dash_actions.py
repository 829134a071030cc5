"""What is done with accounts from the dashboard: what goes to the server, what is asked first, what is told then."""

from __future__ import annotations

import pytest
from support.dash_run import dashboard
from support.fake_control import NOW

from a2a.control.types import AccountGone, AccountSettings, NewName, Standing
from a2a.errors import RequestError
from a2a.tui.deeds import DEEDS, changed, wrong_name

pytestmark = pytest.mark.anyio

KIRO = "claude-kiro-oauth/work"


def acts(dash):
    return [call[1:] for call in dash.control.calls if call[0] == "act"]


ALL_AT_ONCE = ("test", "enable", "disable", "drain", "reset", "refresh")
"""Actions that ask nothing first."""


@pytest.mark.parametrize("view", ["1", "2"])
async def test_a_key_acts_at_once(view):
    keys = {deed.action: deed.key for deed in DEEDS}
    async with dashboard() as dash:
        await dash.press(view, "j")
        for action in ALL_AT_ONCE:
            await dash.press(keys[action])
            await dash.sees(f"kiro/work: {action} done")
        assert acts(dash) == [(KIRO, action, None) for action in ALL_AT_ONCE]


async def test_the_same_keys_act_on_the_page_of_an_account():
    async with dashboard() as dash:
        await dash.press("2", "j", "enter", "D")
        await dash.sees("kiro/work: drain done")
        assert acts(dash) == [(KIRO, "drain", None)]


async def test_p_pins_one_that_is_not_and_unpins_one_that_is():
    async with dashboard() as dash:
        await dash.press("2", "j", "p")
        await dash.until(lambda: len(acts(dash)) == 1)
        await dash.press("j", "p")
        await dash.until(lambda: len(acts(dash)) == 2)
        assert [action for _, action, _ in acts(dash)] == ["unpin", "pin"]


async def test_remove_asks_first():
    async with dashboard() as dash:
        await dash.press("2", "j", "x")
        await dash.sees("Remove the account kiro/work and its secret?")
        await dash.press("enter")
        assert acts(dash) == [], "Enter is a no"
        await dash.press("x", "y")
        await dash.until(lambda: acts(dash) == [(KIRO, "remove", None)])
        await dash.until(lambda: "kiro/work" not in dash.line_of("ready "))


async def test_a_question_that_a_word_opens_has_its_own_keys():
    async with dashboard() as dash:
        await dash.press("2", ":", *"remove kiro/work", "enter")
        await dash.sees("Remove the account kiro/work and its secret?")
        await dash.press("n")
        assert acts(dash) == [], "n is a no here, not the key that renames"
        await dash.press(":", *"remove kiro/work", "enter")
        await dash.sees("Remove the account kiro/work and its secret?")
        await dash.press("y")
        await dash.until(lambda: acts(dash) == [(KIRO, "remove", None)])


async def test_rename_takes_a_right_name_only():
    async with dashboard() as dash:
        await dash.press("2", "j", "n")
        await dash.press(*["backspace"] * 4, *"a b", "enter")
        await dash.sees("letters, digits and . _ @ + - only")
        await dash.press(*["backspace"] * 3, *"home", "enter")
        await dash.until(lambda: acts(dash) == [(KIRO, "rename", NewName("home"))])


async def test_a_name_that_the_server_refuses_is_asked_for_again():
    async with dashboard() as dash:
        dash.control.refusal = RequestError("there is an account kiro/home", hint="choose another name")
        await dash.press("2", "j", "n")
        await dash.press(*["backspace"] * 4, *"home", "enter")
        await dash.sees("Rename kiro/work", "there is an account kiro/home", "choose another name")
        dash.control.refusal = None
        await dash.press("2", "enter")
        await dash.until(lambda: acts(dash)[-1] == (KIRO, "rename", NewName("2")))


async def test_settings_that_the_server_refuses_come_again_at_the_field_that_is_wrong():
    async with dashboard() as dash:
        dash.control.refusal = RequestError("the proxy is no URL", hint="socks5://host:1080")
        await dash.press("2", "j", "s")
        await dash.sees("Settings of kiro/work", "^s done")
        await dash.press("backspace", "2", "up", *"here", "ctrl+s")
        await dash.sees("Settings of kiro/work", "the proxy is no URL")
        dash.control.refusal = None
        await dash.press("ctrl+u", *"socks5://h:1", "ctrl+s")
        wanted = (KIRO, "set", AccountSettings(priority=2, proxy="socks5://h:1"))
        await dash.until(lambda: acts(dash)[-1] == wanted)


async def test_an_account_that_vanished_behind_a_question_is_told():
    async with dashboard() as dash:
        await dash.press("2", "j", "x")
        await dash.sees("Remove the account kiro/work and its secret?")
        dash.control.push(AccountGone(id="acc_kiro_work", account="claude-kiro-oauth/work"))
        await dash.until(lambda: "acc_kiro_work" not in dash.app.desk.state.accounts)
        await dash.press("y")
        await dash.sees("kiro/work is not there any more")
        assert acts(dash) == []


async def test_the_page_of_an_account_that_vanished_acts_no_more():
    async with dashboard() as dash:
        await dash.press("2", "j", "enter")
        dash.control.push(AccountGone(id="acc_kiro_work", account="claude-kiro-oauth/work"))
        await dash.sees("kiro/work is not there any more")
        await dash.press("t")
        await dash.sees("× kiro/work is not there any more")
        assert acts(dash) == []


async def test_set_shows_what_holds_and_sends_what_changed():
    async with dashboard() as dash:
        await dash.press("2", "j", "s")
        await dash.sees("Settings of kiro/work", "rpm", "60")
        await dash.press("backspace", "2", "enter", "enter", *["enter"] * 5)
        await dash.until(lambda: acts(dash) == [(KIRO, "set", AccountSettings(priority=2))])


async def test_set_refuses_what_is_no_number():
    async with dashboard() as dash:
        await dash.press("2", "j", "s")
        await dash.sees("Settings of kiro/work")
        await dash.press("x", "ctrl+s")
        await dash.sees("priority: a whole number")
        assert acts(dash) == []


async def test_an_error_is_told_with_what_helps():
    async with dashboard() as dash:
        dash.control.refusal = RequestError("kiro/work comes from config.toml", hint="change it there")
        await dash.press("2", "j", "d")
        await dash.sees("× kiro/work comes from config.toml", "→ change it there")


async def test_a_test_that_finds_something_wrong_says_what_helps():
    async with dashboard() as dash:
        dash.control.standing = Standing(state="needs_login", message="refused", remedy="a2a login kiro --name work")
        await dash.press("2", "j", "t")
        await dash.sees("× kiro/work: test done", "→ a2a login kiro --name work")


async def test_an_error_of_a_lost_connection_is_told():
    async with dashboard() as dash:
        dash.control.close()
        await dash.sees("the server is gone")
        await dash.press("2", "j", "d")
        await dash.sees("there is no connection to a server now")


async def test_a_command_for_no_account_says_how_it_is_written():
    async with dashboard() as dash:
        await dash.press("2", "colon", *"drain", "enter")
        await dash.sees("drain which account?", ":drain kiro/work")


def test_a_name_is_what_the_server_takes():
    assert wrong_name("work@home.example+1_x-2") is None
    assert wrong_name("") is not None
    assert wrong_name("a/b") is not None


def test_nothing_changed_sends_nothing():
    from a2a.control.types import AccountDetail

    detail = AccountDetail(id="a", provider="p", alias="x", state="ready", limits={"rpm": 60}, created_at=NOW)
    values = {"priority": "0", "weight": "1", "max_concurrency": "0", "min_interval_ms": "0", "rpm": "60", "tpm": "0"}
    assert changed(detail, {**values, "proxy": ""}) is None
    assert changed(detail, {**values, "proxy": "http://p:1"}) == AccountSettings(proxy="http://p:1")
