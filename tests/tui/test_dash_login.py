"""Logging in from the dashboard: choose how, agree, fill in, and follow what the server tells."""

from __future__ import annotations

import pytest
from msgspec import structs
from support.dash_run import dashboard, full
from support.fake_control import NOW

from a2a.control.types import (
    Acted,
    LoginAnswer,
    LoginChanged,
    LoginMethod,
    LoginQuestion,
    LoginShown,
    LoginView,
    LoginWish,
)
from a2a.errors import UsageError

pytestmark = pytest.mark.anyio

KIMI = LoginMethod(
    provider="openai-custom",
    method="api-key",
    preset="kimi",
    title="kimi, by API key",
    needs=["api_key"],
    takes=["base_url"],
)
KIRO = LoginMethod(
    provider="claude-kiro-oauth",
    method="builder-id",
    title="Kiro, by AWS Builder ID",
    takes=["profile", "device"],
    risk="third-party use can get an account suspended",
)
STARTED = LoginView(id="login_1", provider="claude-kiro-oauth", state="running", started_at=NOW)
SHOWN = structs.replace(
    STARTED,
    shown=LoginShown(
        url="https://device.example/",
        user_code="HXHR-RGSJ",
        complete_url="https://device.example/?c=1",
        expires_at=NOW + 600,
    ),
)


def server():
    control = full()
    control.methods = [KIMI, KIRO]
    return control


def wishes(dash):
    return [call[1] for call in dash.control.calls if call[0] == "login"]


async def to_the_page(dash):
    """A login at Kiro that runs."""
    await dash.press("2", "L")
    await dash.sees("Log in: how?")
    await dash.press(*"builder", "enter")
    await dash.sees("y yes")
    await dash.press("y")
    await dash.sees("profile")
    await dash.press("ctrl+s")
    await dash.until(lambda: wishes(dash))
    await dash.sees("one moment")


async def test_a_key_is_typed_unseen_and_sent():
    async with dashboard(server()) as dash:
        await dash.press("2", "L")
        await dash.sees("Log in: how?", "kimi, by API key", "Kiro, by AWS Builder ID")
        await dash.press(*"kimi", "enter")
        await dash.sees("base URL")
        await dash.press(*"sk-very-secret", "enter", "enter", *"moon", "enter")
        await dash.until(lambda: wishes(dash))
        await dash.until(lambda: "sk-very-secret" not in dash.text())
        assert wishes(dash) == [
            LoginWish(provider="openai-custom", method="api-key", preset="kimi", api_key="sk-very-secret", name="moon")
        ]


async def test_a_field_that_is_needed_is_asked_for():
    async with dashboard(server()) as dash:
        await dash.press("2", "L")
        await dash.sees("Log in: how?")
        await dash.press(*"kimi", "enter")
        await dash.sees("base URL")
        await dash.press("ctrl+s")
        await dash.sees("API key: is needed")


async def test_a_risk_is_told_and_a_no_ends_it():
    async with dashboard(server()) as dash:
        await dash.press("2", "L")
        await dash.sees("Log in: how?")
        await dash.press(*"builder", "enter")
        await dash.sees("third-party use can get an account suspended")
        await dash.press("n")
        await dash.until(lambda: len(dash.app.screen_stack) == 1)
        assert wishes(dash) == []


async def test_what_the_server_refuses_comes_back_with_what_was_typed():
    control = server()
    async with dashboard(control) as dash:

        async def refuse(wish):
            raise UsageError("region means nothing for it", hint="leave it out")

        control.login = refuse
        await dash.press("2", "L")
        await dash.sees("Log in: how?")
        await dash.press(*"builder", "enter")
        await dash.sees("y yes")
        await dash.press("y")
        await dash.sees("profile")
        await dash.press(*"arn:x", "ctrl+s")
        await dash.sees("region means nothing for it (leave it out)", "arn:x")


async def test_logging_in_again_keeps_provider_and_name():
    async with dashboard(server()) as dash:
        await dash.press("2", "j", "l")
        await dash.sees("Log in to kiro/work again")
        await dash.until(lambda: "kimi, by API key" not in dash.text())
        await dash.press("enter")
        await dash.sees("y yes")
        await dash.press("y")
        await dash.sees("profile")
        await dash.press("ctrl+s")
        await dash.until(lambda: wishes(dash))
        assert wishes(dash)[0] == LoginWish(provider="claude-kiro-oauth", method="builder-id", name="work", agreed=True)


async def test_the_page_and_the_code_are_shown_as_they_come():
    async with dashboard(server(), size=(100, 30)) as dash:
        await to_the_page(dash)
        dash.control.push(LoginChanged(SHOWN))
        await dash.sees("https://device.example/?c=1", "HXHR-RGSJ", "it waits for 10:00 more")


