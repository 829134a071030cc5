"""The first page of the dashboard: what it says, in which size."""

from __future__ import annotations

import pytest
from msgspec import structs
from support.dash_run import check_screen, dashboard, full
from support.fake_control import NOW, FakeControl, account, exchange, exchanges

from a2a.control.types import AccountChanged, AccountGone, ConfigView, ExchangeChanged, Progress, Recording
from a2a.tui.marks import ASCII

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_it_looks_as_it_did(size):
    async with dashboard(size=size) as dash:
        await check_screen(dash, f"overview-{size[0]}x{size[1]}")


async def test_it_looks_as_it_did_in_ascii():
    async with dashboard(size=(80, 24), marks=ASCII, theme="mono") as dash:
        assert dash.text().isascii()
        await check_screen(dash, "overview-ascii-80x24")


async def test_without_accounts_it_says_how_to_get_one():
    async with dashboard(FakeControl()) as dash:
        await dash.sees("no account yet: press L to log in, or run a2a login")
        await dash.sees("no request yet; clients reach the server at http://127.0.0.1:3000")
        assert "cannot serve" in dash.lines()[0]


async def test_each_state_has_its_word_and_what_helps():
    async with dashboard(size=(200, 60)) as dash:
        await dash.sees("cooling 0:41", "needs login", "disabled")
        assert "cooling 0:41" in dash.line_of("gemini/me")
        assert "needs login" in dash.line_of("qwen/")
        assert "a2a login qwen" in dash.line_of("qwen/")
        assert "disabled" in dash.line_of("claude/old")
        assert "71%" in dash.line_of("kiro/work")
        assert "42 min" in dash.line_of("kiro/work")


async def test_a_cooldown_counts_down():
    async with dashboard(size=(120, 40)) as dash:
        dash.clock.at += 30
        dash.app.beat()
        await dash.settle()
        assert "cooling 0:11" in dash.line_of("gemini/me")


async def test_a_request_is_seen_as_it_goes_on():
    async with dashboard(FakeControl([account("kiro/work")]), size=(120, 40)) as dash:
        dash.control.push(ExchangeChanged(exchange(1, "waiting", ago=0)))
        await dash.sees("waiting")
        await dash.sees("Requests  1 live")
        dash.control.push(ExchangeChanged(exchange(1, "streaming", ago=0)))
        dash.control.push(Progress(id=exchange(1).id, output_bytes=4000, first_token_ms=310))
        dash.clock.at += 10.31
        await dash.sees("streaming", "310 ms", "~100")
        dash.control.push(ExchangeChanged(exchange(1, "done")))
        await dash.sees("done", "$0.0072")
        await dash.sees("Requests  0 live")


async def test_what_has_sent_something_is_streaming():
    async with dashboard(FakeControl([account("kiro/work")]), size=(120, 40)) as dash:
        dash.control.push(ExchangeChanged(exchange(1, "waiting", ago=0)))
        await dash.sees("waiting")
        dash.control.push(Progress(id=exchange(1).id, output_bytes=40, first_token_ms=310))
        await dash.sees("streaming")


async def test_what_is_wrong_with_an_account_is_said_in_full():
    control = FakeControl(
        [account("kiro/second", "suspended", message="suspended by AWS", remedy="ask its support " * 5)]
    )
    async with dashboard(control, size=(80, 24)) as dash:
        await dash.sees("kiro/second: suspended by AWS", "→ ask its support ask its support")


async def test_what_streams_stands_on_top():
    async with dashboard(FakeControl([], [exchange(9), exchange(3, "streaming")])) as dash:
        rows = [line for line in dash.lines() if "kiro/work" in line]
        assert ["streaming" in rows[0], "done" in rows[1]] == [True, True]


async def test_an_account_comes_and_goes():
    async with dashboard() as dash:
        dash.control.push(AccountChanged(account("kiro/second", "suspended", message="suspended by AWS")))
        await dash.sees("kiro/second", "suspended")
        dash.control.push(AccountGone(id="acc_kiro_second", account="claude-kiro-oauth/second"))
        await dash.until(lambda: "kiro/second" not in dash.text())


async def test_the_tiles_change_their_span():
    async with dashboard() as dash:
        await dash.sees("10 min ago")
        await dash.press("h")
        await dash.sees("60 min ago")


async def test_settings_that_were_refused_are_told_on_top():
    control = full()
    config = ConfigView(loaded_at=NOW, refused="config.toml:3: no key 'prot'", hint="did you mean port?")
    control.view = structs.replace(control.view, config=config)
    async with dashboard(control, size=(120, 30)) as dash:
        await dash.sees("the settings are as before: config.toml:3: no key 'prot' → did you mean port?")


async def test_a_record_that_stopped_is_told_on_top():
    control = full()
    control.view = structs.replace(control.view, recording=Recording(stopped="the disk is full", hint="make room"))
    async with dashboard(control, size=(120, 30)) as dash:
        await dash.sees("nothing is recorded: the disk is full → make room")


@pytest.mark.parametrize("size", [(40, 10), (20, 5), (1, 1)])
async def test_a_small_terminal_is_no_harm(size):
    async with dashboard(size=(120, 40)) as dash:
        await dash.pilot.resize_terminal(*size)
        await dash.settle()
        assert len(dash.lines()) == size[1]
        await dash.pilot.resize_terminal(200, 60)
        await dash.sees("kiro/work", "TOKEN")


async def test_names_of_any_width_keep_the_columns_in_line():
    long = exchange(4, to="qwen/" + "長" * 40, model="模型" * 30)
    async with dashboard(FakeControl([], [long, *exchanges()]), size=(80, 24)) as dash:
        from a2a.tui.ink import width_of

        rows = [line for line in dash.lines() if "2.1 s" in line]
        assert len({width_of(line) for line in rows}) == 1
