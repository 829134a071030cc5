"""`a2a login`: one command, one flow per kind of credential."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from msgspec import structs

from a2a.cli import login_choice, login_export, login_flow, login_google, login_key, login_kiro, login_qwen
from a2a.cli.home import Home, short_name
from a2a.cli.login_flow import Login
from a2a.cli.output import Out, out_of
from a2a.config import CREDENTIAL_KIND, PROVIDER_SHORT, CredentialKind, provider_id, proxies
from a2a.errors import ConfigError, ExitCode, UsageError

if TYPE_CHECKING:
    from a2a.gateway.logins.keeping import Done

_FLOWS: dict[CredentialKind, Callable[[Home, Login], Done]] = {
    "api_key": login_key.log_in,
    "google": login_google.log_in,
    "kiro": login_kiro.log_in,
    "qwen": login_qwen.log_in,
}
_KEY, _IMPORT, _FLOW = ("api_key", "api_key_stdin"), ("file", "base64", "from_cli"), ("device", "no_browser")
_OPTIONS: dict[CredentialKind, tuple[str, ...]] = {
    "api_key": ("preset", "base_url", *_KEY, "file"),
    "google": ("project_id", *_IMPORT, *_FLOW),
    "kiro": ("method", "start_url", "region", "profile", *_KEY, *_IMPORT, *_FLOW),
    "qwen": ("plan", "region", "base_url", *_KEY, *_IMPORT, *_FLOW),
}
"""What means something for each kind, besides what means the same for all."""
_QUESTIONS: dict[CredentialKind, str] = {"google": login_google.QUESTION, "kiro": login_kiro.QUESTION}
"""Where an export needs a yes before the first login too. Of Qwen's closed tier its probe tells."""
_SPECIAL = sorted({option for options in _OPTIONS.values() for option in options})

Method = Literal["builder-id", "idc", "google", "github", "portal", "api-key"]
Plan = Literal["standard", "coding", "token"]

_EXAMPLES = """\b
Examples:
  a2a login                          choose from a list
  a2a login openai --preset kimi
  a2a login openai --base-url http://localhost:11434 --api-key-stdin < key.txt
  a2a login kiro --from-cli
  a2a login kiro --method google
  a2a login gemini --no-browser --project-id acme-dev-1
  a2a login qwen --api-key-stdin --plan coding --region intl < key.txt
"""


def register(app: typer.Typer) -> None:
    app.command("login", epilog=_EXAMPLES)(_login)


def _login(
    ctx: typer.Context,
    provider: Annotated[
        str | None,
        typer.Argument(help="openai, responses, claude, gemini-key, gemini, kiro or qwen; the long ids too."),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="ALIAS", help="What to call the account.")] = None,
    preset: Annotated[str | None, typer.Option("--preset", help="A known service, for example kimi.")] = None,
    base_url: Annotated[str | None, typer.Option("--base-url", help="The API's address, with or without /v1.")] = None,
    api_key: Annotated[
        str | None, typer.Option("--api-key", help="The key. It shows in the process list: better ask or stdin.")
    ] = None,
    api_key_stdin: Annotated[bool, typer.Option("--api-key-stdin", help="Read the key from stdin.")] = False,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="F", help="Import the official client's credentials, or an export of a2a."),
    ] = None,
    base64: Annotated[
        str | None, typer.Option("--base64", metavar="S", help="Import this base64 of one; - reads stdin.")
    ] = None,
    from_cli: Annotated[bool, typer.Option("--from-cli", help="Import the official client's own login.")] = False,
    device: Annotated[bool, typer.Option("--device", help="A code to type on any device; no port is opened.")] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open nothing here: show what to open.")] = False,
    method: Annotated[Method | None, typer.Option("--method", help="kiro: how to log in.")] = None,
    start_url: Annotated[
        str | None, typer.Option("--start-url", metavar="U", help="kiro: your organisation's start URL (idc).")
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", metavar="R", help="qwen: cn, intl, us, hk; kiro: of the Identity Center.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="ARN", help="kiro: which of several profiles.")
    ] = None,
    plan: Annotated[Plan | None, typer.Option("--plan", help="qwen: which plan the key belongs to.")] = None,
    project_id: Annotated[
        str | None, typer.Option("--project-id", metavar="ID", help="gemini: the licence's Google Cloud project.")
    ] = None,
    proxy: Annotated[str | None, typer.Option("--proxy", metavar="URL", help="For this account.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Accept the risk, or a key that cannot be checked.")] = False,
) -> None:
    """Add an account, or give one a new login. Secrets go to the system's keyring, else to 0600 files."""
    out = out_of(ctx)
    if proxy is not None and (told := proxies.trouble(proxy)):
        raise UsageError(told, hint=proxies.HINT)
    chosen = None if provider else login_choice.choose(out)
    login = Login(
        provider=_known(provider) if provider else chosen.provider if chosen else "",
        name=name,
        preset=chosen.preset if chosen and preset is None else preset,
        base_url=out.ask("its address (base URL)") if chosen and chosen.asks_url and base_url is None else base_url,
        api_key=api_key,
        api_key_stdin=api_key_stdin,
        file=file,
        base64=base64,
        from_cli=from_cli,
        device=device,
        no_browser=no_browser,
        method=method,
        start_url=start_url,
        region=region,
        profile=profile,
        plan=chosen.plan if chosen and plan is None else plan,
        project_id=project_id,
        proxy=proxy,
        yes=yes,
    )
    _run(out, login)


