"""Login to Code Assist: in the browser, by a pasted code, or by import of the Gemini CLI's credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from a2a.cli import login_import, login_oauth
from a2a.cli.home import Home
from a2a.cli.login_flow import Done, Login, warn_first
from a2a.cli.login_import import Import
from a2a.errors import NeedsAction, UsageError

if TYPE_CHECKING:
    from a2a.auth.endpoint import AuthUrls, HttpClient
    from a2a.auth.records import Token
    from a2a.cli.terminal_person import TerminalPerson
    from a2a.clock import Clock

RISK = """\
Google allows this login to its own tools only: third-party use breaks its terms and has got accounts suspended
(gemini-cli discussions #20632 and #22970, as of 2026-11-22). Since 2026-06-18 it serves only accounts with a Code
Assist Standard or Enterprise licence, usually with the project of that licence: --project-id. The supported way for
everybody else is an API key: a2a login gemini-key. a2a imitates no client, but the risk is yours."""

QUESTION = "Use this Google account with a2a?"


def log_in(home: Home, login: Login) -> Done:
    """Raises UsageError, LoginFailed, NeedsAction, UpstreamError, StoreError."""
    if login.project_id is not None and login.project_id.isdecimal():
        raise UsageError(f"{login.project_id} is a project number", hint="give the project's id, as in acme-dev-1")
    imports = login.imports
    warn_first(home, login, RISK, QUESTION)
    if not imports:
        return login_oauth.log_in(home, login, _flow(home, login))
    from a2a.auth.google import CLI_FILE

    done = login_import.log_in(home, login, Import(cli_file=CLI_FILE, what=_what))
    return structs.replace(done, note=done.note + _client_note(home, done))


def _flow(home: Home, login: Login) -> login_oauth.Flow:
    here = home.settings.surroundings.browser and not (login.no_browser or login.device)

    async def flow(urls: AuthUrls, person: TerminalPerson, *, client: HttpClient, clock: Clock) -> Token:
        from a2a.auth.login import google

        return await google.log_in(urls, person, client=client, clock=clock, browser=here)

    return flow


def _client_note(home: Home, done: Done) -> str:
    """Whether its token can be renewed: what the user would otherwise learn in an hour."""
    from a2a.auth.google_client import client_for
    from a2a.auth.records import GoogleToken
    from a2a.cli.login_flow import held
    from a2a.providers.registry import build

    token = held(home, done.account)
    if not isinstance(token, GoogleToken):
        return ""
    try:
        client_for(token, build(home.settings)[done.account.provider].auth_urls(done.account))
    except NeedsAction as error:
        home.out.trouble(f"{error.message}: {error.hint}")
        return ", cannot be renewed yet"
    return ""


def _what(token: Any) -> str:
    return token.email or "Google account"
