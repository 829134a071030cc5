"""The live event stream."""

from __future__ import annotations

from msgspec import Struct

from a2a.control.types.accounts import AccountView
from a2a.control.types.exchanges import Exchange
from a2a.control.types.logins import LoginView


class ExchangeChanged(Struct, frozen=True, tag="exchange"):
    exchange: Exchange


class AccountChanged(Struct, frozen=True, tag="account"):
    account: AccountView


class Progress(Struct, frozen=True, kw_only=True, tag="progress"):
    """A live exchange between its first and last token."""

    id: str
    output_bytes: int
    first_token_ms: float | None = None


class LogLine(Struct, frozen=True, kw_only=True, tag="log"):
    level: str
    event: str
    fields: dict[str, str] = {}


class AccountGone(Struct, frozen=True, kw_only=True, tag="account_gone"):
    """An account was removed, or is declared no more."""

    id: str
    account: str


class LoginChanged(Struct, frozen=True, tag="login"):
    login: LoginView


class Missed(Struct, frozen=True, kw_only=True, tag="missed"):
    """Events this listener did not get, because it was away or too slow: what it shows must be asked for anew.

    `restarted`: the server is another process than the one that gave the number resumed at.
    """

    count: int
    restarted: bool = False


Change = ExchangeChanged | AccountChanged | AccountGone | LoginChanged | Progress | LogLine | Missed


class LiveEvent(Struct, frozen=True):
    """One item of the live stream; `seq` grows by one, a listener resumes behind the last it saw."""

    seq: int
    at: float
    change: Change
