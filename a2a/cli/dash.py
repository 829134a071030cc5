"""`a2a dash`: the dashboard, on a server that runs or on one that begins and ends with the screen."""

from __future__ import annotations

import locale
import logging
import shlex
import subprocess  # for its quoting of a command line
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from a2a.cli.home import Home
from a2a.cli.output import Out, out_of
from a2a.config import PROVIDER_SHORT, Settings
from a2a.errors import UsageError

if TYPE_CHECKING:
    from a2a.cli.dash_server import OwnServer
    from a2a.tui.desk import Around

_EXAMPLES = """\b
Examples:
  a2a dash
  a2a dash --url http://192.168.1.5:3000     with A2A_API_KEY set to its key
  a2a dash --web                             the same in a browser

\b
Keys: ? shows those of each view, : takes commands, / filters, q leaves.
Everything here is a command too: a2a accounts, a2a logs, a2a stats, all with --json.
"""

WEB_PORT = 8787
THEMES = "dark|light|contrast|mono"


def register(app: typer.Typer) -> None:
    app.command("dash", epilog=_EXAMPLES)(_dash)


def _dash(
    ctx: typer.Context,
    url: Annotated[str | None, typer.Option(help="The server to watch.  [default: the one that runs here]")] = None,
    theme: Annotated[
        str | None, typer.Option(metavar=THEMES, help="Colours.  [default: those of the last time]")
    ] = None,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="Draw with ASCII characters only.")] = False,
    web: Annotated[bool, typer.Option("--web", help="Show it in a browser, on this machine.")] = False,
    web_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where --web listens; 0 picks a free port.")
    ] = WEB_PORT,
    in_browser: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Watch accounts and requests as they happen, and act on them. Starts a server if none runs."""
    from a2a.cli.loop import run

    out = out_of(ctx)
    settings = out.settings()
    if url is not None:
        settings.url = url
    home = Home(out, settings, attended=True)
    around = _around(settings, out, theme, ascii_only)
    if web:
        run(_serve_browser(home, web_port, around))
        return
    _check_terminal(out, settings, in_browser)
    if code := run(_show(home, around)):
        raise typer.Exit(code)


def _check_terminal(out: Out, settings: Settings, in_browser: bool) -> None:
    """Raises UsageError where nothing can be drawn."""
    hint = "for scripts: a2a accounts --json, a2a logs --json, a2a stats --json"
    if out.json:
        raise UsageError("the dashboard is for eyes, it has no --json", hint=hint)
    if in_browser:
        return
    if not (out.interactive and out.stderr.isatty()):  # Textual draws on stderr
        raise UsageError("the dashboard needs a terminal, on stdin and stderr", hint=hint)
    if settings.surroundings.term == "dumb":
        raise UsageError("this terminal (TERM=dumb) cannot draw a screen", hint="a2a accounts, a2a logs tail")


def _around(settings: Settings, out: Out, theme: str | None, ascii_only: bool) -> Around:
    """What the screen is told of terminal and machine. Raises UsageError for a theme that does not exist."""
    from a2a.cli.qr import lines
    from a2a.tui import memory, themes
    from a2a.tui.desk import Around
    from a2a.tui.marks import ASCII, UNICODE

    if theme is not None and theme not in themes.NAMES:
        raise UsageError(f"no theme {theme!r}", hint=f"--theme {', '.join(themes.NAMES)}")
    remembered = settings.folders.state / "dash.json"
    usual = "mono" if settings.surroundings.no_color else memory.theme(remembered) or "dark"
    return Around(
        marks=ASCII if ascii_only or not _draws_unicode(out) else UNICODE,
        theme=theme or usual,
        shorts=PROVIDER_SHORT,
        editor=settings.surroundings.editor,
        pager=settings.surroundings.pager,
        saves=Path.cwd(),
        keys=settings.folders.config / "keys.toml",
        remembered=remembered,
        qr=lines,
    )


def _draws_unicode(out: Out) -> bool:
    """Whether the locale is UTF-8."""
    encoding = getattr(out.stderr, "encoding", None) or locale.getpreferredencoding(False)
    return encoding.lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig")


async def _show(home: Home, around: Around) -> int:
    """The screen until the person leaves; then the server that was started for it ends. Returns the exit code."""
    from msgspec import structs

    from a2a.cli.dash_server import Finder, OwnServer, ends
    from a2a.cli.dash_terminal import leaving_on_signals, whole_terminal
    from a2a.clock import SystemClock
    from a2a.tui.app import Dash
    from a2a.tui.state import State

    own = OwnServer(home.out.config)
    state = State(SystemClock())
    finder = Finder(home, own, lambda: state.set_link("attaching", "starting a server", "it ends with this screen"))
    app = Dash(finder.connect, state, structs.replace(around, ends=ends(own)))
    logging.disable()  # a line on stderr would stand across the screen
    try:
        with whole_terminal(), leaving_on_signals(app.exit):
            await app.run_async()
    finally:
        logging.disable(logging.NOTSET)
        await _end(home.out, own)
    return app.return_code or 0


async def _end(out: Out, own: OwnServer) -> None:
    if own.runs:
        which = f"the server at {own.url}, which was started" if own.url else "the server that was about to start"
        out.say(f"ending {which} with the screen")
        await own.stop()


async def _serve_browser(home: Home, port: int, around: Around) -> None:
    """One server for all pages that are opened. Raises UsageError without textual-serve."""
    from a2a.cli.dash_server import Finder, OwnServer
    from a2a.server.browser import serve

    out = home.out
    if find_spec("textual_serve") is None:
        told = "--web needs textual-serve, which is not installed"
        raise UsageError(told, hint="pip install 'aiclient2api[web]'")
    own = OwnServer(out.config)
    try:
        client = await Finder(home, own).connect()
        await client.aclose()
        command = _command(out, client.url, around)
        await serve(command, port, ready=lambda url: out.tell(f"the dashboard is at {url}  (Ctrl-C ends it)"))
    finally:
        await _end(out, own)


def _command(out: Out, url: str, around: Around) -> str:
    """The command line of one page, for the system's shell."""
    words = [sys.executable, "-m", "a2a"]
    words += ["--config", out.config] if out.config else []
    words += ["dash", "--in-browser", "--url", url, "--theme", around.theme]
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)
