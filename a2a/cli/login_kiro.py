"""Login to Kiro: by a device code, in the browser, with a key, or by import of the IDE's or kiro-cli's login."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from a2a.cli import login_import, login_key, login_oauth
from a2a.cli.home import Home
from a2a.cli.login_flow import Login, options_hint, warn_first
from a2a.cli.login_import import Import
from a2a.errors import UsageError

if TYPE_CHECKING:
    from a2a.gateway.logins.keeping import Done

QUESTION = "Use this Kiro account with a2a?"


FROM_CLI = ("from-cli", "take over the login of the Kiro IDE or kiro-cli on this machine")
"""A way that needs this machine, so the control API does not have it."""


def log_in(home: Home, login: Login) -> Done:
    """Raises UsageError, LoginFailed, NeedsLogin, UpstreamError, StoreError."""
    from a2a.gateway.logins import kiro

    kiro.check_places(login)
    method = _method(home, login)
    if login.start_url and method != "idc":
        raise UsageError("--start-url belongs to --method idc", hint=options_hint(login.provider, "--method idc"))
    if login.region and method not in ("idc", "api-key"):
        raise UsageError(f"--region means nothing for --method {method}", hint="the login itself knows its region")
    if login.device and method == "portal":
        ways = options_hint(login.provider, "--method google", "--method builder-id")
        raise UsageError("Kiro's portal comes back to a port of this machine, a code does not", hint=ways)
    if method == "idc" and not login.start_url:
        if not home.out.interactive:
            raise UsageError("--method idc needs your organisation's start URL", hint="add --start-url U")
        url = home.out.ask("start URL (https://….awsapps.com/start)")
        login = structs.replace(login, start_url=url)
    warn_first(home, login, QUESTION)
    if method == "from-cli":
        return _from_cli(home, login)
    if method == "import":
        return login_import.log_in(home, login, Import(cli_file="", what=kiro.in_words))
    if method == "api-key":
        return _with_key(home, login)
    here = home.settings.surroundings.browser and not (login.no_browser or login.device)
    flow, finish = kiro.flow_of(login, method, browser=here), kiro.finish_of(home, login)
    return login_oauth.log_in(home, login, flow, finish=finish)


def _method(home: Home, login: Login) -> str:
    """What was asked for, by options or from the menu. Raises UsageError for options that contradict each other."""
    given = [
        *(["from-cli"] if login.from_cli else []),
        *(["import"] if login.file or login.base64 else []),
        *(["api-key"] if login.keyed and login.method != "api-key" else []),
        *([login.method] if login.method else []),
        *(["idc"] if login.start_url and not login.method else []),
    ]
    if login.imports and login.profile:
        raise UsageError("--profile belongs to a new login", hint="an imported one knows its profile")
    if len(given) > 1:
        raise UsageError("these options name more than one way to log in", hint="give one of them")
    if given:
        return given[0]
    if not home.out.interactive:
        ways = options_hint(login.provider, "--from-cli", "--method builder-id", "--method google")
        raise UsageError("say how to log in to Kiro", hint=ways)
    home.out.tell("How do you log in to Kiro?")
    menu = _menu()
    for number, (_, words) in enumerate(menu, 1):
        home.out.tell(f"  {number}  {words}")
    answer = home.out.ask(f"number [1-{len(menu)}]")
    if answer.isdecimal() and 1 <= int(answer) <= len(menu):
        return menu[int(answer) - 1][0]
    raise UsageError(f"{answer!r} is no line of this list", hint="type its number")


def _menu() -> list[tuple[str, str]]:
    """Method and words; a key comes last."""
    from a2a.gateway.logins.methods import KEY, KIRO, ways_of

    known = [(method, way.title) for method, way in ways_of(KIRO).items()]
    return [*(way for way in known if way[0] != KEY), FROM_CLI, *(way for way in known if way[0] == KEY)]


def _from_cli(home: Home, login: Login) -> Done:
    """The first login of Kiro's own programs (specs/kiro.md 2.6); says what it took."""
    from a2a.auth.kiro_official import official_sources
    from a2a.gateway.logins import kiro

    found = official_sources(Path.home(), home.settings.surroundings)
    home.out.say(f"taking over {found.words}")
    if found.path is not None:
        home.out.say("Kiro renews it too: whoever does so second may be logged out, so prefer a login of a2a's own")
    source = str(found.path) if found.path else None
    return login_import.take_over(home, login, found.token, source=source, what=kiro.in_words(found.token))


def _with_key(home: Home, login: Login) -> Done:
    from a2a.cli.loop import run
    from a2a.gateway.logins import kiro

    return run(kiro.with_key(home, login, login_key.key_text(home, login)))
