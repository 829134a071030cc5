"""500 requests a second, and a screen that was left open: nothing grows, nothing is drawn per event."""

from __future__ import annotations

import pytest
from support.dash_run import dashboard
from support.fake_control import NOW, FakeControl, FrozenClock, account, exchange

from a2a.control.types import AccountChanged, ExchangeChanged, LiveEvent, LoginChanged, LoginView, LogLine, Progress
from a2a.tui.panes import RequestList
from a2a.tui.state import LOG_LINES, LOGINS, RING, State

pytestmark = pytest.mark.anyio


def life(number):
    """All that is told of one request."""
    yield ExchangeChanged(exchange(number, "routing", ago=0))
    yield ExchangeChanged(exchange(number, "waiting", ago=0))
    yield Progress(id=exchange(number).id, output_bytes=400, first_token_ms=20)
    yield ExchangeChanged(exchange(number, "done", ago=0))


def test_tables_stay_bounded_after_a_hundred_thousand_events():
    state = State(FrozenClock())
    seq = 0
    for number in range(25_000):
        for change in life(number):
            seq += 1
            state.apply(LiveEvent(seq, NOW + number / 500, change))
        if number % 5 == 0:
            seq += 3
            login = LoginView(id=f"login_{number}", provider="p", state="done", started_at=NOW)
            state.apply(LiveEvent(seq, NOW, AccountChanged(account("kiro/work"))))
            state.apply(LiveEvent(seq, NOW, LogLine(level="INFO", event="x")))
            state.apply(LiveEvent(seq, NOW, LoginChanged(login)))
        if number % 50 == 0:
            state.take_changes()
    assert seq >= 100_000
    assert len(state.exchanges) == RING
    assert next(iter(state.exchanges)) == exchange(25_000 - RING).id, "the oldest go first"
    assert (len(state.live), len(state.flows), len(state.accounts)) == (0, 0, 1)
    assert (len(state.logs), len(state.logins)) == (LOG_LINES, LOGINS)


def test_requests_that_never_end_are_forgotten_with_the_others():
    state = State(FrozenClock())
    for number in range(RING + 100):
        state.apply(LiveEvent(number, NOW, ExchangeChanged(exchange(number, "waiting", ago=0))))
    assert len(state.exchanges) == len(state.live) == RING


async def test_a_flood_is_drawn_once_for_many_events():
    async with dashboard(FakeControl([account("kiro/work")]), size=(120, 40)) as dash:
        await dash.press("3")
        rows = dash.app.query_one("Requests RequestList", RequestList)
        filled = []
        fill = rows.fill
        rows.fill = lambda given: (filled.append(len(given)), fill(given))
        refreshed = []
        refresh = dash.app.refresh_views
        dash.app.refresh_views = lambda: (refreshed.append(1), refresh())
        for number in range(500):
            for change in life(number):
                dash.control.push(change)
        await dash.until(lambda: len(rows.rows) == 500)
        assert len(filled) <= len(refreshed) + 10, "the timer's own calls are not counted"
        assert len(filled) < 100
        assert exchange(499).id == rows.rows[0].id


async def test_ten_thousand_rows_draw_the_seen_ones_only():
    record = [exchange(number, ago=RING - number) for number in range(RING)]
    async with dashboard(FakeControl(), size=(120, 40)) as dash:
        dash.app.desk.state.put_exchanges(record)
        await dash.press("3")
        rows = dash.app.query_one("Requests RequestList", RequestList)
        drawn = []
        row = rows._row
        rows._row = lambda *given: (drawn.append(1), row(*given))[1]
        await dash.press("end")
        assert rows.current.id == exchange(0).id
        await dash.press("home", "pagedown")
        assert 0 < len(drawn) < 10 * 40


async def test_only_lines_that_differ_are_painted():
    async with dashboard(size=(120, 40)) as dash:
        await dash.press("3")
        rows = dash.app.query_one("Requests RequestList", RequestList)
        await dash.until(lambda: rows.size.width and rows.virtual_size.width == rows.size.width)  # it has been laid out
        rows.redraw()
        painted = []
        refresh = rows.refresh
        rows.refresh = lambda *regions, **more: (painted.extend(regions or ["all"]), refresh(*regions, **more))[1]
        rows.redraw()
        assert painted == []
        dash.control.push(ExchangeChanged(exchange(12, "done", ago=4)))
        await dash.until(lambda: painted)
        assert len(painted) == 1
