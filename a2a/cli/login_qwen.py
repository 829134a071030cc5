"""Login to Qwen: a DashScope key with its plan and region, Qwen Code's device login, or an import of its login."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from a2a.cli import login_import, login_key, login_oauth
from a2a.cli.home import Home
from a2a.cli.login_flow import Done, Login, named
from a2a.cli.login_import import Import
from a2a.errors import UsageError

if TYPE_CHECKING:
    from a2a.auth.endpoint import AuthUrls, HttpClient
    from a2a.auth.records import Token
    from a2a.cli.terminal_person import TerminalPerson
    from a2a.clock import Clock

RISK = """\
Qwen closed its OAuth tier on 2026-04-15: logins still succeed, but calls are refused (qwen-code #3203, #3281). Expect
this account not to work. What works is an API key of one of the plans: a2a login qwen --api-key-stdin --plan standard.
An import takes over the refresh token: Qwen Code's own copy may become invalid."""

QUESTION = "Log in to the closed tier all the same?"


def log_in(home: Home, login: Login) -> Done:
    """Raises UsageError, NeedsLogin for a refused key, LoginFailed, Unreachable, StoreError."""
    same = named(home, login)
    oauth = login.imports or login.device
    if same is not None and same.kind == "api_key" and not oauth:  # a new key for that account
        login = structs.replace(login, plan=login.plan or same.plan, region=login.region or same.region)
    keyed = login.keyed or login.plan or login.region or login.base_url
    if keyed and oauth:
        raise UsageError("--plan, --region and keys belong to key plans, not to an OAuth login")
    if keyed:
        return _with_key(home, login)
    home.out.warn(RISK)
    home.out.confirm(QUESTION, yes=login.yes)
    if login.imports:
        return login_import.log_in(home, login, Import(cli_file=_cli_file(home), what=_what))
    return login_oauth.log_in(home, login, _flow)


def _with_key(home: Home, login: Login) -> Done:
    """`--plan` and `--region` choose the host; they are kept with the account."""
    from a2a.providers.plans import CODING_KEYS, DEFAULT_REGION, plan_url

    plan = login.plan or "standard"
    region = login.region or home.settings.provider(login.provider).region or DEFAULT_REGION
    plan_url(plan, region)
    prefix = CODING_KEYS if plan == "coding" else ""
    return login_key.log_in(home, structs.replace(login, plan=plan, region=region), key_prefix=prefix)


async def _flow(urls: AuthUrls, person: TerminalPerson, *, client: HttpClient, clock: Clock) -> Token:
    from a2a.auth.login import qwen

    return await qwen.log_in(urls, person, client=client, clock=clock)


def _cli_file(home: Home) -> str:
    """Newer releases of Qwen Code take QWEN_HOME for `~/.qwen` (specs/qwen.md 3)."""
    from a2a.auth.qwen import CLI_FILE, CLI_NAME

    folder = home.settings.surroundings.qwen_home
    return f"{folder}/{CLI_NAME}" if folder else CLI_FILE


def _what(token: Any) -> str:
    return token.email or "Qwen OAuth"
