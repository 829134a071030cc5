"""The first page of the inspector: bars on one axis, and everything that is known in words."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs
from support.fake_control import SHORTS, FakeControl, FrozenClock
from support.fake_exchange import AT, attempts, converted, refused

from a2a.control.types import Attempt, Decision, Exchange, Timings
from a2a.tui.desk import Around, Desk
from a2a.tui.ink import cell_width
from a2a.tui.inspect import summary, timeline
from a2a.tui.inspect.timeline import GLYPHS, PLAIN_GLYPHS, axis, bar, length_ms, stretches
from a2a.tui.marks import ASCII, UNICODE
from a2a.tui.state import State


def desk(*, now: float = AT + 60, ascii_only: bool = False) -> Desk:
    around = Around(marks=ASCII if ascii_only else UNICODE, shorts=SHORTS)
    return Desk(FakeControl(), State(FrozenClock(now)), around)


def lines(exchange: Exchange, width: int = 76, **more: Any) -> list[str]:
    return [row.left.text for row in summary.sheet(desk(**more), exchange, width).rows if row.left]


def drawn(found: list[timeline.Stretch], length: float, width: int) -> str:
    return "".join(text for text, _ in bar(found, length, width, PLAIN_GLYPHS))


def test_a_new_connection_is_a_stage_of_its_own() -> None:
    attempt = structs.replace(attempts()[1], connect_ms=90.0)
    assert [(each.stage, round(each.end - each.start)) for each in stretches(converted(), attempt, AT)] == [
        ("connect", 90),
        ("sent", 150),
        ("quiet", 160),
        ("answer", 1500),
    ]


def test_an_attempt_is_cut_into_what_it_waited_for() -> None:
    first, second = attempts()
    exchange = converted()
    assert [(each.stage, round(each.start), round(each.end)) for each in stretches(exchange, first, AT)] == [
        ("queued", 0, 120),
        ("sent", 120, 300),
        ("quiet", 300, 320),
    ]
    assert [(each.stage, round(each.start), round(each.end)) for each in stretches(exchange, second, AT)] == [
        ("sent", 330, 570),
        ("quiet", 570, 730),
        ("answer", 730, 2230),
    ]


def test_an_attempt_without_an_answer_was_sent_and_no_more() -> None:
    attempt = Attempt(n=1, provider="p", account="a", model="m", started_at=AT, duration_ms=5000.0, outcome="failed")
    assert [each.stage for each in stretches(converted(), attempt, AT)] == ["sent"]


def test_what_goes_on_grows_with_the_time() -> None:
    attempt = Attempt(n=1, provider="p", account="a", model="m", started_at=AT, headers_ms=100.0)
    exchange = converted(attempts=[attempt], state="waiting", timings=Timings())
    assert [round(each.end) for each in stretches(exchange, attempt, AT + 2)] == [100, 2000]
    assert length_ms(exchange, AT + 2) == pytest.approx(2000)


def test_bars_share_one_axis() -> None:
    exchange = converted()
    length = length_ms(exchange, AT)
    first, second = (drawn(stretches(exchange, each, AT), length, 44) for each in exchange.attempts)
    assert first == "..---=" + " " * 38
    assert second == " " * 6 + "-----===" + "#" * 30
    assert axis(length, 44).split() == ["0", "1.0", "s", "2.0", "s"]


@pytest.mark.parametrize("width", [1, 2, 10, 44, 300])
@pytest.mark.parametrize("length", [0.2, 3.0, 4_000.0, 5_000_000.0])
def test_an_axis_fits_whatever_its_length(length: float, width: int) -> None:
    assert len(axis(length, width)) == width or axis(length, width) == "0"
    assert sum(len(text) for text, _ in bar([timeline.Stretch("sent", 0, length)], length, width, GLYPHS)) == width


def test_the_page_tells_how_it_went() -> None:
    text = "\n".join(lines(converted()))
    for told in (
        "● served 200 after 2.2 s",
        "/v1/chat/completions (chat, as a stream, converted)",
        "sonnet → claude, model claude-sonnet-4-5: an alias of yours",
        "laptop with OpenAI/Python 3.54",
        "1  claude/work, model claude-sonnet-4-5: failed, upstream status 429 after 200 ms",
        "rate_limited: too many requests",
        "picked, by round-robin, after waiting 120 ms for a slot",
        "not claude/old",
        "the upstream calls it req_011",
        "- logit_bias dropped: the upstream knows none",
        "1,203 in, 345 out",
        "1,000 read from the cache (83 % of the input), 40 of reasoning",
        "$0.01  an estimate, prices of 2026-11-01",
        "→ nothing: it was served",
    ):
        assert told in text


def test_a_request_that_nobody_served_says_who_was_passed_over_and_what_helps() -> None:
    text = "\n".join(lines(refused()))
    assert f"{UNICODE.exchange['failed']} failed 503 after 802 ms" in text
    assert "nobody was free" in text
    assert "then nobody was left, after waiting 800 ms for a slot" in text
    assert "→ claude/old needs a new login: a2a accounts show claude/old says which" in text


def test_a_request_without_any_account_says_so() -> None:
    turn = Decision(strategy="round-robin", picked=None)
    assert "     there is no account" in lines(refused(unserved=[turn]))
    assert "  nobody was asked" in lines(refused(unserved=[]))


def test_without_a_price_the_cost_is_not_known() -> None:
    assert any("not known: no price for this model" in each for each in lines(converted(cost=None)))


@pytest.mark.parametrize("width", [40, 76, 116, 196])
def test_bars_end_within_the_width(width: int) -> None:
    exchange = converted()
    exchange.attempts[0].account = "qwen/日本語の長い名前のアカウント・その二"
    page = summary.sheet(desk(), exchange, width)
    start = next(n for n, row in enumerate(page.rows) if row.left and row.left.text == "Timeline")
    bars = [row.left for row in page.rows[start + 1 : start + 4] if row.left]
    assert all(cell_width(each.parts) <= width + 4 for each in bars)


def test_in_ascii_nothing_else_is_drawn() -> None:
    page = summary.sheet(desk(ascii_only=True), converted(attempts=[attempts()[1]], notes=[]), 76)
    assert "\n".join(row.left.text for row in page.rows if row.left).isascii()
