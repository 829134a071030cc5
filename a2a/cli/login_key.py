"""Login with an API key at the terminal: the key by prompt, stdin or flag, one cheap check, then the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from a2a.cli.home import Home
from a2a.cli.login_flow import Login
from a2a.errors import Unreachable, UpstreamTimeout, UsageError

if TYPE_CHECKING:
    from a2a.gateway.logins.keeping import Done
    from a2a.gateway.logins.key import Checked, Draft
    from a2a.providers.presets import Preset


def log_in(home: Home, login: Login) -> Done:
    """Raises UsageError, NeedsLogin for a refused key, Unreachable, StoreError."""
    from a2a.gateway.logins import key
    from a2a.gateway.logins.keeping import named

    if login.file:
        raise UsageError(f"{login.file} is no export of a2a", hint="pipe a key in with --api-key-stdin")
    preset = key.preset_of(login)
    named(home, login)  # a name that cannot be is told before anybody types a key
    draft = key.draft_of(home, login, key_text(home, login, preset))
    return key.store(home, login, draft, _checked(home, login, draft))


def key_text(home: Home, login: Login, preset: Preset | None = None) -> str:
    """From the flag, stdin or a prompt; "" for a local server that needs none. Raises UsageError."""
    from a2a.gateway.logins.key import bare

    if login.api_key is not None and login.api_key_stdin:
        raise UsageError("--api-key and --api-key-stdin exclude each other")
    if login.api_key_stdin:
        text = _first_line(home)
    elif login.api_key is not None:
        text = login.api_key
    elif preset is not None and preset.key_env is None:
        return ""
    else:
        page = f" (make one at {preset.key_page})" if preset and preset.key_page else ""
        text = home.out.ask_secret(f"API key{page}", otherwise="pipe it in with --api-key-stdin")
    return bare(text)


def _first_line(home: Home) -> str:
    try:
        return home.out.stdin.readline()
    except UnicodeDecodeError:
        raise UsageError("stdin is not UTF-8 text", hint="save the key as plain text") from None


def _checked(home: Home, login: Login, draft: Draft) -> Checked:
    """Raises NeedsLogin; Unreachable and UpstreamTimeout where the user does not want it stored unchecked."""
    from a2a.cli.loop import run
    from a2a.gateway.logins import key

    try:
        return run(key.check(home, draft))
    except (Unreachable, UpstreamTimeout) as error:
        if not login.yes:
            _ask_unreachable(home, error)
        return key.unchecked(home, draft)


def _ask_unreachable(home: Home, error: Unreachable | UpstreamTimeout) -> None:
    """Store the key all the same? Raises the error without a terminal, `typer.Abort` on a no."""
    if not home.out.interactive:
        raise type(error)(error.message, hint=f"{error.hint}; or add --yes to store the key unchecked")
    home.out.say(error.message)
    home.out.confirm("Store the key without a check?", yes=False)
