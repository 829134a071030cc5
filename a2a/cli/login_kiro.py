"""Login to Kiro: by a device code, in the browser, with a key, or by import of the IDE's or kiro-cli's login."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from a2a.cli import login_import, login_key, login_oauth
from a2a.cli.home import Home
from a2a.cli.login_flow import Done, Login, options_hint, warn_first
from a2a.cli.login_import import Import
from a2a.errors import LoginFailed, NeedsLogin, UpstreamError, UsageError

if TYPE_CHECKING:
    from a2a.auth.endpoint import AuthUrls, HttpClient
    from a2a.auth.records import Account, KiroToken, Token
    from a2a.cli.terminal_person import TerminalPerson
    from a2a.clock import Clock

RISK = """\
Kiro has no public API. a2a speaks the private one of the Kiro IDE; third-party use may breach its terms of service, and
users of such tools have reported suspended accounts (kirodotdev/Kiro #4963 to #10865, as of 2026-11-22). Only AWS
support lifts a suspension. a2a imitates no client and stops at the first sign, but the risk is yours: use an account
that you own and can do without."""

QUESTION = "Use this Kiro account with a2a?"


class _Way(Struct, frozen=True):
    """One line of the menu, in the order of specs/kiro.md 4: what needs no port and works over SSH comes first."""

    method: str
    words: str


_WAYS = (
    _Way("builder-id", "AWS Builder ID, by a code to confirm on any device"),
    _Way("google", "Google, by a code to confirm on any device"),
    _Way("github", "GitHub, by a code to confirm on any device"),
    _Way("idc", "your organisation's IAM Identity Center (asks for its start URL)"),
    _Way("portal", "Kiro's sign-in page in the browser"),
    _Way("from-cli", "take over the login of the Kiro IDE or kiro-cli on this machine"),
    _Way("api-key", "a Kiro API key (ksk_…)"),
)


def log_in(home: Home, login: Login) -> Done:
    """Raises UsageError, LoginFailed, NeedsLogin, UpstreamError, StoreError."""
    _check_places(login)
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
    warn_first(home, login, RISK, QUESTION)
    if method == "from-cli":
        return _from_cli(home, login)
    if method == "import":
        return login_import.log_in(home, login, Import(cli_file="", what=_what))
    if method == "api-key":
        return _with_key(home, login)
    return login_oauth.log_in(home, login, _flow(home, login, method), finish=_finish(home, login))


def _check_places(login: Login) -> None:
    """A region and a profile's region become the names of hosts that tokens go to. Raises UsageError."""
    from a2a.auth.kiro_region import is_profile_arn, is_region

    if login.region and not is_region(login.region):
        raise UsageError(f"{login.region!r} is no AWS region", hint="as in us-east-1")
    if login.profile and not is_profile_arn(login.profile):
        raise UsageError("--profile is no profile ARN", hint="as in arn:aws:codewhisperer:us-east-1:…:profile/…")


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
    for number, way in enumerate(_WAYS, 1):
        home.out.tell(f"  {number}  {way.words}")
    answer = home.out.ask(f"number [1-{len(_WAYS)}]")
    if answer.isdecimal() and 1 <= int(answer) <= len(_WAYS):
        return _WAYS[int(answer) - 1].method
    raise UsageError(f"{answer!r} is no line of this list", hint="type its number")


def _from_cli(home: Home, login: Login) -> Done:
    """The first login of Kiro's own programs (specs/kiro.md 2.6); says what it took."""
    from a2a.auth.kiro_official import official_sources

    found = official_sources(Path.home(), home.settings.surroundings)
    home.out.say(f"taking over {found.words}")
    if found.path is not None:
        home.out.say("Kiro renews it too: whoever does so second may be logged out, so prefer a login of a2a's own")
    source = str(found.path) if found.path else None
    return login_import.take_over(home, login, found.token, source=source, what=_what(found.token))


def _with_key(home: Home, login: Login) -> Done:
    """A key is asked for, tried, and stored if it is not refused (specs/kiro.md 2.5)."""

    from a2a.auth.kiro_official import key_token
    from a2a.auth.records import Account
    from a2a.cli.login_probe import probe
    from a2a.cli.loop import run
    from a2a.secret import Secret

    token = key_token(Secret(login_key.key_text(home, login)), region=login.region)
    draft = Account(id="", provider=login.provider, alias="new", kind="api_key", region=login.region, proxy=login.proxy)
    standing = run(probe(home, draft, token))
    if standing is not None and standing.state == "needs_login":
        raise NeedsLogin(f"Kiro refuses this key: {standing.message}", hint="check the key, and --region")
    if standing is not None and standing.label:
        token = structs.replace(token, email=standing.label)
    done = login_import.stored(home, login, token, source=None, what=_what(token))
    return structs.replace(done, standing=standing)


def _flow(home: Home, login: Login, method: str) -> login_oauth.Flow:
    here = home.settings.surroundings.browser and not (login.no_browser or login.device)

    async def flow(urls: AuthUrls, person: TerminalPerson, *, client: HttpClient, clock: Clock) -> Token:
        from a2a.auth.login import kiro_device, kiro_portal, kiro_social

        known: dict[str, Callable[[], Awaitable[Token]]] = {
            "builder-id": lambda: kiro_device.log_in(urls, person, client=client, clock=clock),
            "idc": lambda: kiro_device.log_in(
                urls, person, client=client, clock=clock, start_url=login.start_url, region=login.region
            ),
            "google": lambda: kiro_social.log_in(urls, person, client=client, clock=clock, idp="Google"),
            "github": lambda: kiro_social.log_in(urls, person, client=client, clock=clock, idp="Github"),
            "portal": lambda: kiro_portal.log_in(urls, person, client=client, clock=clock, browser=here),
        }
        return await known[method]()

    return flow


def _finish(home: Home, login: Login) -> login_oauth.Finish:
    """Which profile the account works with: named, the only one, or chosen (specs/kiro.md 5)."""

    async def finish(account: Account, token: Any, person: TerminalPerson) -> Token:
        from a2a.providers.http import Egress
        from a2a.providers.kiro import KiroProvider

        kiro: KiroToken = token
        if login.profile:
            return structs.replace(kiro, profile_arn=login.profile)
        if kiro.profile_arn or kiro.idp == "BuilderId":
            return kiro
        egress = Egress(home.settings.server.connect_timeout_s)
        try:
            found = await KiroProvider(home.settings).profiles(account, kiro, egress)
        except UpstreamError as error:
            person.remark(f"its profiles could not be listed: {error.message}")
            return kiro
        finally:
            await egress.aclose()
        if len(found) < 2:
            return structs.replace(kiro, profile_arn=found[0].arn) if found else kiro
        try:
            at = await person.choose("Which profile?", [f"{one.name or 'unnamed'}  {one.arn}" for one in found])
        except LoginFailed:
            known = ", ".join(one.arn for one in found)
            raise LoginFailed("this account has several profiles", hint=f"add --profile, one of {known}") from None
        return structs.replace(kiro, profile_arn=found[at].arn)

    return finish


def _what(token: Any) -> str:
    kiro: KiroToken = token
    words = {"social": kiro.idp, "idc": f"{kiro.idp}, {kiro.auth_region}", "api_key": "API key"}
    return words.get(kiro.kind, kiro.kind)
