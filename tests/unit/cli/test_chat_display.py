"""What of an answer goes where while it comes."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from a2a.cli.output import Out, ReaderGone
from a2a.cli.talk.display import FRAME_S, SHARE, WAIT_S, Display, remark
from a2a.messages import Delta, PartStart, Reasoning, Refusal, Text, ToolCall


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Timer:
    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    """`pass_` lets time go by, and runs what is due."""

    def __init__(self) -> None:
        self.now = 100.0
        self.due: list[tuple[float, Timer, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None], *args: Any) -> Any:
        timer = Timer()
        self.due.append((self.now + delay, timer, callback))
        return timer

    def pass_(self, seconds: float) -> None:
        end = self.now + seconds
        while ready := sorted((one for one in self.due if one[0] <= end), key=lambda one: one[0]):
            at, timer, callback = ready[0]
            self.due.remove(ready[0])
            self.now = max(self.now, at)
            if not timer.cancelled:
                callback()
        self.now = max(self.now, end)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def terminal_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)


def outs(*, stdout: bool = False, stderr: bool = False) -> Out:
    """Which of the two is a terminal."""
    kinds = {True: Terminal, False: io.StringIO}
    return Out(io.StringIO(), kinds[stdout](), kinds[stderr]())


def said(out: Out) -> tuple[str, str]:
    assert isinstance(out.stdout, io.StringIO)
    assert isinstance(out.stderr, io.StringIO)
    return out.stdout.getvalue(), out.stderr.getvalue()


ODD = "a *b*\r\n\x1b[1mraw\x00\n\n\ttext "


def test_a_pipe_gets_every_byte_and_a_newline_at_the_end(clock: Clock) -> None:
    out = outs()
    display = Display(out, clock)
    for letter in ODD:
        display.event(Delta(0, letter))
    display.end()
    assert said(out) == (ODD + "\n", "")


@pytest.mark.parametrize("text", ["ends\n", "ends\n\n"])
def test_no_second_newline(text: str, clock: Clock) -> None:
    out = outs()
    display = Display(out, clock)
    display.whole([Text(text=text)])
    display.end()
    assert said(out)[0] == text


def test_nothing_came(clock: Clock) -> None:
    out = outs(stdout=True)
    Display(out, clock).end()
    assert said(out) == ("", "")


def test_a_terminal_gets_markdown(clock: Clock) -> None:
    out = outs(stdout=True)
    display = Display(out, clock)
    display.event(Delta(0, "**bo"))
    clock.pass_(1)
    display.event(Delta(0, "ld**"))
    display.end()
    assert said(out)[0].endswith("\x1b[1mbold\x1b[0m\x1b[K\x1b[J\n")


@pytest.mark.parametrize(("term", "markdown"), [("dumb", True), ("unknown", True), ("xterm", False)])
def test_a_terminal_that_gets_the_text(
    term: str, markdown: bool, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    out = outs(stdout=True)
    display = Display(out, clock, markdown=markdown)
    display.whole([Text(text="**a** \x1b[2J")])
    display.end()
    assert said(out)[0] == "**a** [2J\n"


def test_a_forced_colour_is_no_terminal(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    out = outs()
    display = Display(out, clock)
    display.whole([Text(text="**a**")])
    display.end()
    assert said(out)[0] == "**a**\n"


def test_painting_waits_for_its_frame(clock: Clock) -> None:
    out = outs(stdout=True)
    display = Display(out, clock)
    display.event(Delta(0, "a"))
    clock.pass_(0)
    painted = said(out)[0]
    display.event(Delta(0, "b"))
    clock.pass_(FRAME_S / 2)
    assert said(out)[0] == painted
    clock.pass_(FRAME_S)
    assert "ab" in said(out)[0]


def test_slow_painting_is_painted_less_often(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    out = outs(stdout=True)
    display = Display(out, clock)
    write = out.piece

    def slow(text: str) -> None:
        clock.now += 1.0
        write(text)

    display._voice._region._write = slow  # type: ignore[union-attr]
    display.event(Delta(0, "a"))
    clock.pass_(0)
    display.event(Delta(0, "b"))
    clock.pass_(SHARE - 0.5)
    assert "ab" not in said(out)[0]
    clock.pass_(1.0)
    assert "ab" in said(out)[0]


def test_a_reader_that_is_gone_is_told_where_somebody_waits(clock: Clock) -> None:
    out = outs(stdout=True)
    display = Display(out, clock)

    def gone(text: str) -> None:
        raise ReaderGone

    display._voice._region._write = gone  # type: ignore[union-attr]
    display.event(Delta(0, "a"))
    clock.pass_(1)
    with pytest.raises(ReaderGone):
        display.event(Delta(0, "b"))


def test_reasoning_goes_to_stderr(clock: Clock) -> None:
    out = outs()
    display = Display(out, clock)
    display.event(PartStart(0, Reasoning()))
    display.event(Delta(0, "hm"))
    display.event(PartStart(1, Text(text="")))
    display.event(Delta(1, "yes"))
    display.event(PartStart(2, ToolCall(id="1", name="f", args="")))
    display.event(Delta(2, "{}"))
    display.event(PartStart(3, Refusal(text="")))
    display.event(Delta(3, ", no"))
    display.end()
    assert said(out) == ("yes, no\n", "hm\n")


def test_reasoning_is_dim_on_a_terminal(clock: Clock) -> None:
    out = outs(stderr=True)
    display = Display(out, clock)
    display.whole([Reasoning(text="hm\x1b[2J"), Text(text="yes")])
    display.end()
    assert said(out) == ("yes\n", "\x1b[2mhm[2J\x1b[0m\n\n")


def test_quiet_leaves_reasoning_out(clock: Clock) -> None:
    out = outs(stderr=True)
    out.quiet = True
    display = Display(out, clock)
    clock.pass_(5)
    display.whole([Reasoning(text="hm"), Text(text="yes")])
    display.end()
    assert said(out) == ("yes\n", "")


def test_waiting_is_counted_until_something_comes(clock: Clock) -> None:
    out = outs(stderr=True)
    display = Display(out, clock)
    clock.pass_(WAIT_S * 2)
    assert "waiting 1 s" in said(out)[1]
    assert "waiting 2 s" in said(out)[1]
    display.event(Delta(0, "a"))
    clock.pass_(10)
    display.end()
    assert said(out)[1].endswith("waiting 2 s\x1b[0m\x1b[K\r\x1b[K")


def test_remarks_are_dim_on_a_terminal() -> None:
    for terminal, shown in ((True, "\x1b[2mx\x1b[0m\n"), (False, "x\n")):
        out = outs(stderr=terminal)
        remark(out, "x")
        assert said(out)[1] == shown


def test_remarks_end_rows_between_words_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    out = outs(stderr=True)
    remark(out, "[kiro/work auto, 12 in, 34 out]")
    assert said(out)[1] == "\x1b[2m[kiro/work auto, 12\nin, 34 out]\x1b[0m\n"


def test_reasoning_ends_rows_between_words_on_a_terminal(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    out = outs(stderr=True)
    display = Display(out, clock)
    display.event(PartStart(0, Reasoning()))
    for piece in ("The question ", "is what the ques", "tion is"):
        display.event(Delta(0, piece))
    display.end()
    shown = said(out)[1].replace("\x1b[2m", "").replace("\x1b[0m", "")
    assert shown == "The question is\nwhat the question\nis\n\n"
