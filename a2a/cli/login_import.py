"""Login by import: the official client's own file, another file of that form, or its base64."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from a2a.cli.home import Home
from a2a.cli.login_flow import Login
from a2a.cli.login_probe import probed
from a2a.errors import UsageError

if TYPE_CHECKING:
    from a2a.auth.records import Token
    from a2a.gateway.logins.keeping import Done


class Import(Struct, frozen=True, kw_only=True):
    """What differs between providers. `cli_file`: where the official client keeps its login (`~` is the home).

    `what` says what the token is, for the user.
    """

    cli_file: str
    what: Callable[[Token], str]


def log_in(home: Home, login: Login, importing: Import) -> Done:
    """Raises UsageError, StoreError."""
    token, path = _token(home, login, importing)
    return take_over(home, login, token, source=str(path) if path else None, what=importing.what(token))


def take_over(home: Home, login: Login, token: Token, *, source: str | None, what: str) -> Done:
    """Store a token that another program obtained, then ask whether it works. Stored first: the asking may renew it.

    `source`: the file it came from, for later looks. Raises UsageError, StoreError.
    """
    from a2a.gateway.logins.keeping import keep_token

    done = keep_token(home, login, token, source=source, what=what)
    return probed(home, done, named=login.name is not None)


def _token(home: Home, login: Login, importing: Import) -> tuple[Token, Path | None]:
    """The token and the file it came from. Raises UsageError."""
    from a2a.auth.kinds import kind_of

    kind = kind_of(login.provider)
    if login.base64:
        text = _stdin(home) if login.base64 == "-" else login.base64
        return kind.parse(text, "the text of --base64"), None
    path = Path(login.file or importing.cli_file).expanduser().absolute()
    return kind.read(path), path


def _stdin(home: Home) -> str:
    try:
        return home.out.stdin.read()
    except UnicodeDecodeError:
        raise UsageError("stdin is not UTF-8 text", hint="base64 -w0 FILE makes text of any file") from None
