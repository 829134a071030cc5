"""The inspector as a person uses it: its pages at two sizes, and every key."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from support.dash_run import Running, check_screen, dashboard
from support.fake_control import FakeControl, account, accounts
from support.fake_exchange import AT, CHAT_STREAM, attempts, converted, large, refused, relayed
from support.picture import check_picture

from a2a.control.types import AttemptBodies, Exchange, ExchangeChanged, Replayed, ReplayWish, Timings
from a2a.errors import A2AError, Unreachable
from a2a.tui.inspect import outside
from a2a.tui.inspect.pager import Pager
from a2a.tui.marks import ASCII
from a2a.tui.view import Goto

pytestmark = pytest.mark.anyio

TALL = (120, 40)


@contextlib.asynccontextmanager
async def inspecting(
    found: Exchange, *others: Exchange, size: tuple[int, int] = TALL, **around: Any
) -> AsyncIterator[Running]:
    """On the page of `found`."""
    control = FakeControl(accounts(), [found, *others])
    async with dashboard(control, size, **around) as dash:
        dash.app.post_message(Goto("exchange", found.id))
        await dash.until(lambda: ("exchange", found.id) in control.calls and "Attempts" in dash.text())
        yield dash


def pager(dash: Running) -> Pager:
    return dash.app.screen.query_one(Pager)


def current(dash: Running) -> str:
    """The line the cursor is on."""
    shown = pager(dash)
    left, right = shown.laid.lines(shown.cursor)
    return (left.text or right.text).strip()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_pages_look_as_they_did(size: tuple[int, int]) -> None:
    async with inspecting(converted(), size=size) as dash:
        for page in ("summary", "request", "answer", "stream", "headers"):
            await check_screen(dash, f"inspect-{page}-{size[0]}x{size[1]}")
            if page == "summary":
                await check_picture(dash, f"inspect-{page}-{size[0]}x{size[1]}")
            await dash.press("tab")


async def test_a_relayed_request_looks_as_it_did() -> None:
    async with inspecting(relayed()) as dash:
        await dash.press("tab")
        await check_screen(dash, "inspect-relayed-120x40")


async def test_it_looks_as_it_did_in_ascii() -> None:
    async with inspecting(refused(), size=(80, 24), marks=ASCII, theme="mono") as dash:
        assert dash.text().isascii()
        await check_screen(dash, "inspect-ascii-80x24")


async def test_pages_go_round_in_both_directions() -> None:
    async with inspecting(converted()) as dash:
        await dash.press("shift+tab")
        await dash.sees("came in")
        await dash.press("tab")
        await dash.sees("Timeline")
        await dash.press("right_square_bracket", "left_square_bracket", "left_square_bracket")
        await dash.sees("came in")


async def test_a_click_chooses_a_page() -> None:
    async with inspecting(converted()) as dash:
        line = next(number for number, text in enumerate(dash.lines()) if "Summary" in text)
        await dash.pilot.click(offset=(dash.lines()[line].index("Answer") + 1, line))
        await dash.settle()
        await dash.sees("from claude/home")


async def test_without_bodies_every_page_says_what_to_do() -> None:
    async with inspecting(converted(bodies=None)) as dash:
        for _ in range(4):
            await dash.press("tab")
            await dash.sees("a2a serve --log-bodies")


async def test_an_exchange_that_is_not_there_says_so() -> None:
    async with dashboard(FakeControl()) as dash:
        dash.app.post_message(Goto("exchange", "ex_none"))
        await dash.sees("no exchange ex_none is kept")


async def test_when_the_server_is_gone_what_is_known_stays() -> None:
    async with inspecting(converted(), relayed()) as dash:
        dash.control.gone = Unreachable("no connection", hint="a2a serve")
        await dash.press("K" if converted().id < relayed().id else "J")
        await dash.sees("no connection", "Timeline")


async def test_an_attempt_is_chosen() -> None:
    async with inspecting(converted()) as dash:
        await dash.press("tab")
        await dash.sees("to claude/home")
        await dash.sees("attempt 2 of 2")
        await dash.press("a", "tab")
        await dash.sees("another attempt followed")
        await dash.press("a")
        await dash.sees("both say the same")


async def test_words_and_bytes_of_an_answer() -> None:
    async with inspecting(converted()) as dash:
        await dash.press("tab", "tab", "t")
        await dash.sees("8 frames from upstream, 6 to the client")
        await dash.press("space")
        await dash.sees('type: "message_start"')
        await dash.press("t")
        await dash.sees("get_weather")


async def test_folding_hides_and_shows() -> None:
    async with inspecting(relayed()) as dash:
        await dash.press("tab", "d", "d", "d")
        assert current(dash).startswith("┊ Answer in one line.")
        await dash.press("space")  # the text it is a line of
        await dash.sees('… 2 lines"')
        await dash.until(lambda: "Answer in French" not in dash.text())
        await dash.press("enter")
        await dash.sees("Answer in French")


async def test_all_is_folded_and_unfolded() -> None:
    async with inspecting(relayed()) as dash:
        await dash.press("tab", "z")
        assert not pager(dash).folded
        await dash.sees("get_weather")
        await dash.press("z")
        await dash.sees("messages: [ … 2 items ]")
        await dash.sees('model: "sonnet"')


async def test_a_click_before_a_line_folds_it() -> None:
    async with inspecting(relayed()) as dash:
        await dash.press("tab")
        line = next(number for number, text in enumerate(dash.lines()) if "messages: [" in text)
        await dash.pilot.click(offset=(1, line))
        await dash.settle()
        await dash.sees("messages: [ … 2 items ]")


async def test_differences_are_gone_through_round_the_end() -> None:
    async with inspecting(relayed()) as dash:
        await dash.press("tab")
        seen = []
        for _ in range(5):
            await dash.press("d")
            seen.append(current(dash))
        assert seen[0] == seen[4] == 'model: "sonnet"'
        assert seen[1:4] == ["logit_bias: { 50256: -100 }", "┊ Answer in one line.", "enable_thinking: true"]
        await dash.press("D")
        assert current(dash) == "enable_thinking: true"


async def test_a_search_finds_what_is_folded_too() -> None:
    async with inspecting(relayed()) as dash:
        await dash.press("tab")
        await dash.until(lambda: "get_weather" not in dash.text())
        await dash.press("/")
        await dash.type("weather|wetter")
        await dash.press("enter")
        await dash.sees("1/3 found: n, N")
        assert "Wetter" in current(dash)
        await dash.press("n")
        assert "get_weather" in current(dash)
        await dash.press("n", "N", "N")
        assert "Wetter" in current(dash)


async def test_a_search_without_a_match_says_so() -> None:
    async with inspecting(relayed()) as dash:
        await dash.press("/")
        await dash.type("nowhere")
        await dash.press("enter")
        await dash.sees("nothing found")


async def test_lines_wrap_or_are_cut_and_pushed() -> None:
    exchange = relayed()
    assert exchange.bodies is not None
    exchange.bodies.request = json.dumps({"text": "start " + "long " * 60 + "end"})
    async with inspecting(exchange, size=(80, 24)) as dash:
        await dash.press("tab")
        await dash.sees('end"')
        await dash.press("w")
        await dash.until(lambda: 'end"' not in dash.text())
        await dash.sees("start")
        await dash.press(*["right"] * 20)
        await dash.sees('end"')
        await dash.press(*["left"] * 20)
        await dash.sees("start")


async def test_a_line_is_copied_with_what_folds_into_it() -> None:
    async with inspecting(relayed()) as dash:
        await dash.press("tab", "down", "y")
        assert dash.app.clipboard == '  model: "sonnet"'
        await dash.sees("copied 1 line")


async def test_a_large_body_is_made_aside_and_scrolls() -> None:
    async with inspecting(large()) as dash:
        await dash.press("tab")
        await dash.sees("… 1139 items ]")
        await dash.press("z")
        await dash.until(lambda: pager(dash).laid.height > 50_000)
        await dash.press("end")
        await dash.until(lambda: dash.lines()[-2].lstrip().startswith("}"))
        await dash.press("pageup", "home")
        assert current(dash) == "{"


async def test_paging_goes_through_everything_once() -> None:
    async with inspecting(large(12_000), size=(80, 24)) as dash:
        await dash.press("tab", "z")
        shown = pager(dash)
        tops = [shown.scroll_offset.y]
        while shown.scroll_offset.y < shown.max_scroll_y:
            await dash.press("pagedown")
            tops.append(shown.scroll_offset.y)
        steps = {later - earlier for earlier, later in pairwise(tops[:-1])}
        assert steps == {shown.scrollable_content_region.height - 1}


async def test_the_cursor_stays_in_sight() -> None:
    async with inspecting(large(20_000), size=(80, 24)) as dash:
        await dash.press("tab", "z")
        shown = pager(dash)
        for key in ["down"] * 24 + ["up"] * 8:
            await dash.press(key)
            low, high = shown.laid.tops[shown.cursor : shown.cursor + 2]
            assert low < shown.scroll_offset.y + shown.scrollable_content_region.height
            assert high > shown.scroll_offset.y


async def test_narrower_and_wider_the_same_line_is_shown() -> None:
    async with inspecting(relayed()) as dash:
        await dash.press("tab", "d", "d")
        for size in ((80, 24), (40, 10), (30, 6), (200, 60), (120, 40)):
            await dash.pilot.resize_terminal(*size)
            await dash.settle()
            assert current(dash) == "logit_bias: { 50256: -100 }"


async def test_a_page_is_found_again_as_it_was_left() -> None:
    async with inspecting(relayed()) as dash:
        await dash.press("tab", "d", "d", "shift+tab", "tab")
        assert current(dash) == "logit_bias: { 50256: -100 }"


async def test_older_and_newer_exchanges_keep_the_page() -> None:
    first, second, third = relayed(), converted(), refused()
    async with inspecting(second, first, third) as dash:
        await dash.press("tab", "J")
        await dash.until(lambda: ("exchange", first.id) in dash.control.calls)
        await dash.sees(first.id, "enable_thinking")
        await dash.press("J")
        await dash.sees("no older exchange is kept here")
        await dash.press("K", "K")
        await dash.sees(third.id, "a2a serve --log-bodies")
        await dash.press("K")
        await dash.sees("there is no newer exchange")


async def test_a_running_exchange_is_followed_to_its_end() -> None:
    live = converted(
        state="streaming",
        status=None,
        bodies=None,
        attempts=attempts()[:1],
        timings=Timings(),
        tokens=None,
        started_at=AT,
    )
    async with inspecting(live) as dash:
        await dash.sees("streaming")
        done = converted()
        dash.control.record[done.id] = done
        dash.control.push(ExchangeChanged(structs.replace(done, bodies=None)))
        await dash.sees("served 200", "2 claude/home")
        await dash.press("tab")
        await dash.sees("to claude/home")


async def test_the_time_of_a_running_exchange_goes_on() -> None:
    live = converted(state="waiting", status=None, bodies=None, attempts=attempts()[1:], timings=Timings())
    live.attempts[0] = structs.replace(live.attempts[0], duration_ms=None, outcome=None, first_event_ms=None)
    async with inspecting(live) as dash:
        before = dash.line_of("claude/home")
        dash.clock.at += 100
        dash.app.beat()
        await dash.until(lambda: dash.line_of("claude/home") != before)


async def test_the_request_is_copied_as_curl() -> None:
    async with inspecting(converted()) as dash:
        await dash.press("c")
        assert dash.app.clipboard.startswith("curl -N http://127.0.0.1:3000/v1/chat/completions")
        assert "$A2A_API_KEY" in dash.app.clipboard
        await dash.sees("copied as a curl command", "set A2A_API_KEY to a key of this server")


async def test_a_body_that_had_no_room_is_not_promised_by_a_flag() -> None:
    async with inspecting(converted(bodies=None, bodies_lost=True)) as dash:
        await dash.press("r")
        await dash.sees("not recorded: more came at that", "send the request again")
        await dash.press("tab")
        await dash.sees("were not recorded: more came at that moment")
        assert "--log-bodies" not in dash.text()


async def test_without_a_body_there_is_nothing_to_copy_or_send() -> None:
    async with inspecting(converted(bodies=None)) as dash:
        await dash.press("c")
        await dash.sees("the request's body was not recorded", "a2a serve --log-bodies")
        await dash.press("r", "R", "s")
        assert not [call for call in dash.control.calls if call[0] in ("replay", "cassette")]


async def test_an_editor_gets_what_the_page_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(outside, "run", lambda command, texts: ran.append((command, list(texts))))

    @contextlib.contextmanager
    def suspend() -> Iterator[None]:
        yield

    async with inspecting(converted(), editor="vim -R", pager="less") as dash:
        monkeypatch.setattr(dash.app, "suspend", suspend)
        await dash.press("tab", "e", "tab", "p")
        assert ran == [
            ("vim -R", ["client-request.json", "upstream-request.json"]),
            ("less", ["upstream-answer.txt", "client-answer.txt"]),
        ]


async def test_a_program_that_cannot_be_run_leaves_the_screen_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    resumed: list[bool] = []

    @contextlib.contextmanager
    def suspend() -> Iterator[None]:
        """As Textual's: what is raised in there leaves the screen suspended."""
        yield
        resumed.append(True)

    async with inspecting(converted(), pager="no-such-pager-here -x") as dash:
        monkeypatch.setattr(dash.app, "suspend", suspend)
        await dash.press("p")
        await dash.sees("no-such-pager-here cannot be run", "set PAGER before a2a dash starts")
        assert resumed == [True]


