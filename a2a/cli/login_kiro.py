"""Login to Kiro by import: the IDE's token file, another file of that form, or its base64."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from a2a.cli.home import Home
from a2a.cli.login_flow import Done, Login, held, keep, named, peers
from a2a.errors import UsageError

if TYPE_CHECKING:
    from a2a.auth.records import Account, KiroToken

RISK = """\
Kiro has no public API. a2a speaks the private one of the Kiro IDE; third-party use may breach its terms of service, and
users of such tools have reported suspended accounts (kirodotdev/Kiro #4963 to #10865, as of 2026-11-22). Only AWS
support lifts a suspension. a2a imitates no client and stops at the first sign, but the risk is yours: use an account
that you own and can do without."""


def log_in(home: Home, login: Login) -> Done:
    """Raises UsageError, StoreError."""
    from a2a.auth.accounts import free_alias
    from a2a.auth.records import Account
    from a2a.clock import hex_id

    sources = [option for option in (login.file, login.base64, login.from_cli) if option]
    if len(sources) != 1:
        raise UsageError("say what to import: --from-cli, --file F or --base64 S", hint="a2a login kiro --from-cli")
    same = named(home, login)
    home.out.warn(RISK)
    home.out.confirm("Use this Kiro account with a2a?", yes=login.yes)
    token, path = _import(home, login)
    others = peers(home, login.provider)
    if same is None and login.name is None:
        same = _renewed_by(home, others, token)
    draft = Account(
        id=hex_id("acc_"),
        provider=login.provider,
        alias=login.name or free_alias([token.email], [a.alias for a in others]),
        kind=token.kind,
        label=token.email,
        expires_at=token.expires_at or None,
        source=str(path) if path else None,
        proxy=login.proxy,
    )
    return keep(home, draft, token, same=same, note=_what(token, path))


def _import(home: Home, login: Login) -> tuple[KiroToken, Path | None]:
    """The token and the file it came from. Raises UsageError."""
    from a2a.auth.kiro_file import IDE_FILE, parse_token_text, read_token_file

    if login.base64:
        text = home.out.stdin.read() if login.base64 == "-" else login.base64
        return parse_token_text(text, "the text of --base64"), None
    path = Path(login.file or IDE_FILE).expanduser().absolute()
    return read_token_file(path), path


def _renewed_by(home: Home, others: list[Account], token: KiroToken) -> Account | None:
    """The account of the same login: imported before, or of the same e-mail. The same file proves nothing: the IDE may
    have been logged in as somebody else since."""
    from a2a.auth.records import KiroToken

    for account in others:
        known = held(home, account)
        if isinstance(known, KiroToken) and _same(known, token):
            return account
    return None


def _same(known: KiroToken, token: KiroToken) -> bool:
    if known.source_fingerprint == token.source_fingerprint:
        return True
    return known.email is not None and (known.email, known.kind, known.idp) == (token.email, token.kind, token.idp)


def _what(token: KiroToken, path: Path | None) -> str:
    kind = {"social": token.idp, "idc": f"{token.idp}, {token.auth_region}"}.get(token.kind, token.kind)
    return f"{kind}, from {path}" if path else kind
