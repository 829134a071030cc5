"""The dashboard and a server that goes, comes back, is another one, or wants another key."""

from __future__ import annotations

import pytest
from support.dash_run import dashboard, full
from support.fake_control import NOW, FakeControl, account, exchange

from a2a.control.types import ExchangeChanged, Missed
from a2a.errors import Unreachable, WrongKey
from a2a.tui import feed

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def no_waits(monkeypatch):
    monkeypatch.setattr(feed, "WAITS_S", (0.0,))


async def test_a_server_that_is_gone_is_told_with_since_when():
    async with dashboard(size=(120, 30)) as dash:
        dash.control.close()
        await dash.sees("× gone", "the server is gone since 0 s; trying again")
        dash.clock.at += 12
        dash.app.beat()
        await dash.settle()
        await dash.sees("the server is gone since 12 s; trying again")
        await dash.sees("kiro/work")


async def test_what_helps_stands_on_a_line_of_its_own_where_there_is_no_room():
    async with dashboard(size=(60, 20)) as dash:
        dash.app.desk.state.set_link(
            "refused", "the key is wrong: http://127.0.0.1:3000 refuses ours", "set A2A_API_KEY"
        )
        await dash.settle()
        dash.app.beat()
        await dash.sees(" × the key is wrong: http://127.0.0.1:3000 refuses ours\n", "→ set A2A_API_KEY")


async def test_it_says_that_a_server_is_being_started():
    async with dashboard(size=(80, 20)) as dash:
        dash.app.desk.state.set_link("attaching", "starting a server", "it ends with this screen")
        await dash.sees("starting a server", "none runs here; it ends with this screen")


async def test_it_is_attached_again_by_itself():
    async with dashboard() as dash:
        dash.control.close()
        await dash.sees("gone")
        dash.control.record[exchange(40).id] = exchange(40, front="responses")
        dash.control.open()
        await dash.until(lambda: dash.app.desk.state.link.phase == "live")
        await dash.until(lambda: exchange(40).id in dash.app.desk.state.exchanges)
        await dash.until(lambda: "is gone" not in dash.text())


async def test_it_resumes_behind_the_last_event_it_saw():
    async with dashboard() as dash:
        for number in (20, 21, 22):
            dash.control.push(ExchangeChanged(exchange(number)))
        await dash.until(lambda: exchange(22).id in dash.app.desk.state.exchanges)
        dash.control.close()
        await dash.sees("gone")
        dash.control.open()
        await dash.until(lambda: ("events", 3) in dash.control.calls)


async def test_a_restart_ends_what_was_under_way():
    async with dashboard() as dash:
        await dash.sees("2 in flight")
        dash.control.close()
        await dash.sees("gone")
        dash.control.record.clear()
        dash.control.open(restarted=True)
        await dash.sees("serving", "0 in flight")


async def test_what_was_missed_is_asked_for_anew():
    async with dashboard() as dash:
        dash.control.by_id["acc_kiro_new"] = account("kiro/new")
        dash.control.push(Missed(count=7))
        await dash.sees("kiro/new")


async def test_a_wrong_key_is_told_with_what_helps_and_tried_again():
    control = full()
    control.gone = WrongKey("the key is wrong: http://127.0.0.1:3000 refuses ours", hint="set A2A_API_KEY")
    async with dashboard(control, size=(120, 30)) as dash:
        await dash.sees("× refused", "the key is wrong: http://127.0.0.1:3000 refuses ours → set A2A_API_KEY")
        control.gone = None
        await dash.sees("serving")


async def test_no_server_at_all_is_told():
    control = full()
    control.gone = Unreachable("no server came up: port 3000 is taken", hint="a2a serve")
    async with dashboard(control, size=(120, 30)) as dash:
        await dash.sees("no server came up: port 3000 is taken; trying again", "→ a2a serve")


async def test_older_exchanges_are_fetched_behind_the_first_page():
    record = [exchange(number, ago=3000 - number) for number in range(1200)]
    async with dashboard(FakeControl([], record)) as dash:
        await dash.until(lambda: len(dash.app.desk.state.exchanges) == 1200)
        ids = list(dash.app.desk.state.exchanges)
        assert ids == sorted(ids)


async def test_events_that_repeat_what_is_known_change_nothing():
    async with dashboard() as dash:
        before = dash.app.desk.state.meter.window(NOW, 600)[-1].ended
        dash.control.push(ExchangeChanged(exchange(10, "streaming", ago=40)))
        dash.control.push(ExchangeChanged(exchange(10, "done", ago=40)))
        dash.control.push(ExchangeChanged(exchange(50, "done")))
        await dash.until(lambda: exchange(50).id in dash.app.desk.state.exchanges)
        assert dash.app.desk.state.exchanges[exchange(10).id].state == "done"
        assert dash.app.desk.state.meter.window(NOW, 600)[-1].ended == before + 1