async def test_an_editor_that_cannot_be_opened_is_told() -> None:
    async with inspecting(converted(), editor="vim") as dash:
        await dash.press("p")
        await dash.sees("no pager is set", "set PAGER before a2a dash starts")
        await dash.press("e")  # this terminal is none
        await dash.sees("an editor cannot be opened from a browser")


async def test_a_request_is_sent_again_elsewhere() -> None:
    async with inspecting(converted()) as dash:
        after = converted(id="ex_01kamc8q1v00000009", attempts=[structs.replace(attempts()[1], account="kiro/work")])
        assert after.bodies is not None
        after.bodies.answer = CHAT_STREAM.replace("18 °C", "19 °C")

        async def replay(exchange_id: str, wish: ReplayWish) -> Replayed:
            dash.control.calls.append(("replay", exchange_id, wish))
            return Replayed(before=converted(), after=after)

        dash.control.replay = replay  # type: ignore[method-assign]
        await dash.press("r")
        await dash.sees("Send this request again")
        await dash.type("nobody")
        await dash.press("enter", "enter")
        await dash.sees("no such account or provider")
        await dash.press(*["backspace"] * 6)
        await dash.type("kiro/work")
        await dash.press("enter")
        await dash.type("sonnet")
        await dash.press("enter")
        await dash.sees("before: claude/home", "again: kiro/work", "19 °C")
        assert ("replay", converted().id, ReplayWish(provider="kiro/work", model="sonnet")) in dash.control.calls
        await check_screen(dash, "inspect-replay-120x40")
        dash.control.record[after.id] = after
        await dash.press("o")
        await dash.until(lambda: ("exchange", after.id) in dash.control.calls)


