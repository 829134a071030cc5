"""The person at the terminal, as login flows see them: codes, QR and pages on stderr, pasted lines from stdin."""

from __future__ import annotations

import asyncio
import threading
import time
import webbrowser
from types import TracebackType
from typing import TYPE_CHECKING, Self

from a2a.auth.login.person import DeviceCode
from a2a.cli import clipboard, qr, typed
from a2a.cli.output import Out
from a2a.errors import LoginFailed

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live


class TerminalPerson:
    """A `Person`, and a context manager that ends the countdown. `browser`: whether a page may be opened here."""

    def __init__(self, out: Out, *, browser: bool) -> None:
        from rich.console import Console  # deferred: 60 ms; it honours NO_COLOR and TERM=dumb by itself

        self._out = out
        self._browser = browser
        self._console: Console = Console(file=out.stderr, highlight=False, soft_wrap=True)
        self._live: Live | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def show_code(self, code: DeviceCode) -> None:
        self._stop()
        where = code.complete_url or code.url
        if self._console.is_terminal:
            self._paint_qr(where)
        copied = self._out.interactive and clipboard.copy(code.user_code)
        opened = self._open(where)
        self._out.tell(
            f"Sign in to {code.service}: {'opened in your browser' if opened else 'open this page anywhere'}"
        )
        self._out.tell(f"  {where}")
        self._out.tell(f"  code: {code.user_code}{'  (copied)' if copied else ''}")
        if not self._console.is_terminal:
            self._out.tell(f"  good for {_left(code.expires_at)}")
            return
        self._count_down(code.expires_at)

    def show_page(self, url: str, *, opens: bool, paste: str | None, expires_at: float) -> None:
        self._stop()
        opened = opens and self._open(url)
        self._out.tell("Opened in your browser:" if opened else "Open this page in a browser:")
        self._out.tell(f"  {url}")
        if paste:
            self._out.tell(f"Then paste {paste} here" + (", if the browser runs elsewhere:" if opens else ":"))
        self._out.tell(f"  good for {_left(expires_at)}; Ctrl-C ends the login")

    async def pasted(self) -> str:
        if (text := await typed.line(self._out.stdin)) is not None:
            return text
        never: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        return await never  # the input has ended: nobody will paste

    def remark(self, text: str) -> None:
        self._out.say(text)

    async def choose(self, question: str, options: list[str]) -> int:
        self._stop()
        if not self._out.interactive:
            raise LoginFailed(f"{question} {', '.join(options)}", hint="without a terminal say it with an option")
        for number, option in enumerate(options, 1):
            self._out.tell(f"  {number}  {option}")
        while True:
            self._out.prompt(f"{question} [1-{len(options)}] ")
            text = await typed.line(self._out.stdin)
            if text is None:
                raise LoginFailed("nothing was chosen")
            if text.isdecimal() and 1 <= int(text) <= len(options):
                return int(text) - 1

    def _open(self, url: str) -> bool:
        """In a thread: some browsers are commands that stay until they are closed."""
        if not self._browser:
            return False
        threading.Thread(target=webbrowser.open, args=(url,), name="a2a-browser", daemon=True).start()
        return True

    def _paint_qr(self, url: str) -> None:
        from rich.text import Text

        plain = self._console.no_color or self._console.color_system is None
        if not self._console.encoding.lower().startswith("utf"):
            return
        painted = qr.lines(url, inverted=plain)
        if len(painted[0]) > self._console.width:
            return
        for line in painted:
            self._console.print(Text(line, style="" if plain else "black on bright_white"))

    def _count_down(self, expires_at: float) -> None:
        from rich.live import Live
        from rich.text import Text

        self._live = Live(
            console=self._console,
            get_renderable=lambda: Text(f"waiting for you: {_left(expires_at)} left, Ctrl-C ends the login"),
            refresh_per_second=2,
            transient=True,
        )
        self._live.start()


def _left(expires_at: float) -> str:
    """`9:58` until then, never negative."""
    seconds = max(0, round(expires_at - time.time()))
    return f"{seconds // 60}:{seconds % 60:02}"
