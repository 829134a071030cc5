"""Login to Kiro by import of the IDE's token file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from a2a.cli import login_import
from a2a.cli.home import Home
from a2a.cli.login_flow import Done, Login
from a2a.cli.login_import import Import, same_user

if TYPE_CHECKING:
    from a2a.auth.records import KiroToken

RISK = """\
Kiro has no public API. a2a speaks the private one of the Kiro IDE; third-party use may breach its terms of service, and
users of such tools have reported suspended accounts (kirodotdev/Kiro #4963 to #10865, as of 2026-11-22). Only AWS
support lifts a suspension. a2a imitates no client and stops at the first sign, but the risk is yours: use an account
that you own and can do without."""


def log_in(home: Home, login: Login) -> Done:
    """Raises UsageError, StoreError."""
    from a2a.auth.kiro_file import IDE_FILE

    return login_import.log_in(
        home,
        login,
        Import(cli_file=IDE_FILE, risk=RISK, question="Use this Kiro account with a2a?", what=_what, same=_same),
    )


def _same(known: Any, token: Any) -> bool:
    """One e-mail may have logins of several kinds, each with its own account at Kiro."""
    imported_before: bool = known.source_fingerprint == token.source_fingerprint
    return imported_before or (same_user(known, token) and (known.kind, known.idp) == (token.kind, token.idp))


def _what(token: Any) -> str:
    kiro: KiroToken = token
    return {"social": kiro.idp, "idc": f"{kiro.idp}, {kiro.auth_region}"}.get(kiro.kind, kiro.kind)
