"""Figures of the dashboard: rates, sparklines, meters, words, cuts to a width, colours."""

from __future__ import annotations

import pytest
from support.fake_control import NOW, FrozenClock, account, accounts, exchange

from a2a.control.types import Attempt, Cost, Fault, Quota, Timings, Tokens
from a2a.tui import meter, words
from a2a.tui.ascii import plain
from a2a.tui.desk import Around, Desk
from a2a.tui.feed import NotAttached
from a2a.tui.ink import clean, cut_text, fit, joined, width_of
from a2a.tui.marks import ASCII, UNICODE
from a2a.tui.meter import LATENCIES, SLOTS, Meter
from a2a.tui.spark import meter as bar
from a2a.tui.spark import spark, tinted
from a2a.tui.state import Flow, State
from a2a.tui.themes import PALETTES


def desk():
    return Desk(NotAttached(), State(FrozenClock()), Around(shorts={"claude-kiro-oauth": "kiro"}))


class TestMeter:
    def test_rates_are_of_the_window(self):
        counted = Meter()
        for second in range(60):
            counted.came(NOW - second)
            counted.ended(NOW - second, failed=second < 6, tokens=30, first_ms=float(second))
        minute = counted.window(NOW, 60)
        assert meter.per_minute(minute) == pytest.approx(60, rel=0.1)
        assert meter.tokens_per_s(minute) == pytest.approx(30, rel=0.1)
        assert meter.error_share(minute) == pytest.approx(0.1, abs=0.02)
        assert meter.first_token(minute, 0.5) == pytest.approx(30, abs=3)

    def test_an_hour_later_nothing_is_left(self):
        counted = Meter()
        counted.came(NOW)
        counted.came(NOW + 3600)
        assert sum(slot.came for slot in counted.window(NOW + 3600, 3600)) == 1
        counted.came(NOW)
        assert sum(slot.came for slot in counted.window(NOW + 3600, 3600)) == 1, "too old to count"

    def test_a_flood_keeps_no_more_latencies_than_there_is_room_for(self):
        counted = Meter()
        for number in range(10_000):
            counted.ended(NOW, failed=False, tokens=0, first_ms=float(number))
        assert len(counted.window(NOW, 5)[0].first_ms) == LATENCIES
        assert len(counted._slots) == SLOTS

    def test_a_series_has_as_many_points_as_are_asked_for(self):
        assert len(Meter().series(NOW, 600, 17, meter.per_minute)) == 17
        assert len(Meter().series(NOW, 60, 99, meter.per_minute)) == 12, "no more than slots"

    def test_nothing_happened_yet(self):
        none = Meter().window(NOW, 600)
        assert (meter.error_share(none), meter.first_token(none, 0.5)) == (0.0, None)


class TestDrawings:
    def test_the_highest_fills_the_height_and_a_zero_is_seen(self):
        assert spark([0, 1, 2, 4], 6, UNICODE) == ["  ▁▂▄█"]
        assert spark([8, 4, 0], 3, UNICODE, 2) == ["█  ", "██▁"]
        assert spark([None, 3], 2, ASCII) == [" #"]

    def test_zeros_are_faint(self):
        assert tinted([0, 0, 3], 3, UNICODE, "bad") == [[("▁▁", "rule"), ("█", "bad")]]

    def test_a_meter_is_never_empty_while_something_is_left(self):
        assert bar(0.001, 8, UNICODE) == ("╸", "───────")
        assert bar(0, 8, UNICODE) == ("", "────────")
        assert bar(2, 4, ASCII) == ("====", "")


class TestWidths:
    def test_wide_letters_count_for_two(self):
        assert cut_text("日本語", 5, "…") == "日本…"
        assert width_of(cut_text("日本語の", 4, "…")) <= 4
        assert [width_of(text) for text, _ in fit("日本", 5, "…")] == [4, 1]

    @pytest.mark.parametrize("width", range(12))
    def test_a_cell_is_exactly_as_wide_as_asked(self, width):
        line = fit([("äöü", "ok"), ("語" * 5, "bad"), ("x", "dim")], width, "…")
        assert sum(width_of(text) for text, _ in line) == width

    def test_control_characters_move_nothing(self):
        assert clean("a\x1b[31mb\nc\td") == "a [31mb c d"

    def test_empty_parts_leave_no_gap(self):
        assert joined(["a", "", [("b", "ok")]], "-") == [("a", "plain"), ("-", "dim"), ("b", "ok")]

    def test_ascii_keeps_the_number_of_cells(self):
        for text in ("│ ● kiro → …", "日本", "naïve", "▁▂▇█"):
            assert plain(text).isascii()
            assert width_of(plain(text)) == width_of(text)


