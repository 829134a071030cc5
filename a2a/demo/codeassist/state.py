"""What Google remembers: accounts, every access token, codes on their way, set-ups that are running."""

from __future__ import annotations

import base64
import hashlib
from typing import Literal

from aiohttp import web
from msgspec import Struct

from a2a.clock import Clock, hex_id
from a2a.demo.codeassist.accounts import GoogleAccount, builtin
from a2a.demo.wire import dumps

CLIENT_ID = "demo-a2a.apps.googleusercontent.com"
CLIENT_SECRET = "demo-a2a-client-secret"  # noqa: S105  (invented and public)
SCOPES = (
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/userinfo.email",
    "https://www.googleapis.com/auth/userinfo.profile",
)
LIFE_S = 3_599
_CODE_LIFE_S = 600


class Flags(Struct, kw_only=True):
    """What a test may switch. `approval`: the person says yes at once, no, decides on the page, or a thief answers.

    `login_as`: who signs in without a page. `onboard_polls`: how often a set-up says that it is not done.
    """

    approval: Literal["auto", "page", "deny", "wrong_state"] = "auto"
    login_as: str = "ca-standard"
    onboard_polls: int = 1
    rotate: bool = False
    """A refresh brings a new refresh token, and the old one is dead."""
    reauth: bool = False
    """Refreshes fail until the person signs in again, as an organisation can demand."""


class Grant(Struct, frozen=True):
    """An access token. `expires_at`: Unix seconds."""

    account: str
    expires_at: float
    scope: str


class Code(Struct, frozen=True, kw_only=True):
    """An authorization code that waits to be exchanged. `challenge` None: without PKCE."""

    account: str
    redirect_uri: str
    scope: str
    challenge: str | None
    offline: bool
    expires_at: float


class Operation(Struct, kw_only=True):
    """A set-up that is running. `left`: polls until it is done."""

    account: str
    tier: str
    project: str | None
    left: int


class CodeAssistState:
    """Accounts by name; tokens, codes and operations by their text."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.reset()

    def reset(self) -> None:
        """Everything as at the start; tokens are valid from now on."""
        self.flags = Flags()
        self.accounts = {account.name: account for account in builtin()}
        self.grants: dict[str, Grant] = {}
        self.codes: dict[str, Code] = {}
        self.operations: dict[str, Operation] = {}
        for account in self.accounts.values():
            self.issue(account, " ".join(SCOPES))

    def issue(self, account: GoogleAccount, scope: str, *, fresh: bool = False) -> None:
        """A new access token; older ones stay good until they expire. `fresh`: a new refresh token, too."""
        account.generation += 1
        account.scope = scope
        account.access_token = f"ya29.{account.name}-{account.generation}"
        account.expires_at = self.clock.now() + LIFE_S
        if fresh or not account.refresh_token:
            account.refresh_token = f"1//{account.name}-{account.generation}"
        self.grants[account.access_token] = Grant(account.name, account.expires_at, scope)

    def new_code(self, account: str, redirect_uri: str, scope: str, challenge: str | None, *, offline: bool) -> str:
        """A code for one exchange."""
        text = f"4/0A{hex_id('', 40)}"
        self.codes[text] = Code(
            account=account,
            redirect_uri=redirect_uri,
            scope=scope,
            challenge=challenge,
            offline=offline,
            expires_at=self.clock.now() + _CODE_LIFE_S,
        )
        return text

    def take_code(self, text: str) -> Code | None:
        """The code, once; None when it is unknown, used or too old."""
        code = self.codes.pop(text, None)
        return code if code is not None and code.expires_at > self.clock.now() else None

    def owner_of(self, access_token: str) -> GoogleAccount | None:
        """The account of a token that is good now."""
        grant = self.grants.get(access_token)
        return self.accounts[grant.account] if grant is not None and grant.expires_at > self.clock.now() else None

    def refreshing(self, refresh_token: str) -> GoogleAccount | None:
        """The account whose current refresh token this is."""
        return next(
            (one for one in self.accounts.values() if refresh_token and one.refresh_token == refresh_token), None
        )

    def expire(self, name: str) -> None:
        """The account's access tokens are no longer valid; its refresh token is. Raises KeyError."""
        self.accounts[name].expires_at = 1.0
        self.grants = {
            token: Grant(grant.account, 1.0, grant.scope) if grant.account == name else grant
            for token, grant in self.grants.items()
        }

    def revoke(self, name: str) -> None:
        """All tokens of the account are dead: only a new login helps. Raises KeyError."""
        self.expire(name)
        self.accounts[name].refresh_token = ""


def id_token(account: GoogleAccount, now: float) -> str:
    """A token that names the account. Its signature is none: nobody may trust it."""
    claims = {
        "iss": "https://accounts.google.com",
        "aud": CLIENT_ID,
        "sub": hashlib.sha256(account.name.encode()).hexdigest()[:21],
        "email": account.email,
        "email_verified": True,
        "iat": int(now),
        "exp": int(now) + LIFE_S,
    }
    halves = [dumps({"alg": "none", "typ": "JWT"}), dumps(claims), b"demo"]
    return ".".join(base64.urlsafe_b64encode(half).decode().rstrip("=") for half in halves)


CODEASSIST = web.AppKey("demo_codeassist", CodeAssistState)