async def test_a_qr_code_is_drawn_where_it_fits_as_a_whole():
    code = ["█" * 30] * 15
    async with dashboard(server(), size=(100, 45), qr=lambda text: code) as dash:
        await to_the_page(dash)
        dash.control.push(LoginChanged(SHOWN))
        await dash.sees("█" * 30)
    async with dashboard(server(), size=(100, 24), qr=lambda text: code) as dash:
        await to_the_page(dash)
        dash.control.push(LoginChanged(SHOWN))
        await dash.sees("HXHR-RGSJ")
        assert "█" * 30 not in dash.text()


async def test_what_is_pasted_goes_to_the_server():
    pasted = structs.replace(STARTED, shown=LoginShown(url="https://x.example/", paste="paste the code of that page"))
    async with dashboard(server()) as dash:
        await to_the_page(dash)
        dash.control.push(LoginChanged(pasted))
        await dash.sees("paste the code of that page")
        await dash.press(*"4/0abc", "enter")
        await dash.until(lambda: ("login_answer", "login_1", LoginAnswer(text="4/0abc")) in dash.control.calls)


async def test_a_question_is_answered_by_its_place():
    asking = structs.replace(
        STARTED, state="asking", question=LoginQuestion(question="which profile?", options=["east", "west"])
    )
    async with dashboard(server()) as dash:
        await to_the_page(dash)
        dash.control.push(LoginChanged(asking))
        await dash.sees("which profile?", "west")
        await dash.press("j", "enter")
        await dash.until(lambda: ("login_answer", "login_1", LoginAnswer(choice=1)) in dash.control.calls)


async def test_the_end_is_told_and_escape_closes_the_page():
    done = Acted(action="login", id="a", account="claude-kiro-oauth/work", message="KIRO PRO, mira@example.org")
    async with dashboard(server()) as dash:
        await to_the_page(dash)
        dash.control.push(LoginChanged(structs.replace(STARTED, state="done", result=done)))
        await dash.sees("✔ kiro/work: KIRO PRO, mira@example.org")
        await dash.press("escape")
        await dash.until(lambda: "KIRO PRO, mira@example.org" not in dash.text())


async def test_a_failure_is_told_with_what_helps():
    failed = structs.replace(STARTED, state="failed", error="the code ran out", hint="begin again")
    async with dashboard(server()) as dash:
        await to_the_page(dash)
        dash.control.push(LoginChanged(failed))
        await dash.sees("× the code ran out", "→ begin again")


async def test_escape_cancels_a_login_that_runs():
    async with dashboard(server()) as dash:
        await to_the_page(dash)
        await dash.press("escape")
        await dash.sees("cancelled; nothing was stored")
        assert ("login_cancel", "login_1") in dash.control.calls


async def test_a_word_begins_a_login_too():
    async with dashboard(server()) as dash:
        await dash.press("2", ":", *"login", "enter")
        await dash.sees("Log in: how?", "kimi, by API key")
        await dash.press("escape", ":", *"login kiro/work", "enter")
        await dash.sees("Log in to kiro/work again")
        assert "kimi, by API key" not in dash.text()
        await dash.press("escape", ":", *"login nobody", "enter")
        await dash.sees("no account 'nobody' to log in to again")


@pytest.mark.parametrize("key", ["l", "L"])
async def test_the_page_of_an_account_logs_in_too(key):
    async with dashboard(server()) as dash:
        await dash.press("2", "j", "enter", key)
        await dash.sees("Log in to kiro/work again" if key == "l" else "Log in: how?")


async def test_typing_chooses_the_first_that_fits():
    async with dashboard(server()) as dash:
        await dash.press("2", "L")
        await dash.sees("Log in: how?")
        await dash.press("down", *"i", "enter")
        await dash.sees("API key", "base URL")


async def test_enter_closes_a_login_that_is_over():
    async with dashboard(server()) as dash:
        await to_the_page(dash)
        dash.control.push(LoginChanged(structs.replace(STARTED, state="failed", error="refused")))
        await dash.sees("× refused", "Enter close")
        await dash.press("enter")
        await dash.until(lambda: "× refused" not in dash.text())


async def test_a_code_that_is_refused_is_told_beside_the_line_for_it():
    async with dashboard(server()) as dash:
        await to_the_page(dash)
        shown = LoginShown(url="https://a.example/", paste="the code that the page shows")
        remarks = ["this code is not taken"]
        dash.control.push(LoginChanged(structs.replace(STARTED, shown=shown, remarks=remarks)))
        await dash.sees("this code is not taken", "paste it here; Enter sends it")
        said = dash.text()
        assert said.index("https://a.example/") < said.index("this code is not taken") < said.index("paste it here")