class TestWords:
    @pytest.mark.parametrize(
        ("value", "text"), [(0, "0"), (999, "999"), (1234, "1.2k"), (34_000, "34k"), (5_600_000, "5.6M"), (0.5, "0.5")]
    )
    def test_counts(self, value, text):
        assert words.count(value) == text

    @pytest.mark.parametrize(
        ("ms", "text"), [(None, ""), (85.4, "85 ms"), (1234, "1.2 s"), (34_000, "34 s"), (125_000, "2:05")]
    )
    def test_durations(self, ms, text):
        assert words.milliseconds(ms) == text

    @pytest.mark.parametrize(("left", "text"), [(-3, "0:00"), (41, "0:41"), (7400, "2:03:20"), (260_000, "3 d")])
    def test_countdowns(self, left, text):
        assert words.countdown(left) == text

    @pytest.mark.parametrize(
        ("amount", "currency", "text"),
        [
            (0, "USD", "$0.00"),
            (0.0042, "USD", "$0.0042"),
            (0.000_01, "USD", "<$0.0001"),
            (0.12, "credit", "0.12 credit"),
        ],
    )
    def test_costs(self, amount, currency, text):
        assert words.cost(Cost(amount=amount, currency=currency, basis="x")) == text

    def test_sizes(self):
        assert [words.size(value) for value in (512, 1234, 34 * 1024 * 1024)] == ["512 B", "1.2 KiB", "34 MiB"]

    def test_a_time_that_is_none_says_nothing(self):
        assert words.clock_time(1e30) == ""
        assert words.date_time(None) == ""

    def test_a_model_is_told_once_where_only_the_provider_stood_before_it(self):
        asked = exchange(1, model="kiro/auto")
        asked.attempts[0].model = "auto"
        assert words.model_of(asked) == "auto"
        asked.attempts[0].model = "claude-4"
        assert words.model_of(asked) == "kiro/auto → claude-4"
        assert words.model_of(exchange(2, route=None, asked="gpt-9")) == "gpt-9"

    def test_a_rate_is_a_guess_while_it_streams_and_known_at_the_end(self):
        live = exchange(1, "streaming", ago=10)
        assert words.token_rate(live, Flow(4000, 5000.0, NOW), NOW) == (200.0, True)
        assert words.token_rate(live, None, NOW) is None
        done = exchange(2, timings=Timings(first_token=1000, last=3000), tokens=Tokens(output=100))
        assert words.token_rate(done, None, NOW) == (50.0, False)

    def test_the_scarcest_quota_counts_and_one_that_was_filled_up_does_not(self):
        full = Quota(unit="request", limit=10, remaining=9)
        low = Quota(unit="credit", limit=100, remaining=5)
        past = Quota(unit="token", limit=10, remaining=0, resets_at=NOW - 1)
        assert words.scarce([full, low, past], NOW) is low
        assert words.scarce([past], NOW) is None

    def test_trouble_is_told_with_the_key_that_helps(self):
        assert words.trouble(desk(), account("kiro/work", "needs_login")) == ("it needs a login", "l logs in again")
        assert words.trouble(desk(), accounts()[1])[1].startswith("it serves again by itself")

    def test_an_old_fault_of_a_ready_account_is_no_news(self):
        fault = Fault(kind="x", message="timed out", at=NOW - 60)
        assert words.trouble(desk(), account("kiro/work", last_fault=fault)) == ("60 s ago: timed out", "")
        fault = Fault(kind="x", message="timed out", at=NOW - 7200)
        assert words.trouble(desk(), account("kiro/work", last_fault=fault)) == ("", "")

    def test_the_account_is_the_one_asked_last(self):
        assert words.account_of(exchange(1, to="kiro/b", tries=["kiro/a"])) == "kiro/b"
        assert isinstance(exchange(1).attempts[0], Attempt)


def luminance(colour):
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", PALETTES)
def test_every_tone_can_be_read_on_every_ground(name):
    palette = PALETTES[name]
    least = 7 if name == "contrast" else 4.5
    for ground in (palette.ground, palette.raised):
        for tone in ("text", "dim", "accent", "ok", "warn", "bad", "info"):
            assert contrast(getattr(palette, tone), ground) >= least, (tone, ground)
    for ground in (palette.chosen, palette.resting):
        for tone in ("text", "accent", "ok", "warn", "bad", "info"):
            assert contrast(getattr(palette, tone), ground) >= 4.5, (tone, ground)


def test_each_state_has_a_sign_of_its_own_without_colour():
    for marks in (UNICODE, ASCII):
        assert len(set(marks.account.values())) == len(marks.account)
        assert len(set(marks.exchange.values())) == len(marks.exchange)
        assert all(width_of(sign) == 1 for sign in (*marks.account.values(), *marks.exchange.values(), *marks.levels))