async def test_a_request_is_sent_again_as_it_went() -> None:
    async with inspecting(converted()) as dash:
        await dash.press("R")
        await dash.sees("Replay", "both say the same")
        assert ("replay", converted().id, ReplayWish()) in dash.control.calls


async def test_a_word_sends_it_again() -> None:
    async with inspecting(converted()) as dash:
        await dash.press(":")
        await dash.type("replay kiro/work opus")
        await dash.press("enter")
        await dash.sees("both say the same")
        assert ("replay", converted().id, ReplayWish(provider="kiro/work", model="opus")) in dash.control.calls


async def test_a_replay_that_fails_says_why() -> None:
    async with inspecting(converted()) as dash:

        async def replay(exchange_id: str, wish: ReplayWish) -> Replayed:
            raise A2AError("its body was cut", hint="raise log_body_max_kib")

        dash.control.replay = replay  # type: ignore[method-assign]
        await dash.press("R")
        await dash.sees("its body was cut", "raise log_body_max_kib")


async def test_a_cassette_is_saved(tmp_path: Path) -> None:
    async with inspecting(converted(), saves=tmp_path) as dash:
        await dash.press("s")
        await dash.sees("Save as a cassette", f"{converted().id}.json")
        await dash.press("enter")
        path = tmp_path / f"{converted().id}.json"
        await dash.until(path.exists)
        await dash.sees("saved")
        assert path.read_text() == '{"a2a_cassette": 1}\n'
        assert path.stat().st_mode & 0o777 == 0o600


