"""Login by import: the official client's own file, another file of that form, or its base64."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from a2a.cli.home import Home
from a2a.cli.login_flow import Done, Login, held, keep, named, peers
from a2a.errors import UsageError

if TYPE_CHECKING:
    from a2a.auth.records import Account, Token


class Import(Struct, frozen=True, kw_only=True):
    """What differs between providers. `cli_file`: where the official client keeps its login (`~` is the home).

    `risk` is shown, `question` asked before anything is read. `what` says what the token is, for the user. `same`:
    whether a stored token and an imported one are one login.
    """

    cli_file: str
    risk: str
    question: str
    what: Callable[[Token], str]
    same: Callable[[Token, Token], bool]


def log_in(home: Home, login: Login, importing: Import) -> Done:
    """Raises UsageError, StoreError."""
    from a2a.auth.accounts import free_alias
    from a2a.auth.kinds import email_of, expiry_of, word_of
    from a2a.auth.records import Account
    from a2a.clock import hex_id
    from a2a.config import PROVIDER_SHORT

    sources = [option for option in (login.file, login.base64, login.from_cli) if option]
    if len(sources) != 1:
        hint = f"a2a login {PROVIDER_SHORT[login.provider]} --from-cli"
        raise UsageError("say what to import: --from-cli, --file F or --base64 S", hint=hint)
    same = named(home, login)
    home.out.warn(importing.risk)
    home.out.confirm(importing.question, yes=login.yes)
    token, path = _token(home, login, importing)
    others = peers(home, login.provider)
    if same is None and login.name is None:
        same = _renewed_by(home, others, token, importing)
    draft = Account(
        id=hex_id("acc_"),
        provider=login.provider,
        alias=login.name or free_alias([email_of(token)], [a.alias for a in others]),
        kind=word_of(token),
        label=email_of(token),
        project_id=login.project_id,
        expires_at=expiry_of(token) or None,
        source=str(path) if path else None,
        proxy=login.proxy,
    )
    what = importing.what(token)
    return keep(home, draft, token, same=same, note=f"{what}, from {path}" if path else what)


def _token(home: Home, login: Login, importing: Import) -> tuple[Token, Path | None]:
    """The token and the file it came from. Raises UsageError."""
    from a2a.auth.kinds import kind_of

    kind = kind_of(login.provider)
    if login.base64:
        text = home.out.stdin.read() if login.base64 == "-" else login.base64
        return kind.parse(text, "the text of --base64"), None
    path = Path(login.file or importing.cli_file).expanduser().absolute()
    return kind.read(path), path


def _renewed_by(home: Home, others: list[Account], token: Token, importing: Import) -> Account | None:
    """The account of the same login: imported before, or of the same e-mail. The same file proves nothing: the client
    may have been logged in as somebody else since."""
    for account in others:
        known = held(home, account)
        if type(known) is type(token) and importing.same(known, token):
            return account
    return None


def same_user(known: Token, token: Token) -> bool:
    """The very token that was imported before, or another one of the same e-mail."""
    if known.source_fingerprint == token.source_fingerprint:
        return True
    return known.email is not None and known.email == token.email
