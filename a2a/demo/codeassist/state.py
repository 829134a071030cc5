"""What Google remembers: accounts, every access token, codes on their way, set-ups that are running."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Literal

from aiohttp import web
from msgspec import Struct

from a2a.clock import Clock, hex_id
from a2a.demo.codeassist.accounts import GoogleAccount, builtin
from a2a.demo.logins import Count, TokenFlags
from a2a.demo.wire import dumps

CLIENT_ID = "demo-a2a.apps.googleusercontent.com"
CLIENT_SECRET = "demo-a2a-client-secret"  # noqa: S105  (invented and public)
SCOPES = (
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/userinfo.email",
    "https://www.googleapis.com/auth/userinfo.profile",
)
LIFE_S = 3_599


class Flags(TokenFlags, kw_only=True, forbid_unknown_fields=True):
    """What a test may switch. `approval`: the person says yes at once, no, decides on the page, or a thief answers.

    `login_as`: who signs in without a page. `onboard_polls`: how often a set-up says that it is not done.
    """

    approval: Literal["auto", "page", "deny", "wrong_state"] = "auto"
    login_as: str = "ca-standard"
    onboard_polls: Count = 1
    rotate: bool = False
    """Off, as at Google: a refresh token stays good. On: a refresh brings a new one, and the old one is dead."""
    reauth: bool = False
    """Refreshes fail until the person signs in again, as an organisation can demand."""


class Grant(Struct, frozen=True):
    """An access token. `expires_at`: Unix seconds."""

    account: str
    expires_at: float
    scope: str


class Code(Struct, frozen=True, kw_only=True):
    """An authorization code that waits to be exchanged. `challenge` None: without PKCE.

    `offline`: a refresh token was asked for. `consented`: the person was asked once more.
    """

    account: str
    redirect_uri: str
    scope: str
    challenge: str | None
    offline: bool
    consented: bool
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
        self._live: dict[str, str] = {}
        self._spent: dict[str, str] = {}
        for account in self.accounts.values():
            self.issue(account, " ".join(SCOPES))

    @property
    def life_s(self) -> int:
        """Of the access tokens that are issued now."""
        return LIFE_S if self.flags.life_s is None else self.flags.life_s

    def issue(self, account: GoogleAccount, scope: str, *, fresh: bool = True) -> None:
        """A new access token; older ones stay good until they expire. `fresh`: a new refresh token, too."""
        account.generation += 1
        account.scope = scope
        account.revoked = False
        account.access_token = f"ya29.{account.name}-{account.generation}"
        account.expires_at = self.clock.now() + self.life_s
        self.grants[account.access_token] = Grant(account.name, account.expires_at, scope)
        if fresh:
            account.refresh_token = f"1//{account.name}-{account.generation}"
            self._live[account.refresh_token] = account.name

    def new_code(self, account: str, query: Mapping[str, str]) -> str:
        """A code for one exchange, for what the consent page was asked."""
        text = f"4/0A{hex_id('', 40)}"
        self.codes[text] = Code(
            account=account,
            redirect_uri=query["redirect_uri"],
            scope=query["scope"],
            challenge=query.get("code_challenge"),
            offline=query.get("access_type") == "offline",
            consented="consent" in query.get("prompt", "").split(),
            expires_at=self.clock.now() + self.flags.code_life_s,
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

    def grants_refresh(self, code: Code) -> bool:
        """Whether the exchange brings a refresh token.

        Only who asks for offline access gets one, and without `prompt=consent` the first time only (specs/gemini-cli.md
        2; developers.google.com/identity/protocols/oauth2/web-server).
        """
        return code.offline and (code.consented or code.account not in self._live.values())

    def refreshing(self, refresh_token: str) -> GoogleAccount | None:
        """The account of a refresh token that is good."""
        name = self._live.get(refresh_token)
        return self.accounts[name] if name is not None else None

    def refresh(self, refresh_token: str) -> GoogleAccount | None:
        """A new access token for the owner of a refresh token; None when it is unknown or was used up."""
        if (name := self._spent.get(refresh_token)) is not None:
            self.accounts[name].reused += 1
            if self.flags.revoke_on_reuse:
                self.revoke(name)
            return None
        account = self.refreshing(refresh_token)
        if account is None:
            return None
        if self.flags.rotate:
            self._spent[refresh_token] = self._live.pop(refresh_token)
        self.issue(account, account.scope, fresh=self.flags.rotate)
        return account

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
        self.accounts[name].revoked = True
        self._live = {token: owner for token, owner in self._live.items() if owner != name}


def id_token(account: GoogleAccount, now: float, life_s: int) -> str:
    """A token that names the account. Its signature is none: nobody may trust it."""
    claims = {
        "iss": "https://accounts.google.com",
        "aud": CLIENT_ID,
        "sub": hashlib.sha256(account.name.encode()).hexdigest()[:21],
        "email": account.email,
        "email_verified": True,
        "iat": int(now),
        "exp": int(now) + life_s,
    }
    halves = [dumps({"alg": "none", "typ": "JWT"}), dumps(claims), b"demo"]
    return ".".join(base64.urlsafe_b64encode(half).decode().rstrip("=") for half in halves)


CODEASSIST = web.AppKey("demo_codeassist", CodeAssistState)