def _run(out: Out, login: Login) -> None:
    from a2a.cli.login_probe import in_words, usable

    kind = CREDENTIAL_KIND[login.provider]
    for option in Login.__struct_fields__:
        if getattr(login, option) == "":  # mostly a variable of a script that is not set
            raise UsageError(f"--{option.replace('_', '-')} is empty", hint="give it a value, or leave it out")
    for option in _SPECIAL:
        if getattr(login, option) and option not in _OPTIONS[kind]:
            raise UsageError(
                f"--{option.replace('_', '-')} means nothing for {PROVIDER_SHORT[login.provider]}", hint=_meant(kind)
            )
    home = Home(out, out.settings(), attended=out.interactive)
    done = _from_export(home, login, kind) if login_export.is_export(login) else _FLOWS[kind](home, login)
    _record(home, done)
    note, good, enabled = in_words(done), usable(done), done.account.enabled

    def show() -> None:
        told = short_name(done.account)
        out.text(f"{'renewed' if done.replaced else 'logged in'}: {told}" + (f" ({note})" if note else ""))
        out.say(f"kept in {home.secrets.place}" + (f"; try it: a2a chat -p {told} hello" if good and enabled else ""))
        if not enabled:
            out.say(f"it is disabled: a2a accounts enable {told}")

    standing = structs.asdict(done.standing) if done.standing else None
    data = {"account": home.view(done.account), "replaced": done.replaced, "stored_in": home.secrets.place}
    out.result(data | {"note": note, "standing": standing}, show, ok=good)
    if not good and done.standing is not None:
        out.warn(f"a2a: the login worked, but the account cannot be used: {done.standing.message}")
        if done.standing.remedy:
            out.warn(done.standing.remedy)
        raise typer.Exit(ExitCode.FAILED)


def _from_export(home: Home, login: Login, kind: CredentialKind) -> Done:
    """Raises UsageError for options that it does not heed."""
    for option in _SPECIAL:
        if option != "file" and getattr(login, option):
            raise UsageError(f"--{option.replace('_', '-')} means nothing beside an export", hint="leave it out")
    if kind in _QUESTIONS:
        login_flow.warn_first(home, login, _QUESTIONS[kind])
    return login_export.read(home, login)


def _record(home: Home, done: Done) -> None:
    """What the probe found goes into the account's health; running servers take the account at once."""
    from a2a.cli.servers import tell_servers
    from a2a.pool.health import record_standing

    record_standing(home.settings.folders, done.account.id, done.standing)
    tell_servers(home)


def _meant(kind: CredentialKind) -> str:
    return "it takes " + ", ".join(f"--{option.replace('_', '-')}" for option in _OPTIONS[kind])


def _known(name: str) -> str:
    """The provider's id. Raises UsageError."""
    try:
        return provider_id(name)
    except ConfigError as exc:
        raise UsageError(exc.message, hint=exc.hint) from None
