"""Login to Qwen: a DashScope key with its plan and region, Qwen Code's device login, or an import of its login."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from a2a.cli import login_import, login_key, login_oauth
from a2a.cli.home import Home
from a2a.cli.login_flow import Login, warn
from a2a.cli.login_import import Import
from a2a.errors import UsageError

if TYPE_CHECKING:
    from a2a.gateway.logins.keeping import Done

QUESTION = "Log in to the closed tier all the same?"


def log_in(home: Home, login: Login) -> Done:
    """Raises UsageError, NeedsLogin for a refused key, LoginFailed, Unreachable, StoreError."""
    from a2a.auth.login import qwen
    from a2a.gateway.logins import key
    from a2a.gateway.logins.keeping import named

    same = named(home, login)
    oauth = login.imports or login.device
    if same is not None and same.kind == "api_key" and not oauth:  # a new key for that account
        login = structs.replace(login, plan=login.plan or same.plan, region=login.region or same.region)
    keyed = login.keyed or login.plan or login.region or login.base_url
    if keyed and oauth:
        raise UsageError("--plan, --region and keys belong to key plans, not to an OAuth login")
    if keyed:
        return login_key.log_in(home, key.of_plan(home, login))
    warn(home, login, QUESTION)
    if login.imports:
        return login_import.log_in(home, login, Import(cli_file=_cli_file(home), what=_what))
    return login_oauth.log_in(home, login, qwen.log_in)


def _cli_file(home: Home) -> str:
    """Newer releases of Qwen Code take QWEN_HOME for `~/.qwen` (specs/qwen.md 3)."""
    from a2a.auth.qwen import CLI_FILE, CLI_NAME

    folder = home.settings.surroundings.qwen_home
    return f"{folder}/{CLI_NAME}" if folder else CLI_FILE


def _what(token: Any) -> str:
    return token.email or "Qwen OAuth"
