"""Login to Code Assist: in the browser, by a pasted code, or by import of the Gemini CLI's credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from a2a.cli import login_import, login_oauth
from a2a.cli.home import Home
from a2a.cli.login_flow import Login, warn_first
from a2a.cli.login_import import Import
from a2a.errors import NeedsAction

if TYPE_CHECKING:
    from a2a.gateway.logins.keeping import Done

QUESTION = "Use this Google account with a2a?"


def log_in(home: Home, login: Login) -> Done:
    """Raises UsageError, LoginFailed, NeedsAction, UpstreamError, StoreError."""
    from a2a.gateway.logins import ways

    ways.check_project(login)
    imports = login.imports
    warn_first(home, login, QUESTION)
    if not imports:
        here = home.settings.surroundings.browser and not (login.no_browser or login.device)
        return login_oauth.log_in(home, login, ways.google_flow(browser=here))
    from a2a.auth.google import CLI_FILE

    done = login_import.log_in(home, login, Import(cli_file=CLI_FILE, what=_what))
    return structs.replace(done, note=done.note + _client_note(home, done))


def _client_note(home: Home, done: Done) -> str:
    """Whether its token can be renewed: what the user would otherwise learn in an hour."""
    from a2a.auth.google_client import client_for
    from a2a.auth.records import GoogleToken
    from a2a.gateway.logins.keeping import held
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