async def test_a_file_is_not_replaced_without_a_yes(tmp_path: Path) -> None:
    path = tmp_path / f"{converted().id}.json"
    path.write_text("mine")
    async with inspecting(converted(), saves=tmp_path) as dash:
        await dash.press("s", "enter")
        await dash.sees(f"Replace {path.name}?")
        await dash.press("n")
        assert path.read_text() == "mine"
        await dash.press("s", "enter", "y")
        await dash.until(lambda: path.read_text() != "mine")


async def test_a_cassette_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with inspecting(converted(), saves=tmp_path / "file") as dash:
        await dash.press("s", "enter")
        await dash.sees("choose another folder")


async def test_a_bad_replay_name_offers_the_accounts() -> None:
    control = FakeControl([account("kiro/work")], [converted()])
    async with dashboard(control, TALL) as dash:
        dash.app.post_message(Goto("exchange", converted().id))
        await dash.sees("Timeline")
        await dash.press("r")
        await dash.sees("as before; or kiro/work")


async def test_keys_that_do_nothing_on_a_page_are_not_offered() -> None:
    async with inspecting(relayed()) as dash:
        await dash.until(lambda: "words or bytes" not in dash.lines()[-1])
        await dash.until(lambda: "attempt" not in dash.lines()[-1])
        await dash.press("tab", "tab")
        await dash.until(lambda: "words or bytes" in dash.lines()[-1])


async def test_kiro_bodies_are_shown_as_what_they_hold() -> None:
    from support.fake_exchange import KIRO_STREAM

    exchange = converted(attempts=attempts()[1:])
    assert exchange.bodies is not None
    exchange.bodies.attempts = [AttemptBodies(n=2, request="{}", answer=KIRO_STREAM)]
    async with inspecting(exchange) as dash:
        await dash.press("tab", "tab")
        await dash.sees("Hello")
        await dash.press("t")
        await dash.sees("assistantResponseEvent")
