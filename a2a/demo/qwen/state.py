"""The accounts, tokens and device logins of the emulated Qwen portal (specs/qwen.md 1 to 4, 13)."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

from aiohttp import web
from msgspec import Struct

from a2a.clock import Clock, hex_id

CLIENT_ID = "f0304373b74a44d2b584a3fb70ca9e56"
SCOPE = "openid profile email model.completion"
LIFE_S = 21_600
_CODE_LIFE_S = 900
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


class Flags(Struct, kw_only=True):
    """What a test may switch. `approval`: the person says yes at once, no, or decides on the page.

    `interval_s`: seconds between two polls. `pending_polls`: polls that say "wait" before a login is done.
    `status_pending`: they say it with 200 and `{"status": "pending"}`.
    """

    approval: Literal["auto", "page", "deny"] = "auto"
    interval_s: int = 5
    pending_polls: int = 1
    status_pending: bool = False
    rotate: bool = True
    """A refresh token works once."""
    omit_resource_url: bool = False
    """Refresh answers do not repeat it."""
    closed: bool = False
    """The free tier is over: logins and refreshes work, every chat is refused."""
    quirks: frozenset[str] = frozenset()
    """Defects of every stream; see `qwen.frames`."""


class QwenAccount(Struct, kw_only=True):
    """`expires_at`: Unix seconds. `reused`: how often a spent refresh token came back."""

    name: str
    access_token: str = ""
    refresh_token: str = ""
    expires_at: float = 0.0
    generation: int = 0
    reused: int = 0
    suspended: bool = False
    out_of_credits: bool = False

    def credentials(self, qwen_url: str) -> dict[str, Any]:
        """The account as the official client's file has it (specs/qwen.md 3), plus its name."""
        return {
            "name": self.name,
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
            "token_type": "Bearer",
            "resource_url": qwen_url,
            "expiry_date": int(self.expires_at * 1000),
        }


class Login(Struct, kw_only=True):
    """One device login that is under way. `decision`: None until the person has said something."""

    challenge: str
    user_code: str
    expires_at: float
    decision: bool | None = None
    polls: int = 0
    polled_at: float = 0.0


class QwenState:
    """Accounts by name, the tokens that are good, and the logins by device code."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.reset()

    def reset(self) -> None:
        """Two accounts with fresh tokens, no login under way."""
        self.flags = Flags()
        self.accounts: dict[str, QwenAccount] = {}
        self.logins: dict[str, Login] = {}
        self._spent: dict[str, str] = {}
        for name in ("qwen-1", "qwen-2"):
            self.add(name)

    def add(self, name: str) -> QwenAccount:
        """A new account with a fresh pair of tokens."""
        account = self.accounts[name] = QwenAccount(name=name)
        self._issue(account)
        return account

    def _issue(self, account: QwenAccount) -> None:
        account.generation += 1
        account.access_token = f"at-{account.name}-{account.generation}"
        account.expires_at = self.clock.now() + LIFE_S
        if self.flags.rotate or not account.refresh_token:
            account.refresh_token = f"rt-{account.name}-{account.generation}"

    def start(self, challenge: str) -> tuple[str, Login]:
        """A device code and its login."""
        device_code = hex_id("dc-", 32)
        letters = "".join(_LETTERS[byte % len(_LETTERS)] for byte in hashlib.sha256(device_code.encode()).digest()[:8])
        login = Login(
            challenge=challenge,
            user_code=f"{letters[:4]}-{letters[4:]}",
            expires_at=self.clock.now() + _CODE_LIFE_S,
        )
        if self.flags.approval != "page":
            login.decision = self.flags.approval == "auto"
        self.logins[device_code] = login
        return device_code, login

    def finish(self, device_code: str) -> QwenAccount:
        """The account that a login made; its code is used up."""
        del self.logins[device_code]
        return self.add(f"qwen-{len(self.accounts) + 1}")

    def by_user_code(self, user_code: str) -> Login | None:
        return next((login for login in self.logins.values() if login.user_code == user_code), None)

    def refresh(self, refresh_token: str) -> QwenAccount | None:
        """Fresh tokens for the owner of a refresh token; None when it is unknown or was used before."""
        if refresh_token in self._spent:
            self.accounts[self._spent[refresh_token]].reused += 1
            return None
        found = (one for one in self.accounts.values() if one.refresh_token == refresh_token)
        account = next(found, None)
        if account is None:
            return None
        if self.flags.rotate:
            self._spent[refresh_token] = account.name
        self._issue(account)
        return account

    def expire(self, name: str) -> None:
        """The access token of the account is no longer valid; its refresh token is. Raises KeyError."""
        self.accounts[name].expires_at = 1.0

    def revoke(self, name: str) -> None:
        """Both tokens are dead: only a new login helps. Raises KeyError."""
        self.expire(name)
        self._spent[self.accounts[name].refresh_token] = name
        self.accounts[name].refresh_token = ""

    def owner_of(self, access_token: str) -> QwenAccount | None:
        """The account of a token that is good now; a newer one replaces it."""
        now = self.clock.now()
        live = (one for one in self.accounts.values() if one.access_token == access_token and one.expires_at > now)
        return next(live, None)


QWEN_STATE = web.AppKey("demo_qwen", QwenState)
