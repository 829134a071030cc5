"""What the dashboard keeps of what it is told."""

from __future__ import annotations

from support.fake_control import NOW, FrozenClock, account, accounts, exchange

from a2a.control.types import (
    AccountChanged,
    AccountGone,
    ExchangeChanged,
    LiveEvent,
    LogEntry,
    LoginView,
    LogLine,
    Missed,
    Progress,
)
from a2a.tui.state import EVERYTHING, LOG_LINES, TOPICS, State


def state_with(*changes):
    state = State(FrozenClock())
    for seq, change in enumerate(changes, 1):
        state.apply(LiveEvent(seq, NOW, change))
    return state


def test_changes_are_taken_once():
    state = state_with(ExchangeChanged(exchange(1)), ExchangeChanged(exchange(2)))
    changes = state.take_changes()
    assert (changes.topics, changes.exchanges) == ({"exchanges"}, {exchange(1).id, exchange(2).id})
    assert not state.take_changes().topics
    assert EVERYTHING.topics == TOPICS


def test_what_has_ended_stays_ended():
    state = state_with(ExchangeChanged(exchange(1, "done")), ExchangeChanged(exchange(1, "streaming")))
    assert state.exchanges[exchange(1).id].state == "done"
    assert not state.live


def test_progress_belongs_to_what_is_live():
    state = state_with(
        Progress(id=exchange(1).id, output_bytes=1),
        ExchangeChanged(exchange(2, "streaming")),
        Progress(id=exchange(2).id, output_bytes=7),
    )
    assert {each: flow.output_bytes for each, flow in state.flows.items()} == {exchange(2).id: 7}
    state.apply(LiveEvent(9, NOW, ExchangeChanged(exchange(2, "done"))))
    assert not state.flows


def test_past_exchanges_stand_before_later_ones():
    state = state_with(ExchangeChanged(exchange(5)))
    state.put_exchanges([exchange(4), exchange(2), exchange(3)])
    assert list(state.exchanges) == [exchange(n).id for n in (2, 3, 4, 5)]


def test_a_snapshot_of_accounts_forgets_the_others():
    state = state_with(AccountChanged(account("kiro/gone")))
    state.set_accounts(accounts())
    assert "acc_kiro_gone" not in state.accounts
    state.apply(LiveEvent(5, NOW, AccountGone(id="acc_kiro_work", account="claude-kiro-oauth/work")))
    assert "acc_kiro_work" not in state.accounts


def test_what_was_missed_is_handed_back():
    state = State(FrozenClock())
    assert state.apply(LiveEvent(3, NOW, Missed(count=2))) == Missed(count=2)
    assert state.seq == 3


def test_a_link_keeps_its_time_while_only_the_words_change():
    state = State(FrozenClock())
    state.set_link("gone", "no connection")
    state.clock.at += 5
    state.set_link("gone", "still none")
    assert (state.link.since, state.link.message) == (NOW, "still none")
    state.set_link("live")
    assert state.link.since == NOW + 5


def test_a_login_that_is_over_stays_over():
    state = State(FrozenClock())
    view = LoginView(id="x", provider="p", state="done", started_at=NOW)
    state.put_login(view)
    state.put_login(LoginView(id="x", provider="p", state="running", started_at=NOW))
    assert state.logins["x"] == view


def line(seq, at=NOW):
    return LogEntry(seq=seq, at=at, level="info", event=f"line_{seq}")


def test_past_lines_of_the_log_come_in_their_place_and_once():
    state = state_with(LogLine(level="info", event="line_1"), LogLine(level="info", event="line_2"))
    state.apply(LiveEvent(9, NOW + 9, LogLine(level="info", event="line_9")))
    state.take_changes()
    state.put_log([line(2), line(3, NOW + 3), line(9, NOW + 9)])
    assert [entry.event for entry in state.logs.values()] == ["line_1", "line_2", "line_3", "line_9"]
    assert state.take_changes().topics == {"logs"}


def test_lines_of_another_server_that_counts_from_less_are_newer():
    state = State(FrozenClock())
    state.put_log([line(100, NOW)])
    state.put_log([line(5, NOW + 1), line(6, NOW + 2)])
    assert [entry.seq for entry in state.logs.values()] == [100, 5, 6]


def test_a_log_that_was_withheld_may_be_told_later():
    state = State(FrozenClock())
    state.withhold_log("it is for the owner")
    assert state.log_withheld == "it is for the owner"
    assert state.take_changes().topics == {"logs"}
    state.put_log([])
    assert state.log_withheld == ""
    assert state.take_changes().topics == {"logs"}


def test_only_so_many_lines_are_kept():
    state = State(FrozenClock())
    state.put_log(line(seq) for seq in range(LOG_LINES + 3))
    assert (len(state.logs), next(iter(state.logs))) == (LOG_LINES, 3)
