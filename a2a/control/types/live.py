"""The live event stream."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

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


LOG_LINES = 1000
"""Lines of its log that a server keeps, of all levels."""

LogLevel = Literal["info", "warning", "error"]
"""From which level on lines of the log are wanted."""


class LogEntry(Struct, frozen=True, kw_only=True):
    """A line of the log that was kept, with its number in the live stream and the time it came."""

    seq: int
    at: float
    level: str
    event: str
    fields: dict[str, str] = {}


class LogWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The newest lines of the log of `level` and above. A server keeps 1000, of all levels."""

    level: LogLevel = "info"
    limit: Annotated[int, Meta(ge=1, le=LOG_LINES)] = 100


class AccountGone(Struct, frozen=True, kw_only=True, tag="account_gone"):
    """An account was removed, or is declared no more."""

    id: str
    account: str


class LoginChanged(Struct, frozen=True, tag="login"):
    login: LoginView


class Missed(Struct, frozen=True, kw_only=True, tag="missed"):
    """Events this listener did not get, because it was away or too slow: what it shows must be asked for anew.

    `count`: at most so many; changes that newer ones had replaced already are among them. 0 with `restarted`: nobody
    knows, since the server is another process than the one that gave the number resumed at.
    """

    count: int
    restarted: bool = False


Change = ExchangeChanged | AccountChanged | AccountGone | LoginChanged | Progress | LogLine | Missed


class LiveEvent(Struct, frozen=True):
    """One item of the live stream. A listener resumes behind the last `seq` it saw.

    `seq` grows. Numbers that are left out are changes in whose place came a newer one of the same exchange, account or
    login; what is lost for good a `Missed` says. Numbers of a later process of the server are greater.
    """

    seq: int
    at: float
    change: Change
