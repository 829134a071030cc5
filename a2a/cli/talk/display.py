"""What of an answer goes where while it comes: the text to stdout, on a terminal as Markdown; reasoning to stderr, dim.

In a pipe, in a file and on a dumb terminal the answer is the text as it came, byte for byte, and ends with a newline.
On a terminal control characters are left out, so that an answer cannot drive it.
"""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from a2a.cli.output import MAX_WIDTH, Out, ReaderGone
from a2a.cli.talk.aside import Aside
from a2a.cli.talk.controls import clean
from a2a.messages import Delta, Event, Part, PartStart, Reasoning, Refusal, Text

if TYPE_CHECKING:
    from rich.console import Console

    from a2a.cli.talk.wrapped import Wrapped

FRAME_S = 1 / 30
"""The screen is painted at most so often."""

SHARE = 3
"""Painting takes at most one part in so many of the time, however large the open block is."""

WAIT_S = 1.0
"""After so long without a sign the waiting is shown, and counted."""


class Clock(Protocol):
    """The part of an event loop that is needed here."""

    def time(self) -> float: ...

    def call_later(self, delay: float, callback: Any, *args: Any) -> asyncio.TimerHandle: ...


class Plain:
    """The text as it comes. `shown`: it goes to a terminal."""

    def __init__(self, out: Out, *, shown: bool) -> None:
        self._out = out
        self._shown = shown
        self._last = ""

    def text(self, piece: str) -> None:
        piece = clean(piece) if self._shown else piece
        if piece:
            self._last = piece[-1]
            self._out.piece(piece)

    def pause(self) -> None:
        """Something else is shown now."""
        self.end()

    def end(self) -> None:
        if self._last not in ("", "\n"):
            self._out.piece("\n")
        self._last = ""


class Screen:
    """Markdown on a terminal: what is final is printed, what may still change is painted over."""

    def __init__(self, out: Out, console: Console, clock: Clock) -> None:
        from a2a.cli.talk.flow import Flow
        from a2a.cli.talk.region import Region
        from a2a.cli.talk.shape import Shaper

        self._region = Region(out.piece, lambda: (console.size.width, console.size.height))
        self._flow = Flow(Shaper(console))
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0
        self._more = ""
        self._gone: ReaderGone | None = None

    def text(self, piece: str) -> None:
        if self._gone is not None:
            raise self._gone
        self._more += piece
        if self._timer is None:
            self._timer = self._clock.call_later(max(0.0, self._next - self._clock.time()), self._tick)

    def _tick(self) -> None:
        self._timer = None
        try:
            self._paint(final=False)
        except ReaderGone as gone:  # raised where somebody waits, not in the loop
            self._gone = gone

    def _paint(self, *, final: bool) -> None:
        begun = self._clock.time()
        more, self._more = self._more, ""
        self._region.paint(*self._flow.step(more, self._region.rows, final=final))
        now = self._clock.time()
        self._next = now + max(FRAME_S, SHARE * (now - begun))

    def pause(self) -> None:
        """Something else is shown now: what is open stays as it is."""
        self.end()

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._paint(final=True)


def remark(out: Out, text: str) -> None:
    """A remark on stderr, on a terminal dim and broken between words."""
    if (console := _terminal(out.stderr)) is not None:
        folded = textwrap.fill(text, max(2, console.size.width - 1), break_on_hyphens=False)
        text = f"\x1b[2m{folded}\x1b[0m"
    out.say(text)


def _terminal(stream: TextIO) -> Console | None:
    """The stream as a terminal that takes escape sequences, if it is one."""
    if not stream.isatty():
        return None
    from rich.console import Console  # deferred: a pipe does without its 0.2 s

    console = Console(file=stream, highlight=False)
    return None if console.is_dumb_terminal or console.legacy_windows else console


class Display:
    """One answer. `end` whatever happens."""

    def __init__(self, out: Out, clock: Clock, *, markdown: bool = True) -> None:
        console = _terminal(out.stdout) if markdown else None
        self._voice = Screen(out, console, clock) if console else Plain(out, shown=out.stdout.isatty())
        self._out = out
        self._thoughts = _Thoughts(out)
        self._waiting = _Waiting(out, clock)
        self._aside = Aside(out)
        self._aside.open()
        self._kinds: dict[int, type] = {}
        self.wrote = False
        """Whether any of the answer was shown."""

    def event(self, event: Event) -> None:
        """An event of the stream."""
        if isinstance(event, PartStart):
            self._kinds[event.i] = type(event.part)
        elif isinstance(event, Delta):
            self._part(self._kinds.get(event.i, Text), event.text)

    def whole(self, parts: Sequence[Part]) -> None:
        """The parts of an answer that came at once."""
        for part in parts:
            if isinstance(part, Text | Refusal | Reasoning):
                self._part(type(part), part.text)

    def _part(self, kind: type, text: str) -> None:
        if not text:
            return
        self._waiting.over()
        if kind in (Text, Refusal):
            self._thoughts.end()
            self.wrote = True
            self._voice.text(text)
        elif kind is Reasoning and not self._out.quiet:
            if not self._thoughts.open:
                self._voice.pause()
            self._thoughts.text(text)

    def end(self) -> None:
        """Everything that came is on the screen, and the cursor at the beginning of a line."""
        try:
            self._waiting.over()
            self._thoughts.end()
            self._voice.end()
        finally:
            self._aside.close()


class _Thoughts:
    """Reasoning on stderr, on a terminal dim and broken between words."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._terminal = out.stderr.isatty()
        self._lines: Wrapped | None = None
        if (console := _terminal(out.stderr)) is not None:
            from a2a.cli.talk.wrapped import Wrapped

            self._lines = Wrapped(lambda: min(console.size.width, MAX_WIDTH))
        self.open = False

    def text(self, piece: str) -> None:
        self.open = True
        shown = clean(piece) if self._terminal else piece
        self._say(self._lines.add(shown) if self._lines else shown)

    def _say(self, text: str) -> None:
        if text:
            self._out.prompt(f"\x1b[2m{text}\x1b[0m" if self._lines else text)

    def end(self) -> None:
        if self.open:
            self.open = False
            self._say(self._lines.rest() if self._lines else "")
            self._out.prompt("\n\n" if self._terminal else "\n")


class _Waiting:
    """`waiting 3 s` on a terminal's stderr, gone at the first sign of an answer."""

    def __init__(self, out: Out, clock: Clock) -> None:
        self._out = out
        self._clock = clock
        self._shown = False
        self._since = clock.time()
        self._timer: asyncio.TimerHandle | None = None
        if not out.quiet and _terminal(out.stderr) is not None:
            self._timer = clock.call_later(WAIT_S, self._tick)

    def _tick(self) -> None:
        self._shown = True
        self._timer = self._clock.call_later(WAIT_S, self._tick)
        try:
            self._out.prompt(f"\r\x1b[2mwaiting {round(self._clock.time() - self._since)} s\x1b[0m\x1b[K")
        except ReaderGone:
            self._timer.cancel()

    def over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._shown:
            self._shown = False
            self._out.prompt("\r\x1b[K")
